"""The ledger: which records and comments qanat has written to which branch, until they are sure to be there.

A rebase that begins while a record is being committed can drop the commit again, and the file with it. So each file is
noted in the repository's private folder before it is committed, and again with its commit. The ledger has one JSON
object per line, the last one about a file of a branch counts, and anyone who writes it holds the repository's lock. It
says nothing that is not in git too, so nothing is lost with it.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import re
from collections.abc import Collection, Iterable, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path

from qanat.domain import times
from qanat.domain.layout import RUNS, is_inside
from qanat.domain.sharing import UNSHARED, Sharing
from qanat.errors import WriteFailed
from qanat.system import files

FILE = "ledger"
BYTES_MAX = 2**24
_ID = re.compile(r"[0-9a-f]{40,64}")


@dataclass(frozen=True, slots=True)
class Entry:
    """A file as qanat wrote it to a branch: its blob, its commit (None until there is one), and when that was."""

    branch: str
    path: str
    blob: str
    commit: str | None
    time: str


def note(
    private: Path,
    branch: str,
    content: Mapping[str, bytes | None],
    commit: str | None,
    time: str,
    sharing: Sharing = UNSHARED,
) -> None:
    """Add the records and comments among these files. Failures are ignored: they are committed anyway."""
    noted = [
        Entry(branch, path, blob_id(data), commit, time)
        for path, data in content.items()
        if data is not None and path.startswith(f"{RUNS}/")
    ]
    if noted:
        with contextlib.suppress(OSError):
            files.append(private / FILE, _text(noted), sharing=sharing)


def entries(private: Path) -> list[Entry]:
    """List the files that are still to be watched, in the order in which they were first noted."""
    try:
        with files.open_for_reading(private / FILE) as file:
            data = file.read(BYTES_MAX)
    except OSError:
        return []
    found: dict[tuple[str, str], Entry] = {}
    for line in data.splitlines():
        # A line may have been cut short.
        with contextlib.suppress(ValueError, TypeError, RecursionError):
            entry = Entry(**json.loads(line))
            if _is_sound(entry):
                found[entry.branch, entry.path] = entry
    return list(found.values())


def keep(private: Path, kept: Collection[Entry], sharing: Sharing = UNSHARED) -> None:
    """Forget all other entries. Failures are ignored: they are watched for longer."""
    with contextlib.suppress(OSError, WriteFailed):
        if kept:
            files.write(private / FILE, _text(kept), sharing=sharing)
        else:
            (private / FILE).unlink(missing_ok=True)


def forget(private: Path, paths: Collection[str], sharing: Sharing = UNSHARED) -> None:
    """Stop watching files that are deleted on purpose."""
    known = entries(private)
    kept = [entry for entry in known if entry.path not in paths]
    if len(kept) < len(known):
        keep(private, kept, sharing)


def forget_waiting(private: Path, paths: Collection[str], sharing: Sharing = UNSHARED) -> None:
    """Forget that these files have no commit yet, on any branch."""
    known = entries(private)
    kept = [entry for entry in known if entry.commit is not None or entry.path not in paths]
    if len(kept) < len(known):
        keep(private, kept, sharing)


def blob_id(data: bytes) -> str:
    """Return the id that git gives to a file with these bytes."""
    return hashlib.sha1(b"blob %d\0" % len(data) + data, usedforsecurity=False).hexdigest()


def _text(written: Iterable[Entry]) -> bytes:
    return "".join(f"{json.dumps(asdict(entry))}\n" for entry in written).encode()


def _is_sound(entry: Entry) -> bool:
    """Return whether an entry is about a file below the folder of records."""
    if not all(
        isinstance(text, str) for text in (entry.branch, entry.path, entry.blob, entry.commit or "", entry.time)
    ):
        return False
    return (
        all(_ID.fullmatch(known) for known in (entry.blob, entry.commit) if known is not None)
        and times.is_timestamp(entry.time)
        and entry.path.startswith(f"{RUNS}/")
        and is_inside(entry.path)
        and "\n" not in entry.path + entry.branch
    )
