"""The page that `qanat report` writes, in a real browser."""

from __future__ import annotations

import csv
import io
import json
import xml.etree.ElementTree as ElementTree
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest

from qanat.domain.run import Run
from qanat.records import run_codec
from qanat.web.page import page as page_of
from tests.support.report_runs import HOSTILE, hostile, sweep
from tests.support.sandbox import Sandbox, wait_until
from tests.support.shared_conditions import CASES, NOW, RUNS

pytestmark = pytest.mark.xdist_group("browser")
EXPERIMENT = """\
schema: experiment/1
name: train
executable: train.py
executable_command: python3
metrics:
  - file: metrics.json
    better: {acc: higher, loss: lower}
  - file: metrics.jsonl
"""


def add_runs(sandbox: Sandbox, runs: Sequence[Run]) -> None:
    """Commit the records of runs, and their experiment."""
    (sandbox.root / "train.py").write_text("print()\n")
    files = {run_codec.path_of(run): run_codec.encode(run) for run in runs}
    files[".qanat/experiments/train.yaml"] = EXPERIMENT.encode()
    for path, data in files.items():
        (sandbox.root / path).parent.mkdir(parents=True, exist_ok=True)
        (sandbox.root / path).write_bytes(data)
    sandbox.git("add", "--all")
    sandbox.git("commit", "--quiet", "--message", "runs")


@pytest.fixture(scope="module")
def report(tmp_path_factory: pytest.TempPathFactory, forked_commands: None) -> Path:
    """Return the report of a sweep of 40 runs."""
    sandbox = Sandbox.make(tmp_path_factory.mktemp("report") / "my project")
    add_runs(sandbox, sweep(40))
    (sandbox.root / "results/train/run_7").mkdir(parents=True)
    (sandbox.root / "results/train/run_7/stderr.txt").write_text("loss is nan\n")
    for number in (2, 3):
        folder = sandbox.root / f"results/train/run_{number}"
        folder.mkdir()
        lines = [json.dumps({"step": step, "loss": (1 + step) ** -0.6 / number**0.1}) for step in range(999)]
        (folder / "metrics.jsonl").write_text("\n".join(lines) + "\n")
    sandbox.qanat("comment", "24", "-m", "as good as it gets")
    assert "report.html: 40 runs" in sandbox.qanat("report").out
    return sandbox.root / "report.html"


def written(folder: Path, content: dict[str, Any]) -> Path:
    """Write a page with this content."""
    usual = {"project": "p", "created": NOW, "notes": [], "better": {}}
    (folder / "page.html").write_text(page_of(json.dumps(usual | content), "runs"))
    return folder / "page.html"


def measured(*runs: Sequence[dict[str, Any]], state: str = "finished") -> list[dict[str, Any]]:
    """Return runs 1, 2 and so on, with a group for each mapping of metrics."""
    return [
        RUNS[1]
        | {"id": f"{n}-00000b", "number": n, "state": state}
        | {"groups": [RUNS[1]["groups"][0] | {"number": g, "metrics": m, "state": state} for g, m in enumerate(groups)]}
        for n, groups in enumerate(runs, start=1)
    ]


def shown(page: Any) -> list[str]:
    """List the names of the rows in sight, from the top."""
    rows = "rows => rows.map(r => [+r.dataset.place, r.querySelector('.link').textContent]).sort((a, b) => a[0] - b[0])"
    return [name for _, name in page.locator(".grid-body .row").evaluate_all(rows)]


def add_condition(page: Any, text: str) -> None:
    """Type a condition and press Enter."""
    page.locator("#where").fill(text)
    page.locator("#where").press("Enter")


def test_the_report_opens_on_the_best_runs_and_what_tells_them_apart(
    report: Path, open_page: Callable[..., Any]
) -> None:
    page = open_page(report)
    assert shown(page)[0] == "24"
    headings = page.locator("[role=columnheader]").all_inner_texts()
    assert [heading for heading in headings if heading][:6] == ["state", "run", "acc↓", "opt", "lr", "seed"]
    assert page.locator(".summary").inner_text() == "40 runs · all with epochs 9"
    assert page.locator(".grid").get_attribute("aria-rowcount") == "41"
    assert page.locator(".row .best").first.inner_text() == "0.9524 … 0.9544"


