"""Importing runs of DVC: experiments of a repository, what DVC printed, and the logs of DVCLive."""

from __future__ import annotations

import json
import re
import shutil
from pathlib import Path

import pytest

from tests.integration.test_importing import STORES, import_json
from tests.support.sandbox import Sandbox

STORE = STORES / "dvc"


@pytest.fixture
def sandbox(tmp_path: Path) -> Sandbox:
    """Return a project without experiments."""
    return Sandbox.make(tmp_path / "project")


def test_experiments_come_along_once_from_whatever_knows_them(sandbox: Sandbox, tmp_path: Path) -> None:
    repository = Sandbox(tmp_path / "iris of Ada")
    sandbox.git("clone", "--quiet", str(STORE / "repository.bundle"), str(repository.root))
    repository.git("fetch", "--quiet", "origin", "refs/exps/*:refs/exps/*")
    result = import_json(sandbox, "dvc", repository.root, "--with-files")
    assert (result["experiments"], len(result["runs"])) == (["iris_of_Ada"], 2)
    first = sandbox.record(1)
    group = first["groups"][0]
    assert group["args"] == ["--lr", "0.1", "--opt.name", "adam"]
    assert group["metrics"] == {"loss": 0.025, "train.acc": 0.75, "best": 0.5}
    assert group["curves"]["loss"] == {"last": [0.025, 3], "min": [0.025, 3], "max": [0.1, 0], "count": 4}
    assert (first["description"], first["author"], first["command"]) == ("first-exp", "Ada", ["train.py"])
    assert first["code"]["commit"] == first["origin"]["id"]
    assert import_json(sandbox, "dvc", STORE / "show.json")["here_already"] == 2
    assert "is not in this repository" in sandbox.qanat("rerun", "1", code=2).err
    sandbox.git("fetch", "--quiet", str(repository.root), "refs/exps/*:refs/exps/*")
    # Whatever a store says its program is, no record starts it, even if the record hides where it came from.
    refused = "the record of run 1 starts 'train.py', which experiment iris_of_Ada does not"
    assert refused in sandbox.qanat("rerun", "1", code=2).err
    record = next((sandbox.root / ".qanat/runs").rglob("1-*.yaml"))
    record.write_text(re.sub(r"^origin:.*\n(  .*\n)*", "", record.read_text(), flags=re.M))
    assert "origin" not in record.read_text()
    assert refused in sandbox.qanat("rerun", "1", code=2).err
    sandbox.git("checkout", "--", ".qanat")
    sandbox.qanat("validate")


def test_what_dvc_printed_and_logs_of_dvclive_are_runs(sandbox: Sandbox, tmp_path: Path) -> None:
    printed = import_json(sandbox, "dvc", STORE / "show.json", "--experiment", "iris")
    assert len(printed["runs"]) == 2
    second = next(run for run in map(sandbox.record, (1, 2)) if run["description"] == "second-exp")
    assert second["groups"][0]["args"] == ["--lr", "0.2", "--opt.name", "adam"]
    assert second["groups"][0]["metrics"] == {"loss": 0.05, "train.acc": 0.75, "best": 0.5}
    logs = tmp_path / "logs"
    for name in ("a", "b", "c"):
        shutil.copytree(STORE / "dvclive", logs / name / "dvclive")
    (logs / "b/dvclive/metrics.json").write_text('{"loss": ')
    (logs / "c/dvclive/params.yaml").write_text("a: !!python/object:os.system {}\n")
    (logs / "link").symlink_to(STORE)
    result = import_json(sandbox, "dvc", logs, "--unended", code=1)
    assert len(result["runs"]) == 1
    assert "metrics.json is not JSON" in result["problems"][0]
    assert "params.yaml:1: " in result["problems"][1]
    third = sandbox.record(3)
    assert (third["state"], third["experiment"]) == ("lost", "logs")
    assert third["groups"][0]["curves"].keys() == {"loss", "train.acc"}
    sandbox.qanat("validate")
    (tmp_path / "other.json").write_text(json.dumps({"a": 1}))
    for source, problem in {
        tmp_path / "other.json": "is not the output of dvc exp show --json",
        tmp_path / "absent": "there is no such file or folder",
        sandbox.root: "has no experiments of DVC",
    }.items():
        assert problem in sandbox.qanat("import", "--from", "dvc", str(source), code=2).err
