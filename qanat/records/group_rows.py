"""Converting groups between rows of records (YAML mappings) and values of the domain."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

from qanat.domain.attempts import AttemptState, Earlier
from qanat.domain.measured import CurveSummary, Point
from qanat.domain.outputs import Outputs
from qanat.domain.run import Group, State
from qanat.domain.shortening import quoted
from qanat.domain.used import Used
from qanat.errors import InputInvalid
from qanat.records.record_reader import Reader

STATES = frozenset(state.value for state in State)
_ENDS = frozenset(state.value for state in AttemptState)


def present(**values: Any) -> dict[str, Any]:
    """Return the keys of a row that have a value."""
    return {key: value for key, value in values.items() if value is not None}


def to_row(group: Group) -> dict[str, Any]:
    """Return the row of a group, in the record's order."""
    row: dict[str, Any] = {"group": group.number, "args": group.args}
    row |= present(job=group.job)
    row["state"] = group.state.value
    row |= present(
        exit_code=group.exit_code,
        signal=group.signal,
        reason=group.reason or None,
        started=group.started,
        ended=group.ended,
        host=group.host,
        machine=group.machine,
        attempt=group.attempt if group.attempt > 1 else None,
        earlier=earlier_rows(group) or None,
        source=group.source,
        used=group.used.to_mapping() if group.used else None,
    )
    outputs = _outputs_row(group.outputs) if group.outputs else None
    return row | group.measured.to_mapping() | present(outputs=outputs, key=group.key)


def _outputs_row(outputs: Outputs) -> dict[str, Any]:
    row: dict[str, Any] = {"files": outputs.files, "bytes": outputs.bytes, "digest": outputs.digest}
    return row | present(by_size=outputs.by_size or None)


def from_row(content: Any, source: str, place: int) -> Group:
    """Return the group that a row describes; `place` is its place in the record, for messages. Raises InputInvalid."""
    row = Reader(content, source, f"groups.{place}.")
    state = row.text("state")
    if state not in STATES:
        raise InputInvalid(f"{source}: groups.{place}.state: {quoted(state)} is not a state")
    return Group(
        number=row.take("group", int),
        args=row.texts("args"),
        state=State(state),
        job=row.optional("job", str),
        exit_code=row.optional("exit_code", int),
        signal=row.optional("signal", int),
        reason=row.optional("reason", str) or "",
        started=row.optional_timestamp("started"),
        ended=row.optional_timestamp("ended"),
        host=row.optional("host", str),
        machine=row.hash("machine"),
        attempt=row.optional("attempt", int) or 1,
        earlier=_earlier(row),
        source=row.optional("source", str),
        used=_used(row),
        metrics=row.numbers("metrics"),
        curves=_curves(row),
        curve_files=row.text_map("curve_files") if row.has("curve_files") else {},
        outputs=_outputs(row.inner("outputs")) if row.has("outputs") else None,
        key=row.optional("key", str),
    )


def earlier_rows(group: Group) -> list[dict[str, Any]]:
    """Return the rows of a group's earlier attempts."""
    return [_earlier_row(end) for end in group.earlier]


def earlier_from(content: Any, source: str) -> tuple[Earlier, ...]:
    """Return the earlier attempts in the row of a group. Raises InputInvalid."""
    return _earlier(Reader(content, source, ""))


def _earlier_row(end: Earlier) -> dict[str, Any]:
    return {"attempt": end.attempt, "state": end.state.value} | present(
        exit_code=end.exit_code,
        signal=end.signal,
        reason=end.reason or None,
        started=end.started,
        ended=end.ended,
        host=end.host,
        options=dict(end.options) or None,
        used=end.used.to_mapping() if end.used else None,
    )


def _earlier(row: Reader) -> tuple[Earlier, ...]:
    ends = tuple(_earlier_end(each) for each in row.rows("earlier"))
    numbers = [0, *(end.attempt for end in ends), row.optional("attempt", int) or 1]
    if any(one >= other for one, other in pairwise(numbers)):
        raise row.wrong("earlier", "does not list attempts before this one, in their order")
    return ends


def _earlier_end(row: Reader) -> Earlier:
    state = row.text("state")
    if state not in _ENDS:
        raise row.wrong("state", f"{quoted(state)} is not how an attempt ends")
    return Earlier(
        attempt=row.take("attempt", int),
        state=AttemptState(state),
        exit_code=row.optional("exit_code", int),
        signal=row.optional("signal", int),
        reason=row.optional("reason", str) or "",
        started=row.optional_timestamp("started"),
        ended=row.optional_timestamp("ended"),
        host=row.optional("host", str),
        options=row.optional("options", dict) or {},
        used=_used(row),
    )


def _used(row: Reader) -> Used | None:
    if not row.has("used"):
        return None
    used = row.inner("used")
    return Used(
        cpu_s=used.optional_number("cpu_s"),
        memory_mib=used.optional("memory_mib", int),
        gpu_memory_mib=used.optional("gpu_memory_mib", int),
        gpu_percent=used.optional("gpu_percent", int),
    )


def _outputs(row: Reader) -> Outputs:
    return Outputs(
        files=row.take("files", int),
        bytes=row.take("bytes", int),
        digest=row.text("digest"),
        by_size=row.optional("by_size", int) or 0,
    )


def _curves(row: Reader) -> dict[str, CurveSummary]:
    names = row.optional("curves", dict)
    curves = row.inner("curves") if names else None
    return {name: _curve(curves.inner(name)) for name in names} if names and curves else {}


def _curve(row: Reader) -> CurveSummary:
    return CurveSummary(_point(row, "last"), _point(row, "min"), _point(row, "max"), row.take("count", int))


def _point(row: Reader, key: str) -> Point:
    pair = row.take(key, list)
    if len(pair) != 2 or any(type(number) not in (int, float) for number in pair):
        raise row.wrong(key, "is not a value and its step")
    return Point(*pair)
