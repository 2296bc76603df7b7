"""Where a repository is."""

from __future__ import annotations

from pathlib import Path

import pytest

from qanat.errors import ProjectNotFound
from qanat.git import location
from tests.support.repository import Repository


def test_a_repository_is_found_from_any_folder_in_it(repository: Repository) -> None:
    (repository.root / "inner/deep").mkdir(parents=True)
    for start in (repository.root, repository.root / "inner/deep"):
        found = location.find(start)
        assert found
        assert (found.root, found.git_dir, found.common_dir) == (repository.root, *(repository.root / ".git",) * 2)
        assert found.private == found.private_here == repository.root / ".git/qanat"


def test_a_folder_outside_of_any_is_in_none(tmp_path: Path) -> None:
    assert location.find(tmp_path) is None


def test_a_linked_worktree_shares_the_folder_of_the_first(repository: Repository) -> None:
    repository.git("worktree", "add", "--quiet", "../other")
    found = location.find(repository.root.parent / "other")
    assert found
    assert found.root == repository.root.parent / "other"
    assert found.git_dir == repository.root / ".git/worktrees/other"
    assert found.common_dir == repository.root / ".git"
    assert found.private == repository.root / ".git/qanat"
    assert found.private_here == repository.root / ".git/worktrees/other/qanat"


def test_a_worktree_whose_repository_has_moved_says_how_to_repair_it(repository: Repository) -> None:
    repository.git("worktree", "add", "--quiet", "../other")
    repository.root.rename(repository.root.parent / "moved")
    with pytest.raises(ProjectNotFound, match=r"other/\.git points (at|to) ") as error:
        location.find(repository.root.parent / "other")
    assert "git worktree repair" in error.value.hint


def test_a_bare_repository_has_no_files_to_run(repository: Repository, tmp_path: Path) -> None:
    repository.git("clone", "--quiet", "--bare", ".", str(tmp_path / "bare"))
    with pytest.raises(ProjectNotFound, match="is a bare repository") as error:
        location.find(tmp_path / "bare/objects")
    assert error.value.hint == f"clone it: git clone {tmp_path / 'bare'}"
