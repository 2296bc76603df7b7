"""Metrics: collected at the end of each group, and compared across runs as text, Markdown, JSON, CSV and plots."""

from __future__ import annotations

import csv
import io
import json
import shlex
import sys
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest

import qanat
from qanat.system.installation import to_add
from tests.integration.life.copies import copy_of
from tests.support.sandbox import Sandbox, call
from tests.support.terminal import Terminal

# Accuracy grows with n, loss falls with it, and both depend a little on the seed.
TRAIN = """\
import json, pathlib, sys
words = dict(zip(sys.argv[1::2], sys.argv[2::2]))
n, seed = int(words["--n"]), int(words.get("--seed", 0))
folder = pathlib.Path(words["--storage_path"])
metrics = {"acc": n / 10 + seed / 100, "test": {"loss": 5 - n - seed / 10}}
(folder / "metrics.json").write_text(json.dumps(metrics))
sys.exit(3 if n > 8 else 0)
"""
LOADED = """\
import json, sys
from qanat.cli.main import main
try:
    main()
finally:
    sys.stderr.write(json.dumps(list(sys.modules)))
"""
BETTER = {"acc": "higher", "test.loss": "lower"}
METRICS = [{"file": "metrics.json", "better": BETTER, "label": {"acc": "Accuracy"}, "unit": {"acc": "%"}}]


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Sandbox:
    """Return a project with a run over two values of n and three seeds, and a run of one more n."""
    sandbox = Sandbox.make(tmp_path_factory.mktemp("built") / "my project")
    sandbox.python_experiment("train", TRAIN, metrics=METRICS)
    sandbox.qanat("run", "train", "-R", "--n 1,2", "-R", "--seed 0 3 1")
    sandbox.qanat("run", "train", "--n", "3", "--seed", "0")
    return sandbox


@pytest.fixture
def trained(built: Sandbox, tmp_path: Path) -> Sandbox:
    """Return a copy of that project for one test."""
    return copy_of(built, tmp_path / "copy")


def table(text: str) -> list[list[str]]:
    """Split a table into cells, without the note below it."""
    lines = [line for line in text.splitlines() if not line.startswith(("mean ±", "seed:", "acc:"))]
    return [[cell.strip() for cell in line.split("    ") if cell.strip()] for line in lines]


# ---- collecting


@pytest.mark.parametrize(
    ("name", "content", "metrics", "expected"),
    [
        ("metrics.json", '{"acc": 0.5, "n": 3, "deep": {"er": {"x": 1}}}', None, {"acc": 0.5, "n": 3, "deep.er.x": 1}),
        ("metrics.yaml", "acc: 0.5\nname: x\nok: true\nlist: [1]\nsmall: 1e-3\n", None, {"acc": 0.5, "small": 0.001}),
        ("out/scores.json", '{"acc": 0.5, "loss": 2}', [{"file": "out/scores.json", "keys": ["acc"]}], {"acc": 0.5}),
        ("metrics.json", '{"acc": 0.5}', [{"file": "other.json"}], None),
    ],
)
def test_metrics_are_in_the_groups_line(
    sandbox: Sandbox, name: str, content: str, metrics: Any, expected: dict[str, float] | None
) -> None:
    script = f'mkdir -p "$2/out"; cat >"$2/{name}" <<"END"\n{content}\nEND\n'
    sandbox.experiment("measures", script, **({"metrics": metrics} if metrics else {}))
    said = sandbox.qanat("run", "measures").err
    left_out = f"note: {sandbox.root}/results/measures/run_1/{name}: 'name', 'ok' are not numbers"
    absent = f"note: {sandbox.root}/results/measures/run_1/other.json: does not exist, but the experiment asks for it"
    assert (left_out in said) is ("name: x" in content)
    assert (absent in said) is (expected is None)
    assert ("note" in said) is (left_out in said or absent in said)
    assert sandbox.record()["groups"][0].get("metrics") == expected
    sandbox.qanat("validate")


@pytest.mark.parametrize("content", ["{", "[" * 100_000, '{"a": "\\ud800"', "\0"])
def test_a_file_that_holds_no_metrics_is_said_and_the_run_is_what_it_was(sandbox: Sandbox, content: str) -> None:
    sandbox.write("content", content)
    sandbox.experiment("measures", 'cp content "$2/metrics.json"')
    result = sandbox.qanat("run", "measures")
    path = sandbox.root / "results/measures/run_1/metrics.json"
    assert f"note: {path}: is not a metrics file: " in result.err
    assert (sandbox.record()["state"], sandbox.record()["groups"][0].get("metrics")) == ("finished", None)


