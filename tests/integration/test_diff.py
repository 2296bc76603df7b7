"""`qanat diff`: what a branch changes in a project's state, and the results of its runs."""

from __future__ import annotations

import re
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml
from markdown_it import MarkdownIt

from qanat import __version__
from tests.integration.life.copies import copy_of
from tests.support.sandbox import Sandbox, call

TRAIN = """\
import json, pathlib, sys
words = dict(zip(sys.argv[1::2], sys.argv[2::2]))
n, seed = int(words["--n"]), int(words.get("--seed", 0))
metrics = {"acc": n / 10 + seed / 100 + BONUS, "time": n}
pathlib.Path(words["--storage_path"], "metrics.json").write_text(json.dumps(metrics))
sys.exit(3 if n > 8 else 0)
"""
METRICS = [{"file": "metrics.json", "better": {"acc": "higher"}}]


class _Reader(yaml.SafeLoader):
    """Reads timestamps as text."""


_Reader.yaml_implicit_resolvers = {
    first: [pair for pair in pairs if not pair[0].endswith("timestamp")]
    for first, pairs in yaml.SafeLoader.yaml_implicit_resolvers.items()
}


def program(bonus: float) -> str:
    return TRAIN.replace("BONUS", str(bonus))


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Sandbox:
    """Return a project with a run on main, and a branch `work` with changes of everything and new runs."""
    sandbox = Sandbox.make(tmp_path_factory.mktemp("built") / "my project")
    sandbox.write("data/first.txt", "1")
    sandbox.write("data/second.txt", "2")
    sandbox.write(".qanat/datasets/numbers.yaml", "schema: dataset/1\nname: numbers\npath: data/first.txt\n")
    sandbox.python_experiment("train", program(0), datasets=["numbers"], metrics=METRICS)
    sandbox.qanat("run", "train", "-R", "--n 1,2", "-R", "--seed 0 2 1")
    sandbox.git("switch", "--quiet", "--create", "work")
    sandbox.write(".qanat/datasets/numbers.yaml", "schema: dataset/1\nname: numbers\npath: data/second.txt\n")
    slurm = sandbox.root / ".qanat/templates/slurm/default.yaml"
    slurm.write_text(slurm.read_text().replace("--cpus-per-task: 1", "--cpus-per-task: 2"))
    sandbox.write("train.py", program(0.1))
    sandbox.commit("More data, and more of it")
    sandbox.qanat("run", "train", "-R", "--n 2,9", "-R", "--seed 0 2 1", code=1)
    sandbox.qanat("run", "train", "--n", "3")
    sandbox.write("README.md", "Read me")
    sandbox.commit("Say so")
    return sandbox


@pytest.fixture
def project(built: Sandbox, tmp_path: Path) -> Sandbox:
    """Return a copy of that project for one test, on the branch."""
    return copy_of(built, tmp_path / "copy")


def edit(sandbox: Sandbox, number: int, change: Callable[[dict[str, Any]], Any]) -> Path:
    """Change the record of a run by hand."""
    (path,) = [p for p in sandbox.record_files() if p.name.startswith(f"{number}-")]
    content = yaml.load(path.read_text(), _Reader)
    change(content)
    path.write_text(yaml.safe_dump(content, sort_keys=False))
    return path


def ids(sandbox: Sandbox) -> dict[int, str]:
    return {int(r["id"].partition("-")[0]): r["id"] for r in sandbox.records()}


# ---- what is in it


def test_a_branch_is_summed_up_for_a_person(project: Sandbox) -> None:
    out = project.qanat("diff").out
    commit = project.git("rev-parse", "main")[:10]
    blobs = [project.git("rev-parse", f"work:data/{name}.txt")[:10] for name in ("second", "first")]
    data = "numbers: blob {}, was {}".format(*blobs)
    launched = [project.record(n)["code"]["commit"][:10] for n in (1, 2, 3)]
    lines = [" ".join(line.split()) for line in out.splitlines()]
    for line in (
        f"From main ({commit}) to the working tree",
        "1 dataset changed, 1 template changed, 2 new runs",
        "numbers changed path data/first.txt data/second.txt moved from data/first.txt to data/second.txt",
        "slurm/default changed options.--cpus-per-task 1 2 asks for 2 CPUs instead of 1",
        "the program changed: train.py",
        "n: 2, 3, 9",
        "seed: 0, 1, (none)",
        f"2 2 2 0.3050 ± 0.0071 (was 0.2050 ± 0.0071, n = 2: +0.1000, better) 2 (unchanged) run 1, "
        f"commit {launched[0]}, on other data: {data}",
        "3 3 1 0.4 3 no earlier run",
        "failed exit code 3 2 2",
        f"runs 2, 3: commit {launched[1]}, which differs in README.md",
    ):
        assert line in lines, out
    assert any(line.startswith("2 runs, 5 groups: 3 finished, 2 failed; ") for line in lines)


