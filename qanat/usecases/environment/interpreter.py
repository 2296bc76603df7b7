"""What a command really starts: the interpreter that it names, that its launcher chooses, or that its file names."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import dropwhile
from pathlib import Path

from qanat.system import files

_PYTHON = re.compile(r"(?:python|pypy)[0-9.]*\Z")
_HEAD_BYTES = 256
_INLINE, _INLINE_BYTES = b"# /// script", 64 * 2**10
_PROJECT_TOOLS = ("uv", "poetry", "pdm", "pipenv", "hatch")
# They start what comes after their options.
_WRAPPERS = ("nice", "time", "timeout", "stdbuf", "taskset", "numactl", "srun", "mpirun", "mpiexec")
_CONDA_TOOLS = ("conda", "mamba", "micromamba")


class NotStarted(Exception):
    """An interpreter would have to be started to find out what it is."""


@dataclass(frozen=True, slots=True)
class Started:
    """What a command starts: a Python, or another program; both are None if it is not found.

    `script` is a file that names its packages itself, for which uv, the other program, chooses a Python.
    """

    python: Path | None = None
    other: Path | None = None
    script: Path | None = None


def started_by(command: Sequence[str], folder: Path, variables: Mapping[str, str]) -> Started:
    """Return what a command starts in a folder. The last part of the command is the file that it is given."""
    parts = _without_env(command[:-1]) or _without_env(_shebang(folder / command[-1]))
    search = _search_path(parts, folder, variables)
    python = next((part for part in parts if _PYTHON.match(_name(part))), "")
    launcher = _name(parts[0] if parts else "")
    if launcher == "uv" and not python and ("--script" in parts or _names_packages(folder / command[-1])):
        return Started(other=found_on_path(parts[0], folder, search), script=folder / command[-1])
    if not python and command[-1].endswith(".py") and launcher in ("uv", "pixi"):
        python = "python"  # both run such a file with it
    if python:
        return Started(python=found_on_path(python, folder, search))
    first = parts[0] if parts else command[-1]
    return Started(other=found_on_path(command[-1] if _name(first) in _WRAPPERS else first, folder, search))


def found_on_path(name: str, folder: Path, search: Sequence[str]) -> Path | None:
    """Return the program of this name, as execvp() looks for it in a folder; None if it is not found."""
    places = [folder / name] if "/" in name else [folder / part / name for part in search]
    return next((place for place in places if files.is_file(place) and os.access(place, os.X_OK)), None)


def _without_env(parts: Sequence[str]) -> Sequence[str]:
    """Return a command without `env`, its options and variables before it; nothing if `env` starts the file itself."""
    if not parts or _name(parts[0]) != "env":
        return parts
    return list(dropwhile(lambda part: part.startswith("-") or "=" in part, parts[1:]))


def _name(part: str) -> str:
    return part.rpartition("/")[2]


def _search_path(parts: Sequence[str], folder: Path, variables: Mapping[str, str]) -> list[str]:
    """Return where programs are looked for: first in the environment that a launcher such as `uv run` chooses."""
    own = variables.get("PATH", os.defpath).split(os.pathsep)
    prefix = _prefix(parts, folder, variables) if "run" in parts[1:] else None
    return [f"{prefix}/bin", *own] if prefix else own


def _prefix(parts: Sequence[str], folder: Path, variables: Mapping[str, str]) -> str | None:
    """Return the environment that a launcher chooses; None if it is another program, or that is unknown."""
    launcher = _name(parts[0])
    if launcher in _PROJECT_TOOLS:
        active = variables.get("VIRTUAL_ENV") if launcher != "uv" else variables.get("UV_PROJECT_ENVIRONMENT")
        return str(folder / (active or ".venv"))
    if launcher == "pixi":
        return str(folder / ".pixi/envs" / (_option(parts, "-e", "--environment") or "default"))
    if launcher in _CONDA_TOOLS:
        if path := _option(parts, "-p", "--prefix"):
            return str(folder / path)
        return _conda_prefix(_option(parts, "-n", "--name"), parts[0], folder, variables)
    return None


def _conda_prefix(name: str, conda: str, folder: Path, variables: Mapping[str, str]) -> str | None:
    """Return the folder of a conda environment by its name; of the active one without a name."""
    if not name:
        return variables.get("CONDA_PREFIX")
    program = variables.get("CONDA_EXE") or variables.get("MAMBA_EXE")
    found = Path(program) if program else found_on_path(conda, folder, variables.get("PATH", "").split(os.pathsep))
    roots = [variables["MAMBA_ROOT_PREFIX"]] if variables.get("MAMBA_ROOT_PREFIX") else []
    roots += [str(found.resolve().parent.parent)] if found else []
    own = os.path.expanduser("~/.conda")  # noqa: PTH111
    places = [*(root if name == "base" else f"{root}/envs/{name}" for root in roots), f"{own}/envs/{name}"]
    return next((place for place in places if os.path.isdir(place)), None)  # noqa: PTH112


def _option(parts: Sequence[str], short: str, long: str) -> str:
    """Return the value of an option; empty if it is not given."""
    for part, value in zip(parts, [*parts[1:], ""], strict=True):
        if part in (short, long):
            return value
        if part.startswith(f"{long}="):
            return part.partition("=")[2]
    return ""


def _names_packages(script: Path) -> bool:
    """Return whether a Python file names the packages that it needs in a comment, as PEP 723 says."""
    try:
        with files.open_for_reading(script) as file:
            lines = file.read(_INLINE_BYTES).splitlines()
    except OSError:
        return False
    return script.suffix == ".py" and _INLINE in (line.rstrip() for line in lines)


def _shebang(program: Path) -> list[str]:
    """Return what is after `#!` in the first line of a file; nothing if it has no such line."""
    try:
        with files.open_for_reading(program) as file:
            line = file.read(_HEAD_BYTES).partition(b"\n")[0]
    except OSError:
        return []
    return line[2:].decode("utf-8", "replace").split() if line.startswith(b"#!") else []
