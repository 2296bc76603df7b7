"""Tables of runs that were exported from Weights & Biases: from its page as CSV, or with its public API.

A CSV file with the column `_step` is the history of a run, all others are tables with a row for each run. In tables,
the columns `config` and `summary` have mappings, and `config.x` and `summary.x` single values, as does JSON. Of other
columns nobody knows which they are: those of numbers are metrics, and those of texts are parameters.
"""

from __future__ import annotations

import ast
import csv
import io
import json
import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import partial
from pathlib import Path, PurePosixPath
from typing import Any

from qanat.domain import metrics
from qanat.domain.run import State
from qanat.domain.series_rows import Row
from qanat.errors import InputInvalid
from qanat.imports import reading, values
from qanat.imports.stored import Listed, StoredGroup, StoredRun, no_rows
from qanat.system import below

STEP = "_step"
_NAMED_MAX = 20
_CELL_MAX = 2**20
_STATES = {
    "finished": State.FINISHED,
    "failed": State.FAILED,
    "crashed": State.FAILED,
    "killed": State.CANCELLED,
}
# What a table calls what is known of a run, in small letters and without underscores.
_ABOUT = {
    "id": "id",
    "name": "name",
    "displayname": "name",
    "state": "state",
    "notes": "notes",
    "user": "author",
    "username": "author",
    "tags": "tags",
    "created": "created",
    "createdat": "created",
    "runtime": "runtime",
    "hostname": "host",
    "host": "host",
    "project": "project",
    "group": "group",
    "commit": "commit",
}
_LEFT_OUT = frozenset(["", "sweep", "url", "path", "entity", "endtime", "heartbeatat", "updated", "jobtype"])


def runs(folder: Path, names: Sequence[str], problems: list[str]) -> Iterator[Listed]:
    """Yield the runs of tables; histories belong to the runs whose id or name is that of their file."""
    histories: dict[str, str] = {}
    tables: list[tuple[str, list[dict[str, Any]]]] = []
    for name in names:
        try:
            if name.endswith(".csv") and STEP in _header(folder, name):
                histories[PurePosixPath(name).stem] = name
            else:
                tables.append((name, _rows_of(folder, name, problems)))
        except InputInvalid as error:
            problems.append(error.message)
    for name, rows in tables:
        for number, row in enumerate(rows, 1):
            about, content = _parts(row)
            run_id = values.text(about.get("id")) or values.text(about.get("name")) or f"{name}:{number}"
            known = [histories.pop(key, "") for key in (run_id, values.text(about.get("name")))]
            history = partial(_history, folder, next(filter(None, known))) if any(known) else no_rows
            yield Listed(run_id, partial(_read, run_id, about, content, history))
    for stem, name in histories.items():
        yield Listed(values.text(stem), partial(_read, stem, {"name": stem}, {}, partial(_history, folder, name)))


def _read(run_id: str, about: Mapping[str, Any], content: Mapping[str, Any], history: Any) -> StoredRun:
    created, took = values.utc_seconds(about.get("created")), _number(about.get("runtime"))
    config, summary = _mapping(content.get("config")), _mapping(content.get("summary"))
    for name, value in content.items():
        place, _, inner = name.partition(".")
        if place in ("config", "summary"):
            (config if place == "config" else summary).update({inner: value} if inner else {})
        elif name != "history":
            (summary if metrics.is_number(value) else config)[name] = value
    known = content.get("history")
    group = StoredGroup(
        parameters={name: value for name, value in config.items() if _is_own(name, value)},
        metrics=values.numbers({name: value for name, value in summary.items() if _is_own(name, value)}),
        state=_STATES.get(values.text(about.get("state")).lower()),
        started=created,
        ended=None if created is None or took is None else created + took,
        host=values.text(about.get("host")),
        curves=partial(_numbers_of, known) if isinstance(known, list) else history,
    )
    tags = about.get("tags") or ()
    return StoredRun(
        id=run_id,
        experiment=values.text(about.get("project")) or "wandb",
        groups=(group,),
        description=values.text(about.get("name")),
        notes=values.text(about.get("notes"), values.NOTES_MAX),
        tags=tags.split(",") if isinstance(tags, str) else tags if isinstance(tags, list) else (),
        author=values.text(about.get("author")),
        commit=values.commit(about.get("commit")),
    )


