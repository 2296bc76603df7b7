"""Importing a project of qanat 0.x: what is imported, the remarks on the rest, and what works afterwards."""

from __future__ import annotations

import json
import os
import re
import shutil
import sqlite3
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.support.qanat_v0 import CONFIG, V0Project
from tests.support.sandbox import Sandbox, wait_until
from tests.support.terminal import Terminal

DATABASE = ".qanat/database.db"
FAILING = "Traceback (most recent call last):\n  File x, line 1\nValueError: no data\n"
LOG = "001 (4651.000.000) 2023-06-29 13:17:59 Job executing\n005 (4651.000.000) 2023-06-29 13:18:11 Job terminated.\n"


def import_into(sandbox: Sandbox, *words: str, **options: Any) -> Any:
    """Import the project's own database and return what was printed as JSON."""
    return sandbox.qanat("import", DATABASE, "--json", *words, **options).json


def record(sandbox: Sandbox, number: int) -> Any:
    """Return the record of a run as `qanat show --json` prints it."""
    return sandbox.qanat("show", str(number), "--json").json


@pytest.fixture
def old(tmp_path: Path) -> V0Project:
    """Return a repository with a project of qanat 0.x that has one experiment and no run."""
    sandbox = Sandbox(tmp_path / "my old project")
    sandbox.root.mkdir()
    sandbox.git("init", "--quiet")
    sandbox.write(".gitignore", "results/\n.qanat/database.db")
    sandbox.write("data/iris", "5.1\n")
    project = V0Project(sandbox.root)
    project.configure()
    project.experiment()
    sandbox.git("add", ".gitignore", "data", "experiments")
    sandbox.git("commit", "--quiet", "--message", "first")
    project.commit = sandbox.git("rev-parse", "HEAD")
    return project


@pytest.fixture
def sandbox(old: V0Project) -> Sandbox:
    """Return the same folder, for today's qanat."""
    return Sandbox(old.root)


def fill(old: V0Project) -> None:
    """Fill the project with a dataset, tags, an action, and runs of several kinds."""
    old.insert("datasets", id=1, name="iris", path=str(old.root / "data/iris"), description="Fisher's iris")
    old.insert("datasets_experiments", experiment_id=1, dataset_id=1)
    old.tag("datasets_tags", "dataset_id", 1, "flowers")
    old.tag("experiments_tags", "experiment_id", 1, "Statistics", "First-order", "Statistics")
    old.insert("actions", experiment_id=1, name="plot", executable="experiments/iris.py", executable_command="python")
    info = {
        "status": ["finished"],
        "pids": ["812"],
        "start_time": [datetime.fromisoformat("2023-06-29 13:17:59")],
        "end_time": [datetime.fromisoformat("2023-06-29 13:18:14.5")],
    }
    files = {"stdout.txt": "done\n", "stderr.txt": "", "comment.md": "# The one for *figure 2*\n"}
    parameters = {"pos_1": "x y", "pos_0": 3, "--nbins": "10", "--mean": ["1", "2.5"]}
    old.run(1, [parameters], info, files=files, description="first: try", runner_params='{"--wait": "True"}')
    old.tag("runs_tags", "run_id", 1, "paper", "figure-2")
    groups = [{"--nbins": str(n), "--seed": "0"} for n in (10, 20)]
    old.run(3, groups, {"status": ["finished", "error"]}, runner_params='{"--n_threads": "2"}')