def test_a_group_that_fails_has_the_metrics_that_it_left(sandbox: Sandbox) -> None:
    sandbox.python_experiment("train", TRAIN)
    sandbox.qanat("run", "train", "--n", "9", code=1)
    assert sandbox.record()["groups"][0]["metrics"] == {"acc": 0.9, "test.loss": -4}


def test_numbers_that_json_does_not_have_are_kept_in_the_record_and_texts_in_json(sandbox: Sandbox) -> None:
    sandbox.experiment("measures", 'echo "{\\"a\\": NaN, \\"b\\": -Infinity, \\"c\\": 1}" >"$2/metrics.json"')
    sandbox.qanat("run", "measures")
    assert ".nan" in sandbox.record_files()[0].read_text()
    group = sandbox.qanat("show", "1", "--json").json["groups"][0]
    assert group["metrics"] == {"a": "NaN", "b": "-Infinity", "c": 1}
    found = sandbox.qanat("compare", "1", "--json").json[0]["metrics"]
    assert [found[name]["mean"] for name in "abc"] == ["NaN", "-Infinity", 1]
    sandbox.qanat("compare", "1", "--plot", "c", "a", code=2)
    sandbox.qanat("validate")


# ---- comparing


def test_runs_are_compared_by_what_differs_with_mean_and_deviation_over_seeds_and_the_best_marked(
    trained: Sandbox,
) -> None:
    result = trained.qanat("compare", "1", "2")
    assert table(result.out) == [
        ["runs", "n", "--n", "acc", "test.loss"],  # n is a column of its own
        ["1", "3", "1", "0.110 ± 0.010", "3.90 ± 0.10"],
        ["1", "3", "2", "0.210 ± 0.010", "2.90 ± 0.10"],
        ["2", "1", "3", "0.3", "2"],  # a single value is not best beside means,
    ]
    assert result.out.endswith(
        "\nmean ± standard deviation of n groups; seed: --seed (guessed by name); acc: Accuracy (%)\n"
    )
    assert result.err == ""


def test_rows_are_sorted_by_a_metric_the_better_first_or_by_other_columns(trained: Sandbox) -> None:
    def ns(*words: str) -> list[str]:
        return [row["parameters"]["n"] for row in trained.qanat("compare", "1", "2", "--json", *words).json]

    assert ns("--sort", "acc") == ["3", "2", "1"]
    assert ns("--sort", "test.loss") == ["3", "2", "1"]
    assert ns("--sort", "acc", "--better", "acc=lower") == ["1", "2", "3"]
    assert ns() == ["1", "2", "3"]
    assert ns("--sort", "-runs", "--sort", "--n") == ["3", "1", "2"]
    assert ns("--sort", "-parameter.n") == ["3", "2", "1"]


def test_rows_are_grouped_by_a_parameter(trained: Sandbox) -> None:
    rows = trained.qanat("compare", "1", "2", "--pool", "--group-by", "seed", "--json").json
    assert [(row["parameters"], row["groups"], row["runs"]) for row in rows] == [
        ({"seed": "0"}, 3, [trained.record(1)["id"], trained.record(2)["id"]]),
        ({"seed": "1"}, 2, [trained.record(1)["id"]]),
        ({"seed": "2"}, 2, [trained.record(1)["id"]]),
    ]
    assert rows[0]["metrics"]["acc"] == {
        **{"mean": pytest.approx(0.2), "std": pytest.approx(0.1), "n": 3, "best": True},
        "difference": None,
    }
    assert table(trained.qanat("compare", "2", "--group_by", "n").out)[0] == ["runs", "n", "--n", "acc", "test.loss"]


