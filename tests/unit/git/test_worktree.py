"""What is checked out, and what differs from it."""

from __future__ import annotations

import pytest

from qanat.git import command, worktree
from qanat.git.worktree import Change, WorkTree
from tests.support.repository import Repository

RECORD = ".qanat/runs/train/0/4-7f3a9c.yaml"


def changes(repository: Repository) -> set[tuple[str, str]]:
    """List what differs from the last commit."""
    return {(change.letters, change.path) for change in worktree.status(repository.location).changes}


def test_a_clean_tree_has_a_commit_a_branch_and_no_change(repository: Repository) -> None:
    head = repository.head
    assert worktree.status(repository.location) == WorkTree(head, "main", (), None)
    assert worktree.head(repository.location) == head
    assert worktree.checked_out(repository.location) == "main"


def test_the_commit_is_known_of_a_branch_that_is_packed_or_leads_to_another(repository: Repository) -> None:
    repository.git("pack-refs", "--all")
    assert worktree.head(repository.location) == repository.head
    repository.git("symbolic-ref", "refs/heads/other", "refs/heads/main")
    repository.git("symbolic-ref", "HEAD", "refs/heads/other")
    assert worktree.head(repository.location) == repository.git("rev-parse", "HEAD")


def test_before_the_first_commit_there_is_a_branch_and_no_commit(repository: Repository) -> None:
    repository.git("checkout", "--quiet", "--orphan", "new/branch")
    found = worktree.status(repository.location)
    assert (found.commit, found.branch) == (None, "new/branch")
    assert worktree.head(repository.location) is None
    assert worktree.checked_out(repository.location) == "new/branch"


def test_a_detached_head_has_a_commit_and_no_branch(repository: Repository) -> None:
    repository.git("checkout", "--quiet", "--detach")
    found = worktree.status(repository.location)
    assert (found.commit, found.branch) == (repository.head, None)
    assert worktree.head(repository.location) == repository.head
    assert worktree.checked_out(repository.location) is None


def test_changes_have_gits_letters_and_their_paths(repository: Repository) -> None:
    repository.commit(**{"b c.txt": "b\n", "moved.txt": "moved\n" * 9, "gone.txt": ""})
    repository.write("a.txt", "changed\n")
    repository.write("b c.txt", "staged\n")
    repository.git("add", "b c.txt")
    repository.git("mv", "moved.txt", "to here.txt")
    (repository.root / "gone.txt").unlink()
    repository.write("new/file.txt")
    repository.write("ü \n.txt")
    assert changes(repository) == {
        (" M", "a.txt"),
        ("M ", "b c.txt"),
        ("R ", "to here.txt"),
        (" D", "gone.txt"),
        ("??", "new/"),
        ("??", "ü \n.txt"),
    }


def test_run_records_are_no_change(repository: Repository) -> None:
    repository.commit(**{".qanat/config.yaml": "", RECORD: ""})
    repository.write(RECORD, "changed")
    repository.write(RECORD.replace("4-", "5-"))
    assert changes(repository) == set()
    repository.write(".qanat/runs.txt")
    assert changes(repository) == {("??", ".qanat/runs.txt")}


@pytest.mark.parametrize(
    ("letters", "expected"),
    [("UU", True), ("AU", True), ("DU", True), ("AA", True), ("DD", True), (" M", False), ("A ", False), (" D", False)],
)
def test_a_merge_leaves_both_sides_in_a_conflict(letters: str, expected: bool) -> None:
    assert Change(letters, "a").in_conflict is expected


def test_a_conflict_is_seen_with_its_operation(repository: Repository) -> None:
    repository.git("checkout", "--quiet", "-b", "other")
    repository.commit(**{"a.txt": "theirs\n"})
    repository.git("checkout", "--quiet", "main")
    repository.commit(**{"a.txt": "ours\n"})
    command.call(repository.root, "merge", "other")
    found = worktree.status(repository.location)
    assert (found.changes, found.operation) == ((Change("UU", "a.txt"),), "merge")


@pytest.mark.parametrize(
    ("file", "name"),
    [
        ("MERGE_HEAD", "merge"),
        ("rebase-merge", "rebase"),
        ("rebase-apply/next", "rebase"),
        ("rebase-apply/applying", "am"),
        ("CHERRY_PICK_HEAD", "cherry-pick"),
        ("REVERT_HEAD", "revert"),
        ("other", None),
    ],
)
def test_what_is_half_done_has_a_name(repository: Repository, file: str, name: str | None) -> None:
    repository.write(f".git/{file}")
    assert worktree.operation(repository.location.git_dir) == name


def test_a_submodule_with_changes_of_its_own_is_told_apart(repository: Repository) -> None:
    repository.git("clone", "--quiet", ".", "../inner")
    repository.git("submodule", "--quiet", "add", "../inner", "inner")
    repository.commit()
    assert changes(repository) == set()
    repository.write("inner/new.txt")
    (change,) = worktree.status(repository.location).changes
    assert (change.path, change.in_submodule) == ("inner", True)
    repository.write("a.txt", "changed\n")
    assert [c.in_submodule for c in worktree.status(repository.location).changes] == [False, True]


def test_records_that_are_not_in_head_are_listed_and_no_others(repository: Repository) -> None:
    repository.commit(**{RECORD: "one"})
    repository.write("a.txt", "changed\n")
    assert worktree.uncommitted_records(repository.location) == []
    repository.write(RECORD, "two")
    repository.write(RECORD.replace("4-", "5-"))
    assert worktree.uncommitted_records(repository.location) == [
        Change(" M", RECORD),
        Change("??", RECORD.replace("4-", "5-")),
    ]
    (repository.root / RECORD).unlink()
    gone, new = worktree.uncommitted_records(repository.location)
    assert gone == Change(" D", RECORD)
    with worktree.finding_uncommitted(repository.location) as found:
        assert found() == [gone, new]


def test_paths_that_git_ignores_are_told_from_others(repository: Repository) -> None:
    repository.commit(**{".gitignore": "*.bin\nfolder/\n"})
    names = ["a.txt", "b.bin", "folder/x", 'q"\n.bin', "gone"]
    assert worktree.ignored(repository.location, names) == ["b.bin", "folder/x", 'q"\n.bin']
    assert worktree.ignored(repository.location, []) == []


def test_a_path_behind_a_link_does_not_spoil_the_others(repository: Repository) -> None:
    repository.commit(**{".gitignore": "*.bin\n"})
    (repository.root / "link").symlink_to(repository.root.parent)
    assert worktree.ignored(repository.location, ["a.bin", "link/b.bin", "c.bin"]) == ["a.bin", "c.bin"]


def test_looking_takes_no_lock(repository: Repository) -> None:
    repository.write(".git/index.lock")
    (repository.root / "a.txt").touch()
    assert changes(repository) == set()
    assert worktree.uncommitted_records(repository.location) == []


def test_what_is_uncommitted_in_a_folder_is_not_that_of_others_that_its_name_matches(repository: Repository) -> None:
    repository.commit(**{"data*/a": "1", ":data/a": "1"})
    repository.write("data2/a", "1")
    assert worktree.uncommitted(repository.location, "data*") == []
    repository.write(":data/a", "2")
    assert [change.path for change in worktree.uncommitted(repository.location, ":data")] == [":data/a"]
