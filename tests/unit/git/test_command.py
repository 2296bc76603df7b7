"""Running git: what it prints, and its failures as sentences."""

from __future__ import annotations

import signal
from pathlib import Path

import pytest

from qanat.errors import GitRefused, RunnerUnavailable
from qanat.git import command, worktree
from qanat.system import programs
from qanat.system.programs import Finished
from tests.support.repository import Repository
from tests.unit.git.test_tree_diff import many_files


def test_what_git_prints_is_returned(repository: Repository) -> None:
    assert command.output(repository.root, "cat-file", "-p", "HEAD:a.txt") == b"a\n"
    assert (
        command.output(repository.root, "hash-object", "--stdin", stdin=b"a\n").strip()
        == repository.git("rev-parse", "HEAD:a.txt").encode()
    )
    environment = {"GIT_AUTHOR_NAME": "Bob"}
    assert command.output(repository.root, "var", "GIT_AUTHOR_IDENT", env=environment).startswith(b"Bob <")


def test_a_failure_is_gits_own_sentence_with_its_subcommand(repository: Repository) -> None:
    with pytest.raises(GitRefused, match=r"^git show failed: bad revision 'nothing'$|^git show failed: ambiguous"):
        command.output(repository.root, "show", "nothing")
    with pytest.raises(GitRefused, match=r"^git worktree failed: "):
        command.output(repository.root, "-c", "a.b=c", "-c", "d.e=f", "worktree", "add", "x", "nothing")
    assert command.call(repository.root, "show", "nothing").status == 128


@pytest.mark.slow
def test_a_last_commit_of_a_billion_files_is_refused_by_all_that_git_would_list(repository: Repository) -> None:
    repository.git("update-ref", "HEAD", many_files(repository, "data"))
    for listing in (worktree.status, worktree.uncommitted_records):
        with pytest.raises(GitRefused, match="the commit that is checked out has more than 20,000,000 files") as caught:
            listing(repository.location)
        assert caught.value.hint == "check out another one: git log --oneline"
    with worktree.finding_uncommitted(repository.location) as found, pytest.raises(GitRefused, match="20,000,000"):
        found()


def test_what_is_slow_for_another_reason_is_waited_for(repository: Repository, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(programs, "SLOW_S", 0.01)
    for reads in ("cat; sleep 0.5", "sleep 0.5; cat"):
        repository.git("config", "alias.slow", f"!{reads}; echo done")
        assert command.output(repository.root, "slow", stdin=b"a" * 1_000_000) == b"a" * 1_000_000 + b"done\n"
    repository.git("config", "alias.deaf", "!sleep 0.5; echo done")
    for size in (1_000_000, 1):
        assert command.output(repository.root, "deaf", stdin=b"a" * size) == b"done\n"
    empty = repository.root / "empty"
    repository.git("init", "-q", str(empty))
    assert command.output(empty, "-c", "alias.slow=!sleep 0.5; echo done", "slow") == b"done\n"


def test_what_git_prints_can_be_waited_for_later(repository: Repository) -> None:
    with command.printing(repository.root, "cat-file", "-p", "HEAD:a.txt") as printed:
        repository.commit(**{"a.txt": "changed\n"})
        assert printed() in (b"a\n", b"changed\n")
    with command.printing(repository.root, "show", "nothing") as printed, pytest.raises(GitRefused, match="git show"):
        printed()


def test_a_git_that_an_interrupt_has_ended_is_asked_again(repository: Repository) -> None:
    repository.git("config", "alias.twice", "!test -e seen && echo seen || { touch seen; kill -INT $PPID; }")
    with command.printing(repository.root, "twice") as printed:
        assert printed() == b"seen\n"


def test_a_program_that_nothing_waits_for_is_killed(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="on the way"), programs.running(["sleep", "10000"], cwd=tmp_path):
        raise ValueError("on the way")
    with pytest.raises(RunnerUnavailable, match="nothing-of-this-name is not on PATH"):
        programs.running(["nothing-of-this-name"], cwd=tmp_path).__enter__()


@pytest.mark.parametrize(
    ("done", "message", "hint"),
    [
        (Finished(1, b"", b"fatal: no\nmore"), "git x failed: no", ""),
        (Finished(1, b"", b"error: no"), "git x failed: no", ""),
        (Finished(3, b"", b""), "git x failed: exit status 3", ""),
        (Finished(-9, b"", b" \n"), "git x failed: signal 9", ""),
        (
            Finished(128, b"", b"fatal: detected dubious ownership\n\tgit config --add safe.directory /x\n"),
            "git refuses this repository: its folder belongs to another user",
            "git config --add safe.directory /x",
        ),
    ],
)
def test_a_failure_is_one_sentence(done: Finished, message: str, hint: str) -> None:
    error = command.refused("git x", done)
    assert (error.message, error.hint) == (message, hint)


def test_a_git_that_writes_is_not_interrupted_and_signals_come_through_after_it(repository: Repository) -> None:
    repository.write(".git/hooks/reference-transaction", "#!/bin/sh\nkill -INT $PPID $(ps -o ppid= -p $PPID)\n")
    (repository.root / ".git/hooks/reference-transaction").chmod(0o755)
    before = signal.pthread_sigmask(signal.SIG_BLOCK, ())
    done = None
    with pytest.raises(KeyboardInterrupt):
        done = command.write(repository.root, "update-ref", "refs/heads/new", "HEAD")
    assert done is None
    assert signal.pthread_sigmask(signal.SIG_BLOCK, ()) == before
    assert repository.git("rev-parse", "new") == repository.head
