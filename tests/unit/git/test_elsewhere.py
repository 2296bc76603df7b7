"""The version of a folder or file in any repository."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from qanat.errors import GitRefused
from qanat.git.elsewhere import version_of
from tests.support.repository import Repository


def test_a_whole_repository_is_its_commit_and_a_part_its_tree_or_blob(repository: Repository) -> None:
    commit = repository.commit(**{"sub/b*.txt": "b"})
    assert version_of(repository.root).id == f"commit:{commit}"
    assert version_of(repository.root / "sub").id == f"tree:{repository.git('rev-parse', 'HEAD:sub')}"
    assert version_of(repository.root / "sub/b*.txt").id == f"blob:{repository.git('rev-parse', 'HEAD:sub/b*.txt')}"


def test_changes_count_where_they_are(repository: Repository) -> None:
    repository.commit(**{"sub/b*.txt": "b", "sub/bc.txt": "c"})
    repository.write("sub/bc.txt", "changed")
    assert version_of(repository.root).changed
    assert version_of(repository.root / "sub").changed
    assert not version_of(repository.root / "sub/b*.txt").changed
    assert not version_of(repository.root / "a.txt").changed
    repository.git("checkout", "--quiet", ".")
    repository.write("sub/new")
    assert version_of(repository.root / "sub").changed


def test_what_no_commit_has_is_refused(repository: Repository, tmp_path: Path) -> None:
    repository.write("new/a")
    with pytest.raises(GitRefused, match="is in a repository, but not in its last commit"):
        version_of(repository.root / "new")
    (tmp_path / "plain").mkdir()
    with pytest.raises(GitRefused, match="is not in a repository"):
        version_of(tmp_path / "plain")


def test_the_settings_of_a_repository_start_no_program(repository: Repository, tmp_path: Path) -> None:
    trap = tmp_path / "trap.sh"
    trap.write_text(f"#!/bin/sh\ntouch {tmp_path}/sprung\n")
    trap.chmod(0o755)
    repository.git("config", "core.fsmonitor", str(trap))
    version_of(repository.root)
    assert not os.path.lexists(tmp_path / "sprung")
