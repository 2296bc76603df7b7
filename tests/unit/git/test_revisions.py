"""Which two states are compared."""

from __future__ import annotations

from pathlib import Path

import pytest

from qanat.errors import GitRefused, UsageError
from qanat.git import repository as reading
from qanat.git import revisions
from qanat.git.revisions import Range
from tests.support.repository import Repository


def parse(repository: Repository, text: str | None) -> Range:
    """Parse a range."""
    return revisions.parse(repository.location, reading.open_repository(repository.location), text)


@pytest.fixture
def branched(repository: Repository) -> tuple[Repository, str, str, str]:
    """Return a repository on the branch work, where it left main, main's commit, and work's."""
    base = repository.head
    main = repository.commit(**{"main.txt": ""})
    repository.git("checkout", "--quiet", "-b", "work", base)
    return repository, base, main, repository.commit(**{"work.txt": ""})


def test_two_dots_compare_two_commits(branched: tuple[Repository, str, str, str]) -> None:
    repository, base, main, work = branched
    assert parse(repository, "main..work") == Range(main, "main", work, "work", work, base)
    assert parse(repository, "main..") == Range(main, "main", work, "HEAD", work, base)
    assert parse(repository, "..main") == Range(work, "HEAD", main, "main", main, base)
    assert parse(repository, "main..work").is_parted


def test_three_dots_compare_the_second_since_it_left_the_first(branched: tuple[Repository, str, str, str]) -> None:
    repository, base, main, work = branched
    assert parse(repository, "main...work") == Range(base, "main", work, "work", work, base, is_since_shared=True)
    assert parse(repository, "main...") == Range(base, "main", work, "HEAD", work, base, is_since_shared=True)
    assert parse(repository, "...main") == Range(base, "HEAD", main, "main", main, base, is_since_shared=True)


def test_a_commit_that_the_other_was_made_from_is_what_both_share(branched: tuple[Repository, str, str, str]) -> None:
    repository, base, *_ = branched
    for text in (f"{base}..work", f"{base}...work"):
        found = parse(repository, text)
        assert (found.base, found.shared, found.is_since_shared, found.is_parted) == (base, base, False, False)
    assert not parse(repository, f"work..{base}").is_parted


def test_one_revision_is_compared_with_the_working_tree(branched: tuple[Repository, str, str, str]) -> None:
    repository, base, main, work = branched
    assert parse(repository, "main") == Range(main, "main", None, "", work, base)


def test_nothing_is_the_work_here_since_it_left_the_main_branch(branched: tuple[Repository, str, str, str]) -> None:
    repository, base, _, work = branched
    assert parse(repository, None) == Range(base, "main", None, "", work, base, is_since_shared=True)
    repository.git("branch", "--move", "main", "trunk")
    assert parse(repository, None).base_revision == "trunk"
    repository.git("branch", "--move", "trunk", "ours")
    with pytest.raises(UsageError, match="no upstream or main branch") as error:
        parse(repository, None)
    assert error.value.hint == "name a branch or commit: qanat diff A"
    repository.git("config", "init.defaultBranch", "ours")
    assert parse(repository, None).base_revision == "ours"


def test_before_the_first_commit_there_is_nothing_to_compare_with(repository: Repository) -> None:
    repository.git("checkout", "--quiet", "--orphan", "new")
    assert parse(repository, None) == Range(None, "", None, "", None)


def test_an_upstream_is_what_a_branch_goes_into(branched: tuple[Repository, str, str, str], tmp_path: Path) -> None:
    repository, base, _, _ = branched
    repository.git("branch", "release", base)
    repository.git("branch", "--set-upstream-to", "release")
    assert parse(repository, None).base_revision == "release"
    repository.git("clone", "--quiet", "--bare", ".", str(tmp_path / "origin.git"))
    repository.git("remote", "add", "origin", str(tmp_path / "origin.git"))
    repository.git("fetch", "--quiet", "origin")
    repository.git("branch", "--set-upstream-to", "origin/release")
    assert parse(repository, None).base_revision == "origin/release"


def test_a_branchs_own_copy_on_a_server_is_not_what_it_goes_into(
    branched: tuple[Repository, str, str, str], tmp_path: Path
) -> None:
    repository, _, _, _ = branched
    repository.git("clone", "--quiet", "--bare", ".", str(tmp_path / "origin.git"))
    repository.git("remote", "add", "origin", str(tmp_path / "origin.git"))
    repository.git("fetch", "--quiet", "origin")
    repository.git("branch", "--set-upstream-to", "origin/work")
    assert parse(repository, None).base_revision == "origin/main"
    repository.git("symbolic-ref", "refs/remotes/origin/HEAD", "refs/remotes/origin/main")
    assert parse(repository, None).base_revision == "origin/main"
    repository.git("checkout", "--quiet", "--detach")
    assert parse(repository, None).base_revision == "origin/main"


def test_commits_that_never_met_are_told(repository: Repository) -> None:
    repository.git("checkout", "--quiet", "--orphan", "new")
    repository.commit("new")
    with pytest.raises(GitRefused, match="main and new have no commits in common") as error:
        parse(repository, "main...new")
    assert error.value.hint == "compare them directly: qanat diff main..new"


def test_what_is_no_commit_is_told_with_how_to_get_more_in_a_shallow_clone(
    repository: Repository, tmp_path: Path
) -> None:
    with pytest.raises(GitRefused, match="'nothing' is not a commit") as error:
        parse(repository, "nothing..HEAD")
    assert "git log" in error.value.hint
    repository.commit()
    repository.git("clone", "--quiet", "--depth", "1", f"file://{repository.root}", str(tmp_path / "shallow"))
    shallow = Repository(tmp_path / "shallow")
    assert revisions.is_shallow(shallow.location)
    assert not revisions.is_shallow(repository.location)
    with pytest.raises(GitRefused) as error:
        parse(shallow, "HEAD~1..HEAD")
    assert "git fetch --unshallow" in error.value.hint
