"""Metrics that an experiment asks for: a run that lacks them is named, if they were asked for when it was launched."""

from __future__ import annotations

import os
import shutil
from typing import Any

import pytest

from qanat.usecases.checks import missing_metrics
from qanat.usecases.runs.files import metric_problems
from tests.support.world import World

WRITE = """for last; do :; done; printf '{"accuracy": 0.5, "loss": "0.1"}' >"$last/metrics.json"\n"""


def asking(world: World, *keys: str, **words: Any) -> None:
    """Define the experiment with these metrics, and commit it."""
    world.experiment(WRITE, metrics=[{"file": "metrics.json", "keys": list(keys), **words}])


def warnings(world: World, *files: str) -> list[str]:
    """List what validate notes on the project or on some of its files."""
    with world.project.index() as index:
        return missing_metrics.warnings(world.project, index, {*files} or None)


def shown(world: World, number: int = 1) -> list[str]:
    """List what show notes on a run, without the folder of its results."""
    return [s.replace(f"{world.root}/results/train/", "") for s in metric_problems(world.project, world.find(number))]


def test_a_misspelt_name_is_named_with_the_nearest_after_the_run_by_show_and_by_validate(world: World) -> None:
    asking(world, "acuracy")
    world.launch()
    (said,) = world.outcome.notes
    assert said.endswith("run_1/metrics.json: has no 'acuracy' (did you mean 'accuracy'?)")
    assert shown(world) == ["run_1/metrics.json: has no 'acuracy' (did you mean 'accuracy'?)"]
    assert warnings(world) == ["run 1 of train has no metric 'acuracy' (did you mean 'accuracy'?)"]


def test_without_the_results_the_record_shows_what_is_missing(world: World) -> None:
    asking(world, "accuracy", "loss")
    world.launch(groups=("1", "2"))
    assert warnings(world) == ["run 1 of train has no metric 'loss' in 2 of 2 finished groups"]
    assert shown(world) == [
        "run_1/group_0/metrics.json: 'loss' is a number in quotes, and was left out; the same in 1 other group"
    ]
    shutil.rmtree(world.root / "results")
    assert shown(world) == warnings(world) == ["run 1 of train has no metric 'loss' in 2 of 2 finished groups"]


def test_a_run_that_was_not_asked_for_a_metric_is_not_named(world: World) -> None:
    asking(world, "accuracy")
    world.launch()
    asking(world, "accuracy", "f1")
    assert (shown(world), warnings(world)) == ([], [])
    world.launch()
    assert warnings(world) == ["run 2 of train has no metric 'f1'"]


def test_only_the_newest_run_with_a_finished_group_counts(world: World) -> None:
    asking(world, "acuracy")
    world.launch()
    asking(world, "accuracy")
    world.launch()
    world.experiment("exit 3", metrics=[{"file": "metrics.json", "keys": ["accuracy"]}])
    world.launch()
    assert world.outcome.notes == ()
    assert (warnings(world), shown(world, 3)) == ([], [])


def test_a_direction_for_a_metric_that_no_newer_run_has_is_named_by_validate_only(world: World) -> None:
    metrics = [{"file": "metrics.json", "better": {"acuracy": "higher"}}]
    world.experiment(WRITE, metrics=metrics)
    world.launch()
    said = "experiment train says which values of 'acuracy' are better, but its newest runs have no such metric"
    assert warnings(world) == [f"{said} (did you mean 'accuracy'?)"]
    assert not any("acuracy" in note for note in (*world.outcome.notes, *shown(world)))
    world.experiment(WRITE.replace("accuracy", "acuracy"), metrics=metrics)
    world.launch()
    world.experiment(WRITE, metrics=metrics)
    world.launch()
    assert warnings(world) == []


@pytest.mark.parametrize(("key", "said"), [("label", "what to call 'acuracy'"), ("unit", "which unit 'acuracy' has")])
def test_a_label_or_a_unit_of_a_metric_that_no_newer_run_has_is_named(world: World, key: str, said: str) -> None:
    world.experiment(WRITE, metrics=[{"file": "metrics.json", key: {"acuracy": "A", "accuracy": "B"}}])
    world.launch()
    missing = "but its newest runs have no such metric (did you mean 'accuracy'?)"
    assert warnings(world) == [f"experiment train says {said}, {missing}"]


