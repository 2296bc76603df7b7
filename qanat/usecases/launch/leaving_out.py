"""Leaving out of a run what has been run already."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from qanat.domain.run import Run
from qanat.domain.standing import DONE, Standing, counted_by_run
from qanat.records import run_codec
from qanat.records.index import Index
from qanat.runners.protocol import Runners
from qanat.usecases.launch import needed
from qanat.usecases.launch.findings import Findings
from qanat.usecases.launch.looking import refreshed
from qanat.usecases.launch.needed import Wanted
from qanat.usecases.launch.new_run import Launch
from qanat.usecases.launch.plan import Needed, Plan
from qanat.usecases.launch.view import AlreadyRun, LaunchView
from qanat.usecases.project import Project


@dataclass(frozen=True, slots=True)
class Left:
    """A plan without the groups that other runs have; `nothing_in` is the newest of these if that is every group.

    `standings` say what these runs have of all groups.
    """

    plan: Plan
    standings: Sequence[Standing]
    nothing_in: Run | None = None


def leave_out(project: Project, runners: Runners, new: Launch, asked: Needed, view: LaunchView) -> Left:
    """Leave out the groups that ended runs have, show which, and count them in the request of the run."""
    with refreshed(project, runners) as (index, _):
        known = Findings(new.captured.code.commit, new.key, new.data, new.environment)
        found = needed.standings(project, index, runners, wanted(new.plan, known, asked.ignored))
        runs = {run: _run(index, run) for run in counted_by_run(found)}
    looked_at = {state.name for state in new.data if not state.is_input}
    unknown = [name for name in new.plan.datasets if name not in looked_at]
    view.already_run(AlreadyRun(found, {run.id: run.storage for run in runs.values()}, unknown))
    left = without_done(new.plan, found)
    newest = max(runs.values(), key=lambda run: (run.created, run.number), default=None)
    return Left(left, found, None if left.groups else newest)


def wanted(plan: Plan, found: Findings, ignored: tuple[str, ...] = ()) -> Wanted:
    """Return the groups of a plan, to be looked for among earlier runs."""
    return Wanted(plan.experiment, plan.command, plan.groups, plan.datasets, found, plan.container, ignored)


def without_done(plan: Plan, standings: Sequence[Standing]) -> Plan:
    """Return a plan without the groups that are done."""
    pairs = zip(plan.groups, standings, strict=True)
    counts = {run: len(places) for run, places in counted_by_run(standings).items()}
    return replace(
        plan,
        groups=tuple(args for args, standing in pairs if standing.status != DONE),
        requested=replace(plan.requested, already_run=counts),
    )


def _run(index: Index, run_id: str) -> Run:
    number, _, uid = run_id.partition("-")
    (row, *_) = (row for row in index.numbered(int(number)) if row.uid == uid)
    return run_codec.from_index(index.record(row.path), row.path)
