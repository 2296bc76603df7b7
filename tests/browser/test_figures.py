"""Figures in a real browser: in one file, in a folder, and served; beside each other, and one of them large."""

from __future__ import annotations

import hashlib
import re
import shutil
from collections.abc import Callable, Iterator
from http.client import HTTPConnection
from pathlib import Path
from typing import Any

import pytest

from tests.browser.test_report import EXPERIMENT, add_runs, written
from tests.support.images import HOSTILE_SVG, png
from tests.support.report_runs import sweep
from tests.support.sandbox import Sandbox, wait_until
from tests.support.shared_conditions import RUNS

pytestmark = pytest.mark.xdist_group("browser")
HOSTILE_NAME = "<img src=x onerror=alert(3)>\n\u202e\udc80.png"
LOADED = "images => Promise.all(images.map(image => image.decode())).then(() => true)"


def add_figures(sandbox: Sandbox) -> None:
    """Commit eight runs, of which 1, 2 and 3 have figures, as have the groups of run 8."""
    definition = sandbox.root / ".qanat/experiments/train.yaml"
    runs = sweep(8)
    add_runs(sandbox, runs)
    definition.write_text(f"{EXPERIMENT}figures: [plots/*.png, '*.svg']\n")
    sandbox.commit("figures")
    for place in ("run_1", "run_2", "run_3", "run_8/group_0", "run_8/group_2"):
        folder = sandbox.root / "results/train" / place
        (folder / "plots").mkdir(parents=True)
        (folder / "plots/loss 2.png").write_bytes(png(200))
        (folder / "plots/loss 10.png").write_bytes(png(20))
        (folder / "metrics.jsonl").write_text('{"step": 1, "loss": 2}\n{"step": 2, "loss": 1}\n')
    (sandbox.root / "results/train/run_2/net.svg").write_bytes(HOSTILE_SVG)
    (sandbox.root / "results/train/run_3/plots" / HOSTILE_NAME).write_bytes(png(90))


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory, forked_commands: None) -> Sandbox:
    """Return a project with figures, a report on it, and a folder with one."""
    sandbox = Sandbox.make(tmp_path_factory.mktemp("figures") / "my project")
    add_figures(sandbox)
    sandbox.qanat("report")
    sandbox.qanat("report", "--folder", "a report")
    return sandbox


SELECTED = "#tab=figures&selected=1-001eef&selected=2-003dde&selected=8-00f778"


@pytest.mark.parametrize("form", ["report.html", "a report/index.html"])
def test_figures_of_runs_are_beside_each_other(project: Sandbox, open_page: Callable[..., Any], form: str) -> None:
    page = open_page(project.root / form, SELECTED)
    page.locator(".figure img").nth(8).wait_for()
    headings = page.locator(".figures thead .link").all_inner_texts()
    assert headings == ["run 1", "run 2", "run 8.0", "run 8.2"]
    names = ["net.svg", "plots/loss 2.png", "plots/loss 10.png"]
    assert page.locator(".figures .title").all_inner_texts() == names
    assert page.locator(".figures tr:not(.title)").nth(1).locator("td").nth(1).locator("img").count() == 1
    assert page.locator(".figures tr:not(.title)").nth(1).locator("td").first.locator("img").count() == 0
    for image in page.locator(".figure img").all():
        image.scroll_into_view_if_needed()
    assert page.locator(".figure img").evaluate_all(LOADED)
    page.get_by_label("figure", exact=True).select_option("plots/loss 10.png")
    assert page.locator(".figures .title").all_inner_texts() == ["plots/loss 10.png"]
    assert "figure=plots%2Floss+10.png" in page.evaluate("location.hash")