def test_rows_are_sorted_filtered_and_selected_and_the_address_keeps_it_all(
    report: Path, open_page: Callable[..., Any]
) -> None:
    page = open_page(report)
    page.get_by_role("button", name="run", exact=True).click()
    assert shown(page)[:2] == ["40", "39"]
    page.get_by_role("button", name="took").click()
    assert shown(page)[0] == "1"
    add_condition(page, "lr<0.05 and opt~adam")
    page.get_by_role("button", name="failed 4").click()
    assert shown(page) == ["27", "37"]
    assert page.locator(".summary").inner_text() == "2 of 40 runs"
    page.locator(".tick").first.click()
    kept = page.evaluate("location.hash")
    assert "selected=27-" in kept
    other = open_page(report, kept)
    assert shown(other) == ["27", "37"]
    assert other.locator(".row.selected .link").all_inner_texts() == ["27"]
    other.get_by_label("drop lr<0.05 and opt~adam").click()
    assert len(shown(other)) == 4
    add_condition(other, "state=finished and state=failed")
    other.get_by_role("button", name="Show all 40").click()
    assert other.locator(".summary").inner_text().startswith("40 runs")


def test_a_wrong_condition_is_explained_and_one_in_an_address_has_no_effect(
    report: Path, open_page: Callable[..., Any]
) -> None:
    page = open_page(report, "#where=lr%3C")
    assert page.locator(".chip.wrong").inner_text().startswith("lr<")
    page = open_page(report, "#where=nosuch%3E1")
    chip = page.locator(".chip.wrong")
    assert chip.inner_text().split("\n")[:2] == ["nosuch>1", "without effect"]
    assert "no run has the parameter or metric 'nosuch'" in chip.get_attribute("title")
    assert page.locator(".summary").inner_text().startswith("40 runs")
    add_condition(page, "accurracy>1")
    assert "no run has the parameter or metric 'accurracy' (character 1" in page.locator(".toast").inner_text()
    page = open_page(report, "#tab=__proto__&sort=constructor&open=toString")
    assert page.get_by_role("tab", selected=True).text_content() == "Table"


def test_no_address_makes_the_page_wait(report: Path, open_page: Callable[..., Any]) -> None:
    pattern = "description~" + "*e" * 90 + "*x"
    page = open_page(report, f"#where={pattern}&tab=curves&smooth=1000000000")
    assert page.locator(".summary").inner_text().startswith("0 of 40 runs")
    assert page.get_by_label("smoothing").input_value() == "0"
    page = open_page(report, "#tab=compare&" + "&".join(f"selected={n}" for n in range(100_000)))
    assert page.locator(".summary").inner_text().startswith("40 runs")


def test_a_metric_may_be_called_like_what_every_object_has(tmp_path: Path, open_page: Callable[..., Any]) -> None:
    group = RUNS[1]["groups"][0] | {"number": 0, "metrics": {"constructor": 1.0, "loss": 0.5}}
    run = RUNS[1] | {"id": "1-00000b", "number": 1, "groups": [group | {"curves": {"loss": [0.5, 0.5, 1.0, 3]}}]}
    page = open_page(written(tmp_path, {"runs": [run]}), "#open=1-00000b")
    assert "loss" in page.locator("#drawer").inner_text()
    assert "undefined" not in page.locator("body").inner_text()


@pytest.mark.parametrize("values", [(5e-324, -5e-324), (1.7e308, -1.7e308), (1e-320, 2e-320)])
@pytest.mark.parametrize("tab", ["scatter", "parallel"])
def test_numbers_at_the_ends_of_what_numbers_can_be_are_drawn(
    tmp_path: Path, open_page: Callable[..., Any], values: Sequence[float], tab: str
) -> None:
    runs = measured(*([{"acc": value, "loss": value}] for value in values))
    for rate, run in enumerate(runs, start=1):
        run["groups"][0]["parameters"] = {"--lr": str(rate)}
    page = open_page(written(tmp_path, {"runs": runs}), f"#tab={tab}&x=metric.loss&y=metric.acc")
    page.locator("#panel svg").first.wait_for(state="attached")
    assert "NaN" not in page.locator("#panel").inner_html()


