"""Files and folders that the arguments of a run name, and that no commit has."""

from __future__ import annotations

import hashlib
from pathlib import Path

import pytest

from qanat.domain import group_key
from qanat.domain.data import DataState
from qanat.usecases.data import inputs
from qanat.usecases.launch import data as launched
from qanat.usecases.launch import differences
from qanat.usecases.launch.options import LaunchOptions
from qanat.usecases.launch.plan import Needed, RunRequest
from qanat.usecases.launch.previewing import preview
from qanat.usecases.launch.view import CUT
from tests.support.world import World
from tests.unit.usecases.data.datasets import TIME, again, put, told


def sha256(text: str) -> str:
    """Return the id of a file with this text."""
    return f"sha256:{hashlib.sha256(text.encode()).hexdigest()}"


@pytest.fixture
def ignoring(world: World) -> World:
    """Return a project that ignores its folder for models, with two files and a folder in it."""
    world.commit(**{".gitignore": "/models/\n/results/\n", "tracked.csv": "1\n"})
    put(world, "models/a.bin", "12")
    put(world, "models/set/1", "3")
    put(world, "models/set/2", "45")
    return world


def test_what_arguments_name_and_git_lacks_is_an_input(ignoring: World, tmp_path: Path) -> None:
    outside = tmp_path / "outside.csv"
    outside.write_text("x")
    groups = (f"--model models/a.bin --from=models/set tracked.csv --seed 1 {outside} {tmp_path} /nowhere",)
    run = ignoring.launch(groups=groups)
    assert run.data == (
        DataState("models/a.bin", "hash", 1, bytes=2, id=sha256("12"), is_input=True),
        DataState("models/set", "stat", 2, bytes=3, newest=TIME, is_input=True),
        DataState(str(outside), "hash", 1, bytes=1, id=sha256("x"), is_input=True),
    )
    assert ignoring.committed(1) == run


def test_an_input_that_changes_is_said(ignoring: World) -> None:
    ignoring.launch("--model", "models/a.bin")
    put(ignoring, "models/a.bin", "21")
    again(ignoring)
    (line,) = told(ignoring)
    assert line.startswith("data differ from those of run 1: models/a.bin: sha256 ")


def test_a_run_whose_arguments_name_no_files_has_no_data(world: World) -> None:
    assert world.launch("--seed", "1", "a=b", "-x", "").data == ()


def test_inputs_are_hashed_up_to_a_size_in_total(ignoring: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(inputs, "HASHED_BYTES_MAX", 3)
    run = ignoring.launch("models/a.bin", "models/set/2", "models/set/1")
    assert [(state.name, state.track) for state in run.data] == [
        ("models/a.bin", "hash"),
        ("models/set/2", "stat"),
        ("models/set/1", "hash"),
    ]


def test_a_file_that_grows_is_not_read_without_end(ignoring: World) -> None:
    (state,) = inputs.look_at_inputs(ignoring.project, ["/proc/self/status"], ignoring.head)
    assert (state.id, state.problem) == ("", "grows while it is read")


def test_only_the_first_inputs_are_looked_at(ignoring: World, monkeypatch: pytest.MonkeyPatch) -> None:
    for module in (inputs, launched, group_key, differences):
        monkeypatch.setattr(module, "INPUTS_MAX", 1)
    run = ignoring.launch("models/a.bin", "models/set/1")
    assert [state.name for state in run.data] == ["models/a.bin"]
    assert (run.groups[0].key, told(ignoring)) == (None, [CUT])
    asked = RunRequest("train", ("models/a.bin", "models/set/1"), needed=Needed())
    (found,) = preview(ignoring.project, asked, LaunchOptions(), ignoring).standings
    assert (found.status, found.why) == ("new", "data: not known of 1 inputs or more")


def test_many_inputs_are_known(ignoring: World) -> None:
    for number in range(120):
        put(ignoring, f"models/many/{number}", str(number))
    groups = tuple(f"models/many/{number}" for number in range(120))
    asked = RunRequest("train", groups=groups, needed=Needed())
    run = ignoring.launch(groups=groups, runner="world", in_place=True)
    assert None not in {group.key for group in run.groups}
    put(ignoring, "models/many/7", "x")
    found = preview(ignoring.project, asked, LaunchOptions(), ignoring).standings
    assert [n for n, standing in enumerate(found) if standing.status == "new"] == [7]


def test_names_that_no_path_can_have_are_no_inputs(world: World) -> None:
    assert world.launch("x" * 5_000, "/" + "y" * 300, "a\nb").data == ()