def _parts(row: Mapping[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return what a row says about a run, and the rest."""
    about: dict[str, Any] = {}
    content: dict[str, Any] = {}
    for name, value in row.items():
        plain = name.strip().lower().replace("_", "").replace(" ", "")
        if plain in _ABOUT:
            about[_ABOUT[plain]] = value
        elif plain == "summarymetrics":
            content["summary"] = value
        elif plain not in _LEFT_OUT and value not in ("", None):
            content[name] = value
    return about, content


def _is_own(name: str, value: Any) -> bool:
    return not name.startswith("_") and value is not None


def _rows_of(folder: Path, name: str, problems: list[str]) -> list[dict[str, Any]]:
    """Return the rows of a table; one that is none becomes a problem. Raises InputInvalid, also without any."""
    if name.endswith(".json"):
        found = reading.load_json(folder, name, reading.NUMBERS_BYTES_MAX)
        rows = found.get("runs", [found]) if isinstance(found, dict) else found
        if not isinstance(rows, list):
            raise InputInvalid(f"{reading.named(folder, name)} is not a list of runs")
        others = [number for number, row in enumerate(rows, 1) if not isinstance(row, dict)]
        problems += [f"{reading.named(folder, name)}: item {number} is not a run" for number in others[:_NAMED_MAX]]
        if len(others) > _NAMED_MAX:
            problems.append(f"{reading.named(folder, name)}: {len(others) - _NAMED_MAX:,} more items are not runs")
        rows = [row for row in rows if isinstance(row, dict)]
    else:
        rows = [{key: _cell(key, value) for key, value in row.items() if key} for row in _csv(folder, name)]
        others = []
    if not rows and not others:
        raise InputInvalid(f"{reading.named(folder, name)} has no runs")
    return rows


def _cell(name: str, text: str | None) -> Any:
    """Return the value of a cell: a number if it is one, a mapping or a list if it is written as such."""
    text = text or ""
    if text[:1] in ("{", "[") and len(text) <= _CELL_MAX:
        for parse in (json.loads, ast.literal_eval):
            try:
                return parse(text)
            except (ValueError, SyntaxError, RecursionError, MemoryError):
                continue
    number = None if name.strip().lower() in _ABOUT and name.strip().lower() != "runtime" else _number(text)
    return text if number is None else number


def _number(value: Any) -> float | None:
    if metrics.is_number(value):
        return float(value) if math.isfinite(value) else None
    try:
        return int(value) if str(value).lstrip("-").isdecimal() else float(value)
    except (TypeError, ValueError):
        return None


def _header(folder: Path, name: str) -> list[str]:
    for row in _opened(folder, name):
        return [*row]
    return []


def _csv(folder: Path, name: str) -> Iterator[dict[str, Any]]:
    return (row for row in _opened(folder, name))


def _opened(folder: Path, name: str) -> Iterator[dict[str, Any]]:
    """Yield the rows of a CSV file. Raises InputInvalid."""
    try:
        with below.open_file(folder, name) as file:
            text = io.TextIOWrapper(file, "utf-8-sig", newline="")
            yield from csv.DictReader(text, strict=True)
    except (OSError, csv.Error, UnicodeDecodeError) as error:
        raise InputInvalid(f"{reading.named(folder, name)} cannot be read as CSV: {error}") from None


def _history(folder: Path, name: str) -> Iterator[Row]:
    return _numbers_of({key: _number(value) for key, value in row.items() if key} for row in _csv(folder, name))


def _numbers_of(rows: Iterable[Any]) -> Iterator[Row]:
    for place, row in enumerate(rows):
        if not isinstance(row, dict):
            continue
        step = row.get(STEP, place)
        found = values.numbers({name: value for name, value in row.items() if _is_own(name, value)})
        if found and metrics.is_number(step) and math.isfinite(step):
            yield Row(step, found)


def _mapping(value: Any) -> dict[str, Any]:
    return dict(value) if isinstance(value, dict) else {}
