"""Tables of runs or groups with their parameters and metrics, as text, Markdown, LaTeX, CSV and JSON."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from functools import partial
from itertools import chain
from typing import Any

from qanat.cli.terminal import formats, tables
from qanat.cli.terminal.marks import MARKS
from qanat.cli.terminal.output import brief, listed
from qanat.cli.terminal.tables import Heading
from qanat.domain import times
from qanat.domain.amounts import shown_mib
from qanat.domain.condition import METRIC, PARAMETER
from qanat.domain.facts import Row
from qanat.domain.parameters import ON
from qanat.domain.run import State
from qanat.domain.run_columns import Column
from qanat.domain.statistics import common_decimals
from qanat.domain.varying import spread
from qanat.usecases.runs.experiments import title_of
from qanat.usecases.runs.rows import Table

SAME_MAX = 500
# What narrow terminals leave out first has the highest rank; half a number would be another number.
_RANKS = {"run": 0, "group": 1, "experiment": 2, "state": 3}
_LAST_RANK = 10_000
_MIDDLE_RANK = 10
_CUT = {"experiment", "tag", "description", "author"}
KEYS = {"date": "created", "tag": "tags"}
_SEVERAL = frozenset({"tag", "host", "run.data"})


def as_text(table: Table, width: int | None) -> str:
    """Return the table for a terminal, with the columns that fit its width."""
    columns = table.usual
    headings = [replace(_heading(c, place), stays=c in table.named) for place, c in enumerate(columns)]
    marked = {"state": lambda text: f"{MARKS[State(text)]} {text}"}
    fitted = tables.fit(headings, _cells(table, columns, marked), width)
    same = listed([f"{column.heading} {_parameters(column.values(table.rows[0]))}" for column in table.shared])
    notes = [f"{fitted.note}; --csv has everything"] if fitted.note else []
    notes += [f"the same in all rows: {brief(same, SAME_MAX)}"] if same else []
    return "\n".join([*fitted.lines, *notes])


def as_markdown(table: Table) -> str:
    """Return the table in Markdown."""
    return formats.markdown_table(*_page(table))


def as_latex(table: Table) -> str:
    """Return the table for LaTeX."""
    return formats.latex_table(*_page(table))


def _page(table: Table) -> tuple[list[str], list[list[str]]]:
    """Return headings and rows, without columns that have nothing in any row, unless they were named."""
    cells = _cells(table, table.short, aligned=True)
    kept = [place for place, c in enumerate(table.short) if c in table.named or any(row[place] for row in cells)]
    return [_title(table, table.short[place]) for place in kept], [[row[place] for place in kept] for row in cells]


def _title(table: Table, column: Column) -> str:
    """Return the heading for a paper: a metric's title, if its experiment has one."""
    return (title_of(column.names[0], table.titles) if column.kind == METRIC else "") or column.heading


def _heading(column: Column, place: int) -> Heading:
    if column.kind:
        return Heading(column.heading, _MIDDLE_RANK + place, 0 if column.kind == METRIC else tables.NARROWEST)
    rank = _RANKS.get(column.names[0], _LAST_RANK + place)
    return Heading(column.heading, rank, tables.NARROWEST if column.names[0] in _CUT else 0)


def _cells(
    table: Table,
    columns: Sequence[Column],
    marked: Mapping[str, Callable[[str], str]] | None = None,
    *,
    aligned: bool = False,
) -> list[list[str]]:
    """Return the rows of a table; with `aligned`, the numbers of a metric have the same number of decimals."""
    counts = Counter(number for number, _ in {(row.run.number, row.run.uid) for row in table.rows})
    writers = [_writer(column, counts, marked or {}) for column in columns]
    for place, column in enumerate(columns if aligned else ()):
        if column.kind == METRIC:
            decimals = common_decimals(value for row in table.rows for value in column.values(row))
            writers[place] = partial(_aligned, column, decimals)
    return [[write(row) for write in writers] for row in table.rows]


def _aligned(column: Column, decimals: int | None, row: Row) -> str:
    return _numbers(column.values(row), decimals)