def test_a_figure_is_shown_large_and_keys_go_to_others(project: Sandbox, open_page: Callable[..., Any]) -> None:
    page = open_page(project.root / "report.html", SELECTED)
    page.get_by_role("button", name="plots/loss 2.png of run 1").click()
    large = page.locator("#zoom")
    seen = [large.get_attribute("aria-label")]
    for key in ("ArrowRight", "ArrowDown", "ArrowRight", "ArrowRight", "ArrowRight", "ArrowUp", "j", "ArrowLeft"):
        page.keyboard.press(key)
        seen.append(large.get_attribute("aria-label"))
    assert [text.replace("plots/loss ", "").replace(".png of run", "") for text in seen] == [
        "2 1", "2 2", "10 2", "10 8.0", "10 8.2", "10 8.2", "2 8.2", "2 8.2", "2 8.0",
    ]  # fmt: skip
    again = open_page(project.root / "report.html", page.evaluate("location.hash"))
    assert again.locator("#zoom").get_attribute("aria-label") == "plots/loss 2.png of run 8.0"
    page.keyboard.press("Escape")
    assert large.is_hidden()
    assert page.evaluate("document.activeElement.getAttribute('aria-label')") == "plots/loss 2.png of run 8.0"
    page.get_by_role("button", name="net.svg of run 2").click()
    large.get_by_role("img").click()
    assert large.is_hidden()


def test_the_page_of_a_run_has_its_figures(project: Sandbox, open_page: Callable[..., Any]) -> None:
    page = open_page(project.root / "report.html", "#open=8-00f778")
    names = ["group 0: plots/loss 2.png", "group 0: plots/loss 10.png", "group 2: plots/loss 2.png"]
    drawer = page.locator("#drawer")
    assert drawer.locator("figcaption").all_inner_texts()[:3] == names
    drawer.locator(".figure").nth(2).click()
    assert page.locator("#zoom").get_attribute("aria-label") == "plots/loss 2.png of run 8.2"
    page.keyboard.press("Escape")
    assert drawer.is_visible()


@pytest.mark.parametrize("form", ["report.html", "a report/index.html"])
def test_the_name_of_a_figure_is_shown_as_text(project: Sandbox, open_page: Callable[..., Any], form: str) -> None:
    page = open_page(project.root / form, "#tab=figures&selected=3-005ccd")
    page.locator(".figure img").nth(2).wait_for()
    name = page.locator(".figures .title").first.inner_text()
    assert name.startswith("plots/<img src=x onerror=alert(3)>")
    assert r"\u{202e}\u{dc80}.png" in name
    assert page.locator("img").evaluate_all(LOADED)


@pytest.mark.parametrize(("form", "what"), [("report.html", "file"), ("a report/index.html", "folder")])
def test_a_copied_address_needs_the_whole_report(
    project: Sandbox, open_page: Callable[..., Any], form: str, what: str
) -> None:
    page = open_page(project.root / form)
    page.evaluate("Object.defineProperty(navigator, 'clipboard', { value: { writeText: async () => {} } })")
    page.get_by_role("button", name="Copy link").click()
    assert page.locator(".toast").inner_text() == f"address of this view copied; send the {what} along"


def test_paper_has_figures_and_no_buttons(project: Sandbox, open_page: Callable[..., Any]) -> None:
    page = open_page(project.root / "report.html", SELECTED)
    page.emulate_media(media="print")
    panel = page.locator("#panel").bounding_box()
    assert panel["height"] > page.locator(".figures").bounding_box()["height"] > 450
    page.get_by_role("button", name="plots/loss 2.png of run 1").click()
    assert page.get_by_role("button", name="Close", exact=True).is_hidden()
    assert page.locator("main").is_hidden()
    assert page.locator("#zoom img").is_visible()


def test_on_a_telephone_the_view_is_named_and_a_figure_has_the_screen(
    project: Sandbox, open_page: Callable[..., Any]
) -> None:
    page = open_page(project.root / "report.html", SELECTED, viewport={"width": 390, "height": 800})
    tab = page.get_by_role("tab", name="Figures").bounding_box()
    assert tab["x"] + tab["width"] <= 390
    assert page.evaluate("document.documentElement.scrollWidth") == 390
    page.get_by_role("button", name="plots/loss 2.png of run 1").click()
    assert page.locator("#zoom img").bounding_box()["width"] == 374


