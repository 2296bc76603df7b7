"""`qanat dataset`, `experiment` and `template`: new, list, show, update and delete, from files and from options."""

from __future__ import annotations

import shlex
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.support.sandbox import Sandbox, call, wait_until

EXAMPLE = Path(__file__).resolve().parents[2] / "examples/iris"
NO_TERMINAL = "cannot prompt without a terminal"

DATASET = {
    "schema": "dataset/1",
    "name": "iris",
    "description": "Four measurements of 150 iris flowers of three species",
    "path": "data/iris",
    "tags": ["Flowers", "Tabular"],
}
EXPERIMENT = {
    "schema": "experiment/1",
    "name": "summary_iris",
    "description": "Summary statistics on IRIS dataset",
    "path": "experiments/summary_statistics",
    "executable": "experiments/summary_statistics/iris.py",
    "executable_command": "python",
    "tags": ["First-order", "Histograms", "Correlation", "Statistics"],
    "datasets": ["iris"],
    "actions": {
        "plot": {
            "description": "Plot summary statistics about the dataset",
            "executable": "experiments/summary_statistics/plot.py",
            "executable_command": "python",
        }
    },
}


@pytest.fixture
def iris(tmp_path: Path) -> Sandbox:
    """Return a project with the files of the iris example, but without definitions."""
    shutil.copytree(EXAMPLE, tmp_path / "iris")
    sandbox = Sandbox(tmp_path / "iris")
    sandbox.qanat("init", "--yes")
    sandbox.commit("example")
    return sandbox


@pytest.fixture
def data(sandbox: Sandbox) -> Sandbox:
    """Return a project with a file of data and a program."""
    sandbox.write("data/a.csv", "1\n")
    sandbox.write("data/b.csv", "2\n")
    sandbox.write("go.sh", "echo go\n", executable=True)
    sandbox.commit("files")
    return sandbox


@pytest.fixture
def ran(sandbox: Sandbox) -> Sandbox:
    """Return a project in which two experiments have run: `hello` twice, `other` once."""
    sandbox.experiment("hello", "echo hello\n")
    sandbox.experiment("other", "echo other\n")
    for name in ("hello", "hello", "other"):
        sandbox.qanat("run", name)
    return sandbox


def stored(sandbox: Sandbox, path: str) -> dict[str, object]:
    """Read a definition with a YAML reader other than qanat's; its keys must be in the order of the file."""
    content: dict[str, object] = yaml.safe_load((sandbox.root / ".qanat" / path).read_text())
    assert next(iter(content)) == "schema"
    return content


def edit_record(sandbox: Sandbox, number: int, old: str, new: str) -> None:
    """Edit a record as a stranger might, and commit it."""
    (path,) = [file for file in sandbox.record_files() if file.name.startswith(f"{number}-")]
    text = path.read_text()
    assert text.count(old) == 1
    path.write_text(text.replace(old, new))
    sandbox.commit("edited")


# ---- new


def test_a_file_is_given_by_place_or_by_option_with_the_same_result(iris: Sandbox) -> None:
    for words in (["data/iris.yaml"], ["-f", "data/iris.yaml"], ["--file", "data/iris.yaml"]):
        result = iris.qanat("dataset", "new", *words)
        assert result.out == "Created .qanat/datasets/iris.yaml\n"
        assert result.err == (
            "  hint: commit it with: git add .qanat/datasets/iris.yaml && git commit; --commit does this for you\n"
        )
        assert stored(iris, "datasets/iris.yaml") == DATASET
        (iris.root / ".qanat/datasets/iris.yaml").unlink()


def test_first_qanats_files_are_stored_in_todays_form(iris: Sandbox) -> None:
    iris.qanat("dataset", "new", "data/iris.yaml")
    iris.qanat("experiment", "new", "experiments_details/summary_statistics_iris.yaml")
    experiment = stored(iris, "experiments/summary_iris.yaml")
    assert experiment == EXPERIMENT
    assert list(experiment) == list(EXPERIMENT)
    assert iris.qanat("validate").code == 0
    assert iris.qanat("experiment", "show", "summary_iris", "--json").json == EXPERIMENT


def test_first_qanats_empty_lists_are_left_out(data: Sandbox) -> None:
    data.write("old.yaml", "name: old\nexecutable: go.sh\nexecutable_command: sh\ntags:\ndatasets:\nactions:\n")
    data.qanat("experiment", "new", "old.yaml")
    assert set(stored(data, "experiments/old.yaml")) == {"schema", "name", "executable", "executable_command"}


