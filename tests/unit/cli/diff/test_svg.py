"""Plots as SVG files: valid XML, whatever the texts and numbers are."""

from __future__ import annotations

import math
from pathlib import Path
from xml.etree import ElementTree

import pytest
from hypothesis import given
from hypothesis import strategies as st

from qanat.cli.diff.blocks import Bar, Bars
from qanat.cli.diff.svg import SvgFolder, svg
from qanat.errors import WriteFailed
from tests.support.strategies import stable

NAMESPACE = "{http://www.w3.org/2000/svg}"
numbers = st.floats(allow_nan=False, allow_infinity=False)
bars = st.builds(Bar, st.text(), numbers, numbers.map(abs), st.text(), st.none() | numbers)


def texts(drawn: str) -> list[str | None]:
    return [element.text for element in ElementTree.fromstring(drawn).iter(f"{NAMESPACE}text")]


@stable
@given(st.builds(Bars, st.just("e"), st.text(), st.sampled_from(["", "higher"]), st.lists(bars, min_size=1).map(tuple)))
def test_any_texts_and_numbers_are_drawn_inside_of_the_picture(drawn: Bars) -> None:
    document = ElementTree.fromstring(svg(drawn).encode(errors="replace"))
    width = float(document.attrib["width"])
    places = [float(circle.attrib["cx"]) for circle in document.iter(f"{NAMESPACE}circle")]
    assert all(0 < place < width for place in places)
    assert len(places) == len(drawn.bars) + sum(bar.before is not None for bar in drawn.bars)


def test_markup_is_text() -> None:
    drawn = svg(Bars("e", "<b>&", "higher", (Bar("</text>", 1, 0.5, '"1"'), Bar("x", 2, math.inf, "2"))))
    assert texts(drawn) == ["<b>& (higher is better)", "</text>", '"1"', "x", "2"]


def test_each_plot_has_a_file_of_its_own_which_is_written_once(tmp_path: Path) -> None:
    folder = SvgFolder(tmp_path / "new folder")
    first, second = (Bars("e", metric, "", (Bar("x", 1, 0, "1"),)) for metric in ("acc", "../acc"))
    addresses = [folder.plot(bars) for bars in (first, second, first)]
    assert [address.rpartition("/")[2] for address in addresses] == ["e-1.svg", "e-2.svg", "e-1.svg"]
    assert sorted(path.name for path in (tmp_path / "new folder").iterdir()) == ["e-1.svg", "e-2.svg"]


def test_a_folder_that_is_a_file_cannot_be_drawn_into(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(WriteFailed, match="cannot write"):
        SvgFolder(tmp_path / "file").plot(Bars("e", "m", "", (Bar("x", 1, 0, "1"),)))
