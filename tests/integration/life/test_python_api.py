"""Runs as Python objects, and the examples of the docs."""

from __future__ import annotations

import inspect
import json
import os
import re
import shlex
import shutil
import subprocess
import sys
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import qanat
from qanat.domain.condition import parse
from qanat.domain.facts import facts_of
from qanat.domain.measured import CurveSummary, Point
from qanat.domain.run import Group
from qanat.domain.search import Names, search
from qanat.errors import NotFound, PackageMissing, ProjectNotFound, UsageError
from tests.integration.life.copies import copy_of
from tests.integration.life.endings import exit_code
from tests.support.gates import Gates
from tests.support.sandbox import Result, Sandbox, call
from tests.unit.records.example import RUN

ROOT = Path(__file__).resolve().parents[3]
DOCS = ROOT / "docs" / "python-api.md"
NOTEBOOKS = ROOT / "docs" / "notebooks.md"
TRAIN = """\
import json, pathlib, sys
n = float(sys.argv[sys.argv.index("--n") + 1])
folder = pathlib.Path(sys.argv[sys.argv.index("--storage_path") + 1])
(folder / "metrics.json").write_text(json.dumps({"acc": n / 10}))
sys.exit(3 if n > 8 else 0)
"""


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Sandbox:
    """Return a project with three runs: of one group, of two, and one that failed."""
    sandbox = Sandbox.make(tmp_path_factory.mktemp("built") / "my project")
    sandbox.python_experiment("train", TRAIN)
    sandbox.qanat("run", "--tag", "paper", "--description", "First", "train", "--n", "1", "--name", "x")
    sandbox.qanat("run", "train", "-R", "--n 2,3", "--names", "a", "b")
    sandbox.qanat("run", "train", "--n", "9", code=1)
    return sandbox


@pytest.fixture
def trained(built: Sandbox, tmp_path: Path) -> Sandbox:
    """Return a copy of that project for one test."""
    return copy_of(built, tmp_path / "copy")


def blocks(kind: str, page: Path = DOCS) -> list[str]:
    """List the code blocks of one language in a page."""
    return re.findall(rf"^```{kind}\n(.*?)^```$", page.read_text(), re.MULTILINE | re.DOTALL)


def test_a_project_is_created_from_a_starting_point(tmp_path: Path) -> None:
    (tmp_path / "here").mkdir()
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    words = [sys.executable, "-W", "error", "-c", blocks("python")[2]]
    assert call(words, tmp_path / "here", env={"PATH": path}).out.startswith("finished 0.")
    project = qanat.open(tmp_path / "moons")
    assert [run.experiment for run in project.runs()] == ["train"]
    with pytest.raises(UsageError, match="is already a qanat project"):
        qanat.init(project.path)
    with pytest.raises(UsageError, match="there is no starting point 'pyton'"):
        qanat.init(tmp_path / "other", template="pyton")
    with pytest.raises(UsageError, match="are for starting points of others") as caught:
        qanat.init(tmp_path / "other", ref="v1")
    assert caught.value.hint == "add source=SOURCE"
    (tmp_path / "other").mkdir()
    (tmp_path / "other/README.md").write_text("# Mine\n")
    with pytest.raises(UsageError, match=r"README\.md already exists") as caught:
        qanat.init(tmp_path / "other", template="minimal")
    assert caught.value.hint.endswith("keep yours in place of these with: keep=True")
    with pytest.warns(UserWarning, match=r"kept as they are: README\.md"):
        other = qanat.init(tmp_path / "other", source=project.path, keep=True, result_dir="out")
    assert "result_dir: out\n" in (other.path / ".qanat/config.yaml").read_text()


def test_runs_have_paths_parameters_metrics_and_the_rest(trained: Sandbox) -> None:
    trained.qanat("comment", "1", "-m", "# Good")
    project = qanat.open(trained.root)
    assert project.path == trained.root
    runs = project.runs()
    assert [run.number for run in runs] == [3, 2, 1]
    run, record = runs[2], trained.record(1)
    assert (run.id, run.experiment, run.description, run.tags) == (record["id"], "train", "First", ("paper",))
    assert (run.state, run.runner, run.commit) == ("finished", "local", record["code"]["commit"])
    assert run.comment == "# Good\n"
    assert run.path == trained.root / "results/train/run_1"
    assert (run.parameters, run.metrics) == ({"--n": "1", "--name": "x"}, {"acc": 0.1})
    assert isinstance(run.started, datetime)
    assert run.ended is not None
    assert run.started <= run.ended
    assert run.record.command == tuple(record["command"])
    first, second = runs[1].groups
    assert [g.number for g in (first, second)] == [0, 1]
    assert (second.args, second.parameters) == (("--names", "a", "b", "--n", "3"), {"--names": ["a", "b"], "--n": "3"})
    with pytest.raises(UsageError, match="run 2 has 2 groups, each with metrics of its own") as caught:
        _ = runs[1].metrics
    assert caught.value.hint == "use [group.metrics for group in run.groups]"
    with pytest.raises(UsageError, match="each with curves of its own"):
        runs[1].curve("loss")
    assert (second.metrics, second.state, second.exit_code) == ({"acc": 0.3}, "finished", 0)
    assert second.path == trained.root / "results/train/run_2/group_1"
    assert (second.path / "metrics.json").is_file()