def test_everything_is_in_the_json(project: Sandbox) -> None:
    known = ids(project)
    found = project.qanat("diff", "--json").json
    assert list(found) == [
        *("schema", "base", "head", "warnings", "problems", "definitions", "moved_runs", "experiments"),
        *("baselines", "stale", "other_code", "other_changes", "replaced_results", "migrated_records"),
        *("earlier_records_left_out", "groups_left_out"),
    ]
    assert found["base"] == {"revision": "main", "commit": project.git("rev-parse", "main"), "project": True}
    assert found["head"] == {
        "revision": None,
        "commit": project.git("rev-parse", "HEAD"),
        "work_tree": True,
        "project": True,
    }
    assert [(d["kind"], d["runner"], d["name"], d["change"]) for d in found["definitions"]] == [
        ("dataset", None, "numbers", "changed"),
        ("template", "slurm", "default", "changed"),
    ]
    assert found["definitions"][1]["keys"] == [
        {"key": "options.--cpus-per-task", "old": 1, "new": 2, "meaning": "asks for 2 CPUs instead of 1"}
    ]
    (train,) = found["experiments"]
    assert [(run["id"], run["change"], run["state"]) for run in train["runs"]] == [
        (known[2], "new", "failed"),
        (known[3], "new", "finished"),
    ]
    assert train["changed_program"] == "train.py"
    assert (train["groups"], train["states"]) == (5, {"finished": 3, "failed": 2})
    assert train["parameters"] == {"n": ["2", "3", "9"], "seed": ["0", "1", ""]}
    assert train["failures"] == [{"state": "failed", "cause": "exit code 3", "groups": {known[2]: 2}}]
    first, second = train["results"]
    assert [(row["parameters"], row["seeds"]) for row in (first, second)] == [
        ({"n": "2"}, ["0", "1"]),
        ({"n": "3"}, [None]),
    ]
    assert first["metrics"]["acc"]["mean"] == pytest.approx(0.305)
    assert first["metrics"]["acc"]["before"]["mean"] == pytest.approx(0.205)
    assert first["metrics"]["acc"]["p"] < 0.05
    assert (first["metrics"]["acc"]["better"], first["metrics"]["time"]["better"]) == (True, None)
    assert [result["metrics"]["acc"]["best"] for result in (first, second)] == [False, False]
    commit = project.record(1)["code"]["commit"]
    (data,) = first["compared_with"].pop("other_data")
    assert (data["name"], data["difference"][:5]) == ("numbers", "blob ")
    same = {"other_seeds": [], "other_container": "", "other_environment": False, "environment_differences": []}
    assert first["compared_with"] == {"runs": [known[1]], "commit": commit, **same}
    assert (second["compared_with"], second["metrics"]["acc"]["before"]) == (None, None)
    assert [(code["runs"], code["files"]) for code in found["other_code"]] == [([known[2], known[3]], ["README.md"])]


def test_the_same_is_said_of_two_commits_wherever_one_stands(project: Sandbox) -> None:
    here = project.qanat("diff", "main...work", "--json").json
    assert here["experiments"] == project.qanat("diff", "--json").json["experiments"]
    project.git("switch", "--quiet", "main")
    assert project.qanat("diff", "main...work", "--json").json == here
    # On a branch that shares nothing with the two, every record is read from git.
    project.git("switch", "--quiet", "--orphan", "elsewhere")
    (project.root / ".qanat").mkdir(exist_ok=True)
    project.write(".qanat/config.yaml", "schema: config/1\n")
    project.commit("Something else")
    assert project.qanat("diff", "main...work", "--json").json == here
    out = project.qanat("diff", "work..elsewhere").out
    assert "runs only in the base" in out
    assert "merge base" not in out


def test_in_the_other_direction_runs_are_in_the_base_and_were_not_deleted(project: Sandbox) -> None:
    found = project.qanat("diff", "work..main", "--json").json
    assert sorted((c["kind"], c["run"]) for c in found["other_changes"]) == [
        ("only_in_base", ids(project)[n]) for n in (2, 3)
    ]
    assert found["warnings"] == found["experiments"] == []
    out = project.qanat("diff", "work..main").out
    assert "2 runs only in the base" in out.splitlines()[1]
    assert f"run {ids(project)[2]} of train is only in the base" in out


def test_a_merge_base_is_not_called_by_the_name_of_a_branch_that_has_gone_on(project: Sandbox) -> None:
    base = project.git("rev-parse", "--short=10", "main")
    assert project.qanat("diff", "main...work").out.startswith(f"From main ({base}) to work (")
    assert "Each side has commits" not in project.qanat("diff", "main..work").out
    project.git("checkout", "--quiet", "main")
    project.git("commit", "--quiet", "--allow-empty", "--message", "more")
    assert project.qanat("diff", "main...work").out.startswith(f"From {base}, the merge base with main, to work (")
    note = "Each side has commits that the other lacks; qanat diff main...work compares with their merge base."
    assert project.qanat("diff", "main..work").out.endswith(f"\n{note}\n")


def test_an_earlier_record_whose_keys_stand_in_another_order_is_compared_with_too(project: Sandbox) -> None:
    def reorder(record: dict[str, Any]) -> None:
        groups, submission = record.pop("groups"), record.pop("submission")
        others = dict(record)
        record.clear()
        record |= {
            "groups": groups,
            **others,
            "submission": {**submission, "details": {"groups": [{"state": "finished"}]}},
        }

    edit(project, 1, reorder)
    before = project.commit("In another order")
    project.qanat("run", "train", "--n", "1")
    (train,) = project.qanat("diff", before, "--json").json["experiments"]
    assert train["results"][0]["compared_with"]["runs"] == [ids(project)[1]]


def test_markdown_has_tables_and_folded_details(project: Sandbox) -> None:
    out = project.qanat("diff", "--format", "markdown").out
    assert out.startswith("<!-- qanat diff -->\n### Experiments and runs\n")
    assert "| `numbers` | changed | `path` | `data/first.txt` | `data/second.txt` |" in out
    assert "<details><summary>2 runs</summary>" in out
    assert '    x-axis ["n=2", "n=2 (before)", "n=3"]\n' in out
    assert "| 0.4 |" in out