def test_everything_that_has_a_place_comes_along_in_one_commit(old: V0Project, sandbox: Sandbox) -> None:
    fill(old)
    before = sandbox.git("rev-list", "--count", "HEAD")
    result = import_into(sandbox)
    assert (result["experiments"], result["datasets"], result["comments"]) == (["summary_iris"], ["iris"], 1)
    assert result["templates"] == ["htcondor/default", "htcondor/two_cpus", "slurm/default"]
    assert sandbox.git("rev-list", "--count", "HEAD") == str(int(before) + 1)
    assert result["commit"] == sandbox.git("rev-parse", "HEAD")
    assert sandbox.status() == ""
    experiment = yaml.safe_load((old.root / ".qanat/experiments/summary_iris.yaml").read_text())
    assert experiment == {
        "schema": "experiment/1",
        "name": "summary_iris",
        "description": "Summary statistics",
        "path": "experiments",
        "executable": "experiments/iris.py",
        "executable_command": "python",
        "tags": ["Statistics", "First-order"],
        "datasets": ["iris"],
        "actions": {"plot": {"executable": "experiments/iris.py", "executable_command": "python"}},
    }
    dataset = yaml.safe_load((old.root / ".qanat/datasets/iris.yaml").read_text())
    assert (dataset["path"], dataset["tags"]) == ("data/iris", ["flowers"])
    template = yaml.safe_load((old.root / ".qanat/templates/htcondor/two_cpus.yaml").read_text())
    assert template["options"] == CONFIG["htcondor"]["two cpus"]  # type: ignore[index]
    assert yaml.safe_load((old.root / ".qanat/config.yaml").read_text()) == {
        "schema": "config/1",
        "default_editor": "vim",
        "logging": "INFO",
        "result_dir": "results",
    }


def test_a_run_keeps_its_number_words_moments_tags_and_comment(old: V0Project, sandbox: Sandbox) -> None:
    fill(old)
    import_into(sandbox)
    first, second = record(sandbox, 1), record(sandbox, 3)
    assert first["groups"] == [
        {
            "group": 0,
            "args": ["3", "x y", "--nbins", "10", "--mean", "1", "--mean", "2.5"],
            "job": "812",
            "state": "finished",
            "started": "2023-06-29T13:17:59+00:00",
            "ended": "2023-06-29T13:18:14.500+00:00",
        }
    ]
    assert (first["description"], first["tags"]) == ("first: try", ["paper", "figure-2"])
    assert first["created"] == "2023-06-29T13:17:58+00:00"
    assert (first["command"], first["datasets"]) == (["python", "experiments/iris.py"], {"iris": "data/iris"})
    assert (first["code"]["commit"], first["code"]["branch"]) == (old.commit, None)
    assert first["code"]["tree"] == sandbox.git("rev-parse", f"{old.commit}^{{tree}}")
    assert first["storage"] == "results/summary_iris/run_1"
    assert first["imported"] == {"runner_params": {"wait": "True"}}
    assert second["runner"] == {"name": "local", "options": {"n_threads": 2}}
    assert second["parameters"]["groups"] == ["--nbins 10 --seed 0", "--nbins 20 --seed 0"]
    comment = next((old.root / ".qanat/runs").glob("*/0/1-*.md"))
    assert comment.read_text() == "# The one for *figure 2*\n"


def test_every_command_works_on_what_was_imported(old: V0Project, sandbox: Sandbox) -> None:
    fill(old)
    import_into(sandbox)
    assert sandbox.qanat("validate").out == "checked 9 files, no problems found\n"
    assert sandbox.qanat("status", "--json").json["runs"] == {"summary_iris": {"failed": 1, "finished": 1}}
    assert "first: try" in sandbox.qanat("experiment", "status", "summary_iris").out
    shown = sandbox.qanat("show", "1").out
    assert "figure 2" in shown
    assert "--nbins 10" in shown
    assert sandbox.qanat("logs", "1").out == "done\n"
    rows = sandbox.qanat("compare", "1", "3", "--json").json
    assert [row["parameters"]["nbins"] for row in rows] == ["10", "10"]
    assert sandbox.qanat("template", "show", "two_cpus", "--json").json["options"]["request_cpus"] == 2
    (python_run,) = sandbox.qanat("experiment", "run_delete", "summary_iris", "3", "--yes").out.splitlines()[-1:]
    assert python_run.startswith("Deleted run 3")
    with Terminal(old.root, "explore", "summary_iris", "1") as terminal:
        terminal.see("first: try")
        terminal.see("Action: plot")


def test_an_imported_run_can_be_run_again_and_numbers_go_on_after_the_highest(old: V0Project, sandbox: Sandbox) -> None:
    old.experiment(2, "plain", executable="experiments/plain.sh", executable_command="sh")
    sandbox.write("experiments/plain.sh", 'echo "$1 $2"\n')
    old.commit = sandbox.commit()
    old.run(41, [{"--nbins": "10"}], experiment_id=2)
    old.run(7, [{"--nbins": "20"}], experiment_id=2)
    import_into(sandbox)
    sandbox.qanat("delete", "41", "--yes")
    assert sandbox.qanat("rerun", "7").out == "--nbins 20\n"
    assert sandbox.record(42)["rerun_of"] == sandbox.record(7)["id"]


