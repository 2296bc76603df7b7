"""`qanat export --format mlflow` into a database, read back by MLflow's own client."""

from __future__ import annotations

import json
import math
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.copied import copy_repository
from tests.support.exported import SECRET, make
from tests.support.sandbox import Sandbox

# Importing MLflow takes seconds, so what is done after the first export is done in one process.
AFTERWARDS = """
import json, qanat
from mlflow import MlflowClient
from qanat.errors import QanatError

project, options = qanat.open("."), {"where": "experiment=train", "format": "mlflow"}
found = {"again": project.export(**options, tracking_uri="sqlite:///mlflow.db").counts}
found["forced"] = project.export([1], format="mlflow", tracking_uri="sqlite:///mlflow.db", force=True).counts
done = project.export([2], format="mlflow", tracking_uri="mlflow.db")
found["file"] = [done.target, done.counts["unchanged"]]
for uri in ("mlruns", "odd://x"):
    try:
        project.export(**options, tracking_uri=uri)
    except QanatError as error:
        found[uri] = [str(error), error.hint, error.exit_code]

client = MlflowClient("sqlite:///mlflow.db")
experiment = client.get_experiment_by_name("train").experiment_id
for run in client.search_runs([experiment]):
    name = f"{run.data.tags['qanat.run'].partition('-')[0]}/{run.data.tags.get('qanat.group', '')}"
    history = client.get_metric_history(run.info.run_id, "loss")
    found[name] = {
        "id": run.info.run_id, "status": run.info.status, "name": run.info.run_name, "user": run.info.user_id,
        "took": (run.info.end_time or 0) - run.info.start_time, "parameters": run.data.params, "tags": run.data.tags,
        "loss": [[point.step, point.value] for point in history], "acc": run.data.metrics.get("acc"),
        "last": run.data.metrics.get("loss"),
        "data": [[one.dataset.name, one.dataset.digest] for one in run.inputs.dataset_inputs],
        "files": sorted(file.path for file in client.list_artifacts(run.info.run_id)),
        "figures": [file.path for file in client.list_artifacts(run.info.run_id, "plots")],
    }
print(json.dumps(found))
"""


# The best value of a curve is a metric of the same name.
BEST = """
import json, pathlib, sys

folder = pathlib.Path(sys.argv[-1])
rows = [{"step": step, "loss": loss, "ratio": 1e999} for step, loss in enumerate((3, 1, 2))]
(folder / "metrics.jsonl").write_text("".join(json.dumps(row) + "\\n" for row in rows))
(folder / "metrics.json").write_text('{"loss": 1}')
"""


@pytest.mark.slow
def test_runs_are_in_mlflow_once_and_as_they_were(tmp_path: Path) -> None:
    project = Sandbox(copy_repository(make(tmp_path / "original"), tmp_path / "my project"))
    long = "x" * 7_000
    project.qanat("run", "train", "--lr", "0.3", "--a*b", long, "--a+b", "")
    uri = {"MLFLOW_TRACKING_URI": "sqlite:///mlflow.db"}
    project.python_experiment("best", BEST)
    project.qanat("run", "best")
    said = project.qanat("export", *"12345", "--format", "mlflow", "--mlflow-experiment", "train", env=uri)
    assert said.out.startswith("sqlite:///mlflow.db: 5 runs, 6 groups, 17 files, ")
    assert said.out.endswith("(7 created)\n")
    assert said.err == "note: MLflow's databases cannot hold infinite numbers, and have ±1.797e308 in their place\n"
    project.qanat("tag", "2", "add", "mlflow.user")
    command = [sys.executable, "-W", "ignore", "-c", AFTERWARDS]
    done = subprocess.run(command, cwd=project.root, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    assert SECRET not in done.stdout
    assert found["again"] == {"created": 0, "updated": 1, "unchanged": 5}
    assert found["forced"] == {"created": 0, "updated": 3, "unchanged": 0}
    assert found["file"] == ["sqlite:///mlflow.db", 1]
    assert found["mlruns"][0] == "MLflow at mlruns: it no longer keeps runs in folders"
    assert "sqlite:///mlflow.db" in found["mlruns"][1]
    assert "unsupported URI 'odd://x'" in found["odd://x"][0]
    assert found["odd://x"][2] == 3

    whole, first, failed, last = (found[name] for name in ("1/", "1/0", "2/0", "4/0"))
    assert first["tags"]["mlflow.parentRunId"] == whole["id"] == found["1/1"]["tags"]["mlflow.parentRunId"]
    assert (whole["name"], first["name"], failed["name"]) == ("Run 1", "Run 1, group 0", "Run 2")
    assert [one["status"] for one in (whole, first, failed)] == ["FINISHED", "FINISHED", "FAILED"]
    assert first["parameters"] == {"lr": "0.1"}
    assert first["loss"] == [[0, 0.1], [1, 0.05], [2, 0.1 / 3]]
    assert (first["acc"], first["took"] > 0, first["user"]) == (0.9, True, project.git("config", "user.name"))
    record = project.record()
    assert first["tags"]["mlflow.source.git.commit"] == record["code"]["commit"]
    assert first["tags"]["mlflow.source.git.repoURL"] == "https://github.com/ada/iris"
    assert (first["tags"]["mlflow.note.content"], first["tags"]["tag.paper"]) == ("A sweep", "true")
    assert failed["tags"]["tag.mlflow.user"] == "true"
    assert failed["tags"]["qanat.state"] == "failed (exit code 3)"
    assert first["data"] == [["iris", record["data"][0]["id"].partition(":")[2][:36]]]
    assert (first["files"], first["figures"]) == (["metrics.json", "metrics.jsonl", "plots"], ["plots/a b.svg"])
    assert (project.root / "mlartifacts" / "train").is_dir()
    odd = {name: len(value) for name, value in last["parameters"].items()}
    assert odd.pop("a_b") == 6_000
    assert odd.pop("lr") == 3
    assert [(name[:4], length) for name, length in odd.items()] == [("a_b_", 3)]
    assert found["3/0"]["parameters"]["token"] == "[redacted]"

    assert (found["5/0"]["last"], found["5/0"]["loss"]) == (1, [[0, 3], [1, 1], [2, 2], [2, 1]])

    other = Sandbox.make(tmp_path / "other")
    other.qanat("import", "--from", "mlflow", str(project.root / "mlflow.db"))
    sweep, *others = (other.record(number) for number in range(1, 6))
    for ours, theirs in zip([project.record(number) for number in range(1, 6)], [sweep, *others], strict=True):
        for before, after in zip(ours["groups"], theirs["groups"], strict=True):
            keys = {"metrics", "curves", "state", "reason", "started", "ended"}
            keys |= set() if {long, SECRET} & set(before["args"]) else {"args"}
            assert {k: before.get(k) for k in keys} == {k: after.get(k) for k in keys}, ours["id"]
    assert others[3]["groups"][0]["metrics"]["ratio"] == math.inf
    assert others[3]["groups"][0]["metrics"]["loss"] == 1
    assert (sweep["description"], sweep["tags"], len(sweep["groups"])) == ("A sweep", ["paper"], 2)
    assert [one["tags"] for one in others] == [["mlflow.user"], [], [], []]
    assert [one.get("description", "") for one in others] == ["", "", "", ""]