def test_markdown_links_to_the_pages_of_the_remote_or_of_ci(project: Sandbox) -> None:
    words = ("diff", "main...work", "--format", "markdown")
    head, base = (project.git("rev-parse", name) for name in ("work", "main"))
    assert "](http" not in project.qanat(*words).out
    project.git("remote", "add", "upstream", "git@github.com:ada/iris.git")
    out, known, root = project.qanat(*words).out, ids(project), "https://github.com/ada/iris"
    assert f"([compare]({root}/compare/{base}...{head})): " in out
    assert f"[`2`]({root}/blob/{head}/.qanat/runs/train/0/{known[2]}.yaml)" in out
    assert f"run [`1`]({root}/blob/{base}/.qanat/runs/train/0/{known[1]}.yaml), commit [`" in out
    commit = project.record(2)["code"]["commit"]
    assert f"[`{commit[:10]}`]({root}/commit/{commit})" in out
    assert "](http" not in project.qanat("diff", "main...work").out
    env = {"GITLAB_CI": "true", "CI_PROJECT_URL": "https://code.example.org/lab/iris"}
    assert f"](https://code.example.org/lab/iris/-/commit/{commit})" in project.qanat(*words, env=env).out
    # In the working tree, a record has no page, but its commit has.
    records = re.findall(r"/blob/([0-9a-f]{40})/", project.qanat("diff", "main", "--format", "markdown").out)
    assert set(records) == {base}
    project.git("remote", "set-url", "upstream", "https://github.com/ada/iris](javascript:alert(1))")
    assert "javascript" not in project.qanat(*words).out


def test_plots_can_be_files(project: Sandbox) -> None:
    from xml.etree import ElementTree

    out = project.qanat("diff", "--format", "markdown", "--plots", "plots here").out
    assert "![plot of train](plots%20here/train-1.svg)" in out
    assert "```mermaid" not in out
    drawn = ElementTree.parse(project.root / "plots here/train-1.svg")
    texts = [element.text for element in drawn.iter("{http://www.w3.org/2000/svg}text")]
    assert texts[0] == "acc (higher is better)"
    assert "0.3050 ± 0.0071" in texts


def test_plots_that_cannot_be_written_are_an_error(project: Sandbox) -> None:
    project.write("taken", "a file")
    result = project.qanat("diff", "--format", "markdown", "--plots", "taken", code=1)
    assert result.err.startswith("qanat: cannot write taken")
    (project.root.parent / "mine").mkdir()
    project.write("sub/x", "")
    (project.root / "sub/plots").symlink_to("../../mine")
    project.git("add", "sub/plots")
    result = project.qanat("diff", "--format", "markdown", "--plots", "sub/plots", code=2)
    said = "qanat: sub/plots is a symbolic link in git, and sub/plots would be written where it leads\n"
    assert result.err == f"{said}  hint: name another file\n"
    assert list((project.root.parent / "mine").iterdir()) == []
    result = project.qanat("diff", "--plots", "taken", code=2)
    assert result.err == "qanat: --plots requires --format markdown\n  hint: add --format markdown\n"
    for words in (("--format", "markdown"), ("--plots", "p")):
        result = project.qanat("diff", "--json", *words, code=2)
        assert result.err == f"qanat: --json cannot be used with {words[0]}\n  hint: leave out one of them\n"


def test_what_is_not_committed_counts(project: Sandbox) -> None:
    project.write(".qanat/experiments/second.yaml", "schema: experiment/1\nname: second\nexecutable: train.py\n")
    (project.root / ".qanat/templates/htcondor/default.yaml").unlink()
    found = project.qanat("diff", "HEAD", "--json").json
    assert [(d["kind"], d["name"], d["change"]) for d in found["definitions"]] == [
        ("experiment", "second", "added"),
        ("template", "default", "removed"),
    ]
    assert "experiment" not in project.qanat("diff", "main...").out


def test_exit_code_tells_whether_anything_changes(project: Sandbox) -> None:
    assert project.qanat("diff", "HEAD", "--exit-code").out.endswith(
        "no changes to experiments, datasets, templates, settings or runs\n"
    )
    project.qanat("diff", "--exit-code", code=1)
    project.write("notes.py", "# not the state's business")
    project.qanat("diff", "HEAD", "--exit-code")


def test_settings_and_the_templates_in_them_are_two_things(project: Sandbox) -> None:
    config = project.root / ".qanat/config.yaml"
    text = config.read_text().replace("commit: each", "commit: manual")
    config.write_text(f"{text}slurm:\n  big:\n    --mem: 8GB\n")
    found = project.qanat("diff", "HEAD", "--json").json["definitions"]
    assert [(d["kind"], d["name"], d["change"], d["file"], [k["key"] for k in d["keys"]]) for d in found] == [
        ("template", "big", "added", ".qanat/config.yaml", ["options.--mem"]),
        ("config", "config", "changed", ".qanat/config.yaml", ["records.commit"]),
    ]
    out = project.qanat("diff", "HEAD").out
    assert "slurm/big in the settings" in out
    assert "records of runs are committed by hand" in out
    assert "1 setting changed" in out


# ---- what must not happen to a run that has ended


