"""Cancelling a run from another terminal: SIGTERM, then SIGKILL, for the whole process tree."""

from __future__ import annotations

import json
import os
import re
import subprocess
from pathlib import Path

import pytest

from tests.integration.life.endings import exit_code
from tests.support.gates import Gates, is_running
from tests.support.invariants import violations
from tests.support.sandbox import Sandbox, wait_until

# Ends gently when asked to; has a child, a grandchild, and a child that left its session and process group.
FAMILY = """\
trap 'echo gentle >"$2/gentle"; exit 0' TERM
sleep 300 &
echo $! >"$2/child"
sh -c 'sleep 300 & echo $! >"$1/grandchild"; wait' sh "$2" &
setsid sleep 300 &
echo $! >"$2/setsid"
while [ ! -s "$2/grandchild" ]; do sleep 0.02; done
: >"$2/begun"
wait
"""
RELATIVES = ("child", "grandchild", "setsid")
# Hears SIGTERM, says so, and goes on, as its child does.
STUBBORN = """\
trap '' INT
trap 'echo heard >>"$2/heard"' TERM
(trap '' TERM INT; while :; do sleep 300; done) &
echo $! >"$2/child"
: >"$2/begun"
while :; do wait; sleep 0.1; done
"""


def storage(sandbox: Sandbox, experiment: str) -> Path:
    return sandbox.root / f"results/{experiment}/run_1"


def start(sandbox: Sandbox, experiment: str, *words: str) -> subprocess.Popen[str]:
    """Start a run of one group and wait until its program has started."""
    process = sandbox.start("run", experiment, *words)
    wait_until((storage(sandbox, experiment) / "begun").exists)
    return process


def pids(folder: Path, *names: str) -> list[int]:
    return [int((folder / name).read_text()) for name in names]


def test_a_run_of_another_terminal_ends_gently_with_all_that_it_started(sandbox: Sandbox) -> None:
    sandbox.experiment("family", FAMILY)
    process = start(sandbox, "family")
    folder = storage(sandbox, "family")
    relatives = pids(folder, *RELATIVES)
    assert all(map(is_running, relatives))
    deep = sandbox.root / "deep"
    deep.mkdir()
    result = sandbox.qanat("cancel", "1", cwd=deep)
    assert (result.out, result.err) == ("Run 1 of family cancelled\n", "")
    assert (folder / "gentle").exists()
    assert not any(map(is_running, relatives))
    assert exit_code(process) == 143
    (group,) = sandbox.record()["groups"]
    assert (group["state"], group["reason"]) == ("cancelled", "cancelled by SIGTERM")
    assert violations(sandbox) == []


def test_a_program_that_does_not_listen_is_ended_firmly_with_its_child(sandbox: Sandbox) -> None:
    sandbox.experiment("stubborn", STUBBORN)
    process = start(sandbox, "stubborn")
    folder = storage(sandbox, "stubborn")
    (child,) = pids(folder, "child")
    assert sandbox.qanat("cancel", "1").out == "Run 1 of stubborn cancelled\n"
    assert (folder / "heard").exists()
    assert not is_running(child)
    assert exit_code(process) == 143
    assert sandbox.record()["state"] == "cancelled"


@pytest.mark.parametrize("script", ["family", "stubborn"])
def test_a_run_whose_qanat_was_killed_is_cancelled_from_here(sandbox: Sandbox, script: str) -> None:
    sandbox.experiment(script, FAMILY if script == "family" else STUBBORN)
    process = start(sandbox, script)
    folder = storage(sandbox, script)
    relatives = pids(folder, *(RELATIVES if script == "family" else ["child"]))
    process.kill()
    exit_code(process)
    assert sandbox.qanat("show", "1", "--json").json["state"] == "running"
    assert sandbox.qanat("cancel", "1").out == f"Run 1 of {script} cancelled\n"
    assert (folder / ("gentle" if script == "family" else "heard")).exists()
    assert not any(map(is_running, relatives))
    assert sandbox.record()["state"] == "cancelled"
    assert violations(sandbox) == []


def test_groups_that_had_ended_keep_their_ends_and_the_waiting_ones_never_begin(sandbox: Sandbox) -> None:
    sandbox.experiment("mixed", '[ "$2" = 1 ] || exit "$2"; : >"$4/begun"; sleep 300')
    process = sandbox.start("run", "mixed", "-R", "--code 0,3,1,0")
    wait_until((storage(sandbox, "mixed") / "group_2" / "begun").exists)
    sandbox.qanat("cancel", "1")
    assert exit_code(process) == 143
    groups = sandbox.record()["groups"]
    assert [g["state"] for g in groups] == ["finished", "failed", "cancelled", "cancelled"]
    assert groups[3]["reason"] == "cancelled before it started"
    assert not (storage(sandbox, "mixed") / "group_3" / "stdout.txt").exists()
    assert violations(sandbox) == []