def test_groups_have_rows_of_their_own(report: Path, open_page: Callable[..., Any]) -> None:
    page = open_page(report)
    page.get_by_role("button", name="groups").first.click()
    assert shown(page)[0] == "24.2"
    assert page.locator(".summary").inner_text().startswith("50 groups")


def test_a_single_run_begins_with_its_groups(tmp_path: Path, open_page: Callable[..., Any]) -> None:
    page = open_page(written(tmp_path, {"runs": RUNS[:1]}))
    assert shown(page) == ["1.0", "1.1"]
    page.get_by_role("button", name="runs").click()
    assert shown(page) == ["1"]
    assert page.evaluate("location.hash") == "#groups=no"


def test_conditions_mean_what_they_mean_on_the_command_line(tmp_path: Path, open_page: Callable[..., Any]) -> None:
    page = open_page(written(tmp_path, {"runs": RUNS}))
    found = []
    for case in CASES:
        page.evaluate("location.hash = ''")
        wait_until(lambda: page.locator(".grid-body .row").count() == len(RUNS))
        add_condition(page, case["where"])
        if "error" in case:
            toast = page.locator(".toast").last.inner_text()
            page.evaluate("document.querySelectorAll('.toast').forEach(shown => shown.remove())")
            found.append({"where": case["where"], "error": toast.split(" condition). ")[0] + " condition)"})
        else:
            found.append({"where": case["where"], "meets": sorted(map(int, shown(page)))})
    assert found == CASES


def test_a_failed_run_says_first_why_and_how_to_repeat_it(report: Path, open_page: Callable[..., Any]) -> None:
    page = open_page(report)
    page.get_by_role("button", name="failed 4").click()
    page.locator(".row .link").first.click()
    drawer = page.get_by_role("dialog")
    number, run_id = drawer.get_attribute("aria-label").split()[1], page.evaluate("location.hash.split('open=')[1]")
    assert drawer.locator("h3").all_inner_texts() == [
        "why it failed: exit code 1",
        "to repeat it",
        "parameters",
        "record",
        "command",
    ]
    assert drawer.locator("pre.error").inner_text() == ("loss is nan" if number == "7" else "nothing on stderr")
    assert drawer.locator(".copyable pre").inner_text() == f"qanat rerun {run_id}"
    assert "python3 train.py --opt" in drawer.locator("pre").last.inner_text()
    page.keyboard.press("k" if drawer.get_by_role("button", name="Next").is_disabled() else "j")
    assert drawer.get_attribute("aria-label") != f"run {number}"
    page.keyboard.press("x")
    assert page.locator("#tray .pill").count() == 1
    page.keyboard.press("Escape")
    assert drawer.is_hidden()


def test_the_page_of_a_run_has_its_comment_its_groups_and_what_it_measured(
    report: Path, open_page: Callable[..., Any]
) -> None:
    page = open_page(report, "#open=24-02e668")
    drawer = page.get_by_role("dialog")
    assert "as good as it gets" in drawer.inner_text()
    assert drawer.get_by_role("row").filter(has_text="finished").count() == 3
    assert drawer.get_by_role("row").first.inner_text().split() == ["acc", "↑", "0.9524", "…", "0.9544"]