def test_a_run_that_was_changed_or_deleted_after_its_end_is_a_warning_before_everything_else(project: Sandbox) -> None:
    known = ids(project)
    edit(project, 1, lambda r: r["groups"][0]["metrics"].update(acc=0.9))
    (gone,) = [p for p in project.record_files() if p.name.startswith("3-")]
    gone.unlink()
    lines = project.qanat("diff", "HEAD").out.splitlines()
    assert lines[3:5] == [
        f"⚠ run {known[1]} of train was changed after it had ended: group 0: metrics.acc is 0.9 instead of 0.1",
        f"⚠ run {known[3]} of train was deleted after it had ended",
    ]
    out = project.qanat("diff", "HEAD", "--format", "markdown").out
    assert f"> [!WARNING]\n> * run `{known[1]}` of `train` was changed after it had ended" in out


def test_what_is_wrong_with_changed_definitions_comes_first(project: Sandbox) -> None:
    path = ".qanat/experiments/second.yaml"
    project.write(path, "schema: experiment/1\nname: second\nexecutable: nowhere.py\ndatasets: [none]\n")
    lines = project.qanat("diff", "HEAD").out.splitlines()
    assert lines[3:5] == [
        f"⚠ {path}:3: executable: nowhere.py does not exist",
        f"⚠ {path}:4: item 1 of datasets: dataset 'none' does not exist",
    ]
    before = project.git("rev-parse", "HEAD")
    project.commit("A second experiment")
    project.write("nowhere.py", "")
    assert project.qanat("diff", f"{before}..").out.splitlines()[3:5] == [
        f"⚠ {path}:3: executable: nowhere.py is not tracked by git",
        lines[4],
    ]
    project.write("findings.txt", "something else\n")
    out = project.qanat("diff", f"{before}..", "--findings", "findings.txt").out
    assert out.splitlines()[3] == "⚠ something else"
    assert "nowhere" not in out.split("Experiments")[0]


def test_a_deletion_by_qanat_delete_is_no_warning(project: Sandbox) -> None:
    known = ids(project)
    project.qanat("comment", "3", "-m", "It goes with its run")
    project.qanat("delete", "3", "--yes")
    project.git("rm", "--quiet", *(str(p) for p in project.record_files() if p.name.startswith("1-")))
    project.git("commit", "--quiet", "--message", "tidy up")
    found = project.qanat("diff", "HEAD~2", "--json").json
    assert [(w["kind"], w["run"]) for w in found["warnings"]] == [("deleted_after_end", known[1])]
    assert [(c["kind"], c["run"], c["text"]) for c in found["other_changes"]] == [("deleted", known[3], "announced")]
    out = project.qanat("diff", "HEAD~2").out
    assert out.splitlines()[1] == "1 run deleted, 1 warning"
    assert f"run {known[3]} of train was deleted by qanat delete" in out
    assert f"⚠ run {known[1]} of train was deleted after it had ended" in out


def test_a_record_that_cannot_be_read_any_more_is_a_warning_too(project: Sandbox) -> None:
    (path,) = [p for p in project.record_files() if p.name.startswith("1-")]
    path.write_text("schema: run/1\n")
    found = project.qanat("diff", "HEAD", "--json").json
    assert found["warnings"][0]["details"] == ["its record can no longer be read"]
    assert found["problems"][0]["problem"] == f"{path.relative_to(project.root)}: id: is missing"


def test_tags_comments_and_further_attempts_are_no_warning(project: Sandbox) -> None:
    before, known = project.git("rev-parse", "HEAD"), ids(project)
    project.qanat("tag", "1", "add", "baseline")
    project.write(f".qanat/runs/train/0/{known[1]}.md", "As good as it gets")
    project.qanat("retry", "2", code=1)
    found = project.qanat("diff", before, "--json").json
    assert found["warnings"] == []
    assert [(c["kind"], c["run"], c["text"]) for c in found["other_changes"]] == [
        ("tags", known[1], "baseline"),
        ("comment", known[1], "written"),
    ]
    assert [(run["id"], run["change"]) for run in found["experiments"][0]["runs"]] == [(known[2], "retried")]
    assert found["experiments"][0]["earlier_attempts"] == {"failed": 2}
    out = project.qanat("diff", before).out
    assert "; 2 earlier attempts: 2 failed" in out
    assert f"run {known[1]} of train is tagged baseline" in out
    assert f"run {known[1]} of train: its comment was written" in out
    assert "Retried runs of train" in out


def test_a_run_that_was_going_on_before_is_one_that_went_on(project: Sandbox) -> None:
    def going(record: dict[str, Any]) -> None:
        record.update(state="running", ended=None)
        record["groups"][0].update(state="running")
        for key in ("exit_code", "ended", "metrics"):
            record["groups"][0].pop(key)

    ended = project.record_files()[2].read_text()
    path = edit(project, 3, going)
    project.commit("It goes on")
    path.write_text(ended)
    found = project.qanat("diff", "HEAD", "--json").json
    assert [(run["change"], run["state"]) for run in found["experiments"][0]["runs"]] == [("continued", "finished")]
    assert found["warnings"] == []
    assert "1 continued run" in project.qanat("diff", "HEAD").out
    path.write_text(ended.replace("runner: {name: local", "runner: {name: remote"))
    (warned,) = project.qanat("diff", "HEAD", "--json").json["warnings"]
    assert (warned["kind"], warned["details"]) == ("launch_changed", ["runner.name is remote instead of local"])
    assert "train differs from how it was launched: runner.name" in project.qanat("diff", "HEAD").out


# ---- names


