"""The first hour on real clusters: a new project, its default templates, and a `python` that only PATH knows."""

from __future__ import annotations

import os
import venv
from pathlib import Path

import pytest

from tests.cluster.htcondor_project import OnPool
from tests.cluster.on_cluster import OnCluster
from tests.cluster.slurm_project import OnSlurm
from tests.support.sandbox import Sandbox

WHICH = "import pathlib, sys\nprint(pathlib.Path(sys.prefix).name)\n"


def own_python(folder: Path) -> dict[str, str]:
    """Return the variables of a shell in which a new environment is active, as `. venv/bin/activate` sets them."""
    venv.create(folder, symlinks=True)
    return {"PATH": f"{folder / 'bin'}:{os.environ['PATH']}", "VIRTUAL_ENV": str(folder)}


def first_runs(cluster: OnCluster, tmp_path: Path) -> Sandbox:
    """Create a project as a user does, and run its first experiment; then one whose program is nowhere."""
    active = own_python(tmp_path / "my venv")
    project = Sandbox(tmp_path / "first project")
    project.root.mkdir()
    for words in (["init", "-y", "."], ["template", "list"]):
        project.qanat(*words, env=active)
    project.write("experiments/which.py", WHICH)
    words = ["--path", "experiments", "--executable", "experiments/which.py", "--executable-command"]
    project.qanat("experiment", "new", "--name", "which", *words, "python", env=active)
    project.commit("the first experiment")
    project.qanat("run", "--runner", cluster.runner, "which", "--wait", env=active)
    assert project.qanat("logs", "1").out == "my venv\n"
    project.qanat("experiment", "update", "which", "--executable-command", "no-such-python")
    project.commit("a python that is nowhere")
    project.qanat("run", "--runner", cluster.runner, "which", "--wait", env=active, code=1)
    said = project.qanat("show", "2").out
    assert "no-such-python was not found" in said
    assert f"    qanat: PATH is {active['PATH']}"[:250] in said
    assert "on the PATH of the jobs, which is that of the shell that submitted them\n" in said
    return project


@pytest.mark.xdist_group("htcondor")
def test_the_first_run_on_htcondor_finds_the_python_that_only_the_user_has(on_pool: OnPool, tmp_path: Path) -> None:
    project = first_runs(on_pool, tmp_path)
    project.write(
        ".qanat/templates/htcondor/bare.yaml", "schema: template/1\nname: bare\nrunner: htcondor\noptions: {}\n"
    )
    project.commit("a template without getenv")
    project.qanat("run", "--runner", "htcondor", "which", "--submit-template", "bare", "--wait", code=1)
    said = project.qanat("show", "3").out
    assert "which is that of the machine that ran them, since their template has no getenv with PATH\n" in said
    assert "qanat: PATH is " in said


@pytest.mark.xdist_group("third slurm")
def test_the_first_run_on_slurm_finds_the_python_that_only_the_user_has(on_slurm: OnSlurm, tmp_path: Path) -> None:
    first_runs(on_slurm, tmp_path)