def test_the_page_of_a_run_with_groups_has_the_first_of_its_figures_after_them(
    tmp_path: Path, open_page: Callable[..., Any]
) -> None:
    (run,) = measured([{"acc": 0.1 * place} for place in range(10)], state="failed")
    for group in run["groups"]:
        image = f"1-00000b-{group['number']}-0.png"
        group["figures"] = [{"name": "loss.png", "bytes": 9, "modified": NOW, "image": image}]
        group["parameters"] = {"--lr": f"0.{group['number']}"}
    failures = [{"groups": 2, "first": 6, "reason": "exit code 1", "lines": []}]
    run["details"] = {"command": "python train.py", "groups": [], "failures": failures}
    drawer = open_page(written(tmp_path, {"runs": [run]}), "#groups=no&open=1-00000b").get_by_role("dialog")
    titles = drawer.locator("h3").all_inner_texts()
    assert titles[0] == "why it failed: 2 groups, first: group 6: exit code 1"
    assert titles[-3:] == ["10 groups", "figures", "record"]
    assert drawer.locator("figcaption").count() == 6
    drawer.get_by_role("button", name="Show all 10").click()
    drawer.locator("figcaption").nth(9).wait_for()
    assert drawer.get_by_role("button", name="Show all").count() == 0


def test_runs_are_compared_by_what_differs(report: Path, open_page: Callable[..., Any]) -> None:
    page = open_page(report)
    page.keyboard.press("2")
    assert "None selected: the first two" in page.locator("#panel").inner_text()
    page.keyboard.press("1")
    for place in (1, 2, 3):
        page.locator(".tick").nth(place).click()
    page.locator("#tray").get_by_role("button", name="Compare").click()
    rows = {row.split("\t")[0]: row.split("\t")[1:] for row in page.locator(".compared tr").all_inner_texts()}
    assert "epochs" not in rows
    assert rows["same in all"][0].startswith("lr 0.0032")
    assert len(rows["acc"]) == 6
    assert page.locator(".compared .best").count() == 2
    page.get_by_label("only what differs").uncheck()
    assert page.locator(".compared th", has_text="epochs").count() == 1
    assert "all=yes" in page.evaluate("location.hash")


def test_bars_have_the_length_of_what_rows_are_sorted_by(tmp_path: Path, open_page: Callable[..., Any]) -> None:
    runs = measured([{"acc": 0.1}, {"acc": 0.9}], [{"acc": 0.5}], [{"acc": 0.3}, {"acc": 0.7}])
    page = open_page(written(tmp_path, {"runs": runs, "better": {"acc": "higher"}}))

    def bars() -> list[str]:
        widths = "bars => bars.map(bar => parseFloat(bar.style.width).toFixed())"
        return list(page.locator(".grid-body .bar").evaluate_all(widths))

    assert (shown(page), bars()) == (["1", "3", "2"], ["100", "75", "50"])
    page.get_by_role("button", name="acc").click()
    assert (shown(page), bars()) == (["1", "3", "2"], ["2", "25", "50"])


def test_what_differs_is_compared_even_if_it_looks_the_same(tmp_path: Path, open_page: Callable[..., Any]) -> None:
    runs = measured(*([{"acc": acc, "loss": 0.5} for acc in values] for values in ((0, 1, 2, 4), (0, 3, 2, 4))))
    for run, seeds in zip(runs, ("0124", "0324"), strict=True):
        for group, seed in zip(run["groups"], seeds, strict=True):
            group["parameters"] = {"--seed": seed, "--epochs": "9"}
    page = open_page(written(tmp_path, {"runs": runs}), "#tab=compare")
    rows = {row.split("\t")[0]: row.split("\t")[1:] for row in page.locator(".compared tr").all_inner_texts()}
    assert rows["seed"] == ["0 … 4", "", "0 … 4", ""]
    assert rows["acc"] == ["0 … 4", "", "0 … 4", ""]
    assert rows["same in all"][0] == "epochs 9"
    assert "loss" not in rows
    assert page.locator(".compared td.note").all_inner_texts() == ["epochs 9"]


