"""Plots in the terminal and in files."""

from __future__ import annotations

from pathlib import Path

import pytest

from qanat.cli.terminal import plots

pytest.importorskip("plotext")
pytest.importorskip("matplotlib")

EXTREME = [
    ([1, 2, 3], [1e308, -1e308, 0]),
    ([1e308, -1e308], [1, 2]),
    ([1, 2], [1e308, 1e308]),
    ([1, 2], [0, 1.7e308]),
    ([1, 2], [1e-320, 2e-320]),
    ([5e-324, 1e-323], [1, 2]),
    ([1e-320, 1e308], [5e-324, -1.7e308]),
    ([1, 2], [1e100, -1e100]),
    ([1, 2], [1e-100, 1.0000000000000002e-100]),
]


@pytest.mark.parametrize(("xs", "ys"), EXTREME)
def test_all_finite_numbers_can_be_drawn(xs: list[float], ys: list[float], tmp_path: Path) -> None:
    lines = [plots.Line("a", xs, ys, [abs(y) / 2 for y in ys]), plots.Line("b", xs, ys)]
    for count in (1, 2):
        assert "*" in plots.curves_in_terminal(lines[:count], "x", "y")
        assert plots.in_terminal(lines[:count], "x", "y")
        plots.curves_to_file(lines[:count], "x", "y", tmp_path / "curves.png")
        plots.to_file(lines[:count], "x", "y", tmp_path / "rows.svg")


def test_the_axis_names_the_unit_of_very_large_and_small_numbers() -> None:
    large = plots.curves_in_terminal([plots.Line("a", [1, 2], [-2e307, 1.5e308])], "step", "loss")
    assert "loss (in units of 1e308)" in large
    assert "1.50" in large
    small = plots.in_terminal([plots.Line("a", [2e-320, 4e-320], [1, 2])], "lr", "acc")
    assert "lr (in units of 1e-320)" in small
    assert "in units" not in plots.in_terminal([plots.Line("a", [1, 2], [1e100, 1e-100])], "lr", "acc")