def rename(sandbox: Sandbox, how: str) -> None:
    """Rename the experiment train to fit: by the command or by hand, with or without moving its records."""
    if how == "command":
        sandbox.qanat("experiment", "update", "train", "--name", "fit")
        return
    old = sandbox.root / ".qanat/experiments/train.yaml"
    new = old.rename(old.with_name("fit.yaml"))
    new.write_text(new.read_text().replace("name: train", "name: fit"))
    if how == "by hand, with runs":
        (sandbox.root / ".qanat/runs/train").rename(sandbox.root / ".qanat/runs/fit")
        for path in sandbox.record_files():
            path.write_text(path.read_text().replace("experiment: train", "experiment: fit"))


@pytest.mark.parametrize(
    ("how", "said", "moved"),
    [
        ("command", "keeps the runs that it had as train", []),
        ("by hand", "its earlier runs stay under train", []),
        ("by hand, with runs", "keeps 3 runs, which moved with it", [{"from": "train", "to": "fit", "runs": 3}]),
    ],
)
def test_an_experiment_that_is_renamed_keeps_its_runs(
    project: Sandbox, how: str, said: str, moved: list[dict[str, Any]]
) -> None:
    rename(project, how)
    found = project.qanat("diff", "HEAD", "--json").json
    assert [(d["name"], d["change"], d["renamed_from"]) for d in found["definitions"]] == [("fit", "renamed", "train")]
    assert (found["definitions"][0]["keys"], found["warnings"], found["experiments"]) == ([], [], [])
    assert found["moved_runs"] == moved
    assert said in project.qanat("diff", "HEAD").out


@pytest.mark.parametrize("how", ["command", "by hand"])
def test_new_runs_of_a_renamed_experiment_are_compared_with_those_of_its_old_name(project: Sandbox, how: str) -> None:
    rename(project, how)
    before = project.commit("fit is the better name")
    project.qanat("run", "fit", "--n", "1")
    known = ids(project)
    (fit,) = [e for e in project.qanat("diff", "main", "--json").json["experiments"] if e["experiment"] == "fit"]
    assert fit["runs"][-1]["id"] == known[4]
    (row,) = [row for row in fit["results"] if known[4] in row["runs"]]
    assert row["compared_with"]["runs"] == [known[1]]
    if how == "command":
        # The name was changed before both sides, and the experiment says so.
        for words in ((before,), (f"{before}..work",)):
            (fit,) = project.qanat("diff", *words, "--json").json["experiments"]
            assert fit["results"][0]["compared_with"]["runs"] == [known[1]]


def test_two_runs_with_one_number_are_told_apart(project: Sandbox) -> None:
    (path,) = [p for p in project.record_files() if p.name.startswith("3-")]
    path.with_name("3-00000a.yaml").write_text(path.read_text().replace(path.stem, "3-00000a"))
    out = project.qanat("diff").out
    assert path.stem in out
    assert "3-00000a" in out


# ---- which states are compared


def test_by_default_a_branch_is_compared_with_where_it_will_go(project: Sandbox, tmp_path: Path) -> None:
    def base() -> Any:
        return project.qanat("diff", "--json").json["base"]["revision"]

    assert base() == "main"
    call(["git", "clone", "--quiet", "--bare", str(project.root), str(tmp_path / "server")], tmp_path)
    project.git("remote", "add", "origin", str(tmp_path / "server"))
    project.git("fetch", "--quiet", "origin")
    assert base() == "origin/main"
    # A copy of the branch itself is not what it goes into.
    project.git("branch", "--quiet", "--set-upstream-to", "origin/work")
    assert base() == "origin/main"
    project.git("branch", "--quiet", "next", "main")
    project.git("branch", "--quiet", "--set-upstream-to", "next")
    assert base() == "next"
    project.git("switch", "--quiet", "main")
    project.git("branch", "--quiet", "--set-upstream-to", "origin/main")
    assert base() == "origin/main"
    project.git("remote", "set-head", "origin", "work")
    project.git("switch", "--quiet", "--detach")
    assert base() == "origin/work"


def test_a_state_before_the_project_was_one_makes_everything_new(tmp_path: Path) -> None:
    root = tmp_path / "late"
    root.mkdir()
    sandbox = Sandbox(root)
    sandbox.git("init", "--quiet")
    first = sandbox.commit("Nothing yet")
    sandbox.qanat("init", "--yes")
    result = sandbox.qanat("diff", f"{first}..")
    assert "The base is not a qanat project, so everything is new." in result.out
    assert "2 templates added, 1 setting added" in result.out
    backwards = sandbox.qanat("diff", f"HEAD..{first}")
    assert "The head is not a qanat project, so everything is removed." in backwards.out
    result = sandbox.qanat("diff", f"{first}..{first}", code=2)
    assert result.err.startswith(f"qanat: neither {first} nor {first} has a .qanat folder\n  hint: ")


def test_before_the_first_commit_everything_is_new(tmp_path: Path) -> None:
    (tmp_path / ".qanat/datasets").mkdir(parents=True)
    (tmp_path / ".qanat/datasets/a.yaml").write_text("schema: dataset/1\nname: a\npath: a\n")
    sandbox = Sandbox(tmp_path)
    sandbox.git("init", "--quiet")
    out = sandbox.qanat("diff").out
    assert out.startswith("From nothing to the working tree\n1 dataset added\n")
    assert "The base is not a qanat project, so everything is new." in out
    assert sandbox.qanat("diff", "--json").json["base"] == {"revision": None, "commit": None, "project": False}


