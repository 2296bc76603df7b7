"""Notes on the runs that this user has launched here and has not been told about yet; see own_notes.py.

There is one file for each run, in the repository's private folder. It is renamed when the user is told about a first
failure and removed when the user is told about the end, before the message is sent. Of several commands that notice the
same at once, only one can do that, so a message is sent at most once.
"""

from __future__ import annotations

import contextlib
import os
import time
from collections.abc import Callable, Collection
from dataclasses import dataclass, replace
from pathlib import Path

from qanat.domain.layout import NOTICES
from qanat.domain.sharing import Sharing
from qanat.domain.spans import format_spans, parse_spans
from qanat.errors import InputInvalid
from qanat.records import own_notes
from qanat.system import files

FOLDER = NOTICES
_FAILED = ".failed"
_PROBLEM = ".problem-"
PROBLEM_MAX = 4_000
SPANS_MAX = 20_000
# When a note whose record is nowhere is forgotten: another branch may have it.
FORGOTTEN_S = 30 * 86_400.0


@dataclass(frozen=True, slots=True)
class Pending:
    """A run that the user has not been told about; `has_failed` says that it is only the end that is still to come."""

    file: Path
    run_id: str
    has_failed: bool


@dataclass(frozen=True, slots=True)
class Launched:
    """What was launched: its record, in the working tree with this root, when, and which groups."""

    root: str
    record: str
    begun: str
    groups: Collection[int]


def begin(private: Path, run_id: str, launched: Launched, sharing: Sharing) -> None:
    """Note a launch. Raises WriteFailed.

    If the user does not know of an earlier end yet, as when a run is retried automatically, it is part of that.
    """
    file = private / FOLDER / run_id
    for note in pending(private):
        if note.run_id == run_id and (known := read(note)):
            file, launched = note.file, replace(known, groups={*known.groups, *launched.groups})
    spans = format_spans(launched.groups)
    if len(spans) > SPANS_MAX:
        spans = format_spans(range(min(launched.groups), max(launched.groups) + 1))
    content = {"root": launched.root, "record": launched.record, "begun": launched.begun, "groups": spans}
    own_notes.write(file, content, sharing)


def pending(private: Path) -> list[Pending]:
    """List the runs that their users have not been told about."""
    names = (name for name in own_notes.names(private / FOLDER) if not name.startswith("."))
    found = [(name, name.removesuffix(_FAILED)) for name in names]
    return [Pending(private / FOLDER / name, run_id, name != run_id) for name, run_id in found]


def read(note: Pending) -> Launched | None:
    """Return what this user has launched; None if it was another user, in another copy of the repository."""
    content = own_notes.read(note.file)
    try:
        groups = parse_spans(content["groups"])
        return Launched(str(content["root"]), str(content["record"]), str(content["begun"]), frozenset(groups))
    except (KeyError, ValueError, TypeError, AttributeError):
        return None


def claim_failure(note: Pending) -> bool:
    """Note that the user is told about the first failure; return whether nobody else has noted it."""
    return not note.has_failed and _succeeds(lambda: note.file.rename(note.file.with_name(f"{note.run_id}{_FAILED}")))


def claim_end(private: Path, run_id: str) -> bool:
    """Note that the user is told about the end; return whether nobody else has noted it."""
    return any([_succeeds((private / FOLDER / name).unlink) for name in (run_id, f"{run_id}{_FAILED}")])


def forget(private: Path, run_id: str) -> None:
    """Remove the note on a run: its user need not be told about it."""
    claim_end(private, run_id)


def forget_old(note: Pending) -> None:
    """Remove a note of this user about which nothing is known here, once it is old."""
    with contextlib.suppress(OSError):
        found = note.file.lstat()
        if found.st_uid == os.geteuid() and time.time() - found.st_mtime > FORGOTTEN_S:
            note.file.unlink()


def problem_file(private: Path) -> Path:
    """Return the file with the reason why this user's last message was not sent."""
    return private / FOLDER / f"{_PROBLEM}{os.geteuid()}"


def take_problem(private: Path) -> str:
    """Return why a message was not sent, which is said only once; empty if there is nothing to say."""
    path = problem_file(private)
    taken = path.with_name(f"{path.name}.{os.getpid()}")
    if not _succeeds(lambda: path.rename(taken)):
        return ""
    try:
        is_own = taken.lstat().st_uid == os.geteuid()
        return files.read(taken, limit_bytes=PROBLEM_MAX).decode("utf-8", "replace").strip() if is_own else ""
    except (OSError, InputInvalid):
        return ""
    finally:
        with contextlib.suppress(OSError):
            taken.unlink()


def _succeeds(change: Callable[[], object]) -> bool:
    try:
        change()
    except OSError:
        return False
    return True
