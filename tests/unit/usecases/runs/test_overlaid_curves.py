"""Curves of several groups for one plot."""

from __future__ import annotations

import json
import math
import shutil

import pytest

from qanat.domain.condition import EVERY
from qanat.domain.metric_problems import CHANGED
from qanat.errors import UsageError
from qanat.usecases.launch.looking import refreshed
from qanat.usecases.runs import compare, overlaid_curves
from qanat.usecases.runs.overlaid_curves import CURVES_MAX, POINTS_MAX, Overlay, is_over_steps, overlaid
from tests.support.world import World

WRITES = """for last; do :; done; echo '{"loss": 3, "val": {"acc": 1}}' >"$last/metrics.jsonl"\n"""


def overlay(world: World, name: str, *runs: str) -> Overlay:
    """Return the curves of a name, of some runs or of all."""
    with refreshed(world.project, world) as (index, result):
        chosen = compare.chosen_runs(world.project, index, result, runs, EVERY).runs
        assert is_over_steps("step", chosen)
        return overlaid(world.project, index, result, chosen, name)


def test_the_curves_of_groups_are_told_apart_by_their_parameters(world: World) -> None:
    world.experiment(WRITES)
    world.launch(groups=("--lr 1 --n 5", "--lr 2 --n 5"))
    world.launch("--lr", "3", "--n", "5")
    found = overlay(world, "loss", "1", "2")
    labels = [(curve.run, curve.group, dict(curve.parameters)) for curve in found.curves]
    assert labels == [(1, 0, {"lr": "1"}), (1, 1, {"lr": "2"}), (2, None, {"lr": "3"})]
    assert {(*curve.steps, *curve.values, curve.not_finite) for curve in found.curves} == {(1, 3, 0)}
    assert (found.more, found.missing, found.problems) == (0, 0, [])


def test_what_is_wrong_with_the_files_of_the_curves_is_said(world: World) -> None:
    world.experiment(WRITES)
    world.launch(groups=("1", "2"))
    path = world.find().group_folder(1) / "metrics.jsonl"
    path.write_text('{"loss": 4}\nbroken\n')
    left_out = "line 2 is broken, and was left out"
    assert overlay(world, "loss").problems == [f"{path}: {CHANGED}", f"{path}: {left_out}"]


def test_the_curve_of_an_active_run_has_few_of_many_points_and_no_infinite_ones(world: World) -> None:
    world.submit()
    (job,) = world.scheduler.of(0)
    job.starts()
    job.spec.storage.mkdir(parents=True, exist_ok=True)
    values = [math.nan, math.inf, *range(3 * POINTS_MAX)]
    (job.spec.storage / "metrics.jsonl").write_text("".join(f"{json.dumps({'loss': value})}\n" for value in values))
    (curve,) = overlay(world, "loss").curves
    assert (len(curve.values), curve.values[0], curve.values[-1]) == (POINTS_MAX, 0, 3 * POINTS_MAX - 1)
    assert (curve.steps[0], curve.not_finite) == (3, 2)


def test_a_curve_that_no_group_has_is_an_error_with_the_nearest(world: World) -> None:
    world.experiment(WRITES)
    world.launch()
    for name, hint in (("val.ac", "did you mean 'val.acc'?"), ("zzz", "qanat metrics RUN shows the curves of a run")):
        with pytest.raises(UsageError, match="no group has the curve") as caught:
            overlay(world, name)
        assert caught.value.hint == hint


def test_a_curve_that_only_the_record_has_is_not_taken_for_a_wrong_name(world: World) -> None:
    world.experiment(WRITES)
    world.launch()
    (world.find().group_folder(0) / "metrics.jsonl").unlink()
    with pytest.raises(UsageError, match="the curve 'loss' is no longer in the files of these runs") as caught:
        overlay(world, "loss")
    assert caught.value.hint == "curves are drawn from the files of a run"


def test_a_curve_without_finite_values_cannot_be_drawn(world: World) -> None:
    world.experiment("""for last; do :; done; echo '{"loss": NaN}' >"$last/metrics.jsonl"\n""")
    world.launch()
    with pytest.raises(UsageError, match="the curve 'loss' has no finite value"):
        overlay(world, "loss")


def test_groups_without_results_are_counted(world: World) -> None:
    world.experiment(WRITES)
    first, second = world.launch(), world.launch(groups=("1", "2"))
    shutil.rmtree(world.root / second.storage)
    assert overlay(world, "loss").missing == 2
    shutil.rmtree(world.root / first.storage)
    with pytest.raises(UsageError, match="the results of these runs are not here"):
        overlay(world, "loss")


def test_more_curves_than_can_be_told_apart_are_counted(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    world.experiment(WRITES)
    world.launch(groups=("1", "2", "3"))
    monkeypatch.setattr(overlaid_curves, "CURVES_MAX", CURVES_MAX - 6)
    found = overlay(world, "loss")
    assert (len(found.curves), found.more) == (2, 1)


def test_files_that_are_too_large_for_a_plot_are_counted(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    world.experiment(WRITES)
    world.launch(groups=("1", "2", "3"))
    size = world.find().group_folder(0).joinpath("metrics.jsonl").stat().st_size
    for limit, counts in ((2 * size, (2, 1)), (size, (1, 2))):
        monkeypatch.setattr(overlaid_curves, "BYTES_MAX", limit)
        found = overlay(world, "loss")
        assert (len(found.curves), found.large) == counts
    monkeypatch.setattr(overlaid_curves, "BYTES_MAX", size - 1)
    with pytest.raises(UsageError, match="the files of the curve 'loss' are too large for a plot"):
        overlay(world, "loss")
    with pytest.raises(UsageError, match="no group has the curve 'lots'"):
        overlay(world, "lots")  # as their records say


def test_a_parameter_called_step_is_plotted_as_one(world: World) -> None:
    world.experiment(WRITES)
    world.launch("--step", "3")
    with refreshed(world.project, world) as (index, result):
        chosen = compare.chosen_runs(world.project, index, result, ["1"], EVERY).runs
    assert not is_over_steps("step", chosen)