def test_the_page_of_a_run_has_some_metrics_and_compare_has_all(sandbox: Sandbox) -> None:
    sandbox.experiment("many", 'printf \'{"a": 1, "b": 2, "c": 3, "d": 4, "e": 5, "f": 6}\' >"$2/metrics.json"\n')
    sandbox.experiment("few", 'printf \'{"a": 1, "b": 2, "c": 3, "d": 4}\' >"$2/metrics.json"\n')
    sandbox.qanat("run", "many")
    sandbox.qanat("run", "few")
    page = sandbox.qanat("show", "1").out
    assert page.endswith("  group 0: finished: a 1, b 2, c 3, d 4, … and 2 more\n  for all metrics: qanat compare 1\n")
    assert "f" in sandbox.qanat("compare", "1").out.splitlines()[0].split()
    assert sandbox.qanat("show", "2").out.endswith("  group 0: finished: a 1, b 2, c 3, d 4\n")


def test_only_the_metrics_that_are_asked_for_are_shown(trained: Sandbox) -> None:
    words = ["compare", "1", "--sort", "test.loss", "--metric"]
    assert table(trained.qanat(*words, "acc").out)[0] == ["runs", "n", "--n", "acc"]
    assert table(trained.qanat(*words, "a*", "--metric", "test.*").out)[0] == [
        "runs",
        "n",
        "--n",
        "acc",
        "test.loss",
    ]
    assert [list(row["metrics"]) for row in trained.qanat(*words, "acc", "--json").json] == [["acc"], ["acc"]]
    result = trained.qanat(*words, "Acc", code=2)
    assert result.err == "qanat: no group has the metric 'Acc'\n  hint: available: acc, test.loss\n"


def test_json_has_the_whole_rows(trained: Sandbox) -> None:
    rows = trained.qanat("compare", "2", "1", "--json").json
    assert list(rows[0]) == [
        *(
            "experiment",
            "runs",
            "commit",
            "groups",
            "repeated",
            "unfinished",
            "pooled",
            "seeds",
            "parameters",
            "metrics",
        ),
        *("baseline", "compared_with"),
    ]
    assert rows[0]["parameters"] == {"n": "3"}
    assert (rows[1]["seeds"], rows[1]["pooled"], rows[1]["repeated"]) == (["0", "1", "2"], False, 0)
    assert rows[0]["metrics"]["acc"] == {"mean": 0.3, "std": None, "n": 1, "best": False, "difference": None}
    assert rows[1]["commit"] == trained.record(1)["code"]["commit"]


def test_csv_is_read_by_others(trained: Sandbox) -> None:
    rows = list(csv.DictReader(io.StringIO(trained.qanat("compare", "1", "2", "--csv").out)))
    metrics = ["acc", "acc.std", "acc.n", "test.loss", "test.loss.std", "test.loss.n"]
    assert list(rows[0]) == ["experiment", "runs", "groups", "commit", "n", *metrics]
    assert [float(row["acc"]) for row in rows] == pytest.approx([0.11, 0.21, 0.3])
    assert [(row["n"], row["groups"]) for row in rows] == [("1", "3"), ("2", "3"), ("3", "1")]
    assert (float(rows[0]["acc.std"]), rows[2]["acc.std"]) == (pytest.approx(0.01), "")


def test_columns_of_one_name_are_told_apart_in_csv(sandbox: Sandbox) -> None:
    sandbox.experiment("measures", 'echo "{\\"lr\\": $2, \\"commit\\": 1}" >"$6/metrics.json"')
    sandbox.qanat("run", "measures", "-R", "--lr 1,2", "-R", "--groups 5,6")
    rows = list(csv.DictReader(io.StringIO(sandbox.qanat("compare", "1", "--csv").out)))
    assert [(row["lr"], row["metric.lr"], row["groups"], row["parameter.groups"]) for row in rows][:2] == [
        ("1", "1", "1", "5"),
        ("2", "2", "1", "5"),
    ]
    assert rows[0]["metric.commit"] == "1"
    headings = sandbox.qanat("compare", "1").out.split("\n")[0].split()
    assert headings == ["runs", "n", "lr", "--groups", "metric.lr", "metric.commit"]


def test_markdown_is_a_table_in_which_the_best_is_bold(trained: Sandbox) -> None:
    lines = trained.qanat("compare", "1", "--format", "markdown").out.splitlines()
    assert lines[:3] == [
        "| runs | n | --n | Accuracy (%) | test.loss |",
        "|---|---|---|---|---|",
        "| 1 | 3 | 1 | 0.110 ± 0.010 | 3.90 ± 0.10 |",
    ]
    assert lines[3:] == [
        "| 1 | 3 | 2 | **0.210 ± 0.010** | **2.90 ± 0.10** |",
        "",
        "mean ± standard deviation of n groups; seed: --seed (guessed by name)",
    ]


