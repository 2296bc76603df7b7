"""The copy of its parameters file that a run kept, and letting the arguments of a later run mean that copy."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from qanat.domain.run import Group, RequestedParameters, Run
from qanat.errors import InputInvalid
from qanat.usecases.launch import parameter_copies
from qanat.usecases.tracking.find import Found
from tests.support.world import World
from tests.unit.records.example import RUN


def run_with(named: str | None, *args: str) -> Run:
    """Return a run of one group with a parameters file of this name."""
    requested = RequestedParameters(args, parameters_file=named)
    return replace(RUN, number=4, requested=requested, groups=(Group(0, args),))


@pytest.fixture
def kept(tmp_path: Path) -> Path:
    """Return the copy that the run kept."""
    path = tmp_path / "storage/parameters_files/p.json"
    path.parent.mkdir(parents=True)
    path.write_text("{}")
    return path


def test_a_copy_is_found_under_the_name_of_the_file(kept: Path) -> None:
    found = Found(run_with("inner/p.json"), "record", kept.parents[1])
    assert parameter_copies.find(found) == kept
    assert parameter_copies.find(replace(found, run=run_with(None))) is None
    kept.unlink()
    with pytest.raises(InputInvalid) as error:
        parameter_copies.find(found)
    assert error.value.message.startswith(f"the parameters file that run 4 kept, {kept}, ")
    assert error.value.hint == f"repeat it with: qanat run {RUN.experiment} --parameters-file FILE"


def test_a_file_is_as_it_was_when_its_bytes_are(world: World, kept: Path) -> None:
    run = run_with("p.json")
    assert not parameter_copies.is_unchanged(world.project, run, kept)
    world.write("p.json", "{}")
    assert parameter_copies.is_unchanged(world.project, run, kept)
    world.write("p.json", "{ }")
    assert not parameter_copies.is_unchanged(world.project, run, kept)
    assert parameter_copies.is_unchanged(world.project, run, None)
    assert parameter_copies.is_unchanged(world.project, run_with(None), kept)


Later = tuple[tuple[str, ...], str | None, dict[str, Path]]


def arguments(world: World, named: str | None, kept: Path | None, *args: str) -> Later:
    """Return the arguments of a later run, the file that it names, and what a checkout is to link."""
    found = parameter_copies.arguments_for(world.project, run_with(named, *args), kept)
    (group,) = found.groups
    return group, found.requested.parameters_file, dict(found.instead)


def test_without_a_parameters_file_the_arguments_stay(world: World, kept: Path) -> None:
    assert arguments(world, None, None, "a", "b") == (("a", "b"), None, {})
    assert arguments(world, "p.json", None, "a") == (("a",), "p.json", {})
    assert arguments(world, None, kept, "a") == (("a",), None, {})


@pytest.mark.parametrize("text", ["{}", "{ }"])
def test_a_path_inside_the_project_stays_and_is_linked_to_the_copy(world: World, kept: Path, text: str) -> None:
    world.write("inner/p.json", text)
    args = ("--file", "inner/p.json", "--file=inner/../inner/p.json", "other")
    assert arguments(world, "inner/p.json", kept, *args) == (args, "inner/p.json", {"inner/p.json": kept})


def test_an_absolute_path_changes_when_the_file_has(world: World, kept: Path) -> None:
    path = world.write("p.json", "{}")
    args = (str(path), f"--file={path}", f"{path}.more")
    assert arguments(world, "p.json", kept, *args) == (args, "p.json", {"p.json": kept})
    world.write("p.json", "{ }")
    changed = (str(kept), f"--file={kept}", f"{path}.more")
    assert arguments(world, "p.json", kept, *args) == (changed, str(kept), {"p.json": kept})


def test_a_path_that_leads_out_of_the_project_always_changes(world: World, kept: Path) -> None:
    (world.root.parent / "p.json").write_text("{}")
    assert arguments(world, "../p.json", kept, "../p.json") == ((str(kept),), str(kept), {})
    outside = str(world.root.parent / "p.json")
    assert arguments(world, outside, kept, outside) == ((outside,), outside, {})


def test_an_argument_without_a_value_names_nothing(world: World, kept: Path) -> None:
    assert arguments(world, ".", kept, "--file=", "") == (("--file=", ""), ".", {".": kept})
