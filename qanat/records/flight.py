"""Journals of local runs in flight: who watches a run, and when each group started and ended.

Every run has one file in the repository's private folder, with one JSON object per line, which is only appended
to. So a run of a thousand groups costs a thousand lines, and a killed qanat leaves everything that it knew. A
line that the kill cut short is ignored. An empty file beside it asks the watcher to cancel the run, and one with
numbers to cancel these groups: a signal would end the whole program that the watcher may be part of.
"""

from __future__ import annotations

import contextlib
import errno
import json
import os
import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from io import FileIO
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from qanat.domain.attempts import Earlier
from qanat.domain.job import JobHandle, JobStatus
from qanat.domain.measured import Measured
from qanat.domain.run import Group, Run, State
from qanat.domain.sharing import UNSHARED, Sharing
from qanat.domain.used import Used
from qanat.errors import InputInvalid, UsageError, WriteFailed, write_failed
from qanat.records import group_rows
from qanat.system import files

FOLDER = "inflight"
FIRST_LINE_S = 10.0


@dataclass(frozen=True, slots=True)
class Watcher:
    """The process that watches a run, and the run's record (its path relative to the root of its working tree).

    `user` is the number of the user who started it; None in journals of earlier versions.
    """

    run_id: str
    root: str
    record: str
    host: str
    pid: int
    process_start: str
    user: int | None = None


@dataclass(frozen=True, slots=True)
class Flight:
    """The content of a journal: the watcher, handles and start times of started groups, and known ends.

    What a group that has ended measured may be missing. `again` are groups that were started again, each with its
    attempt, how the earlier ones ended, and in what this one differs; what was known of these is not in the others.
    """

    file: Path
    watcher: Watcher
    started: dict[int, tuple[JobHandle, str]] = field(default_factory=dict)
    ended: dict[int, JobStatus] = field(default_factory=dict)
    measured: dict[int, Measured] = field(default_factory=dict)
    again: dict[int, tuple[int, tuple[Earlier, ...], str]] = field(default_factory=dict)


class Journal:
    """A journal being written; it is removed once the run is recorded."""

    def __init__(self, private: Path, watcher: Watcher, sharing: Sharing = UNSHARED) -> None:
        self.path = private / FOLDER / f"{watcher.run_id}.jsonl"
        self._cancel, self._groups = _cancel_file(self.path), _groups_file(self.path)
        self._groups_read = 0
        self._is_torn = False  # whether the disk took only a part of the last line
        try:
            files.make_folder(self.path.parent, sharing)
            if _is_stale(self.path):
                self.path.unlink(missing_ok=True)
            self._file = _created(self.path, watcher)
            files.share(self.path, sharing)
            for left in (self._cancel, self._groups):  # by an attempt whose watcher was killed
                left.unlink(missing_ok=True)
        except OSError as error:
            raise write_failed(self.path, error) from None
        try:
            self._write({slot: getattr(watcher, slot) for slot in Watcher.__slots__})
        except WriteFailed:
            self._file.close()
            self.remove()
            raise

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._file.close()

    def started(self, handle: JobHandle, timestamp: str) -> None:
        """Record that a group has started."""
        details = dict(handle.details)
        self._note(
            {
                "group": handle.group,
                "intent": handle.intent,
                "job": handle.job,
                "details": details,
                "started": timestamp,
            }
        )

    def ended(self, group: int, status: JobStatus, measured: Measured) -> None:
        """Record how a group ended, and what it measured."""
        self._note(_ended_line(group, status) | {"metrics": {}} | measured.to_mapping())

    def again(self, group: Group) -> None:
        """Record that a group is about to start again, with how its earlier attempts ended."""
        line = {"group": group.number, "attempt": group.attempt, "earlier": group_rows.earlier_rows(group)}
        self._note(line | ({"reason": group.reason} if group.reason else {}))

    @property
    def is_cancelled(self) -> bool:
        """Whether the run is to be cancelled."""
        return os.path.exists(self._cancel)  # noqa: PTH110  # twenty times a second

    def groups_to_cancel(self) -> set[int]:
        """Return the groups that are to be cancelled and were not returned before."""
        try:
            if os.stat(self._groups).st_size == self._groups_read:  # noqa: PTH116  # twenty times a second
                return set()
            text = self._groups.read_bytes()
        except OSError:
            return set()
        whole = text[: text.rfind(b"\n") + 1]
        new, self._groups_read = whole[self._groups_read :], len(whole)
        return {int(line) for line in new.split() if line.isdigit()}

    def remove(self) -> None:
        """Remove the journal: the run's record has everything now."""
        _remove(self.path)

    def _note(self, line: dict[str, Any]) -> None:
        """Write a line if the disk takes it: without it, a later command looks at completion files and processes."""
        with contextlib.suppress(WriteFailed):
            self._write(line)

    def _write(self, line: dict[str, Any]) -> None:
        data = (b"\n" if self._is_torn else b"") + json.dumps(line).encode() + b"\n"
        try:
            self._is_torn = os.write(self._file.fileno(), data) < len(data)
        except OSError as error:
            self._is_torn = True
            raise write_failed(self.path, error) from None
        if self._is_torn:
            raise write_failed(self.path, OSError(errno.ENOSPC, ""))


def _ended_line(group: int, status: JobStatus) -> dict[str, Any]:
    return {"group": group, "end": _known(status)}


