"""A project whose runners are those of a small world."""

from __future__ import annotations

import pytest

import qanat
from qanat.api.opened import Opened
from tests.support.world import World
from tests.unit.usecases.conftest import template, world

__all__ = ["template", "world"]


@pytest.fixture
def project(world: World) -> qanat.Project:
    """Open the world's project from Python."""
    return qanat.Project(Opened(world.project, lambda: world))  # type: ignore[arg-type,return-value]