@pytest.mark.parametrize(
    ("values", "texts"),
    [
        ((203.2, 6.2301, 0.1034, 0.131), ["203.2", "6.23", "0.1034", "0.131"]),
        ((0.95241, 0.95244, 0.9), ["0.95241", "0.95244", "0.90000"]),
        ((0.1 + 0.2, 0.3, 0.25), ["0.3000", "0.3000", "0.2500"]),
        ((3.25e-7, 1.5e-5), ["3.25e\u22127", "1.5e\u22125"]),
        ((1234567.0, 1234568.0), ["1234567", "1234568"]),
        ((15500000.5, 0.5, 20.0), ["1.55e7", "0.5", "20"]),
        ((float("nan"), float("-inf"), 48.8, 76.88), ["nan", "\u2212inf", "48.80", "76.88"]),
        ((-0.00004, -2.5, 0.0), ["\u22124e\u22125", "\u22122.5", "0"]),
    ],
)
def test_different_values_look_different(
    tmp_path: Path, open_page: Callable[..., Any], values: Sequence[float], texts: Sequence[str]
) -> None:
    names = {float("inf"): "Infinity", float("-inf"): "-Infinity"}
    in_json: list[Any] = ["NaN" if value != value else names.get(value, value) for value in values]
    page = open_page(written(tmp_path, {"runs": measured(*([{"loss": value}] for value in in_json))}), "#sort=run")
    assert page.locator(".grid-body .number").all_inner_texts() == texts


def test_a_run_with_several_values_has_no_difference(tmp_path: Path, open_page: Callable[..., Any]) -> None:
    several, one, same, other = [{"acc": 0.1}, {"acc": 0.9}], [{"acc": 0.5}], [{"acc": 0.75}] * 2, [{"acc": 0.25}]
    file = written(tmp_path, {"runs": measured(several, one, same, other), "better": {"acc": "higher"}})

    def compared(*numbers: int) -> tuple[list[str], str]:
        page = open_page(file, "#tab=compare" + "".join(f"&selected={n}-00000b" for n in numbers))
        cells = page.locator(".compared tr", has_text="acc").locator("td").all_inner_texts()
        return cells, page.locator("#panel .note").first.inner_text()

    note = "Differences are from run"
    ranged = "A run with several values has none: choose groups to compare them."
    assert compared(1, 2) == (["0.1000 … 0.9000", "", "0.5000", ""], f"{note} 1. {ranged}")
    assert compared(2, 1) == (["0.5000", "", "0.1000 … 0.9000", ""], f"{note} 2. {ranged}")
    assert compared(2, 3, 4) == (["0.5000", "", "0.7500", "+0.25", "0.2500", "\u22120.25"], f"{note} 2.")


def test_points_show_a_metric_over_a_parameter_on_a_logarithmic_axis(
    report: Path, open_page: Callable[..., Any]
) -> None:
    page = open_page(report)
    page.get_by_role("tab", name="Scatter").click()
    drawing = page.get_by_role("img", name="acc over lr of 36 rows")
    assert "36 runs, left out: 4 without both values" in page.locator("#panel .note").inner_text()
    assert page.get_by_label("log x").is_checked()
    assert page.locator(".key .entry").all_inner_texts() == ["adam", "adamw", "sgd"]
    assert {"0.0001", "0.001", "0.01", "0.1"} <= set(drawing.locator(".tick-label").all_text_contents())
    assert drawing.locator(".range").get_attribute("d").count("M") == 5
    page.get_by_label("colour").select_option("loss")
    page.get_by_label("over x").select_option("opt")
    assert drawing.count() == 0
    assert {"x=opt", "colour=metric.loss"} <= set(page.evaluate("location.hash")[1:].split("&"))
    add_condition(page, "opt=adam and state=finished")
    page.get_by_role("img", name="acc over opt of").wait_for()
    box = page.locator(".chart").bounding_box()
    path = page.locator(".points").first.get_attribute("d")
    x, y = map(float, path[1 : path.index("m")].split())
    page.mouse.move(box["x"] + x, box["y"] + y)
    assert page.locator(".tip").inner_text().startswith("run ")
    page.mouse.click(box["x"] + x, box["y"] + y)
    assert page.get_by_role("dialog").is_visible()


def test_metrics_have_their_labels_and_keep_their_names_in_conditions(
    tmp_path: Path, open_page: Callable[..., Any]
) -> None:
    runs = measured([{"acc": 0.25}], [{"acc": 0.75}])
    page = open_page(written(tmp_path, {"runs": runs, "titles": {"acc": "Accuracy (%)"}, "better": {"acc": "higher"}}))
    heading = page.get_by_role("button", name="Accuracy (%)")
    assert heading.get_attribute("title") == "acc: higher is better"
    add_condition(page, "metric.acc>0.5")
    assert shown(page) == ["2"]
    assert "acc" in saved(page, "CSV").read_text().splitlines()[0].split(",")