def test_what_a_curve_came_to_may_have_a_label_and_that_of_no_curve_is_named(world: World) -> None:
    program = """for last; do :; done; echo '{"loss": 1}' >"$last/m.jsonl"\n"""
    world.experiment(program, metrics=[{"file": "m.jsonl", "label": {"loss.min": "Least loss", "los.min": "Other"}}])
    world.launch()
    said = "experiment train says what to call 'los.min', but its newest runs have no such metric"
    assert warnings(world) == [f"{said} (did you mean 'loss'?)"]


def test_a_file_of_metrics_that_no_newer_run_left_is_named_unless_no_results_are_here(world: World) -> None:
    metrics = [{"file": "metric.json"}]
    world.experiment(WRITE, metrics=metrics)
    world.launch()
    said = "experiment train reads metrics from metric.json, but its newest runs left no such file"
    assert warnings(world) == [f"{said} (did you mean 'metrics.json'?)"]
    results = shutil.move(world.root / "results", world.root / "elsewhere")
    assert warnings(world) == []
    shutil.move(results, world.root / "results")
    world.experiment(WRITE, metrics=[*metrics, {"file": "other.json"}])
    assert warnings(world) == []  # no run of this definition yet
    world.experiment(WRITE.replace("metrics.json", "metric.json"), metrics=metrics)
    world.launch()
    assert warnings(world) == []


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
@pytest.mark.parametrize("hidden", ["results", "results/train/run_1"])
def test_nothing_is_said_of_files_that_another_user_hides(world: World, hidden: str) -> None:
    world.experiment(WRITE, metrics=[{"file": "metric.json"}])
    world.launch()
    folder = world.root / hidden
    mode = folder.stat().st_mode
    folder.chmod(0)
    try:
        assert warnings(world) == []
    finally:
        folder.chmod(mode)


@pytest.mark.parametrize(
    ("seed", "arguments", "meant"),
    [
        ("--sed", "--lr 0.1 --seed 1", "--seed"),
        ("sed", "--seed=1", "--seed"),
        (["--rng", "--seed"], "--seed 1 --random-seed 2", "--random-seed"),
        ("--seed", "--lr 0.1", ""),
        ("--sed", "--sed 1 --seed 2", ""),
        (["--seed", "--seeds"], "--seed 1", ""),
        ([], "--seed 1", ""),
    ],
)
def test_a_misspelt_seed_is_named(world: World, seed: str | list[str], arguments: str, meant: str) -> None:
    world.experiment("true", seed=seed)
    world.launch(*arguments.split())
    first = seed if isinstance(seed, str) else "--rng"
    said = f"experiment train says that '{first}' is a seed, but its newest runs have no such parameter"
    assert warnings(world) == ([f"{said} (did you mean '{meant}'?)"] if meant else [])


def test_of_some_files_only_the_definition_and_its_records_lead_to_a_warning(world: World) -> None:
    asking(world, "acuracy")
    world.launch()
    (record,) = world.root.glob(".qanat/runs/*/*/1-*.yaml")
    for file in (".qanat/experiments/train.yaml", str(record.relative_to(world.root))):
        assert len(warnings(world, file)) == 1
    assert warnings(world, ".qanat/config.yaml") == []


def test_a_definition_that_cannot_be_read_asks_for_nothing(world: World) -> None:
    asking(world, "acuracy")
    world.launch()
    (world.root / ".qanat/experiments/train.yaml").write_text("name: [")
    assert warnings(world) == []


def test_a_misspelt_curve_is_named_with_the_nearest_in_its_file(world: World) -> None:
    script = """for last; do :; done; echo '{"loss": 0.5}' >"$last/metrics.jsonl"\n"""
    world.experiment(script, metrics=[{"file": "metrics.jsonl", "keys": ["los"]}])
    world.launch()
    assert warnings(world) == ["run 1 of train has no metric 'los' (did you mean 'loss'?)"]
    assert shown(world) == ["run_1/metrics.jsonl: has no 'los' (did you mean 'loss'?)"]
    shutil.rmtree(world.root / "results")
    assert warnings(world) == ["run 1 of train has no metric 'los'"]
