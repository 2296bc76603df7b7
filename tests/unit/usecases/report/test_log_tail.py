"""The end of what a group prints, as an open page gets it."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from qanat.usecases.report import log_tail as module
from qanat.usecases.report.log_tail import LATER_S, SOON_S, log_tail
from tests.support.world import World
from tests.unit.usecases.runs.test_listing import recorded

Parts = Iterator[dict[str, Any] | None]


@pytest.fixture
def printed(world: World) -> Path:
    """Return the file with what the first group of run 1-7f3a9c has printed."""
    run = recorded(world, 1)
    folder = world.project.storage_of(run)
    file = (folder / "group_0" if len(run.groups) > 1 else folder) / "stdout.txt"
    file.parent.mkdir(parents=True)
    file.write_bytes(b"")
    return file


def reading(world: World, pauses: list[float] | None = None, stream: str = "stdout", group: int = 0) -> Parts:
    """Return what a page hears; pauses are noted."""
    return log_tail(world.project, "1-7f3a9c", group, stream, sleep=(pauses if pauses is not None else []).append)


def said(text: str, *, begins: bool = False, note: str = "") -> dict[str, Any]:
    """Return a part of what a page hears."""
    return {"begins": begins, "text": text, "note": note}


def append(file: Path, data: bytes) -> None:
    """Print something."""
    with file.open("ab") as out:
        out.write(data)


def test_output_is_added_as_it_is_printed_and_looked_for_less_often_without(world: World, printed: Path) -> None:
    pauses: list[float] = []
    parts = reading(world, pauses)
    assert next(parts) == said("", begins=True)
    append(printed, b"epoch 1\n" + "é".encode()[:1])
    assert next(parts) == said("epoch 1\n")
    append(printed, "é".encode()[1:] + b"\xff")
    assert next(parts) == said("é\\xff")
    assert [next(parts) for _ in range(20)] == [None] * 20
    assert (pauses[2], pauses[-1]) == (SOON_S, LATER_S)


def test_of_much_output_there_is_the_end(world: World, printed: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "LINES", 2)
    monkeypatch.setattr(module, "BYTES", 10)
    append(printed, b"1\n2\n3\n4\n")
    parts = reading(world)
    assert next(parts) == said("3\n4\n", begins=True)
    append(printed, b"5" * 1_000 + b"6\n7\n")
    assert next(parts) == said("5555556\n7\n", begins=True)
    append(printed, b"8\n")
    assert next(parts) == said("8\n")


def test_output_that_begins_again_replaces_the_rest(world: World, printed: Path) -> None:
    append(printed, b"first attempt\n")
    parts = reading(world)
    assert next(parts) == said("first attempt\n", begins=True)
    os.truncate(printed, 0)
    append(printed, b"second\n")
    note = f"{printed} was replaced or truncated; it is shown from its beginning"
    assert next(parts) == said("second\n", begins=True, note=note)
    printed.unlink()
    printed.symlink_to("/etc/passwd")
    assert next(parts) == said("", begins=True, note=f"{printed}: is a link, not a file")
    assert next(parts) is None


def test_what_is_not_there_is_said_once(world: World, printed: Path) -> None:
    assert list(reading(world, group=9)) == [said("", begins=True, note="run 1 has no group 9")]
    (refused,) = reading(world, stream="../info.yaml")
    assert refused == said("", begins=True, note="there is no stream '../info.yaml'")
    printed.unlink()
    assert next(reading(world)) == said("", begins=True)
    printed.parent.rmdir()
    if printed.parent.name.startswith("group_"):
        printed.parent.parent.rmdir()
    (only,) = reading(world)
    assert only is not None
    assert only["note"].startswith("the results of run 1 are missing: ")
    (nobody,) = log_tail(world.project, "7-000000", 0, "stdout")
    assert nobody is not None
    assert nobody["note"] == "run 7-000000 does not exist"
