"""What was there before."""

from __future__ import annotations

from qanat.git import history
from tests.support.repository import Repository


def test_a_file_was_tracked_when_a_commit_of_head_had_it(repository: Repository) -> None:
    assert history.was_tracked(repository.location, "a.txt")
    assert not history.was_tracked(repository.location, "b.txt")
    repository.git("rm", "--quiet", "a.txt")
    repository.commit()
    assert history.was_tracked(repository.location, "a.txt")
    repository.git("checkout", "--quiet", "--orphan", "new")
    assert not history.was_tracked(repository.location, "a.txt")


def test_a_diff_is_between_a_commit_and_the_working_tree(repository: Repository) -> None:
    repository.git("config", "color.ui", "always")
    before = repository.head
    assert history.diff(repository.location, before, "a.txt") == ""
    repository.commit(**{"a.txt": "b\n"})
    repository.write("a.txt", "c\n")
    found = history.diff(repository.location, before, "a.txt")
    assert "\n-a\n+c\n" in found
    assert "\x1b" not in found
    assert history.diff(repository.location, before, "other.txt") == ""
    assert history.diff(repository.location, "0" * 40, "a.txt") == ""


def test_deleted_files_are_those_below_a_folder(repository: Repository) -> None:
    repository.commit(**{"f/b.txt": "b\n", "f/c ü\n.txt": "c\n", "f/stays": "", "g/d.txt": "d\n", "f/m": "m\n" * 9})
    repository.git("rm", "--quiet", "f/b.txt", "f/c ü\n.txt", "g/d.txt")
    repository.git("mv", "f/m", "f/n")
    repository.commit()
    assert sorted(history.deleted_files(repository.location, "f")) == ["f/b.txt", "f/c ü\n.txt", "f/m"]
    assert history.deleted_files(repository.location, "h") == []


def test_messages_are_those_of_the_commits_that_are_new(repository: Repository) -> None:
    base = repository.head
    repository.commit("second\n\nbody")
    repository.commit("third")
    assert history.messages(repository.location, base, "HEAD").split() == ["third", "second", "body"]
    assert "first" in history.messages(repository.location, None, "HEAD")
    assert history.messages(repository.location, base, base) == ""
    assert history.messages(repository.location, None, "nothing") == ""


def test_two_branches_left_each_other_at_a_commit_or_never_met(repository: Repository) -> None:
    base = repository.head
    repository.git("checkout", "--quiet", "-b", "other")
    repository.commit("there")
    repository.git("checkout", "--quiet", "main")
    repository.commit("here")
    assert history.merge_base(repository.location, "main", "other") == base
    repository.git("checkout", "--quiet", "--orphan", "new")
    repository.commit("new")
    assert history.merge_base(repository.location, "main", "new") is None
