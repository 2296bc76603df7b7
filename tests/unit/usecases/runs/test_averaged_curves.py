"""Curves of rows: means over seeds with their spread."""

from __future__ import annotations

import pytest

from qanat.domain.condition import EVERY
from qanat.errors import UsageError
from qanat.usecases.launch.looking import refreshed
from qanat.usecases.runs import compare
from qanat.usecases.runs.averaged_curves import averages, curves, titles_of
from qanat.usecases.runs.compare import CompareRequest
from qanat.usecases.runs.overlaid_curves import Overlay
from tests.support.world import World

# Called with --lr LR --seed SEED: at each of 2 + SEED steps, the loss is LR + SEED.
WRITES = """
for last; do :; done
step=0
while [ $step -lt $((2 + $4)) ]; do
    echo "{\\"step\\": $step, \\"loss\\": $(($2 + $4))}" >>"$last/metrics.jsonl"
    step=$((step + 1))
done
[ "$2$4" != 91 ]
"""


def drawn(world: World, *runs: str, pool: bool = False) -> Overlay:
    with refreshed(world.project, world) as (index, result):
        chosen = compare.chosen_runs(world.project, index, result, runs, EVERY)
        compared = averages(world.project, chosen, CompareRequest(pool=pool))
        assert titles_of(world.project, chosen) == {}
        return curves(world.project, index, result, chosen, compared, "loss")


def test_curves_are_means_over_seeds_at_the_steps_that_all_groups_have(world: World) -> None:
    world.experiment(WRITES)
    world.launch(groups=("--lr 1 --seed 0", "--lr 1 --seed 2", "--lr 5 --seed 1"))
    world.launch("--lr", "1", "--seed", "1")
    found = drawn(world, "1")
    mean, single = found.curves
    assert (mean.run, mean.group, dict(mean.parameters), mean.count, mean.also) == (1, None, {"lr": "1"}, 2, [])
    assert ([*mean.steps], mean.values, mean.deviations) == ([0, 1], [2, 2], pytest.approx([2**0.5] * 2))
    assert (single.group, dict(single.parameters), single.count, single.deviations) == (2, {"lr": "5"}, 1, ())
    assert found.cut == 2
    pooled, _ = drawn(world, "1", "2", pool=True).curves
    assert (pooled.run, pooled.also, pooled.count, pooled.values) == (1, [2], 3, [2, 2])


def test_groups_that_did_not_finish_are_in_no_mean_but_drawn_where_none_has(world: World) -> None:
    world.experiment(WRITES)
    world.launch(groups=("--lr 9 --seed 0", "--lr 9 --seed 1"))
    (only,) = drawn(world, "1").curves
    assert (only.group, only.values) == (0, [9, 9])
    world.launch("--lr", "9", "--seed", "1")
    (failed,) = drawn(world, "2").curves
    assert (failed.group, failed.values) == (None, [10, 10, 10])


def test_curves_without_a_common_step_have_no_mean(world: World) -> None:
    world.experiment("""for last; do :; done; echo "{\\"step\\": $2, \\"loss\\": 1}" >"$last/metrics.jsonl"\n""")
    world.launch(groups=("--seed 1", "--seed 2"))
    with pytest.raises(UsageError, match="curves of run 1 have no step in common") as caught:
        drawn(world, "1")
    assert caught.value.hint == "--each draws the curve of each group"
