"""Importing runs of Weights & Biases: folders that the real wandb wrote offline, and exported tables."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.integration.test_importing import import_json
from tests.support.sandbox import Sandbox

REAL = """
import math, pathlib, wandb
for lr in (0.1, 0.2):
    run = wandb.init(mode="offline", project="my project", name=f"lr {lr}", id=f"run{lr}".replace(".", ""),
                     notes="*note*", tags=["a", "b c"], group="g",
                     config={"lr": lr, "opt": {"name": "adam", "betas": [0.9, 0.99]}})
    for step in range(50):
        run.log({"loss": lr / (step + 1), "nested": {"acc": step / 50}, "text": "x" * 1000})
    run.log({"bad": math.nan, "weights": wandb.Histogram([1, 2, 3])})
    run.summary["best"] = 0.3
    pathlib.Path(run.dir, "figure.svg").write_text("figure")
    print("printed by the program")
    run.finish(exit_code=0 if lr == 0.1 else 3)
"""
SURROUNDINGS = {"WANDB_SILENT": "true", "WANDB_ERROR_REPORTING": "false", "WANDB_DISABLE_GIT": "true"}


@pytest.fixture
def sandbox(tmp_path: Path) -> Sandbox:
    """Return a project without experiments."""
    return Sandbox.make(tmp_path / "project")


@pytest.mark.slow
def test_offline_runs_come_along_with_their_history(sandbox: Sandbox, tmp_path: Path) -> None:
    home = tmp_path / "secret home"
    home.mkdir()
    surroundings = {**os.environ, **SURROUNDINGS, "HOME": str(home)}
    subprocess.run([sys.executable, "-c", REAL], cwd=home, check=True, env=surroundings, stdout=subprocess.DEVNULL)
    result = import_json(sandbox, "wandb-export", home / "wandb", "--with-files")
    assert (result["experiments"], len(result["runs"])) == (["my_project"], 2)
    assert "runs 1-2: its history is imported without what is not a number: 'text', 'weights'" in result["remarks"]
    first, second = sandbox.record(1), sandbox.record(2)
    group = first["groups"][0]
    assert group["args"] == ["--lr", "0.1", "--opt.name", "adam", "--opt.betas", "[0.9, 0.99]"]
    assert (first["description"], first["tags"]) == ("lr 0.1", ["a", "b c", "group=g"])
    assert group["metrics"].keys() == {"loss", "nested.acc", "bad", "best"}
    assert group["curves"]["loss"] == {"last": [0.002, 49], "min": [0.002, 49], "max": [0.1, 0], "count": 50}
    assert (second["state"], second["groups"][0]["exit_code"]) == ("failed", 3)
    assert (sandbox.root / first["storage"] / "files/figure.svg").read_text() == "figure"
    assert "printed by the program" in sandbox.qanat("logs", "1").out
    assert "*note*" in sandbox.qanat("show", "1").out
    assert "secret home" not in repr([first, second])
    sandbox.qanat("delete", "1", "2", "--yes")
    one, other = sorted((home / "wandb").glob("offline-*/*.wandb"))
    one.write_bytes(one.read_bytes()[:40_000])
    data = bytearray(other.read_bytes())
    data[32_768:32_775] = b"\xff" * 7
    other.write_bytes(data)
    again = import_json(sandbox, "wandb-export", home / "wandb", "--run", "run", "--unended", code=1)
    assert len(again["runs"]) == 1
    assert sandbox.record(3)["state"] == "lost"
    assert 5 < sandbox.record(3)["groups"][0]["curves"]["loss"]["count"] < 50
    assert "is damaged at byte 32,775" in again["problems"][0]
    sandbox.qanat("validate")


def test_exported_tables_are_read_and_histories_find_their_runs(sandbox: Sandbox, tmp_path: Path) -> None:
    folder = tmp_path / "exported"
    folder.mkdir()
    (folder / "runs.csv").write_text(
        "Name,ID,State,Notes,User,Tags,Created,Runtime,lr,optimizer,acc\n"
        'first,abc1,finished,a note,ada,"x,y",2024-01-01T00:00:00.000Z,12,0.1,adam,0.9\n'
        "second,abc2,crashed,,ada,,2024-01-01T01:00:00.000Z,12,0.2,sgd,NaN\n"
        "third,abc3,running,,ada,,,,,,\n"
    )
    (folder / "abc1.csv").write_text("_step,_runtime,loss,name\n0,1.5,0.5,a\n1,2.5,,b\n2,3.5,0.25,c\n")
    (folder / "broken.json").write_text('[{"id": ')
    result = import_json(sandbox, "wandb-export", folder, code=1)
    assert len(result["runs"]) == 2
    assert "broken.json is not JSON" in result["problems"][0]
    assert "run abc3: left out: it has not ended" in "\n".join(result["remarks"])
    first = sandbox.record(1)
    assert first["groups"][0]["args"] == ["--optimizer", "adam"]
    assert first["groups"][0]["metrics"] == {"lr": 0.1, "acc": 0.9, "loss": 0.25}
    assert first["groups"][0]["curves"]["loss"]["count"] == 2
    assert (first["tags"], str(first["ended"])) == (["x", "y"], "2024-01-01 00:00:12+00:00")
    by_api = [
        {"name": "api", "id": "abc9", "state": "finished", "config": {"lr": 0.1}, "summary": {"acc": 1, "_step": 2}},
        {
            "name": "api 2",
            "id": "abc8",
            "state": "finished",
            "history": [{"_step": 0, "loss": 1}, {"_step": 5, "loss": 2}],
        },
    ]
    (tmp_path / "api.json").write_text(json.dumps(by_api))
    (tmp_path / "some.json").write_text(json.dumps([by_api[0], 5]))
    (problem,) = import_json(sandbox, "wandb-export", tmp_path / "some.json", "--dry-run", code=1)["problems"]
    assert problem.endswith("/some.json: item 2 is not a run")
    (tmp_path / "empty.csv").write_text("")
    said = sandbox.qanat("import", "--from", "wandb-export", str(tmp_path / "empty.csv"), code=1).err
    assert said.endswith("/empty.csv has no runs\n")
    import_json(sandbox, "wandb-export", tmp_path / "api.json")
    assert sandbox.record(3)["groups"][0]["args"] == ["--lr", "0.1"]
    assert sandbox.record(3)["groups"][0]["metrics"] == {"acc": 1}
    assert sandbox.record(4)["groups"][0]["curves"]["loss"]["last"] == [2, 5]
    row = "0,\"{'acc': 0.5, '_runtime': 3}\",\"{'lr': 0.3, 'layers': [1, 2]}\",frame,finished"
    (tmp_path / "frame.csv").write_text(f",summary,config,name,state\n{row}\n")
    import_json(sandbox, "wandb-export", tmp_path / "frame.csv")
    assert sandbox.record(5)["groups"][0]["args"] == ["--lr", "0.3", "--layers", "[1, 2]"]
    assert sandbox.record(5)["groups"][0]["metrics"] == {"acc": 0.5}
    sandbox.qanat("validate")
    for source, problem in ((tmp_path / "a.txt", "is neither a folder"), (sandbox.root / ".git", "has no runs of")):
        assert problem in sandbox.qanat("import", "--from", "wandb-export", str(source), code=2).err
