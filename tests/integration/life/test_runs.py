"""`qanat runs`: one table of runs or groups, with the parameters in which they differ, and their metrics."""

from __future__ import annotations

import csv
import io
from pathlib import Path

import pytest

from tests.integration.life.copies import copy_of
from tests.support.sandbox import Sandbox

TRAIN = """\
import argparse, json, pathlib

parser = argparse.ArgumentParser()
parser.add_argument("--lr", type=float)
parser.add_argument("--seed", type=int, default=0)
parser.add_argument("--fast", action="store_true")
parser.add_argument("--storage_path", type=pathlib.Path)
options = parser.parse_args()
acc = float("nan") if options.lr > 9 else round(1 - options.lr / 2 - options.seed / 100, 2)
metrics = {"acc": acc, "test": {"loss": float("inf") if options.lr > 9 else 2.5e-7}}
(options.storage_path / "metrics.json").write_text(json.dumps(metrics))
raise SystemExit(options.seed == 2)
"""


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Sandbox:
    """Return a project with a sweep of which one group failed, a run that diverged, and a run of another experiment."""
    sandbox = Sandbox.make(tmp_path_factory.mktemp("built") / "my project")
    sandbox.python_experiment("train", TRAIN)
    sandbox.experiment("other", "exit 0")
    sandbox.qanat("run", "train", "-R", "--lr 0.1,0.4", "-R", "--seed 1,2", code=1)
    sandbox.qanat("run", "--tag", "paper", "train", "--lr", "10", "--fast")
    sandbox.qanat("run", "other", "--lr", "0.1")
    return sandbox


@pytest.fixture
def trained(built: Sandbox, tmp_path: Path) -> Sandbox:
    """Return a copy of that project for one test."""
    return copy_of(built, tmp_path / "copy")


def table(text: str) -> list[list[str]]:
    """Split a table into cells."""
    return [line.split() for line in text.splitlines()]


def groups(sandbox: Sandbox, where: str, *options: str) -> list[tuple[str, int]]:
    """Return the groups that meet a condition, as the number of the run and their own."""
    rows = sandbox.qanat("runs", "--groups", "--json", "--where", where, *options).json
    return [(row["run"].partition("-")[0], row["group"]) for row in rows]


def test_runs_are_listed_with_what_differs_and_what_they_measured(trained: Sandbox) -> None:
    columns = "run,experiment,lr,fast,acc,state"
    shown = trained.qanat("runs", "--columns", columns).out
    assert table(shown) == [
        ["run", "experiment", "lr", "fast", "acc", "state"],
        ["3", "other", "0.1", "🏁", "finished"],
        ["2", "train", "10", "yes", "nan", "🏁", "finished"],
        ["1", "train", "0.1,0.4", "0.78…0.94", "❌", "failed"],
    ]
    usual = table(trained.qanat("runs", "train").out)
    assert usual[0] == ["run", "lr", "fast", "seed", "acc", "test.loss", "state", "duration", "date", "tag"]


def test_a_column_that_was_named_is_there_though_no_row_has_a_value(trained: Sandbox) -> None:
    chosen = ("runs", "--where", "experiment=other", "--columns", "run,fast,tag,metric.*,acc,lr")
    assert table(trained.qanat(*chosen).out) == [["run", "fast", "tag", "acc", "lr"], ["3", "0.1"]]
    assert trained.qanat(*chosen, "--format", "markdown").out.splitlines()[0] == "| run | fast | tag | acc | lr |"
    assert r"run & fast & tag & acc & lr" in trained.qanat(*chosen, "--format", "latex").out


def test_what_the_rows_share_but_other_runs_do_not_is_said_below(trained: Sandbox) -> None:
    best = ("runs", "train", "--groups", "--where", "state=finished", "--sort", "-acc")
    assert trained.qanat(*best, "--top", "2").out.splitlines()[-1] == "the same in all rows: seed 1"
    assert "the same" not in trained.qanat(*best).out
    assert "the same" not in trained.qanat(*best, "--top", "2", "--columns", "run,acc").out
    assert "the same" not in trained.qanat(*best, "--top", "2", "--csv").out


