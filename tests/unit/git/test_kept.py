"""Commits that no branch contains: finding them, and refs of qanat's own that keep them."""

from __future__ import annotations

from pathlib import Path

import pytest

from qanat.errors import GitRefused
from qanat.git import identity, kept
from tests.support.repository import Repository

ABSENT = "0123456789" * 4


def left_behind(repository: Repository) -> str:
    """Return a commit that no ref leads to."""
    commit = repository.commit("left behind")
    repository.git("reset", "--quiet", "--hard", "HEAD~1")
    return commit


def test_commits_that_are_missing_are_told(repository: Repository) -> None:
    head, blob = repository.git("rev-parse", "HEAD", "HEAD:a.txt").split()
    assert kept.missing(repository.location, [head, ABSENT, blob]) == {ABSENT, blob}
    assert kept.missing(repository.location, [head]) == set()


def test_commits_that_no_ref_reaches_are_told(repository: Repository) -> None:
    head, lost = repository.head, left_behind(repository)
    later = repository.commit("later")
    here = repository.location
    assert kept.unreachable(here, [head, later, lost, ABSENT]) == {lost}
    repository.git("checkout", "--quiet", "--detach", lost)
    assert kept.unreachable(here, [lost]) == set()
    repository.git("checkout", "--quiet", "main")
    repository.git("tag", "v1", lost)
    assert kept.unreachable(here, [lost]) == set()
    assert kept.unreachable(here, [head, later, lost], head) == {later, lost}
    kept.keep(here, [lost])
    assert kept.unreachable(here, [head, later, lost], head) == {later}


def test_commits_are_kept_under_refs_of_their_own(repository: Repository) -> None:
    one, other = left_behind(repository), repository.head
    kept.keep(repository.location, [one, other])
    assert repository.git("for-each-ref", "--format=%(refname)", "refs/qanat").splitlines() == sorted(
        f"refs/qanat/commits/{commit}" for commit in (one, other)
    )
    with pytest.raises(GitRefused, match="git update-ref failed"):
        kept.keep(repository.location, [ABSENT])


@pytest.fixture
def remote(repository: Repository, tmp_path: Path) -> Repository:
    """Add a remote of the name origin to the repository."""
    repository.git("clone", "--quiet", "--bare", ".", str(tmp_path / "origin.git"))
    repository.git("remote", "add", "origin", str(tmp_path / "origin.git"))
    return Repository(tmp_path / "origin.git")


def test_fetching_is_set_up_once_and_can_be_seen(repository: Repository, remote: Repository, tmp_path: Path) -> None:
    here = repository.location
    repository.git("remote", "add", "second", str(tmp_path))
    assert kept.remotes(here) == ["origin", "second"]
    assert kept.fetched_from(here) == []
    assert kept.set_up_fetch(here, "origin")
    assert not kept.set_up_fetch(here, "origin")
    assert kept.fetched_from(here) == ["origin"]
    repository.git("config", "--unset", "remote.origin.fetch", "snapshots")
    assert kept.fetched_from(here) == []
    assert kept.set_up_fetch(here, "origin")


def test_what_is_kept_travels_and_is_never_pruned(repository: Repository, remote: Repository, tmp_path: Path) -> None:
    repository.write(".git/hooks/pre-push", "#!/bin/sh\nexit 1\n").chmod(0o755)
    lost = left_behind(repository)
    kept.keep(repository.location, [lost])
    snapshot = identity.take_snapshot(repository.location, "HEAD", "snapshot")
    identity.keep_snapshot(repository.location, "4-7f3a9c", snapshot)
    kept.push(repository.location, "origin")
    assert remote.git("for-each-ref", "--format=%(refname)", "refs/qanat").splitlines() == [
        f"refs/qanat/commits/{lost}",
        "refs/qanat/snapshots/4-7f3a9c",
    ]
    repository.git("clone", "--quiet", "--no-local", str(remote.root), str(tmp_path / "clone"))
    clone = Repository(tmp_path / "clone")
    assert kept.missing(clone.location, [lost]) == {lost}
    kept.set_up_fetch(clone.location, "origin")
    own = left_behind(clone)
    kept.keep(clone.location, [own])
    clone.git("fetch", "--quiet", "--prune")
    assert clone.git("for-each-ref", "--format=%(refname)", "refs/qanat").splitlines() == [
        f"refs/qanat/commits/{own}",
        f"refs/qanat/remotes/origin/commits/{lost}",
        "refs/qanat/remotes/origin/snapshots/4-7f3a9c",
    ]


def test_a_remote_that_does_not_answer_is_told(repository: Repository) -> None:
    repository.git("remote", "add", "origin", "/nowhere")
    with pytest.raises(GitRefused, match="git push failed"):
        kept.push(repository.location, "origin")