def test_papers_get_a_table_with_titles_in_which_the_best_is_bold(trained: Sandbox) -> None:
    assert trained.qanat("compare", "1", "--format", "latex").out.splitlines() == [
        r"\begin{tabular}{rrrrr}",
        r"\toprule",
        r"runs & n & -{}-n & Accuracy (\%) & test.loss \\",
        r"\midrule",
        r"1 & 3 & 1 & $0.110 \pm 0.010$ & $3.90 \pm 0.10$ \\",
        r"1 & 3 & 2 & $\mathbf{0.210 \pm 0.010}$ & $\mathbf{2.90 \pm 0.10}$ \\",
        r"\bottomrule",
        r"\end{tabular}",
        "% mean ± standard deviation of n groups; seed: --seed (guessed by name)",
    ]
    of_runs = trained.qanat("runs", "--columns", "run,acc", "--format", "latex").out
    assert r"run & Accuracy (\%) \\" in of_runs
    assert trained.qanat("runs", "--columns", "run,acc", "--format", "markdown").out.startswith(
        "| run | Accuracy (%) |"
    )


def test_words_of_parameters_cannot_break_a_table(trained: Sandbox) -> None:
    evil = "a|b *c* <script> \x1b[2J\nnext"
    trained.qanat("run", "train", "--n", "4", "--name", evil)
    lines = trained.qanat("compare", "1", "3", "--format", "markdown")
    assert r"a\|b \*c\* \<script> \\x1b\[2J\\nnext" in lines.out
    rows = lines.out.partition("\n\n")[0].splitlines()
    assert len({line.replace(r"\|", "").count("|") for line in rows}) == 1
    text = trained.qanat("compare", "1", "3").out
    assert len(text.splitlines()) == 5
    assert "\x1b" not in text + trained.qanat("compare", "1", "3", "--csv").out


def test_runs_of_other_code_are_rows_of_their_own_with_their_commits(trained: Sandbox) -> None:
    trained.write("train.py", TRAIN.replace("n / 10", "n / 5"))
    trained.commit()
    trained.qanat("run", "train", "--n", "3", "--seed", "0")
    commits = [trained.record(n)["code"]["commit"][:7] for n in (2, 3)]
    assert table(trained.qanat("compare", "2", "3").out) == [
        ["runs", "n", "commit", "acc", "test.loss"],
        ["2", "1", commits[0], "0.3", "2 *"],
        ["3", "1", commits[1], "0.6 *", "2 *"],
    ]


def test_several_runs_are_pooled_only_on_request_and_the_same_seed_counts_once(trained: Sandbox) -> None:
    trained.qanat("run", "train", "--n", "3", "--seed", "4")
    trained.qanat("rerun", "3")
    apart = trained.qanat("compare", "2", "3", "4", "2")
    assert [row[:2] for row in table(apart.out)[1:]] == [["2", "1"], ["3", "1"], ["4", "1"]]
    pooled = trained.qanat("compare", "2", "3", "4", "--pool")
    assert table(pooled.out)[1:] == [["2, 4", "2", "0.320 ± 0.028", "1.80 ± 0.28"]]
    assert (
        pooled.err == "note: 1 group does not count, since another with the same parameters and seed finished later\n"
    )


def test_the_experiment_says_which_parameter_is_the_seed(trained: Sandbox) -> None:
    trained.qanat("experiment", "update", "train", "--seed", "--n")
    found = trained.qanat("compare", "1")
    assert table(found.out)[0] == ["runs", "n", "seed", "acc", "test.loss"]
    assert found.out.endswith("; seed: --n; acc: Accuracy (%)\n")


