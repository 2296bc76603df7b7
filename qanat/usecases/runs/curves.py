"""The curves of the groups of a run: the series that their programs write, also while they write."""

from __future__ import annotations

import fnmatch
import math
from collections.abc import Callable, Collection, Iterator, Sequence
from functools import cache
from itertools import chain
from pathlib import Path
from typing import TypeVar

from qanat.domain import metric_problems
from qanat.domain.curves import VALUES_MAX, Curve, TooManyValues, collected
from qanat.domain.experiment import MetricSource
from qanat.domain.few_rows import FewRows
from qanat.domain.long_work import tracked
from qanat.domain.metric_problems import MetricProblem
from qanat.domain.names import nearest
from qanat.domain.run import Group, State
from qanat.domain.series import Points
from qanat.domain.series_rows import Row, joined_blocks, merged, rows, rows_of
from qanat.domain.shortening import quoted
from qanat.errors import InputInvalid, UsageError
from qanat.records.measured import series_sources
from qanat.records.series import SeriesReader
from qanat.usecases.project import Project
from qanat.usecases.tracking.find import Found, check_results
from qanat.usecases.tracking.settle import metric_sources

Wanted = Callable[[str], bool]
F = TypeVar("F", bound=FewRows)
NAMED_MAX = 20
_MIB = 2**20


class _StepsGoBack(Exception):
    """A step is less than one before it."""


class GroupCurves:
    """Reads the files of series in the directory of a group, and of them the names that are `wanted`.

    If two files have the same name, the first counts.
    """

    def __init__(self, folder: Path, sources: Sequence[MetricSource], wanted: Wanted = lambda name: True) -> None:
        self._files = [(folder, source.file, source.keys) for source in series_sources(sources)]
        self._wanted = wanted
        self._owners: dict[str, Path] = {}
        self._unordered: set[Path] = set()
        self._readers = self._new_readers()
        self._scanning: Sequence[SeriesReader] = ()

    def _new_readers(self) -> list[SeriesReader]:
        return [SeriesReader(*file) for file in self._files]

    def problems(self, group: Group) -> list[MetricProblem]:
        """List what could not be read, was read again, or has changed since the group ended."""
        again = "was replaced or truncated, and was read again from its beginning"
        found: list[MetricProblem] = []
        for reader, (_, file, _) in zip(self._readers, self._files, strict=True):
            digest = reader.digest()
            is_changed = digest and digest != group.curve_files.get(file, digest)
            what = [*([again] if reader.restarts else []), *([metric_problems.CHANGED] if is_changed else [])]
            found += [MetricProblem(reader.path, file, one) for one in (*what, *reader.problems())]
        return found

    def names(self, *, ended: bool) -> list[str]:
        """List the names that are in the files now; `ended` says whether the program has ended."""
        self._scanning = self._new_readers()
        for reader in self._scanning:
            last = -math.inf
            for block in _with_progress(self._blocks(reader, ended=ended), reader):
                if min(min(points.steps) for points in block) < last:
                    self._unordered.add(reader.path)
                last = max(last, *(max(points.steps) for points in block))
        return self.seen

    @property
    def seen(self) -> list[str]:
        """The wanted names that have been read."""
        return [*self._owners]

    @property
    def in_files(self) -> set[str]:
        """All names that are in what has been read of the files, also those that the experiment does not choose."""
        return {name for reader in (*self._scanning, *self._readers) for name in reader.names()}

    def whole(self, *, ended: bool) -> dict[str, Curve]:
        """Return the curves that are in the files now, in memory. Raises InputInvalid if they do not fit."""
        found = [self._collected(reader, ended=ended) for reader in self._readers]
        return {name: curve for curves in found for name, curve in curves.items()}

    def rows(self, *, ended: bool) -> Iterator[Row]:
        """Yield a row for each step that is in the files now; steps ascend.

        After names(), files are in memory block by block, unless their steps go back.
        """
        self._readers = self._new_readers()
        return merged(self._rows(reader, ended=ended) for reader in self._readers)

    def new_rows(self, *, ended: bool) -> Iterator[Row]:
        """Yield the rows that were written since the last call, one file after the other."""
        for reader in self._readers:
            yield from chain.from_iterable(self._row_blocks(reader, ended=ended))

    def few_rows(self, new: Callable[[], F], *, ended: bool) -> F:
        """Return a few of the rows that are in the files now, and know their names then.

        Files are read once, unless their steps go back, or those of several files overlap.
        """
        found = new()
        try:
            for block in joined_blocks(self._ascending_blocks(ended=ended)):
                found.extend(block)
        except _StepsGoBack:
            self.names(ended=ended)
            found = new()
            for row in self.rows(ended=ended):
                found.extend([row])
        return found

    def _ascending_blocks(self, *, ended: bool) -> Iterator[Sequence[Row]]:
        """Yield the rows of all files, one file after the other. Raises _StepsGoBack."""
        self._readers = self._new_readers()
        last = -math.inf
        for reader in self._readers:
            for block in map(rows, _with_progress(self._blocks(reader, ended=ended), reader)):
                if block[0].step < last:
                    raise _StepsGoBack
                last = block[-1].step
                yield block

    def _rows(self, reader: SeriesReader, *, ended: bool) -> Iterator[Row]:
        if reader.path in self._unordered:
            return rows_of(self._collected(reader, ended=ended))
        return chain.from_iterable(self._row_blocks(reader, ended=ended))

    def _row_blocks(self, reader: SeriesReader, *, ended: bool) -> Iterator[Sequence[Row]]:
        return joined_blocks(map(rows, self._blocks(reader, ended=ended)))

    def _collected(self, reader: SeriesReader, *, ended: bool) -> dict[str, Curve]:
        try:
            return collected(self._blocks(reader, ended=ended))
        except TooManyValues:
            message = f"{reader.path} has more than {VALUES_MAX:,} values, which do not fit into memory"
            raise InputInvalid(message, hint="name some of the curves, as in: qanat metrics RUN loss") from None

    def _blocks(self, reader: SeriesReader, *, ended: bool) -> Iterator[list[Points]]:
        for block in reader.read_new(ended=ended):
            if own := [points for points in block if self._is_own(points.name, reader.path)]:
                yield own

    def _is_own(self, name: str, path: Path) -> bool:
        return self._wanted(name) and self._owners.setdefault(name, path) == path


