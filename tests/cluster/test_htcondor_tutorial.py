"""The tutorial on running on HTCondor, command by command, on a real pool."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from contextlib import ExitStack
from pathlib import Path

import pytest

from tests.cluster.htcondor_project import OnPool
from tests.cluster.on_cluster import wait_until
from tests.support.pages import blocks_of, commands_of
from tests.support.sandbox import Sandbox
from tests.support.terminal import DOWN, ENTER, Terminal
from tests.support.tutorial import SETTINGS, TEMPLATE

pytestmark = pytest.mark.xdist_group("fourth htcondor")

EXAMPLE = Path(__file__).parents[2] / "examples/iris"
PAGE = Path(__file__).parents[2] / "docs/htcondor.md"


@pytest.fixture
def iris(on_pool: OnPool, monkeypatch: pytest.MonkeyPatch) -> OnPool:
    """Return the project at the start of the tutorial; `python` is this one, which has numpy."""
    monkeypatch.setenv("PATH", str(Path(sys.executable).parent), prepend=os.pathsep)
    for part in ("data", "experiments", "experiments_details"):
        shutil.copytree(EXAMPLE / part, on_pool.root / part)
    on_pool.write("htcondor_template.yaml", TEMPLATE)
    on_pool.qanat("dataset", "new", "data/iris.yaml")
    on_pool.qanat("experiment", "new", "experiments_details/summary_statistics_iris.yaml")
    on_pool.write(".qanat/config.yaml", SETTINGS)
    on_pool.commit("the tutorial")
    return on_pool


def cluster_of(said: str) -> int:
    """Return the cluster in the last line of a submission's output."""
    match = re.search(r"^Submitted as job (\d+)\n\Z", said, re.MULTILINE)
    assert match, said
    return int(match[1])


def test_the_commands_of_the_tutorial_work_as_they_are_written(iris: OnPool) -> None:
    # Three runs before it, so that this one is run 4 as in the tutorial.
    for _ in range(3):
        iris.qanat("run", "summary_iris")
    # Nothing begins meanwhile, so that the job is still in the queue when it is looked at.
    with iris.pool.frozen("STARTD"):
        said = iris.qanat(
            "run", "--runner", "htcondor", "summary_iris", "--submit_template", "htcondor_template.yaml"
        ).err
        cluster = cluster_of(said)
        assert "results/summary_iris/run_4" in said

        record = iris.record(4)
        assert record["runner"]["name"] == "htcondor"
        assert record["runner"]["template"] == "htcondor_template"
        assert record["groups"][0]["job"] == f"{cluster}.0"
        assert f".qanat/runs/summary_iris/0/{record['id']}.yaml" in iris.committed_records()
        assert iris.status() == ""
        (row,) = [line for line in iris.pool.tool("condor_q").stdout.splitlines() if "summary_iris_4" in line]
        assert row.split()[-1] == f"{cluster}.0"

        (job,) = iris.pool.jobs("WishedAcctGroup", "RequestCpus", "RequestMemory", constraint=f"ClusterId == {cluster}")
        assert job["WishedAcctGroup"] == "group_usmb.listic"
        assert (job["RequestCpus"], job["RequestMemory"]) == (1, 1024)

    shown = iris.qanat("experiment", "status", "summary_iris").out
    for line in (
        "🔖 Name: summary_iris",
        "📁 Path: experiments/summary_statistics",
        "⚙ Executable: experiments/summary_statistics/iris.py",
        "⚙ Execute command: python",
        "⏳ Number of runs: 4",
        "  - plot: Plot summary statistics about the dataset",
    ):
        assert line in shown
    (row,) = [line for line in shown.splitlines() if "results/summary_iris/run_4" in line]
    assert "htcondor" in row

    wait_until(lambda: iris.states(4) == ["finished"])
    assert (iris.storage("summary_iris", 4) / "stats.npz").is_file()
    shown = iris.qanat("experiment", "status", "summary_iris").out
    (row,) = [line for line in shown.splitlines() if "results/summary_iris/run_4" in line]
    assert "🏁" in row


