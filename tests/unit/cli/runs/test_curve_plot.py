"""Plots of curves in the terminal and in files."""

from __future__ import annotations

from pathlib import Path

import pytest

from qanat.cli.runs.curve_plot import plot_curves
from qanat.cli.terminal.plots import MARKERS
from qanat.errors import UsageError
from qanat.usecases.runs.overlaid_curves import CURVES_MAX, Overlay, PlottedCurve

STEPS = range(50)
FOUND = Overlay(
    [
        PlottedCurve(2, 0, {"lr": "0.1", "fast": ""}, STEPS, [step**2 for step in STEPS], 0),
        PlottedCurve(2, 1, {"lr": "$x$"}, STEPS, [100 + step for step in STEPS], 1),
        PlottedCurve(3, None, {}, [], [], 7),
    ],
    more=4,
    missing=1,
    large=2,
    problems=["metrics.jsonl: line 2 is broken, and was left out"],
)


def test_every_curve_has_its_own_marker_and_what_is_not_drawn_is_said(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "60")
    monkeypatch.setenv("LINES", "24")
    plot_curves(FOUND, "loss", "none", None)
    done = capsys.readouterr()
    *plot, first, second = done.out.splitlines()
    assert [first, second] == ["  * run 2, group 0: lr=0.1 fast", "  o run 2, group 1: lr=$x$"]
    assert len(plot) <= 20
    assert all(len(line) <= 60 for line in plot)
    for marker in "*o":
        assert sum(line.count(marker) for line in plot) > 20
    assert done.err.splitlines() == [
        "note: metrics.jsonl: line 2 is broken, and was left out",
        "note: run 2, group 1: lr=$x$: not drawn: 1 value that is not finite",
        "note: run 3: not drawn: 7 values that are not finite",
        "note: not drawn: 4 more curves; choose groups with --where",
        "note: not drawn: 2 groups whose files of curves are too large for this plot",
        "note: not drawn: 1 group whose results are not here",
    ]


def test_a_file_has_the_curves_and_a_legend(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "curves.svg"
    plot_curves(FOUND, "loss", None, file)
    assert capsys.readouterr().out == f"Wrote {file}\n"
    text = file.read_text()
    for label in ("run 2, group 0: lr=0.1 fast", "run 2, group 1: lr=$x$", "loss", "step"):
        assert f"<!-- {label.replace('--fast', '-&#45;fast')} -->" in text or label in text


def test_means_have_their_n_and_a_file_a_band(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    ys = [1.0 + step for step in STEPS]
    mean = PlottedCurve(1, None, {"lr": "1"}, STEPS, ys, 0, deviations=[0.5] * 50, count=6, also=(3,))
    found = Overlay([mean], more=0, missing=0, cut=2)
    plot_curves(found, "Loss (nats)", "y", None)
    done = capsys.readouterr()
    assert done.out.endswith("\n  * runs 1, 3: lr=1, n = 6\nmean of n groups\n")
    assert "Loss (nats) (log scale)" in done.out
    assert done.err == "note: not drawn: 2 steps that not all groups of a mean have; --each draws each group\n"
    file = tmp_path / "curves.svg"
    plot_curves(found, "Loss (nats)", "none", file)
    text = file.read_text()
    assert "<!-- Loss (nats) -->" in text
    assert "<!-- mean ± standard deviation of n groups -->" in text
    assert "FillBetweenPolyCollection" in text or "PolyCollection" in text


def test_axes_are_logarithmic_by_themselves_and_on_request(capsys: pytest.CaptureFixture[str]) -> None:
    wide = Overlay([PlottedCurve(1, None, {}, [0, 1, 2], [1e-5, 1e-3, 1.0], 0)], more=0, missing=0)
    plot_curves(wide, "loss", None, None)
    done = capsys.readouterr()
    assert "loss (log scale)" in done.out
    assert done.err == (
        "note: loss is on a logarithmic axis, since its values differ widely; --log none changes that\n"
    )
    plot_curves(wide, "loss", "both", None)
    assert capsys.readouterr().err == "note: not drawn: 1 value that a logarithmic axis cannot show\n"
    plot_curves(wide, "loss", "none", None)
    done = capsys.readouterr()
    assert ("log scale" in done.out, done.err) == (False, "")
    below = Overlay([PlottedCurve(1, None, {}, [1, 2], [-1, 0], 0)], more=0, missing=0)
    with pytest.raises(UsageError, match="--log y: no value is greater than 0"):
        plot_curves(below, "loss", "y", None)


def test_there_is_a_marker_for_every_curve() -> None:
    assert len(set(MARKERS)) == CURVES_MAX
