"""Finding the run that a user names by a number or an id."""

from __future__ import annotations

import math
import os
from dataclasses import replace

import pytest

from qanat.domain.run import Group, Run, State
from qanat.errors import InputInvalid, NotFound, UsageError
from qanat.records import run_codec, storage
from qanat.system import files
from qanat.usecases.launch.looking import refreshed
from qanat.usecases.tracking import find, record
from qanat.usecases.tracking.find import Found
from tests.support.world import World
from tests.unit.records.example import RUN

ONE = replace(RUN, number=1, experiment="train", storage="results/train/run_1")


def found(world: World, word: str, experiment: str | None = None) -> Found:
    """Refresh, and find a run."""
    with refreshed(world.project, world) as (index, result):
        return find.find_run(world.project, index, result, word, experiment=experiment)


def recorded(world: World, **changes: object) -> Run:
    """Write the record of a run."""
    run: Run = replace(ONE, **changes)  # type: ignore[arg-type]
    record.create_record(world.project, run)
    return run


@pytest.mark.parametrize("word", ["1", "1-7f3a9c", "0001"])
def test_a_run_is_found_by_its_number_and_by_its_id(world: World, word: str) -> None:
    run = recorded(world)
    here = found(world, word)
    assert (here.run, here.record) == (run, run_codec.path_of(run))
    assert here.folder == world.root / "results/train/run_1"


def test_a_run_is_found_with_metrics_that_json_does_not_have(world: World) -> None:
    run = recorded(world, groups=(replace(RUN.groups[0], metrics={"acc": math.inf, "loss": -math.inf}),))
    assert found(world, "1").run == run


@pytest.mark.parametrize("word", ["", "x", "-1", "1-7f3a9", "1-7f3a9c0", "1-XYZXYZ", "1234567890", "1 ", "1\n"])
def test_anything_else_is_not_a_run(world: World, word: str) -> None:
    recorded(world)
    with pytest.raises(UsageError) as error:
        found(world, word)
    assert error.value.message == f"{word!r} is not a run number or id"
    assert "such as 4-7f3a9c" in error.value.hint


def test_a_run_that_is_not_there_is_not_found(world: World) -> None:
    recorded(world)
    for word in ("2", "1-aaaaaa"):
        with pytest.raises(NotFound, match=f"run {word} does not exist$") as error:
            found(world, word)
        assert error.value.hint.endswith("; list all with: qanat runs")


def test_a_run_of_another_experiment_is_not_found_and_the_hint_names_that(world: World) -> None:
    recorded(world)
    assert found(world, "1", "train").run.number == 1
    with pytest.raises(NotFound, match=r"run 1 of other does not exist$") as error:
        found(world, "1", "other")
    assert error.value.hint == "it is a run of train"


def test_two_runs_of_one_number_are_told_apart_by_their_ids(world: World) -> None:
    recorded(world)
    recorded(world, uid="aaaaaa", experiment="other")
    with pytest.raises(UsageError) as error:
        found(world, "1")
    assert "1-7f3a9c of train" in error.value.message
    assert "1-aaaaaa of other" in error.value.message
    assert "full id" in error.value.hint
    assert found(world, "1-aaaaaa").run.experiment == "other"
    assert found(world, "1", "train").run.uid == "7f3a9c"
    with pytest.raises(NotFound) as error_of_none:
        found(world, "1", "third")
    assert error_of_none.value.hint == "it is a run of train and of other"


def test_a_run_is_found_under_a_name_that_its_experiment_had(world: World) -> None:
    recorded(world, experiment="before")
    definition = world.root / ".qanat/experiments/train.yaml"
    definition.write_text(definition.read_text() + "formerly: [before]\n")
    assert found(world, "1", "train").run.experiment == "before"
    assert found(world, "1", "before").run.experiment == "before"


def test_a_run_that_goes_on_is_found_as_it_is_now(world: World) -> None:
    world.submit()
    for job in world.scheduler.of(0):
        job.starts()
    assert found(world, "1").run.state is State.RUNNING


def test_a_group_has_its_own_directory_where_there_are_several(world: World) -> None:
    recorded(world)
    recorded(world, number=2, groups=(Group(0, ()),), storage="results/train/run_2")
    assert found(world, "1").group_folder(1) == world.root / "results/train/run_1/group_1"
    assert found(world, "2").group_folder(0) == world.root / "results/train/run_2"


def test_a_run_whose_directory_is_another_runs_has_the_one_with_its_uid(world: World) -> None:
    run = recorded(world)
    folder = world.root / run.storage
    info = storage.info(replace(run, uid="aaaaaa"), folder, [("a",), ("b",)], world.root)
    files.write(folder / storage.INFO, info)
    assert found(world, "1").folder == world.root / "results/train/run_1-7f3a9c"


def test_a_run_as_a_mapping_has_the_keys_of_its_record(world: World) -> None:
    run = recorded(world)
    assert found(world, "1").as_mapping() == run_codec.to_mapping(run)


def test_a_group_is_one_of_the_runs(world: World) -> None:
    recorded(world)
    here = found(world, "1")
    assert [find.check_group(here, number) for number in (0, 1)] == [0, 1]
    for number in (-1, 2):
        with pytest.raises(UsageError, match=f"run 1 has no group {number}$") as error:
            find.check_group(here, number)
        assert error.value.hint == "its groups are 0 to 1"


def test_a_run_that_goes_on_has_not_ended(world: World) -> None:
    recorded(world)
    find.check_ended(found(world, "1"), "it stays")
    world.submit()
    with pytest.raises(UsageError, match=r"run 2 is still queued, so it stays$") as error:
        find.check_ended(found(world, "2"), "it stays")
    assert "qanat cancel 2" in error.value.hint


def test_a_comment_lies_beside_the_record(world: World) -> None:
    run = recorded(world)
    assert find.comment_path(run) == ".qanat/runs/train/0/1-7f3a9c.md"
    assert find.read_comment(world.project, run) == ""
    path = world.write(find.comment_path(run), "good\n")
    assert find.read_comment(world.project, run) == "good\n"
    path.write_bytes(b"g\xff\n")
    assert find.read_comment(world.project, run) == "g\N{REPLACEMENT CHARACTER}\n"


def test_a_link_in_the_place_of_a_comment_is_not_followed(world: World) -> None:
    run = recorded(world)
    target = world.write("secret", "secret")
    (world.root / find.comment_path(run)).symlink_to(target)
    assert find.read_comment(world.project, run) == ""


@pytest.mark.skipif(os.geteuid() == 0, reason="root reads every file")
def test_a_comment_that_cannot_be_read_is_an_error_with_the_reason(world: World) -> None:
    run = recorded(world)
    world.write(find.comment_path(run), "x").chmod(0)
    with pytest.raises(InputInvalid, match="permission denied"):
        find.read_comment(world.project, run)
