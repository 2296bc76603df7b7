"""The parts of a report: sections of tables, lists and bars, whose texts mark what comes from files."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeAlias, TypeVar

from qanat.domain.meanings import Sentence, Verbatim

Cell: TypeAlias = Sentence
T = TypeVar("T")


class Best(str):
    """The best value of a column."""

    __slots__ = ()


class Detail(str):
    """A part of a table that a narrow terminal does without, before whole columns are left out."""

    __slots__ = ()


class Link(str):
    """A text of a report that leads to a web page."""

    __slots__ = ("address",)

    address: str

    def __new__(cls, text: str, address: str) -> Link:
        """Return a text with an address, in which nothing acts in Markdown."""
        made = super().__new__(cls, text)
        made.address = address
        return made


class Linked(Link, Verbatim):
    """A text from a file that leads to a web page."""

    __slots__ = ()


@dataclass(frozen=True, slots=True)
class Items:
    """A list of sentences; a `warning` comes before everything else."""

    items: tuple[Sentence, ...]
    warning: bool = False


@dataclass(frozen=True, slots=True)
class Table:
    """Rows under headers; on a terminal, the `flexible` columns (by index) are truncated until a row fits.

    `details` says what its parts of the type Detail are.
    If not all rows fit, the first ones of `order` are kept, which has the rows' positions; without it, the first ones.
    """

    headers: tuple[Cell, ...]
    rows: tuple[tuple[Cell, ...], ...]
    flexible: tuple[int, ...] = ()
    order: tuple[int, ...] = ()
    details: str = ""


@dataclass(frozen=True, slots=True)
class Bar:
    """A value with its label, its deviation, its text, and the earlier value that it is compared with."""

    label: str
    value: float
    deviation: float
    text: str
    before: float | None = None


@dataclass(frozen=True, slots=True)
class Bars:
    """A metric of an experiment over its rows; `better` is the better direction, empty if it is unknown.

    `order` is as for a table.
    """

    experiment: str
    metric: str
    better: str
    bars: tuple[Bar, ...]
    order: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class Section:
    """A part of a report with a title; a `folded` one can be expanded."""

    title: Sentence
    blocks: tuple[Block, ...]
    folded: bool = False


def kept(items: Sequence[T], order: Sequence[int], most: int) -> list[T]:
    """Return at most so many items, in their order: the first ones of `order` or, if that is empty, the first ones."""
    if len(items) <= most or not order:
        return list(items[:most])
    return [items[place] for place in sorted(order[:most])]


Block: TypeAlias = Items | Table | Bars | Section
