"""What a storage directory of the first qanat tells of how its groups went.

Only plain files are read, and of large ones only the end.
"""

from __future__ import annotations

import os
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
    """How a group ended, and when, in the time of the machine that wrote it; None: that is not told."""

    state: State
    exit_code: int | None = None
    signal: int | None = None
    reason: str = ""
    moment: str | None = None


def read_info(folder: Path) -> dict[str, Any]:
    """Read `info.yaml` of a run; empty when there is none. Raises InputInvalid for one that cannot be read."""
    return _mapping(folder / storage.INFO)


def read_parameters(folder: Path) -> dict[str, Any] | None:
    """Give the parameters that `group_info.yaml` of a group has; None when it has none that can be read."""
    try:
        found = _mapping(folder / storage.GROUP_INFO).get("parameters")
    except InputInvalid:
        return None
    return found if isinstance(found, dict) else None


def logged_end(folder: Path) -> End | None:
    """Give the end that the log of a group's HTCondor job tells of; None when it tells of none."""
    log = _tail(folder / "log.txt")
    *_, last = None, *_LOG_END.finditer(log)
    if last is None:
        return None
    *_, moment = None, *_LOG_DATE.findall(log)
    if code := last[1]:
        failed = int(code) != 0
        return End(
            State.FAILED if failed else State.FINISHED,
            exit_code=int(code),
            reason=f"exit code {code}" if failed else "",
            moment=moment,
        )
    if signal := last[2]:
        return End(State.FAILED, signal=int(signal) or None, reason=f"ended by signal {signal}", moment=moment)
    return End(State.CANCELLED, reason="the job was removed", moment=moment)


def apparent_end(folder: Path) -> End | None:
    """Give the end that a group's own output speaks for; None when nothing does."""
    if error := traceback(folder):
        return End(State.FAILED, reason=f"stderr.txt ends with {error}")
    # The script around a program on HTCondor printed this when the program had ended.
    script_ended = files.is_file(folder / "executable.sh") and _tail(folder / "stdout.txt").rstrip().endswith("Done.")
    if script_ended or (files.is_file(folder / storage.PROGRESS) and storage.read_progress(folder) == 1.0):
        return End(State.FINISHED)
    return None


def traceback(folder: Path) -> str:
    """Give the last line of stderr.txt when a Python traceback stands before it; empty otherwise."""
    text = _tail(folder / "stderr.txt").rstrip()
    *before, last = text.split("\n") if text else [""]
    place = max((i for i, line in enumerate(before) if line == _TRACEBACK), default=None)
    # After the traceback's own lines, which are indented, comes the error; anything after that was written later.
    return last if place is not None and all(line[:1] in ("", " ") for line in before[place + 1 :]) else ""


def has_output(folder: Path) -> bool:
    """Tell whether a program was started in a group's directory."""
    return files.is_file(folder / "stdout.txt")


def read_comment(path: Path) -> str:
    """Read a comment; empty when there is none. Raises InputInvalid for one that cannot be read."""
    if path.is_symlink() or not files.is_file(path):
        return ""
    return files.read(path, limit_bytes=COMMENT_BYTES_MAX).decode("utf-8", "replace").strip()


def _mapping(path: Path) -> dict[str, Any]:
    if not files.is_file(path):
        return {}
    content = yaml_io.load(files.read(path, limit_bytes=INFO_BYTES_MAX), str(path))
    return content if isinstance(content, dict) else {}


def _tail(path: Path) -> str:
    if not files.is_file(path):
        return ""
    try:
        with files.open_for_reading(path) as file:
            file.seek(max(0, file.seek(0, os.SEEK_END) - TAIL_BYTES))
            return file.read().decode("utf-8", "replace")
    except OSError:
        return ""
