"""Twenty runs of fifty groups on a Slurm cluster at once, while things happen to them.

`python -m benchmarks.soak_slurm [RUNS] [GROUPS] [EVENTS] [SEED] [ACCOUNTING]`, ACCOUNTING 1 or 0; exit code 1 when a
record does not tell the truth in the end, 3 where there can be no cluster.
"""

from __future__ import annotations

import os
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path

from benchmarks.projects import own_surroundings
from tests.cluster.slurm_cluster import Cluster, ClusterUnavailable, running_cluster
from tests.cluster.slurm_project import OnSlurm
from tests.cluster.slurm_soak import Soak

DEFAULTS = (20, 50, 300, 1, 1)
LONGEST_S = 8.0


def main(runs: int, groups: int, events: int, seed: int, accounting: int) -> int:
    """Let it happen; print what was found and give the exit code."""
    how = "with" if accounting else "without"
    print(f"{runs} runs of {groups} groups, {events} events, seed {seed}, {how} accounting", flush=True)
    with tempfile.TemporaryDirectory(prefix="qanat-soak-") as folder:
        own_surroundings(Path(folder) / "home")
        try:
            with running_cluster(accounting=bool(accounting)) as cluster:
                os.environ |= cluster.environment
                return _soak(Path(folder) / "a project", cluster, runs, groups, events, seed)
        except ClusterUnavailable as error:
            print(error)
            return 3


def _soak(root: Path, cluster: Cluster, runs: int, groups: int, events: int, seed: int) -> int:
    begun = time.monotonic()
    soak = Soak(OnSlurm.make_beside(root, cluster), seed, LONGEST_S)
    soak.submit(runs, groups)
    print(f"all of them in flight after {time.monotonic() - begun:.0f} s", flush=True)
    for number in range(events):
        soak.happen()
        if number == events // 4:
            soak.stop_controller()
            soak.let_go()
        if number == events // 2:
            soak.crash()
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
