"""Twenty runs of fifty groups on an HTCondor pool at once, while things happen to them.

`python -m benchmarks.soak_htcondor [RUNS] [GROUPS] [EVENTS] [SEED]`; exit code 1 when a record does not tell
the truth in the end, 3 where there can be no pool.
"""

from __future__ import annotations

import os
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path

from benchmarks.projects import own_surroundings
from tests.cluster.htcondor_pool import Pool, PoolUnavailable, running_pool
from tests.cluster.htcondor_project import OnPool
from tests.cluster.htcondor_soak import Soak

DEFAULTS = (20, 50, 300, 1)
LONGEST_S = 8.0


def main(runs: int, groups: int, events: int, seed: int) -> int:
    """Let it happen; print what was found and give the exit code."""
    print(f"{runs} runs of {groups} groups, {events} events, seed {seed}", flush=True)
    with tempfile.TemporaryDirectory(prefix="qanat-soak-") as folder:
        own_surroundings(Path(folder) / "home")
        try:
            with running_pool() as pool:
                os.environ |= pool.environment
                os.environ["PATH"] = f"{pool.programs / 'bin'}{os.pathsep}{os.environ['PATH']}"
                return _soak(Path(folder) / "a project", pool, runs, groups, events, seed)
        except PoolUnavailable as error:
            print(error)
            return 3


def _soak(root: Path, pool: Pool, runs: int, groups: int, events: int, seed: int) -> int:
    begun = time.monotonic()
    soak = Soak(OnPool.make_beside(root, pool), seed, LONGEST_S)
    soak.submit(runs, groups)
    print(f"all of them in flight after {time.monotonic() - begun:.0f} s", flush=True)
    for number in range(events):
        soak.happen()
        if number == events // 2:
            soak.crash()
            soak.let_go()
    found = soak.settle()
    states = Counter(group["state"] for record in soak.project.records() for group in record["groups"])
    attempts = Counter(group.get("attempt", 1) for record in soak.project.records() for group in record["groups"])
    print(f"settled after {time.monotonic() - begun:.0f} s")
    print("what happened:", ", ".join(f"{n} {what}" for what, n in soak.happened.most_common()))
    print("groups in the end:", ", ".join(f"{n} {state}" for state, n in states.most_common()))
    print("attempts:", ", ".join(f"{n} took {attempt}" for attempt, n in sorted(attempts.items())))
    print("".join(f"    {line}\n" for line in found), end="")
    print(f"records that do not tell the truth, or other violations: {len(found)}")
    return 1 if found else 0


if __name__ == "__main__":
    given = [int(word) for word in sys.argv[1:]]
    sys.exit(main(*given, *DEFAULTS[len(given) :]))
