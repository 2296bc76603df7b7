"""A project and a scheduler for every test of a use case, copied from one that is created once."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.support.copied import Original
from tests.support.world import World, make_template


@pytest.fixture(scope="session")
def template(home: Path, tmp_path_factory: pytest.TempPathFactory) -> Original:
    """Create the project from which worlds are copied."""
    return Original(make_template(tmp_path_factory.mktemp("template") / "project"))


@pytest.fixture
def world(template: Original, tmp_path: Path) -> World:
    """Return a project with a scheduler whose jobs do what the test says."""
    return World(template.copy(tmp_path / "my project"))