def test_runs_are_found_by_what_they_are(trained: Sandbox) -> None:
    project = qanat.open(trained.root)

    def numbers(**asked: Any) -> list[int]:
        return [run.number for run in project.runs(**asked)]

    assert numbers(state="finished") == [2, 1]
    assert numbers(experiment="train", state="failed") == [3]
    assert numbers(tag="paper") == [1]
    assert numbers(where=["n>=2", "n<9"]) == [2]
    assert numbers(where="n>=2 and n<9 or tag=paper") == [2, 1]
    assert numbers(where=["First"]) == [1]
    assert numbers(where=["after:2000-01-01", f"commit:{trained.record()['code']['commit'][:8]}"]) != []
    assert numbers(tag="none") == []
    assert project.run(2).id == project.run("2").id == trained.record(2)["id"]
    assert project.run(trained.record(2)["id"]).number == 2


def test_runs_are_a_sequence(trained: Sandbox) -> None:
    runs = qanat.open(trained.root / "results").runs()
    assert len(runs) == 3
    assert [run.number for run in runs[:2]] == [3, 2]
    assert isinstance(runs[:2], qanat.Runs)
    assert runs[-1].number == 1
    assert runs[0] in runs
    assert len(runs[:2].to_pandas()) == 3


def test_mistakes_are_errors_with_a_message_and_a_hint(trained: Sandbox, tmp_path: Path) -> None:
    project = qanat.open(trained.root)
    with pytest.raises(UsageError, match="'done' is not a state"):
        project.runs(state="done")
    with pytest.raises(UsageError, match="'x' is not a date"):
        project.runs(where=["after:x"])
    with pytest.raises(NotFound, match="experiment 'trian' does not exist") as raised:
        project.runs(experiment="trian")
    assert raised.value.hint == "did you mean train?"
    with pytest.raises(NotFound, match="run 9 does not exist"):
        project.run(9)
    with pytest.raises(ProjectNotFound, match="is not in a git repository"):
        qanat.open(tmp_path)


def test_an_experiment_without_runs_and_runs_of_a_deleted_one_are_no_mistake(trained: Sandbox) -> None:
    trained.experiment("empty", "exit 0")
    (trained.root / ".qanat/experiments/train.yaml").unlink()
    project = qanat.open(trained.root)
    assert len(project.runs(experiment="empty")) == 0
    assert project.runs(experiment="empty").to_pandas().empty
    assert len(project.runs(experiment="train")) == 3
    assert len(project.runs(experiment="train", state="cancelled")) == 0


def test_a_run_that_goes_on_and_one_that_has_ended_meanwhile_are_as_they_are_now(sandbox: Sandbox) -> None:
    gates = Gates(sandbox)
    process = gates.start()
    project = qanat.open(sandbox.root)
    assert (project.run(1).state, project.run(1).ended) == ("running", None)
    process.kill()
    exit_code(process)
    gates.open()
    gates.ended()
    assert project.run(1).state == "finished"
    assert sandbox.record()["state"] == "finished"
    assert sandbox.status() == ""


# ---- pandas


def test_a_table_has_a_row_for_each_group_and_numbers_where_all_are(trained: Sandbox) -> None:
    table = qanat.open(trained.root).runs().to_pandas()
    assert list(table.columns) == ["run", "experiment", "group", "state", "commit", "path", "n", "acc", "names", "name"]
    assert list(table["n"]) == [9, 2, 3, 1]
    assert table["n"].dtype == np.int64
    assert list(table["acc"]) == pytest.approx([0.9, 0.2, 0.3, 0.1])
    assert list(table["state"]) == ["failed", "finished", "finished", "finished"]
    assert list(table["group"]) == [0, 0, 1, 0]
    assert list(table["names"].fillna("")) == ["", "a b", "a b", ""]
    assert table["path"][2] == str(trained.root / "results/train/run_2/group_1")


