"""The page of `qanat report`: writing it, and what happens in a browser, beside Tabulator alone on the same rows."""

from __future__ import annotations

import json
import shutil
import subprocess
import time
from collections.abc import Callable, Generator, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from benchmarks import projects
from benchmarks.budgets import Budget, Measured
from benchmarks.clock import Cost, alternate, call, command, seconds, tell
from benchmarks.listing import SETTLED_S
from benchmarks.projects import QANAT, Place

EXPERIMENT = "reported"
TABULATOR, TABULATOR_VERSION = "tabulator-tables", "6.3.1"
CLICK_S = 0.1
CURVES, POINTS = 200, 5_000
ARGUMENTS = ("--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-component-update")
PEER_PAGE = """\
<!doctype html><meta charset="utf-8"><style>{style}</style><body style="margin:0"><div id="table"></div>
<script type="application/json" id="data">{data}</script><script>{script}</script>
<script>
const rows = JSON.parse(document.getElementById('data').textContent);
const columns = Object.keys(rows[0]).map((name) => ({{title: name, field: name}}));
const initialSort = [{{column: 'accuracy', dir: 'desc'}}];
window.table = new Tabulator('#table', {{height: '800px', data: rows, columns, initialSort}});
</script>
"""
# A step in a page, until what it has led to is drawn.
TIMED = """async () => {{
  const began = performance.now();
  {act}
  await new Promise((done) => requestAnimationFrame(() => setTimeout(done)));
  return (performance.now() - began) / 1000;
}}"""
FILTER = """const summary = document.querySelector('.summary').textContent;
  const field = document.getElementById('where');
  field.value = 'learning_rate<0.5 and metric.accuracy>0.6';
  field.dispatchEvent(new KeyboardEvent('keydown', {key: 'Enter', bubbles: true}));
  if (document.querySelector('.summary').textContent === summary) throw new Error('nothing was filtered');"""
OPEN = "document.querySelector('.grid-body .row .link').click();"
FILTER_PEER = """await window.table.setFilter([
    {field: 'learning_rate', type: '<', value: 0.5}, {field: 'accuracy', type: '>', value: 0.6}]);
  if (window.table.getDataCount('active') === window.table.getDataCount()) throw new Error('nothing was filtered');"""


def thousand_runs(place: Place) -> Iterator[Measured]:
    """Measure the report on 1,000 runs."""
    return _reported(place, 1_000, written_s=1.5, size_mb=3, shown_s=1.0)


def ten_thousand_runs(place: Place) -> Iterator[Measured]:
    """Measure the report on 10,000 runs."""
    return _reported(place, 10_000, written_s=6.0, size_mb=12, shown_s=2.5)


def _reported(place: Place, count: int, *, written_s: float, size_mb: float, shown_s: float) -> Iterator[Measured]:
    root = projects.make(place.folder / f"report-{count}", EXPERIMENT)
    projects.add_records(root, EXPERIMENT, count)
    time.sleep(SETTLED_S)
    what = f"the page of {count:,} runs"
    file = yield from _written(place, root, what, Budget(0, written_s), Budget(0, size_mb))
    with _browsing() as browser:
        if browser is None:
            return
        peer = _peer_page(place.folder, root)
        shown = [_opening(browser, file, ".grid-body .row")]
        shown += [_opening(browser, peer, ".tabulator-row")] if peer else []
        yield _beside(f"{what}: rows in sight", alternate("opening", place.slow, *shown), Budget(0, shown_s))
        filtered = [_acting(browser, file, FILTER)]
        filtered += [_acting(browser, peer, FILTER_PEER)] if peer else []
        yield _beside(f"{what}: a condition", alternate("filtering", place.slow, *filtered), Budget(0, CLICK_S))
        yield _beside(
            f"{what}: the page of a run",
            alternate("a click", place.slow, _acting(browser, file, OPEN)),
            Budget(0, CLICK_S),
        )


