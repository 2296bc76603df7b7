"""Many processes that run experiments in one project at the same time, alone and while a user commits.

`python -m benchmarks.concurrent_runs [PROCESSES] [RUNS]` starts RUNS runs in each of PROCESSES processes.
Exits with 1 if any invariant was violated.
"""

from __future__ import annotations

import sys
import tempfile
import time
from pathlib import Path

from benchmarks.projects import own_surroundings
from tests.support.crowds import User, crowd_violations, run_again_and_again
from tests.support.sandbox import Sandbox

PROCESSES_DEFAULT = 8
RUNS_DEFAULT = 25
EXPERIMENTS = ("one", "two")


def main(processes: int, runs: int) -> int:
    """Run both crowds, print what was found, and return the exit code."""
    with tempfile.TemporaryDirectory(prefix="qanat-crowd-") as folder:
        own_surroundings(Path(folder) / "home")
        alone = _crowd(Path(folder) / "alone/project", processes, runs, beside_user=False)
        beside = _crowd(Path(folder) / "beside/project", processes, runs, beside_user=True)
    return 1 if alone or beside else 0


def _crowd(root: Path, processes: int, runs: int, *, beside_user: bool) -> bool:
    """Let `processes` run at once; return whether any invariant was violated."""
    sandbox = Sandbox.make(root)
    for name in EXPERIMENTS:
        sandbox.experiment(name, "exit 0\n")
    begun = time.monotonic()
    user = User(sandbox) if beside_user else None
    # While a user works, files come and go, so the tree is seldom clean.
    arguments = ("--snapshot",) if user else ()
    found = run_again_and_again(sandbox, EXPERIMENTS, processes, runs, *arguments)
    if user:
        written = user.stop()
        missing = {f"notes/{n}.txt" for n in range(1, written + 1)} - user.committed()
        found += [f"{file} of the user's is not in HEAD" for file in sorted(missing)]
    seconds = time.monotonic() - begun
    found += crowd_violations(sandbox, processes * runs)
    beside = f" beside a user who made {written} commits" if user else ""
    print(f"{processes} processes of {runs} runs each{beside}: {seconds:.1f} s, {len(found)} violations")
    print("".join(f"    {line}\n" for line in found), end="")
    return bool(found)


if __name__ == "__main__":
    given = [int(word) for word in sys.argv[1:]]
    sys.exit(main(*(given + [PROCESSES_DEFAULT, RUNS_DEFAULT][len(given) :])))
