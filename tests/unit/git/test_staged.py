"""What a commit has, or the next one will have."""

from __future__ import annotations

from pathlib import Path

import pytest

from qanat.git import command, staged
from qanat.git.staged import LINK, SUBMODULE, Change, Entry, Staged
from tests.support.repository import Repository

FILE = "100644"


def blob(repository: Repository, text: str) -> str:
    """Return the id of a text."""
    return repository.git("hash-object", "-w", "--stdin", stdin=text)


@pytest.fixture
def filled(repository: Repository) -> Repository:
    """Return a repository with one of each staged, and changed since."""
    repository.commit(**{"f/b.txt": "b\n", "*.txt": "star\n"})
    repository.write("f/b.txt", "staged\n")
    repository.write("ü\n.txt", "new\n")
    (repository.root / "link").symlink_to("a.txt")
    repository.git("add", "--all")
    head = repository.head
    repository.git("update-index", "--add", "--cacheinfo", f"160000,{head},vendor")
    repository.write("f/b.txt", "on disk\n")
    return repository


def test_entries_are_those_of_the_index(filled: Repository) -> None:
    head = filled.head
    found = Staged(filled.location).entries()
    assert set(found) == {"a.txt", "f/b.txt", "*.txt", "ü\n.txt", "link", "vendor"}
    assert found["f/b.txt"] == Entry("f/b.txt", FILE, blob(filled, "staged\n"))
    assert found["link"] == Entry("link", LINK, blob(filled, "a.txt"))
    assert found["vendor"] == Entry("vendor", SUBMODULE, head)


def test_entries_of_a_commit_are_those_of_the_commit(filled: Repository) -> None:
    found = Staged(filled.location, filled.head).entries()
    assert set(found) == {"a.txt", "f/b.txt", "*.txt"}
    assert found["f/b.txt"] == Entry("f/b.txt", FILE, blob(filled, "b\n"))


@pytest.mark.parametrize("revision", [None, "HEAD"])
def test_only_some_files_may_be_asked_for(filled: Repository, revision: str | None) -> None:
    state = Staged(filled.location, revision)
    assert set(state.entries(["a.txt", "gone"])) == {"a.txt"}
    assert set(state.entries(["f"])) == {"f/b.txt"}
    # No name is a pattern.
    assert set(state.entries(["*.txt"])) == {"*.txt"}
    many = [f"none{number}" for number in range(300)]
    assert list(state.entries(["f/b.txt", *many, "a.txt"])) == ["f/b.txt", "a.txt"]


def test_a_conflict_has_no_entry(repository: Repository) -> None:
    sides = "".join(f"100644 {blob(repository, 'x')} {stage}\ta.txt\n" for stage in (1, 2, 3))
    repository.git("update-index", "--index-info", stdin=f"0 {'0' * 40}\ta.txt\n{sides}")
    assert Staged(repository.location).entries() == {}


def test_changes_are_what_differs_from_a_commit(filled: Repository) -> None:
    filled.git("rm", "--quiet", "--cached", "a.txt")
    head = filled.head
    found = {change.path: change for change in Staged(filled.location).changes_since(head)}
    assert set(found) == {"a.txt", "f/b.txt", "ü\n.txt", "link", "vendor"}
    assert found["a.txt"] == Change("a.txt", Entry("a.txt", FILE, blob(filled, "a\n")), None)
    assert found["f/b.txt"].new == Entry("f/b.txt", FILE, blob(filled, "staged\n"))
    assert found["link"] == Change("link", None, Entry("link", LINK, blob(filled, "a.txt")))
    assert [c.path for c in Staged(filled.location).changes_since(head, "f", "gone")] == ["f/b.txt"]


def test_changes_of_a_commit_are_between_the_two(filled: Repository) -> None:
    first, second = filled.git("rev-parse", "HEAD~1", "HEAD").split()
    found = Staged(filled.location, second).changes_since(first)
    assert [(change.path, change.old) for change in found] == [("*.txt", None), ("f/b.txt", None)]
    everything = Staged(filled.location, second).changes_since(None)
    assert [change.path for change in everything] == ["*.txt", "a.txt", "f/b.txt"]
    assert len(Staged(filled.location).changes_since(None)) == 6


def test_a_file_that_moves_is_one_that_goes_and_one_that_comes(repository: Repository) -> None:
    repository.git("mv", "a.txt", "b.txt")
    found = Staged(repository.location).changes_since("HEAD")
    assert [(c.path, c.old is None, c.new is None) for c in found] == [("a.txt", False, True), ("b.txt", True, False)]


def test_a_hook_looks_at_the_index_that_git_commits_from(
    repository: Repository, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    repository.write("a.txt", "changed\n")
    other = repository.root / ".git/next-index"
    other.write_bytes((repository.root / ".git/index").read_bytes())
    command.output(repository.root, "add", "a.txt", env={"GIT_INDEX_FILE": str(other)})
    assert Staged(repository.location).changes_since("HEAD") == []
    monkeypatch.setenv("GIT_INDEX_FILE", str(other))
    assert len(Staged(repository.location).changes_since("HEAD")) == 1
    monkeypatch.chdir(repository.root)
    monkeypatch.setenv("GIT_INDEX_FILE", ".git/next-index")
    assert len(Staged(repository.location).changes_since("HEAD")) == 1
    elsewhere = tmp_path / "index"
    elsewhere.write_bytes(other.read_bytes())
    monkeypatch.setenv("GIT_INDEX_FILE", str(elsewhere))
    assert Staged(repository.location).changes_since("HEAD") == []


def test_contents_have_sizes_and_bytes_and_those_that_are_not_here_are_left_out(repository: Repository) -> None:
    one, two = blob(repository, "one\n"), blob(repository, "twelve bytes")
    absent = "0123456789" * 4
    here = repository.location
    assert staged.sizes(here, [one, two, absent, one]) == {one: 4, two: 12}
    assert staged.sizes(here, []) == {}
    assert dict(staged.contents(here, [one, absent, two], 12)) == {one: b"one\n", two: b"twelve bytes"}
    assert dict(staged.contents(here, [one, two], 11)) == {one: b"one\n"}
    assert list(staged.contents(here, [], 11)) == []


def test_contents_that_are_too_much_at_once_are_read_in_turns(
    repository: Repository, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(staged, "_BATCH_BYTES", 5)
    texts = [f"text {number}\n" for number in range(5)]
    found = dict(staged.contents(repository.location, [blob(repository, text) for text in texts], 100))
    assert [data.decode() for data in found.values()] == texts


def test_commits_that_are_being_merged_are_told(repository: Repository) -> None:
    assert staged.merged_in(repository.location) == []
    repository.write(".git/MERGE_HEAD", "a\nb\n")
    assert staged.merged_in(repository.location) == ["a", "b"]