def many_curves(place: Place) -> Iterator[Measured]:
    """Measure the report on 200 runs with curves of 5,000 points."""
    root = projects.make(place.folder / "report-curves", EXPERIMENT)
    definition = root / ".qanat/experiments" / f"{EXPERIMENT}.yaml"
    definition.write_text(definition.read_text() + "metrics:\n- file: metrics.jsonl\n")
    projects.commit_all(root)
    projects.add_records(root, EXPERIMENT, CURVES)
    for number in range(1, CURVES + 1):
        folder = root / f"results/{EXPERIMENT}/run_{number}"
        folder.mkdir(parents=True)
        lines = (f'{{"step":{step},"loss":{(1 + step) ** -0.5 / number**0.1:.4f}}}\n' for step in range(POINTS))
        (folder / "metrics.jsonl").write_text("".join(lines))
    time.sleep(SETTLED_S)
    what = f"the page of {CURVES} runs with curves of {POINTS:,} points"
    file = yield from _written(place, root, what, None, Budget(0, 12))
    with _browsing() as browser:
        if browser is not None:
            drawn = alternate("drawing", place.slow, _opening(browser, file, ".curve", "#tab=curves"))
            yield _beside(f"{what}: curves in sight", drawn, Budget(0, 2.5))


def _written(
    place: Place, root: Path, what: str, time_budget: Budget | None, size_budget: Budget
) -> Generator[Measured, None, Path]:
    (ours,) = alternate(what, place.slow, command([QANAT, "report"], root))
    yield Measured(f"{what}, written", seconds(ours))
    yield Measured(f"{what}, written: time of a processor", [cost.cpu_s for cost in ours], budget=time_budget)
    yield Measured(f"{what}: memory", [cost.peak_mb for cost in ours], unit="MB")
    file = root / "report.html"
    yield Measured(f"{what}: size", [file.stat().st_size / 1e6], budget=size_budget, unit="MB")
    return file


def _beside(what: str, costs: list[list[Cost]], budget: Budget) -> Measured:
    ours, *theirs = costs
    if not theirs:
        return Measured(what, seconds(ours), budget=budget)
    return Measured(what, seconds(ours), "Tabulator alone", seconds(theirs[0]), budget)


@contextmanager
def _browsing() -> Iterator[Any]:
    """Yield Chromium; None, with a note, where it or playwright is missing."""
    program = shutil.which("chromium")
    try:
        from playwright.sync_api import sync_playwright
    except ImportError:
        program = None
    if program is None:
        tell("note: without playwright and chromium, nothing is measured in a browser")
        yield None
        return
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=program, args=list(ARGUMENTS))
        yield browser
        browser.close()


def _opening(browser: Any, file: Path, ready: str, view: str = "") -> Callable[[], Cost]:
    """Return a side that opens a page until something is in sight."""

    page = browser.new_page(viewport={"width": 1280, "height": 800})

    def shown() -> None:
        page.goto(file.as_uri() + view)
        page.wait_for_selector(ready)

    def side() -> Cost:
        page.goto("about:blank")  # or only the part after # would change
        return call(shown)()

    return side


def _acting(browser: Any, file: Path, act: str) -> Callable[[], Cost]:
    """Return a side that does something in a page that has been opened before."""
    page = browser.new_page(viewport={"width": 1280, "height": 800})

    def side() -> Cost:
        page.goto("about:blank")
        page.goto(file.as_uri())
        page.wait_for_selector(".grid-body .row, .tabulator-row")
        return Cost(page.evaluate(TIMED.format(act=act)))

    return side


def _peer_page(folder: Path, root: Path) -> Path | None:
    """Write a page in which Tabulator shows the same rows; None without npm or without a network."""
    packages = folder / "npm"
    if not packages.exists():
        words = ["npm", "install", "--silent", "--no-save", f"--prefix={packages}", f"{TABULATOR}@{TABULATOR_VERSION}"]
        if shutil.which("npm") is None or subprocess.run(words, check=False, stdout=subprocess.DEVNULL).returncode:
            tell("note: Tabulator cannot be installed with npm, so nothing is measured beside it")
            return None
    dist = packages / "node_modules" / TABULATOR / "dist"
    found = subprocess.run([QANAT, "report", "--json"], cwd=root, capture_output=True, text=True, check=True).stdout
    rows = [_row(run) for run in json.loads(found)["runs"]]
    text = PEER_PAGE.format(
        style=(dist / "css/tabulator.min.css").read_text(),
        data=json.dumps(rows).replace("<", r"\u003c"),
        script=(dist / "js/tabulator.min.js").read_text(),
    )
    file = root / "tabulator.html"
    file.write_text(text)
    return file


def _row(run: Mapping[str, Any]) -> dict[str, Any]:
    (group,) = run["groups"]
    given = {name.lstrip("-"): float(value) for name, value in group["parameters"].items()}
    accuracy = group.get("metrics", {}).get("accuracy")
    kept = {name: run[name] for name in ("state", "number", "created", "ended", "author", "description", "commit")}
    return {**kept, "accuracy": accuracy, **given}
