"""Error bars and lines of points, axes of parallel coordinates, and curves over time."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from qanat.domain import views
from tests.browser.test_report import shown, written
from tests.support.shared_pools import RUNS, SEEDS, run_of

pytestmark = pytest.mark.xdist_group("browser")


def runs_with(*groups: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return runs, the newest first, with these groups."""
    return [run_of({"number": n, "groups": each}) for n, each in enumerate(groups, start=1)][::-1]


def measured(lr: str, seed: int, acc: float, **more: str) -> dict[str, Any]:
    """Return a group with a learning rate, a seed and a metric."""
    given = {"--lr": lr, "--seed": str(seed), **{f"--{name}": value for name, value in more.items()}}
    return {"parameters": given, "metrics": {"acc": acc}}


def heights(path: str) -> list[float]:
    """Return the ends of the vertical lines of a drawing, in their order."""
    found = re.findall(r"M[\d.]+ ([\d.]+)V([\d.]+)", path)
    return [float(height) for ends in found for height in ends]


def test_error_bars_are_deviations_to_both_sides_of_the_mean(tmp_path: Path, open_page: Callable[..., Any]) -> None:
    groups = [measured("0.1", seed, acc) for seed, acc in enumerate((1.0, 2.0, 6.0))] + [measured("0.2", 0, 4.0)]
    page = open_page(written(tmp_path, {"runs": runs_with(groups)}), "#by=settings&tab=scatter")
    bars = page.locator(".range").get_attribute("d")
    low, high = heights(bars)
    ticks = page.locator(".across").evaluate_all("lines => lines.map(line => +line.getAttribute('y1'))")
    labels = page.locator(".across + text").all_text_contents()
    unit = (ticks[0] - ticks[-1]) / (float(labels[-1]) - float(labels[0]))
    assert abs((low - high) / unit - 2 * 7**0.5) < 0.01
    assert abs((ticks[0] - (low + high) / 2) / unit + float(labels[0]) - 3) < 0.01
    assert bars.count("H") == 2
    page.get_by_role("button", name="groups").click()
    assert not page.locator(".range").get_attribute("d")


def test_the_usual_metric_does_not_follow_the_newest_run(tmp_path: Path, open_page: Callable[..., Any]) -> None:
    both = [measured(f"0.{n}", n, n) for n in (1, 2)]
    for group in both:
        group["metrics"] = {"acc": 0.5, "final_loss": 0.1}
    failed = {"parameters": {"--lr": "0.3"}, "metrics": {"loss": 60000.0, "final_loss": 2.0}, "state": "failed"}
    runs = runs_with(both, both, [failed, failed])
    page = open_page(written(tmp_path, {"runs": runs}), "#groups=yes&tab=scatter&x=lr")
    assert page.get_by_label("y", exact=True).input_value() == "metric.acc"
    options = page.get_by_label("y", exact=True).locator("option").evaluate_all("all => all.map(one => one.value)")
    assert [name for name in options if name.startswith("metric.")] == [
        "metric.acc",
        "metric.final_loss",
        "metric.loss",
    ]
    page = open_page(written(tmp_path, {"runs": runs, "better": {"final_loss": "lower"}}), "#groups=yes&tab=scatter")
    assert page.get_by_label("y", exact=True).input_value() == "metric.final_loss"


def test_lines_join_the_means_of_a_colour(tmp_path: Path, open_page: Callable[..., Any]) -> None:
    points = [(rate, seed, opt) for opt in ("adam", "sgd") for rate in ("1", "2", "3") for seed in (0, 1)]
    groups = [measured(rate, seed, float(rate) + seed, opt=opt) for rate, seed, opt in points]
    path = written(tmp_path, {"runs": runs_with(groups)})
    page = open_page(path, "#groups=yes&tab=scatter&x=lr&colour=opt")
    assert page.locator(".through").count() == 0
    page.get_by_label("lines").check()
    lines = page.locator(".through").evaluate_all("lines => lines.map(line => line.getAttribute('d'))")
    assert [line.count("L") for line in lines] == [2, 2]
    assert "lines=yes" in page.evaluate("location.hash")
    other = open_page(path, page.evaluate("location.hash"))
    assert other.locator(".through").count() == 2


