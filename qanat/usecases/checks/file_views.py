"""The files of a project as they are on disk, or as an existing or the next commit contains them."""

from __future__ import annotations

import os
from collections.abc import Collection
from functools import cached_property
from pathlib import Path
from typing import Protocol

from qanat.errors import InputInvalid
from qanat.git import staged, worktree
from qanat.git.staged import Entry, Staged
from qanat.system import below, files

_FETCHED_BYTES_MAX = 4 * 2**20


class Files(Protocol):
    """Where a check reads files; every path is relative to the project's root."""

    def read(self, path: str, limit_bytes: int) -> bytes:
        """Return the bytes of a file. Raises InputInvalid."""

    def is_link(self, path: str) -> bool:
        """Return whether the path is a symbolic link."""

    def is_file(self, path: str) -> bool:
        """Return whether the path is a file that git has or that git is meant not to have."""

    def is_executable(self, path: str) -> bool:
        """Return whether a file may be run by itself."""

    def exists(self, path: str) -> bool:
        """Return whether anything exists at the path, including data outside git."""

    def absence(self, path: str) -> str:
        """Return why there is no file."""


class OnDisk:
    """The working tree, whether or not git tracks it."""

    def __init__(self, root: Path) -> None:
        self._root = root

    def read(self, path: str, limit_bytes: int) -> bytes:
        """Return the bytes of a file. Raises InputInvalid."""
        return below.read(self._root, path, limit_bytes)

    def is_link(self, path: str) -> bool:
        """Return whether the path is a symbolic link."""
        return (self._root / path).is_symlink()

    def is_file(self, path: str) -> bool:
        """Return whether the path is a file."""
        return files.is_file(self._root / path)

    def is_executable(self, path: str) -> bool:
        """Return whether this user may run the file."""
        return os.access(self._root / path, os.X_OK)

    def exists(self, path: str) -> bool:
        """Return whether anything exists at the path."""
        return files.exists(self._root / path)

    def absence(self, path: str) -> str:
        """Return why there is no file."""
        return "is not a file" if files.exists(self._root / path) else "does not exist"


class InGit:
    """A commit, or what the next one will contain; the file on disk where git has none.

    Files that will be read should be fetched together first.
    """

    def __init__(self, state: Staged) -> None:
        self._state = state
        self._disk = OnDisk(state.location.root)
        self._bytes: dict[str, bytes] = {}

    def fetch(self, names: Collection[str]) -> None:
        """Fetch the bytes of these files for read(); large files and those that git does not have are left out."""
        wanted = [self.entries[name].blob for name in names if name in self.entries]
        self._bytes |= staged.contents(self._state.location, wanted, _FETCHED_BYTES_MAX)

    @cached_property
    def entries(self) -> dict[str, Entry]:
        """All files by path."""
        return self._state.entries()

    @cached_property
    def _folders(self) -> frozenset[str]:
        return frozenset(str(folder) for path in self.entries for folder in Path(path).parents)

    def read(self, path: str, limit_bytes: int) -> bytes:
        """Return the bytes of a file. Raises InputInvalid."""
        entry = self.entries.get(path)
        if entry is None:
            return self._disk.read(path, limit_bytes)
        data = self._bytes.get(entry.blob)
        if data is None:
            found = dict(staged.contents(self._state.location, [entry.blob], limit_bytes))
            data = found.get(entry.blob)
        if data is None or len(data) > limit_bytes:
            raise InputInvalid(f"{path}: is larger than {limit_bytes // 2**20} MiB")
        return data

    def is_link(self, path: str) -> bool:
        """Return whether the path is a symbolic link in git."""
        return self.entries[path].mode == staged.LINK if path in self.entries else self._disk.is_link(path)

    def is_file(self, path: str) -> bool:
        """Return whether git has the file, or it is on disk and git is meant not to have it."""
        if path in self.entries:
            return self.entries[path].mode != staged.SUBMODULE
        return self._disk.is_file(path) and (self._in_submodule(path) or self._is_ignored(path))

    def is_executable(self, path: str) -> bool:
        """Return whether checkouts may run the file; on disk where git does not have it itself."""
        mode = self.entries[path].mode if path in self.entries else staged.LINK
        return mode == staged.EXECUTABLE if mode in (staged.FILE, staged.EXECUTABLE) else self._disk.is_executable(path)

    def exists(self, path: str) -> bool:
        """Return whether the path exists in git or on disk."""
        return path in self.entries or path.rstrip("/") in self._folders or self._disk.exists(path)

    def absence(self, path: str) -> str:
        """Return why there is no file."""
        return "is not tracked by git" if self._disk.is_file(path) else self._disk.absence(path)

    def _in_submodule(self, path: str) -> bool:
        above = (self.entries.get(str(folder)) for folder in Path(path).parents)
        return any(entry is not None and entry.mode == staged.SUBMODULE for entry in above)

    def _is_ignored(self, path: str) -> bool:
        return bool(worktree.ignored(self._state.location, [path]))
