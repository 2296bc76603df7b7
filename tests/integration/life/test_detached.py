"""Runs in the background: they outlive the terminal that they were launched from, and any other one reaches them."""

from __future__ import annotations

import os
import shlex
import signal
import sys
from pathlib import Path

import pytest

from qanat.system import processes
from tests.support.gates import Gates
from tests.support.sandbox import Sandbox, call, wait_until


@pytest.fixture
def gates(sandbox: Sandbox) -> Gates:
    return Gates(sandbox)


def detach(gates: Gates, *words: str) -> int:
    """Launch a run in the background, and return the number of the process that watches it."""
    gates.sandbox.qanat("run", "--detach", *words)
    return watcher(gates.sandbox)


def watcher(sandbox: Sandbox, number: int = 1) -> int:
    pid: int = sandbox.record(number)["submission"]["pid"]
    return pid


def is_gone(pid: int) -> bool:
    return processes.start_of(pid) is None


def test_it_goes_on_without_the_terminal_and_is_recorded_at_its_end(gates: Gates) -> None:
    sandbox = gates.sandbox
    done = sandbox.qanat("run", "--detach", "wait", str(gates.path()), "0")
    assert done.out == ""
    assert done.err == (
        "Run 1 of wait: 1 group, local, results/wait/run_1\n"
        "It continues in the background, even after you log out\n"
        "  follow it: qanat logs 1 -f; wait for its end: qanat wait 1; cancel it: qanat cancel 1\n"
    )
    gates.begun()
    pid = watcher(sandbox)
    assert os.getsid(pid) not in (os.getsid(0), pid)
    assert [os.readlink(f"/proc/{pid}/fd/{n}") for n in range(3)] == [os.devnull] * 3  # noqa: PTH115
    os.kill(pid, signal.SIGHUP)
    assert "▶ running" in sandbox.qanat("status").out
    gates.open()
    ended = sandbox.qanat("wait", "1")
    assert ended.err.startswith("Run 1 of wait finished after ")
    assert sandbox.record()["state"] == "finished"
    assert len(sandbox.committed_records()) == 1
    wait_until(lambda: is_gone(pid))


def test_another_terminal_cancels_it(gates: Gates) -> None:
    pid = detach(gates, "wait", str(gates.path()), "0")
    gates.begun()
    assert gates.sandbox.qanat("cancel", "1").out == "Run 1 of wait cancelled\n"
    assert gates.sandbox.record()["groups"][0]["reason"] == "cancelled by SIGTERM"
    wait_until(lambda: is_gone(pid))


def test_another_terminal_cancels_one_of_its_groups(gates: Gates) -> None:
    each = [f"{shlex.quote(str(gates.path(name)))} 0" for name in "ab"]
    detach(gates, "-j", "2", "-g", each[0], "-g", each[1], "wait")
    for group in (0, 1):
        gates.begun(1, group)
    assert gates.sandbox.qanat("cancel", "1", "--group", "1").out == "Group 1 of run 1 cancelled\n"
    shown = gates.sandbox.qanat("show", "1").out
    assert "group 0: " in shown
    assert "▶ running (1 running, 1 cancelled)" in shown
    gates.open("a")
    said = gates.sandbox.qanat("wait", "1", code=1).err
    assert "Run 1 of wait cancelled after " in said
    counted = "qanat: 1 of 2 groups finished, 1 cancelled\n  hint: run it again with: qanat retry 1\n"
    assert said.endswith(f"results/wait/run_1\n{counted}")
    assert [row["state"] for row in gates.sandbox.record()["groups"]] == ["finished", "cancelled"]


def test_wait_reports_what_failed_with_the_exit_code_of_the_run(gates: Gates) -> None:
    sandbox = gates.sandbox
    sandbox.experiment("fails", "echo why >&2; exit 3\n")
    sandbox.qanat("run", "--detach", "fails")
    ended = sandbox.qanat("wait", "1", code=1)
    assert "group 0: exit code 3; see results/fails/run_1/stderr.txt\n    why\n" in ended.err
    assert sandbox.qanat("wait", "1", code=1).err == ended.err


