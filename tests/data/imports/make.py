"""Write the stores beside this file with the real tools, in an environment that has them.

    uv venv /tmp/tools && uv pip install --python /tmp/tools sacred 'setuptools<81' mlflow-skinny dvclive dvc
    PATH=/tmp/tools/bin:$PATH python tests/data/imports/make.py

Times, hosts and ids are those of the run that made them.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import tempfile
from pathlib import Path

HERE = Path(__file__).resolve().parent
SACRED = """
import sys
from sacred import Experiment
from sacred.observers import FileStorageObserver
ex = Experiment("iris", save_git_info=False)
ex.observers.append(FileStorageObserver("sacred"))
ex.add_config(lr=0.1, opt={"name": "adam", "betas": [0.9, 0.999]}, fails=False)
@ex.main
def main(_run, lr, fails):
    for step in range(5):
        _run.log_scalar("loss", lr / (step + 1), step)
        _run.log_scalar("test.acc", step / 5)
    with open("model.txt", "w") as file:
        file.write("weights")
    ex.add_artifact("model.txt")
    print("hello from sacred")
    if fails:
        raise ValueError("no data")
    return 0.93
ex.run(options={"--comment": "the *first* one"})
try:
    ex.run(config_updates={"lr": 0.2, "fails": True})
except ValueError:
    pass
"""

MLFLOW = """
import mlflow
mlflow.set_tracking_uri("file:mlruns")
mlflow.set_experiment("iris of Ada")
with mlflow.start_run(run_name="first", description="the *first* one", tags={"team": "a", "paper": ""}):
    mlflow.log_params({"lr": 0.1, "opt/name": "adam"})
    for step in range(5):
        mlflow.log_metrics({"loss": 0.1 / (step + 1), "val/acc": step / 5}, step=step)
    mlflow.log_metric("auc", 0.9)
    mlflow.log_text("weights", "sub/model.txt")
with mlflow.start_run(run_name="sweep"):
    for lr in (0.1, 0.2):
        with mlflow.start_run(nested=True):
            mlflow.log_param("lr", lr)
            mlflow.log_metric("loss", lr)
with mlflow.start_run(run_name="mixed"):
    mlflow.log_metric("best", 1)
    with mlflow.start_run(nested=True, run_name="inner"):
        mlflow.log_param("depth", 3)
"""

DVC = {
    "params.yaml": "lr: 0.1\nopt:\n  name: adam\n",
    "dvc.yaml": """
stages:
  train:
    cmd: python train.py
    deps: [train.py]
    params: [lr, opt]
    metrics: [dvclive/metrics.json: {cache: false}]
    plots: [dvclive/plots: {cache: false}]
""",
    "train.py": """
import yaml
from dvclive import Live
params = yaml.safe_load(open("params.yaml"))
with Live("dvclive", dvcyaml=None) as live:
    live.log_params(params)
    for step in range(4):
        live.log_metric("loss", params["lr"] / (step + 1))
        live.log_metric("train/acc", step / 4)
        live.next_step()
    live.summary["best"] = 0.5
""",
}


def make_dvc() -> None:
    """Write a bundle of a repository with two experiments, what DVC prints of it, and the log of the last one."""
    target = HERE / "dvc"
    shutil.rmtree(target, ignore_errors=True)
    target.mkdir()
    with tempfile.TemporaryDirectory() as folder:
        for name, content in DVC.items():
            (Path(folder) / name).write_text(content)
        for line in (
            "git init -q -b main",
            "git config user.name Ada",
            "git config user.email ada@example.org",
            "dvc init -q",
            "git add -A",
            "git commit -q -m first",
            "dvc exp run -q -n first-exp",
            "dvc exp run -q -n second-exp -S lr=0.2",
            f"git bundle create -q {target}/repository.bundle HEAD --glob=refs/exps/*/*/*-exp",
        ):
            subprocess.run(line, shell=True, cwd=folder, check=True)
        with (target / "show.json").open("w") as file:
            subprocess.run(["dvc", "exp", "show", "--json"], cwd=folder, check=True, stdout=file)
        shutil.copytree(Path(folder) / "dvclive", target / "dvclive")


def make_mlflow() -> None:
    """Write mlruns/ of MLflow with a run with curves, a parent whose children are alike, and one that is not."""
    with tempfile.TemporaryDirectory() as folder:
        script = Path(folder) / "train.py"
        script.write_text(MLFLOW)
        subprocess.run(
            ["python", script.name], cwd=folder, check=True, env={**os.environ, "MLFLOW_ALLOW_FILE_STORE": "1"}
        )
        shutil.rmtree(HERE / "mlruns", ignore_errors=True)
        shutil.copytree(
            Path(folder) / "mlruns", HERE / "mlruns", ignore=shutil.ignore_patterns(".trash", "0", "models")
        )
    for meta in (HERE / "mlruns").rglob("meta.yaml"):
        meta.write_text(meta.read_text().replace(folder, "/home/ada/secret project"))


def make_sacred() -> None:
    """Write a store of Sacred with a run that completed and one that failed."""
    with tempfile.TemporaryDirectory() as folder:
        script = Path(folder) / "train.py"
        script.write_text(SACRED)
        subprocess.run(["python", script.name], cwd=folder, check=True)
        shutil.rmtree(HERE / "sacred", ignore_errors=True)
        shutil.copytree(Path(folder) / "sacred", HERE / "sacred", ignore=shutil.ignore_patterns("_sources"))
    for run in (HERE / "sacred").glob("*/run.json"):
        text = run.read_text().replace(str(folder), "/home/ada/secret project")
        run.write_text(re.sub(r'"[^"]*/site-packages/', '"/usr/lib/python3/site-packages/', text.replace('\\"', "'")))


if __name__ == "__main__":
    make_sacred()
    make_mlflow()
    make_dvc()
