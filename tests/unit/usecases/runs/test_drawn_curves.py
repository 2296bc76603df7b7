"""Curves for the page of a run: those that have ended and those that are still written."""

from __future__ import annotations

import shutil
from dataclasses import replace

import pytest

from qanat.domain.measured import Point
from qanat.domain.metric_problems import CHANGED, MetricProblem
from qanat.usecases.runs import drawn_curves as page
from qanat.usecases.runs.drawn_curves import DrawnCurve, drawn_curves
from tests.support.world import World

WRITES = """for last; do :; done; printf '{"loss": 3}\\n{"loss": 1}\\n{"loss": 2}\\n' >"$last/metrics.jsonl"\n"""


def drawn(world: World) -> list[DrawnCurve]:
    """List the curves of run 1."""
    found = world.find()
    return [*drawn_curves(world.project, found, range(len(found.run.groups)))]


def test_a_curve_has_its_values_and_what_the_record_says(world: World) -> None:
    world.experiment(WRITES)
    world.launch(groups=("1", "2"))
    for number, curve in enumerate(drawn(world)):
        assert (curve.group, curve.name, [*curve.values]) == (number, "loss", [3, 1, 2])
        assert (curve.last, curve.min, curve.max) == (2, Point(1, 2), Point(3, 1))


def test_without_its_file_a_curve_is_what_the_record_says(world: World) -> None:
    world.experiment(WRITES)
    world.launch()
    (before,) = drawn(world)
    shutil.rmtree(world.root / "results")
    assert drawn(world) == [replace(before, values=())]


def test_a_file_that_has_changed_is_drawn_as_such(world: World) -> None:
    world.experiment(WRITES)
    world.launch()
    path = world.find().folder / "metrics.jsonl"
    assert [curve.changed for curve in drawn(world)] == [[]]
    path.write_text('{"loss": 5}\nbroken\n')
    (curve,) = drawn(world)
    assert ([*curve.values], curve.last, curve.changed) == ([5], 2, [MetricProblem(path, path.name, CHANGED)])


def test_a_file_that_is_too_large_for_a_page_is_not_read(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    world.experiment(WRITES)
    world.launch(groups=("1", "2"))
    size = next(world.root.glob("results/train/run_1/group_0/metrics.jsonl")).stat().st_size
    for limit, counts in ((size, [3, 0]), (size - 1, [0, 0])):
        monkeypatch.setattr(page, "BYTES_MAX", limit)
        assert [(len(curve.values), curve.min) for curve in drawn(world)] == [(n, Point(1, 2)) for n in counts]


def test_a_curve_that_is_being_written_is_summed_up_as_it_is_now(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    world.submit()
    (job,) = world.scheduler.of(0)
    job.starts()
    assert drawn(world) == []
    job.spec.storage.mkdir(parents=True, exist_ok=True)
    (job.spec.storage / "metrics.jsonl").write_text('{"step": 7, "loss": 3}\n{"step": 8, "lo')
    (curve,) = drawn(world)
    assert ([*curve.values], curve.last, curve.min) == ([3], 3, Point(3, 7))
    monkeypatch.setattr(page, "BYTES_MAX", 1)
    assert drawn(world) == [DrawnCurve(0, "loss", 3)]
