"""What the user sees while a document is compiled."""

from __future__ import annotations

import shlex
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from types import TracebackType
from typing import Self

from qanat.cli.documents.status_output import tell_doubts
from qanat.cli.runs import reporting
from qanat.cli.runs.launch_view import TerminalView
from qanat.cli.runs.waiting_view import WaitingView
from qanat.cli.terminal.output import brief, plural, tell
from qanat.domain.document import Dependency
from qanat.domain.run import Run
from qanat.usecases.documents.values import Doubts
from qanat.usecases.launch.view import LaunchView, Outcome
from qanat.usecases.launch.wait_several import Seen
from qanat.usecases.project import Project
from qanat.usecases.runs.action import ActionPlan


class TerminalCompileView:
    """Shows runs as the commands that run and wait for them do, and what is done with their files."""

    def __init__(self, project: Project) -> None:
        self._project = project
        self.has_doubts = False

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        sys.stdout.flush()

    @contextmanager
    def launching(self, dependency: Dependency) -> Iterator[LaunchView]:
        """Show a run that is launched."""
        tell(f"{dependency.name}: running what is missing")
        with TerminalView(quiet=False) as view:
            yield view

    def ended(self, outcome: Outcome) -> None:
        """Report how a run ended."""
        if outcome.run.state.ended:
            reporting.report(self._project, outcome, shown=False)

    @contextmanager
    def waiting(self, runs: Sequence[Run]) -> Iterator[Seen]:
        """Show the progress of runs that are waited for."""
        numbers = ", ".join(str(run.number) for run in runs[:10])
        tell(f"Waiting for {'runs' if len(runs) > 1 else 'run'} {numbers}")
        with WaitingView() as view:
            yield view.seen

    def acting(self, dependency: Dependency, plan: ActionPlan) -> None:
        """Announce an action."""
        tell(brief(f"{dependency.name}: {shlex.join(plan.command)}"))

    def copied(self, dependency: Dependency, folder: str, count: int) -> None:
        """Report copied files."""
        tell(brief(f"{dependency.name}: copied {plural(count, 'file')} to {folder}"))

    def doubted(self, doubts: Doubts) -> None:
        """Print what is wrong with references in texts."""
        self.has_doubts = bool(doubts.problems)
        tell_doubts(doubts)

    def building(self, command: Sequence[str]) -> None:
        """Announce the command that builds the document."""
        tell(brief(f"Building: {shlex.join(command)}"))

    def built(self, output: bytes) -> None:
        """Print what that command prints."""
        sys.stdout.buffer.write(output)
        sys.stdout.flush()