def test_a_template_file_of_nothing_but_options_is_named_after_its_file(data: Sandbox) -> None:
    data.write("two_cpus.yaml", "request_cpus: 2\nrequest_memory: 2GB\n+Project: \"'ml'\"\n")
    data.qanat("template", "new", "two_cpus.yaml", "--runner", "htcondor")
    assert stored(data, "templates/htcondor/two_cpus.yaml") == {
        "schema": "template/1",
        "name": "two_cpus",
        "runner": "htcondor",
        "options": {"request_cpus": 2, "request_memory": "2GB", "+Project": "'ml'"},
    }
    data.qanat("template", "new", "two_cpus.yaml", "--runner", "htcondor", "--name", "again")
    assert stored(data, "templates/htcondor/again.yaml")["name"] == "again"


def test_a_dataset_is_made_from_options(data: Sandbox) -> None:
    words = ["--name", "a", "--path", "data/a.csv", "--description", "A: first", "--tag", "x", "--tag", "y z"]
    data.qanat("dataset", "new", *words)
    assert stored(data, "datasets/a.yaml") == {
        "schema": "dataset/1",
        "name": "a",
        "description": "A: first",
        "path": "data/a.csv",
        "tags": ["x", "y z"],
    }


def test_an_experiment_is_made_from_options(data: Sandbox) -> None:
    data.qanat("dataset", "new", "--name", "a", "--path", "data/a.csv")
    data.write("my plot.py", "print()\n")
    options = {"--name": "e", "--executable": "go.sh", "--executable_command": "sh -e", "--dataset": "a", "--tag": "t"}
    words = [word for pair in options.items() for word in pair]
    data.qanat("experiment", "new", *words, "--action", "plot=python -u 'my plot.py'", "--action", "go=go.sh")
    assert stored(data, "experiments/e.yaml") == {
        "schema": "experiment/1",
        "name": "e",
        "executable": "go.sh",
        "executable_command": "sh -e",
        "tags": ["t"],
        "datasets": ["a"],
        "actions": {
            "plot": {"executable": "my plot.py", "executable_command": "python -u"},
            "go": {"executable": "go.sh"},
        },
    }
    assert data.qanat("validate").code == 0


def test_a_template_is_made_from_options_with_yaml_values(data: Sandbox) -> None:
    pairs = ["--cpus-per-task=2", "--time=1-00:00:00", "--mem=2GB", "--exclusive=true", "--comment=a=b"]
    words = [word for pair in pairs for word in ("-o", pair)]
    data.qanat("template", "new", "--name", "t", "--runner", "slurm", "--description", "Two CPUs", *words)
    assert stored(data, "templates/slurm/t.yaml")["options"] == {
        "--cpus-per-task": 2,
        "--time": "1-00:00:00",
        "--mem": "2GB",
        "--exclusive": True,
        "--comment": "a=b",
    }
    result = data.qanat("template", "new", "--name", "u", "--runner", "slurm", "-o", "nothing", code=2)
    assert "-o 'nothing' is not of the form KEY=VALUE" in result.err
    assert "hint: write it as -o request_cpus=2" in result.err


def test_options_add_to_a_file(iris: Sandbox) -> None:
    iris.qanat("dataset", "new", "data/iris.yaml", "--name", "flowers", "--description", "Mine")
    assert stored(iris, "datasets/flowers.yaml") == {**DATASET, "name": "flowers", "description": "Mine"}


def test_commit_takes_exactly_that_file(data: Sandbox) -> None:
    data.write("staged.txt", "staged\n")
    data.git("add", "staged.txt")
    data.write("data/a.csv", "changed\n")
    before = data.git("diff", "--cached"), data.git("diff")
    for words, path, message in (
        (["new", "--name", "a", "--path", "data/a.csv"], "datasets/a.yaml", "qanat: dataset a added"),
        (["update", "a", "--tag", "t"], "datasets/a.yaml", "qanat: dataset a changed"),
        (["delete", "a", "--yes"], "datasets/a.yaml", "qanat: dataset a deleted"),
    ):
        assert f"Committed .qanat/{path}" in data.qanat("dataset", *words, "--commit").out
        assert data.git("show", "--format=%s", "--name-only").split("\n") == [message, "", f".qanat/{path}"]
        assert (data.git("diff", "--cached"), data.git("diff")) == before
    assert data.status().splitlines() == [" M data/a.csv", "A  staged.txt"]