def test_importing_again_adds_only_what_is_new_and_leaves_changes_alone(old: V0Project, sandbox: Sandbox) -> None:
    fill(old)
    import_into(sandbox)
    sandbox.qanat("tag", "1", "add", "mine")
    tip = sandbox.git("rev-parse", "HEAD")
    again = sandbox.qanat("import", DATABASE)
    assert again.out.splitlines()[-1] == "nothing new to import"
    assert (sandbox.git("rev-parse", "HEAD"), sandbox.status()) == (tip, "")
    with (old.root / ".qanat/config.yaml").open("a") as settings:
        settings.write("htcondor: {later: {request_cpus: 4}}\n")  # as one may write it today
    sandbox.commit()
    sandbox.qanat("delete", "3", "--yes")
    old.run(4)
    result = import_into(sandbox)
    assert ([i.partition("-")[0] for i in result["runs"]], result["templates"]) == (["4"], [])
    assert "run 3: left out: it was deleted here after an earlier import" in result["remarks"]
    assert sandbox.record(1)["tags"] == ["paper", "figure-2", "mine"]


def test_what_an_import_that_was_killed_has_written_is_committed_by_the_next(old: V0Project, sandbox: Sandbox) -> None:
    fill(old)
    import_into(sandbox)
    records = sandbox.committed_records()
    # As it is when qanat is killed before its commit.
    sandbox.git("reset", "--quiet", "HEAD~1")
    sandbox.git("checkout", "--quiet", "--", ".gitignore")
    (old.root / ".gitattributes").unlink()
    old.configure()
    assert sandbox.committed_records() == set()
    import_into(sandbox)
    assert sandbox.committed_records() == records
    assert sandbox.status() == ""


def test_an_import_that_is_killed_midway_is_completed_by_the_next(old: V0Project, sandbox: Sandbox) -> None:
    old.many_runs(range(1, 401))
    with sandbox.start("import", DATABASE) as process:
        wait_until(lambda: len(list((old.root / ".qanat/runs").rglob("*.yaml"))) > 10)
        process.kill()
    assert sandbox.committed_records() == set()
    import_into(sandbox)
    assert len(sandbox.committed_records()) == 400
    assert sandbox.status() == ""


def test_secrets_are_replaced_and_said(old: V0Project, sandbox: Sandbox) -> None:
    token = "hf_" + "aB3dE" * 7
    old.run(1, [{"--hf_token": token, "--lr": "0.1"}], {"status": ["finished"]}, files={"comment.md": f"Use {token}\n"})
    old.run(2, [{"--lr": "0.1"}], {"status": ["finished"]})
    assert "run 1: what looks like a secret became [redacted]" in import_into(sandbox)["remarks"]
    assert record(sandbox, 1)["groups"][0]["args"] == ["--hf_token", "[redacted]", "--lr", "0.1"]
    assert token not in sandbox.git("log", "--all", "--patch")
    assert import_into(sandbox)["runs"] == []


def test_a_dry_run_shows_all_and_writes_nothing(old: V0Project, sandbox: Sandbox) -> None:
    fill(old)
    before = {path: path.stat().st_mtime_ns for path in old.root.rglob("*") if ".git/" not in str(path)}
    shown = sandbox.qanat("import", DATABASE, "--dry_run").out
    assert {path: path.stat().st_mtime_ns for path in old.root.rglob("*") if ".git/" not in str(path)} == before
    assert "1 experiment: summary_iris\n1 dataset: iris\n" in shown
    assert "2 runs: 1 failed, 1 finished (runs 1, 3)\n1 comment\nsettings: .qanat/config.yaml\n" in shown
    assert shown.endswith("\nnothing was written\n")
    result = import_into(sandbox, "--dry-run")
    assert (result["dry_run"], result["commit"], len(result["runs"])) == (True, None, 2)


# ---- how runs ended


