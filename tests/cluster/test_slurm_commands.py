"""Commands on runs of a real Slurm cluster, during and after them."""

from __future__ import annotations

import json
import os
import shlex
import signal

import pytest

from tests.cluster.on_cluster import JOB_S, WAIT, wait_until
from tests.cluster.slurm_project import OnSlurm
from tests.cluster.watched import check_live_table, check_logs_followed, submit_two
from tests.support.terminal import DOWN, ENTER, Terminal

pytestmark = pytest.mark.xdist_group("another slurm")

# Fails as long as there is no file of this name beside the project.
UNTIL_MENDED = 'echo "try $2"; [ "$2" -ne 1 ] || [ -e "$1" ]\n'


@pytest.fixture
def waiting(on_either: OnSlurm) -> OnSlurm:
    """Return a project whose run 1 has two running groups."""
    submit_two(on_either)
    return on_either


def alive(project: OnSlurm, run: int = 1) -> list[str]:
    """List the states of a run's jobs that Slurm would still run."""
    return [state for state in project.in_queue("%T", run) if state not in ("CANCELLED", "COMPLETED", "FAILED")]


# ---- cancelling


def test_cancel_ends_a_run_for_good_and_says_who_did(waiting: OnSlurm) -> None:
    assert waiting.qanat("cancel", "1").out == "Run 1 of wait cancelled\n"
    record = waiting.record()
    assert record["state"] == "cancelled"
    assert {g["reason"] for g in record["groups"]} == {"cancelled by qanat"}
    wait_until(lambda: alive(waiting) == [])
    assert waiting.status() == ""
    assert waiting.qanat("cancel", "1", code=2).err.startswith("qanat: run 1 of wait has already ended: cancelled\n")
    assert '"attempt": 1' in (waiting.storage("wait", group=0) / "stopped.json").read_text()


def test_cancel_says_when_a_job_takes_its_time_to_end(waiting: OnSlurm) -> None:
    with waiting.cluster.frozen("slurmd"):
        said = waiting.qanat("cancel", "1").out
    assert said == "Run 1 of wait is being cancelled (still running)\n"
    waiting.wait_for_states(*["cancelled"] * len(waiting.groups()))


def test_cancel_takes_groups_that_run_and_groups_that_wait_and_the_others_go_on(on_either: OnSlurm) -> None:
    on_either.experiment("wait", WAIT)
    on_either.submit("wait", str(on_either.gate()), "0", "-R", "--n 0 5 1", "--max-running", "2")
    on_either.begun(group=0)
    on_either.begun(group=1)
    said = on_either.qanat("cancel", "1", "--group", "1", "--group", "3").out
    assert said == "Group 1 of run 1 cancelled\nGroup 3 of run 1 cancelled\n"
    assert [g["state"] for g in on_either.groups()][1::2] == ["cancelled", "cancelled"]
    on_either.gate().touch()
    groups = on_either.wait_for_states("finished", "cancelled", "finished", "cancelled", "finished")
    assert {g.get("reason") for g in groups} == {None, "cancelled by qanat"}
    assert on_either.record()["state"] == "cancelled"
    assert on_either.status() == ""


def test_groups_that_have_ended_or_are_not_there_or_are_of_this_machine_are_not_cancelled(on_slurm: OnSlurm) -> None:
    on_slurm.experiment("end", 'exit "$2"\n')
    on_slurm.template("held", "hold: true\n")
    on_slurm.submit("end", "-R", "--n 0 2 1", "--submit_template", "held")
    on_slurm.cluster.run("scontrol", "release", on_slurm.record()["groups"][0]["job"])
    on_slurm.ended(group=0, name="end")
    said = on_slurm.qanat("cancel", "1", "--group", "0", code=2).err
    assert said == "qanat: group 0 of run 1 has already ended: finished\n"
    said = on_slurm.qanat("cancel", "1", "--group", "7", code=2).err
    assert said == "qanat: run 1 has no group 7\n  hint: its groups are 0 to 1\n"
    said = on_slurm.qanat("cancel", "1", "2", "--group", "1", code=2).err
    assert said == "qanat: --group requires a single run\n  hint: qanat cancel 1 --group 1\n"
    assert on_slurm.states() == ["finished", "held"]
    process = on_slurm.start("run", "end", "1", "-R", "--n 0 2 1")
    process.communicate()
    on_slurm.experiment("wait", WAIT)
    process = on_slurm.start("run", "wait", str(on_slurm.gate()), "0")
    on_slurm.begun(3)
    assert on_slurm.qanat("cancel", "3", "--group", "0").out == "Group 0 of run 3 cancelled\n"
    process.communicate()


