"""The log that Weights & Biases writes of a run, `run-<id>.wandb`: records in blocks, as LevelDB logs are made.

The form of the log is read here, and its records by the classes of the package wandb itself.
"""

from __future__ import annotations

import importlib
import json
import math
import struct
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any, BinaryIO

from qanat.domain import metrics
from qanat.domain.series_rows import Row
from qanat.domain.shortening import quoted
from qanat.errors import InputInvalid
from qanat.imports import reading, values
from qanat.system import below
from qanat.usecases import packages

_BEGIN = b":W&B"
_BEGIN_BYTES = 7
_BLOCK_BYTES = 32_768
_HEADER = struct.Struct("<IHB")
_FULL, _FIRST, _LAST = 1, 2, 4
_NAMED_MAX = 5
# Media, such as histograms, are written as nested values, of which this says what they are.
_TYPE = "._type"
_RECORD_BYTES_MAX = 64 * 2**20


def records(root: Path, path: str) -> Iterator[Any]:
    """Yield the records of a log; an end that was not written whole is left out.

    Raises InputInvalid for a file that is damaged or is not a log, PackageMissing without wandb.
    """
    name, record_class = reading.named(root, path), _record_class()
    try:
        with below.open_file(root, path) as file:
            if not file.read(_BEGIN_BYTES).startswith(_BEGIN):
                raise InputInvalid(f"{name} is not a log of Weights & Biases")
            for data in _texts(file, name):
                record = record_class()
                try:
                    record.ParseFromString(data)
                except Exception:  # noqa: BLE001  # protobuf's error has a place that differs between its versions
                    raise InputInvalid(f"{name} is damaged: a record cannot be read") from None
                yield record
    except OSError as error:
        raise InputInvalid(f"{name}: {error}") from None


def _texts(file: BinaryIO, name: str) -> Iterator[bytes]:
    """Yield the bytes of each record, which may be spread over blocks."""
    parts: list[bytes] = []
    place = _BEGIN_BYTES
    while True:
        left = _BLOCK_BYTES - place % _BLOCK_BYTES
        if left < _HEADER.size:
            file.read(left)
            place += left
            continue
        header = file.read(_HEADER.size)
        if len(header) < _HEADER.size:
            return
        _, length, kind = _HEADER.unpack(header)
        data = file.read(length)
        place += _HEADER.size + length
        if len(data) < length or (kind == 0 and length == 0):
            return
        if not _FULL <= kind <= _LAST or length > left - _HEADER.size:
            raise InputInvalid(f"{name} is damaged at byte {place - length:,}")
        parts = [data] if kind in (_FULL, _FIRST) else [*parts, data]
        if sum(map(len, parts)) > _RECORD_BYTES_MAX:
            raise InputInvalid(f"{name} has a record of more than {_RECORD_BYTES_MAX // 2**20} MiB")
        if kind in (_FULL, _LAST):
            yield b"".join(parts)
            parts = []


def _record_class() -> Any:
    try:
        return importlib.import_module("wandb.proto.wandb_internal_pb2").Record
    except ImportError:
        raise packages.missing("logs of Weights & Biases require", "wandb", extra="wandb") from None


def items(updates: Iterable[Any]) -> Iterator[tuple[str, Any]]:
    """Yield names, nested ones joined by a dot, and values of what a record sets."""
    for item in updates:
        name = ".".join(item.nested_key) if item.nested_key else item.key
        try:
            yield name, json.loads(item.value_json) if item.value_json else None
        except (ValueError, RecursionError):
            yield name, item.value_json


def rows(root: Path, path: str, others: dict[str, None]) -> Iterator[Row]:
    """Yield the numbers of the history of a run, a row for each step; names of all else are added to `others`.

    Raises InputInvalid.
    """
    for record in records(root, path):
        if not record.HasField("history"):
            continue
        content = dict(items(record.history.item))
        step = content.get("_step", record.history.step.num)
        own = {name: value for name, value in content.items() if not name.startswith("_")}
        media = {f"{name.removesuffix(_TYPE)}.": None for name in own if name.endswith(_TYPE)}
        plain = {name: value for name, value in own.items() if not name.startswith((*media,))}
        left_out = dict.fromkeys(name for name, value in plain.items() if _is_other(value))
        others.update({name.removesuffix("."): None for name in media} | left_out)
        found = values.numbers({name: value for name, value in plain.items() if name not in left_out})
        if found and metrics.is_number(step) and math.isfinite(step):
            yield Row(step, found)


def _is_other(value: Any) -> bool:
    """Return whether a value of a history has no numbers that count: a text, or media, such as a histogram."""
    is_media = isinstance(value, dict) and "_type" in value
    return value is not None and (is_media or not values.numbers({"value": value}))


def remarks(others: Iterable[str]) -> list[str]:
    """Return a sentence on what a history has beside numbers, if there is anything."""
    names = [*others]
    more = f" and {len(names) - _NAMED_MAX:,} more" if len(names) > _NAMED_MAX else ""
    listed = ", ".join(map(quoted, names[:_NAMED_MAX]))
    return [f"its history is imported without what is not a number: {listed}{more}"] if names else []
