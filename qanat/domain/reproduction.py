"""How a rerun compares with the run that it repeats: file by file, and number by number."""

from __future__ import annotations

import math
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from qanat.domain.outputs import PRINTED, OutputFile, Outputs
from qanat.domain.run import Group, described
from qanat.domain.sizes import size

IDENTICAL = "identical"
EQUAL = "equal"
DIFFERENT = "different"
MISSING = "missing"
UNREADABLE = "unreadable"
NOT_IN_FIRST, NOT_IN_SECOND = "not in the first", "not in the second"
STATE = "state"
BY_SIZE = "the same size; its content is not recorded"


@dataclass(frozen=True, slots=True)
class FileVerdict:
    """A file of two runs, by its path in the storage directory; or all `files` of a group, by its folder there."""

    path: str
    verdict: str
    detail: str = ""
    files: int = 1
    is_group: bool = False


@dataclass(frozen=True, slots=True)
class ValueVerdict:
    """A metric of a group, or the STATE in which it ended, in the first run and again; None where there is none."""

    group: int
    name: str
    verdict: str
    first: float | str | None
    again: float | str | None


@dataclass(frozen=True, slots=True)
class Comparison:
    """What is the same and what differs between a run and its rerun."""

    files: tuple[FileVerdict, ...]
    values: tuple[ValueVerdict, ...]

    @property
    def is_identical(self) -> bool:
        """Whether nothing differs, not even within the tolerance."""
        return self._has_only(IDENTICAL)

    @property
    def is_equal(self) -> bool:
        """Whether nothing differs beyond the tolerance."""
        return self._has_only(IDENTICAL, EQUAL)

    def _has_only(self, *verdicts: str) -> bool:
        return {each.verdict for each in self.files} | {each.verdict for each in self.values} <= {*verdicts}


def compare_values(first: Group, again: Group, rtol: float) -> list[ValueVerdict]:
    """Compare the metrics of a group, which count as equal within rtol, and how it ended."""
    found = []
    if (first.state, first.exit_code, first.signal) != (again.state, again.exit_code, again.signal):
        ends = (described(group.state, group.reason) for group in (first, again))
        found.append(ValueVerdict(first.number, STATE, DIFFERENT, *ends))
    for name in dict.fromkeys((*first.metrics, *again.metrics)):
        pair = first.metrics.get(name), again.metrics.get(name)
        found.append(ValueVerdict(first.number, name, _of_numbers(*pair, rtol), *pair))
    return found


def _of_numbers(first: float | None, again: float | None, rtol: float) -> str:
    if first is None or again is None:
        return MISSING
    if repr(float(first)) == repr(float(again)):
        return IDENTICAL
    return EQUAL if are_close(first, again, rtol) else DIFFERENT


def are_close(a: Any, b: Any, rtol: float) -> bool:
    """Return whether two values are equal, or numbers that are equal within rtol."""
    numbers = isinstance(a, int | float) and isinstance(b, int | float)
    if not numbers or isinstance(a, bool) or isinstance(b, bool):
        return type(a) is type(b) and bool(a == b)
    return a == b or (math.isnan(a) and math.isnan(b)) or math.isclose(a, b, rel_tol=rtol, abs_tol=rtol)


def compare_to_list(
    listed: Mapping[str, OutputFile],
    again: Mapping[str, OutputFile],
    seen: Sequence[FileVerdict],
    changed: Collection[str],
) -> list[FileVerdict]:
    """Correct the verdicts on the files of a group by the list of what the first run had left.

    `seen` are the verdicts on the files as they are now, `changed` the listed files that are gone or not as they were,
    and `again` the files of the rerun that have such names. What is not in the list came later, and printed text that
    is missing has been removed: neither counts.
    """
    known = {
        verdict.path: verdict if verdict.path in listed or verdict.path in PRINTED else _unlisted(verdict)
        for verdict in seen
        if not (verdict.path in PRINTED and verdict.verdict == MISSING)
    }
    later = {name for name, verdict in known.items() if name not in listed and verdict.detail == NOT_IN_SECOND}
    names = sorted({*known, *changed} - later)
    return [_to_file(name, listed[name], again.get(name)) if name in changed else known[name] for name in names]


def _unlisted(verdict: FileVerdict) -> FileVerdict:
    """Return the verdict on a file that the first run had not left, even if there is one in its directory now."""
    return verdict if verdict.verdict in (MISSING, UNREADABLE) else FileVerdict(verdict.path, MISSING, NOT_IN_FIRST)


def _to_file(name: str, was: OutputFile, now: OutputFile | None) -> FileVerdict:
    if now is None:
        return FileVerdict(name, MISSING, NOT_IN_SECOND)
    if was.size != now.size:
        return FileVerdict(name, DIFFERENT, f"{size(now.size)}, was {size(was.size)}")
    if was.sha256 is None or now.sha256 is None:
        return FileVerdict(name, IDENTICAL, BY_SIZE)
    if was.sha256 == now.sha256:
        return FileVerdict(name, IDENTICAL)
    return FileVerdict(name, DIFFERENT, "its SHA-256 is not the recorded one")


def compare_to_record(path: str, recorded: Outputs, again: Outputs | None) -> FileVerdict:
    """Compare what a group left with what the record of the first run has of it, at the path of its directory."""
    if again is not None and replace(again, by_size=0) == replace(recorded, by_size=0):
        detail = f"{recorded.by_size:,} of them by size only" if recorded.by_size or again.by_size else ""
        return FileVerdict(path, IDENTICAL, detail, recorded.files, is_group=True)
    now = counted(again) if again else "no files"
    before = counted(recorded)
    detail = f"{now}, was {before}" if now != before else f"{now}, with other content"
    return FileVerdict(path, DIFFERENT, detail, recorded.files, is_group=True)


def counted(outputs: Outputs) -> str:
    """Return how many files a group left, and their size: `3 files, 1.2 MB`."""
    return f"{outputs.files:,} file{'' if outputs.files == 1 else 's'}, {size(outputs.bytes)}"