@pytest.mark.parametrize(
    ("words", "message", "hint"),
    [
        ("nope", "'nope' is not a commit of this repository", "list commits with: git log --oneline"),
        ("main..nope", "'nope' is not a commit of this repository", "list commits with: git log --oneline"),
        ("--output=x", "no such option", "qanat diff --help"),
        ("other...main", "other and main have no commits in common", "compare them directly: qanat diff other..main"),
    ],
)
def test_states_that_cannot_be_compared_are_said_in_one_sentence(
    project: Sandbox, words: str, message: str, hint: str
) -> None:
    tree = project.git("mktree", "--missing") if words.startswith("other") else ""
    if tree:
        project.git("branch", "other", project.git("commit-tree", tree, "-m", "alone"))
    result = project.qanat("diff", words, code=2)
    assert result.err.startswith(f"qanat: {message}")
    assert f"  hint: {hint}\n" in result.err


def test_a_repository_without_a_main_branch_asks_for_one(project: Sandbox) -> None:
    project.git("branch", "--delete", "--force", "--quiet", "main")
    result = project.qanat("diff", code=2)
    assert result.err == (
        "qanat: no upstream or main branch to compare with\n  hint: name a branch or commit: qanat diff A\n"
    )


def test_a_shallow_clone_says_how_to_get_the_rest(project: Sandbox, tmp_path: Path) -> None:
    clone = tmp_path / "clone"
    url = project.root.as_uri()
    call(["git", "clone", "--quiet", "--depth", "1", "--no-single-branch", url, str(clone)], tmp_path)
    result = Sandbox(clone).qanat("diff", "origin/main...HEAD", code=2)
    assert result.err == (
        "qanat: origin/main and HEAD have no commits in common\n  hint: this clone is shallow: "
        "git fetch --unshallow, or fetch-depth: 0 in the workflow\n"
    )
    missing = project.git("rev-parse", "main~1")
    result = Sandbox(clone).qanat("diff", missing, code=2)
    assert "hint: this clone is shallow" in result.err
    # Without the history, two states can still be compared as they are.
    assert "2 new runs" in Sandbox(clone).qanat("diff", "origin/main..HEAD").out
    # As the merge base is missing, runs that are gone may have been deleted.
    out = Sandbox(clone).qanat("diff", "HEAD..origin/main").out
    assert f"run {ids(project)[2]} of train was deleted after it had ended" in out
    assert "only in the base" not in out


# ---- files from strangers


def test_a_file_that_cannot_be_read_is_one_line_and_the_rest_goes_on(project: Sandbox) -> None:
    outside = project.root.parent / "outside.yaml"
    outside.write_text("schema: dataset/1\nname: link\npath: secret\n")
    project.write(".qanat/datasets/broken.yaml", "a: [\n")
    project.write(".qanat/datasets/other.yaml", "schema: dataset/1\nname: another\npath: x\n")
    project.write(".qanat/datasets/later.yaml", "schema: dataset/9\nname: later\npath: x\n")
    project.write(".qanat/datasets/unknown.yaml", "schema: dataset/1\nname: unknown\npath: x\nbad: 1\n")
    project.write(".qanat/notes.txt", "hello")
    project.write(".qanat/runs/train/0/77-abcdef.yaml", "schema: run/1\nid: 77-abcdef\n")
    (project.root / ".qanat/datasets/link.yaml").symlink_to(outside)
    shutil.copy(project.record_files()[0], project.root / ".qanat/runs/train/0/88-abcdef.yaml")
    project.write(".qanat/datasets/good.yaml", "schema: dataset/1\nname: good\npath: data\n")
    for commit in (False, True):
        if commit:
            project.commit("A stranger's work")
        found = project.qanat("diff", "work~1" if commit else "HEAD", "--json").json
        problems = {p["file"].removeprefix(".qanat/"): p["problem"] for p in found["problems"]}
        assert problems.pop("datasets/later.yaml") == (
            f".qanat/datasets/later.yaml is dataset/9, and this qanat {__version__} reads up to dataset/1;"
            " install a newer qanat; its README says how"
        )
        assert {file: problem.partition(": ")[2] for file, problem in problems.items() if "broken" not in file} == {
            "datasets/link.yaml": "is a symbolic link",
            "datasets/other.yaml": "name: 'another' is not the file name",
            "datasets/unknown.yaml": "bad: unknown key; known: schema, name, description, path, track, command, check,"
            " writable, transfer, tags",
            "notes.txt": "is not expected here",
            "runs/train/0/77-abcdef.yaml": "code: is missing",
            "runs/train/0/88-abcdef.yaml": f"id: {ids(project)[1]} of train does not belong in this file",
        }
        assert problems["datasets/broken.yaml"].startswith(".qanat/datasets/broken.yaml:2: is not YAML")
        assert [d["name"] for d in found["definitions"]] == ["good"]
        assert "secret" not in str(found)


HOSTILE = "\x1b[31m@team ![x](http://example.org) <img src=x> | `a` \u202e\r\n# title [bold]"


