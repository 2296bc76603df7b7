"""Ending a run early: Ctrl-C and signals reach everything that the program started, and the record says so."""

from __future__ import annotations

import os
import shlex
import signal
import subprocess
import sys
from pathlib import Path

import pexpect
import pytest

from tests.support.gates import Gates, is_running
from tests.support.invariants import violations
from tests.support.sandbox import PROGRAM, Sandbox, wait_until

# Ends gently when it is asked to, and has a child, and a child that left its session and process group.
FAMILY = """\
trap 'echo gentle >"$2/gentle"; exit 7' INT TERM
sleep 300 &
echo $! >"$2/child"
setsid sleep 300 &
echo $! >"$2/setsid"
: >"$2/begun"
wait
"""
# Hears SIGINT, and goes on.
STUBBORN = """\
import pathlib, signal, sys, time
folder = pathlib.Path(sys.argv[2])
signal.signal(signal.SIGINT, lambda *_: (folder / "heard").touch())
(folder / "begun").touch()
while True:
    time.sleep(300)
"""
# Takes SIGINT for the wish to come to a good end.
POLITE = """\
import pathlib, signal, sys, time
folder = pathlib.Path(sys.argv[2])
signal.signal(signal.SIGINT, lambda *_: sys.exit(0))
(folder / "begun").touch()
print("begun", flush=True)
time.sleep(300)
"""


def storage(sandbox: Sandbox, experiment: str, run: int = 1) -> Path:
    return sandbox.root / f"results/{experiment}/run_{run}"


def start(sandbox: Sandbox, experiment: str, *words: str) -> subprocess.Popen[str]:
    """Start a run of one group and wait until its program has started."""
    process = sandbox.start("run", *words, experiment, real=True)
    wait_until((storage(sandbox, experiment) / "begun").exists)
    return process


def end(process: subprocess.Popen[str], number: int) -> tuple[int, str]:
    """Send a signal to qanat alone; return its exit code and stderr."""
    process.send_signal(number)
    err = process.communicate(timeout=60)[1]
    return process.returncode, err


