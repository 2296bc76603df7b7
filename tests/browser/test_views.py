"""Saved views in the header of the page, the file of a view, and what views name that is not there."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

from qanat.domain import views
from qanat.records import schemas
from tests.browser.test_report import shown, written
from tests.support.report_runs import HOSTILE
from tests.support.shared_conditions import RUNS

pytestmark = pytest.mark.xdist_group("browser")
VIEWS = [
    {"name": "rates", "description": "Which rate wins", "address": "#tab=scatter&where=lr%3C0.05&sort=run&logx=no"},
    {
        "name": "gone",
        "description": "",
        "address": "#sort=-speed&columns=lr&columns=speed&x=speed&open=99-00000f&tab=map",
    },
]
# What every part of a view can be, other than at first; `open` covers the page.
EVERYTHING = {
    "tab": "curves",
    "where": ["lr<0.05 or opt~a", "state=finished"],
    "sort": "-lr",
    "groups": True,
    "by": ["settings"],
    "expanded": ["~0f1e2d3c4b5a"],
    "columns": ["metric.acc", "lr"],
    "selected": ["1-00000a.0"],
    "open": "1-00000a.1",
    "all": True,
    "x": "lr",
    "y": "metric.acc",
    "colour": "none",
    "logx": False,
    "logy": True,
    "lines": True,
    "metric": "loss",
    "smooth": 9,
    "over": "time",
    "logc": True,
    "shade": "lr",
    "figure": "plots/loss.png",
    "zoom": "1-00000a-0-5df6e0e27617.png",
}

AXES = {"x": "over x", "y": "y", "colour": "colour"}


def test_a_view_is_chosen_in_the_header_and_goes_back(tmp_path: Path, open_page: Callable[..., Any]) -> None:
    page = open_page(written(tmp_path, {"runs": RUNS, "views": VIEWS}))
    choice = page.get_by_label("saved views")
    before = shown(page)
    choice.select_option("rates")
    assert page.get_by_role("tab", selected=True).text_content() == "Scatter"
    assert "lr<0.05" in page.locator(".chip.on").all_inner_texts()[-1]
    assert page.get_by_label("saved views").evaluate("choice => choice.selectedOptions[0].text") == "rates"
    page.go_back()
    page.wait_for_selector("main[data-tab=table]")
    assert shown(page) == before
    assert page.get_by_label("saved views").evaluate("choice => choice.selectedOptions[0].text") == "Views"


def test_a_page_opens_with_the_view_it_was_made_with(tmp_path: Path, open_page: Callable[..., Any]) -> None:
    path = written(tmp_path, {"runs": RUNS, "views": VIEWS, "view": "rates"})
    page = open_page(path)
    assert page.get_by_role("tab", selected=True).text_content() == "Scatter"
    assert page.evaluate("location.hash") == VIEWS[0]["address"]
    page.get_by_role("tab", name="Table").click()
    page.get_by_label("drop lr<0.05").click()
    page.get_by_role("button", name="took").click()
    kept = page.evaluate("location.hash")
    other = open_page(path, kept)
    assert shown(other) == shown(page)


def test_what_a_view_names_that_is_not_there_has_no_effect(tmp_path: Path, open_page: Callable[..., Any]) -> None:
    page = open_page(written(tmp_path, {"runs": RUNS, "views": VIEWS, "view": "gone"}))
    said = page.locator(".chip.wrong").inner_text()
    assert said.startswith("not in this report: column -speed, column speed, run 99-00000f, tab map")
    assert shown(page) == shown(open_page(written(tmp_path, {"runs": RUNS})))
    page.get_by_label("drop what is not in this report").click()
    assert page.locator(".chip.wrong").count() == 0
    assert page.evaluate("location.hash") == "#columns=lr"


def test_the_file_and_the_command_say_what_the_page_shows(tmp_path: Path, open_page: Callable[..., Any]) -> None:
    address = views.address_of(EVERYTHING)
    page = open_page(written(tmp_path, {"runs": RUNS}), f"{address}&where=description~%27it%E2%80%99s+%22%5C+%27")
    page.get_by_role("button", name="Close", exact=True).click()
    page.get_by_role("button", name="Save view").click()
    dialog = page.get_by_role("dialog", name="Save view")
    dialog.get_by_label("name").fill("my view's")
    command, file = dialog.locator("pre").all_inner_texts()
    content = yaml.safe_load(file)
    expected = EVERYTHING | {"where": [*EVERYTHING["where"], "description~'it\N{RIGHT SINGLE QUOTATION MARK}s \"\\ '"]}
    del expected["open"]
    assert content == {"schema": "view/1", "name": "my view's", **expected}
    assert schemas.problems(content | {"name": "a"}, "view") == []
    assert command.startswith("qanat view new 'my view'\\''s' --address '#tab=curves&")
    assert views.from_address(command.split("--address ")[1].strip("'")) == expected
    page.keyboard.press("Escape")
    dialog.wait_for(state="detached")


def test_a_metric_is_known_by_its_plain_name(tmp_path: Path, open_page: Callable[..., Any]) -> None:
    page = open_page(written(tmp_path, {"runs": RUNS}), "#tab=scatter&x=lr&y=acc&sort=-acc&columns=acc")
    assert page.get_by_label("y", exact=True).input_value() == "metric.acc"
    assert page.locator(".chip.wrong").count() == 0
    assert page.locator(".grid-head [aria-sort=descending]").count() == 1


def test_a_saved_view_names_its_axes(tmp_path: Path, open_page: Callable[..., Any]) -> None:
    page = open_page(written(tmp_path, {"runs": RUNS}), "#tab=scatter")
    drawn = {key: page.get_by_label(label, exact=True).input_value() for key, label in AXES.items()}
    page.get_by_role("button", name="Save view").click()
    command, file = page.get_by_role("dialog", name="Save view").locator("pre").all_inner_texts()
    assert yaml.safe_load(file) == {"schema": "view/1", "name": "my_view", "tab": "scatter", **drawn}
    assert views.from_address(command.split("--address ")[1].strip("'")) == {"tab": "scatter", **drawn}


def test_hostile_views_are_inert(tmp_path: Path, open_page: Callable[..., Any]) -> None:
    where = views.address_of({"where": [HOSTILE], "columns": [HOSTILE], "x": HOSTILE, "by": [HOSTILE], "tab": HOSTILE})
    hostile = [{"name": HOSTILE, "description": HOSTILE, "address": where}]
    page = open_page(written(tmp_path, {"runs": RUNS, "views": hostile, "view": HOSTILE}))
    assert "script" in page.locator(".chip.wrong").last.inner_text()
    page.get_by_role("button", name="Save view").click()
    assert "</script>" in page.get_by_role("dialog", name="Save view").inner_text()
    assert page.locator("img").count() == 0


@pytest.mark.parametrize("name", ["Save view", "Columns"])
def test_a_dialog_closes_by_a_click_beside_it_and_not_within(
    tmp_path: Path, open_page: Callable[..., Any], name: str
) -> None:
    page = open_page(written(tmp_path, {"runs": RUNS}))
    page.get_by_role("button", name=name).click()
    dialog = page.get_by_role("dialog", name=name)
    dialog.get_by_role("heading").click()
    dialog.click(position={"x": 3, "y": 3})
    assert dialog.is_visible()
    page.mouse.click(3, 3)
    dialog.wait_for(state="detached")
