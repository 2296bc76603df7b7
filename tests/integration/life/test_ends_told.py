"""What is said at the end of a run that was cut short, partly retried, or whose files changed on the way."""

from __future__ import annotations

import os
import signal
import subprocess

import pytest

from tests.support.gates import Gates, is_running
from tests.support.sandbox import Sandbox, wait_until


@pytest.fixture
def gates(sandbox: Sandbox) -> Gates:
    return Gates(sandbox)


def started(gates: Gates) -> subprocess.Popen[str]:
    """Start three groups one after the other; the first has failed, the second waits, the third has not started."""
    gates.open("first")
    ends = [("first", 3), ("second", 0), ("third", 0)]
    words = [word for name, code in ends for word in ("-g", f"{gates.path(name)} {code}")]
    process = gates.sandbox.start("run", "wait", *words)
    gates.begun(1, 1)
    (journal,) = (gates.sandbox.root / ".git/qanat/inflight").glob("*.jsonl")
    wait_until(lambda: '"group": 1, ' in journal.read_text())
    return process


def progress(sandbox: Sandbox) -> tuple[int, int]:
    """Return how many groups of the newest run have finished, of how many, and check the table."""
    (table,) = [line for line in sandbox.qanat("experiment", "status", "wait").out.splitlines() if "wait/run_1" in line]
    groups = sandbox.qanat("show", "1", "--json").json["groups"]
    finished = sum(group["state"] == "finished" for group in groups)
    assert f" {finished}/{len(groups)}" in table
    return finished, len(groups)


def test_a_cancelled_run_is_called_cancelled_with_the_ends_of_its_groups(gates: Gates) -> None:
    process = started(gates)
    said = gates.sandbox.qanat("cancel", "1")
    assert said.out == "Run 1 of wait cancelled (1 failed, 2 cancelled)\n"
    err = process.communicate(timeout=60)[1]
    assert "qanat: 1 of 3 groups failed\n  group 0: exit code 3" in err
    assert progress(gates.sandbox) == (0, 3)


def test_ctrl_c_lists_the_groups_that_failed(gates: Gates) -> None:
    process = started(gates)
    process.send_signal(signal.SIGINT)
    err = process.communicate(timeout=60)[1]
    assert process.returncode == 130
    assert "qanat: 1 of 3 groups failed\n  group 0: exit code 3" in err


def test_a_kill_leaves_groups_that_never_started_out_of_the_progress(gates: Gates) -> None:
    process = started(gates)
    process.kill()
    process.communicate()
    job = int(gates.sandbox.qanat("show", "1", "--json").json["groups"][1]["job"])
    os.killpg(os.getpgid(job), signal.SIGKILL)
    wait_until(lambda: not is_running(job))
    said = gates.sandbox.qanat("status").err
    assert said == "note: run 1 of wait was interrupted: its qanat process was killed; continue with: qanat retry 1\n"
    groups = gates.sandbox.record()["groups"]
    assert [group["state"] for group in groups] == ["failed", "lost", "cancelled"]
    assert groups[2]["reason"] == "not started: qanat was killed before that"
    assert progress(gates.sandbox) == (0, 3)


def test_with_fail_fast_groups_that_never_started_are_no_progress(gates: Gates) -> None:
    gates.open()
    words = [word for code in (1, 0) for word in ("-g", f"{gates.path()} {code}")]
    gates.sandbox.qanat("run", "--fail-fast", "wait", *words, code=1)
    assert progress(gates.sandbox) == (0, 2)


def test_a_retry_is_reported_by_the_groups_that_it_ran(gates: Gates) -> None:
    process = started(gates)
    gates.sandbox.qanat("cancel", "1")
    process.communicate(timeout=60)
    gates.open("second")
    done = gates.sandbox.qanat("retry", "1", "--group", "1")
    assert "Run 1 of wait: retried group 1, finished after " in done.err
    assert "failed" not in done.err
    failed = gates.sandbox.qanat("retry", "1", "--group", "0", "--group", "1", code=1)
    assert "Run 1 of wait: retried 2 of 3 groups, failed after " in failed.err
    assert gates.sandbox.record()["state"] == "failed"


def test_a_retry_leaves_the_launch_date_as_it_was(gates: Gates) -> None:
    gates.open()
    gates.sandbox.qanat("run", "wait", str(gates.path()), "1", code=1)
    created = gates.sandbox.qanat("show", "1", "--json").json["created"]
    gates.sandbox.qanat("retry", "1", code=1)
    assert gates.sandbox.qanat("show", "1", "--json").json["created"] == created
    shown = created.replace("T", " ").partition("+")[0]
    assert shown in gates.sandbox.qanat("experiment", "status", "wait").out


def test_a_change_of_the_code_during_a_sweep_is_the_last_thing_that_is_said(sandbox: Sandbox) -> None:
    sandbox.experiment("edits", 'echo "echo changed" >>edits.sh\nexit "$1"\n')
    warning = "files changed while it ran, so that its groups may have run different code"
    done = sandbox.qanat("run", "edits", "-g", "0", "-g", "0")
    assert done.err.splitlines()[-1] == f"warning: {warning}"
    assert f"({warning})" in sandbox.qanat("show", "1").out
    sandbox.git("checkout", "--quiet", "edits.sh")
    failed = sandbox.qanat("run", "edits", "-g", "0", "-g", "1", code=1)
    assert failed.err.splitlines()[-1] == f"warning: {warning}"
