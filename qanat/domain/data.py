"""What is known of the data of a run, and how those of two runs differ."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from qanat.domain import times
from qanat.domain.sizes import size

NONE, STAT, HASH, GIT, COMMAND = "none", "stat", "hash", "git", "command"
TRACKING = (NONE, STAT, HASH, GIT, COMMAND)
ID_SHOWN_MAX = 60
_HEXADECIMAL_SHOWN = 10
_DVC, _DVC_FOLDER = "md5", ".dir"


@dataclass(frozen=True, slots=True)
class DataState:
    """What a dataset, or a file that is an input of a run, was at some time.

    `track` is how it was looked at. `files` counts everything but folders, `links` those of them that are symbolic
    links, `bytes` is their size, `newest` the latest time at which one of them was modified. `id` identifies the
    content as `KIND:VALUE`, such as `sha256:…` or `commit:…`; for COMMAND, it is what the user's program printed.
    `changed` says that a repository had changes since the commit in `id`. `problem` is why the data, or a part of them,
    could not be read.
    """

    name: str
    track: str
    files: int | None = None
    links: int = 0
    bytes: int | None = None
    newest: str | None = None
    id: str = ""
    changed: bool = False
    problem: str = ""
    is_input: bool = False

    @property
    def described(self) -> str:
        """The state for display: `3 files, 4.5 kB, modified 2026-11-29 17:01:30`."""
        parts = [f"{shown_id(self.id)}{_source(self)}"] if self.id else []
        parts += [f"changed since that {_version(self)}"] if self.changed else []
        parts += [counted_files(self.files)] if self.files is not None else []
        parts += [f"{self.links:,} of them links"] if self.links else []
        parts += [size(self.bytes)] if self.bytes is not None else []
        parts += [f"modified {times.local(self.newest)}"] if self.newest else []
        parts += [self.problem] if self.problem else []
        return ", ".join(parts)

    @property
    def identity(self) -> str | None:
        """What the same data have in common: an id, or number, size and time of files; None if neither is known."""
        if self.changed or self.problem:
            return None
        if self.id:
            return f"{COMMAND}:{self.id}" if self.track == COMMAND else self.id
        known = None not in (self.files, self.bytes) and (self.newest is not None or not self.files)
        return f"{STAT}:{self.files}:{self.links}:{self.bytes}:{self.newest or ''}" if known else None

    @property
    def is_identified(self) -> bool:
        """Whether it is a dataset whose content is known by an id: number, size and time of files may stay the same."""
        return not self.is_input and bool(self.id) and self.identity is not None

    def as_mapping(self) -> dict[str, Any]:
        """Return what is known, in the order of a record."""
        values = {
            "name": self.name,
            "input": self.is_input or None,
            "track": self.track,
            "id": self.id or None,
            "changed": self.changed or None,
            "files": self.files,
            "links": self.links or None,
            "bytes": self.bytes,
            "newest": self.newest,
            "problem": self.problem or None,
        }
        return {key: value for key, value in values.items() if value is not None}


class HasData(Protocol):
    """What a run says about its data."""

    @property
    def datasets(self) -> Mapping[str, str]:
        """The paths of its datasets, by their names."""

    @property
    def data(self) -> Sequence[DataState]:
        """What its datasets and inputs were, as far as that is known."""


@dataclass(frozen=True, slots=True)
class Difference:
    """How the data of a name differ: `how` is a phrase such as `3 files, was 2`."""

    name: str
    how: str

    def __str__(self) -> str:
        """Return the difference with its name."""
        return f"{self.name}: {self.how}"


def data_differ(before: HasData, after: HasData) -> list[Difference]:
    """List the datasets and inputs that certainly differ between two runs, in the order of the second.

    What is known of only one of them does not count as a difference, except that a dataset whose content is unknown
    differs if its path does.
    """
    earlier = {(state.is_input, state.name): state for state in before.data}
    later = {(state.is_input, state.name): state for state in after.data}
    found = []
    for is_input, name in dict.fromkeys([*((False, n) for n in after.datasets), *later]):
        old, new = earlier.get((is_input, name)), later.get((is_input, name))
        if old and new and is_comparable(old, new):
            how = difference(old, new)
        else:
            paths = before.datasets.get(name), after.datasets.get(name)
            how = f"{paths[1]}, was {paths[0]}" if None not in paths and paths[0] != paths[1] else ""
        found += [Difference(name, how)] if how else []
    return found


def data_texts(run: HasData) -> tuple[str, ...]:
    """Return what each dataset and input of a run was, in short; its path where nothing else is known."""
    known = {state.name for state in run.data if not state.is_input}
    paths = (f"{name}: {path}" for name, path in run.datasets.items() if name not in known)
    return (*(f"{state.name}: {state.described}" for state in run.data), *paths)


def data_text(run: HasData, name: str) -> str | None:
    """Return what a dataset or an input of a run was, in short, or its path; None if the run has no such data."""
    known = next((state.described for state in run.data if state.name == name), None)
    return known or run.datasets.get(name)


def other_data(runs: Sequence[HasData]) -> dict[int, list[Difference]]:
    """Return in what the data of runs differ from those of the first one, by their positions."""
    found = {place: data_differ(runs[0], run) for place, run in enumerate(runs)} if runs else {}
    return {place: differences for place, differences in found.items() if differences}


def is_comparable(before: DataState, now: DataState) -> bool:
    """Return whether two states know something of the same kind."""
    return _ids_are_comparable(before, now) or (before.files is not None and now.files is not None)


def is_same(before: DataState, now: DataState) -> bool:
    """Return whether two states say the same of the whole data: one id, or one number, size and time of files."""
    if _ids_are_comparable(before, now) and not (before.changed or now.changed):
        return before.id == now.id
    counts = [(state.files, state.bytes, state.newest) for state in (before, now)]
    return before.newest is not None and counts[0] == counts[1] and before.problem == now.problem


def difference(before: DataState, now: DataState) -> str:
    """Return how a state differs from an earlier one; empty if it does not, or if that is unknown."""
    if now.problem and not before.problem:
        return now.problem
    if _ids_are_comparable(before, now):
        if before.id == now.id and not (before.changed or now.changed):
            return ""
        if before.id != now.id:
            return _counts(before, now) or f"{_other_id(before.id, now.id)}{_source(now)}"
    if before.changed != now.changed:
        return f"{'changed' if now.changed else 'without the changes'} since that {_version(now)}"
    times_count = before.newest and now.newest and before.newest != now.newest
    modified = f"modified {times.local(now.newest)}, was {times.local(before.newest)}" if times_count else ""
    return _counts(before, now) or modified


def _ids_are_comparable(before: DataState, now: DataState) -> bool:
    return bool(before.id and now.id) and _kind(before) == _kind(now)


def _kind(state: DataState) -> str:
    return COMMAND if state.track == COMMAND else state.id.partition(":")[0]


def _source(state: DataState) -> str:
    """Return who says what the id of data is, as a clause: the MD5 in a DVC file is not computed again."""
    return " according to DVC" if _kind(state) == _DVC else ""


def _version(state: DataState) -> str:
    return "version" if _kind(state) == _DVC else "commit"


def _counts(before: DataState, now: DataState) -> str:
    """Return how numbers and sizes of files differ: `3 files, was 2 (4.5 kB, was 3.0 kB)`; empty if they do not."""
    files = bytes_ = ""
    if before.files is not None and now.files is not None and before.files != now.files:
        files = f"{counted_files(now.files)}, was {before.files:,}"
    if before.bytes is not None and now.bytes is not None and before.bytes != now.bytes:
        sizes = size(now.bytes), size(before.bytes)
        shown = sizes if sizes[0] != sizes[1] else (f"{now.bytes:,} bytes", f"{before.bytes:,}")
        bytes_ = f"{shown[0]}, was {shown[1]}"
    return f"{files} ({bytes_})" if files and bytes_ else files or bytes_


def merkle(digests: Mapping[str, str]) -> str:
    """Return one SHA-256 for files with these digests, by their relative paths.

    Anyone can check it: it is the hash of the lines that `sha256sum --zero` prints for the files, sorted by the bytes
    of their paths. A file alone, whose path is empty, keeps its own.
    """
    if digests.keys() == {""}:
        return digests[""]
    paths = sorted((os.fsencode(path), digest) for path, digest in digests.items())
    whole = b"".join(b"%s  %s\0" % (digest.encode(), path) for path, digest in paths)
    return hashlib.sha256(whole, usedforsecurity=False).hexdigest()


def counted_files(count: int) -> str:
    """Return a number of files with its noun."""
    return f"{count:,} file{'' if count == 1 else 's'}"


def _other_id(before: str, now: str) -> str:
    kind, _, value = now.partition(":")
    return f"{shown_id(now)}, was {shown_id(before).removeprefix(f'{kind} ') if value else shown_id(before)}"


def shown_id(text: str) -> str:
    """Return an id for display: hexadecimal values are shortened, and so are long texts."""
    kind, colon, value = text.removesuffix(_DVC_FOLDER).partition(":")
    if colon and len(value) >= 32 and not value.strip("0123456789abcdef"):  # an MD5 or longer
        return f"{kind} {value[:_HEXADECIMAL_SHOWN]}"
    return text if len(text) <= ID_SHOWN_MAX else f"{text[: ID_SHOWN_MAX - 1]}…"