def test_the_key_has_the_colours_of_points_and_their_lines_have_room(
    tmp_path: Path, open_page: Callable[..., Any]
) -> None:
    def group(acc: float, model: str) -> dict[str, Any]:
        given = {"--model": model} if model else {}
        return {**RUNS[1]["groups"][0], "metrics": {"acc": acc}, "parameters": given | {"--lr": str(acc)}}

    failed, one, several, none = measured([{}], [{}], [{}, {}], [{}])
    failed["groups"] = [{**group(0, "deep"), "metrics": {}}]
    one["groups"] = [group(0.5, "mlp")]
    several["groups"] = [
        group(acc, model) | {"parameters": {"--model": model}} for acc, model in ((0, "mlp"), (1, "cnn"))
    ]
    none["groups"] = [group(0.6, "")]
    page = open_page(written(tmp_path, {"runs": [failed, one, several, none]}), "#tab=scatter&x=duration&colour=model")
    assert page.locator(".key .entry").all_inner_texts() == ["mlp", "several values or not given"]
    assert {"0", "1"} <= set(page.locator(".tick-label").all_text_contents())


def test_points_first_have_the_colours_of_a_parameter_in_which_they_differ(
    tmp_path: Path, open_page: Callable[..., Any]
) -> None:
    runs = measured([{}], [{"acc": 0.5}], [{"acc": 0.75}])
    for run, model, opt in zip(runs, ("deep", "", ""), ("", "adam", "sgd"), strict=True):
        given = {"--model": model, "--opt": opt, "--lr": str(run["number"])}
        run["groups"][0]["parameters"] = {name: value for name, value in given.items() if value}
    page = open_page(written(tmp_path, {"runs": runs}), "#tab=scatter")
    assert page.get_by_label("colour").input_value() == "opt"
    assert page.locator(".key .entry").all_inner_texts() == ["adam", "sgd"]
    runs[2]["groups"][0]["parameters"]["--opt"] = "adam"
    page = open_page(written(tmp_path, {"runs": runs}), "#tab=scatter")
    assert page.get_by_label("colour").input_value() == "none"


def test_a_brush_on_parallel_coordinates_is_a_condition(report: Path, open_page: Callable[..., Any]) -> None:
    page = open_page(report, "#tab=parallel")
    page.locator("canvas[data-drawn='36']").wait_for()
    assert page.locator("[data-axis] .axis-title").all_text_contents() == [
        *("opt", "lr (log)", "seed", "loss (low is up)", "acc")
    ]

    def drag(axis: str, start: float, end: float) -> None:
        box = page.locator(f"[data-axis='{axis}'] .brushing").bounding_box()
        page.mouse.move(box["x"] + 12, box["y"] + start * box["height"])
        page.mouse.down()
        page.mouse.move(box["x"] + 12, box["y"] + end * box["height"], steps=3)
        page.mouse.up()

    drag("opt", 0.02, 0.3)
    assert page.locator(".chip.on").inner_text().split("\n")[0] == "opt=sgd"
    drag("metric.acc", 0, 0.2)
    assert "metric.acc>=" in page.locator(".chip.on").last.inner_text()
    assert page.locator(".brush:not([visibility])").count() == 2
    assert 0 < len(shown(page)) < 10
    page.locator(".row .link").first.hover()
    drag("opt", 0.5, 0.5)
    drag("metric.acc", 0.5, 0.5)
    assert page.locator(".chip.on").count() == 0


