"""Real shells for the scripts of jobs."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from tests.unit.runners.submitting.place import Place

SHELLS = {"dash": "dash", "bash": "bash", "bash --posix": "sh", "busybox sh": "sh"}


@pytest.fixture
def place(tmp_path: Path) -> Place:
    """Return a place where scripts are run by this machine's sh."""
    return Place(tmp_path)


# These tests wait for processes, so that all but one are left to the whole run.
@pytest.fixture(params=[name if name == "dash" else pytest.param(name, marks=pytest.mark.slow) for name in SHELLS])
def in_any_shell(request: pytest.FixtureRequest, place: Place, tmp_path: Path) -> Place:
    """Return the place, where scripts are run by one of several shells, under the name that it goes by."""
    path = shutil.which(request.param.partition(" ")[0])
    if path is None:
        pytest.skip(f"{request.param} is not installed")
    link = tmp_path / SHELLS[request.param]
    link.symlink_to(path)
    place.shell_path = str(link)
    return place