@pytest.mark.parametrize(
    ("values", "info", "files", "state", "more"),
    [
        ({"status": "cancelled"}, {"status": ["cancelled"]}, {}, "cancelled", {}),
        ({"status": "failed"}, None, {}, "failed", {}),
        ({"status": "finished"}, {"status": ["error"]}, {}, "failed", {}),
        ({"status": "Not started"}, None, {}, "cancelled", {"reason": "it was never started"}),
        ({"status": "running"}, {"status": ["finished"]}, {}, "finished", {}),
        ({"status": "running"}, None, {"stderr.txt": FAILING}, "failed", {}),
        ({"status": "running"}, None, {"progress.txt": "count_total=2\n1\n1\nfinished\n"}, "finished", {}),
        (
            {"status": "running", "runner": "htcondor"},
            {"status": "running", "cluster_ids": [4651]},
            {"executable.sh": "", "stdout.txt": "Running\nDone."},
            "finished",
            {"job": "4651.0"},
        ),
        (
            {"status": "running", "runner": "htcondor", "finished": None},
            {"status": "running", "cluster_ids": [4651]},
            {"log.txt": LOG + "\t(1) Normal termination (return value 3)\n"},
            "failed",
            {"exit_code": 3, "ended": "2023-06-29T13:18:11+00:00"},
        ),
        (
            {"status": "finished"},
            None,
            {"log.txt": f"{LOG}\t(0) Abnormal termination (signal 9)\n"},
            "failed",
            {"signal": 9},
        ),
        (
            {"status": "running"},
            None,
            {"log.txt": "009 (4651.000.000) 06/29 13:18:11 Job was aborted.\n"},
            "cancelled",
            {},
        ),
        ({"status": "running"}, {"status": ["running"]}, {"stdout.txt": "half\n"}, "lost", {}),
        ({"status": "paused"}, None, {}, "lost", {}),
        ({"status": None}, None, {"stdout.txt": "half\n"}, "lost", {}),
    ],
)
def test_a_run_ends_as_the_evidence_says(
    old: V0Project,
    sandbox: Sandbox,
    values: dict[str, Any],
    info: dict[str, Any] | None,
    files: dict[str, str],
    state: str,
    more: dict[str, Any],
) -> None:
    old.run(4, info=info, files=files, **values)
    import_into(sandbox)
    run = record(sandbox, 4)
    assert run["state"] == state
    assert {key: run["groups"][0].get(key) for key in more} == more
    sandbox.qanat("validate")


def test_a_run_called_finished_whose_errors_say_otherwise_is_pointed_out(old: V0Project, sandbox: Sandbox) -> None:
    for number in (2, 3, 4, 7):
        old.run(number, files={"stderr.txt": FAILING})
    old.run(8, files={"stderr.txt": f"{FAILING}but it went on\n"})
    said = import_into(sandbox)["remarks"]
    expected = "qanat 0.x called it finished, but its stderr.txt ends with an error: look at it"
    assert f"runs 2-4, 7: {expected}" in said
    assert sandbox.record(2)["state"] == "finished"


# ---- what does not fit


def test_names_that_cannot_be_used_are_changed_and_said(old: V0Project, sandbox: Sandbox) -> None:
    for number, name in enumerate(("Été à la mer", "../../etc", "a/b", "a b", "", "x" * 120), 2):
        old.experiment(number, name)
    old.run(5, experiment_id=2, storage_path="results/ete/run_5")
    old.insert("datasets", id=1, name="my data", path="data/iris")
    old.insert("datasets_experiments", experiment_id=2, dataset_id=1)
    result = import_into(sandbox)
    names = ["summary_iris", "Ete_a_la_mer", "etc", "a_b", "a_b-2", "experiment_6", "x" * 100]
    assert result["experiments"] == names
    assert "experiment 'Été à la mer' is called Ete_a_la_mer here" in result["remarks"]
    assert "dataset 'my data' is called my_data here" in result["remarks"]
    run = sandbox.record(5)
    assert (run["experiment"], run["datasets"]) == ("Ete_a_la_mer", {"my_data": "data/iris"})
    assert run["imported"] == {"experiment": "Été à la mer"}
    sandbox.qanat("validate")


