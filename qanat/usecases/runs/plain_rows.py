"""Rows of runs or groups for programs, as CSV and as plain values for JSON."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from itertools import chain
from typing import Any

from qanat.domain.condition import METRIC, PARAMETER
from qanat.domain.facts import Row
from qanat.domain.formats import csv_text
from qanat.domain.parameters import ON
from qanat.domain.run_columns import Column
from qanat.usecases.runs.rows import Table

KEYS = {"date": "created", "tag": "tags"}
_SEVERAL = frozenset({"tag", "host", "run.data"})


def as_csv(table: Table) -> str:
    """Return every column as CSV; a metric of which a run has several values has its least and its greatest.

    It also has the number of groups with NaN if there are any, which are neither.
    """
    columns = table.every
    endings = {column: _endings(column, table.rows) for column in columns}
    headings = [f"{column.heading}{ending}" for column in columns for ending in endings[column]]
    rows = ([cell for c in columns for cell in _plain(c, row, endings[c])] for row in table.rows)
    return csv_text(headings, rows)


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
