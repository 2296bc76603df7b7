"""The environment of a run is written and committed with its record, once, and found again where it was lost."""

from __future__ import annotations

import json
import shlex
import shutil
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from qanat.domain import machine
from qanat.domain.job import JobBatch
from qanat.domain.machine import Machine
from qanat.domain.run_plan import RunPlan
from qanat.errors import PlanDrifted, SubmitFailed
from qanat.records import environments, remembered
from qanat.system.machine import describe
from qanat.usecases.checks import lost_environments
from qanat.usecases.checks.validate import validate
from qanat.usecases.environment import machines, recorded
from qanat.usecases.launch.options import LaunchOptions
from qanat.usecases.launch.plan import Needed, RunRequest
from qanat.usecases.launch.previewing import plan_for_review, preview
from qanat.usecases.launch.rerun import Repeat, rerun
from qanat.usecases.launch.retry import retry
from tests.support.world import View, World

PROGRAM = "schema: experiment/1\nname: train\nexecutable: train.py\nexecutable_command: {python}\n"


def with_python(world: World, text: str = "") -> World:
    """Let the experiment be a program of this Python."""
    (world.root / "train.py").write_text(text)
    (world.root / ".qanat/experiments/train.yaml").write_text(
        PROGRAM.format(python=json.dumps(shlex.quote(sys.executable)))
    )
    world.commit("a program")
    return world


def changed_in(world: World, revision: str = "HEAD") -> list[str]:
    return world.git("show", "--format=", "--name-only", revision).split()


def test_a_run_has_the_environment_of_its_program(world: World) -> None:
    run = with_python(world).launch()
    assert run.environment
    path = environments.path_of("environment", run.environment)
    found = environments.decode((world.root / path).read_bytes(), path)
    assert found.interpreter
    assert found.interpreter.version == ".".join(map(str, sys.version_info[:3]))
    assert found.distributions["pytest"] == pytest.__version__
    assert path in changed_in(world)
    again = world.launch()
    assert again.environment == run.environment
    assert len(changed_in(world)) == 1
    assert again.code == run.code
    assert not world.git("status", "--porcelain")


def test_a_program_that_is_not_found_has_no_environment(world: World) -> None:
    world.commit(**{".qanat/experiments/train.yaml": PROGRAM.format(python="python4"), "train.py": ""})
    assert world.launch().environment is None
    assert not list((world.root / ".qanat/environments").glob("*.yaml"))


def test_a_launch_that_fails_leaves_no_environment(world: World) -> None:
    def refuse(batch: JobBatch) -> None:
        assert list((world.root / ".qanat/environments").iterdir())
        raise SubmitFailed("the queue is closed")

    with_python(world).scheduler.before_taking = refuse
    with pytest.raises(SubmitFailed):
        world.submit()
    assert not list((world.root / ".qanat/environments").glob("*"))
    assert not world.git("status", "--porcelain")


def test_a_file_that_is_lost_before_the_commit_is_committed_and_written_again(world: World) -> None:
    with_python(world)
    world.view = View(lambda name, what: name == "begins" and shutil.rmtree(world.root / ".qanat/environments"))
    run = world.launch()
    path = environments.path_of("environment", str(run.environment))
    assert path in changed_in(world)
    assert (world.root / path).is_file()
    assert not world.git("status", "--porcelain")


def test_a_folder_in_the_place_of_a_file_keeps_no_record_from_being_committed(world: World) -> None:
    first = with_python(world).launch()
    assert first.environment
    path = environments.path_of("environment", first.environment)
    (world.root / path).unlink()
    world.write(f"{path}/x", "of a clone")
    world.commit("a folder")
    world.launch()
    assert world.committed(2)
    assert (world.root / path / "x").exists()


def test_the_branch_of_the_launch_gets_it_if_another_is_checked_out(world: World) -> None:
    with_python(world)
    branch = world.git("branch", "--show-current").strip()
    world.git("branch", "other")
    world.view = View(lambda name, what: name == "begins" and world.git("switch", "--quiet", "other"))
    run = world.launch()
    path = environments.path_of("environment", str(run.environment))
    assert path in changed_in(world, branch)
    assert not (world.root / path).exists()
    world.git("switch", "--quiet", branch)
    assert (world.root / path).is_file()


