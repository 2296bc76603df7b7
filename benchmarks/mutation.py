"""`python -m benchmarks.mutation [ROOM…]`: change lines of use cases, one at a time, and see whether unit tests notice.

mutmut makes the changes and runs, for each, the unit tests that reach the changed function. Of every room a sample is
tried, the same for the same seed. First come the controls: the tests without any change, and in each room a mutant
that changes nothing, which has to survive; a set-up in which everything fails would kill every mutant.
Exits with 1 if a room is below --least percent, 2 if a control failed.
"""

from __future__ import annotations

import argparse
import json
import random
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

ROOMS = ("tracking", "launch", "merging", "checks")
WORK = Path("mutants")
MUTMUT = (str(Path(sys.executable).with_name("mutmut")), "run", "--max-children", "2")
# The meaning of exit codes in mutmut's meta files; see status_by_exit_code in its stats.py.
SURVIVED, NO_TESTS, NOT_TRIED = 0, 33, None
KILLED = frozenset({1, 3})
TIMED_OUT = frozenset({36, 24, -24, 152, 255})


class ControlFailed(Exception):
    """The tests fail without any change, so that a kill would mean nothing."""


@dataclass(frozen=True, slots=True)
class Mutant:
    """A change of one function, as mutmut names it: qanat.usecases.tracking.find.x_find_run__mutmut_3."""

    name: str

    @property
    def module(self) -> str:
        """The module's name inside `usecases`, such as tracking.find."""
        return self.name.rpartition(".")[0].removeprefix("qanat.usecases.")

    @property
    def room(self) -> str:
        """The room it is in."""
        return self.module.partition(".")[0]

    @property
    def file(self) -> Path:
        """The file with all mutants of its module."""
        return WORK / f"{self.name.rpartition('.')[0].replace('.', '/')}.py"

    @property
    def function(self) -> str:
        """The mangled name of the function that it changes."""
        return self.name.rpartition("__mutmut_")[0]

    def neutralised(self) -> str:
        """Return a statement for the end of that file that makes this mutant the function as it is."""
        own = self.name.rpartition(".")[2]
        table = f"mutants_{self.function.rpartition('.')[2]}__mutmut"
        return f'\n{table}["{own}"] = {table}["_mutmut_orig"]\n'


def main() -> int:
    """Run the controls, then the sample; print the score of each module and the survivors."""
    options = _arguments()
    shutil.rmtree(WORK, ignore_errors=True)
    try:
        mutants = [mutant for mutant in _generated() if mutant.room in options.rooms]
        chosen = _sampled(mutants, options.sample, options.seed)
        _control(chosen)
        _run(chosen, options.minutes * 60)
    except ControlFailed as error:
        print(f"the control failed, so nothing was measured: {error}", file=sys.stderr)
        return 2
    codes = _exit_codes()
    print(f"\nseed {options.seed}, at most {options.sample} mutants of a room\n")
    print("\n".join(_table(mutants, chosen, codes)))
    print("\n".join(_survivors(chosen, codes)))
    return int(any(_score([m for m in chosen if m.room == room], codes) < options.least for room in options.rooms))


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.mutation", description=__doc__)
    parser.add_argument("rooms", nargs="*", metavar="ROOM", help=f"any of {', '.join(ROOMS)}; all by default")
    parser.add_argument("--sample", type=int, default=60, metavar="N", help="mutants tried per room; by default 60")
    parser.add_argument("--seed", type=int, default=1, metavar="N", help="which sample; by default 1")
    parser.add_argument("--minutes", type=float, default=20, metavar="M", help="when to stop; by default 20")
    parser.add_argument("--least", type=float, default=85, metavar="PERCENT", help="wanted of each room; by default 85")
    options = parser.parse_args()
    options.rooms = options.rooms or list(ROOMS)
    if unknown := [room for room in options.rooms if room not in ROOMS]:
        parser.error(f"{unknown[0]!r} is not one of {', '.join(ROOMS)}")
    return options


def _generated() -> list[Mutant]:
    """Generate every mutant, find out which tests reach which function, and list the mutants."""
    # No mutant has this name: mutmut prepares everything, and then refuses.
    done = subprocess.run([*MUTMUT, "none"], capture_output=True, text=True, check=False)
    mutants = [Mutant(name) for name in sorted(_exit_codes())]
    if not mutants or "nothing matches" not in done.stderr:
        raise ControlFailed(f"mutmut could not prepare the mutants\n{done.stdout[-4000:]}{done.stderr[-2000:]}")
    return mutants


