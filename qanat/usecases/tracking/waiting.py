"""Why groups are still queued, if the runner can find out, which it is asked to only now and then."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from qanat.domain import bundles, times
from qanat.domain.run import Run, State
from qanat.errors import RunnerUnavailable
from qanat.runners.protocol import ExplainsWaiting, Runner
from qanat.usecases.project import Project
from qanat.usecases.tracking.last_seen import LastSeen
from qanat.usecases.tracking.submission import jobs_of

# Jobs that wait this long may be waiting for something that they will never get.
LONG_S = 30.0
AGAIN_S = 120.0
RUNS_MAX = 20


def explain(
    project: Project, runner: Runner, runs: Sequence[Run], memories: Mapping[str, LastSeen | None]
) -> tuple[list[Run], dict[str, str]]:
    """Return runs with the reasons why their groups wait, and when the runner was last asked, by the runs' ids.

    All groups of a run ask for the same, so that the runner is asked about one of them. Until it is asked again, its
    last answer stands.
    """
    if not isinstance(runner, ExplainsWaiting):
        return list(runs), {}
    now = project.clock.now()
    # A time in the future was noted before the clock was put back.
    asked = {run.id: min(seen.explained, now) for run in runs if (seen := memories.get(run.id)) and seen.explained}
    due = sorted((run for run in runs if _is_due(run, asked.get(run.id), now)), key=lambda run: asked.get(run.id, ""))
    answers = _answers(project, runner, due[:RUNS_MAX])
    reasons = {run.id: _remembered(memories.get(run.id)) for run in runs} | answers
    asked |= dict.fromkeys(answers, now)
    return [_with_reason(run, reasons[run.id]) for run in runs], asked


def _is_due(run: Run, asked: str | None, now: str) -> bool:
    if not _unexplained(run):
        return False
    since, enough_s = (asked, AGAIN_S) if asked else (run.submission.submitted or run.created, LONG_S)
    return (times.seconds_between(since, now) or 0.0) >= enough_s


def _answers(project: Project, runner: ExplainsWaiting, runs: Sequence[Run]) -> dict[str, str]:
    """Ask the runner about runs; return its answers by their ids, which are empty if it does not know."""
    handles = {run.id: jobs_of(project, run, _unexplained(run)[:1])[0].handle for run in runs}
    try:
        answers = runner.why_waiting(list(handles.values())) if handles else {}
    except RunnerUnavailable:
        answers = {}
    return {key: answers.get(handle, "") for key, handle in handles.items()}


def _unexplained(run: Run) -> list[int]:
    """List the groups that wait in a queue without a reason."""
    return [g.number for g in run.groups if g.state is State.QUEUED and g.job is not None and not g.reason]


def _remembered(seen: LastSeen | None) -> str:
    """Return the reason that was last given; empty if there is none."""
    groups = seen.run.groups if seen and seen.explained else ()
    reasons = (group.reason for group in groups if group.state is State.QUEUED)
    return next((reason for reason in reasons if reason and not bundles.is_turn(reason)), "")


def _with_reason(run: Run, reason: str) -> Run:
    if not reason:
        return run
    return run.with_groups({number: replace(run.groups[number], reason=reason) for number in _unexplained(run)})
