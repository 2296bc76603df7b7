"""Runs that a program of Python's starts: what signals and `qanat cancel` do to the run, and to the program."""

from __future__ import annotations

import signal
import subprocess
import sys

import pytest

from tests.support.gates import Gates
from tests.support.invariants import violations
from tests.support.sandbox import Sandbox

# Stands for a notebook: it launches a run in its main thread, or in another one, says how that ended, and lives on.
NOTEBOOK = """
import sys, threading
import qanat

def launch():
    try:
        run = qanat.open(".").launch("wait", sys.argv[2:])
        print(run.id, run.state, run.groups[0].record.reason, flush=True)
    except KeyboardInterrupt:
        print("interrupted", flush=True)

if sys.argv[1] == "main":
    launch()
else:
    thread = threading.Thread(target=launch)
    thread.start()
    thread.join()
print("lives on", flush=True)
"""


@pytest.fixture
def gates(sandbox: Sandbox) -> Gates:
    return Gates(sandbox)


def notebook(gates: Gates, thread: str = "main") -> subprocess.Popen[str]:
    """Start the program and wait until the run's program has begun."""
    process = subprocess.Popen(
        [sys.executable, "-W", "error", "-c", NOTEBOOK, thread, str(gates.path()), "0"],
        cwd=gates.sandbox.root,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    gates.begun()
    return process


def test_ctrl_c_cancels_the_run_and_is_raised_once_that_is_recorded(gates: Gates) -> None:
    process = notebook(gates)
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=60)
    assert (process.returncode, out, err) == (0, "interrupted\nlives on\n", "")
    (group,) = gates.sandbox.record()["groups"]
    assert (group["state"], group["reason"]) == ("cancelled", "cancelled by SIGINT")
    assert gates.sandbox.status() == ""
    assert violations(gates.sandbox) == []


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP], ids=str)
def test_a_signal_that_ends_the_program_ends_it_once_the_run_is_recorded(gates: Gates, number: signal.Signals) -> None:
    process = notebook(gates)
    process.send_signal(number)
    out, err = process.communicate(timeout=60)
    assert (process.returncode, out, err) == (-number, "", "")
    assert gates.sandbox.record()["state"] == "cancelled"
    assert gates.sandbox.status() == ""
    assert violations(gates.sandbox) == []


@pytest.mark.parametrize("thread", ["main", "other"])
def test_a_cancel_from_a_terminal_ends_the_run_and_not_the_program(gates: Gates, thread: str) -> None:
    process = notebook(gates, thread)
    assert gates.sandbox.qanat("cancel", "1").out == "Run 1 of wait cancelled\n"
    out, err = process.communicate(timeout=60)
    run = gates.sandbox.record()
    assert (process.returncode, out, err) == (0, f"{run['id']} cancelled cancelled by SIGTERM\nlives on\n", "")
    assert run["state"] == "cancelled"
    assert list((gates.sandbox.root / ".git/qanat/inflight").iterdir()) == []
    assert violations(gates.sandbox) == []


def test_a_program_that_is_killed_leaves_its_run_to_the_next_command(gates: Gates) -> None:
    process = notebook(gates)
    process.kill()
    process.communicate()
    gates.open()
    gates.ended()
    assert gates.sandbox.qanat("status").err == ""
    assert gates.sandbox.record()["state"] == "finished"
    assert violations(gates.sandbox) == []
