"""Rows of curves as CSV, JSON and text."""

from __future__ import annotations

import json
import math

import pytest

from qanat.cli.runs.curve_output import AT_ONCE_ROWS, CsvOutput, CurveOutput, JsonOutput, Layout, TextOutput
from qanat.domain.series_rows import Row

ROWS = [Row(1.0, {"loss": 0.1}), Row(1.5, {"loss": math.nan, "acc": -math.inf})]


def printed(output: CurveOutput, capsys: pytest.CaptureFixture[str], *rows: Row) -> str:
    """Return what is printed of rows of group 3 whose names are loss and acc."""
    output.begin(["loss", "acc"])
    output.add(3, rows)
    output.end()
    return capsys.readouterr().out


def test_csv_has_a_column_for_each_name(capsys: pytest.CaptureFixture[str]) -> None:
    assert printed(CsvOutput(), capsys, *ROWS) == "group,step,loss,acc\n3,1,0.1,\n3,1.5,nan,-inf\n"


def test_csv_has_harmless_headings_and_no_column_twice(capsys: pytest.CaptureFixture[str]) -> None:
    CsvOutput().begin(["=1+1", "group", "a,b", "\x1b[1m"])
    assert capsys.readouterr().out == 'group,step,\'=1+1,metric.group,"a,b",\\x1b[1m\n'


def test_csv_says_once_that_a_name_came_after_the_heading(capsys: pytest.CaptureFixture[str]) -> None:
    output = CsvOutput()
    output.begin(["loss"])
    output.add(0, [Row(1, {"late": 1}), Row(2, {"late": 2, "loss": 3})])
    done = capsys.readouterr()
    assert done.out.endswith("\n0,1,\n0,2,3\n")
    assert done.err == "note: 'late' has no column, since its first value came after the heading\n"


def test_json_is_a_list_with_a_row_on_each_line(capsys: pytest.CaptureFixture[str]) -> None:
    text = printed(JsonOutput(), capsys, *ROWS)
    assert len(text.splitlines()) == 2
    assert json.loads(text) == [
        {"group": 3, "step": 1, "values": {"loss": 0.1}},
        {"group": 3, "step": 1.5, "values": {"loss": "NaN", "acc": "-Infinity"}},
    ]
    assert printed(JsonOutput(), capsys) == "[]\n"


def test_text_has_numbers_below_their_names(capsys: pytest.CaptureFixture[str]) -> None:
    assert printed(TextOutput(80, several=True), capsys, *ROWS) == (
        " group      step          loss           acc\n"
        "     3         1           0.1\n"
        "     3       1.5           nan          -inf\n"
    )


def test_text_prints_the_heading_again_for_a_new_name_and_few_of_many_rows(capsys: pytest.CaptureFixture[str]) -> None:
    many = [Row(step, {"new": step}) for step in range(1_000)]
    heading, again, *lines = printed(TextOutput(None, several=False), capsys, *many).splitlines()
    assert (heading.split(), again.split()) == (["step", "loss", "acc"], ["step", "loss", "acc", "new"])
    assert len(lines) <= 2 * AT_ONCE_ROWS + 1
    assert (lines[0].split(), lines[-1].split()) == (["0", "0"], ["999", "999"])


def test_what_does_not_fit_the_terminal_is_named() -> None:
    layout = Layout([f"metric {n}" for n in range(5)], 40)
    assert layout.heading == "    step      metric 0      metric 1"
    assert layout.line(Row(7, {"metric 1": 1e-7, "metric 4": 1})) == "       7                       1e-07"
    assert layout.notes == ["… not shown at this width: metric 2, metric 3, metric 4"]
    assert Layout(["x" * 100], 10).heading.endswith("x…")
    assert Layout(["a", "b"], None).notes == []


def test_numbers_are_below_names_that_take_two_columns_for_a_character() -> None:
    layout = Layout(["損失", "loss"], 80)
    assert layout.heading == "    step          損失          loss"
    assert layout.line(Row(1, {"損失": 1, "loss": 2})) == "       1             1             2"