def test_the_best_groups_of_a_failed_sweep_count(trained: Sandbox) -> None:
    assert groups(trained, "state=finished and metric.acc>0", "--sort", "-acc") == [("1", 0), ("1", 1)]
    assert groups(trained, "lr<0.3 and metric.acc>0.9 or tag=paper", "--sort", "-acc") == [
        ("1", 0), ("1", 2), ("2", 0),
    ]  # fmt: skip
    assert groups(trained, "run.state=failed", "--top", "1") == [("1", 0)]
    assert groups(trained, "metric.acc=nan", "--where", "metric.test.loss=inf") == [("2", 0)]


def test_json_and_csv_have_everything_and_keep_nan_and_infinity_apart(trained: Sandbox) -> None:
    newest, _, sweep = trained.qanat("runs", "--json").json
    assert (newest["experiment"], newest["parameters"], newest["metrics"]) == ("other", {"lr": ["0.1"]}, {})
    assert sweep["parameters"] == {"lr": ["0.1", "0.4"], "seed": ["1", "2"]}
    assert sweep["metrics"]["acc"] == [0.94, 0.79, 0.93, 0.78]
    (group,) = trained.qanat("runs", "--groups", "--json", "--where", "--fast").json
    assert group["parameters"] == {"lr": "10", "fast": True}
    assert group["metrics"] == {"acc": "NaN", "test.loss": "Infinity"}
    rows = list(csv.DictReader(io.StringIO(trained.qanat("runs", "train", "--csv").out)))
    assert [(row["acc.min"], row["acc.max"], row["fast"]) for row in rows] == [
        ("nan", "nan", "yes"),
        ("0.78", "0.94", ""),
    ]
    rows = list(csv.DictReader(io.StringIO(trained.qanat("runs", "train", "--groups", "--csv").out)))
    assert [row["acc"] for row in rows] == ["nan", "0.94", "0.79", "0.93", "0.78"]


def test_markdown_and_latex_have_parameters_and_metrics_for_a_page(trained: Sandbox) -> None:
    asked = ("runs", "train", "--groups", "--where", "seed=1 or lr=10", "--sort", "lr")
    assert trained.qanat(*asked, "--format", "markdown").out.splitlines() == [
        "| run | group | lr | seed | fast | acc | test.loss |",
        "|---|---|---|---|---|---|---|",
        "| 1 | 0 | 0.1 | 1 |  | 0.94 | 2.5e-07 |",
        "| 1 | 1 | 0.4 | 1 |  | 0.79 | 2.5e-07 |",
        "| 2 | 0 | 10 |  | yes | nan | inf |",
    ]
    latex = trained.qanat(*asked, "--format", "latex", "--columns", "lr,metric.*").out.splitlines()
    assert latex[0] == r"\begin{tabular}{rrr}"
    assert latex[4:7] == [
        r"0.1 & 0.94 & $2.5 \times 10^{-7}$ \\",
        r"0.4 & 0.79 & $2.5 \times 10^{-7}$ \\",
        r"10 & nan & $\infty$ \\",
    ]


@pytest.mark.parametrize(
    ("options", "message", "hint"),
    [
        (["--where", "acuracy>1"], "no run has the parameter or metric 'acuracy' (char", "did you mean metric.acc?"),
        (["--where", "acc>1 or"], "a condition is missing (character 9 of the condition)", "for example: lr<0.01 and "),
        (["--sort", "-lrr"], "no run has the parameter or metric 'lrr'", "did you mean lr?"),
        (["--columns", "run,lr,test.los"], "no run has the parameter or metric 'test.los'", "did you mean metric.test"),
        (["--json", "--csv"], "--json cannot be used with --csv", "leave out one of them"),
        (["--csv", "--format", "latex"], "--csv cannot be used with --format", "leave out one of them"),
        (["--json", "--format", "text"], "--json cannot be used with --format", "leave out one of them"),
        (["trian"], "experiment 'trian' does not exist", "did you mean train?"),
    ],
)  # fmt: skip
def test_a_mistake_is_named(trained: Sandbox, options: list[str], message: str, hint: str) -> None:
    result = trained.qanat("runs", *options, code=2)
    assert f"qanat: {message}" in result.err
    assert f"hint: {hint}" in result.err


