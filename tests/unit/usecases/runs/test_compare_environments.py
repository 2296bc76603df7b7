"""Comparing the environments and machines of runs: on a terminal, as JSON, and in Python."""

from __future__ import annotations

from dataclasses import replace

import pytest

import qanat
from qanat.cli.runs.environment_report import print_environments
from qanat.domain.environment import Environment, Interpreter
from qanat.domain.facts import facts_of
from qanat.domain.machine import Machine
from qanat.errors import UsageError
from qanat.records import environments
from qanat.records.environments import Described
from qanat.usecases.runs.compare_environments import compare_environments
from tests.support.world import World

OLD, NEW = (Environment(Interpreter("python", "3.12.4"), distributions={"numpy": v}) for v in ("1.26", "2.1"))
NODE = Machine(system="Debian GNU/Linux 12", cpus=64, memory_gib=252)


def written(world: World, file: Described) -> str:
    """Write a file as a run would, and return its hash."""
    world.write(file.path).write_bytes(file.data)
    return file.hash


def test_runs_are_compared_with_the_first(world: World, capsys: pytest.CaptureFixture[str]) -> None:
    old, new = (written(world, environments.encode(each)) for each in (OLD, NEW))
    small, large = (
        written(world, environments.encode_machine(each)) for each in (NODE, replace(NODE, cpus=96, memory_gib=504))
    )
    run = world.launch()
    runs = [
        facts_of(replace(run, number=number, environment=environment, machine=machine))
        for number, environment, machine in ((1, old, small), (2, old, small), (3, new, large), (4, None, None))
    ]
    found = compare_environments(world.project, runs)
    print_environments(found)
    assert capsys.readouterr().out.splitlines() == [
        "Environment of run 1: Python 3.12.4, 1 package",
        "  run 2: the same",
        "  run 3:",
        "    numpy 2.1, was 1.26",
        "  run 4: cannot be compared",
        "Machine of run 1: Debian GNU/Linux 12, 64 x CPU, 252 GiB",
        "  run 2: the same",
        "  run 3:",
        "    CPUs 96, was 64",
        "    memory 504 GiB, was 252 GiB",
        "  run 4: cannot be compared",
    ]
    assert found[2].as_mapping() == {
        "run": f"3-{run.uid}",
        "environment": new,
        "differences": ["numpy 2.1, was 1.26"],
        "machines": [large],
        "machine_differences": ["CPUs 96, was 64", "memory 504 GiB, was 252 GiB"],
    }
    print_environments(found[3:])
    assert "Environment of run 4: not recorded\nMachine of run 4: not recorded\n" in capsys.readouterr().out


def test_nothing_cannot_be_compared(world: World) -> None:
    with pytest.raises(UsageError, match="there are no runs to compare"):
        compare_environments(world.project, [])


def test_python_knows_what_a_run_found(world: World) -> None:
    run = world.launch()
    found = qanat.open(world.root).run(run.number)
    assert found.environment is None
    assert [machine["kernel"].split()[0] for machine in found.machines]
    known = replace(found, record=replace(run, environment=written(world, environments.encode(NEW))))
    assert known.environment == {
        "interpreter": {"language": "python", "version": "3.12.4"},
        "distributions": {"numpy": "2.1"},
    }