def _sampled(mutants: Sequence[Mutant], count: int, seed: int) -> list[Mutant]:
    """Choose at most this many mutants of each room."""
    chosen = []
    for room in dict.fromkeys(mutant.room for mutant in mutants):
        own = [mutant for mutant in mutants if mutant.room == room]
        chosen += random.Random(f"{seed} {room}").sample(own, min(count, len(own)))
    return chosen


def _control(chosen: Sequence[Mutant]) -> None:
    """Raise ControlFailed unless in every room a mutant survives that was made to change nothing."""
    reached = json.loads((WORK / "mutmut-stats.json").read_text())["tests_by_mangled_function_name"]
    tested = [mutant for mutant in chosen if reached.get(mutant.function)]
    controls = list({mutant.room: mutant for mutant in tested}.values())
    with _neutral(controls):
        _run(controls, None)
    for mutant in controls:
        if (code := _exit_codes()[mutant.name]) != SURVIVED:
            raise ControlFailed(f"{mutant.name} is killed without its change (exit code {code})")
        print(f"control: {mutant.name} survives without its change", flush=True)


@contextmanager
def _neutral(mutants: Sequence[Mutant]) -> Iterator[None]:
    """Let these mutants be the functions as they are."""
    before = {mutant.file: mutant.file.read_bytes() for mutant in mutants}
    try:
        for mutant in mutants:
            with mutant.file.open("a") as file:
                file.write(mutant.neutralised())
        yield
    finally:
        for path, data in before.items():
            path.write_bytes(data)


def _run(mutants: Sequence[Mutant], limit_s: float | None) -> None:
    """Try mutants, and stop after some seconds; mutmut first runs their tests unchanged. Raises ControlFailed."""
    with subprocess.Popen([*MUTMUT, *(m.name for m in mutants)], stdout=subprocess.PIPE, text=True) as process:
        try:
            out, _ = process.communicate(timeout=limit_s)
        except subprocess.TimeoutExpired:
            process.send_signal(signal.SIGINT)
            out, _ = process.communicate()
    if "Running mutation testing" not in out:
        raise ControlFailed(f"the tests do not pass unchanged\n{out[-4000:]}")


def _exit_codes() -> dict[str, int | None]:
    """Return the exit code of every mutant that was generated, by its name."""
    found: dict[str, int | None] = {}
    for path in WORK.glob("qanat/**/*.meta"):
        found |= json.loads(path.read_text())["exit_code_by_key"]
    return found


def _score(mutants: Sequence[Mutant], codes: Mapping[str, int | None]) -> float:
    """Return which percentage of the mutants that were tried was killed; 100 when none was."""
    tried = [codes[mutant.name] for mutant in mutants if codes[mutant.name] is not NOT_TRIED]
    return 100 * sum(code in KILLED | TIMED_OUT for code in tried) / len(tried) if tried else 100.0


def _table(mutants: Sequence[Mutant], chosen: Sequence[Mutant], codes: Mapping[str, int | None]) -> Iterator[str]:
    yield f"{'':32}{'mutants':>9}{'tried':>7}{'killed':>8}{'timeout':>9}{'no test':>9}{'score':>8}"
    modules = sorted({name for m in mutants for name in (m.room, m.module)})
    for name in modules:
        there = [m for m in mutants if name in (m.room, m.module)]
        own = [m for m in chosen if name in (m.room, m.module) and codes[m.name] is not NOT_TRIED]
        counts = [sum(codes[m.name] in kind for m in own) for kind in (KILLED, TIMED_OUT, {NO_TESTS})]
        title = f"  {name.partition('.')[2]}" if "." in name else name
        score = f"{_score(own, codes):.0f} %" if own else ""
        yield f"{title:32}{len(there):>9}{len(own):>7}{counts[0]:>8}{counts[1]:>9}{counts[2]:>9}{score:>8}"


def _survivors(chosen: Sequence[Mutant], codes: Mapping[str, int | None]) -> Iterator[str]:
    """List the mutants that no test noticed, each with what it changes."""
    for mutant in sorted(chosen, key=lambda m: m.name):
        if codes[mutant.name] in (SURVIVED, NO_TESTS):
            words = [MUTMUT[0], "show", mutant.name]
            shown = subprocess.run(words, capture_output=True, text=True, check=False).stdout.splitlines()
            yield f"\n{mutant.name}{'  (no test reaches it)' if codes[mutant.name] == NO_TESTS else ''}"
            yield from (f"    {line}" for line in shown if line[:1] in "+-" and line[:3] not in ("+++", "---"))


if __name__ == "__main__":
    sys.exit(main())