def test_no_word_of_a_stranger_steers_a_terminal_or_is_read_as_markdown(project: Sandbox) -> None:
    def hostile(record: dict[str, Any]) -> None:
        record.update(id="50-abcdef", description=HOSTILE, state="failed")
        record["runner"]["name"] = HOSTILE
        record["groups"][0].update(state="failed", reason=HOSTILE, args=["--n", HOSTILE])
        record["groups"].append({"group": 1, "args": ["--n", "2"], "state": "finished", "metrics": {HOSTILE: 1}})

    path = edit(project, 3, hostile)
    path.rename(path.with_name("50-abcdef.yaml"))
    dataset = {"schema": "dataset/1", "name": "bad", "path": HOSTILE, "tags": [HOSTILE]}
    project.write(".qanat/datasets/bad.yaml", yaml.safe_dump(dataset))
    project.write(f".qanat/datasets/{HOSTILE.replace('/', '')}.yaml", "x: 1\n")
    options = {HOSTILE.replace("\r\n", "").replace("\x1b", ""): HOSTILE}
    template = {"schema": "template/1", "name": "bad", "runner": "slurm", "options": options}
    project.write(".qanat/templates/slurm/bad.yaml", yaml.safe_dump(template))
    for words in ((), ("--format", "markdown"), ("--json",)):
        out = project.qanat("diff", "HEAD", *words).out
        assert not set(out) & set("\x1b\r\u202e")
    written = MarkdownIt("commonmark").enable("table").parse(out_of(project))
    leaves = [leaf for token in written for leaf in token.children or []]
    assert {leaf.type for leaf in leaves} <= {"text", "code_inline", "softbreak", "strong_open", "strong_close"}
    blocks = {token.content.split("\n")[0] for token in written if token.type == "html_block"}
    assert blocks == {"<!-- qanat diff -->", "<details><summary>1 run</summary>", "</details>"}
    assert [leaf.content for leaf in leaves if leaf.type == "code_inline" and "@team" in leaf.content]
    assert not [leaf.content for leaf in leaves if leaf.type == "text" and "@" in leaf.content]


def out_of(project: Sandbox) -> str:
    return project.qanat("diff", "HEAD", "--format", "markdown").out


def test_numbers_of_any_size_are_compared(project: Sandbox) -> None:
    def vast(record: dict[str, Any]) -> None:
        record["groups"] = [
            {"group": i, "args": ["--n", "7"], "state": "finished", "metrics": {"acc": v, "time": v, "x": float("nan")}}
            for i, v in enumerate((1e308, -1e308, 10**300, float("inf"), float("-inf")))
        ]

    edit(project, 3, vast)
    for words in ((), ("--format", "markdown"), ("--format", "markdown", "--plots", "p"), ("--json",)):
        project.qanat("diff", "main", *words)


# ---- results that changed although their run had ended


def test_metrics_that_were_made_up_are_listed_with_what_they_were(project: Sandbox) -> None:
    (file,) = [path for path in project.record_files() if path.name.startswith("1-")]
    before = file.read_text()
    made_up = re.sub(r"acc: [0-9.]+", "acc: 0.99", before.replace("metrics: {", "attempt: 2, metrics: {"))
    file.write_text(made_up)
    found = project.qanat("diff", "HEAD", "--json").json
    (run,) = found["replaced_results"]
    assert (run["run"], run["experiment"]) == (file.stem, "train")
    assert [(m["group"], m["metric"], m["after"]) for m in run["metrics"]] == [(n, "acc", 0.99) for n in range(4)]
    assert sorted(m["before"] for m in run["metrics"]) == pytest.approx([0.1, 0.11, 0.2, 0.21])
    warned = [one for one in found["warnings"] if one["run"] == file.stem]
    assert "submission.intent is still that of the earlier attempt" in warned[0]["details"]
    out = project.qanat("diff", "HEAD").out
    assert "Changed metrics of ended runs" in out


# ---- what changed without new runs


def test_a_program_or_data_that_changed_without_new_runs_are_said(project: Sandbox) -> None:
    project.write("train.py", program(0.2))
    before = project.commit("Another bonus, without a run")
    known = ids(project)
    said = "the program of train changed; its newest results, of run 3, are of other code"
    for words in (("work~1",), ("work~1..work",)):
        result = project.qanat("diff", *words, "--exit-code", code=1)
        assert said in [line.strip() for line in result.out.splitlines()]
        assert result.out.splitlines()[1] == "1 experiment changed without new runs"
    project.write("data/second.txt", "3")
    found = project.qanat("diff", "work", "--json").json["stale"]
    assert found == [{"experiment": "train", "changed_program": None, "changed_datasets": ["numbers"], "run": known[3]}]
    out = project.qanat("diff", "work").out
    assert "the dataset numbers of train changed; its newest results, of run 3, are of other data" in out
    # What the newest results are of is no news.
    project.git("checkout", "--quiet", "work~1", "--", "train.py", "data")
    project.commit("As it was")
    assert project.qanat("diff", before, "--json").json["stale"] == []


def test_an_experiment_that_reads_other_data_now_is_said_even_if_git_has_no_data(project: Sandbox) -> None:
    project.write(".qanat/datasets/numbers.yaml", "schema: dataset/1\nname: numbers\npath: /nowhere/data\n")
    (one,) = project.qanat("diff", "HEAD", "--json").json["stale"]
    assert (one["changed_program"], one["changed_datasets"]) == (None, ["numbers"])


# ---- what finished before and fails now


