"""The cells of a table of runs or groups as texts, for a terminal or for a paper."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import TypeAlias

from qanat.domain import times
from qanat.domain.amounts import shown_mib
from qanat.domain.condition import METRIC, PARAMETER
from qanat.domain.facts import Row
from qanat.domain.parameters import ON
from qanat.domain.run_columns import Column
from qanat.domain.statistics import common_decimals, span
from qanat.domain.varying import spread
from qanat.usecases.runs.experiments import title_of
from qanat.usecases.runs.rows import Table

Clock: TypeAlias = Callable[[str | None], str]
TIMES = ("date", "started", "ended")


def page(table: Table, clock: Clock = times.local) -> tuple[list[str], list[list[str]]]:
    """Return headings and rows, without columns that have nothing in any row, unless they were named.

    The numbers of a metric have the same number of decimals. `clock` writes times.
    """
    found = cells(table.rows, table.short, aligned=True, clock=clock)
    kept = [place for place, c in enumerate(table.short) if c in table.named or any(row[place] for row in found)]
    return [_title(table, table.short[place]) for place in kept], [[row[place] for place in kept] for row in found]


def _title(table: Table, column: Column) -> str:
    """Return the heading for a paper: a metric's title, if its experiment has one."""
    return (title_of(column.names[0], table.titles) if column.kind == METRIC else "") or column.heading


def cells(
    rows: Sequence[Row],
    columns: Sequence[Column],
    marked: Mapping[str, Callable[[str], str]] | None = None,
    *,
    aligned: bool = False,
    clock: Clock = times.local,
) -> list[list[str]]:
    """Return rows as texts; with `aligned`, the numbers of a metric have the same number of decimals."""
    counts = Counter(number for number, _ in {(row.run.number, row.run.uid) for row in rows})
    writers = [_writer(column, counts, marked or {}, clock) for column in columns]
    for place, column in enumerate(columns if aligned else ()):
        if column.kind == METRIC:
            decimals = common_decimals(value for row in rows for value in column.values(row))
            writers[place] = partial(_aligned, column, decimals)
    return [[write(row) for write in writers] for row in rows]


def _aligned(column: Column, decimals: int | None, row: Row) -> str:
    return numbers(column.values(row), ".6g" if decimals is None else f".{decimals}f")


def _writer(
    column: Column, counts: Mapping[int, int], marked: Mapping[str, Callable[[str], str]], clock: Clock
) -> Callable[[Row], str]:
    """Return what writes the cells of a column."""
    name = column.names[0]
    if column.kind == METRIC:
        return lambda row: numbers(column.values(row))
    if column.kind == PARAMETER:
        return lambda row: parameters(column.values(row))
    if column.heading == "run":
        return lambda row: str(row.run.number) if counts[row.run.number] == 1 else row.run.id
    if name in ("duration", "used.cpu_time"):
        return lambda row: times.duration(next(iter(column.values(row)), None))
    if name in ("used.memory", "used.gpu_memory"):
        return lambda row: "".join(map(shown_mib, column.values(row)))
    if name in TIMES:
        return lambda row: clock(next(iter(column.values(row)), None))
    if name == "commit":
        return lambda row: row.run.commit[:10] if row.run.commit.strip("0") else ""
    mark = marked.get(name, str)
    return lambda row: ", ".join(mark(str(value)) for value in column.values(row))


def numbers(values: Sequence[float], form: str = ".6g") -> str:
    """Return the only number, or the least and the greatest, as domain.statistics.span() does."""
    return span(values, lambda value: f"{value:{form}}")


def parameters(values: Sequence[str]) -> str:
    """Return the values of a parameter: `0.1,0.2`, or the least and the greatest of many."""
    return spread([value or ON for value in values])
