"""What a process may be started with: closed or full streams, ignored or blocked signals, few descriptors, no HOME."""

from __future__ import annotations

import os
import shlex
import signal
import subprocess
import sys

import pytest

from tests.support.sandbox import PROGRAM, Sandbox, wait_until

QANAT = shlex.join(PROGRAM)
pytestmark = pytest.mark.slow


@pytest.fixture
def project(sandbox: Sandbox) -> Sandbox:
    sandbox.experiment("hi", "echo hi; cat; echo end\n")
    return sandbox


def shell(sandbox: Sandbox, script: str, **variables: str) -> subprocess.CompletedProcess[str]:
    """Run a script of sh, which calls QANAT, in the project."""
    environment = {**os.environ, **variables}
    environment.pop("PYTHONUNBUFFERED", None)
    script = script.replace("QANAT", QANAT)
    done = subprocess.run(
        ["sh", "-c", script], cwd=sandbox.root, env=environment, capture_output=True, text=True, check=False
    )
    assert "Traceback" not in done.stderr
    assert "bug" not in done.stderr
    return done


@pytest.mark.parametrize("closed", ["<&-", ">&-", "2>&-", "<&- >&-", ">&- 2>&-", "<&- >&- 2>&-"])
def test_closed_streams_lead_nowhere(project: Sandbox, closed: str) -> None:
    done = shell(project, f"QANAT run hi {closed}")
    assert done.returncode == 0
    assert done.stdout == ("" if ">&-" in closed.replace("2>&-", "") else "hi\nend\n")
    assert (project.root / "results/hi/run_1/stdout.txt").read_text() == "hi\nend\n"
    assert project.record()["state"] == "finished"
    assert project.status() == ""


@pytest.mark.parametrize("unbuffered", ["", "1"])
@pytest.mark.parametrize("words", ["status", "status --json", "--help", "experiment list"])
def test_output_that_cannot_be_written_is_an_error(project: Sandbox, words: str, unbuffered: str) -> None:
    done = shell(project, f"PYTHONUNBUFFERED={unbuffered} QANAT {words} >/dev/full")
    assert done.returncode == 1
    assert done.stderr == "qanat: standard output cannot be written: no space left on device\n"


def test_messages_that_cannot_be_written_leave_the_exit_code(project: Sandbox) -> None:
    assert shell(project, "QANAT status >/dev/full 2>/dev/full").returncode == 1
    assert shell(project, "QANAT nonsense 2>/dev/full").returncode == 2


@pytest.mark.parametrize("ignored", ["CHLD", "CHLD PIPE", "INT HUP", "CHLD PIPE INT HUP TERM USR1"])
def test_ignored_signals_are_no_obstacle(project: Sandbox, ignored: str) -> None:
    project.experiment("fails", "exit 3\n")
    done = shell(project, f"trap '' {ignored}; QANAT run hi && QANAT run fails; echo $?")
    assert done.stdout == "hi\nend\n1\n"
    assert [record["state"] for record in project.records()] == ["finished", "failed"]
    assert project.record(2)["groups"][0]["exit_code"] == 3


def test_blocked_signals_are_no_obstacle(project: Sandbox) -> None:
    block = "import os, signal, sys; signal.pthread_sigmask(signal.SIG_BLOCK, signal.valid_signals()); "
    python = shlex.join([sys.executable, "-c", f"{block}os.execv(sys.argv[1], sys.argv[1:])"])
    project.experiment("mask", "grep SigBlk /proc/self/status\n")
    done = shell(project, f"{python} QANAT run mask")
    assert done.returncode == 0
    assert int(done.stdout.split()[1], 16) == 0


def test_a_missing_home_is_no_obstacle(project: Sandbox) -> None:
    project.git("config", "user.name", "Anna")  # the tests' own is in HOME
    project.git("config", "user.email", "anna@example.org")
    done = shell(project, "unset HOME; QANAT run hi")
    assert (done.stdout, done.returncode) == ("hi\nend\n", 0), done.stderr
    assert project.record()["state"] == "finished"


@pytest.mark.parametrize("limit", [6, 8, 10, 12, 16])
def test_too_few_descriptors_are_an_error_of_the_machine(project: Sandbox, limit: int) -> None:
    done = shell(project, f"ulimit -n {limit}; QANAT run hi")
    assert done.returncode in (0, 1)
    if done.returncode:
        assert "too many open files" in done.stderr
        assert "hint: raise the limit on open files" in done.stderr
    shell(project, "QANAT status")
    assert [record["state"] for record in project.records()] in ([], ["finished"], ["failed"], ["lost"])


def test_a_signal_to_a_job_reaches_its_program(project: Sandbox) -> None:
    project.experiment("catches", "trap 'echo got it; exit 137' USR1\necho begun\nwhile :; do sleep 0.02; done\n")
    process = project.start("run", "catches")
    output = project.root / "results/catches/run_1/stdout.txt"
    wait_until(lambda: output.exists() and output.read_text() == "begun\n")
    (group,) = wait_until(lambda: project.qanat("experiment", "status", "catches", "--json").json[0]["groups"])
    os.kill(int(group["job"]), signal.SIGUSR1)
    process.communicate(timeout=60)
    (group,) = project.record()["groups"]
    assert (group["state"], group["exit_code"], group["reason"]) == ("failed", 137, "exit code 137")
    assert output.read_text() == "begun\ngot it\n"
