"""What the files in a qanat 0.x storage directory say about how its groups went.

Only plain files are read, and only the end of large ones.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from qanat.domain.run import State
from qanat.errors import InputInvalid
from qanat.records import storage, yaml_io
from qanat.system import files

INFO_BYTES_MAX = 16 * 2**20
COMMENT = "comment.md"
COMMENT_BYTES_MAX = 2**20
TAIL_BYTES = 16_384
# The event log of an HTCondor job, in each of its versions: "(1) Normal termination (return value 0)".
_LOG_DATE = re.compile(r"^0(?:05|09) \([0-9.]+\) ([0-9]{4}-[0-9]{2}-[0-9]{2} [0-9:]{8})", re.M)
_LOG_END = re.compile(r"Normal termination \(return value (\d+)\)|Abnormal termination \(signal (\d+)\)|^009 ", re.M)
_TRACEBACK = "Traceback (most recent call last):"


@dataclass(frozen=True, slots=True)
class End:
    """How and when a group ended, in the local time of the machine that wrote it; None: unknown."""

    state: State
    exit_code: int | None = None
    signal: int | None = None
    reason: str = ""
    timestamp: str | None = None


def read_info(folder: Path) -> dict[str, Any]:
    """Read a run's `info.yaml`; empty if there is none. Raises InputInvalid if it cannot be read."""
    return _mapping(folder / storage.INFO)


def read_parameters(folder: Path) -> dict[str, Any] | None:
    """Return a group's parameters from its `group_info.yaml`; None if there are none or they cannot be read."""
    try:
        found = _mapping(folder / storage.GROUP_INFO).get("parameters")
    except InputInvalid:
        return None
    return found if isinstance(found, dict) else None


def logged_end(folder: Path) -> End | None:
    """Return the end according to the log of a group's HTCondor job; None if the log has no end."""
    log = _tail(folder / "log.txt")
    *_, last = None, *_LOG_END.finditer(log)
    if last is None:
        return None
    *_, timestamp = None, *_LOG_DATE.findall(log)
    if code := last[1]:
        failed = int(code) != 0
        return End(
            State.FAILED if failed else State.FINISHED,
            exit_code=int(code),
            reason=f"exit code {code}" if failed else "",
            timestamp=timestamp,
        )
    if signal := last[2]:
        return End(State.FAILED, signal=int(signal) or None, reason=f"ended by signal {signal}", timestamp=timestamp)
    return End(State.CANCELLED, reason="the job was removed", timestamp=timestamp)


def apparent_end(folder: Path) -> End | None:
    """Return the end that a group's own output suggests; None if it suggests none."""
    if error := traceback(folder):
        return End(State.FAILED, reason=f"stderr.txt ends with {error}")
    # On HTCondor, the script around a program printed this after the program had ended.
    script_ended = files.is_file(folder / "executable.sh") and _tail(folder / "stdout.txt").rstrip().endswith("Done.")
    if script_ended or (files.is_file(folder / storage.PROGRESS) and storage.read_progress(folder) == 1.0):
        return End(State.FINISHED)
    return None


def traceback(folder: Path) -> str:
    """Return the last line of stderr.txt if it ends a Python traceback; otherwise an empty text."""
    text = _tail(folder / "stderr.txt").rstrip()
    *before, last = text.split("\n") if text else [""]
    place = max((i for i, line in enumerate(before) if line == _TRACEBACK), default=None)
    # A traceback's own lines are indented, and the error follows them. Anything after that was written later.
    return last if place is not None and all(line[:1] in ("", " ") for line in before[place + 1 :]) else ""


def has_output(folder: Path) -> bool:
    """Return whether a program was started in a group's directory."""
    return files.is_file(folder / "stdout.txt")


def read_comment(path: Path) -> str:
    """Read a comment; empty if there is none. Raises InputInvalid if it cannot be read."""
    if path.is_symlink() or not files.is_file(path):
        return ""
    return files.read(path, limit_bytes=COMMENT_BYTES_MAX).decode("utf-8", "replace").strip()


def _mapping(path: Path) -> dict[str, Any]:
    if not files.is_file(path):
        return {}
    content = yaml_io.load(files.read(path, limit_bytes=INFO_BYTES_MAX), str(path))
    return content if isinstance(content, dict) else {}


def _tail(path: Path) -> str:
    return files.read_end(path, TAIL_BYTES)