def test_a_line_passes_axes_on_which_its_run_has_no_value(tmp_path: Path, open_page: Callable[..., Any]) -> None:
    runs = measured([{}], [{"accuracy_on_the_whole_set": 0.5}], [{"accuracy_on_the_whole_set": 0.75}])
    for run, mistake in zip(runs, ("--lrr", "", "--sleep"), strict=True):
        given = {"--lr": str(run["number"]), mistake: "1", "--warm": "2"}
        run["groups"][0]["parameters"] = {name: value for name, value in given.items() if name}
    narrow = {"width": 390, "height": 800}
    page = open_page(written(tmp_path, {"runs": runs}), "#tab=parallel&selected=2-00000b", viewport=narrow)
    page.locator("canvas[data-drawn='2']").wait_for()
    *parameters, measured_title = page.locator("[data-axis] .axis-title").all_text_contents()
    assert parameters == ["lr", "sleep"]
    assert measured_title.startswith("accuracy")
    assert measured_title.endswith("…")
    assert page.locator("[data-axis] title").last.text_content() == "accuracy_on_the_whole_set"
    drawn = "canvas => canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height).data.some(Boolean)"
    assert page.locator("canvas").last.evaluate(drawn)  # the selected run, which has no --sleep


def test_runs_with_several_values_of_a_parameter_are_said_to_be_left_out(
    tmp_path: Path, open_page: Callable[..., Any]
) -> None:
    runs = measured([{"acc": 0.1}, {"acc": 0.9}], [{"acc": 0.5}], [{"acc": 0.75}], [{}])
    for place, run in enumerate(runs):
        for group in run["groups"]:
            group["parameters"] = {"--lr": f"0.{place + 1}{group['number']}"}
    page = open_page(written(tmp_path, {"runs": runs}), "#tab=scatter&x=lr&y=metric.acc")
    said = "2 runs, left out: 1 without both values, 1 with several values of one (choose groups to see each)"
    assert page.locator("#panel .note").inner_text() == said
    page.get_by_role("tab", name="Parallel").click()
    said = "1 run has several values of a parameter: choose groups to see each. "
    assert page.locator("#panel .note").inner_text().startswith(said)
    page.get_by_role("group", name="rows").get_by_role("button", name="groups").click()
    assert "several" not in page.locator("#panel .note").inner_text()


def test_curves_are_overlaid_and_smoothed(report: Path, open_page: Callable[..., Any]) -> None:
    page = open_page(report, "#tab=curves")
    entries = page.locator(".key .entry").all_inner_texts()
    assert entries == ["run 3\nlast 0.01421\n0.01421 to 0.896", "run 2\nlast 0.0148\n0.0148 to 0.933"]
    assert (page.locator(".curve.raw").count(), page.locator(".curve.smooth").count()) == (0, 2)
    page.get_by_label("smoothing").fill("2")
    assert page.locator(".curve.raw").count() == page.locator(".curve.smooth").count() == 2
    page.get_by_label("smoothing").fill("0")
    page.get_by_label("log y").check()
    assert "logc=yes" in page.evaluate("location.hash")
    box = page.locator(".chart").bounding_box()
    page.mouse.move(box["x"] + 56, box["y"] + 50)
    assert page.locator(".key .entry").first.inner_text() == "run 3\n0.896 at 0"
    add_condition(page, "run=2")
    page.locator(".tick").click()
    assert page.locator(".key .link").all_inner_texts() == ["run 2"]


def saved(page: Any, button: str) -> Path:
    """Click a button that saves something, and return the file."""
    with page.expect_download() as download:
        page.locator(".saving").get_by_role("button", name=button).click()
    return Path(download.value.path())


def test_what_is_seen_can_be_saved(tmp_path: Path, report: Path, open_page: Callable[..., Any]) -> None:
    page = open_page(report, "#where=opt%3Dsgd&tab=scatter")
    rows = list(csv.DictReader(io.StringIO(saved(page, "CSV").read_text())))
    assert [row["run"].split("-")[0] for row in rows[:2]] == ["32", "23"]
    assert [rows[1][name] for name in ("opt", "lr", "acc", "took")] == ["sgd", "0.01", "0.8523", "83"]
    assert rows[0]["acc"] == "0.8532 0.8542 0.8552"
    drawing = ElementTree.fromstring(saved(page, "SVG").read_text())
    assert drawing.get("width") == str(page.locator(".chart").evaluate("chart => chart.clientWidth"))
    assert not drawing.findall(".//*[@style]")
    words = [part.text for part in drawing.iter("{http://www.w3.org/2000/svg}text")]
    assert {"sgd", "acc", "lr"} <= set(words)
    assert not {"adam", "adamw"} & set(words)
    page.keyboard.press("4")
    assert saved(page, "PNG").read_bytes().startswith(b"\x89PNG")
    assert "<image" in saved(page, "SVG").read_text()
    bad = open_page(written(tmp_path, {"runs": [RUNS[0] | {"description": '=1+1,"2"'}]}))
    assert '"\'=1+1,""2"""' in saved(bad, "CSV").read_text()


