"""Journals of local runs in flight: who watches the run, and which group began and ended when.

One file for each run in the repository's private folder, one JSON object per line, only ever appended to;
so a run of a thousand groups costs a thousand lines, and a killed qanat leaves all that it knew. A line
that was cut short by the kill is passed over. An empty file beside it asks the watcher to cancel the run:
a signal would end the whole program that the watcher may be a part of.
"""

from __future__ import annotations

import contextlib
import json
import os
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from io import FileIO
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from qanat.domain.job import JobHandle, JobStatus
from qanat.domain.run import State
from qanat.errors import UsageError, write_failed

FOLDER = "inflight"
FIRST_LINE_S = 10.0


@dataclass(frozen=True, slots=True)
class Watcher:
    """The process that watches a run, and the record that it is about (path from the root of its work tree)."""

    run_id: str
    root: str
    record: str
    host: str
    pid: int
    process_start: str


@dataclass(frozen=True, slots=True)
class Flight:
    """What a journal says: the watcher, the handles of started groups with their moments, and known ends."""

    file: Path
    watcher: Watcher
    started: dict[int, tuple[JobHandle, str]] = field(default_factory=dict)
    ended: dict[int, JobStatus] = field(default_factory=dict)


class Journal:
    """A journal being written; removed when the run is recorded."""

    def __init__(self, private: Path, watcher: Watcher) -> None:
        self.path = private / FOLDER / f"{watcher.run_id}.jsonl"
        self._cancel = _cancel_file(self.path)
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            if _says_nothing(self.path):
                self.path.unlink(missing_ok=True)
            self._file = _created(self.path, watcher)
            self._cancel.unlink(missing_ok=True)  # left by an attempt whose watcher was killed
        except OSError as error:
            raise write_failed(self.path, error) from None
        self._write({slot: getattr(watcher, slot) for slot in Watcher.__slots__})

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._file.close()

    def started(self, handle: JobHandle, moment: str) -> None:
        """Note that a group has begun."""
        details = dict(handle.details)
        self._write(
            {
                "group": handle.group,
                "intent": handle.intent,
                "job": handle.job,
                "details": details,
                "started": moment,
            }
        )

    def ended(self, group: int, status: JobStatus) -> None:
        """Note how a group ended."""
        known = {slot: getattr(status, slot) for slot in JobStatus.__slots__}
        self._write({"group": group, "end": {k: v for k, v in known.items() if v is not None}})

    @property
    def is_cancelled(self) -> bool:
        """Whether somebody has asked for the run to be cancelled."""
        return os.path.exists(self._cancel)  # noqa: PTH110  # twenty times a second

    def remove(self) -> None:
        """Forget the run: its record says everything now."""
        self._cancel.unlink(missing_ok=True)
        self.path.unlink(missing_ok=True)

    def _write(self, line: dict[str, Any]) -> None:
        try:
            os.write(self._file.fileno(), json.dumps(line).encode() + b"\n")
        except OSError as error:
            raise write_failed(self.path, error) from None


def _created(path: Path, watcher: Watcher) -> FileIO:
    try:
        return path.open("xb", buffering=0)
    except FileExistsError:
        raise UsageError(
            f"run {watcher.run_id} is being started by another qanat",
            hint=f"see how it is doing: qanat show {watcher.run_id}",
        ) from None


def all_flights(private: Path) -> list[Flight]:
    """Read every journal of a repository; one whose first line is not whole is left out, and removed in time."""
    try:
        names = sorted(os.listdir(private / FOLDER))  # noqa: PTH208  # three times as fast as Path.iterdir
    except (FileNotFoundError, NotADirectoryError):
        return []
    paths = [private / FOLDER / name for name in names if name.endswith(".jsonl")]
    found = [f for path in paths if (f := read(path))]
    for path in paths if len(found) < len(paths) else ():
        if _says_nothing(path):
            path.unlink(missing_ok=True)
    return found


def read(path: Path) -> Flight | None:
    """Read one journal; None when it is gone or has no whole first line."""
    try:
        lines = list(_lines(path.read_bytes()))
        flight = Flight(path, Watcher(**lines[0]))
    except (OSError, IndexError, TypeError):
        return None
    for line in lines[1:]:
        with contextlib.suppress(KeyError, TypeError, ValueError):
            _take(flight, line)
    return flight


def forget(flight: Flight) -> None:
    """Remove a journal, unless another command has begun one of the same run meanwhile."""
    now = read(flight.file)
    if now is None or now.watcher == flight.watcher:
        _cancel_file(flight.file).unlink(missing_ok=True)
        flight.file.unlink(missing_ok=True)


def ask_to_cancel(flight: Flight) -> None:
    """Ask the watcher of a run to cancel it. Raises WriteFailed."""
    path = _cancel_file(flight.file)
    try:
        path.touch()
    except OSError as error:
        raise write_failed(path, error) from None


def _cancel_file(journal: Path) -> Path:
    return journal.with_suffix(".cancel")


def _says_nothing(path: Path) -> bool:
    """Tell whether a journal has no whole first line and, being older than a moment, will never get one."""
    try:
        return time.time() - path.stat().st_mtime > FIRST_LINE_S and read(path) is None
    except OSError:
        return False


def _take(flight: Flight, line: dict[str, Any]) -> None:
    """Note what a line says; any of three errors when it is not a line of ours."""
    group = line["group"]
    if "end" in line:
        flight.ended[group] = JobStatus(**{**line["end"], "state": State(line["end"]["state"])})
    else:
        handle = JobHandle(line["intent"], group, line["job"], line["details"])
        flight.started[group] = (handle, line["started"])


def _lines(data: bytes) -> Iterator[dict[str, Any]]:
    for line in data.splitlines():
        try:
            yield json.loads(line)
        except ValueError:
            continue
