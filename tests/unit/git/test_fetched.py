"""Commits of other repositories, which may be a stranger's."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from qanat.errors import GitRefused
from qanat.git import fetched
from tests.support.repository import Repository

TOO_MUCH = "the commit has more than 1 MiB, which is the limit"


@pytest.fixture
def site(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Repository:
    """Return a repository of which at most 1 MiB is fetched."""
    monkeypatch.setattr(fetched, "FETCHED_MIB_MAX", 1)
    site = Repository(tmp_path)
    site.git("init", "--quiet", "--initial-branch", "main")
    site.commit("first", **{"a.yaml": "a: 1\n"})
    return site


def test_files_of_a_commit_are_listed_and_read(site: Repository) -> None:
    with fetched.fetched(str(site.root), None) as there:
        assert there.files() == {"a.yaml": 5}
        assert there.read("a.yaml") == b"a: 1\n"


def test_more_than_the_limit_is_not_fetched(site: Repository) -> None:
    (site.root / "large").write_bytes(os.urandom(2**21))
    site.git("add", "large")
    site.git("commit", "--quiet", "-m", "Large")
    with pytest.raises(GitRefused, match=TOO_MUCH), fetched.fetched(str(site.root), None):
        pass


def test_a_commit_of_few_bytes_cannot_have_any_number_of_files(site: Repository) -> None:
    inner = site.git("rev-parse", "HEAD:").strip()
    for _ in range(20):
        rows = "".join(f"040000 tree {inner}\t{name}\n" for name in ("a", "b"))
        inner = site.git("mktree", stdin=rows).strip()
    commit = site.git("commit-tree", inner, "-m", "Doubled").strip()
    site.git("update-ref", "HEAD", commit)
    with fetched.fetched(str(site.root), None) as there, pytest.raises(GitRefused, match=TOO_MUCH):
        there.files()
