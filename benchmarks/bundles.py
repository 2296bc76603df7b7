"""`python -m benchmarks.bundles htcondor|slurm`: many short groups, in bundles and as a job each, on a real cluster.

Prints how long each takes from `qanat run` to the last completion file. Exits with 3 if no cluster can be set up.
"""

from __future__ import annotations

import argparse
import os
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from benchmarks.projects import own_surroundings
from tests.cluster.htcondor_pool import PoolUnavailable, running_pool
from tests.cluster.htcondor_project import OnPool
from tests.cluster.on_cluster import OnCluster
from tests.cluster.slurm_cluster import ClusterUnavailable, running_cluster
from tests.cluster.slurm_project import OnSlurm

EXPERIMENT = "brief"
LOOK_S = 1.0


def main() -> int:
    """Measure in turns, print what was found, and return the exit code."""
    options = _arguments()
    with tempfile.TemporaryDirectory(prefix="qanat-bundles-") as folder:
        own_surroundings(Path(folder) / "home")
        try:
            with _project(Path(folder) / "a project", options.scheduler) as project:
                project.experiment(EXPERIMENT, "exit 0\n")
                for per_job in (options.per_job, 1) * options.turns:
                    _measure(project, options.groups, per_job)
        except (PoolUnavailable, ClusterUnavailable) as error:
            print(error)
            return 3
    return 0


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.bundles", description=__doc__)
    parser.add_argument("scheduler", choices=("htcondor", "slurm"), help="the scheduler whose cluster to set up")
    parser.add_argument("--groups", type=int, default=10_000, metavar="N", help="groups per run; by default 10,000")
    parser.add_argument("--per-job", type=int, default=100, metavar="N", help="groups per job; by default 100")
    parser.add_argument("--turns", type=int, default=1, metavar="N", help="how often to measure both; by default once")
    return parser.parse_args()


@contextmanager
def _project(root: Path, scheduler: str) -> Iterator[OnCluster]:
    if scheduler == "htcondor":
        with running_pool() as pool:
            os.environ |= pool.environment
            yield OnPool.make_beside(root, pool)
    else:
        with running_cluster(settings=["MaxArraySize=10001"]) as cluster:
            os.environ |= cluster.environment
            yield OnSlurm.make_beside(root, cluster)


def _measure(project: OnCluster, groups: int, per_job: int) -> None:
    """Submit a run and wait until all its groups have left their ends."""
    begun = time.perf_counter()
    number = project.submit(EXPERIMENT, "-R", f"--n 0 {groups} 1", "--per-job", str(per_job), "--yes")["id"].split("-")[
        0
    ]
    submitted = time.perf_counter()
    folder = project.storage(EXPERIMENT, int(number))
    left = set(range(groups))
    while left:
        time.sleep(LOOK_S)
        left -= {n for n in left if (folder / f"group_{n}/completion.json").exists()}
    ended = time.perf_counter()
    looked = time.perf_counter()
    project.qanat("status")
    load = os.getloadavg()[1]
    print(
        f"{groups:,} groups, {per_job} per job: {ended - begun:.1f} s, of which {submitted - begun:.1f} s to submit; "
        f"{time.perf_counter() - looked:.1f} s to record; load {load:.0f}",
        flush=True,
    )


if __name__ == "__main__":
    raise SystemExit(main())
