"""What a Python is, and which packages it can import; both are found out again only if something has changed."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from qanat.domain.environment import Interpreter
from qanat.records.remembered import Remembered, stamp_at
from qanat.system import python_installation
from qanat.system.programs import is_binary
from qanat.system.python_installation import CONDA, Installation
from qanat.usecases.environment.interpreter import NotStarted

# What decides which Python a script in its place starts, as those of pyenv, asdf and mise.
_VERSION_VARIABLES = ("PYENV_VERSION", "PYENV_ROOT", "ASDF_PYTHON_VERSION", "MISE_PYTHON_VERSION")
_VERSION_FILES = (".python-version", ".tool-versions", "mise.toml", ".mise.toml")


def describe(
    known: Remembered, python: Path, folder: Path, variables: Mapping[str, str], *, starts: bool
) -> dict[str, Any]:
    """Return what an environment says of a Python that a process in a folder starts; nothing if it does not answer.

    Raises NotStarted if it is not known, and must not be started.
    """
    found = _installation(known, python, folder, variables, starts=starts)
    if found is None:
        return {}
    return {
        "interpreter": Interpreter("python", found.version, found.build, found.kind),
        "distributions": _distributions(known, [*_path_variable(folder, variables), *found.folders]),
        "conda": _conda(known, found.home) if found.kind == CONDA else {},
    }


def _installation(
    known: Remembered, python: Path, folder: Path, variables: Mapping[str, str], *, starts: bool
) -> Installation | None:
    """Return what a Python is; it is started only if it has changed, or what a script in its place reads has."""
    paths = [str(python), str(python.parent.parent / "pyvenv.cfg")]
    choice = [variables.get("PYTHONNOUSERSITE", "")]
    if not is_binary(python):
        choice += [variables.get(name, "") for name in _VERSION_VARIABLES]
        paths += _version_files(folder, variables)
    stamps = {path: stamp_at(path) for path in paths}
    name = f"python {python} {choice}"
    if answer := known.get(name, stamps):
        return Installation(**answer | {"folders": tuple(answer["folders"])})
    if not starts:
        raise NotStarted
    found = python_installation.ask(python, folder, variables)
    if found:
        known.put(name, stamps, found.as_mapping())
    return found


def _version_files(folder: Path, variables: Mapping[str, str]) -> list[str]:
    root = variables.get("PYENV_ROOT") or os.path.expanduser("~/.pyenv")  # noqa: PTH111
    above = (str(place / name) for place in (folder, *folder.parents) for name in _VERSION_FILES)
    return [f"{root}/version", *above, os.path.expanduser("~/.config/mise/config.toml")]  # noqa: PTH111


def _distributions(known: Remembered, folders: Iterable[str]) -> dict[str, str]:
    stamps = {folder: stamp_at(folder) for folder in folders}
    return known.found(f"packages {' '.join(stamps)}", stamps, lambda: python_installation.distributions([*stamps]))


def _conda(known: Remembered, home: str) -> dict[str, str]:
    stamps = {home: stamp_at(f"{home}/conda-meta")}
    return known.found(f"conda {home}", stamps, lambda: python_installation.conda_packages(home))


def _path_variable(folder: Path, variables: Mapping[str, str]) -> list[str]:
    """Return the folders that PYTHONPATH names."""
    return [str(folder / part) for part in variables.get("PYTHONPATH", "").split(os.pathsep) if part]
