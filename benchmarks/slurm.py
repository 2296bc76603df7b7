"""Submitting to Slurm and checking on the jobs, with a cluster of this benchmark's own."""

from __future__ import annotations

import os
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from benchmarks import projects
from benchmarks.budgets import Budget, Measured
from benchmarks.clock import Command, Cost, Side, alternate, command, cost_of_command, seconds, tell
from benchmarks.projects import QANAT, Place

if TYPE_CHECKING:
    from tests.cluster.slurm_cluster import Cluster

EXPERIMENT = "queued"
PEER = "bare sbatch"
COUNTS = (1, 100, 1_000, 10_000)
DOWN_S = 2.0
BUDGETS = {1_000: Budget(1, 0.3)}
# Nothing may start earlier, so the jobs stay in the queue.
TEMPLATE = """\
schema: template/1
name: default
runner: slurm
options: {begin: now+1hour}
"""
COMPLETION = (
    '{"attempt": 1, "status": 0, "started": "2026-01-05T08:00:00+00:00", "ended": "2026-01-05T08:01:00+00:00", '
    '"host": "node7"}\n'
)


def through_slurm(place: Place) -> Iterator[Measured]:
    """Measure on clusters of its own, without and with accounting; skip if none can be set up."""
    from tests.cluster.slurm_cluster import ClusterUnavailable, running_cluster

    try:
        # First with arrays as long as on a large cluster, then with Slurm's default limit.
        with running_cluster(settings=["MaxArraySize=10001"]) as cluster:
            os.environ |= cluster.environment
            yield from _measure(place, cluster)
        with running_cluster(accounting=True, settings=["MaxArraySize=1001"]) as cluster:
            os.environ |= cluster.environment
            yield from _with_accounting(place, cluster)
    except ClusterUnavailable as error:
        tell(f"skipping Slurm: {error}")


def _measure(place: Place, cluster: Cluster) -> Iterator[Measured]:
    root = _project(place.folder / "slurm")
    for count in COUNTS:
        yield _submission(place, root, cluster, count)
    yield from _in_flight(place, root, cluster, 1_000)
    yield _ending(place, root, 1_000)


def _with_accounting(place: Place, cluster: Cluster) -> Iterator[Measured]:
    root = _project(place.folder / "slurm-accounting")
    what = "10,000 jobs to Slurm as ten arrays, with accounting"
    ours, theirs = alternate(what, place.slow, lambda: _submitted(root, 10_000), _bare(place, root, 10_000))
    yield Measured(what, seconds(ours), f"{PEER} x 10", seconds(theirs))
    yield _in_flight_of(place, root, 1_000, "with accounting")
    _delete(root)


def _project(root: Path) -> Path:
    made = projects.make(root, EXPERIMENT)
    (made / ".qanat/templates/slurm/default.yaml").write_text(TEMPLATE)
    projects.commit_all(made)
    return made


# ---- submitting


def _submission(place: Place, root: Path, cluster: Cluster, count: int) -> Measured:
    what = f"{count:,} job{'s' * (count > 1)} to Slurm, recorded and committed"
    rounds = place.quick if count <= 100 else place.slow
    ours, theirs = alternate(what, rounds, lambda: _submitted(root, count), _bare(place, root, count))
    return Measured(what, seconds(ours), PEER, seconds(theirs), BUDGETS.get(count))


def _run(count: int) -> Command:
    return [QANAT, "run", EXPERIMENT, "-R", f"--n 0 {count} 1", "--runner", "slurm"]


def _submitted(root: Path, count: int) -> Cost:
    """Measure a submission, then delete the run, which is not measured."""
    cost = cost_of_command([str(part) for part in _run(count)], root)
    _delete(root)
    return cost


def _delete(root: Path) -> None:
    newest = max(map(_number, (root / ".qanat/runs").glob("*/*/*.yaml")))
    projects.run_checked([QANAT, "delete", str(newest), "--cancel", "--yes"], root)


def _number(record: Path) -> int:
    return int(record.name.partition("-")[0])


def _bare(place: Place, root: Path, count: int) -> Side:
    """Return a side that makes exactly qanat's calls of sbatch, from a dry run; the jobs are cancelled unmeasured."""
    shown = subprocess.run([*_run(count), "--dry_run"], cwd=root, capture_output=True, text=True, check=True).stdout
    calls = re.findall(r"^sbatch .*? <<'QANAT'\n.*?^QANAT$", shown, re.MULTILINE | re.DOTALL)
    file = place.folder / f"bare-{root.name}-{count}.sh"
    file.write_text("\n".join(re.sub(r"--output=\S+", "--output=/dev/null", call) for call in calls))

    def submit() -> Cost:
        cost = cost_of_command(["sh", str(file)], root)
        projects.run_checked(["scancel", "-u", str(os.getuid())], root)
        return cost

    return submit


# ---- checking on jobs


def _in_flight(place: Place, root: Path, cluster: Cluster, count: int) -> Iterator[Measured]:
    """Measure `qanat status` with waiting jobs, then while the controller does not answer."""
    yield _in_flight_of(place, root, count, "")
    what = "the same while the controller is frozen"
    with cluster.frozen("slurmctld"):
        (ours,) = alternate(what, place.slow, command([QANAT, "status"], root))
    yield Measured(what, seconds(ours), budget=Budget(0, DOWN_S))
    _delete(root)


def _in_flight_of(place: Place, root: Path, count: int, how: str) -> Measured:
    projects.run_checked(_run(count), root)
    (number, *_) = _newest(root)["submission"]["details"]["jobs"]
    what = " ".join(filter(None, (f"`qanat status` with {count:,} jobs in flight", how)))
    bare = command(["squeue", "-h", "-r", "-t", "all", "-j", number], root)
    ours, theirs = alternate(what, place.quick, command([QANAT, "status"], root), bare)
    return Measured(what, seconds(ours), "one squeue", seconds(theirs), Budget(1, 0.5))


def _newest(root: Path) -> dict[str, Any]:
    import yaml

    newest = max((root / ".qanat/runs").glob("*/*/*.yaml"), key=_number)
    content: dict[str, Any] = yaml.safe_load(newest.read_bytes())
    return content


def _ending(place: Place, root: Path, count: int) -> Measured:
    """Measure the `qanat status` that finds the jobs ended; this process writes their completion files."""
    what = f"`qanat status` that finds {count:,} ended jobs, and records and commits them (Slurm)"

    def found() -> Cost:
        projects.run_checked(_run(count), root)
        folder = root / _newest(root)["storage"]
        for group in range(count):
            (folder / f"group_{group}").mkdir()
            (folder / f"group_{group}/completion.json").write_text(COMPLETION)
        cost = cost_of_command([str(QANAT), "status"], root)
        projects.run_checked(["scancel", "-u", str(os.getuid())], root)
        return cost

    (ours,) = alternate(what, place.slow, found)
    return Measured(what, seconds(ours))
