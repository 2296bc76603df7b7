"""The environment of a run is written and committed with its record, once, and found again where it was lost."""

from __future__ import annotations

import shutil
import sys

import pytest

from qanat.domain.job import JobBatch
from qanat.errors import SubmitFailed
from qanat.records import environments
from tests.support.world import View, World

PROGRAM = "schema: experiment/1\nname: train\nexecutable: train.py\nexecutable_command: {python}\n"


def with_python(world: World) -> World:
    """Let the experiment be a program of this Python."""
    (world.root / "train.py").write_text("")
    (world.root / ".qanat/experiments/train.yaml").write_text(PROGRAM.format(python=sys.executable))
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


def test_a_program_without_a_known_interpreter_has_none(world: World) -> None:
    assert world.launch().environment is None
    assert not (world.root / ".qanat/environments").exists()


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