def test_without_commit_the_file_is_left_to_the_user(data: Sandbox) -> None:
    head = data.git("rev-parse", "HEAD")
    data.qanat("dataset", "new", "--name", "a", "--path", "data/a.csv")
    data.qanat("dataset", "update", "a", "--tag", "t")
    assert data.git("rev-parse", "HEAD") == head
    assert data.status() == "?? .qanat/datasets/"


def test_a_committed_experiment_with_an_uncommitted_dataset_is_noted_with_what_to_type(data: Sandbox) -> None:
    data.qanat("dataset", "new", "data/a.csv", "--name", "a")
    untracked = data.qanat("experiment", "new", "--name", "go", "--executable", "go.sh", "--dataset", "a")
    assert "is invalid in clones" not in untracked.err + data.qanat("validate").err + data.qanat("run", "go").err
    (data.root / ".qanat/experiments/go.yaml").unlink()
    words = ("experiment", "new", "--name", "go", "--executable", "go.sh", "--dataset", "a", "--commit")
    add = "git add .qanat/datasets/a.yaml && git commit"
    note = f"note: dataset a is not in git, so experiment go is invalid in clones; commit it with: {add}\n"
    assert note in data.qanat(*words).err
    run = data.qanat("run", "go")
    assert run.out == "go\n"
    assert note in run.err
    checked = data.qanat("validate")
    assert note in checked.err
    assert "no problems found" in checked.out
    assert note not in data.qanat("validate", ".qanat/datasets/a.yaml").err
    inside = data.qanat("validate", cwd=data.root / "data")
    assert "git add ../.qanat/datasets/a.yaml && git commit" in inside.err
    data.git("add", ".qanat/datasets/a.yaml")
    assert "not in git" not in data.qanat("validate").err
    data.commit("a dataset")
    assert "not in git" not in data.qanat("run", "go").err


def test_commit_on_a_detached_head_is_refused_and_writes_nothing(data: Sandbox) -> None:
    data.git("checkout", "--quiet", "--detach")
    result = data.qanat("dataset", "new", "--name", "a", "--path", "data/a.csv", "--commit", code=2)
    assert "qanat: cannot commit: the repository is on a detached HEAD" in result.err
    assert "hint: omit --commit, and commit it yourself" in result.err
    assert data.status() == ""


def test_data_become_a_dataset_with_their_name_and_path(data: Sandbox) -> None:
    result = data.qanat("dataset", "new", "data")
    assert stored(data, "datasets/data.yaml") == {"schema": "dataset/1", "name": "data", "path": "data"}
    assert result.err.endswith(
        "  hint: let an experiment read it with: qanat experiment update NAME --dataset data; "
        "its program gets the path as --dataset_path\n"
    )
    refused = data.qanat("dataset", "new", "data/a.csv", "--path", "data/b.csv", code=2)
    assert "qanat: --path cannot be used with data/a.csv\n  hint: name the data once" in refused.err


def test_a_name_that_is_taken_is_refused(data: Sandbox) -> None:
    data.qanat("dataset", "new", "--name", "a", "--path", "data/a.csv")
    result = data.qanat("dataset", "new", "--name", "a", "--path", "data/b.csv", code=2)
    assert "qanat: dataset 'a' already exists" in result.err
    assert "hint: change it with: qanat dataset update a" in result.err
    assert stored(data, "datasets/a.yaml")["path"] == "data/a.csv"


@pytest.mark.parametrize(
    ("words", "hint"),
    [
        (["dataset", "new"], "use -f FILE, or --name, --path"),
        (["dataset", "new", "--name", "a"], "use --path"),
        (["experiment", "new"], "use -f FILE, or --name, --executable"),
        (["experiment", "new", "--executable", "go.sh"], "use --name"),
        (["template", "new"], "use -f FILE, or --name, --runner, -o KEY=VALUE"),
        (["template", "new", "--name", "t"], "use --runner"),
        (["template", "new", "--name", "t", "--runner", "slurm"], "use -o KEY=VALUE"),
        (["template", "update", "default", "--runner", "slurm"], "use -f FILE, or options for what to change"),
    ],
)
def test_without_a_terminal_the_options_that_answer_are_named(sandbox: Sandbox, words: list[str], hint: str) -> None:
    result = sandbox.qanat(*words, code=2)
    assert NO_TERMINAL in result.err
    assert f"hint: {hint}" in result.err
    assert sandbox.status() == ""


