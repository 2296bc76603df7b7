"""What a group left: files of metrics and of series."""

from __future__ import annotations

import hashlib
import json
import math
from pathlib import Path

import pytest

from qanat.domain.experiment import MetricSource
from qanat.domain.measured import CURVES_MAX, CurveSummary, Measured, Point
from qanat.domain.metric_problems import MetricProblem
from qanat.domain.metrics import METRICS_MAX
from qanat.records import run_codec, series_end, storage, yaml_io
from qanat.records.measured import read_measured
from tests.unit.records.example import RUN

LINES = '{"step": 1, "loss": 3, "acc": 0.5}\n{"step": 2, "loss": 1.5}\n'


def test_a_group_that_left_nothing_has_measured_nothing(tmp_path: Path) -> None:
    assert read_measured(tmp_path, ()) == (Measured(), [])


def test_curves_are_summed_up_and_their_last_values_are_metrics_too(tmp_path: Path) -> None:
    (tmp_path / "metrics.jsonl").write_text(LINES)
    (tmp_path / "metrics.json").write_text('{"acc": 0.75}')
    found, problems = read_measured(tmp_path, ())
    assert (found.metrics, problems) == ({"acc": 0.75, "loss": 1.5}, [])
    assert found.curves["loss"] == CurveSummary(Point(1.5, 2), Point(1.5, 2), Point(3, 1), 2)
    assert found.curve_files == {"metrics.jsonl": hashlib.sha256(LINES.encode()).hexdigest()}


@pytest.mark.parametrize("kind", ["json", "jsonl"])
def test_nothing_outside_of_the_directory_is_measured(tmp_path: Path, kind: str) -> None:
    folder, outside = tmp_path / "run_1", tmp_path / f"outside.{kind}"
    (folder / "sub").mkdir(parents=True)
    outside.write_text('{"loss": 1}\n')
    (folder / "sub" / "link").symlink_to(tmp_path)
    for file in (str(outside), f"../outside.{kind}", f"sub/link/outside.{kind}"):
        found, (problem,) = read_measured(folder, [MetricSource(file)], finished=True)
        assert found == Measured()
        expected = "is not inside the storage directory" if kind == "json" else "is behind a symbolic link, sub/link"
        assert problem.what == (expected if "link" in file or kind == "json" else "is not a path inside the folder")


@pytest.mark.parametrize("kind", ["json", "jsonl"])
def test_a_path_that_no_file_can_have_is_no_file(tmp_path: Path, kind: str) -> None:
    assert read_measured(tmp_path, [MetricSource(f"a\0.{kind}")])[0] == Measured()
    names = storage.metric_names if kind == "json" else series_end.names
    assert names(tmp_path, f"a\0.{kind}") == []


def test_csv_is_summed_up(tmp_path: Path) -> None:
    (tmp_path / "metrics.csv").write_text("step,loss\n1,3\n2,nan\n")
    found, _ = read_measured(tmp_path, ())
    assert math.isnan(found.metrics["loss"])
    assert found.curves["loss"].max == Point(3, 1)


def test_an_experiment_names_its_own_files_of_series_and_their_keys(tmp_path: Path) -> None:
    for name in ("log.jsonl", "metrics.jsonl", "scores.json"):
        (tmp_path / name).write_text('{"a": 1, "b": 2}\n')
    own = [MetricSource("log.jsonl", ("b",)), MetricSource("scores.json", ("a",))]
    found, problems = read_measured(tmp_path, own)
    assert (found.metrics, list(found.curves), list(found.curve_files)) == ({"a": 1, "b": 2}, ["b"], ["log.jsonl"])
    assert problems == []
    found, _ = read_measured(tmp_path, own[1:])
    assert (found.metrics, list(found.curves)) == ({"a": 1, "b": 2}, ["a", "b"])


def test_what_is_left_out_of_a_file_of_series_is_said(tmp_path: Path) -> None:
    (tmp_path / "metrics.jsonl").write_text('{"a": 1}\n{"a\n{"a": 2, "b": "x"}\n{"a": 3')
    found, problems = read_measured(tmp_path, ())
    assert found.metrics == {"a": 2}
    said = ["line 2 is broken, and was left out", "the last line is incomplete, and was left out"]
    said.append("'b' is not a number, and was left out")
    assert problems == [MetricProblem(tmp_path / "metrics.jsonl", "metrics.jsonl", what) for what in said]
    assert read_measured(tmp_path, (), series_bytes_max=10) == (Measured(), [])


def test_curves_are_read_again_only_where_steps_go_back(tmp_path: Path) -> None:
    rows = [{"step": step, "a": value} for step, value in [(1, 9), (2, 0), (1, 1), (2, 2)]]
    (tmp_path / "metrics.jsonl").write_text("".join(f"{json.dumps(row)}\n" for row in rows))
    found, _ = read_measured(tmp_path, ())
    assert found.curves == {"a": CurveSummary(Point(2, 2), Point(1, 1), Point(2, 2), 2)}


def test_a_record_has_a_limited_number_of_curves_and_metrics(tmp_path: Path) -> None:
    (tmp_path / "metrics.jsonl").write_text(json.dumps({f"m{i}": i for i in range(METRICS_MAX + 1)}) + "\n")
    (tmp_path / "metrics.json").write_text('{"own": 1}')
    found, problems = read_measured(tmp_path, ())
    assert (len(found.metrics), len(found.curves)) == (METRICS_MAX, CURVES_MAX)
    assert list(found.metrics)[:2] == ["own", "m0"]
    assert [problem.what for problem in problems] == [
        "has 1,000 curves, of which the record has 100; choose them with keys in the experiment",
        "has more than 1,000 names, and the others were left out",
    ]


def test_a_finished_group_should_have_the_curves_that_the_experiment_asks_for(tmp_path: Path) -> None:
    (tmp_path / "log.jsonl").write_text(LINES)
    asked = [MetricSource("log.jsonl", ("los", "acc")), MetricSource("other.csv", better={"loss": "lower"})]
    assert read_measured(tmp_path, asked)[1] == []
    assert [(problem.file, problem.what) for problem in read_measured(tmp_path, asked, finished=True)[1]] == [
        ("log.jsonl", "has no 'los' (did you mean 'loss'?)"),
        ("other.csv", "does not exist, but the experiment asks for it"),
    ]


@pytest.mark.slow
def test_a_record_of_as_many_curves_and_metrics_as_it_may_have_can_be_read() -> None:
    curve = CurveSummary(Point(0.1, 2), Point(0.1, 2), Point(math.inf, 3), 9)
    group = RUN.groups[0].with_measured(
        Measured({f"m{i}": 0.5 for i in range(METRICS_MAX)}, {f"c{i}": curve for i in range(CURVES_MAX)})
    )
    row = run_codec.to_mapping(RUN.with_groups({0: group}))["groups"][0]
    data = yaml_io.dump({"groups": [{**row, "group": n} for n in range(100)]}, flow=run_codec.FLOW)
    assert len(yaml_io.load(data, "a")["groups"]) == 100
    assert len(data) < yaml_io.bytes_max(100)
