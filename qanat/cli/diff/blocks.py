"""The parts of a report: sections of tables, lists and bars, whose texts mark what comes from files."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeAlias

from qanat.domain.meanings import Sentence

Cell: TypeAlias = Sentence


class Best(str):
    """The best value of a column."""

    __slots__ = ()


@dataclass(frozen=True, slots=True)
class Items:
    """A list of sentences; a `warning` comes before everything else."""

    items: tuple[Sentence, ...]
    warning: bool = False


@dataclass(frozen=True, slots=True)
class Table:
    """Rows under headers; on a terminal, the `flexible` columns (by index) are truncated until a row fits."""

    headers: tuple[Cell, ...]
    rows: tuple[tuple[Cell, ...], ...]
    flexible: tuple[int, ...] = ()


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
    """A metric of an experiment over its rows; `better` is the better direction, empty if it is unknown."""

    experiment: str
    metric: str
    better: str
    bars: tuple[Bar, ...]


@dataclass(frozen=True, slots=True)
class Section:
    """A part of a report with a title; a `folded` one can be expanded."""

    title: Sentence
    blocks: tuple[Block, ...]
    folded: bool = False


Block: TypeAlias = Items | Table | Bars | Section
