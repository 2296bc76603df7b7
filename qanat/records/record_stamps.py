"""Finding a project's record files, each with a stamp that changes when the file does.

Folders are read by descriptors, which no symbolic link can lead elsewhere, and which is faster than by paths. All
commands look at each record, so a folder is listed as one text, which is compared before it is taken apart.
"""

from __future__ import annotations

import contextlib
import os
import re
import stat
import time
from collections.abc import Iterator
from pathlib import Path

from qanat.domain.layout import RUNS
from qanat.system import below
from qanat.system.files import TEMPORARY

HIDDEN = "hidden"
_FOLDER = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
_STALE_S = 3600
# A path with such a character cannot be shown or stored as text.
_NO_TEXT = re.compile("[\ud800-\udfff]")
# The name that a write gives to an incomplete record or comment.
_TEMPORARY = re.compile(rf"\.[0-9]+-[0-9a-f]{{6}}\.(yaml|md)\.[0-9]+{re.escape(TEMPORARY)}")

# The coarsest times are those of FAT, with two seconds; git has the same rule for its index ("racy git").
COARSEST_NS = 2_500_000_000


def stamps(root: Path) -> Iterator[tuple[str, str]]:
    """Yield path and stamp of every record, as listings() finds them."""
    for folder, listing in listings(root):
        yield from files_in(folder, listing).items()


def listings(root: Path) -> Iterator[tuple[str, str]]:
    """Yield the folders of records, each with its listing, a text that changes when one of the records does.

    Linked folders, temporary files and names that are not text are left out, as are files and folders that are deleted
    meanwhile. A folder that this user may not read is listed itself, and so are a link, a pipe or a folder in the place
    of a record, which the reader refuses.
    """
    try:
        experiments = _folders(root, RUNS)
    except PermissionError:
        yield RUNS, HIDDEN
        return
    for experiment in experiments:
        try:
            hundreds = _folders(root, experiment)
            with below.opened(root, experiment) as opened:
                for folder in hundreds:
                    yield folder, _listing(opened, folder)
        except PermissionError:
            yield experiment, HIDDEN
        except OSError:  # deleted meanwhile
            continue


def files_in(folder: str, listing: str) -> dict[str, str]:
    """Return the stamps of the files in a listing by their paths."""
    if listing == HIDDEN:
        return {folder: HIDDEN}
    parts = listing.split("/")
    return dict(zip([f"{folder}/{name}" for name in parts[:-1:2]], parts[1::2], strict=False))


def settled(listing: str, now_ns: int) -> str:
    """Return a listing in which files whose stamps may stay while they change have none; see is_settled()."""
    if listing == HIDDEN:
        return listing
    pairs = files_in("", listing).items()
    return "".join(f"{path[1:]}/{stamp if is_settled(stamp, now_ns) else ''}/" for path, stamp in pairs)


def folders_of(root: Path) -> Iterator[str]:
    """Yield the folders of records, with those around them, as far as this user may read them."""
    yield RUNS
    with contextlib.suppress(PermissionError):
        for experiment in _folders(root, RUNS):
            yield experiment
            with contextlib.suppress(PermissionError):
                yield from _folders(root, experiment)


def is_settled(stamp: str, now_ns: int) -> bool:
    """Return whether any later change of the file changes its stamp.

    A file that was changed just before `now_ns` may change again and keep its stamp, since some file systems count
    times in whole seconds. So may one whose times are in the future, as on a server whose clock is ahead.
    """
    times = [int(part) for part in stamp.split()[:2] if part.isdigit()]
    return bool(times) and max(times) + COARSEST_NS < now_ns


def _listing(experiment: int, path: str) -> str:
    """List the records in a folder of an open one: `name/stamp/` for each, as no name contains a slash."""
    try:
        folder = os.open(path.rpartition("/")[2], _FOLDER, dir_fd=experiment)
    except PermissionError:
        return HIDDEN
    except OSError:
        return ""
    try:
        names = os.listdir(folder)  # noqa: PTH208  # an open folder, not a path
        return "".join([_part(folder, name) for name in names])
    except PermissionError:
        return HIDDEN
    except OSError:
        return ""
    finally:
        os.close(folder)


def _part(folder: int, name: str) -> str:
    if not name.endswith(".yaml"):
        if name.endswith(TEMPORARY) and _TEMPORARY.fullmatch(name):
            _drop_if_stale(folder, name)
        return ""
    try:
        s = os.stat(name, dir_fd=folder, follow_symlinks=False)
    except PermissionError:
        return "" if _is_no_text(name) else f"{name}/{HIDDEN}/"
    except OSError:
        return ""
    if not name.isascii() and _is_no_text(name):
        return ""
    return f"{name}/{s.st_mtime_ns} {s.st_ctime_ns} {s.st_size} {s.st_ino}/"


def _is_no_text(name: str) -> bool:
    return bool(_NO_TEXT.search(name))


def _folders(root: Path, path: str) -> list[str]:
    """List the folders in a folder, except hidden ones and those whose names are not text. Raises PermissionError."""
    try:
        with below.opened(root, path) as folder, os.scandir(folder) as entries:
            names = [entry.name for entry in entries if entry.is_dir(follow_symlinks=False)]
    except PermissionError:
        raise
    except OSError:
        return []
    return [f"{path}/{name}" for name in names if not name.startswith(".") and not _NO_TEXT.search(name)]


def _drop_if_stale(folder: int, name: str) -> None:
    """Remove a temporary file that a killed process of this user left at least an hour ago."""
    with contextlib.suppress(OSError):
        found = os.stat(name, dir_fd=folder, follow_symlinks=False)
        is_own = stat.S_ISREG(found.st_mode) and found.st_uid == os.geteuid()
        if is_own and time.time() - found.st_mtime > _STALE_S:
            os.unlink(name, dir_fd=folder)
