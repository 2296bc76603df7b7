"""Charts for Mermaid: each line has the form that its grammar wants, whatever the labels and numbers are."""

from __future__ import annotations

import json
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from qanat.cli.diff.blocks import Bar, Bars, Section
from qanat.cli.diff.markdown import markdown
from qanat.cli.diff.mermaid import BARS_MAX, CHARACTERS_MAX, chart
from qanat.cli.diff.report import Report
from tests.support.strategies import stable

NUMBER = r"-?[0-9]+(?:\.[0-9]+)?"
LABEL = r'"[^"\n]+"'
SETTINGS = re.compile(r"%%\{init: (\{.*\})\}%%")
LINES = (
    r"xychart-beta horizontal",
    rf"    x-axis \[({LABEL}(?:, {LABEL})*)\]",
    rf'    y-axis (?:"in units of 1e(-?[0-9]+)" )?({NUMBER}) --> ({NUMBER})',
    rf"    bar \[({NUMBER}(?:, {NUMBER})*)\]",
)
HOSTILE = ('"]', "%%{init: {}}%%", "#quot;", "a;b", "x\ny", "`**b**`", "<b>", "```", "\\", "---", "&amp;", "")
numbers = st.floats(allow_nan=False, allow_infinity=False)
labels = st.text(max_size=60) | st.sampled_from(HOSTILE)
bars = st.builds(Bar, labels, numbers, st.just(0.0), st.just(""), st.none() | numbers)


def read(text: str) -> tuple[list[str], list[float], list[float]]:
    """Read a chart as Mermaid's grammar does, and return its labels, its values, and the ends of its axis."""
    first, *rest = text.split("\n")
    settings = SETTINGS.fullmatch(first)
    assert settings
    assert json.loads(settings[1])["xyChart"]["height"] > 0
    found = [re.fullmatch(form, line) for form, line in zip(LINES, rest, strict=True)]
    _, named, axis, drawn = [match for match in found if match]
    unit = f"e{axis[1] or 0}"
    values = [float(value + unit) for value in drawn[1].split(", ")]
    return re.findall(LABEL, named[1]), values, [float(axis[2] + unit), float(axis[3] + unit)]


@stable
@given(st.lists(bars, min_size=1, max_size=6))
def test_any_labels_and_numbers_are_a_chart_of_these_numbers_or_none(drawn: list[Bar]) -> None:
    text = chart(Bars("e", "acc", "", tuple(drawn)))
    if text is None:
        return
    named, values, (low, high) = read(text)
    wanted = [v for bar in drawn for v in (bar.value, bar.before) if v is not None]
    assert values == pytest.approx(wanted, rel=1e-5, abs=1e-320)
    assert low <= min(values) <= max(values) <= high
    assert len(set(named)) == len(named) == len(values)
    assert not set("".join(named)) & set("%#;<>`{}[]\\&\n")


def test_an_earlier_value_is_a_bar_of_its_own() -> None:
    drawn = Bars("e", "acc", "higher", (Bar("n=1", 0.5, 0.1, "0.5 ± 0.1", before=0.25), Bar("n=2", 2, 0, "2")))
    text = chart(drawn)
    assert text is not None
    assert read(text) == (['"n=1"', '"n=1 (before)"', '"n=2"'], [0.5, 0.25, 2], [0, 2])


def test_numbers_at_the_axis_are_short() -> None:
    text = chart(Bars("e", "loss", "lower", (Bar("a", -0.00001, 0, ""), Bar("b", 0.00002, 0, ""))))
    assert text is not None
    assert text.split("\n")[-2:] == ['    y-axis "in units of 1e-5" -1 --> 2', "    bar [-1, 2]"]
    text = chart(Bars("e", "loss", "lower", (Bar("a", 123_456, 0, ""), Bar("b", 99_999, 0, ""))))
    assert text is not None
    assert text.split("\n")[-2:] == ['    y-axis "in units of 1e5" 0 --> 1.23456', "    bar [1.23456, 0.99999]"]


def test_zeros_are_no_chart() -> None:
    assert chart(Bars("e", "m", "", (Bar("a", 0, 0, "0"), Bar("b", 0, 0, "0")))) is None


def many(count: int, label: str) -> Bars:
    return Bars("e", "acc", "", tuple(Bar(f"{label}{i}", i, 0, str(i)) for i in range(count)), tuple(range(count)))


def test_a_chart_has_the_bars_that_come_first_and_fits_where_servers_draw_it() -> None:
    drawn = many(100, "n=")
    text = chart(Bars("e", "acc", "", drawn.bars, tuple(reversed(range(100)))))
    assert text is not None
    assert read(text)[1] == [float(n) for n in range(100 - BARS_MAX, 100)]
    assert len(text) <= CHARACTERS_MAX
    assert chart(Bars("e", "m", "", tuple(Bar("ä" * 99, i / 7, 0, "", before=i / 7) for i in range(1, 100)))) is None


def test_charts_beyond_the_limit_of_a_section_are_drawn_with_characters() -> None:
    blocks = tuple(many(20, "learning_rate=0.001 batch_size=").bars for _ in range(4))
    section = Section(("s",), tuple(Bars("e", f"m{i}", "", shown) for i, shown in enumerate(blocks)))
    written = markdown(Report(("From",), ("x",), (section,)))
    fences = [t for t in MarkdownIt("commonmark").parse(written) if t.type == "fence"]
    kinds = [fence.info for fence in fences]
    assert len(kinds) == 4
    assert kinds == sorted(kinds)
    assert set(kinds) == {"mermaid", "text"}
    assert sum(len(fence.content) for fence in fences if fence.info == "mermaid") <= CHARACTERS_MAX


def test_bars_that_a_chart_leaves_out_are_counted_without_a_claim_about_the_comment() -> None:
    written = markdown(Report(("From",), ("x",), (Section(("s",), (many(30, "n="),)),)))
    assert "… and 10 more bars between the best and the worst" in written
    assert "Truncated" not in written
