"""What a commit contains, or the next one will: files of a tree or of the index, and how two of them differ.

git tells a hook which index is being committed: for `git commit -a` and `git commit FILE` it is not the
usual one.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from qanat.git import command, worktree
from qanat.git.location import Location

FILE = "100644"
EXECUTABLE = "100755"
LINK = "120000"
SUBMODULE = "160000"
# Beyond this many paths, list everything instead of asking for each.
_PATHS_MAX = 200
_BATCH_BYTES = 64 * 2**20


@dataclass(frozen=True, slots=True)
class Entry:
    """A file as git stores it: its path from the root, its mode (LINK, SUBMODULE or a file's) and its blob's id."""

    path: str
    mode: str
    blob: str


@dataclass(frozen=True, slots=True)
class Change:
    """A file that differs between two states; None on the side where it does not exist."""

    path: str
    old: Entry | None
    new: Entry | None


@dataclass(frozen=True, slots=True)
class Staged:
    """A state of the repository: a commit, or (`commit` None) what the next commit will contain."""

    location: Location
    commit: str | None = None

    def entries(self, paths: Sequence[str] = ()) -> dict[str, Entry]:
        """Return the entries of these files and of the files below these folders, by path; all if none are given."""
        wanted = paths if len(paths) <= _PATHS_MAX else ()
        if self.commit is None:
            listed = self._git("ls-files", "--stage", "-z", "--", *wanted)
        else:
            listed = self._git("ls-tree", "-r", "-z", "--full-tree", self.commit, "--", *wanted)
        found = {entry.path: entry for entry in map(_entry, _fields(listed)) if entry}
        if wanted is paths or not paths:
            return found
        return {path: found[path] for path in paths if path in found}

    def changes_since(self, commit: str | None, *folders: str) -> list[Change]:
        """List the files below these folders (everywhere if none) that differ from a commit (None: an empty tree)."""
        base = commit or _empty_tree(self.location)
        arguments = ("--raw", "-r", "-z", "--no-renames", "--no-abbrev", "--ignore-submodules=none")
        if self.commit is None:
            listed = self._git("diff-index", "--cached", *arguments, base, "--", *folders)
        else:
            listed = self._git("diff-tree", *arguments, base, self.commit, "--", *folders)
        fields = _fields(listed)
        return [_change(line, path) for line, path in zip(fields, fields, strict=False)]

    def _git(self, *arguments: str) -> bytes:
        env = {"GIT_LITERAL_PATHSPECS": "1", **_index_in_use(self.location)}
        return command.output(self.location.root, *arguments, env=env)


def sizes(location: Location, blobs: Iterable[str]) -> dict[str, int]:
    """Return the size of each of these blobs in bytes; those that the repository does not have are left out."""
    wanted = "".join(f"{blob}\n" for blob in dict.fromkeys(blobs)).encode()
    listed = command.output(location.root, "cat-file", "--batch-check", stdin=wanted) if wanted else b""
    rows = (line.split() for line in listed.decode().splitlines())
    return {row[0]: int(row[2]) for row in rows if len(row) == 3}


def contents(location: Location, blobs: Iterable[str], limit_bytes: int) -> Iterator[tuple[str, bytes]]:
    """Yield the id and the bytes of each of these blobs that is not larger than the limit."""
    waiting, total = [], 0
    for blob, size in sizes(location, blobs).items():
        if size > limit_bytes:
            continue
        waiting.append(blob)
        total += size
        if total > _BATCH_BYTES:
            yield from _read(location, waiting)
            waiting, total = [], 0
    yield from _read(location, waiting)


def merged_in(location: Location) -> list[str]:
    """List the commits that are being merged into HEAD; empty outside a merge."""
    file = location.git_dir / "MERGE_HEAD"
    return file.read_text().split() if worktree.operation(location.git_dir) == "merge" else []


def _read(location: Location, blobs: Sequence[str]) -> Iterator[tuple[str, bytes]]:
    if not blobs:
        return
    data = command.output(location.root, "cat-file", "--batch", stdin="".join(f"{b}\n" for b in blobs).encode())
    at = 0
    while at < len(data):
        end = data.index(b"\n", at)
        blob, _, size = data[at:end].decode().split()
        at = end + 1 + int(size)
        yield blob, data[end + 1 : at]
        at += 1


def _entry(line: str) -> Entry | None:
    """Parse a line of `ls-files --stage` or `ls-tree`; None for one side of a conflict, which no commit can contain."""
    facts, _, path = line.partition("\t")
    mode, second, third = facts.split()
    if second in ("blob", "commit"):  # ls-tree: mode, kind, id
        return Entry(path, mode, third)
    return Entry(path, mode, second) if third == "0" else None  # ls-files: mode, id, stage


def _change(line: str, path: str) -> Change:
    old_mode, new_mode, old, new, _ = line.removeprefix(":").split()
    sides = [Entry(path, mode, blob) if int(mode) else None for mode, blob in ((old_mode, old), (new_mode, new))]
    return Change(path, *sides)


def _fields(listed: bytes) -> Iterator[str]:
    return (field for field in listed.decode("utf-8", "surrogateescape").split("\0") if field)


def _empty_tree(location: Location) -> str:
    return command.output(location.root, "hash-object", "-t", "tree", "--stdin").decode().strip()


def _index_in_use(location: Location) -> dict[str, str]:
    """Return the variable that names the index git is committing from, if that belongs to this working tree."""
    named = os.environ.get("GIT_INDEX_FILE")
    if not named:
        return {}
    path = Path(named) if Path(named).is_absolute() else Path.cwd() / named
    folder = path.parent.resolve()
    # qanat commits from a copy of the index, in a folder of its own.
    is_here = folder == location.git_dir.resolve() or folder.parent == location.private_here.resolve()
    return {"GIT_INDEX_FILE": str(path)} if is_here else {}
