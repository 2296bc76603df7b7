"""References in texts to numbers, tables and figures of runs: what they name, and how that is written.

    reference = run [":" name] | "best(" metric {"," condition} ")" [":" name] | "mean(" metric {"," condition} ")"
    run       = number ["-" uid] ["." group]

A name is that of a metric, a parameter or another column of the tables of runs; of a figure, it is a file. Names with
spaces are in quotes. Reading takes time in proportion to the text.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from functools import lru_cache
from typing import TypeAlias

from qanat.domain.condition import Condition, parse_all
from qanat.domain.shortening import quoted
from qanat.errors import UsageError

LENGTH_MAX = 2_000
# Of a text with so many mistakes, the rest is not read.
BROKEN_MAX = 100
EXAMPLE = "for example: 4:acc, 4.2:lr or best(acc, experiment=train)"
_RUN = re.compile(r"([0-9]{1,9})(?:-([0-9a-f]{6}))?(?:\.([0-9]{1,9}))?\Z")
_PIN = re.compile(r"([0-9]{1,9})-([0-9a-f]{6})(?:\.([0-9]{1,9}))?\Z")


class Kind(StrEnum):
    """What a reference stands for."""

    VALUE = "value"
    RUNS = "runs"
    COMPARE = "compare"
    FIGURE = "figure"


@dataclass(frozen=True, slots=True)
class OfRun:
    """Something of a run, or of one of its groups: `uid` is empty if only the number is known."""

    number: int
    uid: str
    group: int | None
    name: str

    @property
    def run(self) -> str:
        """The run as it was named: 4 or 4-7f3a9c."""
        return f"{self.number}-{self.uid}" if self.uid else str(self.number)


@dataclass(frozen=True, slots=True)
class OfBest:
    """Something of the group with the best value of a metric among those that meet a condition."""

    metric: str
    condition: Condition
    name: str


@dataclass(frozen=True, slots=True)
class OfMean:
    """The mean of a metric over the groups that meet a condition."""

    metric: str
    condition: Condition


@dataclass(frozen=True, slots=True)
class OfRows:
    """The rows of a table that meet a condition."""

    condition: Condition


Target: TypeAlias = OfRun | OfBest | OfMean | OfRows


@dataclass(frozen=True, slots=True)
class Reference:
    """A reference, and where it is in its text.

    `spelled` is what was typed and `key` the same with its options. From `start` to `end` is what would be replaced:
    `shown`, what the text says now, or in LaTeX, which has the values in another file, nothing. `file` is that of a
    figure. `pinned` is what a condition came to when the text was written, if that is noted, and `at_pin` where that
    is, or would be.
    """

    kind: Kind
    target: Target
    options: Mapping[str, str]
    spelled: str
    key: str
    line: int
    column: int
    start: int
    end: int
    shown: str = ""
    file: str = ""
    pinned: str = ""
    at_pin: tuple[int, int] = (0, 0)

    @property
    def target_name(self) -> str:
        """The name of what it is of a run, such as a metric or a file; empty for a mean or a table."""
        return self.target.name if isinstance(self.target, OfRun | OfBest) else ""

    @property
    def chooses(self) -> bool:
        """Whether a condition decides which runs it is about."""
        return isinstance(self.target, OfBest | OfMean)


@dataclass(frozen=True, slots=True)
class Broken:
    """Something that looks like a reference and cannot be read as one."""

    line: int
    column: int
    problem: str
    hint: str = ""


@dataclass(slots=True)
class Scanned:
    """What is in a text, in its order."""

    references: list[Reference] = field(default_factory=list)
    broken: list[Broken] = field(default_factory=list)


@lru_cache(maxsize=4096)
def target(text: str) -> Target:
    """Return what a reference names. Raises UsageError if it cannot be read."""
    text = text.strip()
    for name in ("best", "mean"):
        if text.startswith(f"{name}("):
            return _chosen(name, text)
    run, colon, what = text.partition(":")
    found = _RUN.match(run.strip())
    if not found:
        raise UsageError(f"{quoted(text)} is not a reference", hint=EXAMPLE)
    if not colon or not what.strip():
        raise UsageError(f"{quoted(text)} names nothing of the run", hint=f"for example: {run.strip()}:acc")
    group = None if found[3] is None else int(found[3])
    return OfRun(int(found[1]), found[2] or "", group, unquoted(what))


@lru_cache(maxsize=4096)
def rows(where: str) -> OfRows:
    """Return the rows that a condition means. Raises UsageError if it cannot be read."""
    return OfRows(parse_all([where]))


def _chosen(name: str, text: str) -> Target:
    """Return the best or the mean that a text such as `best(acc, lr<0.01):lr` names."""
    inner, end = "", len(name) + 1
    for place in outside(text, len(name)):
        if text[place] == ")":
            inner, end = text[len(name) + 1 : place], place + 1
            break
    else:
        raise UsageError(f"{quoted(text)}: '(' is not closed", hint=EXAMPLE)
    metric, *conditions = split_outside(inner, ",")
    if not metric.strip():
        raise UsageError(f"{quoted(text)} names no metric", hint=EXAMPLE)
    condition = parse_all(conditions)
    rest = text[end:].strip()
    if name == "mean":
        if rest:
            raise UsageError(f"{quoted(rest)} after the mean means nothing", hint="leave it out")
        return OfMean(unquoted(metric), condition)
    if rest and not rest.startswith(":"):
        raise UsageError(f"{quoted(rest)} after ')' means nothing", hint="for the name of something else: best(acc):lr")
    return OfBest(unquoted(metric), condition, unquoted(rest[1:]) or unquoted(metric))


def outside(text: str, start: int = 0) -> Iterator[int]:
    """Yield the places of a text that are in no quotes and in no parentheses, but for those that close at the start.

    If the text has a parenthesis at the start, what follows is inside, and only the one that closes it is yielded.
    """
    depth, quote, place = 0, "", start
    while place < len(text):
        character = text[place]
        if quote:
            place += character == "\\"
            quote = "" if character == quote else quote
        elif character in "'\"":
            quote = character
        elif character == "(":
            depth += 1
        elif character == ")":
            depth -= 1
            if depth <= 0:
                yield place
        elif depth <= 0:
            yield place
        place += 1


def split_outside(text: str, separator: str) -> list[str]:
    """Split a text at a character that is in no quotes and in no parentheses."""
    parts, before = [], 0
    for place in outside(text):
        if text[place] == separator:
            parts.append(text[before:place])
            before = place + 1
    return [*parts, text[before:]]


def unquoted(text: str) -> str:
    """Return a name without the quotes around it."""
    text = text.strip()
    is_quoted = len(text) > 1 and text[0] in "'\"" and text[-1] == text[0]
    return text[1:-1] if is_quoted else text


def pin(run: str, group: int | None = None) -> str:
    """Return what is noted of a run that a condition chose: 4-7f3a9c, or 4-7f3a9c.2 for one of its groups."""
    return run if group is None else f"{run}.{group}"


def pinned(text: str) -> tuple[str, int | None] | None:
    """Return the id and the group that pin() noted; None for another text."""
    found = _PIN.match(text)
    return found and (f"{found[1]}-{found[2]}", None if found[3] is None else int(found[3]))