def test_two_files_are_one_too_many(iris: Sandbox) -> None:
    result = iris.qanat("dataset", "new", "data/iris.yaml", "-f", "data/iris.yaml", code=2)
    assert "two files were passed: data/iris.yaml and data/iris.yaml" in result.err
    assert "hint: pass one of them" in result.err


# ---- list and show


def test_definitions_are_listed_and_shown_as_text_and_as_json(iris: Sandbox) -> None:
    assert iris.qanat("dataset", "list").out == "no datasets yet; create one with: qanat dataset new\n"
    assert iris.qanat("dataset", "list", "--json").json == []
    iris.qanat("dataset", "new", "data/iris.yaml")
    iris.qanat("experiment", "new", "experiments_details/summary_statistics_iris.yaml")
    for kind, content in (("dataset", DATASET), ("experiment", EXPERIMENT)):
        name = str(content["name"])
        header, line = iris.qanat(kind, "list").out.splitlines()
        assert header.startswith("Name ")
        assert line.startswith(name)
        assert ", ".join(content["tags"]) in line
        assert iris.qanat(kind, "list", "--json").json == [content]
        assert iris.qanat(kind, "show", name, "--json").json == content
        assert yaml.safe_load(iris.qanat(kind, "show", name).out) == content


def test_templates_of_every_runner_are_listed(sandbox: Sandbox) -> None:
    listed = sandbox.qanat("template", "list", "--json").json
    assert [(item["runner"], item["name"]) for item in listed] == [("htcondor", "default"), ("slurm", "default")]
    out = sandbox.qanat("template", "list").out
    assert "htcondor" in out
    assert "--cpus-per-task=1, --ntasks=1, --time=1-00:00:00" in out


def test_a_template_that_two_runners_have_needs_the_runner(sandbox: Sandbox) -> None:
    for words in (["show"], ["update", "-o", "a=1"], ["delete", "--yes"]):
        result = sandbox.qanat("template", words[0], "default", *words[1:], code=2)
        assert "htcondor and slurm both have a template 'default'" in result.err
        assert "hint: choose one with --runner" in result.err
    assert sandbox.qanat("template", "show", "default", "--runner", "slurm", "--json").json["runner"] == "slurm"
    sandbox.qanat("template", "update", "default", "--runner", "slurm", "-o", "--mem=4GB")
    options = stored(sandbox, "templates/slurm/default.yaml")["options"]
    assert options == {"--ntasks": 1, "--cpus-per-task": 1, "--time": "1-00:00:00", "--mem": "4GB"}
    sandbox.qanat("template", "delete", "default", "--runner", "slurm", "--yes")
    assert sandbox.qanat("template", "show", "default", "--json").json["runner"] == "htcondor"


# ---- update


def test_options_change_only_what_they_name(iris: Sandbox) -> None:
    iris.qanat("dataset", "new", "data/iris.yaml")
    assert iris.qanat("dataset", "update", "iris", "--tag", "one").out == "Updated .qanat/datasets/iris.yaml\n"
    assert stored(iris, "datasets/iris.yaml") == {**DATASET, "tags": ["one"]}
    assert iris.qanat("dataset", "update", "iris", "--tag", "one").out == "nothing changed\n"
    iris.qanat("dataset", "update", "iris", "--description", "")
    assert stored(iris, "datasets/iris.yaml")["description"] == ""


