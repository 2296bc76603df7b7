"""What of a report is in one file: all of it, or what there is room for."""

from __future__ import annotations

import json
from typing import Any

import pytest

from qanat.usecases.launch.looking import refreshed
from qanat.usecases.report import report_folder, single_file
from qanat.usecases.report.content import ReportRequest, content_of
from qanat.usecases.report.figures import Figures
from qanat.usecases.report.single_file import Fitted, fitted
from tests.support.world import World
from tests.unit.usecases.report.test_figures import PNG, defined, left, one_group

CURVE = b'{"step": 1, "loss": 2}\n{"step": 2, "loss": 1}\n'


@pytest.fixture
def found(world: World) -> tuple[dict[str, Any], Figures]:
    """Return the content of a report on two runs, each with a curve and a figure, and its figures."""
    defined(world, "*.png")
    for number in (1, 2):
        run = one_group(world, number, created=f"2026-11-2{number}T00:00:00+00:00")
        left(run, world, {"a.png": PNG + bytes(3_000), "metrics.jsonl": CURVE})
    figures = Figures(world.project)
    with refreshed(world.project, world) as (index, result):
        return content_of(world.project, index, result, ReportRequest(), figures), figures


def size_of(content: dict[str, Any]) -> int:
    """Return how long the data are as JSON."""
    return len(single_file.text_of(content))


def runs_of(one: Fitted) -> list[int]:
    """List the numbers of the runs whose figure is in the file."""
    return [int(image.split("-")[0]) for image in one.images]


def test_a_small_report_is_whole(found: tuple[dict[str, Any], Figures]) -> None:
    content, figures = found
    one = fitted(content, figures)
    assert (runs_of(one), one.left_out) == ([2, 1], "")
    assert json.loads(one.text) == content
    assert content["notes"] == []


def test_older_figures_are_left_out_if_there_is_no_room(
    found: tuple[dict[str, Any], Figures], monkeypatch: pytest.MonkeyPatch
) -> None:
    content, figures = found
    monkeypatch.setattr(single_file, "DATA_MAX", size_of(content) + 6_000)
    one = fitted(content, figures)
    assert runs_of(one) == [2]
    assert one.left_out.startswith("1 figure left out of this file, which would have ")
    assert one.left_out.endswith(" kB of data; write a folder, which has all of it: qanat report --folder DIR")
    assert json.loads(one.text)["notes"] == [one.left_out]
    assert "series" in json.loads(one.text)["runs"][0]["groups"][0]


def test_curves_are_left_out_if_there_is_no_room_for_the_data(
    found: tuple[dict[str, Any], Figures], monkeypatch: pytest.MonkeyPatch
) -> None:
    content, figures = found
    monkeypatch.setattr(single_file, "DATA_MAX", size_of(content) - 1)
    one = fitted(content, figures)
    assert runs_of(one) == []
    assert one.left_out.startswith("curves and 2 figures left out of this file")
    assert "series" not in json.loads(one.text)["runs"][0]["groups"][0]


def test_a_folder_says_which_figures_it_has_no_room_for(
    found: tuple[dict[str, Any], Figures], monkeypatch: pytest.MonkeyPatch
) -> None:
    content, figures = found
    assert len(report_folder.chosen(content, figures).pictures) == 2
    assert content["notes"] == []
    monkeypatch.setattr(report_folder, "BYTES_MAX", 5_000)
    one = report_folder.chosen(content, figures)
    assert [int(image.split("-")[0]) for image in one.pictures] == [2]
    said = "1 figure is not in this folder: images have at most 5.0 kB, and SVG 20.0 MB"
    assert (one.drawings, content["notes"]) == ([], [said])
