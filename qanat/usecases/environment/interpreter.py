"""Which interpreter a command really starts: the first one that it names, or that the file it starts names."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping, Sequence
from pathlib import Path

from qanat.system import files

_PYTHON = re.compile(r"(?:python|pypy)[0-9.]*\Z")
_HEAD_BYTES = 256


def python_of(command: Sequence[str], folder: Path, environment: Mapping[str, str]) -> Path | None:
    """Return the Python that a command starts in a folder; None if it starts none, or it is not found.

    The last part of the command is the file that it is given.
    """
    parts = [*command[:-1], *_shebang(folder / command[-1])] if len(command) == 1 else command[:-1]
    named = next((part for part in parts if _PYTHON.match(os.path.basename(part))), "")  # noqa: PTH119
    return found_on_path(named, folder, environment) if named else None


def found_on_path(name: str, folder: Path, environment: Mapping[str, str]) -> Path | None:
    """Return the program of this name, as execvp() looks for it in a folder; None if it is not found."""
    if "/" in name:
        places = [folder / name]
    else:
        places = [folder / part / name for part in environment.get("PATH", os.defpath).split(os.pathsep)]
    return next((place for place in places if place.is_file() and os.access(place, os.X_OK)), None)


def _shebang(program: Path) -> list[str]:
    """Return what is after `#!` in the first line of a file; none if it has no such line."""
    try:
        with files.open_for_reading(program) as file:
            line = file.read(_HEAD_BYTES).partition(b"\n")[0]
    except OSError:
        return []
    return line[2:].decode("utf-8", "replace").split() if line.startswith(b"#!") else []
