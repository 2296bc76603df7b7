"""Bugs in places that nobody watches reach the user as a report."""

from __future__ import annotations

import re
import threading
from pathlib import Path

import pytest

from qanat.domain.layout import PROBLEMS
from qanat.records import left_problems
from qanat.system.hashing import Hashing
from qanat.usecases.tracking import bug_report
from tests.support.world import World


def test_what_was_left_is_said_once_by_the_next_command(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    world.left_alone(1)
    monkeypatch.setattr("tempfile.tempdir", str(world.root.parent))
    bug_report.leave(world.project, "in the background", ValueError("two\nlines"))
    world.look()
    (said,) = [note for note in world.notes if note.startswith("in the background: ")]
    assert "this is a bug in qanat: ValueError('two\\nlines'); please report it, and attach " in said
    (report,) = re.findall(r"attach (\S+)", said)
    assert "ValueError: two" in Path(report).read_text()
    world.look()
    assert not any("bug" in note for note in world.notes)


def test_a_link_in_the_place_of_what_was_left_is_not_followed(tmp_path: Path) -> None:
    left_problems.leave(tmp_path, "first")
    (left,) = (tmp_path / PROBLEMS).iterdir()
    left.unlink()
    left.symlink_to(tmp_path / "other")
    left_problems.leave(tmp_path, "second")
    assert not (tmp_path / "other").exists()
    assert left_problems.take(tmp_path) == []


def test_bugs_of_other_threads_are_left_too(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(threading, "excepthook", threading.excepthook)
    monkeypatch.setattr("tempfile.tempdir", str(world.root.parent))
    bug_report.leave_those_of_threads(world.project, "meanwhile")

    def fail() -> None:
        raise ValueError("here")

    thread = threading.Thread(target=fail)
    thread.start()
    thread.join()
    (said,) = left_problems.take(world.project.location.private)
    assert said.startswith("meanwhile: this is a bug in qanat: ValueError('here'); please report it")


def test_a_bug_while_files_are_hashed_is_raised(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object) -> str:
        raise ValueError("here")

    (tmp_path / "a").write_text("a")
    monkeypatch.setattr("qanat.system.hashing._sha256", fail)
    with pytest.raises(ValueError, match="here"):
        list(Hashing([str(tmp_path / "a")], 1))
