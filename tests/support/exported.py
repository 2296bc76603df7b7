"""A project whose runs are exported, for the tests of all formats."""

from __future__ import annotations

from pathlib import Path

from tests.support.sandbox import Sandbox

PROGRAM = """\
import json, pathlib, sys

words = dict(zip(sys.argv[1::2], sys.argv[2::2]))
folder = pathlib.Path(words["--storage_path"])
rate = float(words["--lr"])
with (folder / "metrics.jsonl").open("w") as file:
    for step in range(3):
        file.write(json.dumps({"step": step, "loss": rate / (step + 1)}) + "\\n")
(folder / "metrics.json").write_text(json.dumps({"acc": 1 - rate}))
(folder / "plots").mkdir()
(folder / "plots" / "a b.svg").write_text('<svg xmlns="http://www.w3.org/2000/svg"/>')
print("done")
sys.exit(3 if rate > 1 else 0)
"""
SECRET = "ghp_" + "k3J9x2LmQ8vR5tY7wZ1aB4cD6eF0gH2iJ5nP"


def make(root: Path) -> Path:
    """Create a project with a sweep, run 1, a run that fails, and one with a secret among its arguments."""
    sandbox = Sandbox.make(root)
    sandbox.write("data/iris.csv", "5.1,3.5\n")
    sandbox.qanat("dataset", "new", "--name", "iris", "--path", "data", "--track", "hash")
    sources = [{"file": "metrics.jsonl", "unit": {"loss": "nats"}}, {"file": "metrics.json"}]
    sandbox.python_experiment("train", PROGRAM, datasets=["iris"], figures=["plots/*.svg"], metrics=sources)
    sandbox.git("remote", "add", "origin", "https://token@github.com/ada/iris.git")
    sandbox.qanat("run", "train", "-R", "--lr 0.1,0.5", "--tag", "paper", "--description", "A sweep")
    sandbox.qanat("run", "train", "--lr", "2", code=1)
    sandbox.qanat("run", "train", "--lr", "0.2", "--token", SECRET, "--allow-secrets")
    return sandbox.root
