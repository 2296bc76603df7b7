"""Reading a repository through libgit2: who commits, which tree, which bytes."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from qanat.errors import GitRefused
from qanat.git import repository as reading
from qanat.git.location import Location
from tests.support.repository import Repository


def test_a_repository_that_cannot_be_opened_is_told(tmp_path: Path) -> None:
    with pytest.raises(GitRefused, match="cannot open the repository: "):
        reading.open_repository(Location(tmp_path, tmp_path / ".git", tmp_path / ".git"))


def test_who_commits_is_what_git_knows_or_the_environment_says(
    repository: Repository, monkeypatch: pytest.MonkeyPatch
) -> None:
    opened = reading.open_repository(repository.location)
    who = reading.signature(opened)
    assert (who.name, who.email) == ("Ada Lovelace", "ada@example.org")
    monkeypatch.setenv("GIT_AUTHOR_NAME", " Bob ")
    monkeypatch.setenv("GIT_AUTHOR_EMAIL", "bob@example.org")
    who = reading.signature(opened)
    assert (who.name, who.email) == ("Bob", "bob@example.org")


@pytest.mark.parametrize("key", ["user.name", "user.email"])
def test_somebody_whom_git_does_not_know_is_told_what_to_set(repository: Repository, key: str) -> None:
    repository.git("config", key, " ")
    with pytest.raises(GitRefused, match=f"git does not know who you are: {key} is not set") as error:
        reading.signature(reading.open_repository(repository.location))
    assert "git config --global user.name" in error.value.hint


def test_the_tree_of_code_is_the_same_however_many_records_there_are(repository: Repository) -> None:
    opened = reading.open_repository(repository.location)

    def code(commit: str) -> str:
        return reading.code_tree(opened, commit)

    first = repository.head
    assert code(first) == repository.git("rev-parse", "HEAD^{tree}")
    records = repository.commit(**{".qanat/runs/a/0/1.yaml": "1"})
    assert code(records) == code(first)
    config = repository.commit(**{".qanat/config.yaml": "1"})
    assert code(config) != code(first)
    repository.git("rm", "-rq", ".qanat/runs")
    without = repository.commit()
    assert code(without) == code(config) == repository.git("rev-parse", "HEAD^{tree}")
    other = repository.commit(**{"b.txt": ""})
    assert code(other) != code(config)


def test_code_is_known_by_a_short_id_and_unknown_when_it_is_not_here(repository: Repository) -> None:
    opened = reading.open_repository(repository.location)
    head = repository.head
    assert reading.commit_and_code(opened, head[:10]) == (head, reading.code_tree(opened, head))
    assert reading.commit_and_code(opened, "0" * 40) is None
    assert reading.commit_and_code(opened, repository.git("rev-parse", "HEAD:a.txt")) is None
    assert reading.commit_and_code(opened, "no such") is None


def test_a_file_is_read_as_a_commit_has_it(repository: Repository) -> None:
    opened = reading.open_repository(repository.location)
    before = repository.head
    repository.commit(**{"a.txt": "b\n", "f/c.txt": "c\n"})
    assert reading.read_at(opened, before, "a.txt") == b"a\n"
    assert reading.read_at(opened, "HEAD", "f/c.txt") == b"c\n"
    for revision, path in (("HEAD", "f"), ("HEAD", "gone"), ("nothing", "a.txt"), (before, "f/c.txt")):
        assert reading.read_at(opened, revision, path) is None


def test_a_file_that_is_larger_than_any_of_qanats_is_not_read(
    repository: Repository, monkeypatch: pytest.MonkeyPatch
) -> None:
    repository.commit(**{"large": "x" * 11, "small": "x" * 10})
    opened = reading.open_repository(repository.location)
    monkeypatch.setattr(reading, "FILE_BYTES_MAX", 10)
    assert [reading.read_at(opened, "HEAD", path) for path in ("large", "small")] == [None, b"x" * 10]
    assert [reading.read_staged(opened, path) for path in ("large", "small", "gone")] == [None, b"x" * 10, None]


@pytest.mark.slow
def test_the_size_of_a_file_costs_no_memory(repository: Repository) -> None:
    repository.write("large").write_bytes(bytes(200 * 2**20))
    repository.commit()
    blob = repository.git("rev-parse", "HEAD:large")
    code = (
        "import resource, sys; from pathlib import Path; from qanat.git import location, repository\n"
        "opened = repository.open_repository(location.find(Path(sys.argv[1])))\n"
        "most = int(Path('/proc/self/statm').read_text().split()[0]) * resource.getpagesize() + 100 * 2**20\n"
        "resource.setrlimit(resource.RLIMIT_AS, (most, most))\n"
        "print(repository.size_of(opened, sys.argv[2]), repository.read_at(opened, 'HEAD', 'large'))\n"
    )
    printed = subprocess.check_output([sys.executable, "-c", code, str(repository.root), blob], text=True)
    assert printed == f"{200 * 2**20} None\n"


def test_a_branch_is_checked_out_in_any_worktree(repository: Repository) -> None:
    repository.git("branch", "free")
    repository.git("worktree", "add", "--quiet", "../other", "-b", "other")
    opened = reading.open_repository(repository.location)
    found = [reading.is_checked_out(opened, branch) for branch in ("main", "other", "free", "gone")]
    assert found == [True, True, False, False]
