"""Sending a user a message about runs, in the ways that their settings name."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

from qanat.domain.news import News, best_values, message
from qanat.domain.notification import ENDED, FIRST_FAILURE, Message, Notify
from qanat.domain.run import Run
from qanat.errors import QanatError
from qanat.records import notices
from qanat.system import notifying
from qanat.usecases.project import Project

if TYPE_CHECKING:
    from qanat.usecases.tracking.notices import Happened


def send(project: Project, notify: Notify, happened: Sequence[Happened], wait_s: float | None = None) -> None:
    """Send what has happened to runs as one message, without what the user does not want to be told.

    What goes wrong is noted in the private folder.
    """
    news = [_news(project, each.run) for each in happened if each.after_s >= notify.after_s]
    if wanted := [one for one in news if one.what in notify.when]:
        problem_file = notices.problem_file(project.location.private)
        deliver(notify, message(wanted, str(project.root)), problem_file, wait_s)


def deliver(notify: Notify, told: Message, problem_file: Path, wait_s: float | None = None) -> None:
    """Send a message in all ways that the user has chosen."""
    notifying.send(
        notify.command_for(told) if notify.command else (),
        notify.apprise,
        told.title,
        told.text,
        variables=told.variables,
        problem_file=problem_file,
        wait_s=notifying.WAIT_S if wait_s is None else wait_s,
    )


def _news(project: Project, run: Run) -> News:
    what = ENDED if run.state.ended else FIRST_FAILURE
    return News(run, what, str(project.storage_of(run)), best_values(run, _better(project, run)))


def _better(project: Project, run: Run) -> Mapping[str, str]:
    """Return which direction of the experiment's metrics is better; empty if it can no longer be read."""
    with suppress(QanatError):
        sources = project.experiment(run.experiment).metrics
        return {name: direction for source in sources for name, direction in source.better.items()}
    return {}
