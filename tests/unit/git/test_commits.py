"""Committing qanat's own files beside a user who may commit at the same moment."""

from __future__ import annotations

import threading
from collections.abc import Mapping

import pytest

from qanat.errors import GitRefused
from qanat.git import commits, lock, own_entries, tracked
from tests.support.repository import Repository

R = ".qanat/runs/a/0/1.yaml"


def commit(
    repository: Repository, files: Mapping[str, bytes | None], branch: str = "main", *, checked_out: bool = True
) -> str | None:
    """Commit files to a branch."""
    with lock.held(repository.location) as held:
        return commits.commit_files(held, branch, files, "subject\n\nbody", checked_out=checked_out)


def tree(repository: Repository, revision: str = "HEAD") -> dict[str, str]:
    """Return the files of a commit with their texts."""
    names = repository.git("ls-tree", "-r", "--name-only", revision).splitlines()
    return {name: repository.git("show", f"{revision}:{name}") for name in names}


def test_just_these_files_are_committed_with_message_author_and_parent(repository: Repository) -> None:
    before = repository.head
    made = commit(repository, {R: b"one\n", "top.txt": b"top\n"})
    assert made == repository.head
    assert tree(repository) == {"a.txt": "a", R: "one", "top.txt": "top"}
    assert repository.git("log", "-1", "--format=%P|%an <%ae>|%cn|%B") == (
        f"{before}|Ada Lovelace <ada@example.org>|Ada Lovelace|subject\n\nbody"
    )
    assert repository.git("reflog", "-1", "--format=%gs", "main") == "commit: subject"


def test_the_index_is_brought_along_and_what_is_staged_stays_staged(repository: Repository) -> None:
    repository.write("mine.txt", "mine\n")
    repository.git("add", "mine.txt")
    repository.write(R, "one\n")
    commit(repository, {R: b"one\n"})
    assert repository.git("status", "--porcelain") == "A  mine.txt"
    assert "mine.txt" not in tree(repository)


def test_a_file_may_be_removed_and_its_folder_with_it(repository: Repository) -> None:
    commit(repository, {R: b"one\n", ".qanat/keep": b""})
    commit(repository, {R: None})
    assert tree(repository) == {"a.txt": "a", ".qanat/keep": ""}
    assert repository.git("ls-files") == ".qanat/keep\na.txt"
    commit(repository, {".qanat/keep": None, "never.txt": None})
    assert tree(repository) == {"a.txt": "a"}


def test_a_program_stays_executable(repository: Repository) -> None:
    repository.write("run.sh", "true\n").chmod(0o755)
    with lock.held(repository.location) as held:
        files = {"run.sh": b"true\n", "top.txt": b"top\n"}
        commits.commit_files(held, "main", files, "programs", checked_out=True, programs={"run.sh"})
    assert repository.git("ls-tree", "HEAD", "run.sh").startswith("100755 ")
    repository.write("top.txt", "top\n")
    assert repository.git("status", "--porcelain") == ""


def test_files_are_found_in_a_commit_wherever_they_are(repository: Repository) -> None:
    commit(repository, {R: b"one\n", "top.txt": b"top\n"})
    paths = [repository.root / name for name in ("top.txt", R, "missing.txt", "missing/a.txt")]
    assert tracked.at(repository.location, "HEAD", paths) == ["top.txt", R]
    assert tracked.at(repository.location, "HEAD", paths[1:2]) == [R]


def test_what_a_branch_has_already_is_no_commit(repository: Repository) -> None:
    commit(repository, {R: b"one\n"})
    before = repository.head
    assert commit(repository, {R: b"one\n"}) is None
    assert commit(repository, {"gone.txt": None}) is None
    assert repository.head == before


def test_a_file_may_take_the_place_of_a_folder_and_the_other_way_round(repository: Repository) -> None:
    commit(repository, {"x/y": b"1\n"}, checked_out=False)
    commit(repository, {"x": b"2\n"}, checked_out=False)
    assert tree(repository)["x"] == "2"
    commit(repository, {"x/z": b"3\n"}, checked_out=False)
    assert tree(repository)["x/z"] == "3"


def test_another_branch_is_committed_to_and_nothing_else_is_touched(repository: Repository) -> None:
    repository.git("branch", "other")
    before = (repository.head, repository.git("ls-files", "--stage"))
    commit(repository, {R: b"one\n"}, "other", checked_out=False)
    assert tree(repository, "other") == {"a.txt": "a", R: "one"}
    assert (repository.head, repository.git("ls-files", "--stage")) == before
    assert repository.git("status", "--porcelain") == ""


def test_the_first_commit_of_all_has_no_parent(repository: Repository) -> None:
    repository.git("checkout", "--quiet", "--orphan", "new")
    commit(repository, {R: b"one\n"}, "new")
    assert repository.git("log", "-1", "--format=%P|%s", "new") == "|subject"
    assert tree(repository, "new") == {R: "one"}


def test_a_branch_that_is_gone_is_told(repository: Repository) -> None:
    with pytest.raises(GitRefused, match="branch gone no longer exists"):
        commit(repository, {R: b"one\n"}, "gone", checked_out=False)


@pytest.mark.parametrize("locked", ["refs/heads/main.lock", "index.lock"])
def test_a_lock_of_somebody_else_is_waited_for(repository: Repository, locked: str) -> None:
    path = repository.write(f".git/{locked}")
    waiting = threading.Timer(0.1, path.unlink)
    waiting.start()
    made = commit(repository, {R: b"one\n"})
    waiting.join()
    assert made == repository.head


@pytest.mark.parametrize(
    ("locked", "message"), [("refs/heads/main.lock", "cannot commit the record"), ("index.lock", "update-index failed")]
)
def test_a_lock_that_stays_is_told(
    repository: Repository, monkeypatch: pytest.MonkeyPatch, locked: str, message: str
) -> None:
    monkeypatch.setattr(own_entries, "RETRY_S", 0.05)
    repository.write(f".git/{locked}")
    with pytest.raises(GitRefused, match=message):
        commit(repository, {R: b"one\n"})


def test_an_index_that_cannot_be_is_told_at_once(repository: Repository) -> None:
    repository.write(".git/index", "broken")
    with pytest.raises(GitRefused, match="git update-index failed"):
        commit(repository, {R: b"one\n"})


def test_a_commit_that_has_to_be_signed_is_signed_by_git_or_refused(repository: Repository) -> None:
    repository.git("config", "commit.gpgsign", "true")
    repository.git("config", "gpg.program", "false")
    with pytest.raises(GitRefused, match="the commit of the record could not be signed") as error:
        commit(repository, {R: b"one\n"})
    assert "commit it yourself; git said: " in error.value.hint
    signed = "#!/bin/sh\ncat >/dev/null; echo '[GNUPG:] SIG_CREATED ' >&2; echo signature\n"
    signer = repository.write(".git/signer", signed)
    signer.chmod(0o755)
    repository.git("config", "gpg.program", str(signer))
    commit(repository, {R: b"one\n"})
    assert "gpgsig signature" in repository.git("cat-file", "-p", "HEAD")
    assert repository.git("log", "-1", "--format=%s") == "subject"
    repository.git("config", "commit.gpgsign", "false")
    commit(repository, {R: b"two\n"})
    assert "gpgsig" not in repository.git("cat-file", "-p", "HEAD")
