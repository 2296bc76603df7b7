"""Making the code of a dirty tree nameable by a snapshot beside the branch."""

from __future__ import annotations

from qanat.git import identity
from tests.support.repository import Repository

RECORD = ".qanat/runs/train/0/4-7f3a9c.yaml"


def state(repository: Repository) -> tuple[str, ...]:
    """Return what a snapshot is to leave as it is."""
    asked = (("status", "--porcelain"), ("ls-files", "--stage"), ("rev-parse", "HEAD"))
    return tuple(repository.git(*arguments) for arguments in asked)


def dirty(repository: Repository) -> None:
    """Change, add, delete and stage something, and write a record."""
    repository.commit(**{"gone.txt": "", ".gitignore": "*.log\n"})
    repository.write("a.txt", "changed\n")
    repository.write("new.txt", "new\n")
    repository.write("ignored.log")
    repository.write("staged.txt", "staged\n")
    repository.git("add", "staged.txt")
    (repository.root / "gone.txt").unlink()
    repository.write(RECORD, "record\n")


def files(repository: Repository, commit: str) -> list[str]:
    """List the files of a commit."""
    return repository.git("ls-tree", "-r", "--name-only", commit).splitlines()


def test_a_snapshot_has_the_tree_and_leaves_everything_as_it_is(repository: Repository) -> None:
    dirty(repository)
    before = state(repository)
    commit = identity.take_snapshot(repository.location, before[2], "snapshot", ["new.txt"])
    assert state(repository) == before
    assert files(repository, commit) == [".gitignore", "a.txt", "new.txt", "staged.txt"]
    assert repository.git("show", f"{commit}:a.txt") == "changed"
    assert repository.git("log", "-1", "--format=%P %s", commit) == f"{before[2]} snapshot"
    assert repository.git("for-each-ref", "--contains", commit) == ""


def test_a_snapshot_can_be_taken_without_an_index(repository: Repository) -> None:
    (repository.root / ".git/index").unlink()
    commit = identity.take_snapshot(repository.location, "HEAD", "snapshot", ["a.txt"])
    assert files(repository, commit) == ["a.txt"]
    assert not (repository.root / ".git/index").exists()


def test_a_snapshot_is_kept_under_the_name_of_its_run_until_it_is_forgotten(repository: Repository) -> None:
    commit = identity.take_snapshot(repository.location, "HEAD", "snapshot")
    identity.keep_snapshot(repository.location, "4-7f3a9c", commit)
    assert repository.git("rev-parse", "refs/qanat/snapshots/4-7f3a9c") == commit
    identity.forget_snapshot(repository.location, "4-7f3a9c")
    assert repository.git("for-each-ref", "refs/qanat") == ""


def test_files_of_a_commit_that_are_different_or_gone_are_listed(repository: Repository) -> None:
    commit = repository.commit(**{"b.txt": "b\n", "c ü.txt": "c\n", RECORD: "record\n"})
    assert identity.changed_since(repository.location, commit) == []
    repository.write("new.txt")
    (repository.root / "a.txt").touch()
    repository.write(RECORD, "changed\n")
    assert identity.changed_since(repository.location, commit) == []
    repository.write("b.txt", "changed\n")
    (repository.root / "c ü.txt").unlink()
    (repository.root / "a.txt").unlink()
    (repository.root / "a.txt").symlink_to("b.txt")
    before = state(repository)
    assert identity.changed_since(repository.location, commit) == ["a.txt", "b.txt", "c ü.txt"]
    assert state(repository) == before