@pytest.mark.parametrize(
    ("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143), (signal.SIGHUP, 129)], ids=str
)
def test_a_signal_ends_the_whole_family_gently_and_the_record_says_cancelled(
    sandbox: Sandbox, number: signal.Signals, code: int
) -> None:
    sandbox.experiment("family", FAMILY)
    process = start(sandbox, "family")
    folder = storage(sandbox, "family")
    children = [int((folder / name).read_text()) for name in ("child", "setsid")]
    assert all(map(is_running, children))
    returned, err = end(process, number)
    assert returned == code
    assert "Run 1 of family cancelled after" in err
    assert (folder / "gentle").read_text() == "gentle\n"
    assert not any(map(is_running, children))
    record = sandbox.record()
    (group,) = record["groups"]
    assert (record["state"], group["state"], group["exit_code"]) == ("cancelled", "cancelled", 7)
    assert group["reason"] == f"cancelled by {number.name}"
    assert sandbox.committed_records() != set()
    assert sandbox.status() == ""
    assert violations(sandbox) == []


def test_a_program_that_does_not_listen_is_ended_firmly_by_the_second_interrupt(sandbox: Sandbox) -> None:
    sandbox.python_experiment("stubborn", STUBBORN)
    process = start(sandbox, "stubborn")
    folder = storage(sandbox, "stubborn")
    process.send_signal(signal.SIGINT)
    wait_until((folder / "heard").exists)
    assert process.poll() is None
    returned, _ = end(process, signal.SIGINT)
    assert returned == 130
    (group,) = sandbox.record()["groups"]
    assert (group["state"], group["signal"]) == ("cancelled", signal.SIGKILL)
    assert not is_running(int(group["job"]))
    assert violations(sandbox) == []


def test_a_program_that_ends_well_because_it_was_asked_to_is_cancelled_all_the_same(sandbox: Sandbox) -> None:
    sandbox.python_experiment("polite", POLITE)
    process = start(sandbox, "polite")
    returned, err = end(process, signal.SIGINT)
    assert returned == 130
    assert "Run 1 of polite cancelled" in err
    (group,) = sandbox.record()["groups"]
    assert (group["state"], group["exit_code"], group["reason"]) == ("cancelled", 0, "cancelled by SIGINT")


def test_groups_that_have_ended_stay_as_they_are_and_those_that_had_not_begun_are_cancelled(sandbox: Sandbox) -> None:
    gates = Gates(sandbox)
    gates.open("open")
    groups = [f"{gates.path('open')} 0", f"{gates.path('open')} 3", f"{gates.path()} 0", f"{gates.path()} 0"]
    process = sandbox.start("run", "wait", *(word for g in groups for word in ("-g", g)))
    gates.begun(1, 2)
    returned, err = end(process, signal.SIGTERM)
    assert returned == 143
    assert "Run 1 of wait failed" in err
    states = [(g["state"], g.get("reason")) for g in sandbox.record()["groups"]]
    assert states == [
        ("finished", None),
        ("failed", "exit code 3"),
        ("cancelled", "cancelled by SIGTERM"),
        ("cancelled", "cancelled before it started"),
    ]
    assert not gates.storage(1, 3).joinpath("begun").exists()
    assert violations(sandbox) == []


def test_all_programs_that_run_at_the_same_time_are_ended(sandbox: Sandbox) -> None:
    gates = Gates(sandbox)
    process = sandbox.start("run", "wait", "-j", "3", *(["-g", f"{gates.path()} 0"] * 3))
    for group in range(3):
        gates.begun(1, group)
    jobs = [int(g["job"]) for g in sandbox.qanat("experiment", "status", "wait", "--json").json[0]["groups"]]
    returned, _ = end(process, signal.SIGINT)
    assert returned == 130
    assert not any(map(is_running, jobs))
    assert {g["state"] for g in sandbox.record()["groups"]} == {"cancelled"}


def test_nohup_keeps_a_run_going_when_the_terminal_hangs_up(sandbox: Sandbox) -> None:
    gates = Gates(sandbox)
    process = subprocess.Popen(
        ["nohup", *PROGRAM, "run", "wait", str(gates.path()), "0"],
        cwd=sandbox.root,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    gates.begun()
    os.killpg(process.pid, signal.SIGHUP)
    gates.open()
    process.communicate(timeout=60)
    assert process.returncode == 0
    assert sandbox.record()["state"] == "finished"


def test_a_run_is_recorded_although_nobody_reads_what_is_shown_any_more(sandbox: Sandbox) -> None:
    """As with `qanat run … | less`, a reader that stands still; and with one that has gone."""
    sandbox.experiment("flood", 'head -c 3000000 /dev/zero\n: >"$2/begun"\nsleep 300\n')
    process = start(sandbox, "flood")
    process.send_signal(signal.SIGINT)
    wait_until(lambda: sandbox.committed_records() != set())
    assert sandbox.record()["state"] == "cancelled"
    out, _ = process.communicate(timeout=60)
    assert process.returncode == 130
    assert len(out) == 3_000_000
    gates = Gates(sandbox)
    gates.open()
    line = f"{shlex.join(PROGRAM)} run wait {shlex.quote(str(gates.path()))} 0 2>&1 | head -c 1"
    subprocess.run(["sh", "-c", line], cwd=sandbox.root, check=True, capture_output=True, timeout=60)
    assert sandbox.record(2)["state"] == "finished"
    assert violations(sandbox) == []


@pytest.mark.parametrize("stream", ["stdout", "stderr"])
def test_a_run_of_many_groups_goes_on_when_its_output_has_nowhere_to_go(sandbox: Sandbox, stream: str) -> None:
    gates = Gates(sandbox)
    read, write = os.pipe()
    os.close(read)
    with os.fdopen(write, "wb") as broken:
        others = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL} | {stream: broken}
        words = [word for _ in range(3) for word in ("-g", f"{gates.path()} 0")]
        process = subprocess.Popen([*PROGRAM, "run", "wait", "-j", "2", *words], cwd=sandbox.root, **others)
    gates.begun(1, 0)
    gates.open()
    assert process.wait(timeout=60) == 0
    assert sandbox.record()["state"] == "finished"
    assert violations(sandbox) == []


def spawn(sandbox: Sandbox, *words: str) -> pexpect.spawn[str]:
    """Start qanat on a terminal of its own."""
    return pexpect.spawn(PROGRAM[0], [*PROGRAM[1:], *words], cwd=str(sandbox.root), timeout=60, encoding="utf-8")


def test_ctrl_c_at_a_terminal_cancels_the_run(sandbox: Sandbox) -> None:
    sandbox.python_experiment("polite", POLITE)
    child = spawn(sandbox, "run", "polite")
    child.expect("begun")
    child.sendintr()
    child.expect("Run 1 of polite cancelled")
    child.expect(pexpect.EOF)
    child.close()
    assert child.exitstatus == 130
    assert sandbox.record()["state"] == "cancelled"
    assert violations(sandbox) == []


def test_ctrl_c_that_is_pressed_again_and_again_does_not_keep_the_record_from_being_written(sandbox: Sandbox) -> None:
    """At a terminal Ctrl-C reaches the git that records the run as well."""
    gates = Gates(sandbox)
    child = spawn(sandbox, "run", "wait", "-j", "2", *(["-g", f"{gates.path()} 0"] * 3))
    gates.begun(1, 0)
    gates.begun(1, 1)
    child.expect("2 running, 0 finished, 0 failed")
    while child.isalive() and child.exitstatus is None:
        child.sendintr()
    child.expect(pexpect.EOF)
    child.close()
    # The last one may have come when nothing was left to do but to end, which it then did at once.
    assert (child.exitstatus, child.signalstatus) in ((130, None), (None, signal.SIGINT))
    assert sandbox.record()["state"] == "cancelled"
    assert violations(sandbox) == []


def test_a_terminal_that_is_closed_cancels_the_run(sandbox: Sandbox) -> None:
    sandbox.python_experiment("polite", POLITE)
    gates = Gates(sandbox)
    for run, words in enumerate((["polite"], ["wait", "-g", f"{gates.path()} 0", "-g", f"{gates.path()} 0"]), 1):
        child = spawn(sandbox, "run", *words)
        wait_until((sandbox.root / f"results/{words[0]}/run_{run}").exists)
        wait_until(lambda run=run: any(sandbox.root.glob(f"results/*/run_{run}/**/begun")))
        child.ptyproc.fileobj.close()
        child.closed = child.ptyproc.closed = True
        wait_until(lambda child=child: not is_running(child.pid))
        assert os.waitstatus_to_exitcode(os.waitpid(child.pid, 0)[1]) == 129
        child.terminated = child.ptyproc.terminated = True
        assert sandbox.record(run)["state"] == "cancelled"
    assert violations(sandbox) == []


def test_ctrl_c_before_anything_has_begun_leaves_nothing(sandbox: Sandbox) -> None:
    sandbox.experiment("quick", "exit 0\n")
    sandbox.write("draft.sh", "mine\n")
    child = spawn(sandbox, "run", "quick")
    child.expect("What do you want to do with them?")
    child.sendintr()
    child.expect("qanat: aborted")
    child.expect(pexpect.EOF)
    child.close()
    assert child.exitstatus == 130
    assert sandbox.records() == []
    assert not (sandbox.root / "results").exists()
    assert sandbox.status() == "?? draft.sh"


def test_python_programs_get_a_keyboard_interrupt(sandbox: Sandbox) -> None:
    """The signal itself arrives, not an imitation of it."""
    program = "import pathlib, sys, time\ntry:\n    pathlib.Path(sys.argv[2], 'begun').touch()\n    time.sleep(300)\n"
    sandbox.python_experiment("sleeper", program + "except KeyboardInterrupt:\n    print('heard')\n    raise\n")
    process = start(sandbox, "sleeper")
    process.send_signal(signal.SIGINT)
    out, _ = process.communicate(timeout=60)
    assert out == "heard\n"
    assert process.returncode == 130
    (group,) = sandbox.record()["groups"]
    assert (group["state"], group["signal"]) == ("cancelled", signal.SIGINT)
    assert sys.executable == sandbox.record()["command"][0]