def test_commits_that_are_not_here_are_kept_as_noted_and_said(old: V0Project, sandbox: Sandbox) -> None:
    old.run(1, commit_sha="a" * 40)
    old.run(2, commit_sha=old.commit[:10])
    old.run(3, commit_sha=None)
    old.run(4, commit_sha="HEAD; rm")
    said = import_into(sandbox)["remarks"]
    commits = [sandbox.record(number)["code"]["commit"] for number in (1, 2, 3, 4)]
    assert commits == ["a" * 40, old.commit, "0" * 40, "0" * 40]
    assert "run 1: its commit is not in this repository, so it cannot be run again" in said
    assert "run 3: it has no commit; zeros stand in for it" in said
    assert "run 4: its commit is recorded as 'HEAD; rm', which is not a commit here; zeros stand in for it" in said
    sandbox.qanat("validate")
    assert "is not in this repository" in sandbox.qanat("rerun", "1", code=2).err
    assert "and nothing says which code it ran" in sandbox.qanat("rerun", "3", code=2).err


def test_results_that_are_gone_outside_or_moved_are_said(old: V0Project, sandbox: Sandbox, tmp_path: Path) -> None:
    outside = tmp_path / "scratch/run_2"
    outside.mkdir(parents=True)
    (outside / "info.yaml").write_text("status: [error]\n")
    old.run(1)
    old.run(2, storage_path=str(outside))
    old.run(3, storage_path="../scratch/run_2")
    old.run(4, storage_path="/elsewhere/old/results/summary_iris/run_4")
    old.run(5, storage_path="")
    moved = old.root / "results/summary_iris/run_4"
    moved.mkdir(parents=True)
    (moved / "stdout.txt").write_text("here\n")
    said = import_into(sandbox)["remarks"]
    places = [sandbox.record(number)["storage"] for number in (1, 2, 3, 4, 5)]
    own = "results/summary_iris/run_"
    assert places == [f"{own}1", str(outside), str(outside), f"{own}4", f"{own}5"]
    assert "runs 1, 5: its results no longer exist; its record is kept" in said
    assert "runs 2-3: its results are outside the project and were not read" in said
    assert "run 4: its results have moved: they are no longer in /elsewhere/old/results/summary_iris" in said
    assert sandbox.record(2)["state"] == "finished"  # what lies outside was not read
    assert sandbox.qanat("logs", "4").out == "here\n"
    assert "run 3: its storage directory is that of run 2, too; validate reports both" in said
    wrong = sandbox.qanat("validate", code=1).out.splitlines()
    assert [line.partition("storage: ")[2].rpartition("-")[0] for line in wrong if line] == [
        f"{str(outside)!r} is also the storage directory of run {other}" for other in (3, 2)
    ]


def test_rows_that_make_no_run_are_left_out_and_said(old: V0Project, sandbox: Sandbox) -> None:
    old.run(1)
    old.run(2, experiment_id=9)
    old.run(-3)
    old.run(4, [])
    old.insert("groups_of_parameters", run_id=1, values="{broken")
    old.run(5, [], {"groups_of_parameters": [{"--n": 1}, {"--n": 2}]})
    result = import_into(sandbox)
    assert [i.partition("-")[0] for i in result["runs"]] == ["1", "4", "5"]
    assert "run 2: left out: its experiment is not in the database" in result["remarks"]
    assert "run -3: left out: that is not a run number" in result["remarks"]
    assert "runs 1, 4: the parameters of a group are unknown" in result["remarks"]
    assert [group["args"] for group in sandbox.record(5)["groups"]] == [["--n", "1"], ["--n", "2"]]


