"""What is removed while the user writes the message of a commit is committed by the next command."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import pytest

from qanat.domain.run import Group, Run, State
from qanat.git import others
from qanat.usecases.merging import deleted
from qanat.usecases.runs import annotate
from qanat.usecases.runs import delete as deletion
from qanat.usecases.tracking import committing, record
from qanat.usecases.tracking.find import comment_path
from tests.support.sandbox import wait_until
from tests.support.world import World
from tests.unit.records.example import RUN

ONE = replace(RUN, number=1, experiment="train", groups=(Group(0, (), State.FINISHED, exit_code=0),), tags=())
EDITOR = 'touch "{gate}.begun"; while [ ! -e "{gate}" ]; do sleep 0.02; done; echo mine >"$1"\n'
LATER = "the deletion is not committed yet: git commit is running; the next qanat command commits it"


@pytest.fixture
def runs(world: World, monkeypatch: pytest.MonkeyPatch) -> tuple[Run, Run, Run]:
    """Return three runs that are committed, the last one with a comment; commands wait only for a moment."""
    monkeypatch.setattr(others, "WAIT_S", 0.05)
    found = (ONE, replace(ONE, number=2), replace(ONE, number=3))
    for run in found:
        record.create_record(world.project, run)
    committing.commit_records(world.project, found)
    annotate.set_comment(world.project, found[2], "it is good")
    return found


@contextmanager
def editing(world: World) -> Iterator[None]:
    """Let the user write the message of a commit until the block ends, which then succeeds."""
    gate, editor = world.root.parent / "gate", world.root.parent / "editor"
    editor.write_text(EDITOR.format(gate=gate))
    command = ["git", "-c", f"core.editor=sh '{editor}'", "commit", "--quiet", "--allow-empty"]
    process = subprocess.Popen(command, cwd=world.root)
    try:
        wait_until(Path(f"{gate}.begun").exists)
        yield
    finally:
        gate.touch()
        assert process.wait(60) == 0


def delete(world: World, run: Run) -> str:
    """Delete a run; return what is said about its commit."""
    return deletion.delete_runs(world.project, [world.find(run.number)])[1].note


def test_deletions_are_committed_by_the_next_command(world: World, runs: tuple[Run, Run, Run]) -> None:
    with editing(world):
        head = world.head
        assert [delete(world, run) for run in runs[:2]] == [LATER, LATER]
        assert annotate.set_comment(world.project, runs[2], "") == LATER
        assert world.head == head
    assert world.git("log", "-1", "--format=%s") == "mine"
    assert deleted.finish(world.project) == []
    assert [world.committed(run.number) for run in runs] == [None, None, runs[2]]
    assert sorted(world.git("log", "-3", "--format=%s").splitlines()) == [
        "qanat: comment on run 3 of train",
        "qanat: run 1 deleted",
        "qanat: run 2 deleted",
    ]
    assert comment_path(runs[2]) not in world.git("ls-tree", "-r", "--name-only", "HEAD")
    assert world.git("status", "--porcelain") == ""
    assert not (world.location.private_here / deleted.FOLDER).exists()


def test_nothing_is_waited_for_where_nothing_is_committed(
    world: World, runs: tuple[Run, Run, Run], monkeypatch: pytest.MonkeyPatch
) -> None:
    world.set(records={"commit": "batch"})
    monkeypatch.setattr(others, "WAIT_S", 3_600.0)
    record.create_record(world.project, replace(ONE, number=4))
    with editing(world):
        assert delete(world, replace(ONE, number=4)) == ""
    assert not (world.location.private_here / deleted.FOLDER).exists()
    assert world.git("status", "--porcelain") == ""