def test_options_say_what_metrics_mean_and_keep_what_is_said_of_others(iris: Sandbox) -> None:
    iris.qanat("dataset", "new", "data/iris.yaml")
    words = ("--better", "acc=higher", "--label", "acc=Accuracy = x", "--unit", "acc=%", "--baseline", "acc")
    iris.qanat("experiment", "new", "experiments_details/summary_statistics_iris.yaml", *words)
    said = {"better": {"acc": "higher"}, "label": {"acc": "Accuracy = x"}, "unit": {"acc": "%"}}
    before = stored(iris, "experiments/summary_iris.yaml")
    assert (before["metrics"], before["baseline"]) == ([{"file": "metrics.json", **said}], {"metric": "acc"})

    def updated(*words: str) -> tuple[Any, Any]:
        iris.qanat("experiment", "update", "summary_iris", *words)
        content = stored(iris, "experiments/summary_iris.yaml")
        return content["metrics"][0], content.get("baseline")

    said["better"]["loss"] = "lower"
    del said["unit"]
    assert updated("--better", "loss=lower", "--unit", "acc=") == ({"file": "metrics.json", **said}, {"metric": "acc"})
    chosen = {"where": "tag=baseline", "metric": "acc", "tolerance": "1%"}
    assert updated("--baseline-where", "tag=baseline", "--tolerance", "1%")[1] == chosen
    assert updated("--baseline", "acc", "--tolerance", "200%")[1] == {**chosen, "tolerance": "200%"}
    two = [{"where": "tag=baseline", "metric": "acc", "tolerance": 0.5}, {"metric": "loss", "tolerance": 0.5}]
    assert updated("--baseline", "acc", "--baseline", "loss", "--tolerance", "0.5")[1] == two
    assert updated("--baseline", "acc", "--baseline", "acc")[1] == two[0]
    assert updated("--baseline", "")[1] is None
    assert {**stored(iris, "experiments/summary_iris.yaml"), "metrics": 0} == {
        **{key: value for key, value in before.items() if key != "baseline"},
        "metrics": 0,
    }


@pytest.mark.parametrize(
    ("words", "code", "message", "hint"),
    [
        (["--better", "acc=up"], 2, "--better 'acc=up' is not METRIC=higher or METRIC=lower", "--better acc=higher"),
        (["--unit", "%"], 2, "--unit '%' is not METRIC=TEXT", "for example --unit acc=%"),
        (["--tolerance", "1%"], 2, "--baseline-where and --tolerance need a baseline", "add --baseline METRIC"),
        (
            ["--baseline", "m", "--better", "m=lower", "--tolerance=-1"],
            2,
            "--tolerance '-1' is neither a number nor a percentage",
            "for example 0.01 or 1%",
        ),
        (
            ["--baseline", "m", "--better", "m=lower", "--tolerance", "1e1%"],
            2,
            "baseline.tolerance: '1e1%' does not look like 1%",
            "",
        ),
        (
            ["--baseline", "m"],
            2,
            "baseline.metric: no file of metrics says which direction of 'm' is better",
            "add --better METRIC=higher or METRIC=lower",
        ),
        (["--baseline", "m", "--better", "m=lower", "--baseline-where", "a and"], 2, "condition", "condition"),
    ],
)
def test_what_cannot_be_said_of_a_metric_is_refused(
    iris: Sandbox, words: list[str], code: int, message: str, hint: str
) -> None:
    iris.qanat("dataset", "new", "data/iris.yaml")
    iris.qanat("experiment", "new", "experiments_details/summary_statistics_iris.yaml")
    before = stored(iris, "experiments/summary_iris.yaml")
    said = iris.qanat("experiment", "update", "summary_iris", *words, code=code).err
    assert message in said
    assert hint in said
    assert stored(iris, "experiments/summary_iris.yaml") == before


def test_an_action_is_added_changed_and_removed_by_its_name(iris: Sandbox) -> None:
    iris.qanat("dataset", "new", "data/iris.yaml")
    iris.qanat("experiment", "new", "experiments_details/summary_statistics_iris.yaml")
    before = stored(iris, "experiments/summary_iris.yaml")["actions"]
    new = "experiments/summary_statistics/plot.py"
    (iris.root / new).chmod(0o755)
    iris.qanat("experiment", "update", "summary_iris", "--action", f"again=python {new}")
    added = {"executable": new, "executable_command": "python"}
    assert stored(iris, "experiments/summary_iris.yaml")["actions"] == {**before, "again": added}
    iris.qanat("experiment", "update", "summary_iris", "--remove-action", "again", "--action", f"plot={new}")
    assert stored(iris, "experiments/summary_iris.yaml")["actions"] == {**before, "plot": {"executable": new}}
    said = iris.qanat("experiment", "update", "summary_iris", "--remove-action", "again", code=2).err
    assert said == "qanat: experiment summary_iris has no action 'again'\n  hint: its actions: plot\n"


