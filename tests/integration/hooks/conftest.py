"""A fixture for tests of hooks that share a project."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.support.sandbox import Sandbox


@pytest.fixture
def left_clean(house: Sandbox) -> Iterator[None]:
    """Restore the project of the module to its last commit after each test."""
    before = house.git("rev-parse", "HEAD")
    yield
    house.git("reset", "--quiet", "--hard", before)
    house.git("clean", "--quiet", "--force", "-d")
