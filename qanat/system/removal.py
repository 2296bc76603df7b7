"""Removing a directory that is known by its device and inode, and no other, whatever happens to its path meanwhile.

The directory is renamed into a private folder beside it, compared there, and emptied by descriptors: nobody else can
reach it, no link is followed, and no mount point is crossed. Folders inside it are first moved to the top of
the private folder, so that a deep tree needs no more descriptors than a flat one.
"""

from __future__ import annotations

import errno
import itertools
import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from pathlib import Path

from qanat.errors import NotRemoved, reason
from qanat.system.folders import LIST, FolderId, exists_in, identify_in, names_in, opened

TRASH = ".qanat-trash-"
_TARGET = "d"
_PATH_ONLY = os.O_NOFOLLOW | os.O_CLOEXEC | getattr(os, "O_PATH", 0)


@dataclass(frozen=True, slots=True)
class Removal:
    """A directory that is being removed, and the name of the private folder beside it, which may not exist yet."""

    path: Path
    folder: FolderId
    trash: str
    trash_folder: FolderId | None = None


def obstacle(path: Path) -> str:
    """Return why a directory cannot be removed whole: what in it belongs to others; empty if nothing does."""
    mounts = _mount_points()
    if path.parent != path and (inside := next((m for m in mounts if m.is_relative_to(path)), None)):
        return f"{inside} is a mount point"
    stack, owner = [path], os.geteuid()
    while stack:
        with suppress(OSError), os.scandir(stack.pop()) as entries:
            for entry in entries:
                found = entry.stat(follow_symlinks=False)
                if found.st_uid != owner:
                    return f"{entry.path} belongs to {_name_of(found.st_uid)}"
                if entry.is_dir(follow_symlinks=False):
                    stack.append(Path(entry.path))
    return ""


def _name_of(user: int) -> str:
    import pwd

    try:
        return f"user {pwd.getpwuid(user).pw_name}"
    except KeyError:
        return f"user {user}"


def _mount_points() -> list[Path]:
    """List what is mounted where, on Linux; elsewhere the system refuses to remove a mount point."""
    try:
        lines = Path("/proc/self/mountinfo").read_bytes().splitlines()
    except OSError:
        return []
    # Field 5 of proc(5), where a space, tab, newline and backslash are written in octal.
    fields = (line.split(b" ")[4] for line in lines if line.count(b" ") > 4)
    return [Path(os.fsdecode(field.decode("unicode_escape").encode("latin-1"))) for field in fields]


def make_trash(removal: Removal) -> Removal:
    """Create the private folder of a removal. Raises NotRemoved."""
    with _explained(removal), opened(removal.path.parent) as parent:
        os.mkdir(removal.trash, 0o700, dir_fd=parent)
        return replace(removal, trash_folder=identify_in(parent, removal.trash))


def remove(removal: Removal) -> None:
    """Remove the directory, for which make_trash() was called. Raises NotRemoved; another directory is left alone."""
    move_away(removal)
    finish(removal)


def move_away(removal: Removal) -> None:
    """Move the directory into the private folder, in one step, if it is still there. Raises NotRemoved."""
    with _explained(removal), opened(removal.path.parent) as parent, _trash(removal, parent) as trash:
        if identify_in(parent, removal.path.name) == removal.folder:
            os.rename(removal.path.name, _TARGET, src_dir_fd=parent, dst_dir_fd=trash)


def move_back(removal: Removal) -> None:
    """Undo move_away(), and remove the private folder. Raises NotRemoved."""
    with _explained(removal), opened(removal.path.parent) as parent:
        with _trash(removal, parent) as trash:
            if exists_in(trash, _TARGET) and not exists_in(parent, removal.path.name):
                os.rename(_TARGET, removal.path.name, src_dir_fd=trash, dst_dir_fd=parent)
        os.rmdir(removal.trash, dir_fd=parent)


def finish(removal: Removal) -> None:
    """Complete a removal, also one that was killed: empty the private folder and remove it. Raises NotRemoved."""
    with _explained(removal), opened(removal.path.parent) as parent:
        if removal.trash_folder is None:  # killed before anything was moved into it
            with suppress(FileNotFoundError):
                os.rmdir(removal.trash, dir_fd=parent)
            return
        if identify_in(parent, removal.trash) != removal.trash_folder:
            return
        with _trash(removal, parent) as trash:
            _check_target(removal, parent, trash)
            _empty(trash, removal.folder.device)
        os.rmdir(removal.trash, dir_fd=parent)