def test_comments_stay_where_they_can_and_are_missed_where_they_cannot(data: Sandbox) -> None:
    text = "schema: dataset/1\n# Fetched in spring.\nname: spring\npath: data\ntags:\n# short ones\n- a\n"
    file = data.write(".qanat/datasets/spring.yaml", text)
    assert data.qanat("dataset", "update", "spring", "--description", "warm").err == ""
    assert file.read_text().endswith("tags:\n# short ones\n- a\n")
    said = data.qanat("dataset", "update", "spring", "--tag", "b")
    assert said.err == "note: dropped 1 comment inside values, the first one: # short ones\n"
    first, *lines = file.read_text().splitlines()
    assert first == "# yaml-language-server: $schema=../cache/schemas/dataset.v1.schema.json"
    assert (file.parent / first.partition("=")[2]).resolve().is_file()
    assert lines[:3] == ["schema: dataset/1", "# Fetched in spring.", "name: spring"]
    assert data.qanat("dataset", "update", "spring", "--description", "hot").err == ""


def test_a_file_replaces_all_of_a_definition(iris: Sandbox) -> None:
    iris.qanat("dataset", "new", "data/iris.yaml")
    iris.write("new.yaml", "path: data\n")
    iris.qanat("dataset", "update", "iris", "-f", "new.yaml")
    assert stored(iris, "datasets/iris.yaml") == {"schema": "dataset/1", "name": "iris", "path": "data"}
    iris.write("new.yaml", "name: other\npath: data\n")
    result = iris.qanat("dataset", "update", "iris", "-f", "new.yaml", code=2)
    assert "new.yaml defines 'other', not 'iris'" in result.err
    assert "hint: correct the name in the file" in result.err


def test_a_change_that_does_not_hold_is_refused_and_nothing_is_written(iris: Sandbox) -> None:
    iris.qanat("dataset", "new", "data/iris.yaml", "--commit")
    iris.qanat("experiment", "new", "experiments_details/summary_statistics_iris.yaml", "--commit")
    for words, sentence in (
        (["dataset", "update", "iris", "--path", "nowhere"], "dataset iris: path: nowhere does not exist"),
        (["dataset", "update", "iris", "--tag", "a", "--tag", "a"], "dataset iris: tags: has the same item twice"),
        (["experiment", "update", "summary_iris", "--dataset", "x"], "item 1 of datasets: dataset 'x' does not exist"),
        (["experiment", "update", "summary_iris", "--executable", "x.py"], "executable: x.py does not exist"),
        (
            ["experiment", "update", "summary_iris", "--action", "p=python gone.py"],
            "actions.p.executable: gone.py does not exist",
        ),
        (
            ["experiment", "update", "summary_iris", "--action", "p=python 'x"],
            '--action "p=python \'x" has no command to run',
        ),
        (
            ["experiment", "update", "summary_iris", "--executable_command", "python 'x"],
            "executable_command: no closing quotation",
        ),
    ):
        assert sentence in iris.qanat(*words, code=2).err
    assert iris.status() == ""


# ---- delete


@pytest.mark.parametrize("kind", ["dataset", "experiment", "template"])
def test_delete_without_a_terminal_needs_yes(data: Sandbox, kind: str) -> None:
    what = {
        "dataset": ["--path", "data/a.csv"],
        "experiment": ["--executable", "go.sh"],
        "template": ["--runner", "slurm", "-o", "a=1"],
    }
    data.qanat(kind, "new", "--name", "x", *what[kind], "--commit")
    result = data.qanat(kind, "delete", "x", code=2)
    assert result.out.startswith(f"{kind.capitalize()} x ")
    assert NO_TERMINAL in result.err
    assert "hint: use --yes" in result.err
    assert data.status() == ""
    data.qanat(kind, "delete", "x", "--yes", "--commit")
    assert data.status() == ""
    gone = "no template or file named 'x'" if kind == "template" else f"{kind} 'x' does not exist"
    assert gone in data.qanat(kind, "show", "x", code=2).err


def test_a_dataset_is_deleted_without_its_data_once_no_experiment_reads_it(iris: Sandbox) -> None:
    iris.qanat("dataset", "new", "data/iris.yaml")
    iris.qanat("experiment", "new", "experiments_details/summary_statistics_iris.yaml")
    refused = iris.qanat("dataset", "delete", "iris", "--yes", code=2).err
    assert refused == (
        "qanat: experiment summary_iris reads dataset iris\n"
        "  hint: first remove it from the datasets in .qanat/experiments/summary_iris.yaml\n"
    )
    iris.qanat("experiment", "delete", "summary_iris", "--yes")
    out = iris.qanat("dataset", "delete", "iris", "--yes").out
    assert out.startswith("Dataset iris will be deleted; its data in data/iris will be kept.\n")
    assert (iris.root / "data/iris/iris.data").is_file()