def test_delete_with_cancel_ends_the_jobs_first_and_leaves_nothing_behind(waiting: OnSlurm) -> None:
    said = waiting.qanat("delete", "1", "--yes", code=2).err
    assert "run 1 is still running, so it cannot be deleted without --cancel" in said
    jobs = ",".join(waiting.numbers())
    assert "Deleted run 1" in waiting.qanat("delete", "1", "--yes", "--cancel").out
    assert waiting.record_files() == []
    assert not waiting.storage("wait").exists()
    assert set(waiting.cluster.squeue("%T", "-j", jobs)) <= {"CANCELLED", "COMPLETING"}
    assert waiting.status() == ""


# ---- holding


def test_hold_keeps_waiting_jobs_from_going_on_until_release(on_either: OnSlurm) -> None:
    on_either.experiment("wait", WAIT)
    on_either.submit("wait", str(on_either.gate()), "0", "-R", "--n 0 3 1", "--max-running", "1")
    on_either.begun(group=0)
    assert on_either.qanat("hold", "1").out == "Run 1 of wait is being held; 1 running group continues\n"
    groups = on_either.wait_for_states("running", "held", "held")
    assert "reason" not in groups[0]
    # Root is an administrator.
    assert groups[1]["reason"] in ("held by its user (JobHeldUser)", "held by an administrator (JobHeldAdmin)")
    on_either.gate().touch()
    on_either.wait_for_states("finished", "held", "held")
    assert on_either.qanat("status", "--json").json["runs"] == {"wait": {"held": 1}}
    assert on_either.qanat("release", "1").out == "Run 1 of wait is being released\n"
    groups = on_either.wait_for_states("finished", "finished", "finished")
    for words in (("hold", "1"), ("release", "1")):
        assert "run 1 of wait has already ended: finished" in on_either.qanat(*words, code=2).err


# ---- again


def test_retry_submits_only_the_groups_that_failed_as_a_sparse_array(on_either: OnSlurm) -> None:
    on_either.experiment("mend", UNTIL_MENDED)
    words = [*(w for n in "0121" for w in ("-g", n)), "--runner", "slurm", "--wait"]
    on_either.qanat("run", "mend", str(on_either.gate()), *words, code=1)
    first = on_either.record()
    assert [g["state"] for g in first["groups"]] == ["finished", "failed", "finished", "failed"]
    on_either.gate().touch()
    said = on_either.qanat("retry", "1", "--failed", "--wait").err
    record = on_either.record()
    (old,), (new,) = (r["submission"]["details"]["jobs"] for r in (first, record))
    assert f"Submitted as job {new}\n" in said
    assert [g["job"] for g in record["groups"]] == [f"{old}_0", f"{new}_1", f"{old}_2", f"{new}_3"]
    assert [g.get("attempt", 1) for g in record["groups"]] == [1, 2, 1, 2]
    assert {g["state"] for g in record["groups"]} == {"finished"}
    assert sorted(on_either.cluster.squeue("%i %j", "-j", new)) == [f"{new}_1 mend_1", f"{new}_3 mend_1"]
    folder = on_either.storage("mend", group=1)
    assert (folder / "stdout.txt").read_text() == (folder / "attempts/1/stdout.txt").read_text() == "try 1\n"
    assert on_either.status() == ""
    assert "every group of run 1 has finished" in on_either.qanat("retry", "1", code=2).err