def test_a_column_with_a_word_in_it_stays_words(trained: Sandbox) -> None:
    trained.qanat("run", "train", "--n", "1", "--name", "7")
    table = qanat.open(trained.root).runs(where=["n=1"]).to_pandas()
    assert list(table["name"]) == ["7", "x"]


def test_names_that_are_taken_are_told_apart(sandbox: Sandbox) -> None:
    sandbox.experiment("odd", 'echo "{\\"lr\\": 0.5, \\"run\\": 7}" >"$6/metrics.json"')
    sandbox.qanat("run", "odd", "--lr", "1", "--state", "cold")
    (row,) = qanat.open(sandbox.root).runs().to_pandas().to_dict("records")
    assert row["run"] == sandbox.record()["id"]
    assert (row["state"], row["parameter.state"]) == ("finished", "cold")
    assert (row["lr"], row["metric.lr"], row["metric.run"]) == (1, 0.5, 7)


def test_numbers_that_are_none_are_nan_and_keep_nobody_from_looking(sandbox: Sandbox) -> None:
    sandbox.experiment("odd", 'echo "{\\"a\\": NaN, \\"b\\": Infinity}" >"$2/metrics.json"')
    sandbox.qanat("run", "odd")
    runs = qanat.open(sandbox.root).runs()
    assert np.isnan(runs[0].metrics["a"])
    assert runs[0].metrics["b"] == np.inf
    assert np.isnan(runs.to_pandas()["a"][0])


def test_pandas_is_imported_only_when_it_is_asked_for(trained: Sandbox) -> None:
    code = """
import json, sys, qanat
runs = qanat.open(".").runs(experiment="train")
[(run.path, group.parameters, group.metrics) for run in runs for group in run.groups]
before = [name for name in ("pandas", "numpy", "click", "rich", "questionary") if name in sys.modules]
runs.to_pandas()
print(json.dumps([before, "pandas" in sys.modules]))
"""
    assert call([sys.executable, "-W", "error", "-c", code], trained.root).json == [[], True]


def test_importing_qanat_loads_nothing_of_it() -> None:
    code = "import sys, qanat; print([n for n in sys.modules if n.startswith('qanat.')], sorted(qanat.__all__))"
    out = call([sys.executable, "-c", code], ROOT).out
    assert (
        out
        == "[] ['Curve', 'Group', 'Progress', 'Project', 'Run', 'Runs', '__version__', 'init', 'log_metrics', 'open']\n"
    )
    with pytest.raises(AttributeError, match="module 'qanat' has no attribute 'opne'"):
        qanat.opne  # noqa: B018


def test_without_pandas_it_is_said_how_to_get_it(trained: Sandbox, monkeypatch: pytest.MonkeyPatch) -> None:
    runs = qanat.open(trained.root).runs()
    monkeypatch.setitem(sys.modules, "pandas", None)
    with pytest.raises(PackageMissing, match="requires pandas") as raised:
        runs.to_pandas()
    assert raised.value.hint == f"{shlex.quote(sys.executable)} -m pip install pandas"


def test_objects_are_shown_in_short(trained: Sandbox) -> None:
    runs = qanat.open(trained.root).runs()
    assert re.fullmatch(r"<Runs: \d+-\w{6} \w+(, \d+-\w{6} \w+)*>", repr(runs))
    many = qanat.Runs([*runs] * 1_000)
    assert re.fullmatch(r"<Runs: (\d+-\w{6} \w+, ){10}… and [\d,]+ more>", repr(many))
    assert repr(qanat.Runs([])) == "<Runs: none>"
    assert re.fullmatch(r"<Run \d+-\w{6} of train: \w+, \d+ groups?>", repr(runs[0]))
    long = replace(runs[0].groups[0].record, args=("x" * 10**6,) * 100)
    assert len(repr(qanat.Group(long, runs[0].path))) < 200


@pytest.mark.slow
def test_the_interface_is_typed_for_those_who_use_it(tmp_path: Path) -> None:
    file = tmp_path / "uses.py"
    file.write_text(
        "import qanat\n"
        "runs = qanat.open('.').runs(experiment='x', state='finished', where=['n>1'])\n"
        "number: int = runs[0].number\n"
        "more: qanat.Runs = runs[1:]\n"
        "value: float = runs[0].groups[0].metrics['acc']\n"
        "wrong: int = runs[0].id\n"
    )
    # `make lint` has checked qanat itself already, in the same way.
    out = call([sys.executable, "-m", "mypy", "--strict", str(file)], ROOT, code=1).out
    assert [line for line in out.splitlines() if line.startswith(str(file))] == [
        f'{file}:6: error: Incompatible types in assignment (expression has type "str", variable has type "int")'
        "  [assignment]"
    ]


