"""Reading what the data of a run were from the rows of its record; DataState.as_mapping() writes them."""

from __future__ import annotations

from typing import Any

from qanat.domain.data import DataState
from qanat.records.record_reader import Reader


def read(rows: list[Any] | None, source: str, key: str) -> tuple[DataState, ...]:
    """Return the states that rows under a key describe. Raises InputInvalid naming the key that is wrong."""
    return tuple(_state(Reader(row, source, f"{key}.{place}.")) for place, row in enumerate(rows or ()))


def _state(row: Reader) -> DataState:
    return DataState(
        name=row.path("name"),
        track=row.text("track"),
        files=row.optional("files", int),
        links=row.optional("links", int) or 0,
        bytes=row.optional("bytes", int),
        newest=row.optional_timestamp("newest"),
        id=row.optional("id", str) or "",
        changed=row.optional("changed", bool) or False,
        problem=row.optional("problem", str) or "",
        is_input=row.optional("input", bool) or False,
    )
