"""Kill qanat at random points of N runs, retries, deletions and other commands, and check after each what is broken.

`python -m benchmarks.kill_runs [N] [SEED]`; exits with 1 if any invariant was violated.
"""

from __future__ import annotations

import random
import sys
import tempfile
from collections import Counter
from pathlib import Path

from benchmarks.projects import own_surroundings
from tests.support.invariants import violations
from tests.support.killing import (
    RUNS,
    after_kill,
    kill_command,
    kill_run,
    make_project,
    random_command,
    random_moment,
)

RUNS_DEFAULT = 200


def main(count: int, seed: int) -> int:
    """Kill `count` runs of one project, print what was found, and return the exit code."""
    chance = random.Random(seed)
    print(f"{count} kills, seed {seed}")
    with tempfile.TemporaryDirectory(prefix="qanat-kills-") as folder:
        own_surroundings(Path(folder) / "home")
        sandbox = make_project(Path(folder) / "project")
        moments: Counter[str] = Counter()
        broken = 0
        for number in range(1, count + 1):
            committed = sandbox.committed_records()
            if number > len(RUNS) and sandbox.record_files() and chance.random() < 0.5:
                kill = kill_command(sandbox, random_command(sandbox, chance), chance)
                committed = after_kill(sandbox, kill.words, committed)
            else:
                kill = kill_run(sandbox, chance.choice(RUNS), random_moment(chance))
            moments[kill.moment.after if kill.in_time else "its end (too late)"] += 1
            if found := violations(sandbox, committed):
                broken += 1
                print(f"{number}. {kill}", *(f"    {line}" for line in found), sep="\n")
        states = Counter(group["state"] for record in sandbox.records() for group in record["groups"])
    print("killed after:", ", ".join(f"{after} {n}" for after, n in moments.most_common()))
    print("groups in the end:", ", ".join(f"{n} {state}" for state, n in states.most_common()))
    print(f"kills that broke something: {broken} of {count}")
    return 1 if broken else 0


if __name__ == "__main__":
    given = [int(word) for word in sys.argv[1:]]
    sys.exit(main(*(given + [RUNS_DEFAULT, 1][len(given) :])))
