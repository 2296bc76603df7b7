"""Checkouts: the files of one commit in a folder of their own, made by git itself."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from qanat.errors import GitRefused
from qanat.git import checkout
from tests.support.repository import Repository
from tests.unit.git.test_tree_diff import many_files


@pytest.fixture
def folder(repository: Repository) -> Path:
    """Return where a checkout is to go."""
    return repository.root.parent / "deep/checkout"


def test_a_revision_is_a_commit(repository: Repository) -> None:
    head = repository.head
    repository.git("tag", "-a", "v1", "-m", "tag")
    later = repository.commit("later")
    for revision in (head[:8], "v1", "HEAD~1", ":/first"):
        assert checkout.resolve(repository.location, revision) == head
    assert checkout.resolve(repository.location, "HEAD") == later


@pytest.mark.parametrize("revision", ["nothing", "HEAD:a.txt", "--all", "", "HEAD^{tree}"])
def test_what_is_no_commit_is_refused(repository: Repository, revision: str) -> None:
    with pytest.raises(GitRefused) as error:
        checkout.resolve(repository.location, revision)
    assert error.value.message == f"{revision!r} is not a commit of this repository"
    assert error.value.hint == "list commits with: git log --oneline"


def test_a_commit_is_here_or_not(repository: Repository) -> None:
    assert checkout.has_commit(repository.location, repository.head)
    assert not checkout.has_commit(repository.location, "0" * 40)
    assert not checkout.has_commit(repository.location, repository.git("rev-parse", "HEAD:a.txt"))


def test_paths_are_tracked_in_a_commit_or_not(repository: Repository) -> None:
    commit = repository.commit(**{"f/b.txt": ""})
    found = [checkout.is_tracked(repository.location, commit, p) for p in ("a.txt", "f", "f/", "f/b.txt", "c", "f/c")]
    assert found == [True, True, True, True, False, False]
    with pytest.raises(GitRefused):
        checkout.is_tracked(repository.location, "0" * 40, "a.txt")


def test_a_checkout_is_one_of_its_commit_and_untouched(repository: Repository, folder: Path) -> None:
    commit = repository.head
    repository.commit(**{"a.txt": "later\n"})
    checkout.create(repository.location, commit, folder)
    assert (folder / "a.txt").read_text() == "a\n"
    assert checkout.commit_of(folder) == commit
    assert checkout.is_untouched(folder, commit)
    assert not checkout.is_untouched(folder, repository.head)


@pytest.mark.parametrize("how", ["changed", "new", "ignored", "empty folder", "other commit"])
def test_a_checkout_that_was_written_into_is_touched(repository: Repository, folder: Path, how: str) -> None:
    commit = repository.commit(**{".gitignore": "*.log\n"})
    checkout.create(repository.location, commit, folder)
    if how == "changed":
        (folder / "a.txt").write_text("changed\n")
    elif how == "empty folder":
        (folder / "empty").mkdir()
    elif how == "other commit":
        Repository(folder).git("checkout", "--quiet", "--detach", "HEAD~1")
    else:
        (folder / ("x.log" if how == "ignored" else "x.txt")).touch()
    assert not checkout.is_untouched(folder, commit)


def test_what_is_no_checkout_has_no_commit(repository: Repository, folder: Path, tmp_path: Path) -> None:
    assert checkout.commit_of(repository.root) is None
    assert checkout.commit_of(tmp_path) is None
    checkout.create(repository.location, "HEAD", folder)
    (folder / "inner").mkdir()
    assert checkout.commit_of(folder / "inner") is None
    (folder / ".git").write_text("gitdir: /nowhere")
    assert checkout.commit_of(folder) is None


def test_a_users_hooks_are_for_the_users_own_tree(repository: Repository, folder: Path) -> None:
    repository.write(".git/hooks/post-checkout", f"#!/bin/sh\ntouch '{repository.root}/hooked'\n").chmod(0o755)
    checkout.create(repository.location, "HEAD", folder)
    assert not (repository.root / "hooked").exists()


def test_a_commit_that_is_not_here_cannot_be_checked_out(repository: Repository, folder: Path) -> None:
    with pytest.raises(GitRefused, match="git worktree failed"):
        checkout.create(repository.location, "0" * 40, folder)


def test_a_commit_of_a_billion_files_is_not_checked_out(repository: Repository, folder: Path) -> None:
    many = many_files(repository, "data")
    with pytest.raises(GitRefused, match=f"commit {many[:10]} has more than 20,000,000 files"):
        checkout.create(repository.location, many, folder)


def test_git_knows_a_checkout_until_it_is_forgotten(repository: Repository, folder: Path) -> None:
    assert not checkout.is_registered(repository.location, folder)
    checkout.create(repository.location, "HEAD", folder)
    assert checkout.is_registered(repository.location, folder)
    shutil.rmtree(folder)
    checkout.forget(repository.location, folder)
    assert not checkout.is_registered(repository.location, folder)
    assert str(folder) not in repository.git("worktree", "list")
    checkout.forget(repository.location, folder)


def test_submodules_are_filled_from_the_repositorys_own_copies(repository: Repository, folder: Path) -> None:
    repository.git("clone", "--quiet", ".", "../inner")
    repository.git("submodule", "--quiet", "add", "../inner", "in ner")
    commit = repository.commit()
    (repository.root.parent / "inner").rename(repository.root.parent / "gone")
    checkout.create(repository.location, commit, folder)
    assert (folder / "in ner/a.txt").read_text() == "a\n"
    assert checkout.is_untouched(folder, commit)
    (folder / "in ner/x.txt").touch()
    assert not checkout.is_untouched(folder, commit)
