"""Files that git neither tracks nor ignores: which of them may be committed or kept in a snapshot."""

from __future__ import annotations

import codecs
import contextlib
import os
import shlex
import stat
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from qanat.domain import file_names
from qanat.domain.layout import RECORDED, STATE
from qanat.domain.sizes import size
from qanat.domain.visible import escaped
from qanat.errors import UsageError
from qanat.git import worktree
from qanat.records import storage
from qanat.system import files
from qanat.usecases.checks.rules import no_results, no_secrets
from qanat.usecases.launch import environments
from qanat.usecases.project import Project

LARGE_BYTES = no_results.SIZE_BYTES_MAX
_OWN = tuple(f"{folder}/" for folder in (*RECORDED, f"{STATE}/cache"))
_ENVIRONMENT = "an environment, which has no code of the project"
_BINARY_HEAD = 8_000  # git looks for a zero byte in as many


@dataclass(frozen=True, slots=True)
class Untracked:
    """A file that git neither tracks nor ignores.

    `secret` says why it may be a secret, `barred` why it cannot be committed at all; both are empty for most files. An
    environment is one entry, the path of its folder with a slash.
    """

    path: str
    bytes: int
    secret: str = ""
    barred: str = ""
    is_environment: bool = False

    @property
    def is_large(self) -> bool:
        """Whether no-results would refuse it for its size."""
        return self.bytes > LARGE_BYTES

    @property
    def is_plain(self) -> bool:
        """Whether nothing speaks against committing it."""
        return not (self.secret or self.barred or self.is_large)

    @property
    def described(self) -> str:
        """Its path and size, and what speaks against committing it."""
        marks = [size(self.bytes)] if not self.barred else [self.barred]
        marks += ["large"] if self.is_large else []
        marks += [f"looks like a secret: {self.secret}"] if self.secret else []
        return f"{escaped(self.path)} ({', '.join(marks)})"

    def is_at(self, named: str) -> bool:
        """Return whether it is a named file, or in a named folder."""
        return self.path.rstrip("/") == named or self.path.startswith(f"{named}/")


def find(project: Project, used: Iterable[str] = ()) -> tuple[Untracked, ...]:
    """List the files that git neither tracks nor ignores.

    Results and records of runs are not among them, nor is a file that this process prints to, nor what
    environments.find() leaves out, given the paths of the code to run.
    """
    results = _Results(project)
    paths, folders = environments.find(project, used)
    printed_to = _printed_to()
    kept = (path for path in paths if not path.startswith(_OWN) and path not in results)
    found = [_examined(project, path) for path in kept if _identity(project.root / path) not in printed_to]
    return (*found, *(Untracked(f, 0, barred=_ENVIRONMENT, is_environment=True) for f in folders if f not in results))


def _printed_to() -> set[tuple[int, int]]:
    """Return the identities of the files that this process prints to, as in `qanat run NAME >log.txt`."""
    found = set()
    for descriptor in (1, 2):
        with contextlib.suppress(OSError):
            status = os.fstat(descriptor)
            if stat.S_ISREG(status.st_mode):
                found.add((status.st_dev, status.st_ino))
    return found


def _identity(file: Path) -> tuple[int, int] | None:
    try:
        status = file.lstat()
    except OSError:
        return None
    return status.st_dev, status.st_ino


def _examined(project: Project, path: str) -> Untracked:
    file = project.root / path
    if path.endswith("/"):
        return Untracked(path, 0, barred="a repository of its own")
    try:
        count = file.lstat().st_size
    except OSError:
        return Untracked(path, 0, barred="no longer there")
    return Untracked(path, count, secret=_secret_in(file, path))


def _secret_in(file: Path, path: str) -> str:
    """Return why a file may be a secret, by its name or its content; empty if nothing suggests that.

    Of a large file, which has to be named itself, only the beginning is read.
    """
    if reason := file_names.secret_by_name(PurePosixPath(path).name):
        return reason
    data = b"" if file.is_symlink() else _text_of(file)
    found = next(no_secrets.in_file(path, data), None)
    return f"line {found.line}: {found.problem.removeprefix('this looks like ')}" if found else ""


