"""The tutorial on running on Slurm, command by command, on real clusters."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.cluster.on_cluster import wait_until
from tests.cluster.slurm_project import OnSlurm
from tests.support.pages import blocks_of, commands_of
from tests.support.terminal import Terminal

pytestmark = pytest.mark.xdist_group("another slurm")

EXAMPLE = Path(__file__).parents[2] / "examples/iris"
PAGE = Path(__file__).parents[2] / "docs/slurm.md"


def yaml_of(first_line: str) -> str:
    """Return the page's YAML block with this beginning."""
    (found,) = [b.text for b in blocks_of(PAGE) if b.kind == "yaml" and b.text.startswith(f"{first_line}\n")]
    return found


@pytest.fixture
def iris(on_either: OnSlurm, monkeypatch: pytest.MonkeyPatch) -> OnSlurm:
    """Return the project at the start of the tutorial; `python` is this one, which has numpy."""
    monkeypatch.setenv("PATH", str(Path(sys.executable).parent), prepend=os.pathsep)
    for part in ("data", "experiments", "experiments_details"):
        shutil.copytree(EXAMPLE / part, on_either.root / part)
    on_either.write("slurm_template.yaml", yaml_of("# slurm_template.yaml"))
    on_either.qanat("dataset", "new", "data/iris.yaml")
    on_either.qanat("experiment", "new", "experiments_details/summary_statistics_iris.yaml")
    (settings,) = [b.text for b in blocks_of(PAGE) if "\nslurm:\n" in b.text]
    on_either.write(".qanat/config.yaml", settings)
    on_either.commit("the tutorial")
    return on_either


def test_the_commands_of_the_tutorial_work_as_they_are_written(iris: OnSlurm) -> None:
    for _ in range(3):
        iris.qanat("run", "summary_iris")
    said = iris.qanat("run", "--runner", "slurm", "summary_iris", "--submit_template", "slurm_template.yaml").err
    match = re.search(r"^Submitted as job (\d+)\n\Z", said, re.MULTILINE)
    assert match, said
    assert "results/summary_iris/run_4" in said

    record = iris.record(4)
    assert (record["runner"]["name"], record["runner"]["template"]) == ("slurm", "slurm_template")
    assert record["groups"][0]["job"] == match[1]
    assert f".qanat/runs/summary_iris/0/{record['id']}.yaml" in iris.committed_records()
    assert iris.status() == ""
    assert iris.in_queue("%j %P %c %m %l", 4) == ["summary_iris_4 main 1 100M 1-00:00:00"]

    wait_until(lambda: iris.states(4) == ["finished"])
    assert (iris.storage("summary_iris", 4) / "stats.npz").is_file()
    shown = iris.qanat("experiment", "status", "summary_iris").out
    assert "⏳ Number of runs: 4" in shown
    (row,) = [line for line in shown.splitlines() if "results/summary_iris/run_4" in line]
    assert "slurm" in row
    assert "🏁" in row


def test_a_finished_run_is_explored_with_the_log_of_slurm_in_the_menu(iris: OnSlurm) -> None:
    iris.qanat("run", "--runner", "slurm", "summary_iris", "--submit_template", "two_cpus", "--wait")
    with Terminal(iris.root, "experiment", "run_explore", "summary_iris", "1", env={"PAGER": "cat"}) as terminal:
        terminal.see("Run 1 of experiment summary_iris:")
        for line in ("Runner: slurm", "--submit-template: two_cpus", "Path: results/summary_iris/run_1", "🏁"):
            terminal.see(line)
        for entry in ("[a] Show output(s)", "[b] Show error(s)", "[f] Show Slurm log(s)", "[h] Action: plot"):
            terminal.see(entry)
        terminal.press("f")
        terminal.see("JobName=summary_iris_1")
        terminal.press("q")
        terminal.ends()


@pytest.mark.parametrize(
    ("words", "cpus"),
    [
        (["--runner", "slurm", "summary_iris"], 1),
        (["--runner", "slurm", "summary_iris", "--submit_template", "two_cpus"], 2),
        (["--runner", "slurm", "--submit-template", "two_cpus", "summary_iris"], 2),
        (["summary_iris", "--submit_template", "default", "--runner", "slurm"], 1),
        (["--submit_template", "slurm_template.yaml", "summary_iris", "--runner", "slurm"], 1),
    ],
)
def test_runner_and_template_may_come_before_or_after_the_name(iris: OnSlurm, words: list[str], cpus: int) -> None:
    assert f" --cpus-per-task={cpus} " in iris.qanat("run", *words, "--dry_run").out


def test_every_command_of_the_page_on_slurm_works_in_its_order(iris: OnSlurm) -> None:
    commands = commands_of(PAGE)
    assert len(commands) > 10
    for command in commands:
        done = subprocess.run(command, shell=True, cwd=iris.root, capture_output=True, text=True, check=False)
        assert done.returncode == 0, f"{command}\n{done.stdout}\n{done.stderr}"
    assert iris.record(2)["state"] == "finished"
    iris.wait_for_states("finished")
    assert iris.status() == ""