def test_a_setting_that_fails_now_is_said_first_with_its_parameters(project: Sandbox) -> None:
    project.write("train.py", program(0.1).replace("n > 8", "n < 2"))
    before = project.commit("Small numbers are of no use")
    project.qanat("run", "train", "-R", "--n 1,9", code=1)
    report = project.qanat("diff", before)
    lines = [" ".join(line.split()) for line in report.out.splitlines()]
    assert lines[1] == "1 new run, 1 setting that finished before and fails now"
    assert lines[3] == "Finished before, fails now"
    assert lines[5].startswith("train n=1 1 exit code 3 run 4 run 1, on other data: numbers: blob ")
    (one,) = project.qanat("diff", before, "--json").json["experiments"][0]["regressions"]
    assert (one["parameters"], one["failed"], one["groups"]) == ({"n": "1"}, 1, 1)
    assert one["finished_in"] == [ids(project)[1]]
    assert ([data["name"] for data in one["other_data"]], one["other_container"]) == (["numbers"], "")


# ---- baselines


def with_baseline(project: Sandbox, baseline: str) -> None:
    """Add a baseline to the experiment in the working tree, and commit it."""
    path = project.root / ".qanat/experiments/train.yaml"
    path.write_text(f"{path.read_text()}baseline: {baseline}\n")
    project.commit("Watch the results")


def test_results_behind_the_baseline_fail_the_check_with_a_sentence_each(project: Sandbox) -> None:
    with_baseline(project, "{where: n<3, metric: acc, tolerance: 5%}")
    assert (
        "No result is behind the baseline for acc of train (1 setting compared)" in project.qanat("diff", "--check").out
    )
    project.write("train.py", program(-0.1).replace("n > 8", "n < 2"))
    project.commit("Worse, and it fails for small numbers")
    project.qanat("run", "train", "-R", "--n 1,2", "-R", "--seed 0 2 1", code=1)
    result = project.qanat("diff", "main", "--check", code=1)
    said = result.err.splitlines()
    assert said == [
        "acc of train with n=2 is 0.1050 ± 0.0071, n = 2 (run 4), behind by more than 5% its baseline of "
        "0.2050 ± 0.0071, n = 2 (run 1)",
        "acc of train with n=1 is missing, since it fails (run 4): exit code 3; its baseline of "
        "0.1050 ± 0.0071, n = 2 (run 1)",
    ]
    assert [f"⚠ {line}" for line in said] == result.out.splitlines()[3:5]
    project.qanat("diff", "main")
    (verdict,) = project.qanat("diff", "main", "--json").json["baselines"]
    assert (verdict["metric"], verdict["where"], verdict["tolerance"], verdict["compared"]) == ("acc", "n<3", "5%", 2)
    assert [one["value"] is None for one in verdict["behind"]] == [False, True]
    assert [one["parameters"] for one in verdict["behind"]] == [{"n": "2"}, {"n": "1"}]


def test_a_branch_cannot_change_the_baseline_that_it_is_compared_with(project: Sandbox) -> None:
    project.git("switch", "--quiet", "main")
    with_baseline(project, "{metric: acc}")
    project.git("switch", "--quiet", "--create", "worse")
    definition = project.root / ".qanat/experiments/train.yaml"
    definition.write_text(definition.read_text().replace("{metric: acc}", "{metric: acc, tolerance: 9}"))
    project.write("train.py", program(-0.1))
    project.commit("Look away")
    project.qanat("run", "train", "--n", "1", "--seed", "0")
    for words in (("main",), ("main..worse",)):
        assert "behind its baseline" in project.qanat("diff", *words, "--check", code=1).err


def test_a_baseline_that_no_group_of_the_other_side_meets_fails_the_check(project: Sandbox) -> None:
    project.git("switch", "--quiet", "main")
    with_baseline(project, "{where: tag=basline, metric: acc}")
    project.git("switch", "--quiet", "--create", "again")
    project.qanat("run", "train", "--n", "1", "--seed", "0")
    result = project.qanat("diff", "main", "--check", code=1)
    said = "The baseline for acc of train could not be compared: no group on the other side meets tag=basline."
    assert result.err.splitlines() == [said]
    (verdict,) = project.qanat("diff", "main", "--json").json["baselines"]
    assert (verdict["defined_in"], verdict["compared"], verdict["unclear"]) == ("base", 0, [])


def test_a_baseline_that_cannot_be_compared_says_why(project: Sandbox) -> None:
    with_baseline(project, "[{metric: acc, where: depth=3}, {metric: speed}]")
    said = project.qanat("diff", "main", "--check").err
    assert "The new baseline for acc of train was not compared: no run has the parameter or metric 'depth'" in said
    assert (
        "The new baseline for speed of train was not compared: no metric says which direction of it is better" in said
    )
    result = project.qanat("validate", code=1)
    assert "no file of metrics says which direction of 'speed' is better" in result.out + result.err


# ---- only some runs


def test_a_condition_restricts_the_runs_that_are_shown(project: Sandbox) -> None:
    result = project.qanat("diff", "main...work", "--where", "n=2 or n=3", "--where", "state=finished")
    lines = [" ".join(line.split()) for line in result.out.splitlines()]
    assert any(line.startswith("2 runs, 3 groups: 3 finished; ") for line in lines)
    assert "2 new groups that the condition excludes are not shown." in lines
    found = project.qanat("diff", "main...work", "--where", "metric.acc>0.35 and n=3", "--json").json
    assert [[run["id"] for run in e["runs"]] for e in found["experiments"]] == [[ids(project)[3]]]
    assert found["groups_left_out"] == 4
    project.qanat("diff", "main...work", "--where", "n=7", "--exit-code", code=1)
    result = project.qanat("diff", "main...work", "--where", "accuracy>1", code=2)
    assert result.err.startswith("qanat: no run has the parameter or metric 'accuracy'")