# ---- the docs


@pytest.fixture
def iris(tmp_path: Path) -> Sandbox:
    """Return the iris example as a project with runs over two numbers of bins."""
    shutil.copytree(ROOT / "examples/iris", tmp_path / "iris")
    sandbox = Sandbox(tmp_path / "iris")
    sandbox.qanat("init", "--yes")
    sandbox.qanat("dataset", "new", "data/iris.yaml")
    sandbox.qanat("experiment", "new", "experiments_details/summary_statistics_iris.yaml")
    sandbox.commit()
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    sandbox.qanat("run", "summary_iris", "-R", "--nbins 10,20", "-R", "--seed 0,1", env={"PATH": path})
    return sandbox


def test_texts_are_checked_and_documents_are_fresh_or_not(trained: Sandbox) -> None:
    best = "<!-- qanat:best(acc, experiment=train, fresh) better=higher -->?<!-- /qanat -->"
    trained.write("paper.md", f"{best} <!-- qanat:9:acc -->1<!-- /qanat -->\n")
    trained.qanat("document", "new", "--name", "paper", "--path", ".")
    trained.commit("a paper")
    documents = qanat.open(trained.root).documents
    found = documents.check(trained.root / "paper.md")
    assert (found.written, len(found), len(found.wrong)) == ((), 2, 2)
    assert [one.problems[0].verdict for one in found] == ["differs", "gone"]
    assert (found[0].value, found[0].text, found[0].runs) == ("0.3", "?", (trained.record(2)["id"],))
    with pytest.raises(UsageError, match="repin=True requires write=True"):
        documents.check("paper", repin=True)
    with pytest.raises(TypeError, match="ignore is a list"):
        documents.check("paper", ignore="code")
    (block,) = [block for block in blocks("python") if "documents" in block]
    out = call([sys.executable, "-W", "error", "-c", block], trained.root).out
    assert out == "paper.md 1 9:acc None ['gone']\npaper False\n"
    trained.write("paper.md", (trained.root / "paper.md").read_text().partition(" <!-- qanat:9")[0])
    state = documents.status("paper")
    assert (state.fresh, state.dependencies, state.problems) == (True, (), ())


@pytest.mark.slow
def test_the_first_examples_of_the_docs_and_the_cells_of_a_notebook_work_on_the_iris_example(iris: Sandbox) -> None:
    first, searching, _, _, _, comparing, *_ = blocks("python")
    out = call([sys.executable, "-W", "error", "-c", first], iris.root).out
    assert out.startswith(
        f"{iris.record()['id']} {iris.root}/results/summary_iris/run_1 {{'--nbins': '10', '--seed': '0'}}"
    )
    shown = f"{searching}print(len(coarse))"
    assert call([sys.executable, "-W", "error", "-c", shown], iris.root).out == "1\n"
    compared = call([sys.executable, "-W", "error", "-c", comparing], iris.root).out.splitlines()
    starts = [f"{{'nbins': '{nbins}'}} 2 0." for nbins in (10, 20)]
    assert all(line.startswith(start) for line, start in zip(compared, starts, strict=True))
    launch, cell, plot = blocks("python", NOTEBOOKS)
    *lines, last = cell.rstrip().splitlines()
    shown = "\n".join([*lines, f"print(({last}).to_json())"])
    values = call([sys.executable, "-W", "error", "-c", shown], iris.root).json
    scores = [
        group["metrics"]["bootstrap_se.sepal_length"]
        for group in iris.record()["groups"]
        if group["args"][group["args"].index("--nbins") + 1] == "20"
    ]
    assert values == {
        "mean": {"20": pytest.approx(np.mean(scores))},
        "std": {"20": pytest.approx(np.std(scores, ddof=1))},
    }
    drawn = f"{plot.rstrip()}.figure.savefig('plot.png')"
    call([sys.executable, "-W", "error", "-c", drawn], iris.root, env={"MPLBACKEND": "agg"})
    assert (iris.root / "plot.png").read_bytes().startswith(b"\x89PNG")
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    *lines, last = launch.rstrip().splitlines()
    shown = "\n".join([*lines, f"print({last})"])
    assert call([sys.executable, "-W", "error", "-c", shown], iris.root, env={"PATH": path}).out == (
        f"<Run {iris.record(2)['id']} of summary_iris: finished, 4 groups>\n"
    )