def test_what_has_no_place_is_listed(old: V0Project, sandbox: Sandbox) -> None:
    old.insert("tags", id=9, name="paper", description="Runs of the paper")
    old.sql("CREATE TABLE documents (id INTEGER PRIMARY KEY, name VARCHAR); INSERT INTO documents (name) VALUES ('a')")
    old.sql("ALTER TABLE runs_of_experiments ADD COLUMN mood VARCHAR")
    old.run(1, mood="good", metric="0.93", container_path="images/a.sif")
    old.run(2, metric="fine", comment_file="results/summary_iris/run_2/comment.md")
    old.configure(nohtcondorwarning=True, htcondor={"odd": {"a": {"b": 1}}}, result_dir="/scratch")
    old.insert("datasets", id=1, name="gone", path="data/gone")
    old.insert("datasets", id=2, name="nowhere", path=None)
    old.insert("datasets_experiments", experiment_id=1, dataset_id=2)
    result = import_into(sandbox)
    for remark in (
        "creation and modification dates of experiments, datasets and actions are not imported",
        "table documents is not imported; number of rows: 1",
        "column mood of table runs_of_experiments is not imported; rows with a value: 1",
        "tag paper: its description is not imported: Runs of the paper",
        "setting nohtcondorwarning: True is not imported",
        "setting result_dir: /scratch is not inside the project; results is used instead",
        "dataset gone: data/gone does not exist; qanat validate reports it until it is fixed",
        "dataset nowhere was left out: it has no path",
        "experiment summary_iris: one of its datasets was not imported",
        "htcondor template odd was left out: options.a.b: unknown key; known: expr",
        "run 1: it ran in a container, which its record names but rerun does not use",
        "run 2: its comment is missing: results/summary_iris/run_2/comment.md",
    ):
        assert remark in result["remarks"]
    assert sandbox.record(1)["groups"][0]["metrics"] == {"metric": 0.93}
    assert sandbox.record(1)["imported"] == {"container": "images/a.sif"}
    assert sandbox.record(2)["imported"] == {"metric": "fine"}


def test_an_older_database_with_fewer_tables_and_columns_is_read(sandbox: Sandbox, old: V0Project) -> None:
    for column in ("runner", "container_path", "runner_params", "comment_file", "param_file"):
        old.sql(f"ALTER TABLE runs_of_experiments DROP COLUMN {column}")
    old.sql("DROP TABLE actions; DROP TABLE datasets_tags")
    old.insert(
        "runs_of_experiments", id=1, experiment_id=1, launched="yesterday", status="finished", description=b"\xff"
    )
    result = import_into(sandbox)
    assert "the database has no table actions" in result["remarks"]
    assert "table runs_of_experiments has no column runner" in result["remarks"]
    assert "run 1: its launch time is unknown; 1970 stands in for it" in result["remarks"]
    assert sandbox.record(1)["runner"]["name"] == "local"
    sandbox.qanat("validate")


def test_control_characters_do_not_reach_the_terminal(old: V0Project, sandbox: Sandbox) -> None:
    old.experiment(2, "evil\x1b]0;owned\x07")
    old.run(1, experiment_id=2, description="\x1b[31mred", commit_sha="\x1b[2J")
    shown = sandbox.qanat("import", DATABASE).out
    assert "\x1b" not in shown
    assert r"\x1b" in shown
    sandbox.qanat("validate")


def test_odd_values_are_taken_as_text_or_left_out(old: V0Project, sandbox: Sandbox) -> None:
    old.sql("CREATE TABLE copy AS SELECT * FROM runs_of_experiments; DROP TABLE runs_of_experiments")
    old.sql("ALTER TABLE copy RENAME TO runs_of_experiments")
    old.experiment(2, b"blob", description=3.5, executable_command='sh "open')  # type: ignore[arg-type]
    old.insert("actions", experiment_id=2, name=None, executable=None)
    half = r'{"--half": "\ud800", "--nul": "a\u0000\\u0000", "--deep": {"a": [1]}}'
    old.run(1, [], experiment_id=2, storage_path="results/" + "x" * 5000, description="nul\0")
    old.insert("groups_of_parameters", run_id=1, values=half)
    old.run(2, storage_path="results/a\0b", finished="never", launched=0, runner_params="[" * 100_000)
    old.run(2)
    old.run("three", status=7)  # type: ignore[arg-type]
    result = import_into(sandbox)
    assert result["experiments"] == ["summary_iris", "blob"]
    assert [i.partition("-")[0] for i in result["runs"]] == ["1", "2"]
    assert "run 2: the database has it twice; the second one was left out" in result["remarks"]
    assert "action action_1 of experiment blob: has no executable; 'unknown' stands in for it" in result["remarks"]
    stands_in = "its results have a path of over 4,096 characters; results/blob/run_1 stands in for it"
    assert f"run 1: {stands_in}" in result["remarks"]
    assert record(sandbox, 1)["groups"][0]["args"] == ["--half", "?", "--nul", r"a\u0000", "--deep", "{'a': [1]}"]
    sandbox.qanat("status")
    wrong = sandbox.qanat("validate", code=1).out
    assert {line.partition(":")[0] for line in wrong.splitlines() if ": " in line} == {".qanat/experiments/blob.yaml"}