def test_if_its_watcher_is_killed_nothing_is_lost_and_what_has_not_started_can_be_retried(gates: Gates) -> None:
    sandbox = gates.sandbox
    each = shlex.quote(f"{gates.path()}") + " 0"
    pid = detach(gates, "-j", "2", *("-g", each) * 3, "wait")
    for group in (0, 1):
        gates.begun(1, group)
    os.kill(pid, signal.SIGKILL)
    wait_until(lambda: is_gone(pid))
    noted = "note: the qanat process of run 1 of wait was killed: one of its groups will not start; "
    shown = sandbox.qanat("status")
    assert shown.err == f"{noted}once the others have ended: qanat retry 1\n"
    assert "▶ running" in shown.out
    gates.open()
    for group in (0, 1):
        gates.ended(1, group)
    again = sandbox.qanat("retry", "1", "--detach")
    assert again.err.startswith("note: run 1 of wait was interrupted: its qanat process was killed; ")
    assert "continue with: qanat retry 1\n" in again.err
    sandbox.qanat("wait", "1")
    groups = sandbox.record()["groups"]
    assert [(row["state"], row.get("attempt", 1)) for row in groups] == [
        ("finished", 1),
        ("finished", 1),
        ("finished", 2),
    ]


def test_a_repeated_run_may_go_on_in_the_background_too(gates: Gates) -> None:
    sandbox = gates.sandbox
    gates.open()
    sandbox.qanat("run", "wait", str(gates.path()), "0")
    sandbox.qanat("rerun", "1", "--detach")
    sandbox.qanat("wait", "2")
    assert sandbox.record(2)["rerun_of"] == sandbox.record(1)["id"]
    assert sandbox.record(2)["code"]["workdir"] == "checkout"


def test_what_is_refused_once_the_process_has_begun_is_told_and_leaves_nothing(gates: Gates) -> None:
    sandbox = gates.sandbox
    taken = sandbox.root.parent / "taken"
    (taken / "file").mkdir(parents=True)
    words = ("run", "--storage-path", str(taken), "wait", "gate", "0")
    here, detached = sandbox.qanat(*words, code=2), sandbox.qanat(*words, "--detach", code=2)
    assert detached.err == here.err
    assert "is not an empty folder" in here.err
    assert sandbox.records() == []


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("run", "--wait", "--detach", "wait"), "--detach cannot be used with --wait"),
        (("rerun", "1", "--check", "--detach"), "--check waits for the end of the new run"),
    ],
)
def test_combinations_that_make_no_sense_are_refused(gates: Gates, words: tuple[str, ...], message: str) -> None:
    gates.open()
    gates.sandbox.qanat("run", "wait", str(gates.path()), "0")
    assert message in gates.sandbox.qanat(*words, code=2).err


def test_it_is_launched_from_python(gates: Gates) -> None:
    sandbox = gates.sandbox
    program = sandbox.root.parent / "launch.py"
    program.write_text(
        "import sys, qanat\n"
        "project = qanat.open('.')\n"
        "run = project.launch('wait', [sys.argv[1], 0], detach=True)\n"
        "print(run.number, run.state)\n"
    )
    done = call([sys.executable, str(program), str(gates.path())], sandbox.root)
    assert done.out == "1 queued\n"
    gates.begun()
    gates.open()
    sandbox.qanat("wait", "1")
    assert sandbox.record()["state"] == "finished"


def test_a_bug_in_the_background_is_reported_by_the_next_command(sandbox: Sandbox, tmp_path: Path) -> None:
    """The watcher gets a fault from outside; only what Python imports at its start can bring it there."""
    (tmp_path / "site").mkdir()
    (tmp_path / "site/sitecustomize.py").write_text(
        "import sys\n"
        "def fail(*_): raise RuntimeError('no manifests today')\n"
        "if any('background' in word for word in sys.orig_argv):\n"
        "    from qanat.usecases.tracking import manifests\n"
        "    manifests.with_manifests = fail\n"
    )
    sandbox.experiment("brief", "exit 0\n")
    sandbox.qanat("run", "--detach", "brief", env={"PYTHONPATH": str(tmp_path / "site"), "TMPDIR": str(tmp_path)})
    said: list[str] = []

    def is_said() -> bool:
        said.append(sandbox.qanat("status").err)
        return "this is a bug" in said[-1]

    wait_until(is_said)
    what = "the qanat process that watched run 1 of brief ended early: this is a bug in qanat: RuntimeError("
    assert f"note: {what}'no manifests today'); please report it, and attach {tmp_path}/qanat-bug-" in said[-1]
    (report,) = tmp_path.glob("qanat-bug-*.log")
    assert "RuntimeError: no manifests today" in report.read_text()
    assert "bug" not in sandbox.qanat("status").err
