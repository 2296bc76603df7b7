"""Deletions that were killed between removing a record and committing that."""

from __future__ import annotations

import json
import os
from typing import Any

import pytest

from qanat.git import lock
from qanat.records import run_codec
from qanat.usecases.merging import deleted
from tests.support.world import World

MESSAGE = "qanat: run 1 deleted\n\nDeleted-run: 1-7f3a9c"


@pytest.fixture
def path(world: World) -> str:
    """Commit the record of a run that ended, and return its path."""
    world.submit()
    (job,) = world.scheduler.of(0)
    job.ends()
    return run_codec.path_of(world.look())


def cut_short(world: World, path: str, **changes: Any) -> None:
    """Leave what a command leaves that was killed after removing a file."""
    with lock.held(world.location) as held, deleted.noted(held, world.project, [world.root / path], MESSAGE):
        (note,) = (world.location.private_here / deleted.FOLDER).iterdir()
        noted = json.loads(note.read_text())
    note.parent.mkdir()
    note.write_text(json.dumps(noted | changes))
    (world.root / path).unlink()


def look(world: World) -> list[str]:
    """Look at the runs, as the next command does; return the notes."""
    return deleted.finish(world.project)


def test_nothing_is_left_of_a_deletion_that_was_not_cut_short(world: World, path: str) -> None:
    with lock.held(world.location) as held, deleted.noted(held, world.project, [world.root / path], MESSAGE):
        pass
    assert look(world) == []
    assert world.committed() is not None


def test_the_next_command_commits_the_deletion_with_its_message(world: World, path: str) -> None:
    cut_short(world, path)
    assert look(world) == []
    assert world.committed() is None
    assert world.git("log", "-1", "--format=%B") == MESSAGE
    assert world.git("status", "--porcelain") == ""
    assert not (world.location.private_here / deleted.FOLDER).exists()


def test_a_record_that_the_user_has_brought_back_stays(world: World, path: str) -> None:
    cut_short(world, path)
    world.git("checkout", "--quiet", "--", path)
    assert look(world) == []
    assert world.committed() is not None
    assert world.git("status", "--porcelain") == ""


def test_another_user_leaves_the_deletion_to_its_own(world: World, path: str, monkeypatch: pytest.MonkeyPatch) -> None:
    cut_short(world, path)
    with monkeypatch.context() as patch:
        patch.setattr(os, "geteuid", lambda: os.getuid() + 1)
        assert look(world) == []
    assert world.committed() is not None
    assert look(world) == []
    assert world.committed() is None


def test_another_branch_keeps_its_records_and_the_deletion_waits(world: World, path: str) -> None:
    cut_short(world, path)
    world.git("checkout", "--quiet", "-b", "other")
    assert look(world) == []
    assert world.committed() is not None
    world.git("checkout", "--quiet", "main")
    look(world)
    assert world.committed() is None


@pytest.mark.parametrize(
    "changes",
    [{"files": ["train.sh"]}, {"files": [".qanat/../train.sh"]}, {"files": "train.sh"}, {"message": 1}, {"files": [1]}],
)
def test_a_note_that_qanat_has_not_written_deletes_nothing(world: World, path: str, changes: dict[str, Any]) -> None:
    cut_short(world, path, **changes)
    (world.root / "train.sh").unlink()
    assert look(world) == []
    assert world.git("ls-tree", "--name-only", "HEAD", "train.sh") == "train.sh"
    assert world.committed() is not None
