"""Sending a user a message about runs, in the ways that their settings name."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

from qanat.domain.news import News, best_values, message, variables_of
from qanat.domain.notification import ENDED, FIRST_FAILURE, Message, Notify
from qanat.domain.run import Run, State
from qanat.errors import NotFound, QanatError, RunnerUnavailable
from qanat.records import notices, user_settings
from qanat.system import notifying
from qanat.usecases.project import Project

if TYPE_CHECKING:
    from qanat.usecases.tracking.notices import Happened


def send(project: Project, notify: Notify, happened: Sequence[Happened], wait_s: float | None = None) -> None:
    """Send what has happened to runs as one message, without what the user does not want to be told.

    What goes wrong is noted in the private folder.
    """
    runs = sorted((each.run for each in happened if each.after_s >= notify.after_s), key=lambda run: run.number)
    news = [_news(project, run) for run in runs]
    if wanted := [one for one in news if one.what in notify.when]:
        problem_file = notices.problem_file(project.location.private)
        deliver(notify, message(wanted, str(project.root)), problem_file, wait_s)


def way() -> Notify:
    """Return how this user is notified. Raises NotFound if the settings do not say, InputInvalid."""
    if known := user_settings.notify():
        return known
    what = "has no notify with a command or with apprise" if user_settings.exists() else "does not exist"
    raise NotFound(f"{user_settings.path()} {what}", hint="for an example: qanat config notify --help")


def send_test(notify: Notify, project: Path) -> None:
    """Send a message that says that messages arrive, and wait for its end. Raises RunnerUnavailable with what fails.

    Its variables are those of a message on a run 1 of a project, which has finished.
    """
    text = f"Messages about runs that are launched on {os.uname().nodename} arrive here."
    told = Message("qanat: a test", text, variables_of([1], [State.FINISHED], str(project)))
    with tempfile.TemporaryDirectory(prefix="qanat-") as folder:
        problem_file = Path(folder) / "problem"
        deliver(notify, told, problem_file, notifying.LIMIT_S * (1 + len(notify.apprise)))
        if problem_file.exists():
            raise RunnerUnavailable(problem_file.read_text(), hint=f"your settings are in {user_settings.path()}")


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
