"""What qanat believes without looking comes from this user only, never with a clone."""

from __future__ import annotations

import shutil
import sqlite3
from pathlib import Path

import pytest

from tests.support.sandbox import Sandbox

BROKEN = "schema: experiment/1\nname: e\nexecutable: e.sh\ncolour: red\nexecutable_command: sh\n"


def index_of(sandbox: Sandbox) -> Path:
    """Return the index of a project's main working tree."""
    (found,) = (sandbox.root / ".git/qanat").glob("index*")
    return found


def believe(sandbox: Sandbox, text: str) -> None:
    """Make the index remember that a text passes the schemas of experiments."""
    from qanat.records.index import digest

    with sqlite3.connect(index_of(sandbox)) as database:
        database.execute("INSERT INTO passed VALUES ('experiment/1', ?)", (digest(text.encode()),))
    database.close()


def test_an_index_that_a_clone_brings_is_not_believed(sandbox: Sandbox, tmp_path: Path) -> None:
    sandbox.experiment("e", "exit 0")
    sandbox.qanat("validate")
    sandbox.write(".qanat/experiments/e.yaml", BROKEN)
    believe(sandbox, BROKEN)
    assert sandbox.qanat("validate").code == 0  # so would this index lie
    for name in ("index.sqlite", index_of(sandbox).name):
        for folder in ("cache", "."):
            shutil.copy(index_of(sandbox), sandbox.root / ".qanat" / folder / name)
    sandbox.git("add", "--force", ".qanat")
    sandbox.git("commit", "--quiet", "--message", "a gift")
    sandbox.git("clone", "--quiet", ".", str(tmp_path / "clone"))
    said = Sandbox(tmp_path / "clone").qanat("validate", code=1)
    assert ".qanat/experiments/e.yaml:4: colour: unknown key" in said.out + said.err


def test_a_view_in_the_index_that_never_ends_is_not_read(sandbox: Sandbox) -> None:
    sandbox.experiment("e", "exit 0")
    sandbox.qanat("status")
    endless = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT i AS folder, i AS listing FROM n"
    with sqlite3.connect(index_of(sandbox)) as database:
        database.executescript(f"DROP TABLE folders; CREATE VIEW folders AS {endless}")
    database.close()
    assert "1 experiment" in sandbox.qanat("status").out


def test_a_linked_working_tree_has_its_own_index_and_takes_it_along(sandbox: Sandbox) -> None:
    sandbox.qanat("status")
    sandbox.git("worktree", "add", "--quiet", "../other", "-b", "topic")
    other = Sandbox(sandbox.root.parent / "other")
    other.qanat("status")
    own = sandbox.root / ".git/worktrees/other/qanat"
    assert [path.name for path in own.iterdir()] == [index_of(sandbox).name]
    sandbox.git("worktree", "remove", "--force", "../other")
    assert not own.exists()


@pytest.mark.parametrize("place", [".git/qanat", ".git/worktrees/other/qanat"])
def test_the_index_is_not_in_the_working_tree(sandbox: Sandbox, place: str) -> None:
    sandbox.git("worktree", "add", "--quiet", "../other", "-b", "topic")
    where = sandbox if "worktrees" not in place else Sandbox(sandbox.root.parent / "other")
    where.qanat("status")
    assert list((sandbox.root / place).glob("index*"))
    assert not list((where.root / ".qanat").rglob("index*"))