def test_rows_are_compared_with_a_baseline(trained: Sandbox) -> None:
    trained.write("train.py", TRAIN.replace("seed / 100", "(seed + 9) ** 2 / 100"))
    trained.commit()
    trained.qanat("run", "train", "-R", "--n 1,2", "-R", "--seed 0 3 1")
    found = trained.qanat("compare", "2", "3", "--baseline", "1", "--metric", "acc")
    assert [[row[0], *row[-1:]] for row in table(found.out)[1:]] == [
        ["1 (baseline)", "0.110 ± 0.010"],
        ["1 (baseline)", "0.210 ± 0.010"],
        ["2", "0.3"],
        ["3", "1.11 ± 0.20 (+1.00, better)"],
        ["3", "1.21 ± 0.20 (+1.00, better)"],
    ]
    assert "; p of a paired t-test; better, worse or significant: p < 0.05; acc: " in found.out
    rows = trained.qanat("compare", "1", "2", "--baseline", "n=1", "--json").json
    assert [(row["baseline"], row["compared_with"] and row["compared_with"]["row"]) for row in rows] == [
        (True, None),
        (False, 0),
        (False, 0),
    ]
    untested = rows[2]["metrics"]["acc"]["difference"]
    assert (untested["p"], untested["verdict"]) == (None, "untested")
    assert untested["untested"] == "one side has a single value"
    header, *lines = csv.reader(io.StringIO(trained.qanat("compare", "3", "--baseline", "1", "--csv").out))
    assert header[header.index("acc") :][:6] == ["acc", "acc.std", "acc.n", "acc.difference", "acc.p", "acc.verdict"]
    assert [line[header.index("acc.verdict")] for line in lines] == ["", "", "better", "better"]
    err = trained.qanat("compare", "1", "2", "--baseline", "n=7", code=2).err
    assert err.startswith("qanat: no row is the baseline 'n=7'\n")


def test_a_number_of_a_deleted_run_is_noted(trained: Sandbox) -> None:
    trained.qanat("delete", "1", "--yes")
    found = trained.qanat("compare", "1", "2", "7")
    assert found.err == "note: runs 1, 7 are missing, and may have been deleted\n"
    assert table(found.out)[1:] == [["2", "1", "0.3", "2"]]
    assert trained.qanat("compare", "1", "2", "7", "--environment").err == found.err
    assert "run 7 does not exist" in trained.qanat("compare", "1", "7", code=2).err


def test_groups_that_failed_are_left_out_and_a_run_without_any_is_said(trained: Sandbox) -> None:
    trained.qanat("run", "train", "-R", "--n 8,9", code=1)
    trained.qanat("run", "train", "--n", "9", code=1)
    result = trained.qanat("compare", "3", "4")
    assert result.err == (
        "note: run 4 is not shown, since none of its groups has finished\n"
        "note: 1 group that did not finish is left out: the only one of run 3 with n=9\n"
    )
    assert table(result.out)[1:] == [["3", "1", "0.8", "-3"]]
    said = "without 1 group that did not finish; no row, since no group finished: n=9"
    for form in ("latex", "markdown"):
        assert said in trained.qanat("compare", "3", "--format", form).out
    trained.qanat("compare", "3", "--output", "t.txt")
    assert said in (trained.root / "t.txt").read_text()
    result = trained.qanat("compare", "4", code=2)
    assert result.err == "qanat: nothing to compare: no group of these runs has finished\n"


