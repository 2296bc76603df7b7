"""Converting what a run's data were between rows of its record and values of the domain."""

from __future__ import annotations

from typing import Any

from qanat.domain.data import DataState
from qanat.records.record_reader import Reader


def to_row(state: DataState) -> dict[str, Any]:
    """Return a state as a row of the record, without what is unknown."""
    row = {
        "name": state.name,
        "input": state.is_input or None,
        "track": state.track,
        "id": state.id or None,
        "changed": state.changed or None,
        "files": state.files,
        "links": state.links or None,
        "bytes": state.bytes,
        "newest": state.newest,
        "problem": state.problem or None,
    }
    return {key: value for key, value in row.items() if value is not None}


def from_row(content: Any, source: str, place: int) -> DataState:
    """Return the state that a row of the record describes. Raises InputInvalid naming the key that is wrong."""
    row = Reader(content, source, f"data.{place}.")
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
