"""Planning a run: everything is checked and expanded, and nothing is written."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from qanat.domain.run import RequestedParameters
from qanat.errors import GitRefused, InputInvalid, NotFound, UsageError
from qanat.records import yaml_io
from qanat.usecases.launch import previewing
from qanat.usecases.launch.options import LaunchOptions
from qanat.usecases.launch.plan import Plan, RunRequest, plan_run
from qanat.usecases.launch.previewing import Preview
from tests.support.world import World


def planned(world: World, *args: str, commit: str | None = None, **words: Any) -> Plan:
    """Plan a run of the experiment."""
    return plan_run(world.project, RunRequest(**{"experiment": "train", "args": args, **words}), commit)


def preview(world: World, *args: str, runner: str = "local", **words: Any) -> Preview:
    """Preview a run of the experiment."""
    names = {"template", "max_running", "n_threads"}
    options = LaunchOptions(runner, **{key: value for key, value in words.items() if key in names})
    request = RunRequest("train", args, **{key: value for key, value in words.items() if key not in names})
    return previewing.preview(world.project, request, options, world)


# ---- groups and commands


def test_arguments_groups_and_ranges_make_the_groups(world: World) -> None:
    plan = planned(world, "--fast", groups=("--lr 1", "--lr 2"), ranges=("--seed 0 2 1",))
    assert plan.groups == (
        ("--fast", "--lr", "1", "--seed", "0"),
        ("--fast", "--lr", "2", "--seed", "0"),
        ("--fast", "--lr", "1", "--seed", "1"),
        ("--fast", "--lr", "2", "--seed", "1"),
    )
    assert plan.requested == RequestedParameters(("--fast",), ("--lr 1", "--lr 2"), ("--seed 0 2 1",))
    assert plan.command == ("sh", "train.sh")
    assert plan.rerun_of is None


def test_a_parameter_file_is_joined_with_the_arguments(world: World) -> None:
    path = world.write("grid.yaml", "varying_args: {groups: [{options: {--lr: 1e-4}}, {options: {--lr: 1}}]}\n")
    plan = planned(world, "--fast", param_file=path)
    assert sorted(" ".join(args) for args in plan.groups) == ["--fast --lr 1", "--fast --lr 1e-4"]
    assert plan.requested.param_file == str(path)


def test_the_whole_command_names_the_storage_directory_and_the_datasets(world: World) -> None:
    world.commit(**{"data.csv": "1\n", ".qanat/datasets/d.yaml": "schema: dataset/1\nname: d\npath: data.csv\n"})
    world.experiment("true\n", datasets=["d"])
    storage = Path("/results/run_1")
    one = planned(world, "a b")
    assert one.datasets == {"d": "data.csv"}
    end = ("--dataset_path", str(world.root / "data.csv"))
    assert one.full_command(storage, 0) == ("sh", "train.sh", "a b", "--storage_path", str(storage), *end)
    two = planned(world, groups=("1", "2"))
    assert two.storage_of(storage, 1) == storage / "group_1"
    assert two.full_command(storage, 1) == ("sh", "train.sh", "2", "--storage_path", f"{storage}/group_1", *end)


def test_what_a_request_says_besides_is_the_plans(world: World, tmp_path: Path) -> None:
    parameters = world.write("parameters.json", "{}")
    plan = planned(world, tags=("a",), description="d", storage_path=tmp_path / "s", parameters_file=parameters)
    assert (plan.tags, plan.description, plan.storage) == (("a",), "d", tmp_path / "s")
    assert plan.parameters_file == parameters
    assert plan.requested.parameters_file == str(parameters)


def test_a_parameters_file_of_the_project_is_named_from_its_root(
    world: World, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    world.write("inner/parameters.json", "{}")
    (tmp_path / "outside.json").write_text("{}")
    monkeypatch.chdir(world.root / "inner")
    assert planned(world, parameters_file=Path("parameters.json")).requested.parameters_file == "inner/parameters.json"
    outside = Path("../../outside.json")
    assert planned(world, parameters_file=outside).requested.parameters_file == "../../outside.json"


# ---- what is refused


def test_an_experiment_that_is_not_there_is_not_found(world: World) -> None:
    with pytest.raises(NotFound, match="experiment 'trian' does not exist") as error:
        planned(world, experiment="trian")
    assert "train" in error.value.hint


def test_a_program_that_is_not_there_is_refused(world: World) -> None:
    (world.root / "train.sh").unlink()
    with pytest.raises(InputInvalid, match=r"^experiment train: executable train\.sh does not exist$") as error:
        planned(world)
    assert error.value.hint == "correct it with: qanat experiment update train --executable PATH"
    (world.root / "train.sh").mkdir()
    with pytest.raises(InputInvalid, match=r"executable train\.sh is not a file$"):
        planned(world)


def test_a_program_outside_of_the_project_is_refused(world: World) -> None:
    world.experiment("true\n", executable="../train.sh")
    for commit in (None, world.head):
        with pytest.raises(InputInvalid, match=r"executable \.\./train\.sh is not inside the project") as error:
            planned(world, commit=commit)
        assert error.value.hint == "use a path relative to the project root"


@pytest.mark.parametrize("executable", [".qanat/environments/train.sh", "./.qanat/runs/train.sh"])
def test_a_program_among_the_records_is_refused(world: World, executable: str) -> None:
    world.experiment("true\n", executable=executable)
    for commit in (None, world.head):
        with pytest.raises(InputInvalid, match=r"/train\.sh is among the records, which are not code") as error:
            planned(world, commit=commit)
        assert error.value.hint == "move it, then: qanat experiment update train --executable PATH"


@pytest.mark.parametrize("file", ["../x.json", "/tmp/x.jsonl", "out/../../x.csv"])
def test_metrics_outside_of_the_storage_directory_are_refused(world: World, file: str) -> None:
    world.experiment("true\n", metrics=[{"file": file}])
    with pytest.raises(InputInvalid, match=f"^experiment train: metrics: {file} is not inside the storage directory$"):
        planned(world)


def test_a_program_without_a_command_has_to_be_executable(world: World) -> None:
    world.experiment("true\n", executable_command="")
    (world.root / "train.sh").chmod(0o644)
    with pytest.raises(InputInvalid, match=r"executable train\.sh is not executable") as error:
        planned(world)
    assert error.value.hint.startswith("chmod +x train.sh, or set executable_command")
    hostile = "a;b.sh"
    world.write(hostile, "true\n")
    world.experiment("true\n", executable=hostile, executable_command="")
    (world.root / hostile).chmod(0o644)
    with pytest.raises(InputInvalid) as error:
        planned(world)
    assert error.value.hint.startswith("chmod +x 'a;b.sh', or set executable_command")
    world.experiment("true\n", executable_command="")
    (world.root / "train.sh").chmod(0o755)
    assert planned(world).command == ("./train.sh",)


def test_data_that_are_not_there_are_refused(world: World) -> None:
    world.commit(**{".qanat/datasets/d.yaml": "schema: dataset/1\nname: d\npath: data.csv\n"})
    world.experiment("true\n", datasets=["d"])
    for commit in (None, world.head):
        with pytest.raises(InputInvalid, match=r"dataset d: path data\.csv does not exist") as error:
            planned(world, commit=commit)
        assert error.value.hint == (
            "correct it with: qanat dataset update d --path PATH; if only other machines have it: "
            "qanat dataset update d --no-check"
        )
    world.write(".gitignore", "*.csv\n")
    with pytest.raises(InputInvalid, match=r"dataset d: path data\.csv does not exist") as error:
        planned(world)
    copy = "git ignores it, so it is not part of a clone: copy it there"
    assert error.value.hint.startswith(f"{copy}, or correct it with: qanat dataset update d --path PATH; ")


def test_many_groups_have_to_be_meant(world: World) -> None:
    with pytest.raises(UsageError, match="this run has 20,001 groups") as error:
        planned(world, ranges=("--seed 0 20001 1",))
    assert error.value.hint == "use --yes if that is intended"
    assert len(planned(world, ranges=("--seed 0 20001 1",), many=True).groups) == 20_001
    assert len(planned(world, ranges=("--seed 0 20000 1",)).groups) == 20_000


def test_more_groups_than_a_run_may_have_are_refused(world: World) -> None:
    with pytest.raises(UsageError, match="a run can have at most 100,000 groups, not 100,001") as error:
        planned(world, ranges=("--seed 0 100001 1",), many=True)
    assert error.value.hint == "split it into several runs"


def test_arguments_that_no_record_can_hold_are_refused(world: World) -> None:
    with pytest.raises(InputInvalid, match=r"the argument 'a\\udcff' is not UTF-8") as error:
        planned(world, "a\udcff")
    assert error.value.hint == "put it into a file, and pass the name of the file"
    most = yaml_io.bytes_max(1) // 2
    with pytest.raises(InputInvalid, match="the groups have 4 MiB of arguments; a record can hold 4 MiB") as error:
        planned(world, "x" * (most + 1))
    assert error.value.hint == "put long arguments into files, or split the run"
    assert len(planned(world, "x" * most).groups) == 1


@pytest.mark.parametrize(
    "words", [{"description": "a\udcff"}, {"tags": ("b", "a\udcff")}, {"storage_path": Path("a\udcff")}]
)
def test_texts_that_no_record_can_hold_are_refused(world: World, words: dict[str, Any]) -> None:
    with pytest.raises(InputInvalid, match=r"'a\\udcff' is not UTF-8") as error:
        planned(world, **words)
    assert error.value.hint == "records contain UTF-8 only"


def test_a_parameters_file_has_to_be_there(world: World) -> None:
    with pytest.raises(InputInvalid, match="no such file"):
        planned(world, parameters_file=world.root / "gone")


# ---- the code of a commit


def test_the_experiment_of_a_commit_is_as_the_commit_has_it(world: World) -> None:
    before = world.head
    world.experiment("true\n", executable_command="bash")
    assert planned(world, commit=before).command == ("sh", "train.sh")
    assert planned(world).command == ("bash", "train.sh")


def test_an_experiment_that_the_commit_has_not_is_as_it_is_now(world: World) -> None:
    before = world.head
    world.commit(**{".qanat/experiments/new.yaml": "schema: experiment/1\nname: new\nexecutable: train.sh\n"})
    assert planned(world, experiment="new", commit=before).command[-1].endswith("train.sh")


def test_an_experiment_is_found_in_a_commit_under_a_name_that_it_had(world: World) -> None:
    before = world.head
    world.git("rm", "--quiet", ".qanat/experiments/train.yaml")
    world.experiment("true\n", name="fit", formerly=["train"], executable_command="bash")
    plan = planned(world, experiment="fit", commit=before)
    assert (plan.experiment.name, plan.command) == ("fit", ("sh", "train.sh"))
    assert planned(world, experiment="train", commit=before).experiment.name == "fit"


def test_a_program_that_the_commit_has_not_is_refused(world: World) -> None:
    before = world.head
    world.commit(**{"new.sh": "true\n"})
    world.experiment("true\n", name="new")
    with pytest.raises(InputInvalid, match=f"executable new.sh is not in commit {before[:10]}") as error:
        planned(world, experiment="new", commit=before)
    assert error.value.hint == "choose another commit"
    (world.root / "train.sh").unlink()
    assert planned(world, commit=before).command == ("sh", "train.sh")


def test_data_that_only_the_commit_has_are_there(world: World) -> None:
    world.commit(**{"data.csv": "1\n", ".qanat/datasets/d.yaml": "schema: dataset/1\nname: d\npath: data.csv\n"})
    world.experiment("true\n", datasets=["d"])
    commit = world.head
    (world.root / "data.csv").unlink()
    assert planned(world, commit=commit).datasets == {"d": "data.csv"}


def test_a_definition_of_a_commit_that_is_wrong_is_told_with_the_commit(world: World) -> None:
    wrong = world.commit(**{".qanat/experiments/train.yaml": "schema: experiment/1\nname: train\n"})
    with pytest.raises(InputInvalid, match=f"train.yaml in {wrong[:10]}:1: executable: is missing"):
        planned(world, commit=wrong)
    newer = world.commit(**{".qanat/experiments/train.yaml": "schema: experiment/9\nname: train\n"})
    with pytest.raises(InputInvalid, match=f"train.yaml in {newer[:10]} is experiment/9, and this qanat"):
        planned(world, commit=newer)


# ---- previews


def everything(world: World) -> list[str]:
    """List what is in the project, without the cache and the index."""
    paths = (path for path in world.root.rglob("*") if path.suffix != ".sqlite")
    return sorted(str(path) for path in paths if ".qanat/cache" not in str(path))


def test_a_preview_has_the_exact_commands_and_writes_nothing(world: World) -> None:
    before = everything(world)
    shown = preview(world, groups=("1", "2"))
    storage = world.root / "results/train/run_1"
    assert [(group.group, group.args, group.storage) for group in shown.groups] == [
        (0, ("1",), f"{storage}/group_0"),
        (1, ("2",), f"{storage}/group_1"),
    ]
    assert shown.groups[1].command == ("sh", "train.sh", "2", "--storage_path", f"{storage}/group_1")
    assert shown.script == ""
    assert everything(world) == before


def test_a_preview_is_that_of_the_next_run(world: World) -> None:
    world.submit()
    assert preview(world).groups[0].storage == str(world.root / "results/train/run_2")
    assert preview(world, storage_path=Path("/elsewhere")).groups[0].storage == "/elsewhere"
    world.set(result_dir="out")
    assert preview(world).groups[0].storage == str(world.root / "out/train/run_2")


def test_a_preview_of_a_submission_shows_what_the_scheduler_would_get(world: World) -> None:
    before = everything(world)
    commit = world.head
    shown = preview(world, "a b", runner="world", max_running=3)
    place = world.root / f".qanat/cache/checkouts/{commit[:12]}"
    assert f"q_workdir='{place}'" in shown.script
    assert "run 1-000000" in shown.script
    assert f"set -- sh train.sh 'a b' --storage_path '{world.root}/results/train/run_1'" in shown.script
    assert not place.exists()
    assert everything(world) == before
    assert world.scheduler.batches == []


def test_a_preview_in_place_is_one_in_the_project(world: World) -> None:
    assert f"q_workdir='{world.root}'" in preview(world, runner="world", in_place=True).script


def test_a_preview_of_a_commit_is_one_in_its_checkout(world: World) -> None:
    before = world.head
    world.commit(**{"more.txt": ""})
    assert f"checkouts/{before[:12]}'" in preview(world, runner="world", revision="HEAD~1").script
    with pytest.raises(GitRefused, match="'nothing' is not a commit"):
        preview(world, runner="world", revision="nothing")


def test_what_keeps_a_run_from_starting_keeps_it_from_being_previewed(world: World) -> None:
    with pytest.raises(NotFound, match="no template or file named 'big' for world"):
        preview(world, runner="world", template="big")
    with pytest.raises(UsageError, match="--submit-template cannot be used with runner local"):
        preview(world, template="big")
