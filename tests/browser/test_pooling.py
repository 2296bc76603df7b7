"""Groups that are one row of the page: by their settings or by parameters, and opened into members."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.browser.test_report import add_condition, saved, shown, written
from tests.support.shared_pools import CASES, RUNS, SEEDS, WRITTEN, run_of

pytestmark = pytest.mark.xdist_group("browser")


def cells_of(page: Any) -> list[dict[str, str]]:
    """Return the rows in sight, from the top, as their cells by headings."""
    headings = [text.strip("↑↓") for text in page.locator("[role=columnheader]").all_inner_texts()]
    texts = (
        "rows => rows.map(row => [+row.dataset.place, [...row.children].map(cell => cell.textContent)])"
        ".sort((a, b) => a[0] - b[0]).map(row => row[1])"
    )
    rows = page.locator(".grid-body .row").evaluate_all(texts)
    return [dict(zip(headings, row, strict=True)) for row in rows]


def plain(row: dict[str, str]) -> dict[str, Any]:
    """Return a row as the shared cases have it."""
    runs = [int(number) for number in row["runs"].strip("▸▾").split(", ")]
    metrics = {
        name: row[name].replace("\N{MINUS SIGN}", "-")
        for name in ("acc", "loss")
        if row[name] not in ("", "\N{EN DASH}")
    }
    return {"runs": runs, "n": row["n"], **metrics}


@pytest.mark.parametrize("case", CASES, ids=lambda case: str(case["by"]))
def test_groups_are_pooled_as_on_the_command_line(
    tmp_path: Path, open_page: Callable[..., Any], case: dict[str, Any]
) -> None:
    page = open_page(written(tmp_path, {"runs": RUNS[::-1], "seeds": SEEDS}), f"#by={case['by']}")
    assert [plain(row) for row in cells_of(page)] == case["rows"]


def test_means_and_deviations_are_written_as_on_the_command_line(tmp_path: Path, open_page: Callable[..., Any]) -> None:
    runs = [
        run_of({"number": n, "groups": [{"parameters": {"--c": f"x{n}"}, "metrics": {"acc": v}} for v in values]})
        for n, (values, _) in enumerate(WRITTEN, start=1)
    ]
    page = open_page(written(tmp_path, {"runs": runs}), "#by=settings")
    assert [row["acc"].replace("\N{MINUS SIGN}", "-") for row in cells_of(page)] == [text for _, text in WRITTEN]


def test_pooled_rows_open_into_their_members_and_the_address_keeps_it(
    tmp_path: Path, open_page: Callable[..., Any]
) -> None:
    path = written(tmp_path, {"runs": RUNS[::-1], "seeds": SEEDS, "better": {"acc": "higher"}})
    page = open_page(path)
    page.get_by_role("button", name="settings").click()
    assert page.locator(".summary").inner_text() == "8 settings of 18 groups, 3 left out"
    page.get_by_role("button", name="opt adam, lr 0.10").first.click()
    members = page.locator(".row.member .link")
    assert members.all_inner_texts() == ["2.0", "1.1", "1.0", "8.2"]
    assert "repeated later" in page.locator(".row.member").nth(1).inner_text()
    page.get_by_role("button", name="opt sgd, lr 0.1").click()
    members.first.click()
    drawer = page.get_by_role("dialog")
    assert drawer.get_attribute("aria-label") == "run 2.0"
    page.get_by_role("button", name="Next").click()
    assert drawer.get_attribute("aria-label") == "run 1.1"
    page.keyboard.press("k")
    assert drawer.get_attribute("aria-label") == "run 2.0"
    kept = cells_of(page)
    other = open_page(path, page.evaluate("location.hash"))
    assert cells_of(other) == kept
    assert other.get_by_role("dialog").get_attribute("aria-label") == "run 2.0"
    other.get_by_role("button", name="runs", exact=True).first.click()
    assert "by=" not in other.evaluate("location.hash")
    assert shown(other)[0] == "6"


def test_the_metric_of_pooled_rows_is_in_sight_on_a_narrow_screen(
    tmp_path: Path, open_page: Callable[..., Any]
) -> None:
    runs = [run for run in RUNS[::-1] if run["experiment"] == "train"]
    path = written(tmp_path, {"runs": runs, "seeds": SEEDS, "better": {"acc": "higher"}})
    page = open_page(path, "#by=settings", viewport={"width": 390, "height": 800})
    assert "commit" in page.locator("[role=columnheader]").all_inner_texts()
    box = page.locator("[role=columnheader]", has_text="acc").bounding_box()
    assert box["x"] + box["width"] <= 390


def test_pooled_rows_have_the_notes_of_the_command_line(tmp_path: Path, open_page: Callable[..., Any]) -> None:
    page = open_page(written(tmp_path, {"runs": RUNS[::-1], "seeds": SEEDS}), "#by=settings")
    assert page.locator("#filters .pooling").inner_text().split(" · ") == [
        "1 group does not count, since another with the same parameters and seed finished later",
        "1 group does not count, since a rerun of the same finished later",
        "2 groups that did not finish are left out: "
        "1 of 3 with opt adam, lr 0.10, commit 0000000; 1 of 1 with opt adamw, lr 0.1, commit 0000000",
        "seed: --seed of train (guessed by name); --fold of folds",
    ]
    page.get_by_role("button", name="runs", exact=True).first.click()
    assert page.locator("#filters .pooling").count() == 0


def test_pooled_rows_show_each_tag_and_time_once_and_many_values_by_their_ends(
    tmp_path: Path, open_page: Callable[..., Any]
) -> None:
    runs = [
        run_of({"number": n, "tags": tags, "groups": [{"parameters": {"--lr": lr, "--o": o, "--k": "1"}}]})
        | {"created": f"2026-11-01T10:00:0{n}+00:00"}
        for n, (tags, lr, o) in enumerate([([], "0.3", "d"), (["a"], "1", "c"), (["a"], "1e-2", "b"), ([], "0.1", "a")])
    ]
    page = open_page(written(tmp_path, {"runs": runs}), "#by=k&columns=tag&columns=date&columns=lr&columns=o")
    (row,) = cells_of(page)
    assert (row["tags"], row["lr"], row["o"]) == ("a", "1e-2 … 1", "d, c, and 2 more")
    assert row["launched"].count("2026") <= 1


def test_pooled_rows_are_saved_with_their_deviations_and_counts(tmp_path: Path, open_page: Callable[..., Any]) -> None:
    page = open_page(written(tmp_path, {"runs": RUNS[::-1], "seeds": SEEDS}), "#by=settings")
    first, second, *_ = csv.DictReader(io.StringIO(saved(page, "CSV").read_text()))
    assert (first["runs"], first["n"], first["acc.n"]) == ("1-00000a 2-00000a", "2", "2")
    assert round(float(first["acc"]), 6) == 0.85
    assert round(float(first["acc.std"]), 6) == 0.070711
    assert (second["loss"], second["loss.std"], second["loss.n"]) == ("2", "", "1")


def test_groups_are_pooled_by_parameters_that_a_dialog_chooses(tmp_path: Path, open_page: Callable[..., Any]) -> None:
    page = open_page(written(tmp_path, {"runs": RUNS[::-1], "seeds": SEEDS}))
    page.get_by_role("button", name="by …").click()
    page.get_by_role("dialog").get_by_label("opt").check()
    page.get_by_role("dialog").get_by_label("lr").check()
    page.get_by_role("button", name="Close").click()
    assert page.evaluate("location.hash") == "#by=opt&by=lr"
    assert page.get_by_role("button", name="by opt, lr").get_attribute("aria-pressed") == "true"
    rows = [(row["runs"][1:], row["opt"], row["lr"], row["n"]) for row in cells_of(page)]
    assert rows[:3] == [("1, 2", "adam", "0.10", "2 of 3"), ("1", "sgd", "0.1", "2"), ("2", "adamw", "0.1", "0 of 1")]
    add_condition(page, "opt=sgd")
    assert page.locator(".summary").inner_text() == "1 row of 2 of 18 groups"


def test_columns_are_chosen_in_a_dialog_and_the_address_keeps_them(
    tmp_path: Path, open_page: Callable[..., Any]
) -> None:
    path = written(tmp_path, {"runs": RUNS[::-1], "seeds": SEEDS})
    page = open_page(path)
    page.get_by_role("button", name="Columns").click()
    dialog = page.get_by_role("dialog")
    for name in ("state", "took", "launched", "loss", "seed", "fold", "opt", "experiment", "groups"):
        dialog.get_by_label(name, exact=True).uncheck()
    dialog.get_by_label("author").check()
    page.keyboard.press("Escape")
    assert [text for text in page.locator("[role=columnheader]").all_inner_texts() if text] == [
        "run",
        "acc",
        "lr",
        "author",
    ]
    kept = page.evaluate("location.hash")
    assert kept == "#columns=metric.acc&columns=lr&columns=author"
    other = open_page(path, kept + "&columns=constructor")
    assert cells_of(other) == cells_of(page)
    other.get_by_role("button", name="Columns").click()
    other.get_by_role("button", name="usual columns").click()
    assert other.evaluate("location.hash") == ""
