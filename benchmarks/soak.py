"""`python -m benchmarks.soak htcondor|slurm`: many runs on a cluster at once, while things happen to them.

Exits with 1 if a record is wrong in the end, 3 if no cluster can be set up.
"""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from benchmarks.projects import own_surroundings
from tests.cluster import htcondor_soak, slurm_soak
from tests.cluster.htcondor_pool import PoolUnavailable, running_pool
from tests.cluster.htcondor_project import OnPool
from tests.cluster.slurm_cluster import ClusterUnavailable, running_cluster
from tests.cluster.slurm_project import OnSlurm
from tests.cluster.soak import Soak

LONGEST_S = 8.0


def main() -> int:
    """Run the soak test, print what was found, and return the exit code."""
    options = _arguments()
    how = f", {'with' if options.accounting else 'without'} accounting" if options.scheduler == "slurm" else ""
    print(
        f"{options.runs} runs of {options.groups} groups, {options.events} events, seed {options.seed}{how}", flush=True
    )
    with tempfile.TemporaryDirectory(prefix="qanat-soak-") as folder:
        own_surroundings(Path(folder) / "home")
        root = Path(folder) / "a project"
        try:
            with _on_slurm(root, options) if options.scheduler == "slurm" else _on_htcondor(root, options) as soak:
                return _soak(soak, options)
        except (PoolUnavailable, ClusterUnavailable) as error:
            print(error)
            return 3


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.soak", description=__doc__)
    parser.add_argument("scheduler", choices=("htcondor", "slurm"), help="the scheduler whose cluster to set up")
    parser.add_argument("--runs", type=int, default=20, metavar="N", help="runs at once; by default 20")
    parser.add_argument("--groups", type=int, default=50, metavar="N", help="groups per run; by default 50")
    parser.add_argument("--events", type=int, default=300, metavar="N", help="things that happen; by default 300")
    parser.add_argument("--seed", type=int, default=1, metavar="N", help="random seed; by default 1")
    parser.add_argument("--accounting", action="store_true", help="set up Slurm's accounting")
    options = parser.parse_args()
    for name in ("runs", "groups", "events"):
        if getattr(options, name) < 1:
            parser.error(f"--{name} must be at least 1")
    if options.accounting and options.scheduler != "slurm":
        parser.error("--accounting is for slurm")
    return options


@contextmanager
def _on_htcondor(root: Path, options: argparse.Namespace) -> Iterator[Soak[Any]]:
    with running_pool() as pool:
        os.environ |= pool.environment
        os.environ["PATH"] = f"{pool.programs / 'bin'}{os.pathsep}{os.environ['PATH']}"
        yield htcondor_soak.Soak(OnPool.make_beside(root, pool), options.seed, LONGEST_S)


@contextmanager
def _on_slurm(root: Path, options: argparse.Namespace) -> Iterator[Soak[Any]]:
    with running_cluster(accounting=options.accounting) as cluster:
        os.environ |= cluster.environment
        yield slurm_soak.Soak(OnSlurm.make_beside(root, cluster), options.seed, LONGEST_S)


def _soak(soak: Soak[Any], options: argparse.Namespace) -> int:
    begun = time.monotonic()
    soak.submit(options.runs, options.groups)
    print(f"all of them in flight after {time.monotonic() - begun:.0f} s", flush=True)
    done = soak.live(options.events, soak.outages())
    print(f"{done} of {options.events} events happened, after {time.monotonic() - begun:.0f} s", flush=True)
    found = soak.settle()
    states = Counter(group["state"] for record in soak.project.records() for group in record["groups"])
    attempts = Counter(group.get("attempt", 1) for record in soak.project.records() for group in record["groups"])
    print(f"settled after {time.monotonic() - begun:.0f} s")
    print("what happened:", ", ".join(f"{n} {what}" for what, n in soak.happened.most_common()))
    print("groups in the end:", ", ".join(f"{n} {state}" for state, n in states.most_common()))
    print("attempts:", ", ".join(f"{n} took {attempt}" for attempt, n in sorted(attempts.items())))
    print("".join(f"    {line}\n" for line in found), end="")
    print(f"wrong records and other violations: {len(found)}")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