@pytest.mark.slow
def test_the_launches_of_the_docs_work_on_the_iris_example(iris: Sandbox) -> None:
    _, _, _, first, sweep, *_ = blocks("python")
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"

    def run(block: str) -> Result:
        return call([sys.executable, "-W", "error", "-c", block], iris.root, env={"PATH": path})

    result = run(first)
    score = iris.record(2)["groups"][0]["metrics"]["bootstrap_se.sepal_length"]
    assert (result.out, result.err) == (f"finished {score}\n", "")
    assert iris.record(2)["tags"] == ["python"]
    *told, last = run(sweep).out.splitlines()
    assert told[0] == "0 of 6 groups have ended"
    assert told[-1] == "6 of 6 groups have ended"
    assert last == f"4 repeats {iris.record(3)['id']}"
    assert iris.record(4)["state"] == "finished"
    (readme,) = re.findall(r"^```python\n(.*?)^```$", (ROOT / "README.md").read_text(), re.MULTILINE | re.DOTALL)
    assert run(readme).out.startswith("finished {'rows': 150, ")
    assert iris.status() == ""


def test_every_keyword_of_the_docs_is_there_and_all_are_in_the_docs() -> None:
    table = DOCS.read_text().partition("| keyword | option of `qanat run` |")[2].partition("\n\n")[0]
    named = {name for row in table.splitlines()[2:] for name in re.findall(r"`(\w+)`", row.split("|")[1])}
    assert named == set(inspect.signature(qanat.Project.launch).parameters) - {"self", "experiment", "args"}


def test_every_keyword_of_compare_is_in_the_docs() -> None:
    section = DOCS.read_text().partition("## Comparing runs")[2].partition("```")[0]
    named = set(re.findall(r"`(\w+)`", section))
    assert named >= set(inspect.signature(qanat.Project.compare).parameters) - {"self"}


def test_the_action_of_the_docs_works_as_one(trained: Sandbox) -> None:
    trained.write("rank.py", blocks("python")[-1])
    (actions,) = re.findall(r"With `(actions: .*?)` in the experiment", DOCS.read_text())
    with (trained.root / ".qanat/experiments/train.yaml").open("a") as file:
        interpreter = json.dumps(shlex.quote(sys.executable))
        file.write(f"{actions.replace('command: python', f'command: {interpreter}')}\n")
    trained.commit()
    trained.qanat("run", "train", "--n", "2")
    (shown,) = blocks("console")
    command, said = shown.splitlines()
    record = trained.record(4)
    result = trained.qanat(*command.removeprefix("$ qanat ").split())
    assert result.out.replace(record["id"], "4-7f3a9c").splitlines() == [said.replace("1 of 4", "1 of 3")]
    assert json.loads((trained.root / record["storage"] / "rank.json").read_text()) == {"rank": 1, "of": 3}


def test_every_condition_of_the_docs_can_be_read() -> None:
    text = (ROOT / "docs/tables.md").read_text()
    rows = re.findall(r"^\| (`.*?) \| (?:with|of|launched|that)", text, re.MULTILINE)
    conditions = [condition for row in rows for condition in re.findall(r"`(.*?)`", row)]
    assert len(conditions) == 31
    metrics, curves = (
        {"acc": 0, "loss": 1, "val acc": 2},
        {"loss": CurveSummary(Point(1, 2), Point(1, 2), Point(3, 1), 2)},
    )
    groups = tuple(replace(group, metrics=metrics, curves=curves) for group in RUN.groups)
    args = ("--nbins", "1", "--lr", "1", "--loss", "x", "--fast")
    facts = facts_of(replace(RUN, groups=(*groups, Group(9, args))))
    for condition in conditions:
        search(parse(condition), Names.of(facts.groups), datetime.now(UTC), lambda _: True)


def test_every_attribute_of_the_docs_is_there(trained: Sandbox) -> None:
    run = qanat.open(trained.root).run(1)
    table = DOCS.read_text().partition("| a run has | |")[2].partition("\n\n")[0]
    for line in table.splitlines()[2:]:
        names, what = line.strip("| ").split(" | ")
        for name in re.findall(r"`(\w+)`", names):
            assert hasattr(run, name)
        for name in re.findall(r"`(\w+)`", what):
            assert hasattr(run.groups[0], name)


def test_the_docs_are_read_as_they_are_by_a_shell_and_python() -> None:
    assert len(blocks("python")) == 8
    for block in blocks("python"):
        subprocess.run([sys.executable, "-c", f"import ast, sys; ast.parse({block!r})"], check=True)
