"""Commits that git has, but libgit2 does not read."""

from __future__ import annotations

import pytest

from qanat.errors import GitRefused
from qanat.git import code_commits, log, revisions
from qanat.git import repository as reading
from tests.support.repository import Repository

PEOPLE = "author a <a@b.c> {time} +0000\ncommitter a <a@b.c> {time} +0000\n\nodd\n"


def made(repository: Repository, parents: int, time: str) -> str:
    """Return a commit that has HEAD as its parent this many times."""
    tree, head = repository.git("rev-parse", "HEAD^{tree}", "HEAD").split()
    content = f"tree {tree}\n" + f"parent {head}\n" * parents + PEOPLE.format(time=time)
    return repository.git("hash-object", "-t", "commit", "-w", "--literally", "--stdin", stdin=content)


def test_a_commit_with_too_many_parents_is_an_error_of_one_sentence(repository: Repository) -> None:
    many, opened = made(repository, 70_000, "1"), reading.open_repository(repository.location)
    with pytest.raises(GitRefused, match="a commit cannot be read: ") as caught:
        list(log.walk(repository.location, opened, many))
    assert caught.value.hint == "git fsck lists what is broken"
    with pytest.raises(GitRefused, match="a commit cannot be read: "):
        revisions.parse(repository.location, opened, f"HEAD..{many}")


def test_a_commit_of_a_time_that_no_calendar_has_is_listed(repository: Repository) -> None:
    late, opened = made(repository, 1, str(2**53)), reading.open_repository(repository.location)
    assert next(log.walk(repository.location, opened, late)).time == "9999-12-31T00:00:00.000+00:00"


def test_the_code_of_a_commit_that_is_broken_is_not_looked_for(repository: Repository) -> None:
    broken, opened = made(repository, 1, "9" * 20), reading.open_repository(repository.location)
    with pytest.raises(GitRefused, match="a commit cannot be read: "):
        code_commits.newest(repository.location, opened, broken)