def test_a_retry_takes_the_code_of_the_run_and_options_set_anew(on_slurm: OnSlurm) -> None:
    on_slurm.experiment("old", 'echo old; [ -e "$1" ]\n')
    on_slurm.template("small", "mem: 50M\n-t: 10:00\n")
    words = ["run", "old", str(on_slurm.gate()), "--runner", "slurm", "--submit_template", "small", "--wait"]
    on_slurm.qanat(*words, code=1)
    on_slurm.write("old.sh", "echo new\n")
    on_slurm.commit()
    on_slurm.gate().touch()
    on_slurm.qanat("retry", "1", "--set", "--mem=2x", "--set", "time=2x", "--set", "nice=3", "--wait")
    assert (on_slurm.storage("old") / "stdout.txt").read_text() == "old\n"
    assert on_slurm.record()["runner"]["options"] == {"mem": "100M", "-t": "0-00:20:00", "nice": "3"}
    shown = on_slurm.cluster.run("scontrol", "-o", "show", "job", *on_slurm.numbers())
    assert [part for part in ("MinMemoryNode=100M", "TimeLimit=00:20:00", "Nice=3") if f" {part} " not in shown] == []
    on_slurm.experiment("bad", "exit 1\n")
    on_slurm.qanat("run", "bad", "--runner", "slurm", "--wait", code=1)
    said = on_slurm.qanat("retry", "2", "--set", "qos=2x", code=2).err
    hint = "  hint: give the value itself, as in --set qos=VALUE\n"
    assert said == f"qanat: --set qos=2x: the run has no qos that could be multiplied\n{hint}"


def test_rerun_makes_a_new_run_on_the_same_runner_with_the_same_options_and_code(on_slurm: OnSlurm) -> None:
    on_slurm.experiment("old", 'echo "old $1"; echo 1 >"$3/out.txt"\n')
    on_slurm.template("mine", "nice: 1\n")
    on_slurm.qanat("run", "old", "a", "--runner", "slurm", "--submit_template", "mine", "--wait")
    on_slurm.write("old.sh", "echo new\n")
    on_slurm.template("mine", "nice: 2\n")
    assert "\nidentical: " in on_slurm.qanat("rerun", "1", "--check").err
    record = on_slurm.record(2)
    assert record["rerun_of"] == on_slurm.record(1)["id"]
    assert record["runner"] == {"name": "slurm", "template": "mine", "options": {"nice": 1}}
    assert (on_slurm.storage("old", 2) / "stdout.txt").read_text() == "old a\n"
    on_slurm.qanat("rerun", "1", "--runner", "local")
    assert on_slurm.record(3)["runner"]["name"] == "local"


# ---- waiting and looking


@pytest.mark.parametrize(("code", "expected"), [("0", 0), ("3", 1)])
def test_wait_ends_with_the_exit_code_that_a_local_run_has(on_slurm: OnSlurm, code: str, expected: int) -> None:
    on_slurm.experiment("end", 'exit "$1"\n')
    said = on_slurm.qanat("run", "end", code, "--runner", "slurm", "--wait", code=expected).err
    assert f"Run 1 of end {'failed' if expected else 'finished'}" in said
    assert on_slurm.record()["state"] == ("failed" if expected else "finished")
    assert on_slurm.status() == ""


def test_wait_shows_a_bar_with_the_states_at_a_terminal(on_slurm: OnSlurm) -> None:
    on_slurm.experiment("wait", WAIT)
    words = ("run", "wait", str(on_slurm.gate()), "0", "-R", "--n 0 2 1", "--runner", "slurm", "--wait")
    with Terminal(on_slurm.root, *words) as terminal:
        terminal.see("Submitted as job")
        terminal.see("2 running")
        on_slurm.gate().touch()
        terminal.see("2 finished")
        terminal.ends()


@pytest.mark.parametrize("words", [(), ("--cancel-on-interrupt",)])
def test_ctrl_c_while_waiting_leaves_the_jobs_alone_unless_it_was_asked_to_end_them(
    on_slurm: OnSlurm, words: tuple[str, ...]
) -> None:
    on_slurm.experiment("wait", WAIT)
    process = on_slurm.start("run", "wait", str(on_slurm.gate()), "0", "--runner", "slurm", "--wait", *words)
    on_slurm.begun()
    process.send_signal(signal.SIGINT)
    _, said = process.communicate(timeout=JOB_S)
    assert process.returncode == 130
    if words:
        assert "Run 1 of wait cancelled" in said
        assert on_slurm.record()["state"] == "cancelled"
        wait_until(lambda: alive(on_slurm) == [])
        assert on_slurm.status() == ""
        return
    assert said.endswith("run 1 continues; see it with qanat status, or end it with qanat cancel 1\n")
    assert on_slurm.states() == ["running"]
    on_slurm.gate().touch()
    on_slurm.wait_for_states("finished")


def test_logs_follow_a_job_until_its_end(on_slurm: OnSlurm) -> None:
    check_logs_followed(on_slurm)


