"""What a report contains: the chosen runs, within limits, and no secrets."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Any

import pytest

from qanat.domain.condition import parse
from qanat.domain.measured import CurveSummary, Point
from qanat.errors import NotFound, UsageError
from qanat.usecases.launch.looking import refreshed
from qanat.usecases.report import content, details, series
from qanat.usecases.report.content import ReportRequest, content_of
from qanat.usecases.tracking.find import comment_path
from tests.support.world import World
from tests.unit.records.example import RUN
from tests.unit.usecases.runs.test_listing import recorded


def reported(world: World, *runs: str, condition: str = "", experiment: str | None = None) -> dict[str, Any]:
    """Return the content of a report on these runs."""
    with refreshed(world.project, world) as (index, result):
        return content_of(world.project, index, result, ReportRequest(runs, experiment, parse(condition)))


def numbers(found: dict[str, Any]) -> list[int]:
    """List the numbers of the runs in a report."""
    return [run["number"] for run in found["runs"]]


def test_a_report_has_the_runs_that_were_chosen_the_newest_first(world: World) -> None:
    for number in (1, 2, 3):
        recorded(world, number, created=f"2026-11-2{number}T00:00:00+00:00", tags=("odd",) if number % 2 else ())
    assert numbers(reported(world)) == [3, 2, 1]
    assert numbers(reported(world, "2", f"3-{RUN.uid}")) == [3, 2]
    assert numbers(reported(world, "2", "3", condition="tag=odd", experiment="train")) == [3]
    with pytest.raises(NotFound, match="run 4 does not exist"):
        reported(world, "4")
    with pytest.raises(NotFound, match="none"):
        reported(world, experiment="none")
    with pytest.raises(UsageError, match="no run has the metric 'x'"):
        reported(world, condition="metric.x>1")


def test_a_project_without_runs_has_an_empty_report(world: World) -> None:
    found = reported(world)
    assert found["runs"] == found["notes"] == []
    assert reported(world, condition="metric.x>1")["notes"] == ["no run meets the condition"]
    assert found["project"] == world.root.name


def test_a_run_has_what_the_page_shows_and_no_empty_values(world: World) -> None:
    curve = CurveSummary(last=Point(2, 9), min=Point(0.5, 3), max=Point(math.inf, 1), count=9)
    recorded(world, 1, groups=(replace(RUN.groups[0], curves={"loss": curve}), RUN.groups[1]))
    (run,) = reported(world)["runs"]
    assert run["id"] == f"1-{RUN.uid}"
    assert run["data"] == ["iris: data/iris"]
    assert "tags" not in run
    assert run["groups"][0] == {
        "number": 0,
        "state": "finished",
        "started": RUN.groups[0].started,
        "ended": RUN.groups[0].ended,
        "parameters": {"--n": "10", "--seed": "0"},
        "metrics": {"acc": 0.93},
        "curves": {"loss": [2, 0.5, math.inf, 9]},
    }
    assert "metrics" not in run["groups"][1]


def test_a_run_has_the_details_of_its_page(world: World) -> None:
    run = recorded(world, 1, groups=(*RUN.groups, replace(RUN.groups[1], number=2, attempt=2, job=None)))
    folder = world.root / run.storage
    (folder / "group_1").mkdir(parents=True)
    (folder / "group_1/stderr.txt").write_text("killed\n")
    (world.root / comment_path(run)).write_text("not bad\n")
    found = reported(world)["runs"][0]["details"]
    assert found["command"] == "python experiments/summary_statistics/iris.py"
    assert found["code"] == ["branch main", "other code than HEAD"]
    assert found["comment"] == "not bad\n"
    assert found["groups"] == [
        {"args": "--n 10 --seed 0", "job": "18"},
        {"args": "--n 10 --seed 1", "job": "19", "state": "failed (ended by SIGKILL)"},
        {"args": "--n 10 --seed 1", "state": "failed, attempt 2 (ended by SIGKILL)"},
    ]
    assert found["failures"] == [
        {"groups": 1, "first": 1, "reason": "ended by SIGKILL", "lines": ["killed"]},
        {"groups": 1, "first": 2, "reason": "ended by SIGKILL", "lines": []},
    ]
    assert "rerun_of" not in found


def test_the_code_of_a_run_is_that_of_head_if_its_key_is(world: World) -> None:
    world.experiment("exit 0\n", code={"paths": ["train.sh"]})
    world.launch()
    world.commit(**{"README.md": "text"})
    assert reported(world)["runs"][0]["details"]["code"] == ["branch main", "same code as HEAD"]
    world.experiment("exit 0\n", executable_command="sh -e", code={"paths": ["train.sh"]})
    assert reported(world)["runs"][0]["details"]["code"] == ["branch main", "other code than HEAD"]
    world.experiment("true\n", code={"paths": ["train.sh"]})
    assert reported(world)["runs"][0]["details"]["code"] == ["branch main", "other code than HEAD"]
    (world.root / ".qanat/experiments/train.yaml").unlink()
    assert reported(world)["runs"][0]["details"]["code"] == ["branch main", "other code than HEAD"]


def test_details_are_of_the_newest_runs_and_of_as_many_failures_as_may_be_read(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    for number in (1, 2, 3):
        recorded(world, number, created=f"2026-11-2{number}T00:00:00+00:00")
    monkeypatch.setattr(content, "DETAILED_MAX", 2)
    monkeypatch.setattr(details, "LOOKED_AT_MAX", 1)
    found = reported(world)
    assert ["failures" in run["details"] for run in found["runs"] if "details" in run] == [True, False]
    assert found["notes"] == ["only the newest 2 runs have their commands, reasons and comments here"]


def test_a_report_says_what_it_leaves_out(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    for number in (1, 2, 3):
        recorded(world, number, created=f"2026-11-2{number}T00:00:00+00:00")
    monkeypatch.setattr(content, "GROUPS_MAX", 3)
    found = reported(world)
    assert [(run["number"], len(run["groups"]), run.get("group_count")) for run in found["runs"]] == [
        (3, 2, None),
        (2, 1, 2),
    ]
    assert found["notes"] == [
        "the newest 2 of 3 runs are here; choose others with --where",
        "the first 1 of 2 groups of run 2 are here",
    ]
    monkeypatch.setattr(content, "RUNS_MAX", 1)
    assert numbers(reported(world)) == [3]


def test_curves_are_read_where_the_results_are_and_thinned(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    for number in (1, 2):
        run = recorded(world, number, created=f"2026-11-2{number}T00:00:00+00:00")
        folder = world.root / run.storage / "group_1"
        folder.mkdir(parents=True)
        (folder / "metrics.jsonl").write_text("".join(f'{{"step": {n}, "loss": {1 / (n + 1)}}}\n' for n in range(9)))
    (folder / "metrics.jsonl").write_text('{"step": 1, "loss": NaN, "acc": 1}\n{"step": 2.5, "loss": 0.3333333}\n')
    monkeypatch.setattr(series, "POINTS_EACH_MAX", 3)
    found = reported(world)
    assert [[group.get("series") for group in run["groups"]] for run in found["runs"]] == [
        [None, {"loss": [[2.5], [0.33333]], "acc": [[1], [1]]}],
        [None, {"loss": [[0, 4, 8], [1, 0.2, 0.11111]]}],
    ]
    assert found["notes"] == ["curves have at most 3 of their points here"]
    monkeypatch.setattr(series, "GROUPS_MAX", 1)
    left = reported(world)
    assert "series" not in left["runs"][1]["groups"][1]
    assert left["notes"] == ["1 older group is here without curves; choose fewer runs"]


def test_a_report_has_neither_secrets_nor_endless_texts(world: World) -> None:
    token = "ghp_" + "a1B2" * 9  # what tokens look like
    group = replace(RUN.groups[0], args=("--api-key", "hunter2hunter2", "--note", "x" * 5_000))
    recorded(world, 1, description=f"with {token}", groups=(group,))
    (run,) = reported(world)["runs"]
    assert run["description"] == "with [redacted]"
    assert run["groups"][0]["parameters"]["--api-key"] == "[redacted]"
    assert len(run["groups"][0]["parameters"]["--note"]) == content.TEXT_MAX


def test_a_report_knows_which_direction_of_a_metric_is_better(world: World) -> None:
    definition = world.root / ".qanat/experiments/train.yaml"
    definition.write_text(definition.read_text() + "metrics:\n- {file: metrics.json, better: {acc: higher}}\n")
    recorded(world, 1)
    assert reported(world)["better"] == {"acc": "higher"}


def test_a_report_has_the_labels_and_units_of_metrics(world: World) -> None:
    definition = world.root / ".qanat/experiments/train.yaml"
    metrics = "metrics:\n- {file: metrics.json, label: {acc: Accuracy}, unit: {acc: '%', time: s}}\n"
    definition.write_text(definition.read_text() + metrics)
    recorded(world, 1)
    assert reported(world)["titles"] == {"acc": "Accuracy (%)", "time": "time (s)"}


def test_a_run_that_is_deleted_meanwhile_has_no_details(world: World) -> None:
    for number in (1, 2):
        recorded(world, number)
    with refreshed(world.project, world) as (index, result):
        gone = next(path for path, _ in index.facts() if "/2-" in path)
        record = index.record

        def deleted(path: str) -> str:
            if path == gone:
                raise NotFound("run 2 was deleted meanwhile")
            return record(path)

        index.record = deleted  # type: ignore[method-assign]
        found = content_of(world.project, index, result, ReportRequest())
    assert [(run["number"], "details" in run) for run in found["runs"]] == [(2, False), (1, True)]
