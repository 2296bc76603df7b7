"""Finding the runs that a command names, after bringing all runs up to date."""

from __future__ import annotations

import shlex
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from qanat.cli import session
from qanat.cli.runs import reporting
from qanat.domain.run import Run
from qanat.usecases.launch.looking import refreshed
from qanat.usecases.project import Project
from qanat.usecases.tracking.find import Found, find_run

POLL_S = 0.2
CANCEL_S = 10.0
# Programs of this machine are killed 10 s after they were asked to end, and then their end is recorded.
CANCEL_HERE_S = 20.0


@contextmanager
def finding(project: Project, *, retries_due: bool = True) -> Iterator[Any]:
    """Bring runs up to date, as refreshed() does, and yield a function that finds a run by number or id."""
    with refreshed(project, session.runners(), retries_due=retries_due) as (index, result):
        reporting.tell_notes(result.notes_on())

        def find(name: str, **of: Any) -> Found:
            found = find_run(project, index, result, name, **of)
            reporting.tell_notes(result.notes_on(found.run.id))
            return found

        yield find


def find_one(project: Project, name: str, *, experiment: str | None = None, retries_due: bool = True) -> Found:
    """Bring runs up to date, and find one of them by number or id."""
    with finding(project, retries_due=retries_due) as find:
        found: Found = find(name, experiment=experiment)
        return found


def find_one_with_live(project: Project, name: str, *, retries_due: bool = True) -> tuple[Found, list[Run]]:
    """Bring runs up to date, and return the one of this number or id, and those that are active."""
    with refreshed(project, session.runners(), retries_due=retries_due) as (index, result):
        found = find_run(project, index, result, name)
        reporting.tell_notes(result.notes_on(found.run.id))
        return found, list(result.live.values())


def until_ended(project: Project, cancelled: Sequence[Found], groups: Sequence[int] = ()) -> list[Run]:
    """Wait until cancelled runs, or these groups of them, have ended, but not for long; return the runs.

    The runs are polled together, and less and less often, since a scheduler has other users to serve.
    """
    here = any(session.runners().is_in_process(found.run.runner.name) for found in cancelled)
    until, pause_s = time.monotonic() + (CANCEL_HERE_S if here else CANCEL_S), POLL_S
    while True:
        with finding(project) as find:
            runs = [find(found.run.id).run for found in cancelled]
        states = [run.groups[n].state for run in runs for n in groups] or [run.state for run in runs]
        left_s = until - time.monotonic()
        if all(state.ended for state in states) or left_s <= 0:
            return runs
        time.sleep(min(pause_s, left_s))
        pause_s *= 1 if here else 2


def no_runs_yet(project: Project, experiment: str | None = None) -> str:
    """Return what to do next in a project, or an experiment, without runs."""
    if experiment is None and not project.names("experiment"):
        return "no experiments yet; create one with: qanat experiment new"
    return f"no runs yet; start one with: qanat run {shlex.quote(experiment) if experiment else 'NAME'}"
