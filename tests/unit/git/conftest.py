"""A repository of its own for every test of git, copied from one that is made once."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from tests.support.repository import Repository


@pytest.fixture(scope="session")
def made_once(home: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Make a repository with one commit of one file."""
    root = tmp_path_factory.mktemp("git") / "repository"
    root.mkdir()
    repository = Repository(root)
    repository.git("init", "--quiet", "--template=")
    repository.commit("first", **{"a.txt": "a\n"})
    return root


@pytest.fixture
def repository(made_once: Path, tmp_path: Path) -> Repository:
    """Return a repository with one commit of one file, in a folder with a space in its name."""
    return Repository(shutil.copytree(made_once, tmp_path / "my repository"))
