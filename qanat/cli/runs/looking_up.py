"""Find the runs that a command names, with everything up to date."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from qanat.cli import session
from qanat.cli.runs import reporting
from qanat.domain.run import Run
from qanat.usecases.project import Project
from qanat.usecases.tracking.find import Found, find_run
from qanat.usecases.tracking.refresh import refreshed

POLL_S = 0.2
CANCEL_S = 10.0


@contextmanager
def finding(project: Project) -> Iterator[Any]:
    """Give a function from a word to the run that it means, with everything up to date."""
    with refreshed(project, session.runners()) as (index, result):
        reporting.tell_notes(result.notes)
        yield lambda word, **of: find_run(project, index, result, word, **of)


def find_one(project: Project, word: str, *, experiment: str | None = None) -> Found:
    """Find one run with everything up to date."""
    with finding(project) as find:
        found: Found = find(word, experiment=experiment)
        return found


def find_one_with_live(project: Project, word: str) -> tuple[Found, list[Run]]:
    """Find one run, and list those that are active."""
    with refreshed(project, session.runners()) as (index, result):
        reporting.tell_notes(result.notes)
        return find_run(project, index, result, word), list(result.live.values())


def until_ended(project: Project, found: Found, groups: Sequence[int] = ()) -> Run:
    """Give a run whose removal was asked for once it, or these groups, have ended, or as it is after CANCEL_S."""
    until = time.monotonic() + CANCEL_S
    while True:
        run = find_one(project, found.run.id).run
        states = [run.groups[n].state for n in groups] or [run.state]
        if all(state.ended for state in states) or time.monotonic() > until:
            return run
        time.sleep(POLL_S)
