"""Importing runs of MLflow: the files of mlruns/, and a database that the real MLflow has written."""

from __future__ import annotations

import shutil
import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest

from tests.integration.test_importing import STORES, import_json
from tests.support.sandbox import Sandbox

REAL = """
import logging, mlflow
logging.getLogger("mlflow").setLevel(logging.ERROR)
mlflow.set_tracking_uri("sqlite:///mlflow.db")
mlflow.set_experiment("real")
for lr in (0.1, 0.2):
    with mlflow.start_run(run_name=f"lr {lr}", description="*note*"):
        mlflow.log_param("lr", lr)
        mlflow.log_metric("auc", float("nan"))
        for step in (0, 1, 2, 1):
            mlflow.log_metric("loss", lr / (step + 1), step=step)
        mlflow.log_text("figure", "plots/a.svg")
client = mlflow.MlflowClient()
client.create_run("1", run_name="unended")
outside = client.create_run("1", run_name="outside").info.run_id
client.set_terminated(outside, "FAILED")
client.set_terminated(client.create_run("1", run_name="never").info.run_id)
"""


@pytest.fixture
def sandbox(tmp_path: Path) -> Sandbox:
    """Return a project without experiments."""
    return Sandbox.make(tmp_path / "project")


def test_the_files_of_mlruns_are_read_without_mlflow(sandbox: Sandbox, tmp_path: Path) -> None:
    store = shutil.copytree(STORES / "mlruns", tmp_path / "mlruns")
    for number, child in enumerate(sorted(path.parents[1] for path in store.glob("*/*/tags/mlflow.parentRunId"))):
        (child / "tags/all").write_text("yes")
        (child / "tags/own").write_text(str(number))
    result = import_json(sandbox, "mlflow", store, "--with-files")
    assert (result["experiments"], len(result["runs"])) == (["iris_of_Ada"], 4)
    first, sweep, mixed, inner = (sandbox.record(number) for number in range(1, 5))
    assert (first["description"], first["tags"]) == ("first", ["paper", "team=a"])
    assert first["groups"][0]["args"] == ["--lr", "0.1", "--opt/name", "adam"]
    assert first["groups"][0]["metrics"] == {"auc": 0.9, "loss": 0.02, "val/acc": 0.8}
    assert {*first["groups"][0]["curves"]} == {"loss", "val/acc"}
    assert (sandbox.root / first["storage"] / "files/sub/model.txt").read_text() == "weights"
    assert "the *first* one" in sandbox.qanat("show", "1").out
    assert sorted(tuple(group["args"]) for group in sweep["groups"]) == [("--lr", "0.1"), ("--lr", "0.2")]
    assert sweep["tags"] == ["all=yes"]
    shown = sandbox.qanat("show", "2").out
    assert all(f"- group {number}: " in shown for number in (0, 1))
    assert shown.count("; own=") == 2
    assert mixed["groups"][0]["metrics"] == {"best": 1}
    assert (inner["description"], inner["origin"]["parent"]) == ("inner", mixed["origin"]["id"])
    assert import_json(sandbox, "mlflow", f"file://{store}")["here_already"] == 4
    broken = next(store.glob(f"*/{first['origin']['id']}/meta.yaml"))
    sandbox.qanat("delete", "1", "2", "--yes")
    broken.write_text("status: [3")
    trouble = import_json(sandbox, "mlflow", store, "--run", sweep["origin"]["id"], code=1)
    assert (trouble["runs"][0].split("-")[0], len(trouble["problems"])) == ("5", 1)
    assert f"{first['origin']['id']}/meta.yaml:2: is not YAML" in trouble["problems"][0]
    sandbox.qanat("validate")


@pytest.mark.slow
def test_a_database_of_mlflow_is_read_by_its_client_and_not_changed(sandbox: Sandbox, tmp_path: Path) -> None:
    home = tmp_path / "secret home"
    home.mkdir()
    subprocess.run([sys.executable, "-c", REAL], cwd=home, check=True)
    (tmp_path / "password").mkdir()
    (tmp_path / "password/key.txt").write_text("secret")
    with sqlite3.connect(home / "mlflow.db") as database:
        database.execute("UPDATE runs SET artifact_uri = ? WHERE name = 'outside'", (str(tmp_path / "password"),))
        database.execute("UPDATE runs SET start_time = NULL WHERE name = 'never'")
    database.close()
    before = (home / "mlflow.db").read_bytes()
    result = import_json(sandbox, "mlflow", f"sqlite:///{home}/mlflow.db", "--with-files", code=1)
    assert (home / "mlflow.db").read_bytes() == before
    assert len(result["runs"]) == 3
    (problem,) = result["problems"]
    assert problem.startswith("MLflow cannot read mlflow.db: start_time cannot be None; of experiment 'real', ")
    assert any("it has not ended" in remark for remark in result["remarks"])
    first, failed = sandbox.record(1), sandbox.record(3)
    assert first["origin"]["source"] == "mlflow.db"
    assert first["groups"][0]["curves"]["loss"]["count"] == 3
    assert first["groups"][0]["metrics"].keys() == {"auc", "loss"}
    assert (sandbox.root / first["storage"] / "files/plots/a.svg").read_text() == "figure"
    assert (failed["state"], sorted(p.name for p in (sandbox.root / failed["storage"]).iterdir())) == (
        "failed",
        ["info.yaml"],
    )
    refused = sandbox.qanat("import", "--from", "mlflow", "http://ada:geheim@localhost:1/x", code=2).err
    assert "MLflow cannot read http://localhost:1: it does not answer: connection refused\n" in refused
    assert "geheim" not in refused


def test_what_is_no_store_of_mlflow_is_refused_and_not_made_one(sandbox: Sandbox, tmp_path: Path) -> None:
    with sqlite3.connect(tmp_path / "other.db") as database:
        database.execute("CREATE TABLE mine (id)")
    database.close()
    (tmp_path / "text.db").write_text("no database at all, but text")
    (tmp_path / "empty").mkdir()
    for name, problem in {
        "other.db": "it has other tables, such as mine",
        "text.db": "file is not a database",
        "absent.db": "there is no such file or folder",
        "empty": "has no runs of MLflow",
    }.items():
        said = sandbox.qanat("import", "--from", "mlflow", str(tmp_path / name), code=2).err
        assert problem in said
        assert "hint: name its tracking URI, mlflow.db or mlruns/" in said
    assert not (tmp_path / "absent.db").exists()