def test_a_finished_run_is_explored_with_the_log_of_htcondor_in_the_menu(iris: OnPool) -> None:
    iris.qanat("run", "--runner", "htcondor", "summary_iris", "--submit_template", "two_cpus", "--wait")
    with Terminal(iris.root, "experiment", "run_explore", "summary_iris", "1", env={"PAGER": "cat"}) as terminal:
        terminal.see("Run 1 of experiment summary_iris:")
        for line in ("Runner: htcondor", "--submit-template: two_cpus", "Path: results/summary_iris/run_1", "🏁"):
            terminal.see(line)
        terminal.see("Run 1 of experiment summary_iris - Explore menu")
        for entry in (
            "[a] Show output(s)",
            "[b] Show error(s)",
            "[c] Show parameters",
            "[d] Show comment",
            "[e] Explore run directory",
            "[f] Show HTCondor log(s)",
            "[g] Delete run",
            "[h] Action: plot",
        ):
            terminal.see(entry)
        terminal.press("f")
        terminal.see("Job submitted from host")
        terminal.see("Job terminated.")
        terminal.press("q")
        terminal.ends()


def test_with_several_groups_the_menu_asks_of_which_the_log_is_wanted(iris: OnPool) -> None:
    iris.qanat("run", "summary_iris", "-R", "--seed 0 2 1", "--runner", "htcondor", "--wait")
    cluster = iris.cluster()
    with Terminal(iris.root, "experiment", "run_explore", "summary_iris", "1", env={"PAGER": "cat"}) as terminal:
        terminal.see("[f] Show HTCondor log(s)")
        terminal.press("f")
        terminal.see("Log of which group?")
        terminal.see("group 1: --seed 1 (finished)")
        terminal.press(DOWN, DOWN, ENTER)
        terminal.see(f"({cluster:03}.001.000)")
        shown = terminal.see("Explore menu")
        assert "Job terminated." in shown
        assert f"({cluster:03}.000.000)" not in shown
        terminal.press("q")
        terminal.ends()


@pytest.mark.parametrize(
    ("words", "cpus"),
    [
        (["--runner", "htcondor", "summary_iris"], 1),
        (["--runner", "htcondor", "summary_iris", "--submit_template", "two_cpus"], 2),
        (["--runner", "htcondor", "--submit-template", "two_cpus", "summary_iris"], 2),
        (["summary_iris", "--submit_template", "default", "--runner", "htcondor"], 1),
        (["--submit_template", "htcondor_template.yaml", "summary_iris", "--runner", "htcondor"], 1),
    ],
)
def test_runner_and_template_may_come_before_or_after_the_name(iris: OnPool, words: list[str], cpus: int) -> None:
    shown = iris.qanat("run", *words, "--dry_run").out
    assert f"\nrequest_cpus = {cpus}\n" in shown
    assert '\nMy.WishedAcctGroup = "group_usmb.listic"\n' in shown


def test_the_settings_of_a_person_come_before_the_default_that_init_made(iris: OnPool) -> None:
    record = iris.submit("summary_iris")
    assert record["runner"]["template"] == "default"
    assert record["runner"]["options"]["+WishedAcctGroup"] == "group_usmb.listic"
    iris.template("default", "request_cpus: 3\n")
    assert "\nrequest_cpus = 3\n" in iris.qanat("run", "--runner", "htcondor", "summary_iris", "--dry_run").out


def test_every_command_of_the_page_on_htcondor_works_in_its_order(iris: OnPool) -> None:
    for name in ("htcondor_template.yaml", ".qanat/config.yaml"):
        (first, *_) = [block.text for block in blocks_of(PAGE) if block.text.startswith(f"# {name}\n")]
        iris.write(name, first)
    iris.commit("the page")
    commands = commands_of(PAGE)
    assert len(commands) > 10
    with ExitStack() as while_frozen:
        for command in commands:
            if '"--seed 0 40 1"' in command:
                # None of these jobs begins, or all might have ended before they are held.
                while_frozen.enter_context(iris.pool.frozen("STARTD"))
            done = subprocess.run(command, shell=True, cwd=iris.root, capture_output=True, text=True, check=False)
            assert done.returncode == 0, f"{command}\n{done.stdout}\n{done.stderr}"
            if command.startswith("qanat cancel"):
                while_frozen.close()
    assert iris.record(2)["state"] == "finished"
    iris.wait_for_states("finished")
    assert iris.status() == ""


def test_the_tutorials_settings_are_valid_as_they_are_and_warn_of_getenv_once(iris: Sandbox) -> None:
    said = iris.qanat("validate")
    assert "no problem" in said.out
    assert said.err == (
        "note: templates default (.qanat/config.yaml), two_cpus (.qanat/config.yaml): getenv: true copies your whole "
        "environment, secrets included, into the job's public description; name what the program needs instead: "
        "getenv: PATH, VIRTUAL_ENV, LD_LIBRARY_PATH\n"
    )
