"""Runs as other tools keep them: plain values, and the protocol of what reads them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, BinaryIO, NamedTuple, Protocol

from qanat.domain.run import State
from qanat.domain.series_rows import Row


class StoredFile(NamedTuple):
    """A file of a run: its path, with slashes, its size in bytes if that is known, and what opens it."""

    path: str
    bytes: int | None
    open: Callable[[], BinaryIO]


def no_rows() -> Iterable[Row]:
    """Return no rows: the run has no curves."""
    return ()


def no_files() -> Iterable[StoredFile]:
    """Return no files: the run has none."""
    return ()


@dataclass(frozen=True, slots=True)
class StoredGroup:
    """One execution, as a tool recorded it.

    `started` and `ended` are seconds since 1970 in UTC, None if they are unknown. `state` is None if the tool says that
    it is still running, or says nothing. `curves` and `files` are read when they are asked for, which raises
    InputInvalid for what cannot be read; `printed` opens what the program printed, None if nothing was kept. `args` are
    the arguments, where a tool has them; otherwise they are made of `parameters`.
    """

    parameters: Mapping[str, Any] = field(default_factory=dict)
    args: tuple[str, ...] | None = None
    metrics: Mapping[str, float] = field(default_factory=dict)
    state: State | None = None
    reason: str = ""
    exit_code: int | None = None
    started: float | None = None
    ended: float | None = None
    host: str = ""
    curves: Callable[[], Iterable[Row]] = no_rows
    files: Callable[[], Iterable[StoredFile]] = no_files
    printed: Callable[[], BinaryIO] | None = None


@dataclass(frozen=True, slots=True)
class StoredRun:
    """A run as a tool recorded it; texts are empty if they are unknown.

    `id` is the one by which it is imported only once, `experiment` what that tool files it under. `program` is the file
    that ran, from the root of its project. `remarks` lists what is another value here than there, once all is read.
    """

    id: str
    experiment: str
    groups: Sequence[StoredGroup]
    description: str = ""
    notes: str = ""
    tags: Sequence[str] = ()
    author: str = ""
    commit: str = ""
    program: str = ""
    parent: str | None = None
    remarks: Callable[[], Iterable[str]] = tuple


class Listed(NamedTuple):
    """A run that a source has, without its content: `read` returns that, and raises InputInvalid.

    `groups` is how many groups it has now, 0 if that is not known before it is read.
    """

    id: str
    read: Callable[[], StoredRun]
    groups: int = 0


class Source(Protocol):
    """What runs are imported from."""

    @property
    def shown(self) -> str:
        """What it is called in records: nothing that others must not read."""

    def runs(self) -> Iterator[Listed]:
        """Yield its runs, oldest first as far as the tool says. Raises InputInvalid if nothing can be read."""

    def problems(self) -> Sequence[str]:
        """List what could not be read so far, each as a sentence that names the file."""
