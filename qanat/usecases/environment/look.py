"""Looking at the environment that the program of a run will find, without starting the user's code."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from qanat.domain.environment import Environment, Interpreter
from qanat.records.remembered import Remembered, stamp_at
from qanat.system import files, python_installation
from qanat.system.python_installation import Installation
from qanat.usecases.environment.interpreter import python_of
from qanat.usecases.project import Project

# What decides which Python a script in its place starts, as those of pyenv, asdf and mise.
_VERSION_VARIABLES = ("PYENV_VERSION", "PYENV_ROOT", "ASDF_PYTHON_VERSION", "MISE_PYTHON_VERSION")
_VERSION_FILES = (".python-version", ".tool-versions", "mise.toml", ".mise.toml")
_ELF = b"\x7fELF"


def look(project: Project, command: Sequence[str], folder: Path) -> Environment:
    """Return the environment of a command that is started in a folder; what cannot be found out is left out."""
    environment = os.environ
    known = Remembered(project.location.private_here, project.sharing)
    interpreter, distributions = None, dict[str, str]()
    if python := python_of(command, folder, environment):
        found = _installation(known, python, folder, environment)
        if found:
            interpreter = Interpreter("python", found.version, found.build, found.kind)
            distributions = _distributions(known, [*_path_variable(folder, environment), *found.folders])
    known.save()
    return Environment(interpreter, distributions)


def _installation(known: Remembered, python: Path, folder: Path, environment: Mapping[str, str]) -> Installation | None:
    """Return what a Python is; it is started only if it has changed, or what a script in its place reads has."""
    paths = [str(python), str(python.parents[1] / "pyvenv.cfg")]
    choice = ""
    if not _is_binary(python):
        choice = repr([environment.get(name, "") for name in _VERSION_VARIABLES])
        paths += _version_files(folder, environment)
    name = f"python {choice} {python}{environment.get('PYTHONNOUSERSITE', '') and ' without user site'}"
    stamps = {path: stamp_at(path) for path in paths}
    if answer := known.get(name, stamps):
        return Installation(**answer | {"folders": tuple(answer["folders"])})
    found = python_installation.ask(python, folder, environment)
    if found:
        known.put(name, stamps, found.as_mapping())
    return found


def _is_binary(python: Path) -> bool:
    try:
        with files.open_for_reading(python.resolve()) as file:
            return file.read(len(_ELF)) == _ELF
    except OSError:
        return False


def _version_files(folder: Path, environment: Mapping[str, str]) -> list[str]:
    root = environment.get("PYENV_ROOT") or os.path.expanduser("~/.pyenv")  # noqa: PTH111
    above = (str(place / name) for place in (folder, *folder.parents) for name in _VERSION_FILES)
    return [f"{root}/version", *above, os.path.expanduser("~/.config/mise/config.toml")]  # noqa: PTH111


def _distributions(known: Remembered, folders: Iterable[str]) -> dict[str, str]:
    stamps = {folder: stamp_at(folder) for folder in folders}
    name = f"packages {' '.join(stamps)}"
    found: dict[str, str] | None = known.get(name, stamps)
    if found is None:
        found = python_installation.distributions([*stamps])
        known.put(name, stamps, found)
    return found


def _path_variable(folder: Path, environment: Mapping[str, str]) -> list[str]:
    """Return the folders that PYTHONPATH names."""
    return [str(folder / part) for part in environment.get("PYTHONPATH", "").split(os.pathsep) if part]
