"""Runs of this machine that start after others: in the foreground, in the background, and after failures."""

from __future__ import annotations

import signal
from pathlib import Path

import pytest

from tests.integration.life.endings import exit_code
from tests.support.chains_page import follow_page
from tests.support.sandbox import Sandbox, wait_until

# $1 is a file to wait for; with a second argument, the exit code.
GATE = """\
while [ ! -e "$1" ]; do sleep 0.02; done
exit "$2"
"""


@pytest.fixture
def project(sandbox: Sandbox) -> Sandbox:
    """Return a project whose run 1 continues in the background until there is a gate, and then has code 0."""
    sandbox.experiment("gate", GATE)
    sandbox.experiment("brief", 'echo "ran with $1"\n')
    sandbox.qanat("run", "--detach", "gate", str(gate(sandbox)), "0")
    return sandbox


def gate(sandbox: Sandbox) -> Path:
    """Return the file that run 1 waits for."""
    return sandbox.root.parent / "gate"


def shown(sandbox: Sandbox, run: int) -> dict[str, object]:
    """Return the current record of a run."""
    found: dict[str, object] = sandbox.qanat("show", str(run), "--json").json
    return found


def test_a_run_in_the_foreground_says_what_it_waits_for_and_then_starts(project: Sandbox) -> None:
    waiting = project.start("run", "brief", "x", "--after", "1")
    wait_until(lambda: "run 2: queued: waits for run 1 (gate)" in project.qanat("status").out)
    assert "⏳ After: run 1-" in project.qanat("show", "2").out
    gate(project).touch()
    out, err = waiting.communicate(timeout=180)
    assert (waiting.returncode, out) == (0, "ran with x\n")
    assert "It waits for run 1 (gate)\n" in err
    one, two = shown(project, 1), shown(project, 2)
    assert one["ended"] <= two["started"]  # type: ignore[operator]
    assert two["after"] == [{"run": one["id"]}]
    assert project.status() == ""


def test_runs_in_the_background_wait_for_each_other(project: Sandbox) -> None:
    project.qanat("run", "--detach", "brief", "x", "--after", "1")
    project.qanat("run", "--detach", "brief", "y", "--after", "2:any")
    assert [shown(project, run)["state"] for run in (1, 2, 3)] == ["running", "queued", "queued"]
    gate(project).touch()
    project.qanat("wait", "3")
    ends = [shown(project, run) for run in (1, 2, 3)]
    assert [one["state"] for one in ends] == ["finished"] * 3
    assert ends[0]["ended"] <= ends[1]["started"] <= ends[1]["ended"] <= ends[2]["started"]  # type: ignore[operator]


def test_ctrl_c_ends_the_wait_and_nothing_was_run(project: Sandbox) -> None:
    waiting = project.start("run", "brief", "x", "--after", "1")
    wait_until(lambda: len(project.record_files()) == 2)
    waiting.send_signal(signal.SIGINT)
    assert exit_code(waiting) == 130
    record = shown(project, 2)
    assert (record["state"], record["started"]) == ("cancelled", None)
    gate(project).touch()
    project.qanat("wait", "1")


def test_cancelling_the_first_run_ends_those_that_wait_for_it_and_they_can_be_retried(project: Sandbox) -> None:
    project.qanat("run", "--detach", "brief", "x", "--after", "1")
    project.qanat("run", "--detach", "brief", "y", "--after", "2")
    said = project.qanat("delete", "1", "--yes", "--cancel", code=2).err
    assert said.startswith("qanat: run 1 cannot be deleted: run 2 (brief) waits for it\n")
    said = project.qanat("cancel", "1").err
    assert said == "note: run 2 waited for run 1, and will not start\n"
    project.qanat("wait", "3", code=1)
    reasons = [shown(project, run)["groups"][0]["reason"] for run in (2, 3)]  # type: ignore[index]
    assert reasons == ["run 1 was cancelled", "run 2 was cancelled"]
    said = project.qanat("run", "brief", "--after", "3", code=2).err
    assert said.startswith("qanat: run 3 was cancelled, so a run after it would never start\n  hint: retry it: ")
    said = project.qanat("retry", "2", code=2).err
    assert said.startswith("qanat: run 2 starts after run 1, and run 1 was cancelled\n")
    gate(project).touch()
    assert "note: to continue with what comes after it: qanat retry 2\n" in project.qanat("retry", "1").err
    assert "note: to continue with what comes after it: qanat retry 3\n" in project.qanat("retry", "2").err
    project.qanat("retry", "3")
    assert [shown(project, run)["state"] for run in (1, 2, 3)] == ["finished"] * 3
    assert project.status() == ""


def test_a_killed_qanat_leaves_a_run_that_was_not_started(project: Sandbox) -> None:
    waiting = project.start("run", "brief", "x", "--after", "1")
    wait_until(lambda: len(project.record_files()) == 2)
    waiting.kill()
    waiting.communicate()
    record = shown(project, 2)
    assert record["state"] == "cancelled"
    assert record["groups"][0]["reason"] == "not started: qanat was killed before that"  # type: ignore[index]
    gate(project).touch()
    project.qanat("wait", "1")
    assert "ran with x" in project.qanat("retry", "2").out


def test_a_script_gets_the_number_of_a_run(sandbox: Sandbox) -> None:
    sandbox.experiment("brief", "echo printed\n")
    done = sandbox.qanat("run", "--print-number", "brief")
    assert done.out == "1\n"
    assert "Run 1 of brief finished" in done.err
    said = sandbox.qanat("run", "--print-number", "--dry-run", "brief", code=2).err
    assert said.startswith("qanat: --print-number cannot be combined with --dry-run\n")


def test_the_page_on_chains_is_right_about_this_machine(tmp_path: Path) -> None:
    follower = follow_page(tmp_path / "my chain", "--detach")
    assert follower.run_python() == "finished\n"
