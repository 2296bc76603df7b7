"""Looking at the environment that the program of a run will find, without starting the user's code."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any

from qanat.domain.environment import Environment, recorded_modules, recorded_variables
from qanat.records.remembered import Remembered, stamp_at
from qanat.system import hashing
from qanat.usecases.environment import others, pythons, uv_scripts
from qanat.usecases.environment.interpreter import Started, started_by
from qanat.usecases.project import Project

LOCKS = (
    "uv.lock", "poetry.lock", "pixi.lock", "pdm.lock", "Pipfile.lock", "pylock.toml", "conda-lock.yml",
    "environment.yml", "renv.lock", "Manifest.toml",
)  # fmt: skip
LOCK_BYTES_MAX = 64 * 2**20


def look(project: Project, command: Sequence[str], folder: Path, *, starts: bool = True) -> Environment:
    """Return the environment of a command that is started in a folder; what cannot be found out is left out.

    An interpreter that is not known yet is started, which may be one that came with a clone: without `starts`, it is
    not, and NotStarted is raised.
    """
    variables = os.environ
    known = Remembered(project.location.private_here, project.sharing)
    started = started_by(command, folder, variables)
    found = Environment(
        **_described(known, started, folder, variables, starts=starts),
        locks=_locks(known, folder, (*LOCKS, *_own_locks(command, started, variables))),
        modules=recorded_modules(variables),
        variables=recorded_variables(variables),
    )
    known.save()
    return found


def _described(
    known: Remembered, started: Started, folder: Path, variables: Mapping[str, str], *, starts: bool
) -> dict[str, Any]:
    if started.script and started.other:
        python = uv_scripts.find_python(known, started.other, started.script, folder, starts=starts)
        return pythons.describe(known, python, folder, variables, starts=starts) if python else {}
    if started.python:
        return pythons.describe(known, started.python, folder, variables, starts=starts)
    return others.describe(known, started.other, folder, starts=starts) if started.other else {}


def _locks(known: Remembered, folder: Path, names: Sequence[str]) -> dict[str, str]:
    found = {}
    for name in names:
        path = folder / name
        if stamp := stamp_at(str(path)):
            hashed = partial(hashing.digest_within, path, LOCK_BYTES_MAX)
            found[name] = known.found(f"file {path}", {str(path): stamp}, hashed)
    return {name: digest for name, digest in found.items() if digest}


def _own_locks(command: Sequence[str], started: Started, variables: Mapping[str, str]) -> list[str]:
    """Return the paths of the lock files of a script, and of the project that a command names to Julia."""
    if started.script:
        return [f"{command[-1]}.lock"]
    if started.other is None or started.other.name != "julia":
        return []
    named = [part.partition("=")[2] for part in command[:-1] if part.startswith("--project=")]
    projects = [os.path.normpath(part) for part in (*named, variables.get("JULIA_PROJECT", ""))[:1] if part]
    return [f"{project}/Manifest.toml" for project in projects if not project.startswith(("@", "/", "."))]