def test_names_that_are_not_there_are_said_with_those_that_are(trained: Sandbox) -> None:
    for words, message, hint in (
        (["--sort", "-ac"], "no run has the parameter or metric 'ac'", "did you mean metric.acc?"),
        (["--better", "ac=higher"], "no group has the metric 'ac'", "available: acc, test.loss"),
        (["--group-by", "m"], "no group has the parameter 'm'", "available: n, seed"),
        (["--better", "acc"], "--better 'acc' is not METRIC=higher or METRIC=lower", "for example --better acc=higher"),
        (
            ["--better", "acc=up"],
            "--better 'acc=up' is not METRIC=higher or METRIC=lower",
            "for example --better acc=higher",
        ),
        (["--plot", "n", "ac"], "no row has both 'n' and 'ac' as numbers", "did you mean acc?"),
        (["--columns", "acc", "--metric", "test.*"], "--metric leaves out the column 'acc'", "leave out --metric"),
        (["--columns", " ,"], "--columns names no column", "leave it out for the usual columns"),
        (["--plot", "n", "acc", "--sort", "acc"], "--plot cannot be used with --sort", "leave out one of them"),
        (["--each"], "--each requires --plot", "add --plot X Y"),
        (["--plot", "n", "acc", "--each"], "--each requires --plot step NAME", "step stands for the steps of curves"),
        (["--plot", "step", "acc", "--each", "--pool"], "--each cannot be used with --pool", "leave out one of them"),
        (["--csv", "--format", "latex"], "--csv cannot be used with --format", "leave out one of them"),
        (["--columns", "n,ac"], "no run has the parameter or metric 'ac'", "did you mean metric.acc?"),
        (["--columns", "x*"], "no column matches 'x*'", "for example: --columns 'lr,metric.*'"),
        (["--plot", "n", "acc", "--json"], "--plot cannot be used with --json", "leave out one of them"),
        (["--output", "t.svg"], "t.svg would be a plot, which requires --plot", "add --plot X Y"),
        (["--output", "t.PNG"], "t.PNG would be a plot, which requires --plot", "add --plot X Y"),
        (
            ["--output", "train.py"],
            "train.py exists, and its name is not that of a table",
            "use .tex, .md, .csv, .json or .txt",
        ),
        (["--output", "t.xlsx"], "a table cannot be written as .xlsx", "use .tex, .md, .csv, .json or .txt"),
        (["--output", "t.tex", "--csv"], "t.tex is not a file of the format csv", "use another suffix or format"),
        (["--json", "--csv"], "--json cannot be used with --csv", "leave out one of them"),
    ):
        result = trained.qanat("compare", "1", *words, code=2)
        assert (result.out, result.err) == ("", f"qanat: {message}\n  hint: {hint}\n")


def test_columns_are_chosen_in_every_format_and_written_to_files(trained: Sandbox) -> None:
    words = ("compare", "1", "2", "--columns", "--n,acc")
    out = trained.qanat(*words, "--baseline", "n=2").out
    assert table(out)[:2] == [["--n", "acc"], ["1", "0.110 ± 0.010 (-0.100, worse)"]]
    assert table(out)[2][0] == "2 (baseline)"
    assert "\nmean ± standard deviation of 1 to 3 groups; " in out
    assert out.endswith("; acc: Accuracy (%)\n")
    assert trained.qanat(*words, "--output", "t.tex").out == "Wrote t.tex\n"
    assert (trained.root / "t.tex").read_text().splitlines()[2:5] == [
        r"-{}-n & Accuracy (\%) \\",
        r"\midrule",
        r"1 & $0.110 \pm 0.010$ \\",
    ]
    for suffix, begins in ((".md", "| --n | Accuracy"), (".csv", "n,acc,acc.std"), (".txt", "--n    acc")):
        trained.qanat(*words, "--output", f"t{suffix}")
        assert (trained.root / f"t{suffix}").read_text().startswith(begins)
    trained.qanat(*words, "--output", "t.json")
    rows = json.loads((trained.root / "t.json").read_text())
    assert rows == trained.qanat(*words, "--json").json
    assert {"experiment", "runs", "groups", "commit"}.isdisjoint(rows[0])
    assert (rows[0]["parameters"], [*rows[0]["metrics"]], rows[0]["unfinished"]) == ({"n": "1"}, ["acc"], 0)
    assert trained.qanat(*words, "--output", "gone/t.md", code=1).err == (
        "qanat: cannot write gone/t.md: no such file or directory\n  hint: choose another location\n"
    )


# ---- plots


def test_a_plot_is_drawn_in_the_terminal(trained: Sandbox) -> None:
    out = trained.qanat("compare", "1", "2", "--plot", "n", "acc", env={"COLUMNS": "60", "LINES": "20"}).out
    assert max(map(len, out.splitlines())) <= 60
    assert "0.30" in out
    assert "Accuracy (%)" in out
    assert out.endswith("\nmean ± standard deviation of 1 to 3 groups\n")
    assert "\x1b" not in out
    with Terminal(trained.root, "compare", "1", "2", "--plot", "n", "acc", size=(70, 20)) as terminal:
        terminal.ends()
        assert "0.30" in terminal.text


def test_over_the_seed_every_value_of_it_is_a_point_of_its_own(trained: Sandbox) -> None:
    out = trained.qanat("compare", "1", "--plot", "--seed", "acc", env={"COLUMNS": "60", "LINES": "20"}).out
    ends = [line.partition("┤")[0].strip() for line in out.splitlines() if "┤" in line]
    assert (float(ends[0]), float(ends[-1])) == (0.22, 0.1)


