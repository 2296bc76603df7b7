"""A project with one of everything, whose texts tests then replace."""

from __future__ import annotations

from pathlib import Path

from tests.support.sandbox import Sandbox

TEMPLATE = "schema: template/1\nname: t\nrunner: slurm\ndescription: short\noptions: {--time: '10'}\n"


def with_everything(root: Path, script: str = "echo hi") -> Sandbox:
    """Create a project with a dataset, a template, and an experiment `good` that has an action, without runs."""
    sandbox = Sandbox.make(root)
    sandbox.write("data.csv", "1\n")
    sandbox.write(".qanat/datasets/d.yaml", "schema: dataset/1\nname: d\npath: data.csv\ndescription: all of it\n")
    sandbox.write(".qanat/templates/slurm/t.yaml", TEMPLATE)
    sandbox.experiment(
        "good",
        script,
        description="it is good",
        tags=["one"],
        datasets=["d"],
        actions={"plot": {"executable": "good.sh", "executable_command": "sh", "description": "draws"}},
    )
    return sandbox


def with_two_runs(root: Path) -> Sandbox:
    """Create such a project with two runs, each with a tag and a description."""
    sandbox = with_everything(root)
    for number in ("1", "2"):
        sandbox.qanat("run", "--tag", "a", "--description", f"number {number}", "good", "--lr", number)
    return sandbox
