"""What differs between two trees, and trees that stand for more files than any disk has."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from qanat.errors import GitRefused
from qanat.git import content, tree_diff
from qanat.git import repository as reading
from qanat.git.tree_diff import TooManyFiles, differing
from qanat.git.trees import Trees
from tests.support.repository import Repository

if TYPE_CHECKING:
    import pygit2


def many_files(repository: Repository, folder: str, *, levels: int = 9, leaf: str = "x") -> str:
    """Return a commit after HEAD that has ten to the power of `levels` files in a folder, and few objects."""
    leaves = [f"100644 blob {repository.git('hash-object', '-w', '--stdin', stdin=leaf)}\tf{n}" for n in range(10)]
    tree = repository.git("mktree", stdin="\n".join(leaves) + "\n")
    for _ in range(levels - 1):
        tree = repository.git("mktree", stdin="".join(f"040000 tree {tree}\td{n}\n" for n in range(10)))
    top = f"{repository.git('ls-tree', 'HEAD')}\n040000 tree {tree}\t{folder}\n"
    return repository.git("commit-tree", "-p", "HEAD", "-m", "many", repository.git("mktree", stdin=top))


def tree_of(repository: Repository, commit: str) -> pygit2.Tree:
    """Return the tree of a commit."""
    import pygit2  # not before HOME is that of the tests: libgit2 reads it once

    return reading.open_repository(repository.location)[commit].peel(pygit2.Tree)


def paths(repository: Repository, old: str, new: str) -> dict[str, tuple[bool, bool]]:
    """Return which paths differ, and whether each of the two commits has something there."""
    found = differing(tree_of(repository, old), tree_of(repository, new))
    return {one.path.decode(): (one.old is not None, one.new is not None) for one in found}


def test_what_was_added_removed_changed_or_became_something_else_differs(repository: Repository) -> None:
    old = repository.commit(**{"same/a": "1", "b/c": "1", "gone/d": "1", "e": "1", "f": "1"})
    repository.git("rm", "-rq", "gone", "e")
    (repository.root / "f").unlink()
    (repository.root / "f").symlink_to("a.txt")
    new = repository.commit(**{"b/c": "2", "e/inner": "1"})
    both, only_old, only_new = (True, True), (True, False), (False, True)
    expected = {"b/c": both, "gone/d": only_old, "e": only_old, "e/inner": only_new, "f": both}
    assert paths(repository, old, new) == expected
    assert paths(repository, new, new) == {}


def test_a_file_that_only_became_executable_differs(repository: Repository) -> None:
    old = repository.head
    (repository.root / "a.txt").chmod(0o755)
    assert paths(repository, old, repository.commit()) == {"a.txt": (True, True)}


@pytest.mark.slow
def test_a_billion_files_of_a_few_trees_are_given_up(repository: Repository) -> None:
    many = many_files(repository, "data")
    with pytest.raises(TooManyFiles):
        list(differing(None, tree_of(repository, many)))
    trees = Trees(repository.location, reading.open_repository(repository.location))
    found = trees.differing_code(many, repository.head)
    assert found
    assert len(found) <= tree_diff.ENTRIES_MAX
    assert all(path.startswith("data/") for path in found)


def test_folders_in_folders_without_end_are_given_up(repository: Repository, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tree_diff, "PATH_BYTES_MAX", 40)
    deep = repository.commit(**{f"{'d/' * 25}file": "x"})
    with pytest.raises(TooManyFiles):
        list(differing(None, tree_of(repository, deep)))


@pytest.mark.slow
def test_a_state_of_a_billion_files_is_an_error_of_one_sentence(repository: Repository) -> None:
    base, many = repository.head, many_files(repository, ".qanat")
    trees = Trees(repository.location, reading.open_repository(repository.location))
    with pytest.raises(GitRefused, match=rf"\.qanat/ has too many files to compare in {base[:10]} and {many[:10]}"):
        trees.differences(base, many, many)


def test_a_billion_files_are_counted_by_reading_each_tree_once(repository: Repository) -> None:
    found = content.at(repository.location, many_files(repository, "data"), "data")
    assert found is not None
    assert found.files == 10**9
