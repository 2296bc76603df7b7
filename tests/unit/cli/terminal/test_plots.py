"""Plots in the terminal and in files."""

from __future__ import annotations

from pathlib import Path

import pytest

from qanat.cli.terminal import plots
from qanat.cli.terminal.plots import Axis, Plot

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


X, Y = Axis("x"), Axis("y")


@pytest.fixture(autouse=True)
def libraries() -> None:
    """Import what draws: not when tests are collected, since each process collects all of them."""
    pytest.importorskip("plotext")
    pytest.importorskip("matplotlib")


@pytest.mark.parametrize(("xs", "ys"), EXTREME)
def test_all_finite_numbers_can_be_drawn(xs: list[float], ys: list[float], tmp_path: Path) -> None:
    lines = [plots.Line("a", xs, ys, [abs(y) / 2 for y in ys]), plots.Line("b", xs, ys)]
    for count in (1, 2):
        for plot in (Plot(lines[:count], X, Y, are_curves=True), Plot(lines[:count], X, Y)):
            assert "*" in plots.in_terminal(plot) or not plot.are_curves
    for plot in (Plot(lines[:1], X, Y, are_curves=True), Plot(lines, X, Y)):  # a file of one takes 0.1 s
        plots.to_file(plot, tmp_path / "plot.svg")


def test_the_axis_names_the_unit_of_very_large_and_small_numbers() -> None:
    large = plots.in_terminal(
        Plot([plots.Line("a", [1, 2], [-2e307, 1.5e308])], Axis("step"), Axis("loss"), are_curves=True)
    )
    assert "loss (in units of 1e308)" in large
    assert "1.50" in large
    small = plots.in_terminal(Plot([plots.Line("a", [2e-320, 4e-320], [1, 2])], Axis("lr"), Axis("acc")))
    assert "lr (in units of 1e-320)" in small
    assert "in units" not in plots.in_terminal(Plot([plots.Line("a", [1, 2], [1e100, 1e-100])], X, Y))


def test_points_have_their_deviations_as_bars(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("COLUMNS", "60")
    monkeypatch.setenv("LINES", "20")
    plot = Plot([plots.Line("a", [1, 2, 3], [1, 2, 3], [1, 0, 2])], X, Y, spread="mean ± std")
    rows = [line.partition("┤")[2] or line for line in plots.in_terminal(plot).splitlines()]
    middle = [row for row in rows if "┌" not in row and "└" not in row]
    assert sum(row.count("│") > 1 for row in middle) > 3  # the frame, and a bar
    plots.to_file(plot, tmp_path / "plot.svg")
    text = (tmp_path / "plot.svg").read_text()
    assert "<!-- mean ± std -->" in text


@pytest.mark.parametrize("are_curves", [True, False])
def test_logarithmic_axes_have_ticks_at_powers_of_ten(tmp_path: Path, are_curves: bool) -> None:
    line = plots.Line("a", [0.001, 0.1, 10], [1, 100, 1000], [2, 10, 100])
    plot = Plot([line], Axis("x", is_log=True), Axis("y", is_log=True), are_curves=are_curves)
    text = plots.in_terminal(plot)
    assert "x (log scale)" in text
    assert "y (log scale)" in text
    assert {"0.01", "0.1", "1", "10"} <= set(text.split())
    for tick in ("1000┤", "100┤", "10┤"):
        assert tick in text
    plots.to_file(plot, tmp_path / "plot.svg")
    assert "mathdefault{10^{-2}}" in (tmp_path / "plot.svg").read_text()


def test_what_a_logarithmic_axis_cannot_show_is_left_out_and_counted() -> None:
    lines = [plots.Line("a", [0, 1, 2], [1, 2, -1], [1, 2, 3]), plots.Line("b", [-1], [1])]
    found, count = plots.positive(Plot(lines, Axis("x", is_log=True), Axis("y", is_log=True)))
    assert (found.lines, count) == ([plots.Line("a", [1], [2], [2])], 3)
    assert plots.positive(Plot(lines, X, Y)) == (Plot(lines, X, Y), 0)
