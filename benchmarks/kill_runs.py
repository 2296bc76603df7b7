"""Kill qanat at random points of N runs, here and submitted, and of other commands; check after each what is broken.

`python -m benchmarks.kill_runs [N] [SEED]`; exits with 1 if any invariant was violated.
"""

from __future__ import annotations

import os
import random
import sys
import tempfile
from collections import Counter
from pathlib import Path

from benchmarks.projects import own_surroundings
from tests.support.killing import Killer, make_project
from tests.support.spool import spool_at

RUNS_DEFAULT = 200


def main(count: int, seed: int) -> int:
    """Kill `count` runs of one project, print what was found, and return the exit code."""
    chance = random.Random(seed)
    print(f"{count} kills, seed {seed}")
    with tempfile.TemporaryDirectory(prefix="qanat-kills-") as folder:
        own_surroundings(Path(folder) / "home")
        sandbox = make_project(Path(folder) / "project")
        killer = Killer(sandbox, chance)
        moments: Counter[str] = Counter()
        broken = 0
        with spool_at(Path(folder) / "spool") as known:
            os.environ.update(known)
            for number in range(1, count + 1):
                kill, found = killer.kill()
                moments[f"{kill.words[0]}: {kill.moment.after if kill.in_time else 'its end (too late)'}"] += 1
                if found:
                    broken += 1
                    print(f"{number}. {kill}", *(f"    {line}" for line in found), sep="\n", flush=True)
        states = Counter(group["state"] for record in sandbox.records() for group in record["groups"])
    print("killed after:", ", ".join(f"{after} {n}" for after, n in moments.most_common()))
    print("groups in the end:", ", ".join(f"{n} {state}" for state, n in states.most_common()))
    print(f"kills that broke something: {broken} of {count}")
    return 1 if broken else 0


if __name__ == "__main__":
    given = [int(word) for word in sys.argv[1:]]
    sys.exit(main(*(given + [RUNS_DEFAULT, 1][len(given) :])))