def test_groups_of_a_killed_qanat_keep_the_ends_that_they_left(sandbox: Sandbox) -> None:
    sandbox.experiment("mixed", '[ "$2" = 1 ] || exit "$2"; : >"$4/begun"; sleep 300')
    process = sandbox.start("run", "mixed", "-R", "--code 0,3,1,0")
    wait_until((storage(sandbox, "mixed") / "group_2" / "begun").exists)
    process.kill()
    exit_code(process)
    sandbox.qanat("cancel", "1")
    assert [g["state"] for g in sandbox.record()["groups"]] == ["finished", "failed", "cancelled", "cancelled"]
    assert violations(sandbox) == []


@pytest.mark.parametrize(("code", "state"), [(0, "finished"), (3, "failed")])
def test_a_run_that_has_ended_is_said_to_have(sandbox: Sandbox, code: int, state: str) -> None:
    sandbox.experiment("quick", f"exit {code}")
    sandbox.qanat("run", "quick", code=min(code, 1))
    before = sandbox.record_files()[0].read_bytes()
    result = sandbox.qanat("cancel", "1", code=2)
    assert (result.out, result.err) == ("", f"qanat: run 1 of quick has already ended: {state}\n")
    assert sandbox.record_files()[0].read_bytes() == before


def test_an_orphan_that_came_to_its_end_is_not_cancelled_any_more(sandbox: Sandbox) -> None:
    gates = Gates(sandbox)
    process = gates.start()
    process.kill()
    exit_code(process)
    gates.open()
    gates.ended()
    assert sandbox.qanat("cancel", "1", code=2).err == "qanat: run 1 of wait has already ended: finished\n"


def test_of_several_runs_all_are_cancelled_although_one_has_ended(sandbox: Sandbox) -> None:
    gates = Gates(sandbox)
    gates.open("open")
    sandbox.qanat("run", "wait", str(gates.path("open")), "0")
    processes = [gates.start(run=n) for n in (2, 3)]
    result = sandbox.qanat("cancel", "2", "1", "9", "3", code=2)
    assert result.out == "Run 2 of wait cancelled\nRun 3 of wait cancelled\n"
    assert "qanat: run 1 of wait has already ended: finished\n" in result.err
    assert (
        "qanat: run 9 does not exist\n  hint: the nearest are 3 of wait, 2 of wait, 1 of wait; list all" in result.err
    )
    assert [exit_code(process) for process in processes] == [143, 143]


def test_a_stranger_that_has_the_number_of_a_dead_watcher_is_left_alone(sandbox: Sandbox) -> None:
    gates = Gates(sandbox)
    process = gates.start()
    (journal,) = (sandbox.root / ".git/qanat/inflight").iterdir()
    # A program may begin before its job is noted.
    wait_until(lambda: '"job"' in journal.read_text())
    process.kill()
    exit_code(process)
    (program,) = [json.loads(line)["job"] for line in journal.read_text().splitlines() if '"job"' in line]
    stranger = subprocess.Popen(["sleep", "300"])
    try:
        journal.write_text(re.sub(r'"pid": \d+', f'"pid": {stranger.pid}', journal.read_text()))
        assert sandbox.qanat("cancel", "1").out == "Run 1 of wait cancelled\n"
        assert not is_running(int(program))
        assert stranger.poll() is None
    finally:
        stranger.kill()
        stranger.wait()


def test_a_run_of_another_machine_is_cancelled_there(sandbox: Sandbox) -> None:
    gates = Gates(sandbox)
    process = gates.start()
    here = os.uname().nodename
    (journal,) = (sandbox.root / ".git/qanat/inflight").iterdir()
    for file in (journal, *sandbox.record_files()):
        file.write_text(file.read_text().replace(here, "node7"))
    result = sandbox.qanat("cancel", "1", code=2)
    assert result.err == "qanat: run 1 was started on node7\n  hint: cancel it there: qanat cancel 1\n"
    gates.open()
    assert exit_code(process) == 0


@pytest.mark.parametrize(("command", "what"), [("hold", "held"), ("release", "released")])
def test_a_local_run_cannot_be_held_or_released(sandbox: Sandbox, command: str, what: str) -> None:
    gates = Gates(sandbox)
    process = gates.start()
    assert sandbox.qanat(command, "1", code=2).err == f"qanat: run 1 is a local run, which cannot be {what}\n"
    gates.open()
    exit_code(process)
    assert sandbox.qanat(command, "1", code=2).err == "qanat: run 1 of wait has already ended: finished\n"
