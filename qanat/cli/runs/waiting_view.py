"""What the user sees of runs while qanat waits for their ends."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from types import TracebackType
from typing import TYPE_CHECKING, Self

from qanat.cli.runs import reporting
from qanat.cli.runs.run_view import GroupsView
from qanat.domain.run import Group, Run

if TYPE_CHECKING:
    from qanat.usecases.runs.waiting import Waiting


class WaitingView:
    """Shows the progress of runs, all their groups together, and why groups wait."""

    def __init__(self) -> None:
        self._groups: GroupsView | None = None
        self._causes: set[tuple[int, str]] = set()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._groups:
            self._groups.__exit__(kind, error, trace)

    def seen(self, runs: Sequence[Run], notes: Sequence[str]) -> None:
        """Show runs as they are now."""
        from qanat.usecases.runs.waiting import waiting  # only for runs that are waited for

        groups = _together(runs)
        if self._groups is None:
            self._groups = GroupsView(len(groups)).__enter__()
        reporting.tell_notes([*notes, *self._new(waiting(runs))])
        self._groups.show(groups)

    def _new(self, found: Sequence[Waiting]) -> list[str]:
        """Return why groups wait, if that is new: the number of groups and their expected start change all the time."""
        new = [each for each in found if (each.run, each.cause) not in self._causes]
        self._causes.update((each.run, each.cause) for each in new)
        return [f"run {each.run}: {each.why}" for each in new]


def _together(runs: Sequence[Run]) -> list[Group]:
    """Return the groups of all runs, numbered from 0."""
    if len(runs) == 1:
        return list(runs[0].groups)
    return [replace(group, number=n) for n, group in enumerate(group for run in runs for group in run.groups)]