def _text_of(file: Path) -> bytes:
    """Return a text file's beginning, in UTF-8; empty for a binary file, and for one that cannot be read."""
    try:
        with files.open_for_reading(file) as opened:
            head = opened.read(_BINARY_HEAD)
            if head.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
                return (head + opened.read(LARGE_BYTES)).decode("utf-16", "replace").encode("utf-8", "replace")
            return b"" if b"\0" in head else head + opened.read(LARGE_BYTES)
    except OSError:
        return b""


class _Results:
    """The files that runs wrote: in the folder for results, and in storage directories elsewhere."""

    def __init__(self, project: Project) -> None:
        self._root = project.root
        self._folder = str(PurePosixPath(project.config.result_dir))
        self._known: dict[str, bool] = {}

    def __contains__(self, path: str) -> bool:
        """Return whether a file, or the link in the place of the folder, holds results."""
        name = path.rstrip("/")
        parents = [str(p) for p in PurePosixPath(name).parents][:-1]
        is_link_above = self._folder.startswith(f"{name}/") and (self._root / name).is_symlink()
        return name == self._folder or self._folder in parents or is_link_above or any(map(self._is_storage, parents))

    def _is_storage(self, folder: str) -> bool:
        if folder not in self._known:
            self._known[folder] = storage.run_in(self._root / folder) is not None
        return self._known[folder]


# ---- those that the user names


def chosen(
    project: Project, found: Sequence[Untracked], named: Iterable[str], *, allow_secrets: bool
) -> tuple[Untracked, ...]:
    """Return the files that --add names, by paths from the root; a folder stands for the files in it.

    Raises UsageError for a path that cannot be added, and for what must be named itself or looks like a secret.
    """
    taken: dict[str, Untracked] = {}
    for path in named:
        matching = [file for file in found if file.is_at(path)]
        if not matching and not worktree.is_tracked(project.location, path):
            raise _cannot_add(project, path)
        for file in matching:
            _check(file, path, allow_secrets=allow_secrets)
            taken[file.path] = file
    return tuple(taken.values())


def from_root(project: Project, paths: Iterable[str | Path]) -> tuple[str, ...]:
    """Return paths, relative to the current directory, as paths from the root. Raises UsageError for one outside."""
    return tuple(_from_root(project, path) for path in paths)


def _from_root(project: Project, path: str | Path) -> str:
    whole = Path.cwd().resolve() / path
    inside = Path(os.path.normpath(whole))
    if not inside.is_relative_to(project.root) or inside == project.root:
        raise UsageError(f"--add {path}: is not a file inside the project", hint="name files of the project")
    return inside.relative_to(project.root).as_posix()


def _check(file: Untracked, named: str, *, allow_secrets: bool) -> None:
    if file.barred:
        raise UsageError(f"--add {named}: {file.path} is {file.barred}", hint="add it yourself with git")
    if file.secret and not allow_secrets:
        raise UsageError(
            f"--add {named}: {file.path} looks like a secret ({file.secret})",
            hint="list it in .gitignore; or, if it is not a secret, use --allow-secrets",
        )
    if file.is_large and file.path != named:
        raise UsageError(
            f"--add {named}: {file.path} is larger than {LARGE_BYTES // 10**6} MB",
            hint=f"list it in .gitignore, or name it: --add {shlex.quote(file.path)}",
        )


def _cannot_add(project: Project, path: str) -> UsageError:
    if not os.path.lexists(project.root / path):
        return UsageError(f"--add {path}: does not exist", hint="see git status")
    if path.partition("/")[0] == ".git":
        return UsageError(f"--add {path}: is inside .git", hint="name files of the project")
    if path in _Results(project) or path.startswith(_OWN):
        return UsageError(f"--add {path}: was written by qanat for a run", hint="results stay out of git")
    if worktree.ignored(project.location, [path]):
        return UsageError(
            f"--add {path}: is ignored by git", hint=f"see why with: git check-ignore -v -- {shlex.quote(path)}"
        )
    if folder := next((f.path for f in find(project) if f.is_environment and f"{path}/".startswith(f.path)), ""):
        return UsageError(f"--add {path}: {folder} is {_ENVIRONMENT}", hint="add it yourself with git")
    return UsageError(f"--add {path}: contains nothing to add", hint="see git status")