def _known(status: JobStatus) -> dict[str, Any]:
    known = {slot: getattr(status, slot) for slot in JobStatus.__slots__}
    known["used"] = status.used.to_mapping() if status.used else None
    return {key: value for key, value in known.items() if value is not None}


def _status(known: dict[str, Any]) -> JobStatus:
    used = Used(**known["used"]) if "used" in known else None
    return JobStatus(**{**known, "state": State(known["state"]), "used": used})


def _created(path: Path, watcher: Watcher) -> FileIO:
    try:
        return path.open("xb", buffering=0)
    except FileExistsError:
        raise UsageError(
            f"run {watcher.run_id} is being started by another qanat process",
            hint=f"see how it is doing: qanat show {watcher.run_id}",
        ) from None


def all_flights(private: Path) -> list[Flight]:
    """Read every journal of a repository; one with an incomplete first line is skipped, and removed once it is old."""
    try:
        names = sorted(os.listdir(private / FOLDER))  # noqa: PTH208  # three times as fast as Path.iterdir
    except (FileNotFoundError, NotADirectoryError, PermissionError):
        return []
    paths = [private / FOLDER / name for name in names if name.endswith(".jsonl")]
    found = [f for path in paths if (f := read(path))]
    for path in paths if len(found) < len(paths) else ():
        if _is_stale(path):
            _unlink(path)
    return found


def hidden(private: Path) -> set[str]:
    """Return the ids of runs in flight whose journals this user may not read."""
    try:
        with os.scandir(private / FOLDER) as entries:
            names = [entry.name for entry in entries if not os.access(entry.path, os.R_OK)]
    except OSError:
        return set()
    return {name.removesuffix(".jsonl") for name in names if name.endswith(".jsonl")}


def read(path: Path) -> Flight | None:
    """Read one journal; None if it is gone or its first line is incomplete."""
    try:
        lines = list(_lines(path.read_bytes()))
        flight = Flight(path, Watcher(**lines[0]))
    except (OSError, IndexError, TypeError):
        return None
    for line in lines[1:]:
        with contextlib.suppress(KeyError, TypeError, ValueError, InputInvalid):
            _apply_line(flight, line)
    return flight


def with_attempts(run: Run, seen: Flight | None) -> Run:
    """Return the run with the groups that were started again, according to its journal, as they waited for that."""
    again = seen.again.items() if seen else ()
    return run.with_groups(
        {n: replace(run.groups[n].again(earlier, attempt), reason=how) for n, (attempt, earlier, how) in again}
    )


def forget(flight: Flight) -> None:
    """Remove a journal, unless another command has started one for the same run meanwhile."""
    now = read(flight.file)
    if now is None or now.watcher == flight.watcher:
        _remove(flight.file)


def ask_to_cancel(flight: Flight) -> None:
    """Ask the watcher of a run to cancel it. Raises WriteFailed."""
    path = _cancel_file(flight.file)
    try:
        path.touch()
    except OSError as error:
        raise write_failed(path, error) from None


def ask_to_cancel_groups(flight: Flight, groups: Iterable[int]) -> None:
    """Ask the watcher of a run to cancel some of its groups. Raises WriteFailed."""
    _append(_groups_file(flight.file), "".join(f"{group}\n" for group in groups))


def note_ends(flight: Flight, groups: Iterable[int], status: JobStatus) -> None:
    """Note in a journal without a watcher that groups have ended like this. Raises WriteFailed."""
    _append(flight.file, "".join(json.dumps(_ended_line(group, status)) + "\n" for group in groups))


def _append(path: Path, text: str) -> None:
    try:
        with path.open("a") as file:
            file.write(text)
    except OSError as error:
        raise write_failed(path, error) from None


def _cancel_file(journal: Path) -> Path:
    return journal.with_suffix(".cancel")


def _groups_file(journal: Path) -> Path:
    return journal.with_suffix(".groups")


def _remove(journal: Path) -> None:
    """Remove a journal, and the requests beside it."""
    for path in (_cancel_file(journal), _groups_file(journal), journal):
        _unlink(path)


def _unlink(path: Path) -> None:
    """Remove a file; if that is impossible, as on a read-only disk, a later command does."""
    with contextlib.suppress(OSError):
        path.unlink(missing_ok=True)


def _is_stale(path: Path) -> bool:
    """Return whether a journal has no complete first line and is too old to get one."""
    try:
        is_old = time.time() - path.stat().st_mtime > FIRST_LINE_S
        return is_old and read(path) is None and os.access(path, os.R_OK)
    except OSError:
        return False


def _apply_line(flight: Flight, line: dict[str, Any]) -> None:
    """Add a line to a flight.

    Raises KeyError, TypeError, ValueError or InputInvalid if qanat did not write the line.
    """
    group = line["group"]
    if "end" in line:
        flight.ended[group] = _status(line["end"])
        if "metrics" in line:
            flight.measured[group] = Measured.from_mapping(line)
    elif "earlier" in line:
        how = str(line.get("reason", ""))
        flight.again[group] = (line["attempt"], group_rows.earlier_from(line, str(flight.file)), how)
        for known in (flight.started, flight.ended, flight.measured):
            known.pop(group, None)
    else:
        handle = JobHandle(line["intent"], group, line["job"], line["details"])
        flight.started[group] = (handle, line["started"])


def _lines(data: bytes) -> Iterator[dict[str, Any]]:
    for line in data.splitlines():
        try:
            yield json.loads(line)
        except ValueError:
            continue
