"""Importing runs of other tools: what comes along, what is said about the rest, and what works afterwards."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.support.sandbox import Sandbox

STORES = Path(__file__).parents[1] / "data/imports"


@pytest.fixture
def sandbox(tmp_path: Path) -> Sandbox:
    """Return a project without experiments."""
    return Sandbox.make(tmp_path / "project")


@pytest.fixture
def store(tmp_path: Path) -> Path:
    """Return a copy of a store of Sacred with a run that completed and one that failed."""
    return Path(shutil.copytree(STORES / "sacred", tmp_path / "home of ada" / "runs"))


def import_json(sandbox: Sandbox, tool: str, source: Path | str, *words: str, code: int = 0) -> Any:
    """Import runs and return what was printed as JSON."""
    return sandbox.qanat("import", "--from", tool, str(source), "--json", *words, code=code).json


def test_runs_come_along_in_one_commit_with_an_experiment_and_their_origin(sandbox: Sandbox, store: Path) -> None:
    before = int(sandbox.git("rev-list", "--count", "HEAD"))
    planned = import_json(sandbox, "sacred", store, "--dry-run")
    assert [run["state"] for run in planned["runs"]] == ["finished", "failed"]
    assert sandbox.status() == ""
    result = import_json(sandbox, "sacred", store)
    assert (result["experiments"], len(result["runs"]), result["problems"]) == (["iris"], 2, [])
    assert int(sandbox.git("rev-list", "--count", "HEAD")) == before + 1
    assert sandbox.status() == ""
    first, second = sandbox.record(1), sandbox.record(2)
    assert first["origin"] == {
        "tool": "sacred",
        "source": "runs",
        "id": planned["runs"][0]["id"],
        "imported": first["origin"]["imported"],
    }
    group = first["groups"][0]
    assert group["args"][:6] == ["--fails", "false", "--lr", "0.1", "--opt.betas", "[0.9, 0.999]"]
    assert group["metrics"] == {"result": 0.93, "loss": 0.02, "test.acc": 0.8}
    assert group["curves"]["loss"] == {"last": [0.02, 4], "min": [0.02, 4], "max": [0.1, 0], "count": 5}
    assert "key" not in group
    assert not {"data", "environment", "machine", "key"} & first.keys()
    assert (first["command"], first["code"]["commit"]) == (["train.py"], "0" * 40)
    assert (second["state"], second["groups"][0]["reason"]) == ("failed", "ValueError: no data")
    experiment = yaml.safe_load((sandbox.root / ".qanat/experiments/iris.yaml").read_text())
    assert experiment["description"] == "Imported from sacred."
    everything = "".join(path.read_text() for path in (sandbox.root / ".qanat/runs").rglob("*.*"))
    assert "home of ada" not in everything


def test_every_command_works_on_imported_runs(sandbox: Sandbox, store: Path) -> None:
    import_json(sandbox, "sacred", store, "--with-files")
    assert sandbox.qanat("validate").out == "checked 7 files, no problems found\n"
    shown = sandbox.qanat("show", "1").out
    assert "Imported from: sacred (runs, 1@" in shown
    assert "Commit: unknown" in shown
    assert "the *first* one" in shown
    assert "hello from sacred" in sandbox.qanat("logs", "1").out
    assert (sandbox.root / "results/iris/run_1/files/model.txt").read_text() == "weights"
    table = sandbox.qanat("runs", "--where", "origin=sacred and loss<0.03", "--columns", "run,origin,lr,loss").out
    assert table.splitlines()[1].split() == ["1", "sacred", "0.1", "0.02"]
    assert sandbox.qanat("metrics", "1", "--csv").out.startswith("group,step,loss,test.acc")
    assert sandbox.qanat("compare", "1", "2").out
    assert "Runs of code that differs from HEAD" not in sandbox.qanat("diff", "HEAD~1").out
    refused = sandbox.qanat("rerun", "1", code=2).err
    assert refused == (
        "qanat: run 1 was imported from sacred, and nothing says which code it ran\n"
        "  hint: to run what the experiment says: qanat run iris\n"
    )
    assert sandbox.qanat("show", "2").out.endswith("Failures:\n  group 0: ValueError: no data\n")  # not: see stderr.txt
    assert "run 2 was imported from sacred, so its groups cannot be retried" in sandbox.qanat("retry", "2", code=2).err
    assert "executable unknown does not exist" in sandbox.qanat("run", "iris", "--needed", "--lr", "0.1", code=2).err
    sandbox.qanat("delete", "1", "--yes")
    assert not (sandbox.root / "results/iris/run_1").exists()


def test_importing_again_brings_only_what_is_new(sandbox: Sandbox, store: Path) -> None:
    shutil.move(store / "2", store.parent / "2")
    assert len(import_json(sandbox, "sacred", store)["runs"]) == 1
    shutil.move(store.parent / "2", store / "2")
    again = import_json(sandbox, "sacred", store)
    assert (len(again["runs"]), again["here_already"], again["experiments"]) == (1, 1, [])
    assert "nothing new to import" in sandbox.qanat("import", "--from", "sacred", str(store)).out
    sandbox.qanat("delete", "1", "--yes")
    deleted = import_json(sandbox, "sacred", store)
    assert deleted["runs"] == []
    assert "it was deleted here after an earlier import" in deleted["remarks"][0]
    assert [run[0] for run in import_json(sandbox, "sacred", store, "--run", "1@")["runs"]] == ["3"]
    sandbox.qanat("validate")


def test_a_number_whose_directory_exists_is_not_among_those_of_imported_runs(sandbox: Sandbox, store: Path) -> None:
    (sandbox.root / "results/iris/run_2").mkdir(parents=True)
    said = sandbox.qanat("import", "--from", "sacred", str(store)).out
    assert "2 runs: 1 failed, 1 finished (runs 1, 3)" in said
    assert sorted(record["id"].partition("-")[0] for record in sandbox.records()) == ["1", "3"]


def test_what_is_broken_is_named_and_the_rest_is_imported(sandbox: Sandbox, store: Path, tmp_path: Path) -> None:
    (tmp_path / "secret.json").write_text('{"loss": {"steps": [0], "values": [1]}}')
    for number, (name, content) in {
        3: ("run.json", '{"status": "COMPL'),
        4: ("metrics.json", "[" * 100_000),
        5: ("config.json", '"text"'),
    }.items():
        shutil.copytree(store / "1", store / str(number))
        (store / f"{number}/{name}").write_text(content)
    shutil.copytree(store / "1", store / "6")
    (store / "6/metrics.json").unlink()
    (store / "6/metrics.json").symlink_to(tmp_path / "secret.json")
    for number in range(4, 7):
        run = json.loads((store / f"{number}/run.json").read_text()) | {"start_time": f"2026-01-0{number}T00:00:00"}
        (store / f"{number}/run.json").write_text(json.dumps(run))
    planned = import_json(sandbox, "sacred", store, "--dry-run", code=1)
    done = sandbox.qanat("import", "--from", "sacred", str(store), code=1)
    assert [f"not imported: {problem}" for problem in planned["problems"]] == done.err.splitlines()
    (remark,) = planned["remarks"]
    assert remark.startswith("runs 1@")
    assert ", 2@" in remark
    assert remark.endswith(": no commit is known")
    assert "  runs 1-2: no commit is known\n" in done.out
    assert "2 runs: 1 failed, 1 finished" in done.out
    assert done.err.splitlines() == [
        "not imported: runs/5/config.json is not a mapping",
        "not imported: runs/3/run.json is not JSON: Unterminated string starting at: line 1 column 12 (char 11)",
        "not imported: runs/4/metrics.json is nested too deeply",
        "not imported: runs/6/metrics.json: is a symbolic link",
    ]
    assert sorted(path.name for path in (sandbox.root / "results/iris").iterdir()) == ["run_1", "run_2"]
    broken = import_json(sandbox, "sacred", store, "--run", "4@", "--experiment", "new", code=1)
    assert (broken["experiments"], broken["runs"], broken["remarks"]) == (
        [],
        [],
        ["experiment 'iris' is called new here"],
    )
    assert sandbox.status() == ""


def test_odd_values_are_mapped_or_left_out_with_a_remark(sandbox: Sandbox, store: Path) -> None:
    odd = {"a b=c\u0000": "-x", "--lr": None, "a b_c": "", "long": "x" * 5_000, "api_key": "sk-" + "Ab3" * 16}
    (store / "1/config.json").write_text(json.dumps(odd))
    infinite = (
        '{"loss": {"steps": [2, 0, 1, 1e999], "values": [NaN, Infinity, 1, 7]}, "step": {"steps": [0], "values": [5]}}'
    )
    (store / "1/metrics.json").write_text(infinite)
    run = json.loads((store / "1/run.json").read_text()) | {"result": {"acc": 2, "name": "x"}}
    (store / "1/run.json").write_text(json.dumps(run))
    planned = import_json(sandbox, "sacred", store, "--dry-run")
    result = import_json(sandbox, "sacred", store)
    assert len(planned["remarks"]) == len(result["remarks"])
    group = sandbox.record(1)["groups"][0]
    args = group["args"]
    assert args[:4] == ["--a_b_c=-x", "--lr", "null", "--a_b_c-2="]
    assert len(args[args.index("--long") + 1]) == 4_096
    assert "sk-" not in json.dumps(args)
    rows = sandbox.qanat("runs", "--where", "run=1", "--columns", "run,long")
    assert f"{'x' * 79}…\n" in rows.out
    assert max(map(len, rows.out.splitlines())) < 100
    assert (group["curves"]["loss"]["count"], group["metrics"]["step_"]) == (3, 5)
    said = "\n".join(result["remarks"])
    assert group["metrics"]["result.acc"] == 2
    assert "run 1: 'result.name' is not a number, so it is left out" in result["remarks"]
    for part in ("is called --a_b_c here", "cut after 4,096 characters", "what looks like a secret became [redacted]"):
        assert part in said
    sandbox.qanat("validate")


def test_a_source_that_is_none_is_refused_with_a_sentence(sandbox: Sandbox, tmp_path: Path) -> None:
    for source, problem in ((tmp_path / "no", "is not a folder"), (tmp_path, "has no runs of Sacred")):
        said = sandbox.qanat("import", "--from", "sacred", str(source), code=2).err
        assert problem in said
        assert "hint: " in said
    assert "--unended requires --from" in sandbox.qanat("import", "x.db", "--unended", code=2).err
    other = sandbox.qanat("import", "--from", "sacred", str(STORES / "sacred"), "--run", "x", code=2).err
    assert "has an id that begins with 'x'\n  hint: list" in other
    assert (
        "experiment name 'a b'"
        in sandbox.qanat("import", "--from", "sacred", str(STORES / "sacred"), "--experiment", "a b", code=2).err
    )


def test_runs_without_an_end_are_left_out_unless_they_are_wanted_as_lost(sandbox: Sandbox, store: Path) -> None:
    run = json.loads((store / "2/run.json").read_text()) | {"status": "RUNNING", "stop_time": None}
    (store / "2/run.json").write_text(json.dumps(run))
    assert "it has not ended" in import_json(sandbox, "sacred", store)["remarks"][0]
    import_json(sandbox, "sacred", store, "--unended", "--experiment", "mine")
    lost = sandbox.record(2)
    assert (lost["experiment"], lost["state"]) == ("mine", "lost")
    assert lost["groups"][0]["reason"] == "how it ended is unknown: sacred has no end of it"
    assert sandbox.qanat("validate", code=0).out


@pytest.mark.slow
def test_an_import_that_cannot_be_committed_leaves_nothing(sandbox: Sandbox, store: Path) -> None:
    lock = sandbox.root / ".git/refs/heads" / f"{sandbox.git('branch', '--show-current')}.lock"
    lock.touch()
    assert "cannot lock ref" in sandbox.qanat("import", "--from", "sacred", str(store), code=2).err
    lock.unlink()
    assert not (sandbox.root / "results").exists()
    assert not (sandbox.root / ".qanat/runs").exists() or not [*(sandbox.root / ".qanat/runs").rglob("*.*")]
    assert sandbox.status() == ""
    assert len(import_json(sandbox, "sacred", store)["runs"]) == 2
