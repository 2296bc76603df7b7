"""What the user's own git is doing, told by its processes."""

from __future__ import annotations

import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from qanat.git import others
from qanat.testing.sandbox import wait_until
from tests.support.repository import Repository

EDITOR = 'touch "{gate}.begun"; while [ ! -e "{gate}" ]; do sleep 0.02; done; echo message >"$1"\n'


@contextmanager
def editing(repository: Repository, *words: str, cwd: Path | None = None) -> Iterator[subprocess.Popen[bytes]]:
    """Run a git command whose editor waits at a gate, which opens when the block ends."""
    gate = repository.root.parent / "gate"
    editor = repository.root.parent / "editor"
    editor.write_text(EDITOR.format(gate=gate))
    command = ["git", "-c", f"core.editor=sh '{editor}'", *words]
    process = subprocess.Popen(command, cwd=cwd or repository.root, stdout=subprocess.DEVNULL)
    try:
        wait_until(Path(f"{gate}.begun").exists)
        yield process
    finally:
        gate.touch()
        process.wait(timeout=60)
        gate.unlink()
        Path(f"{gate}.begun").unlink()


@pytest.fixture
def staged(repository: Repository) -> Repository:
    """Return a repository with something to commit."""
    repository.write("b.txt", "b\n")
    repository.git("add", "b.txt")
    return repository


@pytest.mark.parametrize("words", [("commit",), ("commit", "--all"), ("commit", "b.txt"), ("commit", "--amend")])
def test_a_commit_whose_editor_is_open_is_seen_and_no_longer_once_it_has_ended(
    staged: Repository, words: tuple[str, ...]
) -> None:
    assert others.moving(staged.location) == {}
    with editing(staged, *words) as process:
        assert others.moving(staged.location) == {process.pid: "git commit"}
    assert others.moving(staged.location) == {}


def test_a_commit_in_a_folder_of_the_working_tree_is_seen(staged: Repository) -> None:
    (staged.root / "folder").mkdir()
    with editing(staged, "commit", cwd=staged.root / "folder") as process:
        assert others.moving(staged.location) == {process.pid: "git commit"}


def test_a_merge_whose_editor_is_open_is_seen(staged: Repository) -> None:
    staged.git("switch", "--quiet", "--create", "topic")
    staged.git("commit", "--quiet", "--message", "topic")
    staged.git("switch", "--quiet", "main")
    with editing(staged, "merge", "--no-ff", "--edit", "topic") as process:
        assert others.moving(staged.location) == {process.pid: "git merge"}


def test_a_commit_in_another_repository_or_working_tree_is_not_meant(staged: Repository) -> None:
    inner = Repository(staged.root / "inner")
    staged.git("worktree", "add", "--quiet", "--detach", str(inner.root))
    inner.write("c.txt", "c\n")
    inner.git("add", "c.txt")
    with editing(inner, "commit") as process:
        assert others.moving(staged.location) == {}
        assert others.moving(inner.location) == {process.pid: "git commit"}


def test_a_commit_is_waited_for_and_one_that_takes_longer_is_named(
    staged: Repository, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert others.outlasting(staged.location) is None
    monkeypatch.setattr(others, "WAIT_S", 0.2)
    with editing(staged, "commit"):
        before = time.monotonic()
        assert others.outlasting(staged.location) == "git commit"
        assert time.monotonic() - before >= 0.2
        monkeypatch.setattr(others, "WAIT_S", 1e6)
        (staged.root.parent / "gate").touch()
        assert others.outlasting(staged.location) is None


def test_a_commit_that_has_started_qanat_is_not_waited_for(staged: Repository) -> None:
    program = (
        "from pathlib import Path; from qanat.git import location, others; others.WAIT_S = 1e6; "
        "print(others.outlasting(location.find(Path.cwd())))"
    )
    import shlex
    import sys

    hook = staged.root / ".git/hooks/post-commit"
    hook.parent.mkdir(exist_ok=True)
    hook.write_text(f"#!/bin/sh\n{shlex.join([sys.executable, '-c', program])} >said\n")
    hook.chmod(0o755)
    staged.git("commit", "--quiet", "--message", "x")
    assert (staged.root / "said").read_text() == "git commit\n"


@pytest.mark.parametrize(
    ("line", "found"),
    [
        ("git commit", "commit"),
        ("/usr/bin/git commit --amend", "commit"),
        ("git -c user.name=commit -C /x --git-dir .git pull --rebase", "pull"),
        ("git --no-pager -p log commit", "log"),
        ("git", ""),
        ("git --version", ""),
        ("git -c", ""),
        ("vim commit", ""),
        ("", ""),
    ],
)
def test_the_subcommand_is_the_first_word_that_is_no_option_of_gits(line: str, found: str) -> None:
    assert others.subcommand(line.split()) == found