def test_a_page_without_a_clipboard_says_that_nothing_was_copied(report: Path, open_page: Callable[..., Any]) -> None:
    page = open_page(report)
    page.evaluate("Object.defineProperty(navigator, 'clipboard', { value: undefined })")
    page.get_by_role("button", name="Copy link").click()
    assert page.locator(".toast").inner_text() == "the browser does not allow copying"


def test_paper_has_the_rows_and_no_buttons(report: Path, open_page: Callable[..., Any]) -> None:
    page = open_page(report)
    page.emulate_media(media="print")
    page.evaluate("dispatchEvent(new Event('beforeprint'))")
    assert page.locator(".grid-body .row").count() == 40
    assert page.get_by_role("button", name="Theme").is_hidden()
    page.evaluate("dispatchEvent(new Event('afterprint'))")


def test_hostile_text_does_nothing(sandbox: Sandbox, open_page: Callable[..., Any]) -> None:
    add_runs(sandbox, [*sweep(3), hostile(4)])
    sandbox.qanat("report", "--out", "page.html")
    page = open_page(sandbox.root / "page.html")
    add_condition(page, "opt~alert and 'description'~gnp")
    assert shown(page) == ["4"]
    assert "\u202e" not in page.locator("body").inner_text()
    assert r"\u{202e}gnp.exe" in page.locator(".row .note").inner_text()
    assert page.locator("img").count() == 0
    page.locator(".row .link").click()
    assert "alert" in page.get_by_role("dialog").inner_text()
    page.keyboard.press("x")
    page.keyboard.press("2")
    assert page.locator("img").count() == 0
    content = json.loads(sandbox.qanat("report", "4", "--json").out)
    assert content["runs"][0]["tags"] == [HOSTILE]


def test_ten_thousand_rows_are_shown_and_filtered_at_once(tmp_path: Path, open_page: Callable[..., Any]) -> None:
    template = RUNS[1]
    runs = [
        template
        | {
            "id": f"{n}-00000b",
            "number": n,
            "groups": [template["groups"][0] | {"parameters": {"--seed": str(n)}, "metrics": {"acc": n / 10_000}}],
        }
        for n in range(10_000, 0, -1)
    ]
    file = written(tmp_path, {"runs": runs})
    page = open_page(file)
    assert page.locator(".grid-body .row").count() < 60
    page.locator(".grid").evaluate("grid => { grid.scrollTop = grid.scrollHeight; }")
    page.wait_for_selector(".grid-body .row:last-child[data-place='9999']")
    assert shown(page)[-1] == "1"
    for key, ready in (("3", ".points"), ("4", "canvas[data-drawn='1200']")):
        page.keyboard.press(key)
        page.locator(ready).first.wait_for(state="attached")
    assert "1,200 of 10,000 drawn" in page.locator("#panel .note").inner_text()
    page.keyboard.press("1")
    add_condition(page, "seed<=20 and metric.acc>0.0015")
    assert shown(page) == ["20", "19", "18", "17", "16"]


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_page_fits_a_telephone_in_both_themes(report: Path, open_page: Callable[..., Any], scheme: str) -> None:
    page = open_page(report, viewport={"width": 390, "height": 800}, color_scheme=scheme)
    assert page.evaluate("document.documentElement.dataset.theme") == scheme
    assert page.evaluate("document.documentElement.scrollWidth") == 390
    page.get_by_role("button", name="Theme").click()
    assert page.evaluate("document.documentElement.dataset.theme") != scheme
