"""What a report is made of: sections with tables, lists and bars, whose texts keep apart what comes from files."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeAlias

from qanat.domain.meanings import Sentence

Cell: TypeAlias = Sentence


class Best(str):
    """A text of qanat's own that is the best of its column."""

    __slots__ = ()


@dataclass(frozen=True, slots=True)
class Items:
    """Sentences below each other; `warning` when they come before everything else."""

    items: tuple[Sentence, ...]
    warning: bool = False


@dataclass(frozen=True, slots=True)
class Table:
    """Rows under headers; a terminal cuts the `flexible` columns, by place, until a row fits."""

    headers: tuple[Cell, ...]
    rows: tuple[tuple[Cell, ...], ...]
    flexible: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class Bar:
    """A value with what it is of, its deviation, how it is written, and the value that there was before."""

    label: str
    value: float
    deviation: float
    text: str
    before: float | None = None


@dataclass(frozen=True, slots=True)
class Bars:
    """A metric of an experiment over its rows; `better` is which way is better, empty where nobody says."""

    experiment: str
    metric: str
    better: str
    bars: tuple[Bar, ...]


@dataclass(frozen=True, slots=True)
class Section:
    """A part of a report under a title; `folded` where not everybody wants to read it."""

    title: Sentence
    blocks: tuple[Block, ...]
    folded: bool = False


Block: TypeAlias = Items | Table | Bars | Section
