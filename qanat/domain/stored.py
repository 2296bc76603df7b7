"""What a run and its summary in the index both say about where its results are."""

from __future__ import annotations

from typing import Protocol


class Stored(Protocol):
    """What a run or its summary says about where its results are."""

    @property
    def id(self) -> str:
        """The full id, such as 4-7f3a9c."""

    @property
    def number(self) -> int:
        """The number in the id."""

    @property
    def uid(self) -> str:
        """The six digits in the id."""

    @property
    def experiment(self) -> str:
        """The name of the experiment when the run was launched."""

    @property
    def storage(self) -> str:
        """The storage directory, from the project's root or absolute."""
