"""Which of some paths differ between a commit and another state."""

from __future__ import annotations

import pytest

from qanat.errors import GitRefused
from qanat.git import changed_paths
from tests.support.repository import Repository
from tests.unit.git.test_tree_diff import many_files

LONG = "x" * 200_000


@pytest.mark.parametrize("others", [[], [LONG], [f"data/{n:0200}" for n in range(1_000)]], ids=["few", "long", "many"])
def test_files_and_folders_that_differ_are_found_however_many_are_asked_for(
    repository: Repository, others: list[str]
) -> None:
    old = repository.commit(**{"data/a": "1", "run.sh": "1", "other": "1"})
    new = repository.commit(**{"data/a": "2", "other": "2"})
    asked = ["data", "./data/a", "run.sh", ".", "../x", *others]
    assert changed_paths.changed(repository.location, old, new, asked) == {"data", "./data/a"}
    (repository.root / "run.sh").write_text("2")
    assert changed_paths.changed(repository.location, new, None, asked) == {"run.sh"}


def test_of_a_commit_that_is_missing_nothing_is_known(repository: Repository) -> None:
    repository.commit(a="1")
    assert changed_paths.changed(repository.location, "0" * 40, None, ["a"]) is None
    assert changed_paths.changed(repository.location, repository.head, "0" * 40, ["a"]) is None


def test_what_is_no_folder_any_more_has_changed_with_all_that_was_in_it(repository: Repository) -> None:
    old = repository.commit(**{"data/a": "1"})
    (repository.root / "data/a").unlink()
    (repository.root / "data").rmdir()
    new = repository.commit(data="1")
    asked = ["data", "data/a", "data/a/b"]
    assert changed_paths.changed(repository.location, old, new, asked) == {"data", "data/a"}


def test_a_folder_of_a_billion_files_is_compared_as_one(repository: Repository) -> None:
    old, new = repository.head, many_files(repository, "data")
    assert changed_paths.changed(repository.location, old, new, ["data", "a.txt"]) == {"data"}


def test_a_folder_of_a_billion_files_differs_from_the_working_tree(repository: Repository) -> None:
    many = many_files(repository, "data")
    for others in ([], [f"{n:0200}" for n in range(300)]):
        assert changed_paths.changed(repository.location, many, None, ["data", "a.txt", *others]) == {"data"}


def test_what_git_cannot_compare_is_an_error(repository: Repository) -> None:
    commit = repository.commit(**{"a": "1", ".gitattributes": "a filter=gone\n"})
    repository.git("config", "filter.gone.clean", "false")
    repository.git("config", "filter.gone.required", "true")
    (repository.root / "a").write_text("2")
    with pytest.raises(GitRefused, match="git diff failed: external filter 'false' failed"):
        changed_paths.changed(repository.location, commit, None, ["a"])