def test_files_that_are_no_plain_files_or_broken_are_passed_over(old: V0Project, sandbox: Sandbox) -> None:
    old.run(1, status="running", info={"status": ["finished"]})
    old.run(2, status="running", files={"info.yaml": "status: [1\n"})
    folder = old.root / "results/summary_iris/run_1"
    os.mkfifo(folder / "stderr.txt")
    (folder / "comment.md").symlink_to("/etc/hostname")
    said = import_into(sandbox)["remarks"]
    assert any(remark.startswith("run 2: its info.yaml cannot be read: ") for remark in said)
    assert list((old.root / ".qanat/runs").rglob("*.md")) == []


# ---- other folders, other content


def test_a_project_elsewhere_is_imported_into_a_new_one(old: V0Project, sandbox: Sandbox, tmp_path: Path) -> None:
    fill(old)
    old.configure(default_editor="emacs")
    new = Sandbox.make(tmp_path / "new")
    new.write("experiments/iris.py", "print()\n")
    new.commit()
    database = shutil.copyfile(old.database, tmp_path / "copy.db")
    before = (database.stat().st_mtime_ns, database.read_bytes())
    assert new.qanat("import", str(database), "--json", "--dry-run").json["templates"] == []  # no settings beside it
    result = new.qanat("import", str(old.database), "--json").json
    assert (database.stat().st_mtime_ns, database.read_bytes()) == before
    assert "setting default_editor was emacs; this project keeps its own settings" in result["remarks"]
    assert "htcondor/default" in result["templates"]  # in the place of the one that init makes
    assert "emacs" not in (new.root / ".qanat/config.yaml").read_text()
    assert new.record(1)["storage"] == str(old.root / "results/summary_iris/run_1")
    assert new.qanat("logs", "1").out == "done\n"


def test_a_name_that_has_other_content_here_is_refused_before_anything_is_written(
    old: V0Project, sandbox: Sandbox
) -> None:
    fill(old)
    sandbox.write(
        ".qanat/experiments/summary_iris.yaml", "schema: experiment/1\nname: summary_iris\nexecutable: b.py\n"
    )
    before = sorted(old.root.rglob("*"))
    result = sandbox.qanat("import", DATABASE, code=2)
    assert result.err == (
        "qanat: .qanat/experiments/summary_iris.yaml already exists and differs from the qanat 0.x definition\n"
        "  hint: rename one of the two, or move the file away, and import again\n"
    )
    assert sorted(old.root.rglob("*")) == before


def test_a_number_that_a_run_has_here_already_is_said(sandbox: Sandbox, old: V0Project, tmp_path: Path) -> None:
    new = Sandbox.make(tmp_path / "new")
    new.experiment("hello", "echo hello\n")
    new.qanat("run", "hello")
    own = new.record(1)["id"]
    old.run(1)
    result = new.qanat("import", str(old.database), "--json").json
    assert f"run 1: another run already has this number ({own}): use full ids" in result["remarks"]
    assert new.qanat("show", result["runs"][0], "--json").json["experiment"] == "summary_iris"


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (None, "there is no such file"),
        (b"no database at all, but long enough to look at", "file is not a database"),
        ("a folder", "other.db is a folder, and no database of qanat 0.x\n"),
        (b"", "is not a qanat 0.x database: it has no table experiments"),
    ],
)
def test_a_file_that_is_no_such_database_is_refused(
    sandbox: Sandbox, content: bytes | str | None, message: str
) -> None:
    if isinstance(content, bytes):
        (sandbox.root / "other.db").write_bytes(content)
    elif content:
        (sandbox.root / "other.db").mkdir()
    result = sandbox.qanat("import", "other.db", code=2)
    assert message in result.err
    assert ".qanat/database.db; runs of another tool need its name, such as: --from mlflow\n" in result.err
    assert result.out == ""


