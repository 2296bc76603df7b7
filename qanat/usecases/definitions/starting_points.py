"""The starting points of qanat itself, and those in a folder: files that are copied as they are."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from qanat import __version__
from qanat.domain.shortening import quoted
from qanat.domain.starting_point import FILE_BYTES_MAX, FILES_MAX, README, StartingPoint, described, problems
from qanat.errors import InputInvalid, UsageError
from qanat.system import below, installation
from qanat.usecases.definitions.from_program import python_command

# What stands for the repository of qanat, and for a commit of it, in the recipes for CI.
PLACEHOLDER = b"OWNER/qanat@COMMIT"
_COMMAND = "executable_command: "
_PYTHON = f"{_COMMAND}python\n".encode()
_FIRST = ("minimal", "python", "deep-learning")
_SKIPPED = ("__pycache__", ".git")


@dataclass(frozen=True, slots=True)
class Offered:
    """A starting point of qanat: its name, what it is, its files, and the commands to type first."""

    name: str
    about: str
    files: tuple[str, ...]
    commands: tuple[str, ...]


def _built_in() -> Path:
    """Return the folder of the built-in starting points: the packed one or, in a checkout, the one at its top."""
    here = Path(__file__).resolve()
    packed = here.parents[2] / "starting_points"
    return packed if packed.is_dir() else here.parents[3] / "starting_points"


BUILT_IN = _built_in()


def names() -> list[str]:
    """List the names of the built-in starting points, the simplest first."""
    found = sorted(entry.name for entry in below.entries(BUILT_IN, "") if below.has_file(BUILT_IN, _readme(entry.name)))
    return [*(name for name in _FIRST if name in found), *(name for name in found if name not in _FIRST)]


def _readme(name: str) -> str:
    return f"{name}/{README}"


def offered() -> list[Offered]:
    """Return what the built-in starting points are."""
    return [_offered(name) for name in names()]


def _offered(name: str) -> Offered:
    found = described(below.read(BUILT_IN, _readme(name)).decode())
    return Offered(name, found.about, tuple(sorted(listed(BUILT_IN / name))), tuple(found.commands))


def built_in(name: str) -> StartingPoint:
    """Return one of the starting points of this version of qanat. Raises UsageError for another name."""
    if name not in names():
        known = ", ".join(names())
        raise UsageError(f"there is no starting point {quoted(name)}", hint=f"known: {known}; see --list-templates")
    found = from_folder(BUILT_IN / name, f"{name} of qanat {__version__}")
    files = {path: data.replace(PLACEHOLDER, _own_place()) for path, data in found.files.items()}
    if (python := python_command()) != "python":
        files = {path: data.replace(_PYTHON, f"{_COMMAND}{python}\n".encode()) for path, data in files.items()}
    return StartingPoint(files, found.origin, found.programs)


def _own_place() -> bytes:
    """Return where this qanat was installed from, as a workflow names it; a placeholder if GitHub cannot find that."""
    return (installation.on_github() or PLACEHOLDER.decode()).encode()


def from_folder(folder: Path, origin: str) -> StartingPoint:
    """Return the files of a folder. Raises InputInvalid for too many or too large ones, links, and odd names."""
    entries = listed(folder)
    if problem := next(problems({path: found.st_size for path, found in entries.items()}), ""):
        raise InputInvalid(f"the starting point {problem}")
    if link := next((path for path, found in entries.items() if not stat.S_ISREG(found.st_mode)), ""):
        raise InputInvalid(f"the starting point has {link}, which is a symbolic link or no file at all")
    files = {path: below.read(folder, path, FILE_BYTES_MAX) for path in entries}
    programs = frozenset(path for path, found in entries.items() if found.st_mode & stat.S_IXUSR)
    return StartingPoint(files, origin, programs)


def listed(folder: Path) -> Mapping[str, os.stat_result]:
    """Return what is in a folder and the folders in it, up to a number, by paths from there; no link is followed."""
    found: dict[str, os.stat_result] = {}
    for path in _walked(folder):
        found[path] = os.lstat(folder / path)
        if len(found) > FILES_MAX:
            break
    return found


def _walked(folder: Path) -> Iterator[str]:
    for name, folders, files in os.walk(folder):
        links = [each for each in folders if os.path.islink(os.path.join(name, each))]  # noqa: PTH114, PTH118
        folders[:] = sorted(each for each in folders if each not in (*_SKIPPED, *links))
        for each in sorted([*files, *links]):
            if not each.endswith((".pyc", ".pyo")):
                yield os.path.relpath(os.path.join(name, each), folder)  # noqa: PTH118
