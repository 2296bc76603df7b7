"""Which files of the project's state differ between two commits, or a commit and the working tree."""

from __future__ import annotations

import pytest

from qanat.errors import InputInvalid
from qanat.git import repository as reading
from qanat.git.trees import Difference, Entry, Trees
from tests.support.repository import Repository

A, B, RUN = ".qanat/a.yaml", ".qanat/f/b.yaml", ".qanat/runs/x/0/1.yaml"


@pytest.fixture
def state(repository: Repository) -> Repository:
    """Return a repository with a state of two files, in its second commit."""
    repository.commit(**{A: "a\n", B: "b\n", ".gitignore": ".qanat/cache/\n"})
    return repository


def trees(repository: Repository) -> Trees:
    """Return what reads the state's files."""
    return Trees(repository.location, reading.open_repository(repository.location))


def blob(repository: Repository, name: str) -> str:
    """Return the id of what a revision has at a path, such as HEAD:a.txt."""
    return repository.git("rev-parse", name)


def test_a_commit_has_a_state_or_has_none(state: Repository) -> None:
    first, second = state.git("rev-parse", "HEAD~1", "HEAD").split()
    found = trees(state)
    assert [found.has_state(commit) for commit in (first, second, None)] == [False, True, True]
    state.git("rm", "-rq", ".qanat")
    assert not trees(state).has_state(None)


def test_files_that_differ_between_two_commits_are_told_in_order(state: Repository) -> None:
    base = state.head
    state.git("rm", "--quiet", B)
    head = state.commit(**{A: "changed\n", RUN: "run\n", "outside.txt": ""})
    old = Entry(B, blob(state, f"{base}:{B}"))
    assert trees(state).differences(base, head, head) == {
        A: Difference(Entry(A, blob(state, f"{base}:{A}")), Entry(A, blob(state, f"{head}:{A}"))),
        B: Difference(old, None),
        RUN: Difference(None, Entry(RUN, blob(state, f"{head}:{RUN}"))),
    }
    assert trees(state).differences(head, head, head) == {}


def test_a_state_that_comes_or_goes_as_a_whole_is_told_file_by_file(state: Repository) -> None:
    first, second = state.git("rev-parse", "HEAD~1", "HEAD").split()
    came = trees(state).differences(first, second, second)
    assert {path: (d.old is None, d.new is None) for path, d in came.items()} == {A: (True, False), B: (True, False)}
    assert set(trees(state).differences(None, second, second)) == {A, B}
    went = trees(state).differences(second, first, first)
    assert {path: (d.old is None, d.new is None) for path, d in went.items()} == {A: (False, True), B: (False, True)}
    assert trees(state).differences(first, first, first) == {}


def test_the_working_tree_is_compared_as_it_lies_there(state: Repository) -> None:
    base = state.head
    tip = state.commit(**{A: "committed\n"})
    state.write(B, "changed\n")
    state.write(RUN, "new\n")
    state.write(".qanat/cache/index", "")
    state.write("outside.txt", "")
    found = trees(state).differences(base, None, tip)
    assert list(found) == [A, B, RUN]
    assert found[A].new == Entry(A, blob(state, f"{tip}:{A}"))
    assert found[B] == Difference(Entry(B, blob(state, f"{base}:{B}")), Entry(B))
    assert found[RUN] == Difference(None, Entry(RUN))
    (state.root / A).unlink()
    assert trees(state).differences(base, None, tip)[A].new is None
    (state.root / RUN).unlink()
    assert RUN not in trees(state).differences(base, None, tip)


def test_what_is_no_file_says_why_it_has_no_bytes(state: Repository) -> None:
    (state.root / A).unlink()
    (state.root / A).symlink_to("f/b.yaml")
    on_disk = trees(state).entry(None, A)
    assert on_disk == Entry(A, None, "is a symbolic link")
    head = state.commit()
    committed = trees(state).entry(head, A)
    assert committed
    assert committed.problem == "is a symbolic link"
    with pytest.raises(InputInvalid, match="is a symbolic link"):
        trees(state).read(committed, 100)
    state.git("update-index", "--add", "--cacheinfo", f"160000,{head},.qanat/vendor")
    state.git("commit", "--quiet", "--message", "vendor")
    vendor = trees(state).entry(state.head, ".qanat/vendor")
    assert vendor
    assert vendor.problem == "is not a file"
    assert trees(state).entry(None, ".qanat/f") == Entry(".qanat/f", None, "is not a file")


def test_a_file_is_found_on_either_side_or_is_not_there(state: Repository) -> None:
    first, second = state.git("rev-parse", "HEAD~1", "HEAD").split()
    found = trees(state)
    assert found.entry(second, B) == Entry(B, blob(state, f"{second}:{B}"))
    assert found.entry(None, B) == Entry(B)
    assert [found.entry(first, B), found.entry(second, ".qanat/gone"), found.entry(None, ".qanat/gone")] == [None] * 3


def test_bytes_are_read_up_to_a_limit(state: Repository) -> None:
    head, found = state.head, trees(state)
    state.write(A, "disk\n")
    for entry, data in ((found.entry(head, A), b"a\n"), (found.entry(None, A), b"disk\n")):
        assert entry
        assert found.read(entry, len(data)) == data
        with pytest.raises(InputInvalid, match=r"\.qanat/a\.yaml: is larger than 0 MiB"):
            found.read(entry, len(data) - 1)


def test_a_link_that_takes_a_files_place_meanwhile_is_not_followed(state: Repository) -> None:
    entry = trees(state).entry(None, A)
    assert entry
    (state.root / A).unlink()
    with pytest.raises(InputInvalid, match="no such file"):
        trees(state).read(entry, 100)
    (state.root / A).symlink_to("f/b.yaml")
    with pytest.raises(InputInvalid, match=r"\.qanat/a\.yaml: "):
        trees(state).read(entry, 100)


def test_code_that_differs_leaves_records_out(state: Repository) -> None:
    base = state.head
    head = state.commit(**{RUN: "", "a.txt": "changed\n", "ü.txt": ""})
    found = trees(state)
    assert found.differing_code(base, head) == ["a.txt", "ü.txt"]
    assert found.differing_code(base, "0" * 40) is None
    assert found.code_tree(base) == state.git("rev-parse", f"{base}^{{tree}}")


def test_a_file_of_two_commits_is_changed_or_not(state: Repository) -> None:
    base = state.head
    head = state.commit(**{"a.txt": "changed\n", "new.txt": ""})
    found = [trees(state).is_changed(base, head, path) for path in ("a.txt", A, "new.txt", "gone")]
    assert found == [True, False, False, False]