class RunCurves:
    """Reads the curves of groups of a run, also while they grow: all of them, or those that match a pattern.

    Raises InputInvalid if the results are gone.
    """

    def __init__(self, project: Project, found: Found, groups: Sequence[int], patterns: Sequence[str] = ()) -> None:
        check_results(found)
        self._patterns = patterns
        sources, wanted = metric_sources(project, found.run), matching(patterns)
        self._groups = {number: GroupCurves(found.group_folder(number), sources, wanted) for number in groups}
        self._read_to_end: set[int] = set()
        self.update(found)

    def update(self, found: Found) -> None:
        """Take the states of groups from a later look at the run."""
        self._run = found.run

    @property
    def groups(self) -> list[int]:
        """The numbers of the groups."""
        return [*self._groups]

    def names(self) -> list[str]:
        """List the names of the curves in all groups now."""
        groups = tracked([*self._groups.items()], "groups read")
        found = (group.names(ended=self._has_ended(number)) for number, group in groups)
        return [*dict.fromkeys(chain.from_iterable(found))]

    def check_names(self) -> None:
        """Raise UsageError, with the nearest names, for a pattern that no curve which has been read matches."""
        seen = {name for group in self._groups.values() for name in group.seen}
        in_files = {name for group in self._groups.values() for name in group.in_files} if self._patterns else set()
        for pattern in self._patterns if in_files else ():
            if not any(_matches(name, pattern) for name in seen):
                raise UsageError(f"no curve is called {quoted(pattern)}", hint=instead(pattern, in_files))

    def names_of(self, number: int) -> list[str]:
        """List the names that were found in a group."""
        return self._groups[number].seen

    def rows(self, number: int) -> Iterator[Row]:
        """Yield a row for each step of a group, after names()."""
        return self._groups[number].rows(ended=self._has_ended(number))

    def few_rows(self, new: Callable[[], F]) -> dict[int, F]:
        """Return a few rows of each group. They are read once, and names_of() knows their names then."""
        groups = tracked([*self._groups.items()], "groups read")
        return {number: group.few_rows(new, ended=self._has_ended(number)) for number, group in groups}

    def new_rows(self) -> Iterator[tuple[int, Iterator[Row]]]:
        """Yield the groups that are not read to their end, each with its rows since the last call."""
        for number in self._groups:
            state = self._run.groups[number].state
            if number not in self._read_to_end and state is not State.QUEUED:
                yield number, self._groups[number].new_rows(ended=state.ended)
                if state.ended:
                    self._read_to_end.add(number)

    def problems(self) -> list[str]:
        """List what is wrong with the files so far, a sentence each, alike ones of several groups together."""
        found = (group.problems(self._run.groups[number]) for number, group in self._groups.items())
        are_all = len(self._groups) == len(self._run.groups)
        return metric_problems.sentences(chain.from_iterable(found), are_all=are_all)

    def _has_ended(self, number: int) -> bool:
        return self._run.groups[number].state.ended


def _with_progress(blocks: Iterator[list[Points]], reader: SeriesReader) -> Iterator[list[Points]]:
    """Yield blocks, and let the size of what has been read of a large file be shown."""
    count = reader.size_bytes() // _MIB
    steps = iter(tracked(range(count), f"MiB of {reader.path.name} read"))
    done = 0
    for block in blocks:
        while done < min(reader.offset // _MIB, count):
            next(steps, None)
            done += 1
        yield block


def matching(patterns: Sequence[str]) -> Wanted:
    """Return whether a name is one of these, or matches a pattern such as 'test.*'; all do if there are none."""
    if not patterns:
        return lambda name: True
    return cache(lambda name: any(_matches(name, pattern) for pattern in patterns))


def _matches(name: str, pattern: str) -> bool:
    return name == pattern or fnmatch.fnmatchcase(name, pattern)


def instead(pattern: str, names: Collection[str]) -> str:
    """Return a hint for a pattern that matches no curve: why, or the nearest names in the files, or all of them."""
    if any(_matches(name, pattern) for name in names):
        return "the files of the run have it, but the keys of its experiment do not"
    if close := nearest(pattern, names):
        return f"did you mean {' or '.join(map(quoted, close))}?"
    listed = ", ".join(map(quoted, sorted(names)[:NAMED_MAX]))
    return f"available: {listed}{', …' if len(names) > NAMED_MAX else ''}"
