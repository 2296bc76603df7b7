"""The newest commit of code is found behind any number of commits of records."""

from __future__ import annotations

import pytest

from qanat.git import code_commits
from qanat.git.repository import open_repository
from tests.support.repository import Repository


def newest(repository: Repository, revision: str = "HEAD") -> str:
    """Find the newest commit of code from a revision on."""
    opened = open_repository(repository.location)
    return code_commits.newest(repository.location, opened, repository.git("rev-parse", revision))


def record(repository: Repository, number: int) -> str:
    """Commit a record, and nothing else."""
    return repository.commit(f"record {number}", **{f".qanat/runs/train/0/{number}-aaaaaa.yaml": f"{number}\n"})


def test_commits_of_records_are_passed_over(repository: Repository) -> None:
    code = repository.commit("code", **{"train.py": "1", ".qanat/config.yaml": "schema: config/1\n"})
    assert newest(repository) == code
    assert record(repository, 1) != record(repository, 2)
    assert newest(repository) == code
    settings = repository.commit("settings", **{".qanat/config.yaml": "schema: config/1\nuntracked: note\n"})
    assert newest(repository) == settings


def test_a_commit_of_records_and_code_is_one_of_code(repository: Repository) -> None:
    both = repository.commit("both", **{"train.py": "1", ".qanat/runs/train/0/1-aaaaaa.yaml": "1"})
    record(repository, 2)
    assert newest(repository) == both


def test_a_commit_that_is_undone_is_not_the_one_before(repository: Repository) -> None:
    repository.commit("one", **{"train.py": "1"})
    repository.commit("two", **{"train.py": "2"})
    back = repository.commit("back", **{"train.py": "1"})
    record(repository, 1)
    assert newest(repository) == back


def test_an_empty_commit_is_of_the_user(repository: Repository) -> None:
    record(repository, 1)
    empty = repository.commit("empty")
    record(repository, 2)
    assert newest(repository) == empty


def test_the_first_commit_is_one_of_code_whatever_it_has(repository: Repository) -> None:
    first = repository.git("rev-list", "--max-parents=0", "HEAD")
    record(repository, 1)
    assert newest(repository) == first
    repository.git("checkout", "--quiet", "--orphan", "other")
    repository.git("rm", "-r", "--quiet", "--force", ".")
    alone = record(repository, 1)
    record(repository, 2)
    repository.git("checkout", "--quiet", "--detach")
    assert newest(repository) == alone


def test_a_merge_counts_if_it_changes_the_code_of_its_first_parent(repository: Repository) -> None:
    start = repository.head
    repository.git("switch", "--quiet", "--create", "records")
    record(repository, 1)
    repository.git("switch", "--quiet", "--create", "code", start)
    repository.commit("code", **{"train.py": "1"})
    repository.git("switch", "--quiet", "--create", "target", start)
    record(repository, 2)
    repository.git("merge", "--quiet", "--no-ff", "--message", "records", "records")
    assert newest(repository) == start
    repository.git("merge", "--quiet", "--no-ff", "--message", "code", "code")
    merge = repository.head
    record(repository, 3)
    assert newest(repository) == merge


def test_a_shallow_clone_ends_where_its_history_does(repository: Repository) -> None:
    for number in range(3):
        record(repository, number)
    there = repository.root.parent / "shallow"
    repository.git("clone", "--quiet", "--depth=2", repository.root.as_uri(), str(there))
    assert newest(Repository(there)) == repository.git("rev-parse", "HEAD~1")


@pytest.mark.slow
def test_a_long_walk_is_made_once(repository: Repository, monkeypatch: pytest.MonkeyPatch) -> None:
    code = repository.head
    many(repository, 2_000)
    looks = counted(monkeypatch)
    assert newest(repository) == code
    assert len(looks) == 2_001
    record(repository, 9_001)
    looks.clear()
    assert newest(repository) == code
    assert len(looks) <= 4


def counted(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Note the commits whose trees are looked at from now on."""
    looks: list[str] = []
    real = code_commits.History._trees

    def trees(self: code_commits.History, commit: str) -> tuple[str, str]:
        if commit not in self._known:
            looks.append(commit)
        return real(self, commit)

    monkeypatch.setattr(code_commits.History, "_trees", trees)
    return looks


def many(repository: Repository, count: int) -> None:
    """Commit as many records, one by one, to the branch that is checked out."""
    branch = repository.git("symbolic-ref", "HEAD")
    commits = [f"reset {branch}\nfrom {branch}^0\n\n"]
    for number in range(count):
        path = f".qanat/runs/train/{number // 100}/{number}-aaaaaa.yaml"
        head = f"commit {branch}\ncommitter A <a@b> 1700000000 +0000\ndata 0\n"
        commits.append(f"{head}M 100644 inline {path}\ndata 1\n1\n")
    repository.git("fast-import", "--quiet", "--force", stdin="".join(commits))
    repository.git("reset", "--quiet", "--hard")


@pytest.mark.parametrize("text", ["", "garbage\n", f"{{head}} {'0' * 40}\n", "{head} {first}\n"])
def test_a_note_that_is_wrong_is_not_believed(repository: Repository, text: str) -> None:
    first = repository.head
    code = repository.commit("code", **{"train.py": "1"})
    head = record(repository, 1)
    file = repository.location.private / code_commits.FILE
    file.parent.mkdir()
    file.write_text(text.format(head=head, first=first))
    assert newest(repository) == code