def _writer(
    column: Column, counts: Mapping[int, int], marked: Mapping[str, Callable[[str], str]]
) -> Callable[[Row], str]:
    """Return what writes the cells of a column."""
    name = column.names[0]
    if column.kind == METRIC:
        return lambda row: _numbers(column.values(row))
    if column.kind == PARAMETER:
        return lambda row: _parameters(column.values(row))
    if column.heading == "run":
        return lambda row: str(row.run.number) if counts[row.run.number] == 1 else row.run.id
    if name in ("duration", "used.cpu_time"):
        return lambda row: times.duration(next(iter(column.values(row)), None))
    if name in ("used.memory", "used.gpu_memory"):
        return lambda row: "".join(map(shown_mib, column.values(row)))
    if name in ("date", "started", "ended"):
        return lambda row: times.local(next(iter(column.values(row)), None))
    if name == "commit":
        return lambda row: row.run.commit[:10]
    mark = marked.get(name, str)
    return lambda row: ", ".join(mark(str(value)) for value in column.values(row))


def _numbers(values: Sequence[float], decimals: int | None = None) -> str:
    """Return the only number, or the least and the greatest: `0.71…0.93`, with `nan` after them if there is one."""
    form = ".6g" if decimals is None else f".{decimals}f"
    known = [value for value in values if not math.isnan(value)]
    texts = [f"{value:{form}}" for value in (min(known), max(known))] if known else []
    span = "…".join(dict.fromkeys(texts))
    return ", ".join([*([span] if span else []), *(["nan"] if len(known) < len(values) else [])])


def _parameters(values: Sequence[str]) -> str:
    return spread([value or ON for value in values])


# ---- for programs


def as_csv(table: Table) -> str:
    """Return every column as CSV; a metric of which a run has several values has its least and its greatest.

    It also has the number of groups with NaN if there are any, which are neither.
    """
    columns = table.every
    endings = {column: _endings(column, table.rows) for column in columns}
    headings = [f"{column.heading}{ending}" for column in columns for ending in endings[column]]
    rows = ([cell for c in columns for cell in _plain(c, row, endings[c])] for row in table.rows)
    return formats.csv_text(headings, rows)


def _endings(column: Column, rows: Sequence[Row]) -> Sequence[str]:
    """Return what the headings of a column's cells end with."""
    values = [column.values(row) for row in rows] if column.kind == METRIC else []
    if all(len(several) <= 1 for several in values):
        return ("",)
    return (".min", ".max", *([".nan"] if any(map(math.isnan, chain.from_iterable(values))) else []))


def _plain(column: Column, row: Row, endings: Sequence[str]) -> Iterator[object]:
    values = column.values(row)
    if len(endings) > 1:
        known = [value for value in values if not math.isnan(value)]
        found = known or list(values)
        yield from (min(found), max(found), len(values) - len(known))[: len(endings)] if found else [""] * len(endings)
    elif column.kind == METRIC:
        yield from values or ("",)
    else:
        texts = [(value or ON) if column.kind == PARAMETER else str(value) for value in values]
        yield " ".join(texts)


def as_mappings(table: Table) -> Iterator[dict[str, Any]]:
    """Yield rows as plain values for JSON; parameters and metrics of runs are lists, since their groups may differ."""
    return (_mapping(table, row) for row in table.rows)


def _mapping(table: Table, row: Row) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for column in table.every:
        values = column.values(row)
        if column.kind == METRIC:
            _put(found, "metrics", column.names[0], values, is_list=not table.by_group)
        elif column.kind == PARAMETER:
            flags = [value or True for value in values]
            _put(found, "parameters", column.heading.removeprefix(PARAMETER), flags, is_list=not table.by_group)
        else:
            key = KEYS.get(column.heading, column.heading)
            found[key] = list(values) if column.names[0] in _SEVERAL else next(iter(values), None)
    return found


def _put(found: dict[str, Any], key: str, name: str, values: Sequence[Any], *, is_list: bool) -> None:
    inner = found.setdefault(key, {})
    if values:
        inner[name] = list(values) if is_list else values[0]