def test_axes_are_of_parameters_that_lines_have_a_place_on(tmp_path: Path, open_page: Callable[..., Any]) -> None:
    rates = [measured(rate, seed, float(rate) + seed) for rate in ("0.1", "0.3") for seed in (0, 1)]
    groups = [*rates, *(measured("0.2", seed, 2.0, momentum="0.9") for seed in (0, 1))]
    path = written(tmp_path, {"runs": runs_with(groups)})
    page = open_page(path, "#groups=yes&tab=parallel")
    axes = page.locator("[data-axis]").evaluate_all("axes => axes.map(axis => axis.dataset.axis)")
    assert axes == ["lr", "seed", "momentum", "metric.acc"]
    page = open_page(path, "#by=settings&tab=parallel")
    axes = page.locator("[data-axis]").evaluate_all("axes => axes.map(axis => axis.dataset.axis)")
    assert axes == ["lr", "momentum", "metric.acc"]


def test_a_selection_leaves_the_lines_and_marks_its_own(tmp_path: Path, open_page: Callable[..., Any]) -> None:
    groups = [measured(f"0.{n}", n, n) for n in range(1, 9)]
    page = open_page(written(tmp_path, {"runs": runs_with(groups)}), "#groups=yes&tab=parallel&selected=1-00000a.0")
    page.wait_for_selector("canvas[data-drawn]")
    lines = page.locator("canvas").first.element_handle()
    marked = page.locator("canvas").nth(1)
    before = marked.evaluate("canvas => canvas.toDataURL()")
    page.locator(".tick").nth(3).click()
    assert lines.evaluate("canvas => canvas.isConnected")
    assert marked.evaluate("canvas => canvas.toDataURL()") != before


def test_curves_are_drawn_over_time_where_there_is_one(tmp_path: Path, open_page: Callable[..., Any]) -> None:
    steps = list(range(0, 101, 10))
    loss = [steps, [1 / (1 + step) for step in steps]]
    timed = {"loss": loss, "time": [[0, 50, 100], [1.7e9, 1.7e9 + 60, 1.7e9 + 180]]}
    plain = {"loss": loss}
    path = written(tmp_path, {"runs": runs_with([{"series": timed}], [{"series": plain}])})
    page = open_page(path, "#tab=curves&metric=loss")
    assert page.locator(".curve").count() == 2
    page.get_by_label("over", exact=True).select_option("time")
    assert page.locator(".curve").count() == 1
    assert "1:00" in page.locator(".chart .tick-label").all_text_contents()
    assert "3:00" in page.locator(".chart .tick-label").all_text_contents()
    chart = page.locator(".chart").bounding_box()
    page.mouse.move(chart["x"] + 56 + (chart["width"] - 72) / 3, chart["y"] + 100)
    assert "0.01961 at 1:00" in page.locator(".key").inner_text()
    other = open_page(path, page.evaluate("location.hash"))
    assert other.locator(".curve").count() == 1
    without = open_page(written(tmp_path, {"runs": runs_with([{"series": plain}])}), "#tab=curves&over=time")
    assert without.get_by_label("over", exact=True).count() == 0
    assert without.locator(".curve").count() == 1


@pytest.mark.parametrize("tab", ["table", "compare", "scatter", "parallel", "curves"])
def test_a_page_is_the_same_after_a_reload(tmp_path: Path, open_page: Callable[..., Any], tab: str) -> None:
    path = written(tmp_path, {"runs": RUNS[::-1], "seeds": SEEDS, "better": {"acc": "higher"}})
    view = {
        "tab": tab,
        "where": ["lr<0.2", "not opt=rms"],
        "sort": "opt",
        "columns": ["metric.acc", "opt", "author"],
        "selected": ["2-00000a.0", "1-00000a.3"],
        "x": "opt",
        "y": "metric.acc",
        "colour": "none",
        "logy": True,
        "lines": True,
        "shade": "lr",
        "all": True,
    }
    for more in ({"groups": True}, {"by": ["opt"]}, {"groups": True, "open": "1-00000a.1"}):
        page = open_page(path, views.address_of(view | more))
        before = seen(page)
        page.reload()
        page.wait_for_selector("html[data-ready]")
        assert seen(page) == before


def seen(page: Any) -> tuple[Any, ...]:
    """Return the words and the drawing that a page shows."""
    drawing = page.locator("#panel svg")
    drawn = [part.inner_html() for part in drawing.all()]
    return page.locator("body").inner_text(), shown(page) if page.locator(".row .link").count() else [], drawn
