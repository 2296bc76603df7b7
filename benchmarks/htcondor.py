"""Submitting to HTCondor and checking on the jobs, with a pool of this benchmark's own."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from benchmarks import projects
from benchmarks.budgets import Budget, Measured
from benchmarks.clock import Command, Cost, Side, alternate, command, cost_of_command, seconds, tell
from benchmarks.projects import QANAT, Place

if TYPE_CHECKING:
    from tests.cluster.htcondor_pool import Pool

EXPERIMENT = "queued"
PEER = "the bindings"
BARE = [sys.executable, str(Path(__file__).with_name("bare_htcondor.py"))]
COUNTS = (1, 100, 1_000, 10_000)
FROZEN_S = 5.0
BUDGETS = {1_000: Budget(1.5)}
# No machine has this many, so the jobs stay in the queue.
TEMPLATE = """\
schema: template/1
name: default
runner: htcondor
options: {request_cpus: 100000}
"""


def through_htcondor(place: Place) -> Iterator[Measured]:
    """Measure on a pool of its own; skip if none can be set up."""
    from tests.cluster.htcondor_pool import PoolUnavailable, running_pool

    try:
        with running_pool() as pool:
            os.environ |= pool.environment
            os.environ["PATH"] = f"{pool.programs / 'bin'}{os.pathsep}{os.environ['PATH']}"
            yield from _measure(place, pool)
    except PoolUnavailable as error:
        tell(f"skipping HTCondor: {error}")


def _measure(place: Place, pool: Pool) -> Iterator[Measured]:
    root = projects.make(place.folder / "htcondor", EXPERIMENT)
    (root / ".qanat/templates/htcondor/default.yaml").write_text(TEMPLATE)
    projects.commit_all(root)
    for count in COUNTS:
        yield _submission(place, root, count)
    yield from _in_flight(place, root, pool, 1_000)
    yield _ending(place, root, 1_000)
    yield _ended(place, root)


# ---- submitting


def _submission(place: Place, root: Path, count: int) -> Measured:
    what = f"{count:,} job{'s' * (count > 1)} to HTCondor, recorded and committed"
    rounds = place.quick if count <= 100 else place.slow
    bare = _bare_submission(place, root, count)
    ours, theirs = alternate(what, rounds, lambda: _submitted(root, count), bare)
    return Measured(what, seconds(ours), PEER, seconds(theirs), BUDGETS.get(count))


def _run(count: int) -> Command:
    return [QANAT, "run", EXPERIMENT, "-R", f"--n 0 {count} 1", "--runner", "htcondor"]


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


def _bare_submission(place: Place, root: Path, count: int) -> Side:
    """Return a side that submits exactly qanat's jobs; the cluster is removed afterwards, unmeasured."""
    file = place.folder / f"bare-{count}.json"
    file.write_text(json.dumps(_as_submitted(root, count)))
    (root / f"results/{EXPERIMENT}/bare").mkdir(parents=True, exist_ok=True)

    def submit() -> Cost:
        cost = cost_of_command([*BARE, "submit", str(file)], root)
        projects.run_checked(["condor_rm", "-all"], root)
        return cost

    return submit


def _as_submitted(root: Path, count: int) -> dict[str, Any]:
    """Read the description and the rows from the output of a dry run.

    The log goes to an existing folder, and all jobs are created at submission, as happens for users who do not
    know that a schedd can create them as needed.
    """
    shown = subprocess.run([*_run(count), "--dry_run"], cwd=root, capture_output=True, text=True, check=True).stdout
    description, _, rest = shown.partition("\nqueue qanat_arguments from (\n")
    pairs = dict(line.split(" = ", 1) for line in description.splitlines())
    folder = str(root / f"results/{EXPERIMENT}/bare")
    pairs |= {"initialdir": folder, "log": f"{folder}/htcondor.log"}
    pairs = {key: value for key, value in pairs.items() if key not in ("max_materialize", "max_idle")}
    rows = [{"qanat_arguments": row} for row in rest.partition("\n)\n")[0].splitlines()]
    return {"description": pairs, "rows": rows}


# ---- checking on jobs


def _in_flight(place: Place, root: Path, pool: Pool, count: int) -> Iterator[Measured]:
    """Measure `qanat status` with waiting jobs, then while the schedd does not answer."""
    projects.run_checked(_run(count), root)
    cluster = _newest(root)["submission"]["details"]["cluster"]
    what = f"`qanat status` with {count:,} jobs in flight"
    bare = command([*BARE, "query", str(cluster)], root)
    ours, theirs = alternate(what, place.quick, command([QANAT, "status"], root), bare)
    yield Measured(what, seconds(ours), "one query of the bindings", seconds(theirs), Budget(1, 0.5))
    what = "the same while the schedd is frozen"
    with pool.frozen("SCHEDD"):
        (ours,) = alternate(what, place.slow, command([QANAT, "status"], root))
    yield Measured(what, seconds(ours), budget=Budget(0, FROZEN_S))
    _delete(root)


def _newest(root: Path) -> dict[str, Any]:
    import yaml

    newest = max((root / ".qanat/runs").glob("*/*/*.yaml"), key=_number)
    content: dict[str, Any] = yaml.safe_load(newest.read_bytes())
    return content


def _ending(place: Place, root: Path, count: int) -> Measured:
    """Measure the `qanat status` that finds the jobs ended; this process writes their completion files."""
    what = f"`qanat status` that finds {count:,} ended jobs, and records and commits them"

    def found() -> Cost:
        projects.run_checked(_run(count), root)
        folder = root / _newest(root)["storage"]
        for group in range(count):
            (folder / f"group_{group}").mkdir()
            (folder / f"group_{group}/completion.json").write_text(COMPLETION)
        cost = cost_of_command([str(QANAT), "status"], root)
        projects.run_checked(["condor_rm", "-all"], root)
        return cost

    (ours,) = alternate(what, place.slow, found)
    return Measured(what, seconds(ours))


COMPLETION = (
    '{"attempt": 1, "status": 0, "started": "2026-01-05T08:00:00+00:00", "ended": "2026-01-05T08:01:00+00:00", '
    '"host": "node7"}\n'
)


def _ended(place: Place, root: Path) -> Measured:
    """Measure `qanat status` with runs of 1,000 jobs that have all ended, so that the scheduler is not asked."""
    what = "`qanat status` with these runs ended"
    runs = len(list((root / ".qanat/runs").glob("*/*/*.yaml")))
    bare = command(["git", "-C", str(root), "status", "--porcelain"], root)
    ours, theirs = alternate(f"{what} ({runs} runs)", place.quick, command([QANAT, "status"], root), bare)
    return Measured(what, seconds(ours), "`git status`", seconds(theirs))