def test_selected_runs_without_figures_are_said_to_have_none(project: Sandbox, open_page: Callable[..., Any]) -> None:
    page = open_page(project.root / "report.html", "#tab=table")
    page.locator(".row", has=page.get_by_role("checkbox", name="select 5", exact=True)).locator(".tick").click()
    page.keyboard.press("6")
    assert page.locator("#panel").inner_text().split("\n")[-1] == "The selected runs have none."


def test_without_figures_the_page_says_how_to_get_some(tmp_path: Path, open_page: Callable[..., Any]) -> None:
    page = open_page(written(tmp_path, {"runs": RUNS}), "#tab=figures")
    assert 'qanat experiment update NAME --figure "plots/*.png"' in page.locator("#panel").inner_text()


def test_a_folder_has_curves_and_says_what_it_lacks(
    project: Sandbox, browser: Any, open_page: Callable[..., Any], tmp_path: Path
) -> None:
    page = open_page(project.root / "a report/index.html", "#tab=curves")
    page.locator(".curve").first.wait_for(state="attached")
    assert page.locator(".curve").count() == 5
    (tmp_path / "index.html").write_bytes((project.root / "a report/index.html").read_bytes())
    alone = browser.new_page()
    alone.goto((tmp_path / "index.html").as_uri())
    alone.get_by_text("Loading data.html").wait_for()
    alone.close()


def test_only_the_page_of_the_report_gets_the_data_of_a_folder(project: Sandbox, browser: Any, tmp_path: Path) -> None:
    shutil.copytree(project.root / "a report", tmp_path / "report")
    key = re.search('data-key="([^"]+)"', (tmp_path / "report/index.html").read_text())
    assert key is not None
    other = tmp_path / "other.html"
    for fragment, expected in (("", ["loaded"]), (f"#{key[1]}", ["data", "loaded"])):
        listen = "addEventListener('message', e => note(e.data.includes('runs') ? 'data' : e.data))"
        other.write_text(
            f"<script>function note(text) {{ document.title += text + ';' }}; {listen}</script>"
            f"<iframe src='report/data.html{fragment}' onload=\"postMessage('loaded', '*')\"></iframe>"
        )
        page = browser.new_page()
        page.goto(other.as_uri())
        wait_until(lambda page=page: "loaded" in page.title())  # type: ignore[misc]
        assert sorted(page.title().strip(";").split(";")) == expected
        page.close()


@pytest.fixture
def served(sandbox: Sandbox) -> Iterator[str]:
    """Start `qanat ui` in a project with figures, and return its address."""
    add_figures(sandbox)
    process = sandbox.start("ui", "--no-browser")
    assert process.stdout is not None
    yield process.stdout.readline().split(" at ")[1].strip()
    process.kill()
    process.communicate()


def test_figures_are_served_as_images_and_nothing_else(
    sandbox: Sandbox, served: str, open_page: Callable[..., Any]
) -> None:
    page = open_page(served, "#tab=figures&selected=2-003dde")
    page.locator(".figure img").nth(2).wait_for()
    assert page.locator(".figure img").evaluate_all(LOADED)
    where, _, token = served.removeprefix("http://").rstrip("/").partition("/")

    def answer(path: str) -> tuple[int, str | None, str | None]:
        connection = HTTPConnection(where, timeout=60)
        connection.request("GET", path)
        got = connection.getresponse()
        connection.close()
        return got.status, got.getheader("Content-Type"), got.getheader("Content-Security-Policy")

    image = f"figures/2-003dde-0-{hashlib.sha256(b'net.svg').hexdigest()[:12]}.svg"
    status, kind, policy = answer(f"/{token}/{image}")
    assert (status, kind) == (200, "image/svg+xml")
    assert policy is not None
    assert policy.endswith("sandbox")
    assert answer(f"/x/{image}")[0] == 404
    for path in ("../info.yaml", "%2e%2e/info.yaml", "9-000000-0-0.png", "", "../../../../../../etc/passwd"):
        assert answer(f"/{token}/figures/{path}")[0] == 404
    figure = sandbox.root / "results/train/run_2/net.svg"
    figure.unlink()
    figure.symlink_to("/etc/passwd")
    assert answer(f"/{token}/{image}")[0] == 404