def test_needed_and_planned_groups_say_how_the_environment_differs(
    world: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(remembered, "is_settled", lambda stamp, now_ns: True)
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    (tmp_path / "mine-1.0.dist-info").mkdir()
    with_python(world).launch()
    request = RunRequest("train", needed=Needed())
    plan = plan_for_review(world.project, request, LaunchOptions(), world)
    (tmp_path / "mine-1.0.dist-info").rename(tmp_path / "mine-1.1.dist-info")
    how = "environment: mine 1.1, was 1.0"
    with pytest.raises(PlanDrifted, match=f"(?m)^  {how}$"):
        world.launch(expected=plan)
    assert [found.why for found in preview(world.project, request, LaunchOptions(), world).standings] == [how]
    assert world.launch(needed=Needed()).number == 2
    assert ("already_run", [f"1 of 1 group differs from run 1: {how}"]) in world.view.events


def test_a_rerun_and_a_retry_say_how_the_environment_differs(
    world: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    (tmp_path / "mine-1.0.dist-info").mkdir()
    first = with_python(world, "raise SystemExit(1)").launch()
    found = world.find()
    for version in ("1.1", "1.2"):
        next(tmp_path.glob("mine-*")).rename(tmp_path / f"mine-{version}.dist-info")
        shown = ("environment", [f"mine {version}, was 1.0"])
        if version == "1.1":
            options = LaunchOptions()
            words = {"runners": world, "ask": world.ask, "view": world.view}
            again = world.started(rerun, found, [], options, Repeat(), **words)
            assert again.environment not in (None, first.environment)
        else:
            again = world.started(retry, found, [0], [], LaunchOptions(), {}, runners=world, view=world.view)
            assert again.environment == first.environment
            assert again.submission.environment not in (None, first.environment)
            assert environments.path_of("environment", again.submission.environment) in changed_in(world)
        assert shown in world.view.events
    assert not world.git("status", "--porcelain")


def test_a_file_that_is_missing_or_edited_is_found_by_validate(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    run = with_python(world).launch()
    project, path = world.project, environments.path_of("environment", str(run.environment))
    with project.index() as index:
        assert lost_environments.warnings(project, index) == []
        assert validate(project, index, [world.root / path]) == []
        (world.root / path).write_bytes((world.root / path).read_bytes() + b"modules: [gcc]\n")
        (problem,) = validate(project, index, [world.root / path])
        assert "does not have the content that its name says, since its SHA-256 begins with" in str(problem)
        (world.root / path).unlink()
        assert lost_environments.warnings(project, index) == [f"{path} is missing, which run 1 names"]
        monkeypatch.setattr(lost_environments, "FILES_NAMED", 0)
        assert lost_environments.warnings(project, index) == ["1 more environment file is missing"]
        world.launch()
        assert (world.root / path).is_file()


def test_a_local_run_names_this_machine_and_a_retry_another_one(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    run = with_python(world, "raise SystemExit(1)").launch(groups=("--a 1", "--a 2"))
    assert run.machines == [run.machine]
    assert recorded.machines_of(world.project, run, 1) == [machines.here()]
    assert environments.path_of("machine", str(run.machine)) in changed_in(world)
    other = replace(machines.here(), cpus=4096)
    monkeypatch.setattr(machines, "here", lambda: other)
    again = world.started(retry, world.find(), [1], [], LaunchOptions(), {}, runners=world, view=world.view)
    assert ("environment", [f"CPUs 4096, was {machine.parse(describe()).cpus}"]) in world.view.events
    assert [group.machine for group in again.groups] == [None, again.machines[1]]
    assert recorded.machines_of(world.project, again, 2)[1] == other
    assert recorded.machine_differences(world.project, run, again) is None  # which group is the one to compare?
    assert not world.git("status", "--porcelain")


def test_the_machine_of_a_job_is_known_when_it_has_ended(world: World) -> None:
    run = with_python(world).submit(2)
    assert run.machine is None
    first, second = world.scheduler.jobs
    first.leaves("kernel Linux 6.1 x86_64\ncpus 0-63\nmemory MemTotal: 264000000 kB\n", machine.FILE)
    second.leaves("\x00\nnonsense\ncpus many\n", machine.FILE)
    for job in (first, second):
        job.ends()
    ended = world.look()
    assert [group.machine is None for group in ended.groups] == [False, True]
    assert recorded.machines_of(world.project, ended, 2) == [
        Machine(kernel="Linux 6.1 x86_64", cpus=64, memory_gib=252)
    ]
    assert environments.path_of("machine", ended.machines[0]) in changed_in(world)


def test_a_plan_knows_no_environment_that_its_checkout_lacks(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(remembered, "is_settled", lambda stamp, now_ns: True)
    with_python(world).launch()
    commit = world.head.strip()

    def planned(revision: str | None) -> RunPlan:
        return plan_for_review(world.project, RunRequest("train", revision=revision), LaunchOptions(), world)

    assert planned(commit).environment == planned(None).environment is not None
    world.write("uv.lock", "")
    world.commit("a lock file")
    assert planned("HEAD").environment == planned(None).environment is not None
    assert (plan := planned(commit)).environment is None
    assert world.launch(revision=commit, expected=plan).key.environment
    (world.root / "python").symlink_to(sys.executable)
    world.write(".git/info/exclude", "/results/\n/python\n")
    experiment = world.root / ".qanat/experiments/train.yaml"
    experiment.write_text(PROGRAM.format(python="./python"))
    world.commit("another interpreter")
    world.launch()
    assert planned(None).environment is not None
    assert planned("HEAD").environment is None
