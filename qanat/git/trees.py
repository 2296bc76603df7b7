"""Which files of the project's state differ between two commits, or a commit and the working tree, and their bytes.

Folders that are the same on both sides are never opened, so the cost depends on what differs.
"""

from __future__ import annotations

import stat
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Any

from qanat.domain.layout import CACHE, DEFINITIONS, STATE, is_recorded
from qanat.errors import GitRefused, InputInvalid
from qanat.git import command
from qanat.git.location import Location
from qanat.git.repository import code_tree, size_of
from qanat.git.tree_diff import TooManyFiles, differing
from qanat.system import below

if TYPE_CHECKING:
    import pygit2

SUBMODULE = 0o160000
_NO_LOCK = {"GIT_OPTIONAL_LOCKS": "0"}


@dataclass(frozen=True, slots=True)
class Entry:
    """A file on one side: a blob of the repository, or (`blob` None) a file in the working tree.

    `problem` says why it has no bytes to read: a symbolic link, a submodule, a folder.
    """

    path: str
    blob: str | None = None
    problem: str = ""


@dataclass(frozen=True, slots=True)
class Difference:
    """A file that differs between the two sides; None on the side where it does not exist."""

    old: Entry | None
    new: Entry | None


class Trees:
    """Reads the state's files from commits and from the working tree of one repository."""

    def __init__(self, location: Location, repository: pygit2.Repository) -> None:
        self._location = location
        self._repository = repository

    def has_state(self, commit: str | None) -> bool:
        """Return whether a commit (None: the working tree) has a `.qanat/` folder."""
        if commit is None:
            return (self._location.root / STATE).is_dir()
        return self._state(commit) is not None

    def differences(self, base: str | None, head: str | None, tip: str | None) -> dict[str, Difference]:
        """Map each differing path to its two sides. base None is empty; head None is the working tree on commit tip."""
        found = {d.path: d for d in self._between(base, tip if head is None else head)}
        result = {path: Difference(delta.old, delta.new) for path, delta in found.items()}
        if head is None:
            for path in self._touched():
                old = found[path].old if path in found else self._in_commit(base, path)
                new = _in_work_tree(self._location.root, path)
                result.pop(path, None)
                if old or new:
                    result[path] = Difference(old, new)
        return dict(sorted(result.items()))

    def entry(self, commit: str | None, path: str) -> Entry | None:
        """Return a file of the state in a commit (None: in the working tree); None if it does not exist."""
        return _in_work_tree(self._location.root, path) if commit is None else self._in_commit(commit, path)

    def read(self, entry: Entry, limit_bytes: int) -> bytes:
        """Return a file's bytes. Raises InputInvalid if it is not a regular file or is larger than the limit."""
        if entry.problem:
            raise InputInvalid(f"{entry.path}: {entry.problem}")
        if entry.blob is None:
            return below.read(self._location.root, entry.path, limit_bytes)
        if size_of(self._repository, entry.blob) > limit_bytes:
            raise _too_large(entry.path, limit_bytes)
        blob: Any = self._repository[entry.blob]
        data: bytes = blob.data
        return data

    def code_tree(self, commit: str) -> str:
        """Return the id of a commit's tree without run records."""
        return code_tree(self._repository, commit)

    def is_changed(self, old: str, new: str, path: str) -> bool:
        """Return whether a file, anywhere in the repository, differs between two commits; False unless both have it."""
        sides = [self._at(commit, path) for commit in (old, new)]
        return None not in sides and sides[0] != sides[1]

    def mode(self, commit: str, path: str) -> int | None:
        """Return the mode of anything in a commit, by its path from the root; None if there is nothing."""
        plain = str(PurePosixPath(path))
        found = self._at(commit, plain) if plain != "." and "\0" not in plain else None
        return None if found is None else int(found.filemode)

    def names(self, commit: str | None, kind: str, runner: str = "") -> list[str]:
        """List the names of a kind's definitions in a commit (None: in the working tree), of a runner's templates."""
        folder = f"{STATE}/{DEFINITIONS[kind]}/{runner}".rstrip("/")
        if commit is None:
            files = [entry.name for entry in below.entries(self._location.root, folder) if entry.is_file]
        else:
            inner = self._inner(commit, folder)
            files = [str(entry.name) for entry in inner or ()]
        return sorted(name.removesuffix(".yaml") for name in files if name.endswith(".yaml"))

    def differing_code(self, old: str, new: str) -> list[str] | None:
        """List the files, run records aside, that differ between two commits; None if either commit is missing.

        Files of qanat are listed only if no others differ.
        """
        import pygit2

        try:
            trees = [self._repository[commit].peel(pygit2.Tree) for commit in (old, new)]
        except (KeyError, ValueError):
            return None
        paths = []
        with suppress(TooManyFiles):  # so many are not read, either
            for found in differing(*trees):
                if not is_recorded(path := _text(found.path)):
                    paths.append(path)
        return sorted(path for path in paths if not path.startswith(f"{STATE}/")) or sorted(paths)

    def _state(self, commit: str | None) -> pygit2.Tree | None:
        return self._inner(commit, STATE)

    def _inner(self, commit: str | None, path: str) -> pygit2.Tree | None:
        import pygit2

        found = None if commit is None else self._at(commit, path)
        return found if isinstance(found, pygit2.Tree) else None

    def _at(self, commit: str, path: str) -> pygit2.Object | None:
        import pygit2

        tree = self._repository[commit].peel(pygit2.Tree)
        return tree[path] if path in tree else None  # noqa: SIM401  # a Tree has no get()

    def _in_commit(self, commit: str | None, path: str) -> Entry | None:
        state, inner = self._state(commit), path.removeprefix(f"{STATE}/")
        if state is None or inner not in state:
            return None
        found = state[inner]
        return _of_tree(path, str(found.id), found.filemode)

    def _between(self, base: str | None, head: str | None) -> Iterator[_Delta]:
        """Yield the differences between two commits below the state's folder."""
        try:
            for found in differing(self._state(base), self._state(head)):
                path = f"{STATE}/{_text(found.path)}"
                yield _Delta(path, _of_object(path, found.old), _of_object(path, found.new))
        except TooManyFiles:
            between = " and ".join(commit[:10] for commit in (base, head) if commit)
            raise GitRefused(f"{STATE}/ has too many files to compare in {between}") from None

    def _touched(self) -> list[str]:
        """List the state's files that git sees as changed in the working tree."""
        arguments = ("status", "--porcelain", "-z", "--no-renames", "--untracked-files=all", "--ignore-submodules=none")
        status = command.output(self._location.root, *arguments, "--", STATE, f":(exclude){CACHE}", env=_NO_LOCK)
        return [field[3:] for field in _text(status).split("\0") if field]


@dataclass(frozen=True, slots=True)
class _Delta:
    path: str
    old: Entry | None
    new: Entry | None


def _text(raw: bytes) -> str:
    return raw.decode("utf-8", "surrogateescape")


def _of_object(path: str, found: pygit2.Object | None) -> Entry | None:
    return None if found is None else _of_tree(path, str(found.id), found.filemode)


def _of_tree(path: str, blob: str, mode: int) -> Entry:
    if stat.S_ISLNK(mode):
        return Entry(path, blob, "is a symbolic link")
    return Entry(path, blob, "" if stat.S_ISREG(mode) else "is not a file")


def _in_work_tree(root: Path, path: str) -> Entry | None:
    try:
        mode = (root / path).lstat().st_mode
    except OSError:
        return None
    if stat.S_ISLNK(mode):
        return Entry(path, None, "is a symbolic link")
    return Entry(path, None, "" if stat.S_ISREG(mode) else "is not a file")


def _too_large(path: str, limit_bytes: int) -> InputInvalid:
    return InputInvalid(f"{path}: is larger than {limit_bytes // 2**20} MiB")
