"""Names in the condition of a baseline: those that no run has are noted."""

from __future__ import annotations

from qanat.usecases.checks import baseline_names
from tests.support.world import World

WRITE = """for last; do :; done; printf '{"acc": 0.5}' >"$last/metrics.json"\n"""


def judged(world: World, where: str) -> None:
    """Define the experiment with the baseline of this condition, and commit it."""
    metrics = [{"file": "metrics.json", "better": {"acc": "higher"}}]
    world.experiment(WRITE, metrics=metrics, baseline={"where": where, "metric": "acc"})


def warnings(world: World, *files: str) -> list[str]:
    """List what validate notes on the project or on some of its files."""
    with world.project.index() as index:
        return baseline_names.warnings(world.project, index, {*files} or None)


def test_a_misspelt_name_is_noted_with_the_nearest(world: World) -> None:
    judged(world, "tagg=baseline")
    assert warnings(world) == []  # without runs, any name may be meant
    world.launch()
    (said,) = warnings(world)
    assert said.startswith("the baseline of experiment train is that of 'tagg=baseline', but no run has the parameter ")
    assert "'tagg'" in said
    assert said.endswith("(did you mean tag?)")
    assert warnings(world, ".qanat/experiments/train.yaml") == [said]
    assert warnings(world, ".qanat/experiments/other.yaml") == []


def test_names_that_runs_have_are_not_noted(world: World) -> None:
    judged(world, "tag=baseline and metric.acc>0.1 and n=1")
    world.launch(args=("--n", "1"))
    assert warnings(world) == []


def test_a_condition_that_cannot_be_read_is_a_problem_and_no_note(world: World) -> None:
    judged(world, "n=1")
    world.launch(args=("--n", "1"))
    definition = world.root / ".qanat/experiments/train.yaml"
    definition.write_text(definition.read_text().replace("n=1", "n=1 and"))
    assert warnings(world) == []