def test_the_live_table_shows_a_run_come_to_its_end(waiting: OnSlurm) -> None:
    check_live_table(waiting)


def test_explore_shows_what_slurm_knows_of_a_run_and_of_one_of_its_groups(on_either: OnSlurm) -> None:
    on_either.experiment("wait", WAIT)
    on_either.submit("wait", str(on_either.gate()), "0", "-R", "--n 0 2 1")
    on_either.begun(group=0)
    on_either.begun(group=1)
    on_either.cluster.run("scancel", on_either.record()["groups"][1]["job"])
    on_either.wait_for_states("running", "cancelled")
    on_either.gate().touch()
    on_either.wait_for_states("finished", "cancelled")
    on_either.accounted("COMPLETED", "CANCELLED")
    with Terminal(on_either.root, "experiment", "run_explore", "wait", "1", env={"PAGER": "cat"}) as terminal:
        terminal.see("[f] Show Slurm log(s)")
        terminal.press("f")
        terminal.see("Log of which group?")
        terminal.press(ENTER)
        shown = terminal.see("Explore menu")
        for index, state in enumerate(("COMPLETED", "CANCELLED")):
            assert f"ArrayTaskId={index}" in shown
            assert f"JobState={state}" in shown
        assert ("ReqMem" in shown) == on_either.cluster.accounting
        assert "slurm.out:" in shown
        assert "CANCELLED AT" in shown
        terminal.press("f")
        terminal.see("Log of which group?")
        terminal.press(DOWN, ENTER)
        shown = terminal.see("Explore menu")
        assert "ArrayTaskId=0" in shown
        assert "ArrayTaskId=1" not in shown
        terminal.press("q")
        terminal.ends()


def test_explore_shows_a_run_that_slurm_has_forgotten_or_when_it_does_not_answer(on_either: OnSlurm) -> None:
    on_either.experiment("none", "exit 0\n")
    on_either.qanat("run", "none", "--runner", "slurm", "--wait")
    on_either.accounted("COMPLETED")
    on_either.cluster.run("scancel", "-u", str(os.getuid()))
    wait_until(lambda: not on_either.cluster.run("squeue", "-h"))
    on_either.cluster.forget()
    with Terminal(on_either.root, "experiment", "run_explore", "none", "1", env={"PAGER": "cat"}) as terminal:
        terminal.see("[f] Show Slurm log(s)")
        terminal.press("f")
        terminal.see("COMPLETED" if on_either.cluster.accounting else "Slurm has no log of these jobs")
        with on_either.cluster.without_controller():
            terminal.see("Explore menu")
            terminal.press("f")
            terminal.see("Slurm's controller does not answer")
        terminal.press("q")
        terminal.ends()


# ---- documents


def test_a_document_is_built_from_jobs_that_outlive_an_interrupt(on_slurm: OnSlurm) -> None:
    on_slurm.experiment("wait", f'set -- {shlex.quote(str(on_slurm.gate()))} 0 "$@"\n{WAIT}')
    need = {
        "experiment": "wait",
        "parameters": {"varying_args": {"range": {"options": {"--n": {"values": [1, 2]}}}}},
        "runner": "slurm",
        "files": ["begun"],
    }
    content = {"schema": "document/2", "name": "paper", "path": "paper", "dependencies": [need]}
    on_slurm.write(".qanat/documents/paper.yaml", json.dumps(content))
    on_slurm.write("paper/paper.md", "text\n")
    on_slurm.commit("a paper")
    process = on_slurm.start("document", "compile", "paper")
    for group in (0, 1):
        on_slurm.begun(group=group)
    process.send_signal(signal.SIGINT)
    assert "hint: continue with: qanat document compile paper\n" in process.communicate()[1]
    assert process.returncode == 130
    assert on_slurm.states() == ["running", "running"]
    again = on_slurm.start("document", "compile", "paper")
    assert again.stderr is not None
    assert "Waiting for run 1\n" in iter(again.stderr.readline, "")
    on_slurm.gate().touch()
    err = again.communicate()[1]
    assert again.returncode == 0, err
    assert (on_slurm.root / "paper/exports/wait/group_1/begun").exists()
    assert len(on_slurm.records()) == 1
    assert on_slurm.qanat("document", "status", "paper", "--json").json["fresh"]
    assert len(on_slurm.qanat("runs", "--where", "fresh", "--json").json) == 1