def test_deleting_an_experiment_says_how_much_goes(ran: Sandbox) -> None:
    size = sum(file.stat().st_size for file in (ran.root / "results/hello").rglob("*") if file.is_file())
    said = ran.qanat("experiment", "delete", "hello", code=2)
    written = f"{size} B" if size < 1000 else f"{size / 1000:.1f} kB"
    assert (
        said.out
        == f"Experiment hello with 2 runs and {written} of results will be deleted; its program will be kept.\n"
    )
    assert NO_TERMINAL in said.err
    assert len(ran.records()) == 3


def test_deleting_an_experiment_removes_its_runs_and_commits_that(ran: Sandbox) -> None:
    ran.write("staged.txt", "staged\n")
    ran.git("add", "staged.txt")
    kept = {path for path in ran.committed_records() if "/other/" in path}
    ran.qanat("experiment", "delete", "hello", "--yes")
    assert ran.committed_records() == kept
    assert [record["experiment"] for record in ran.records()] == ["other"]
    assert not any((ran.root / "results/hello").iterdir())
    assert (ran.root / "results/other/run_3/stdout.txt").read_text() == "other\n"
    assert (ran.root / "hello.sh").is_file()
    assert ran.git("log", "-1", "--format=%s") == "qanat: records of hello deleted"
    assert ran.status().splitlines() == [" D .qanat/experiments/hello.yaml", "A  staged.txt"]
    assert ran.qanat("status", "--json").json["runs"] == {"other": {"finished": 1}}


def test_numbers_of_deleted_runs_are_not_used_again(ran: Sandbox) -> None:
    ran.qanat("experiment", "delete", "other", "--yes", "--commit")
    assert ran.status() == ""
    ran.qanat("run", "hello")
    assert sorted(record["id"].partition("-")[0] for record in ran.records()) == ["1", "2", "4"]


def test_keep_runs_leaves_records_and_results(ran: Sandbox) -> None:
    before = ran.committed_records()
    out = ran.qanat("experiment", "delete", "hello", "--keep-runs", "--yes").out
    assert out.startswith("Experiment hello will be deleted; its program will be kept.\nDeleted experiment hello; ")
    assert ran.committed_records() == before
    assert (ran.root / "results/hello/run_1/info.yaml").is_file()
    assert ran.status() == " D .qanat/experiments/hello.yaml"
    ran.commit()
    assert ran.qanat("validate").code == 0


def test_with_manual_commits_the_removal_is_left_to_the_user(ran: Sandbox) -> None:
    config = ran.root / ".qanat/config.yaml"
    config.write_text(config.read_text().replace("commit: each", "commit: manual"))
    head = ran.commit("manual")
    ran.qanat("experiment", "delete", "hello", "--yes")
    assert ran.git("rev-parse", "HEAD") == head
    assert [line[:2] for line in ran.status().splitlines()] == [" D"] * 3
    assert len(ran.records()) == 1


@pytest.fixture
def going(sandbox: Sandbox) -> Iterator[Sandbox]:
    """Yield a project in which a run of `wait` is active until the file `stop` exists."""
    sandbox.experiment("wait", 'touch "$2/begun"\nwhile [ ! -e "$2/stop" ]; do sleep 0.02; done\n')
    process = sandbox.start("run", "wait")
    storage = sandbox.root / "results/wait/run_1"
    wait_until((storage / "begun").exists)
    yield sandbox
    (storage / "stop").touch()
    process.communicate(timeout=60)


def test_an_experiment_with_a_live_run_is_not_deleted(going: Sandbox) -> None:
    result = going.qanat("experiment", "delete", "wait", "--yes", code=2)
    (record,) = going.records()
    assert f"qanat: run {record['id']} of wait is still active" in result.err
    assert f"hint: wait until it ends, or cancel it: qanat cancel {record['id']}\n" in result.err
    assert (going.root / ".qanat/experiments/wait.yaml").is_file()
    assert (going.root / "results/wait/run_1/begun").is_file()


