"""What is left of the index when qanat's own files cannot be committed."""

from __future__ import annotations

import pytest

from qanat.errors import GitRefused
from qanat.git import commits, index_copy, lock, own_entries, user_commits
from tests.support.repository import Repository

RECORD = ".qanat/runs/train/0/4-7f3a9c.yaml"


@pytest.fixture
def staged(repository: Repository) -> Repository:
    """Return a repository with a record, and with something that the user has staged."""
    repository.commit(**{RECORD: "old\n", "gone.txt": "gone\n"})
    repository.write("staged.txt", "staged\n")
    repository.git("add", "staged.txt")
    repository.write("staged.txt", "changed\n")
    return repository


def commit(repository: Repository, **files: bytes | None) -> str | None:
    """Commit files of qanat."""
    with lock.held(repository.location) as held:
        wanted = files or {RECORD: b"new\n", "gone.txt": None, "other.yaml": b"other\n"}
        return commits.commit_files(held, "main", wanted, "qanat: run", checked_out=True)


def state(repository: Repository) -> dict[str, object]:
    """Return all that a failure must leave as it was."""
    return {
        "index": (repository.root / ".git/index").read_bytes(),
        "refs": repository.git("for-each-ref"),
        "config": (repository.root / ".git/config").read_bytes(),
        "left": list((repository.root / ".git").glob("qanat/commit-*")),
        "locks": list((repository.root / ".git").rglob("*.lock")),
    }


def test_the_users_work_stays_staged(staged: Repository) -> None:
    assert commit(staged)
    assert staged.git("diff", "--cached", "--name-only") == "staged.txt"
    assert staged.git("show", ":staged.txt") == "staged"
    assert state(staged)["left"] == []


@pytest.mark.parametrize("obstacle", ["signature", "branch", "hook"])
def test_a_commit_that_cannot_be_made_leaves_everything(
    staged: Repository, obstacle: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(own_entries, "RETRY_S", 0.05)
    match obstacle:
        case "signature":
            staged.git("config", "commit.gpgsign", "true")
            staged.git("config", "gpg.program", "false")
        case "branch":
            staged.write(".git/refs/heads/main.lock")
        case _:
            refuse = '#!/bin/sh\n[ "$1" != prepared ] || exit 1\n'
            staged.write(".git/hooks/reference-transaction", refuse).chmod(0o755)
    before = state(staged)
    with pytest.raises(GitRefused):
        commit(staged)
    assert state(staged) == before


def test_an_index_that_is_locked_stays_as_it_is(staged: Repository, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(own_entries, "RETRY_S", 0.05)
    staged.write(".git/index.lock")
    before = state(staged)
    with pytest.raises(GitRefused, match=r"index\.lock"):
        commit(staged)
    assert state(staged) == before


@pytest.mark.parametrize("path", ["more.txt", RECORD])
def test_what_the_user_stages_meanwhile_stays(staged: Repository, path: str, monkeypatch: pytest.MonkeyPatch) -> None:
    def stage_and_fail(*_: object) -> str:
        staged.write(path, "mine\n")
        staged.git("add", path)
        raise GitRefused("no")

    monkeypatch.setattr(commits, "_move_branch", stage_and_fail)
    with pytest.raises(GitRefused, match=r"^no$"):
        commit(staged)
    assert staged.git("show", f":{path}") == "mine"
    assert staged.git("show", ":staged.txt") == "staged"
    assert staged.git("show", ":gone.txt") == "gone"
    assert staged.git("ls-files", "--", "other.yaml") == ""


@pytest.mark.parametrize("moment", ["before the index", "before the branch", "after the branch"])
def test_what_a_killed_qanat_left_is_taken_back_or_kept(
    staged: Repository, moment: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Killed(BaseException):
        pass

    def killed(*_: object) -> None:
        raise Killed

    before = state(staged)
    with monkeypatch.context() as patch:
        patch.setattr(index_copy, "remove", lambda folder: None)
        patch.setattr(own_entries, "take_back", lambda *_: None)
        if moment == "before the index":
            patch.setattr(own_entries, "_update_index", killed)
        elif moment == "before the branch":
            patch.setattr(commits, "_move_branch", killed)
        else:
            moved = commits._move_branch
            patch.setattr(commits, "_move_branch", lambda *arguments: (moved(*arguments), killed()))
        with pytest.raises(Killed):
            commit(staged)
    if moment == "before the branch":
        assert staged.git("ls-files", "other.yaml") == "other.yaml"
    for mark in (staged.root / ".git/qanat").glob("commit-*/kept"):
        mark.rmdir()
    user_commits.finish_abandoned(staged.location)
    if moment == "after the branch":
        assert staged.git("diff", "--cached", "--name-only") == "staged.txt"
        assert staged.git("show", "HEAD:other.yaml") == "other"
        assert state(staged)["left"] == []
    else:
        assert state(staged) == before