@contextmanager
def _trash(removal: Removal, parent: int) -> Iterator[int]:
    """Yield a descriptor of the private folder. Raises OSError if another one is in its place."""
    descriptor = os.open(removal.trash, LIST, dir_fd=parent)
    try:
        found = os.fstat(descriptor)
        if FolderId(found.st_dev, found.st_ino, found.st_uid) != removal.trash_folder:
            raise OSError(errno.ESTALE, "was replaced meanwhile", removal.trash)
        yield descriptor
    finally:
        os.close(descriptor)


def _check_target(removal: Removal, parent: int, trash: int) -> None:
    """Move back what was renamed into the private folder if it is not the directory that was meant."""
    if not exists_in(trash, _TARGET) or identify_in(trash, _TARGET) == removal.folder:
        return
    if exists_in(parent, removal.path.name):
        raise FileExistsError(errno.EEXIST, os.strerror(errno.EEXIST), removal.path.name)
    os.rename(_TARGET, removal.path.name, src_dir_fd=trash, dst_dir_fd=parent)
    with suppress(OSError):
        os.rmdir(removal.trash, dir_fd=parent)
    raise OSError(errno.ESTALE, "was replaced meanwhile", removal.path.name)


def _empty(trash: int, device: int) -> None:
    """Remove everything in the private folder."""
    names = (f"{n}" for n in itertools.count() if not exists_in(trash, f"{n}"))
    pending = [entry.name for entry in names_in(trash)]
    while pending:
        name = pending.pop()
        folder = _opened_for_emptying(trash, name, device)
        try:
            for entry in names_in(folder):
                if entry.is_dir(follow_symlinks=False):
                    pending.append(next(names))
                    _lift(folder, entry.name, trash, pending[-1])
                else:
                    os.unlink(entry.name, dir_fd=folder)
        finally:
            os.close(folder)
        os.rmdir(name, dir_fd=trash)


def _opened_for_emptying(parent: int, name: str, device: int) -> int:
    """Open a directory so that its entries can be removed; a read-only one becomes writable. Raises OSError."""
    try:
        descriptor = os.open(name, LIST, dir_fd=parent)
    except PermissionError:
        _make_ours(parent, name)
        descriptor = os.open(name, LIST, dir_fd=parent)
    found = os.fstat(descriptor)
    try:
        if found.st_dev != device:
            raise OSError(errno.EXDEV, "is on another file system", name)
        if found.st_mode & stat.S_IRWXU != stat.S_IRWXU:
            os.fchmod(descriptor, stat.S_IRWXU)
    except OSError:
        os.close(descriptor)
        raise
    return descriptor


def _lift(folder: int, name: str, trash: int, new_name: str) -> None:
    """Move a directory to the top of the private folder. Raises OSError for a mount point."""
    try:
        os.rename(name, new_name, src_dir_fd=folder, dst_dir_fd=trash)
    except PermissionError:  # moving a folder changes its "..", so it must be writable
        _make_ours(folder, name)
        os.rename(name, new_name, src_dir_fd=folder, dst_dir_fd=trash)


def _make_ours(parent: int, name: str) -> None:
    """Make a directory without permissions accessible to its owner; never a link's target. Raises OSError."""
    if not hasattr(os, "O_PATH"):
        os.chmod(name, stat.S_IRWXU, dir_fd=parent, follow_symlinks=False)
        return
    descriptor = os.open(name, _PATH_ONLY, dir_fd=parent)
    try:
        if stat.S_ISDIR(os.fstat(descriptor).st_mode):
            Path(f"/proc/self/fd/{descriptor}").chmod(stat.S_IRWXU)
    finally:
        os.close(descriptor)


@contextmanager
def _explained(removal: Removal) -> Iterator[None]:
    """Turn an OSError into a sentence about the directory."""
    try:
        yield
    except OSError as error:
        what = f"{error.filename} " if isinstance(error.filename, str) else ""
        why = error.strerror if error.errno == errno.ESTALE else reason(error)
        raise NotRemoved(
            f"{removal.path} was not removed, or only in part: {what}{why}",
            hint="the next qanat delete, qanat gc or qanat cache clean tries again",
        ) from None