def test_nothing_is_found_and_said_so(trained: Sandbox, sandbox: Sandbox) -> None:
    result = trained.qanat("runs", "--where", "metric.acc>2")
    assert (result.out, result.err) == ("", "no run meets the condition\n")
    assert trained.qanat("runs", "--where", "metric.acc>2", "--json").json == []
    assert trained.qanat("runs", "--groups", "--where", "metric.acc>2", "--format", "latex").err == (
        "no group meets the condition\n"
    )
    assert sandbox.qanat("runs", "--where", "metric.acc>2", "--sort", "acc", "--columns", "lr").out == ""


@pytest.mark.parametrize("options", [(), ("--groups",), ("--format", "markdown")])
def test_without_runs_it_is_said_how_to_start_one(sandbox: Sandbox, options: tuple[str, ...]) -> None:
    result = sandbox.qanat("runs", *options)
    assert (result.out, result.err) == ("", "no experiments yet; create one with: qanat experiment new\n")
    sandbox.experiment("greet", "exit 0")
    assert sandbox.qanat("runs", *options).err == "no runs yet; start one with: qanat run NAME\n"
    assert sandbox.qanat("runs", "greet", *options).err == "no runs yet; start one with: qanat run greet\n"


def test_of_many_rows_the_first_are_shown(trained: Sandbox) -> None:
    trained.qanat("run", "other", "-R", "--lr 0 60 1")
    lines = trained.qanat("runs", "other", "--groups").out.splitlines()
    assert (len(lines), lines[-1]) == (52, "… and 11 more; --all shows them")
    assert len(trained.qanat("runs", "other", "--groups", "--all").out.splitlines()) == 62
    assert len(trained.qanat("runs", "other", "--groups", "--top", "3").out.splitlines()) == 4


# ---- comparing


def test_groups_that_meet_a_condition_are_compared_of_all_runs_or_of_some(trained: Sandbox) -> None:
    def compared(*words: str) -> list[tuple[str, int, object]]:
        rows = trained.qanat("compare", *words, "--json").json
        return [(row["parameters"]["lr"], row["groups"], row["metrics"]["acc"]["mean"]) for row in rows]

    assert compared("--where", "experiment=train and state=finished") == [
        ("0.1", 1, 0.94),
        ("0.4", 1, 0.79),
        ("10", 1, "NaN"),
    ]
    assert compared("2", "1", "--where", "lr>0.3") == [("10", 1, "NaN"), ("0.4", 1, 0.79)]
    assert compared("1", "--where", "seed=1", "--where", "lr=0.1") == [("0.1", 1, 0.94)]
    all_runs, finished = (
        trained.qanat("compare", *words, "--json").json for words in ([], ["--where", "state=finished"])
    )
    assert [(row["runs"], row["parameters"]) for row in all_runs] == [
        (row["runs"], row["parameters"]) for row in finished
    ]


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--where", "metric.acc>5"], "nothing to compare: no group meets the condition"),
        (["1", "--where", "--fast"], "nothing to compare: no group meets the condition"),
        (["--where", "acuracy>5"], "no run has the parameter or metric 'acuracy' (character 1 of the condition)"),
    ],
)
def test_what_cannot_be_compared_is_said(trained: Sandbox, words: list[str], message: str) -> None:
    assert f"qanat: {message}\n" in trained.qanat("compare", *words, code=2).err
