"""What the user sees of a launch, wherever the run is started."""

from __future__ import annotations

import contextlib
import shlex
from collections.abc import Callable, Sequence
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Self

from qanat.cli.runs import reporting
from qanat.cli.runs.run_view import GroupsView, RunViewContext, view_for
from qanat.cli.terminal.output import brief, clean, listed, plural, tell, tell_note
from qanat.domain.run import Group, Run
from qanat.usecases.launch.code import Captured
from qanat.usecases.launch.view import DATA_SHOWN, AlreadyRun, DataReport, EnvironmentReport, LaunchView, Outcome
from qanat.usecases.project import Project

if TYPE_CHECKING:
    from qanat.cli.runs.waiting_view import WaitingView


def shown(project: Project, launch: Callable[[LaunchView], Outcome], *, quiet: bool = False) -> tuple[int, Run]:
    """Launch a run, show it, and report how it ended; return the exit code and the run.

    With quiet, nothing is written to stdout.
    """
    with TerminalView(quiet=quiet) as view:
        outcome = launch(view)
    return reporting.report(project, outcome), outcome.run


class TerminalView:
    """Shows a run that is started here, or one that is submitted, while qanat waits for it."""

    def __init__(self, *, quiet: bool) -> None:
        self._quiet = quiet
        self._open = contextlib.ExitStack()
        self._here: RunViewContext | None = None
        self._waits: set[str] = set()
        self._waiting: WaitingView | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._open.close()

    def captured(self, captured: Captured) -> None:
        """List the untracked files that the commit of the run has, and those that it lacks."""
        commit = "snapshot" if captured.code.snapshot else "commit"
        if names := [clean(file.path) for file in captured.included]:
            tell(f"note: the {commit} has {plural(len(names), 'untracked file')}: {listed(names)}")
        if names := [file.described for file in captured.left_out]:
            one = shlex.quote(captured.left_out[0].path) if len(names) == 1 else "FILE"
            what = "it, add it" if len(names) == 1 else "any of them, add it"
            tell(
                f"note: untracked, so not part of the recorded code: {listed(names)}\n"
                f"  hint: if the program needs {what} with --add {clean(one)}, otherwise list it in .gitignore"
            )
        if captured.lacking:
            tell_note(captured.lacking)
        for folder in map(clean, captured.environments):
            tell(f"note: {folder.rstrip('/')} is not ignored by git; add /{folder} to .gitignore")

    def data(self, report: DataReport) -> None:
        """Print how the data differ from those of an earlier run, and which cannot be read."""
        for line in report.lines:
            tell(f"{'warning' if report.repeats else 'note'}: {line}")
        for problem in report.problems[:DATA_SHOWN]:
            tell(f"warning: data cannot be read: {problem}")

    def environment(self, report: EnvironmentReport) -> None:
        """Print how the environment differs from that of the run that is repeated."""
        tell(f"warning: {brief(str(report))}")

    def already_run(self, report: AlreadyRun) -> None:
        """Print what is left out, and why the rest is not."""
        for line in report.lines:
            tell_note(line)

    def note(self, text: str) -> None:
        """Print what the user should know."""
        tell_note(text)

    def container(self, difference: str) -> None:
        """Print how the image differs from that of an earlier run."""
        tell(f"warning: {clean(difference)}")

    def begins(self, run: Run, folder: Path) -> None:
        """Announce a run that starts here, and choose how to show it."""
        self._here = self._open.enter_context(GroupsView(0, bar=False) if self._quiet else view_for(len(run.groups)))
        self._here.begins(run, folder)

    def changed(self, group: Group) -> None:
        """Show a group that has started or ended."""
        if self._here:
            self._here.changed(group)

    def passing(self) -> None:
        """Show what has happened so far."""
        if self._here:
            self._here.passing()

    def waits(self, reason: str) -> None:
        """Print what the run waits for, once."""
        if reason not in self._waits:
            self._waits.add(reason)
            tell(f"It {reason}")

    def submitted(self, outcome: Outcome) -> None:
        """List the jobs."""
        reporting.report_submitted(outcome)

    def seen(self, run: Run, notes: Sequence[str]) -> None:
        """Show the progress of a submitted run."""
        if self._waiting is None:
            from qanat.cli.runs.waiting_view import WaitingView  # only for a submitted run

            self._waiting = self._open.enter_context(WaitingView())
        self._waiting.seen([run], notes)