def test_a_database_that_is_being_written_is_refused(old: V0Project, sandbox: Sandbox) -> None:
    with sqlite3.connect(old.database, isolation_level=None) as writer:
        writer.execute("BEGIN EXCLUSIVE")
        result = sandbox.qanat("import", DATABASE, code=2)
    writer.close()
    assert "another program is writing to it\n  hint: wait until it has finished" in result.err


def test_on_a_detached_head_nothing_is_written(old: V0Project, sandbox: Sandbox) -> None:
    sandbox.git("checkout", "--quiet", "--detach")
    result = sandbox.qanat("import", DATABASE, code=2)
    assert "the repository is on a detached HEAD, so the import could not be committed" in result.err
    assert not (old.root / ".qanat/experiments").exists()


def test_in_the_middle_of_a_merge_nothing_is_written(old: V0Project, sandbox: Sandbox) -> None:
    (sandbox.root / ".git/MERGE_HEAD").write_text(f"{old.commit}\n")
    result = sandbox.qanat("import", DATABASE, code=2)
    assert "in the middle of a merge, so the import could not be committed\n  hint: finish or abort it" in result.err
    assert not (old.root / ".qanat/experiments").exists()


def test_in_a_repository_without_a_commit_the_import_is_the_first(tmp_path: Path) -> None:
    new = Sandbox(tmp_path / "new")
    new.root.mkdir()
    new.git("init", "--quiet")
    project = V0Project(new.root, "a" * 40)
    project.experiment()
    project.run(1)
    assert len(import_into(new)["runs"]) == 1
    assert new.git("rev-list", "--count", "HEAD") == "1"


def test_where_records_are_committed_by_hand_so_is_an_import(old: V0Project, sandbox: Sandbox, tmp_path: Path) -> None:
    new = Sandbox.make(tmp_path / "new")
    config = new.root / ".qanat/config.yaml"
    config.write_text(config.read_text().replace("commit: each", "commit: manual"))
    tip = new.commit()
    assert new.qanat("import", str(old.database)).out.endswith("saved, but not committed, as the settings say\n")
    assert new.git("rev-parse", "HEAD") == tip


def test_git_is_told_what_to_ignore_and_how_to_merge(old: V0Project, sandbox: Sandbox) -> None:
    import_into(sandbox)
    rules = (old.root / ".gitignore").read_text().splitlines()
    assert rules == ["results/", ".qanat/database.db", "/.qanat/cache/", "/.qanat/**/.*.tmp", "/report.html"]
    assert "merge=qanat" in sandbox.git("show", "HEAD:.gitattributes")


def test_a_gitignore_with_changes_of_ones_own_is_left_alone(old: V0Project, sandbox: Sandbox) -> None:
    sandbox.write(".gitignore", "results/\n*.pyc\n")
    said = import_into(sandbox)["remarks"]
    lacks = "it lacks /.qanat/cache/ and /.qanat/**/.*.tmp and /report.html"
    assert f".gitignore has uncommitted changes and was left as it is; {lacks}" in said
    assert (old.root / ".gitignore").read_text() == "results/\n*.pyc\n"


def test_rules_that_hide_the_state_are_said(old: V0Project, sandbox: Sandbox) -> None:
    sandbox.write(".gitignore", ".qanat\nresults\n")
    said = import_into(sandbox)["remarks"]
    assert "git ignores .qanat/, where experiments and records are now kept: remove it from .gitignore" in said


@pytest.mark.slow
def test_progress_is_shown_on_a_terminal(old: V0Project) -> None:
    old.many_runs(range(1, 6_000))
    with Terminal(old.root, "import", DATABASE) as terminal:
        # What takes less than a second is not shown, be it to read or to write.
        progress = terminal.see("5,999 runs: 5,999 finished (runs 1-5999)")
        assert re.search(r"[0-9,]+ of 5,999 runs read|[0-9,]+ of 6,003 files written", progress)
        terminal.ends(0)


def test_the_first_qanats_words_are_json_or_nothing(old: V0Project, sandbox: Sandbox) -> None:
    old.run(1, runner_params=json.dumps(["--n_threads"]), runner="my runner", param_file="p.yaml")
    said = import_into(sandbox)["remarks"]
    assert "run 1: its runner 'my runner' is called my_runner here" in said
    assert sandbox.record(1)["parameters"]["param_file"] == "p.yaml"
