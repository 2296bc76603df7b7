"""Copies of the index, in which qanat stages without changing the user's, and putting a new index in its place."""

from __future__ import annotations

import contextlib
import os
import secrets
import shutil
import stat
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from qanat.errors import GitRefused, write_failed
from qanat.git import command, lock, sharing, worktree
from qanat.git.location import COMMITS, Location
from qanat.git.lock import Held
from qanat.system import files

# How long another git may hold the index, as `git commit -a` does while its editor is open.
WAIT_S = 5.0
_PAUSE_S = 0.02
_KEPT = "kept"
_PARTIAL = "partial"

Stamp = tuple[int, int, int, int]


@dataclass(frozen=True, slots=True)
class IndexCopy:
    """A copy of the index in a folder of its own, and the index as it was, in case it is needed again.

    `head` is the commit that was checked out, and `claim` the descriptor that shows that the copy is in use; a
    process that inherits it keeps the copy in use.
    """

    folder: Path
    head: str
    claim: int | None = None

    @property
    def index(self) -> Path:
        """The copy to stage in."""
        return self.folder / "index"

    @property
    def before(self) -> Path:
        """The index as it was."""
        return self.folder / "before"

    @property
    def new(self) -> Path:
        """What is to take the place of the index."""
        return self.folder / "new"

    @property
    def is_partial(self) -> bool:
        """Whether the copy was reduced to HEAD before anything was staged in it."""
        return (self.folder / _PARTIAL).exists()

    @property
    def own(self) -> Path:
        """The index entries of files that qanat commits by itself, if it is about those."""
        return self.folder / "own.json"

    @property
    def mark(self) -> str:
        """The text that identifies what was done with this copy."""
        return f"qanat {self.folder.name.removeprefix(COMMITS)}"

    @property
    def env(self) -> dict[str, str]:
        """The variable that makes git use the copy."""
        return {"GIT_INDEX_FILE": str(self.index)}


@contextlib.contextmanager
def copied(location: Location, *, any_state: bool = False) -> Iterator[IndexCopy]:
    """Yield a copy of the index, and remove it afterwards, unless it is kept.

    It agrees with HEAD, unless it may be in `any_state`, as while another git is committing. Raises GitRefused if
    that takes long, WriteFailed.
    """
    with contextlib.ExitStack() as stack:
        # Under the lock, no other qanat takes the folder for one that a killed process has left.
        with lock.held(location) as held:
            folder, claim = stack.enter_context(_new_folder(held))
        head = _copy(location, folder, any_state=any_state)
        yield IndexCopy(folder, head, claim)


@contextlib.contextmanager
def noted(held: Held) -> Iterator[IndexCopy]:
    """Yield a folder with the index as it is now, and remove it afterwards, unless it is kept. Raises WriteFailed."""
    with _new_folder(held) as (folder, claim):
        try:
            _keep(held.location.git_dir / "index", folder / "before")
        except OSError as error:
            raise write_failed(folder, error) from None
        yield IndexCopy(folder, "", claim)


@contextlib.contextmanager
def _new_folder(held: Held) -> Iterator[tuple[Path, int]]:
    folder = held.location.private_here / f"{COMMITS}{secrets.token_hex(4)}"
    try:
        with _claimed(held.location, folder) as claim:
            yield folder, claim
    finally:
        remove(folder)


def remove(folder: Path) -> None:
    """Remove the folder of a copy, unless it is kept for the next command."""
    if not (folder / _KEPT).exists():
        shutil.rmtree(folder, ignore_errors=True)


@contextlib.contextmanager
def kept(copy: IndexCopy) -> Iterator[None]:
    """Keep a copy for the next command if the block fails."""
    mark = copy.folder / _KEPT
    with contextlib.suppress(OSError):
        mark.mkdir()
    yield
    with contextlib.suppress(OSError):
        mark.rmdir()


@contextlib.contextmanager
def _claimed(location: Location, folder: Path) -> Iterator[int]:
    try:
        files.make_folder(folder.parent, sharing.of(location))
        folder.mkdir(mode=0o700)
    except OSError as error:
        raise write_failed(folder, error) from None
    with lock.claimed(location, folder / "claim") as claim:
        yield claim


def abandoned(location: Location) -> list[IndexCopy]:
    """List the copies that killed processes of this user have left; to be called with the lock held."""
    found = []
    for folder in sorted(location.private_here.glob(f"{COMMITS}*")):
        if folder.lstat().st_uid == os.geteuid() and not lock.is_claimed(folder / "claim"):
            head = folder / "head"
            found.append(IndexCopy(folder, head.read_text() if head.is_file() else ""))
    return found


def _copy(location: Location, folder: Path, *, any_state: bool) -> str:
    """Copy the index to a folder, and return the commit that it belongs to; empty if there is none yet.

    `git commit -a` moves HEAD before it replaces the index, and holds the index's lock meanwhile.
    """
    deadline = time.monotonic() + WAIT_S
    while True:
        head = worktree.head(location) or ""
        try:
            seen = _keep(location.git_dir / "index", folder / "before")
            if any_state or (not _lock_of(location).exists() and stamp(location) == seen and _is_at(location, head)):
                if seen is not None:
                    copy_file(folder / "before", folder / "index")
                (folder / "head").write_text(head)
                return head
        except OSError as error:
            raise write_failed(folder, error) from None
        if time.monotonic() > deadline:
            raise _locked(location)
        time.sleep(_PAUSE_S)


