"""Notes on submitted runs that wait for others: what is to be done once those have ended.

They lie in the repository's private folder (records.own_notes), since no record may make a command that only looks
release or cancel jobs. There is one file per run, which is removed when its jobs are released, or have ended.
"""

from __future__ import annotations

import fcntl
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from qanat.domain.layout import ORDERS
from qanat.domain.order import ANY, After
from qanat.domain.sharing import UNSHARED, Sharing
from qanat.records import own_notes

FOLDER = ORDERS
FORGOTTEN_S = 30 * 86_400.0


@dataclass(frozen=True, slots=True)
class Waiting:
    """A submitted run that waits: the root of its working tree, its record, the intent of its jobs, and its order.

    `kept` says that the user has held its jobs, so that they stay held even when it may start; `released` that its
    scheduler keeps the order of jobs that are not held.
    """

    run_id: str
    root: str
    record: str
    intent: str
    after: tuple[After, ...]
    kept: bool = False
    released: bool = False


def note(private: Path, waiting: Waiting, sharing: Sharing = UNSHARED) -> None:
    """Note that a run waits. Raises WriteFailed."""
    content = {"root": waiting.root, "record": waiting.record, "intent": waiting.intent, "kept": waiting.kept}
    content["released"] = waiting.released
    content |= {"after": [one.as_mapping() for one in waiting.after]}
    own_notes.write(_file(private, waiting.run_id), content, sharing)


def read(private: Path, run_id: str) -> Waiting | None:
    """Return the note on a run; None if it does not wait, or this user's qanat did not submit it."""
    content = own_notes.read(_file(private, run_id))
    try:
        after = tuple(After(str(row["run"]), row.get(ANY) is True) for row in content["after"])
        root, record, intent = (str(content[key]) for key in ("root", "record", "intent"))
        return Waiting(run_id, root, record, intent, after, content["kept"] is True, content.get("released") is True)
    except (KeyError, TypeError, AttributeError):
        return None


def all_waiting(private: Path, root: str) -> list[Waiting]:
    """List the runs of a working tree that wait, those with lower numbers first."""
    names = [name for name in own_notes.names(private / FOLDER) if name.endswith(".json")]
    found = [read(private, name.removesuffix(".json")) for name in names]
    own = [waiting for waiting in found if waiting and waiting.root == root]
    return sorted(own, key=lambda waiting: (_number(waiting), waiting.run_id))


@contextmanager
def attended(private: Path) -> Iterator[bool]:
    """Yield whether this process is the only one that waits for runs on behalf of others; nobody else is meanwhile."""
    descriptor = os.open(private / FOLDER / "attended", os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC, 0o666)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        yield False
    else:
        yield True
    finally:
        os.close(descriptor)


def forget(private: Path, run_id: str) -> None:
    """Remove the note on a run; if that is impossible, as on a read-only disk, a later command does."""
    with suppress(OSError):
        _file(private, run_id).unlink()


def is_old(private: Path, run_id: str) -> bool:
    """Return whether a note is so old that the run's record does not come back."""
    try:
        return time.time() - _file(private, run_id).stat().st_mtime > FORGOTTEN_S
    except OSError:
        return False


def _file(private: Path, run_id: str) -> Path:
    return private / FOLDER / f"{run_id}.json"


def _number(waiting: Waiting) -> int:
    number = waiting.run_id.partition("-")[0]
    return int(number) if number.isdecimal() else 0
