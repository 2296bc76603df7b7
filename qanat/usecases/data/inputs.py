"""Inputs of a run that are not datasets: what its arguments name, and the commit of its code does not have."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path

from qanat.domain.data import HASH, DataState
from qanat.domain.group_key import INPUTS_MAX
from qanat.errors import reason
from qanat.git import content
from qanat.system.hashing import sha256_of
from qanat.usecases.data.bounds import Bounds, outside_of
from qanat.usecases.data.look import Data, look_within
from qanat.usecases.project import Project

# Beyond this in total, sizes and times have to do.
HASHED_BYTES_MAX = 64 * 2**20


def look_at_inputs(
    project: Project, names: Iterable[str], commit: str, bounds: Bounds | None = None
) -> tuple[DataState, ...]:
    """Return what the files and folders of these names are now, the first of those that the commit does not have.

    A relative name starts at the root of the project; of others, only files count. Small files are hashed. Folders
    outside of the project with more files than `bounds` have a problem.
    """
    found = [name for name in names if _is_input(project, name, commit)][:INPUTS_MAX]
    states, left_bytes = [], HASHED_BYTES_MAX
    for name in found:
        path = str(project.root / name)
        state = look_within(project, Data(name, path, bounds=outside_of(project, path, bounds)))
        size = state.bytes or 0
        if state.files == 1 and size <= left_bytes and not (project.root / name).is_dir():
            left_bytes -= size
            state = _hashed(state, project.root / name)
        states.append(replace(state, is_input=True))
    return tuple(states)


def _is_input(project: Project, name: str, commit: str) -> bool:
    try:
        mode = os.stat(project.root / name).st_mode  # noqa: PTH116  # Path.stat raises for what no path can be
    except (OSError, ValueError):
        return False
    is_data = stat.S_ISREG(mode) or (stat.S_ISDIR(mode) and not name.startswith("/"))
    return is_data and (name.startswith("/") or content.at(project.location, commit, name) is None)


def _hashed(state: DataState, path: Path) -> DataState:
    try:
        return replace(state, track=HASH, id=f"sha256:{sha256_of(path)}", newest=None)
    except OSError as error:
        return replace(state, problem=reason(error))
