"""Plans for review, and runs that are refused since something has drifted from them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from qanat.domain.run_plan import RunPlan
from qanat.errors import GitRefused, InputInvalid, PlanDrifted, UsageError
from qanat.records import plan_file
from qanat.usecases.data.bounds import Bounds
from qanat.usecases.launch import foresight, planning
from qanat.usecases.launch.code import Uncommitted
from qanat.usecases.launch.options import LaunchOptions
from qanat.usecases.launch.plan import Needed, RunRequest
from qanat.usecases.launch.previewing import plan_for_review, preview
from tests.support.world import World
from tests.unit.usecases.data.datasets import dataset


def planned(world: World, *args: str, options: LaunchOptions | None = None, **words: Any) -> RunPlan:
    """Return the plan of a run of the experiment."""
    request = RunRequest("train", args, **words)
    return plan_for_review(world.project, request, options or LaunchOptions(), world)


@pytest.fixture
def weather(world: World) -> World:
    """Return a project whose experiment reads a dataset that git ignores."""
    world.commit(**{".gitignore": "/rain\n/results\n.qanat/cache/\n*.local\n"})
    world.write("rain/a", "1")
    dataset(world, "rain", "rain", track="hash")
    world.experiment("exit 0\n", datasets=["rain"])
    return world


def test_a_plan_says_what_a_run_executes_and_writes_nothing(weather: World) -> None:
    before = weather.git("status", "--porcelain")
    plan = planned(weather, "a", groups=("--x 1", "--x 2"))
    assert not list(weather.root.glob(".qanat/runs/*/*/*"))
    assert weather.git("status", "--porcelain") == before
    run = weather.launch("a", groups=("--x 1", "--x 2"), expected=plan)
    assert [group.args for group in plan.groups] == [group.args for group in run.groups]
    assert [group.key for group in plan.groups] == [group.key for group in run.groups] != [None, None]
    assert (plan.key, plan.data, plan.command, plan.commit) == (run.key, run.data, run.command, run.code.commit)
    again = planned(weather, "a", groups=("--x 1", "--x 3"))
    assert [group.standing.group for group in again.groups] == [0, None]


def test_options_have_the_names_of_the_command_line(weather: World) -> None:
    weather.write("p.local", "")
    plan = planned(
        weather,
        groups=("a",),
        ranges=("--s 0 2",),
        parameters_file=weather.root / "p.local",
        revision="HEAD",
        tags=("t",),
        many=True,
        needed=Needed(("code",)),
        options=LaunchOptions("world", max_running=3, per_job=10),
    )
    assert plan.options == {
        "group-param": ["a"],
        "range-param": ["--s 0 2"],
        "parameters-file": "p.local",
        "needed": True,
        "ignore": ["code"],
        "commit-sha": weather.head.strip(),
        "tag": ["t"],
        "yes": True,
        "runner": "world",
        "max-running": 3,
        "per-job": 10,
    }
    assert planned(weather).options == {}


def drifted(world: World, plan: RunPlan, *args: str, **words: Any) -> str:
    """Return the message with which a run is refused, in a dry run as well."""
    with pytest.raises(PlanDrifted) as error:
        world.launch(*args, expected=plan, **words)
    assert not list(world.root.glob(".qanat/runs/*/*/*"))
    assert not (world.root / "results").exists()
    with pytest.raises(PlanDrifted) as foreseen:
        preview(world.project, RunRequest("train", args, expected=plan, **words), LaunchOptions(), world)
    assert foreseen.value.message == error.value.message
    assert error.value.hint.startswith("make a new plan")
    first, *lines = error.value.message.splitlines()
    assert first == "what would run is no longer what was planned:"
    return "\n".join(line.strip() for line in lines)


def test_what_has_drifted_is_named(weather: World) -> None:
    plan = planned(weather, "--lr", "1")
    weather.commit(**{".qanat/plans/a.yaml": ""})
    weather.write("rain/b", "1")
    assert drifted(weather, plan, "--lr", "1") == "data: rain: 2 files, was 1 (2 B, was 1 B)"
    (weather.root / "rain/b").unlink()
    assert drifted(weather, plan, "--lr", "2") == "group 0: '--lr 2', '--lr 1' was planned"
    assert drifted(weather, plan, "--lr", "1", groups=("a", "b")) == "2 groups, 1 was planned"
    weather.commit(**{"README.md": "text"})
    assert drifted(weather, plan, "--lr", "1") == "code: README.md"
    weather.experiment("exit 0\n", datasets=["rain"], executable_command="sh -e")
    assert drifted(weather, plan, "--lr", "1") == "code: README.md\ncommand: sh -e train.sh, was sh train.sh"
    weather.experiment("exit 0\n", datasets=["rain"], checkpoint=85)
    continued = "checkpoint: up to 20 attempts: exit code 85, was none"
    assert drifted(weather, plan, "--lr", "1") == f"code: README.md\n{continued}"


def test_what_a_template_comes_to_is_compared_with_a_plan(weather: World) -> None:
    folder, head = ".qanat/templates/world", "schema: template/1\nname: {}\nrunner: world\n"
    weather.write(f"{folder}/base.yaml", head.format("base") + "options: {account: guests, queue: fast}\n")
    weather.write(f"{folder}/big.yaml", head.format("big") + "extends: base\noptions: {memory: 4G}\n")
    options = LaunchOptions("world", "big")
    plan = plan_file.decode(plan_file.encode(planned(weather, options=options)), "plan.yaml")
    weather.write(f"{folder}/base.yaml", head.format("base") + "options: {account: '2027', time: 60}\n")
    retry = {"when": ["timeout"], "times": 2}
    weather.experiment("exit 0\n", datasets=["rain"], retry=retry, transfer=True)
    with pytest.raises(PlanDrifted) as error:
        weather.launch(expected=plan, runner="world", template="big")
    assert error.value.message.splitlines()[1:] == [
        "  template big: retry: up to 3 attempts, after timeout, was none",
        "  template big: transfer: true, was false",
        "  template big: account: '2027', was guests",
        "  template big: queue: none, was fast",
        "  template big: time: 60, was none",
    ]
    weather.experiment("exit 0\n", datasets=["rain"])
    assert planned(weather).choice is None
    # What the command line adds is no drift.
    weather.write(f"{folder}/other.yaml", head.format("other") + "options: {memory: 1G}\n")
    assert weather.launch(expected=plan, runner="world", template="other").runner.template == "other"
    plan = planned(weather, options=LaunchOptions("world", "other"))
    again = weather.launch(expected=plan, runner="world", template="other", retry=3)
    assert again.runner.retry is not None
    assert again.runner.retry.times == 3


def test_a_dataset_that_is_tracked_in_another_way_is_named(weather: World) -> None:
    plan = planned(weather)
    dataset(weather, "rain", "rain", track="stat")
    weather.commit()
    assert drifted(weather, plan) == "data: rain: tracked by stat, was hash"


def test_a_dry_run_of_a_plan_says_that_there_are_uncommitted_changes(weather: World) -> None:
    plan = planned(weather)
    weather.write("train.sh", "exit 1\n")
    with pytest.raises(PlanDrifted, match="code: there are uncommitted changes"):
        preview(weather.project, RunRequest("train", expected=plan), LaunchOptions(), weather)


def test_inputs_that_arguments_name_are_compared_with_a_plan(weather: World) -> None:
    weather.write("a.local", "1")
    plan = planned(weather, "a.local", "b.local")
    weather.write("a.local", "22")
    assert drifted(weather, plan, "a.local", "b.local") == "data: a.local: 2 B, was 1 B"
    weather.write("a.local", "1")
    weather.write("b.local", "")
    assert drifted(weather, plan, "a.local", "b.local") == "data: other inputs, or another parameters file"
    (weather.root / "b.local").unlink()
    run = weather.launch("a.local", "b.local", expected=plan)
    assert run.groups[0].key == plan.groups[0].key is not None


def test_what_may_be_ignored_does_not_count_as_drift(weather: World) -> None:
    plan = planned(weather, needed=Needed(("code",)))
    weather.commit(**{"README.md": "text"})
    assert weather.launch(expected=plan, needed=Needed(("code",))).number == 1


def test_data_of_a_command_are_not_known_to_a_plan(world: World) -> None:
    world.write("rain/a", "")
    dataset(world, "rain", "rain", track="command", command="echo 1")
    world.experiment("exit 0\n", datasets=["rain"])
    plan = planned(world)
    assert (plan.key.data, plan.groups[0].key) == (None, None)
    assert world.launch(expected=plan).number == 1


def test_very_many_data_outside_of_the_project_are_not_known_to_a_plan(
    world: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(foresight, "ASKED", Bounds(files=2, hashed_bytes=2))
    for name in "abc":
        (tmp_path / "far/in").mkdir(parents=True, exist_ok=True)
        (tmp_path / "far/in" / name).write_text("1")
    world.write("big/a", "1")
    world.write("big/b", "22")
    dataset(world, "rain", str(tmp_path / "far"))
    dataset(world, "large", "big", track="hash")
    (world.root / "link").symlink_to(tmp_path / "far")
    world.experiment("exit 0\n", datasets=["rain", "large"])
    plan = planned(world, "--in", "link/in")
    problem = "more than 2 files, outside of the project, which only runs look at"
    assert {state.name: state.problem for state in plan.data} == {"rain": problem, "large": "", "link/in": problem}
    assert (plan.key.data, plan.groups[0].key) == (None, None)
    assert world.launch("--in", "link/in", expected=plan).number == 1


def test_other_data_are_compared_with_a_plan_beside_those_of_a_command(weather: World) -> None:
    dataset(weather, "sun", "rain", track="command", command="echo 1")
    weather.experiment("exit 0\n", datasets=["rain", "sun"])
    plan = planned(weather)
    weather.write("rain/b", "1")
    assert drifted(weather, plan) == "data: rain: 2 files, was 1 (2 B, was 1 B)"
    (weather.root / "rain/b").unlink()
    assert weather.launch(expected=plan).number == 1


def test_a_plan_names_the_commit_that_its_run_records_whatever_records_came_after(weather: World) -> None:
    code = weather.head.strip()
    weather.launch()
    assert weather.head.strip() != code
    plan = planned(weather)
    assert plan.commit == code == weather.launch(expected=plan).code.commit


def test_a_plan_names_a_commit(weather: World) -> None:
    weather.write("train.sh", "exit 1\n")
    with pytest.raises(GitRefused, match=r"there are uncommitted changes: train\.sh"):
        planned(weather)
    weather.git("checkout", "--quiet", "train.sh")
    plan = planned(weather)
    with pytest.raises(UsageError, match="--plan cannot be used with --snapshot"):
        weather.launch(expected=plan, uncommitted=Uncommitted(snapshot=True))


def test_a_plan_is_not_written_where_a_link_in_git_leads(weather: World) -> None:
    (weather.root.parent / "mine").mkdir()
    (weather.root / "plans").symlink_to("../mine")
    weather.commit("a link")
    weather.git("add", "plans")
    plan = planned(weather)
    with pytest.raises(InputInvalid, match="plans is a symbolic link in git"):
        planning.write(weather.project, plan, weather.root / "plans/a.yaml")
    planning.write(weather.project, plan, weather.root / "a.yaml")
    assert (weather.root / "a.yaml").exists()
    assert list((weather.root.parent / "mine").iterdir()) == []
