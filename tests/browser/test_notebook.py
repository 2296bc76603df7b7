"""What notebooks show of runs, as a browser renders it: tables in which nothing acts."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import qanat
from tests.browser.test_report import add_runs
from tests.support.report_runs import hostile, sweep
from tests.support.sandbox import Sandbox

pytestmark = pytest.mark.xdist_group("browser")
# As a notebook has it, with styles of its own; a script would be an error on the console, which fails the test.
PAGE = """\
<!doctype html><html data-ready><meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
<style>table {{ border-collapse: collapse }} td, th {{ padding: 2px 8px; text-align: right }}</style>
<div id="runs">{runs}</div><div id="run">{run}</div><div id="compared">{compared}</div><div id="none">{none}</div>
"""


def test_runs_a_run_and_a_comparison_are_tables_without_scripts(
    sandbox: Sandbox, tmp_path: Path, open_page: Callable[..., Any]
) -> None:
    add_runs(sandbox, [*sweep(24), hostile(25)])
    project = qanat.open(sandbox.root)
    shown = {
        "runs": project.runs(),
        "run": project.run(24),
        "compared": project.compare(where="state=finished"),
        "none": project.runs(where="state=running"),
    }
    file = tmp_path / "notebook.html"
    file.write_text(PAGE.format(**{name: value._repr_html_() for name, value in shown.items()}), encoding="utf-8")
    page = open_page(file)
    assert page.locator("#runs tbody tr").count() == 20
    assert page.locator("#runs").inner_text().rstrip().endswith("… and 5 more")
    assert page.locator("#runs thead th").all_inner_texts()[:4] == ["run", "experiment", "description", "state"]
    assert page.locator("#run tbody tr").count() == 3
    assert page.locator("#run").inner_text().startswith("Run 24 of train: finished")
    assert page.locator("#compared tbody tr").count() > 1
    assert page.locator("#none").inner_text() == "no runs"
    assert page.locator("script, img, iframe, a, form, [onerror], [onclick]").count() == 0
    text = page.locator("#runs tbody tr").first.inner_text()
    assert "<img src=x onerror=alert(2)>" in text
    assert "\u202e" not in text
    cells = page.locator("#runs tbody tr").nth(1).locator("td")
    assert [cells.nth(place).get_attribute("style") for place in (0, 5)] == ["white-space: nowrap"] * 2
    assert cells.first.bounding_box()["height"] < 40