def _locked(location: Location) -> GitRefused:
    return GitRefused(
        f"the index is locked: {_lock_of(location)} exists",
        hint="another git is running, perhaps with an open editor; if none is, delete the file",
    )


def _is_at(location: Location, head: str) -> bool:
    return (worktree.head(location) or "") == head


def _lock_of(location: Location) -> Path:
    return location.git_dir / "index.lock"


def stamp(location: Location) -> Stamp | None:
    """Return what identifies the state of the index; None if there is none."""
    return _stamp(location.git_dir / "index")


def _stamp(file: Path) -> Stamp | None:
    try:
        found = file.stat()
    except FileNotFoundError:
        return None
    return found.st_dev, found.st_ino, found.st_size, found.st_mtime_ns


def _keep(index: Path, before: Path) -> Stamp | None:
    """Keep the index as it is now under another name, and return its stamp.

    git replaces the index, and never writes into it, so that a second name is enough.
    """
    before.unlink(missing_ok=True)
    seen = _stamp(index)
    try:
        os.link(index, before)
    except FileNotFoundError:
        return None
    except OSError:  # a file system without such links
        copy_file(index, before)
        return seen
    return _stamp(before)


def copy_file(source: Path, target: Path) -> None:
    """Copy an index with its permissions and times, with which git compares those of files that may have changed."""
    with source.open("rb") as opened, target.open("wb") as copy:
        shutil.copyfileobj(opened, copy)
        facts = os.fstat(opened.fileno())
    target.chmod(stat.S_IMODE(facts.st_mode))
    os.utime(target, ns=(facts.st_atime_ns, facts.st_mtime_ns))


def reduce(location: Location, copy: IndexCopy) -> None:
    """Reduce a copy to what HEAD has, without what the user has staged. Raises GitRefused."""
    (copy.folder / _PARTIAL).touch()
    command.output(location.root, "read-tree", "--reset", "HEAD", env=copy.env)


def entries(location: Location, index: Path) -> dict[str, str]:
    """Return the entries of an index by path: mode, blob and stage."""
    listed = command.output(location.root, "ls-files", "--stage", "-z", env={"GIT_INDEX_FILE": str(index)})
    rows = (row.partition("\t") for row in listed.decode("utf-8", "surrogateescape").split("\0") if row)
    return {path: facts for facts, _, path in rows}


# ---- replacing the index


def rebuild(location: Location, copy: IndexCopy, lines: Callable[[Mapping[str, str]], Sequence[str] | None]) -> None:
    """Replace the index by one with other entries, however many others write it meanwhile.

    `lines` returns lines for `git update-index` for the entries there are now, or None to take back the index as it
    was. Raises GitRefused if the index stays locked, WriteFailed.
    """
    index = location.git_dir / "index"
    deadline = time.monotonic() + WAIT_S
    while True:
        seen = stamp(location)
        changed = lines(entries(location, index))
        if changed is not None and not changed:
            return
        try:
            if changed is not None:
                _write_new(location, copy, changed, exists=seen is not None)
            if replace(location, copy.before if changed is None else copy.new, seen):
                return
        except OSError as error:
            raise write_failed(index, error) from None
        if time.monotonic() > deadline:
            raise _locked(location)
        time.sleep(_PAUSE_S)


def _write_new(location: Location, copy: IndexCopy, lines: Sequence[str], *, exists: bool) -> None:
    if exists:
        copy_file(location.git_dir / "index", copy.new)
    env = {"GIT_INDEX_FILE": str(copy.new)}
    stdin = "".join(f"{line}\0" for line in lines).encode("utf-8", "surrogateescape")
    command.output(location.root, "update-index", "-z", "--index-info", stdin=stdin, env=env)
    command.call(location.root, "update-index", "-q", "--refresh", env=env)


def replace(location: Location, new: Path, seen: Stamp | None) -> bool:
    """Put a file in the place of the index, unless that is locked or no longer as `seen`; return whether it was done.

    The lock is held for an instant only, and a killed process leaves one that release() recognises.
    """
    guard = _lock_of(location)
    try:
        _take(new, guard)
    except FileExistsError:
        return False
    try:
        if stamp(location) != seen:
            return False
        guard.replace(location.git_dir / "index")
        return True
    finally:
        guard.unlink(missing_ok=True)


def release(location: Location, new: Path) -> None:
    """Remove the lock of the index if it was taken for this file by a process that was killed."""
    with contextlib.suppress(FileNotFoundError):
        if _lock_of(location).samefile(new):
            _lock_of(location).unlink()


def _take(new: Path, guard: Path) -> None:
    """Take the lock of the index with the content that the index is to have. Raises FileExistsError."""
    try:
        os.link(new, guard)
    except FileExistsError:
        raise
    except OSError:  # a file system without such links
        lock.take_of_git(guard, new.read_bytes())