@pytest.mark.parametrize("kind", ["png", "svg", "SVG"])
def test_a_plot_is_drawn_to_a_file(trained: Sandbox, kind: str) -> None:
    file = trained.root.parent / f"a plot.{kind}"
    result = trained.qanat("compare", "1", "2", "--plot", "n", "acc", "--output", str(file))
    assert result.out == f"Wrote {file}\n"
    data = file.read_bytes()
    if kind == "png":
        assert data.startswith(b"\x89PNG\r\n\x1a\n")
    else:
        assert ElementTree.fromstring(data).tag == "{http://www.w3.org/2000/svg}svg"


def test_a_metric_is_drawn_over_another_and_names_are_no_formulas(sandbox: Sandbox) -> None:
    sandbox.experiment("measures", r"""echo "{\"x\$\\\\\\\\bad\$\": $2, \"y_1\": 2}" >"$4/metrics.json" """)
    sandbox.qanat("run", "measures", "-R", "--n 1,2")
    name = r"x$\bad$"
    assert name in sandbox.record()["groups"][0]["metrics"]
    file = sandbox.root.parent / "plot.svg"
    sandbox.qanat("compare", "1", "--plot", name, "y_1", "--output", str(file))
    assert file.exists()


def test_a_plot_that_cannot_be_written_is_said(trained: Sandbox) -> None:
    words = ["compare", "1", "--plot", "n", "acc", "--output"]
    result = trained.qanat(*words, "plot.pdf", code=2)
    assert (
        result.err
        == "qanat: --output plot.pdf is neither a PNG nor an SVG file\n  hint: use a name that ends in .png or .svg\n"
    )
    assert "cannot write no/folder.png: no such file or directory" in trained.qanat(*words, "no/folder.png", code=1).err
    other = trained.root.parent / "other"
    other.write_text("mine")
    (trained.root / "plot.png").symlink_to(other)
    trained.qanat(*words, "plot.png")
    assert not (trained.root / "plot.png").is_symlink()
    (trained.root / "plots").symlink_to(other.parent)
    trained.git("add", "plots")
    result = trained.qanat(*words, "plots/other.png", code=2)
    assert "plots is a symbolic link in git, and plots/other.png would be written where it leads" in result.err
    assert (other.read_text(), (other.parent / "other.png").exists()) == ("mine", False)


@pytest.mark.parametrize(("library", "words"), [("plotext", []), ("matplotlib", ["--output", "x.png"])])
def test_without_the_library_it_is_said_how_to_get_it(trained: Sandbox, library: str, words: list[str]) -> None:
    hidden = trained.root.parent / "hidden" / library
    hidden.mkdir(parents=True)
    (hidden / "__init__.py").write_text("raise ImportError\n")
    result = trained.qanat("compare", "1", "--plot", "n", "acc", *words, code=3, env={"PYTHONPATH": str(hidden.parent)})
    assert result.err.startswith("qanat: plots in ")
    assert f" require {library}\n" in result.err
    assert result.err.endswith(f"\n  hint: {to_add('plot')}\n")


def test_comparing_loads_no_library_for_drawing(trained: Sandbox) -> None:
    done = call([sys.executable, "-c", LOADED, "compare", "1"], trained.root)
    assert {"plotext", "matplotlib", "numpy", "pandas"} & set(json.loads(done.err)) == set()


def test_an_experiment_that_cannot_be_read_is_said_wherever_it_would_have_been_used(trained: Sandbox) -> None:
    definition = trained.root / ".qanat" / "experiments" / "train.yaml"
    assert "warning" not in trained.qanat("compare").err
    definition.write_text(definition.read_text() + "bogus: 1\n")
    for words in (["compare"], ["compare", "--csv"], ["compare", "--format", "latex"], ["runs", "--format", "latex"]):
        said = trained.qanat(*words).err
        assert "warning: .qanat/experiments/train.yaml" in said
        assert "bogus" in said
        assert "so no seeds, labels, units and better values of experiment 'train' are known" in said
    assert "warning: .qanat/experiments/train.yaml" in trained.qanat("metrics", "1", code=None).err
    assert "note: .qanat/experiments/train.yaml" in trained.qanat("report").err
    with pytest.warns(UserWarning, match="train.yaml.*bogus"):
        qanat.open(trained.root).compare()


