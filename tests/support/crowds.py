"""Many qanat processes at work in one project at the same time."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor

from tests.support.invariants import violations
from tests.support.sandbox import Result, Sandbox, call


def run_again_and_again(
    sandbox: Sandbox, experiments: Sequence[str], processes: int, count: int, *words: str
) -> list[str]:
    """Run experiments `count` times one after the other in each of many processes; return the output of failures."""

    def run(process: int) -> str:
        for _ in range(count):
            done = sandbox.qanat("run", *words, experiments[process % len(experiments)], code=None)
            if done.code:
                return done.out + done.err
        return ""

    with ThreadPoolExecutor(processes) as threads:
        return [failure for failure in threads.map(run, range(processes)) if failure]


def both(
    sandbox: Sandbox, one: Sequence[str], other: Sequence[str], env: dict[str, str] | None = None
) -> tuple[Result, Result]:
    """Run two commands at the same time, to their ends."""
    with ThreadPoolExecutor(2) as pool:
        running = [pool.submit(sandbox.qanat, *words, code=None, env=env) for words in (one, other)]
    first, second = (each.result() for each in running)
    return first, second


def crowd_violations(sandbox: Sandbox, runs: int, *, git_status: str = "") -> list[str]:
    """List the invariants that are violated after many processes have started exactly `runs` runs in a project."""
    found = violations(sandbox, git_status=git_status)
    records = sandbox.records()
    numbers = sorted(int(record["id"].partition("-")[0]) for record in records)
    if numbers != list(range(1, runs + 1)):
        found.append(f"the numbers of the runs are {numbers}, not 1 to {runs}")
    if len(sandbox.committed_records()) != runs:
        found.append(f"{len(sandbox.committed_records())} records in HEAD")
    states = {record["state"] for record in records}
    if states != {"finished"}:
        found.append(f"states: {sorted(states)}")
    return found


class User:
    """A user who adds and commits files of their own, again and again, until told to stop."""

    # A commit that collides with another is repeated, as a user would do; a stop waits for the end of the turn.
    _PROGRAM = """
import pathlib, subprocess, sys
stop, turn = pathlib.Path(sys.argv[1]), 0
while turn < 5 or not stop.exists():
    turn += 1
    file = f"notes/{turn}.txt"
    pathlib.Path("notes").mkdir(exist_ok=True)
    pathlib.Path(file).write_text(f"note {turn}")
    for words in (["add", file], ["commit", "-q", "-m", f"note {turn}", "--", file] if turn % 2 else
                  ["commit", "-q", "-m", f"note {turn}"]):
        for _ in range(1000):
            done = subprocess.run(["git", *words], capture_output=True, text=True)
            if done.returncode == 0:
                break
            if "lock" not in done.stderr:
                sys.exit(done.stdout + done.stderr)
print(turn)
"""

    def __init__(self, sandbox: Sandbox) -> None:
        self._sandbox = sandbox
        self._stop = sandbox.root.parent / "user-stops"
        self._process = subprocess.Popen(
            [sys.executable, "-c", self._PROGRAM, str(self._stop)],
            cwd=sandbox.root,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def stop(self) -> int:
        """Stop the user; return how many files were committed."""
        self._stop.touch()
        out, err = self._process.communicate(timeout=120)
        assert self._process.returncode == 0, err
        return int(out)

    def committed(self) -> set[str]:
        """Return the user's files in HEAD."""
        return set(call(["git", "ls-tree", "-r", "--name-only", "HEAD", "notes"], self._sandbox.root).out.splitlines())