@pytest.mark.parametrize("place", ["outside", "home", "data", "root", "other run", "link"])
def test_a_directory_that_was_not_made_for_the_run_is_never_deleted(ran: Sandbox, home: Path, place: str) -> None:
    places = {
        "outside": ran.root.parent / "outside",
        "home": home,
        "data": ran.root / "data",
        "root": ran.root,
        "other run": ran.root / "results/other/run_3",
        "link": ran.root / "results/link",
    }
    target = places[place]
    if place == "link":
        (ran.root.parent / "elsewhere").mkdir()
        target.symlink_to(ran.root.parent / "elsewhere", target_is_directory=True)
    target.mkdir(exist_ok=True)
    if place != "other run":
        # Even with an info.yaml it is not the run's.
        (target / "info.yaml").write_text(f"run_id: 1\nid: {'1-aaaaaa' if place != 'link' else ran.record(1)['id']}\n")
    precious = target / "precious.txt"
    precious.write_text("mine\n")
    edit_record(ran, 1, "storage: results/hello/run_1\n", f"storage: '{target}'\n")
    ran.qanat("experiment", "delete", "hello", "--yes")
    assert precious.read_text() == "mine\n"
    assert (target / "info.yaml").is_file()
    assert [record["experiment"] for record in ran.records()] == ["other"]
    precious.unlink()
    if place == "home":
        (target / "info.yaml").unlink()


def test_a_directory_without_info_is_never_deleted(ran: Sandbox) -> None:
    (ran.root / "results/hello/run_1/info.yaml").unlink()
    ran.qanat("experiment", "delete", "hello", "--yes")
    assert (ran.root / "results/hello/run_1/stdout.txt").read_text() == "hello\n"
    assert not (ran.root / "results/hello/run_2").exists()


# ---- what deleting an experiment says


def restored_by(out: str) -> list[str]:
    """Return the command that restores an experiment, as a shell would parse it."""
    (line,) = [line for line in out.splitlines() if line.startswith("Deleted ")]
    return shlex.split(line.partition("restore it with: ")[2])


@pytest.mark.parametrize("words", [[], ["--commit"]])
def test_a_deleted_experiment_comes_back_with_the_command_that_is_said(ran: Sandbox, words: list[str]) -> None:
    ran.qanat("comment", "1", "-m", "remember")
    tracked = ran.git("ls-files", ".qanat")
    before = {path: (ran.root / path).read_bytes() for path in tracked.splitlines()}
    out = ran.qanat("experiment", "delete", "hello", "--yes", *words).out
    assert "hello" not in " ".join(ran.git("ls-files", ".qanat/runs").splitlines())
    assert list((ran.root / ".qanat/runs/hello").rglob("*.*")) == []
    assert ("Not committed yet; commit the deletion with: git " in out) == (not words)
    assert (ran.status() == "") == bool(words)
    call(restored_by(out), ran.root)
    assert {path: (ran.root / path).read_bytes() for path in before} == before


def test_the_deletion_of_an_experiment_is_committed_by_the_command_that_is_said(ran: Sandbox) -> None:
    out = ran.qanat("experiment", "delete", "hello", "--yes").out
    (line,) = [line for line in out.splitlines() if line.startswith("Not committed yet; ")]
    command = shlex.split(line.partition("commit the deletion with: ")[2])
    call([*command[:-2], "--quiet", "--message", "gone", *command[-2:]], ran.root)
    assert ran.status() == ""


@pytest.mark.parametrize("kind", ["dataset", "template"])
def test_a_deleted_definition_comes_back_with_the_command_that_is_said(data: Sandbox, kind: str) -> None:
    given = ["--path", "data/a.csv"] if kind == "dataset" else ["--runner", "slurm", "-o", "--time=1"]
    data.qanat(kind, "new", "--name", "x", *given, "--commit")
    out = data.qanat(kind, "delete", "x", "--yes").out
    assert "Not committed yet" in out
    call(restored_by(out), data.root)
    assert data.status() == ""


@pytest.mark.parametrize(
    "text",
    ["schema: run/99\nid: 9-abcdef\n", "schema: run/2\n"],
)
def test_a_record_that_cannot_be_read_keeps_its_experiment(ran: Sandbox, text: str) -> None:
    ran.write(".qanat/runs/hello/0/9-abcdef.yaml", text)
    ran.commit()
    result = ran.qanat("experiment", "delete", "hello", "--yes", code=2)
    assert "9-abcdef.yaml" in result.err
    assert "newer qanat" in result.err or "--keep-runs" in result.err
    assert len(list((ran.root / ".qanat/runs/hello").rglob("*.yaml"))) == 3
    assert (ran.root / "results/hello/run_1/info.yaml").exists()
    ran.qanat("experiment", "delete", "hello", "--yes", "--keep-runs")