def test_pooled_rows_and_a_review_do_not_tell_code_apart_by_what_qanat_keeps(trained: Sandbox) -> None:
    before = trained.git("rev-parse", "HEAD").strip()
    trained.qanat("experiment", "update", "train", "--label", "acc=Share", "--commit")
    trained.qanat("run", "train", "-R", "--n 1,2", "-R", "--seed 3 5 1")
    done = trained.qanat("compare", "1", "3", "--pool", "--json")
    assert [(len(row["runs"]), row["groups"]) for row in json.loads(done.out)] == [(2, 5)] * 2
    assert "share no row" not in done.err
    commits = ", ".join(trained.record(number)["code"]["commit"][:7] for number in (1, 3))
    assert [row[0] for row in table(trained.qanat("compare", "1", "3", "--pool", "--columns", "commit").out)[1:]] == [
        commits
    ] * 2
    trained.qanat("experiment", "update", "train", "--label", "acc=Part", "--commit")
    assert "Runs of code" not in trained.qanat("diff", f"{before}..HEAD").out
    trained.qanat(
        "experiment", "update", "train", "--executable-command", f"{shlex.quote(sys.executable)} -B", "--commit"
    )
    assert "which differs in .qanat/experiments/train.yaml" in trained.qanat("diff", f"{before}..HEAD").out
    trained.qanat("run", "train", "-R", "--n 1,2", "-R", "--seed 5 7 1")
    assert "share no row, since their code differs" in trained.qanat("compare", "1", "3", "4", "--pool").err


def test_runs_with_the_same_value_on_the_x_axis_are_separate_series(trained: Sandbox) -> None:
    trained.qanat("run", "train", "-R", "--n 1,2", "-R", "--seed 3 5 1")
    said = trained.qanat("compare", "1", "3", "--plot", "n", "acc")
    assert "run 1" in said.out
    assert "run 3" in said.out
    assert "note: runs with the same n are separate series; --pool joins those of the same code" in said.err
    assert "series" not in trained.qanat("compare", "1", "3", "--pool", "--plot", "n", "acc").err


@pytest.fixture
def curves(sandbox: Sandbox) -> Sandbox:
    """Two groups of run 1, whose curve `loss` falls from --lr to a third of it."""
    series = "import json, pathlib, sys\nwords = dict(zip(sys.argv[1::2], sys.argv[2::2]))\n"
    series += "lines = [json.dumps({'step': i, 'loss': float(words['--lr']) / (i + 1)}) for i in range(3)]\n"
    series += "(pathlib.Path(words['--storage_path']) / 'm.jsonl').write_text('\\n'.join(lines) + '\\n')\n"
    metrics = {"file": "m.jsonl", "better": {"loss": "lower"}, "label": {"loss": "Loss"}, "unit": {"loss": "nats"}}
    sandbox.python_experiment("curve", series, metrics=[metrics])
    sandbox.qanat("run", "curve", "-R", "--lr 3,6")
    return sandbox


def test_the_best_of_what_curves_came_to_is_marked_as_for_their_metric(curves: Sandbox) -> None:
    lines = curves.qanat("compare", "--columns", "lr,loss.min,loss.count").out.splitlines()
    assert [line.split() for line in lines[1:3]] == [["3", "1", "*", "3"], ["6", "2", "3"]]
    assert lines[3] == "loss.min: Loss (nats), min"


@pytest.mark.parametrize("command", [("compare", "1"), ("runs", "--groups")])
def test_what_curves_came_to_has_the_title_of_the_metric_in_papers(curves: Sandbox, command: tuple[str, ...]) -> None:
    lines = curves.qanat(*command, "--columns", "lr,loss,loss.min,loss.count", "--format", "markdown").out.splitlines()
    assert lines[0] == "| lr | Loss (nats) | Loss (nats), min | loss.count |"


@pytest.mark.parametrize("y", ["loss.max", "metric.loss.max"])
def test_what_curves_came_to_is_drawn_over_a_parameter(curves: Sandbox, y: str) -> None:
    said = curves.qanat("compare", "1", "--plot", "lr", y)
    assert "Loss (nats), max" in said.out
    assert not said.err
    assert "Loss (nats), max" in curves.qanat("compare", "1", "--plot", "loss.max", "loss").out
