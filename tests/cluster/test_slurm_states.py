"""How jobs on a real Slurm cluster end, or do not, and what the record says about it."""

from __future__ import annotations

import os
import re
import secrets
from pathlib import Path

import pytest

from qanat.domain.expected_start import without_start
from tests.cluster.ends import check_ends, check_measured, completion
from tests.cluster.notified import check_notified
from tests.cluster.on_cluster import WAIT, wait_until
from tests.cluster.slurm_project import LATER, OnSlurm
from tests.cluster.used import check_used

pytestmark = pytest.mark.xdist_group("slurm")

EATER = """\
import time
eaten = bytearray(300_000_000)
for place in range(0, len(eaten), 4096):
    eaten[place] = 1
time.sleep(4)
"""
# Leaves the file that its shell leaves where nothing but the program is killed, and waits; $2 is the storage.
KILLED = """\
now=$(date -u +%Y-%m-%dT%H:%M:%S+00:00)
: >"$2/begun"
echo '{"attempt": 1, "status": 137, "started": "'$now'", "ended": "'$now'", "host": "here"}' >"$2/completion.json"
exec sleep 300
"""


@pytest.fixture
def waiting(on_either: OnSlurm) -> OnSlurm:
    """Return a project whose run 1, of one group, is at work and waits at its gate."""
    return at_work(on_either)


def at_work(project: OnSlurm, *words: str) -> OnSlurm:
    """Start run 1."""
    project.experiment("wait", WAIT)
    project.submit("wait", str(project.gate()), "0", *words)
    project.begun()
    return project


def test_exit_codes_and_signals_are_recorded_with_their_moments_and_their_machine(on_either: OnSlurm) -> None:
    check_ends(on_either)


def test_a_run_is_queued_then_running_then_finished_and_committed_by_whichever_command_comes(
    waiting: OnSlurm,
) -> None:
    (group,) = waiting.wait_for_states("running")
    assert group["host"] == waiting.cluster.run("hostname", "-s")
    assert waiting.qanat("status", "--json").json["in_flight"] == [waiting.record()["id"]]
    assert "▶ running" in waiting.qanat("experiment", "status", "wait").out
    waiting.gate().touch()
    waiting.ended()
    assert waiting.qanat("status").err == ""
    assert waiting.record()["state"] == "finished"
    assert waiting.status() == ""
    assert waiting.git("show", "-s", "--format=%s") == "qanat: run 1 of wait finished"


def test_metrics_and_outputs_of_a_job_are_recorded(on_slurm: OnSlurm) -> None:
    check_measured(on_slurm)
    assert (on_slurm.storage("measure") / "slurm.out").read_text() == ""


# ---- attempts


def test_a_requeued_job_is_the_next_attempt_of_the_same_group_with_its_output_after_the_first(
    waiting: OnSlurm,
) -> None:
    (waiting.storage("wait") / "begun").unlink()
    (job,) = waiting.numbers()
    waiting.cluster.run("scontrol", "requeue", job)
    (group,) = waiting.wait_for_states("queued")
    assert without_start(group["reason"]) == "it is not to start yet (BeginTime)"
    waiting.begun()
    (group,) = waiting.wait_for_states("running")
    waiting.gate().touch()
    (group,) = waiting.wait_for_states("finished")
    assert (group["job"], group["attempt"], group["exit_code"]) == (job, 2, 0)
    assert waiting.record()["groups"][0]["attempt"] == completion(waiting.storage("wait"))["attempt"] == 2
    assert (waiting.storage("wait") / "stdout.txt").read_text().count("begun with") == 2


def test_a_job_that_is_preempted_runs_again_where_its_partition_requeues_and_has_failed_where_not(
    on_either: OnSlurm,
) -> None:
    on_either.experiment("wait", WAIT)
    # Neither leaves room for the other, nor for what takes the whole machine.
    on_either.template("low", "partition: low\ncpus-per-task: 30\n")
    on_either.template("cheap", "partition: cheap\ncpus-per-task: 30\n")
    on_either.template("high", "partition: main\ncpus-per-task: 64\nmem: 1000M\n")
    for number, template in enumerate(("low", "cheap"), 1):
        on_either.submit("wait", str(on_either.gate()), "0", "--submit_template", template)
        on_either.begun(number)
    (on_either.storage("wait") / "begun").unlink()
    on_either.qanat("run", "wait", str(on_either.gate()), "0", "--runner", "slurm", "--submit_template", "high")
    on_either.begun(3)
    (group,) = on_either.wait_for_states("failed", run=2)
    assert group["reason"].startswith("had to make room for another job (PREEMPTED)")
    assert on_either.record(2)["state"] == "failed"
    assert on_either.states(1) == ["queued"]
    on_either.gate().touch()
    on_either.wait_for_states("finished", run=3)
    (group,) = on_either.wait_for_states("finished", run=1)
    assert group["attempt"] == 2


def test_a_job_that_the_cluster_itself_runs_again_after_it_failed_is_not_taken_for_ended(on_either: OnSlurm) -> None:
    on_either.experiment("third", 'echo x >>"$2/tries"; [ "$(wc -l <"$2/tries")" -ge 3 ] || exit 42\n')
    with on_either.cluster.with_settings("RequeueExit=42"):
        on_either.qanat("run", "third", "--runner", "slurm", "--wait")
    (group,) = on_either.record()["groups"]
    assert (group["state"], group["exit_code"], group["attempt"]) == ("finished", 0, 3)


def test_special_exit_and_other_holds_say_so_and_go_on_when_released(waiting: OnSlurm) -> None:
    (job,) = waiting.numbers()
    waiting.cluster.run("scontrol", "requeuehold", "State=SpecialExit", job)
    (group,) = waiting.wait_for_states("held")
    assert group["reason"].startswith("held for how it ended (SPECIAL_EXIT")
    waiting.gate().touch()
    assert waiting.qanat("release", "1").out == "Run 1 of wait is being released\n"
    (group,) = waiting.wait_for_states("finished")
    assert group["attempt"] == 2


def test_a_suspended_job_is_held_and_goes_on(waiting: OnSlurm) -> None:
    (job,) = waiting.numbers()
    waiting.cluster.run("scontrol", "suspend", job)
    (group,) = waiting.wait_for_states("held")
    assert group["reason"] == "suspended (SUSPENDED)"
    waiting.cluster.run("scontrol", "resume", job)
    waiting.wait_for_states("running")
    waiting.gate().touch()
    (group,) = waiting.wait_for_states("finished")
    assert group.get("attempt", 1) == 1


def test_a_program_saves_its_work_when_slurm_warns_of_the_time_limit(on_slurm: OnSlurm) -> None:
    """The signal goes to the script alone, somewhat more than a minute before the limit."""
    on_slurm.experiment("save", "trap 'echo saved >\"$2/checkpoint\"; exit 85' USR1\nwhile :; do sleep 0.1; done\n")
    on_slurm.template("warned", "time: 10\nsignal: B:USR1@60\n")
    on_slurm.submit("save", "--submit-template", "warned")
    on_slurm.wait_for_states("running")
    on_slurm.cluster.end_time_of(*on_slurm.numbers(), in_s=70)
    wait_until((on_slurm.storage("save") / "checkpoint").exists)
    (group,) = on_slurm.wait_for_states("failed")
    assert (group["exit_code"], group["reason"]) == (85, "exit code 85")
    assert not (on_slurm.storage("save") / "stopped.json").exists()


def test_what_a_job_uses_is_recorded_and_a_template_fits_it(on_slurm: OnSlurm) -> None:
    check_used(on_slurm, "--mem: 1G\n--time: 30\n", "--mem")


# ---- ends that are Slurm's doing


def test_a_job_that_takes_too_much_memory_is_retried_with_more_and_the_record_says_so(on_either: OnSlurm) -> None:
    """Without control groups Slurm kills the whole job, and does not call that OUT_OF_MEMORY."""
    on_either.python_experiment("eat", EATER)
    on_either.settings("grace: {file_s: 6}")
    on_either.template("small", "--mem: 100M\n")
    words = ("run", "eat", "-g", "1", "-g", "2", "--runner", "slurm", "--submit_template", "small", "--wait")
    on_either.qanat(*words, code=1)
    groups = on_either.record()["groups"]
    assert {g["state"] for g in groups} == {"failed"}
    # What follows is JobLaunchFailure, or what else Slurm notices first.
    assert {g["reason"].split(", ")[0] for g in groups} == {"FAILED"}, groups
    if on_either.cluster.accounting:
        assert {g["signal"] for g in groups} == {9}
    assert "exceeded memory limit" in (on_either.storage("eat") / "slurm.out").read_text()
    assert not (on_either.storage("eat", group=0) / "completion.json").exists()
    # They were looked at before.
    assert all(g["used"]["memory_mib"] > 100 for g in groups)

    on_either.qanat("retry", "1", "--failed", "--set", "mem=5x", "--wait")
    record = on_either.record()
    assert [(g["state"], g["attempt"]) for g in record["groups"]] == [("finished", 2)] * 2
    assert record["runner"]["options"] == {"--mem": "500M"}
    assert record["submission"]["changed"] == {"mem": "5x"}
    assert "\n        ◾ --set: mem=5x\n" in on_either.qanat("show", "1").out
    assert on_either.status() == ""


def test_a_job_that_runs_out_of_time_says_so_and_is_retried_with_more_by_its_policy(on_accounting: OnSlurm) -> None:
    on_accounting.experiment("slow", '[ "$QANAT_ATTEMPT" = 2 ] || exec sleep 300\n')
    on_accounting.settings("grace: {file_s: 3}")
    on_accounting.template("short", "-t: 1\n", "retry: {when: [timeout], times: 1, time: 2x}\n")
    on_accounting.submit("slow", "--submit_template", "short")
    on_accounting.wait_for_states("running")
    on_accounting.cluster.end_time_of(*on_accounting.numbers())
    wait_until(lambda: on_accounting.groups()[0].get("attempt") == 2)
    on_accounting.qanat("wait", "1")
    record = on_accounting.record()
    (end,) = record["groups"][0]["earlier"]
    assert end["reason"].startswith("exceeded the time limit (TIMEOUT)")
    assert "CANCELLED AT" in (on_accounting.storage("slow") / "attempts/1/slurm.out").read_text()
    assert (record["state"], record["groups"][0]["attempt"]) == ("finished", 2)
    assert record["runner"]["options"] == {"-t": "2"}
    assert record["submission"]["changed"] == {"-t": "2x"}


def test_a_node_that_goes_down_fails_a_job_that_must_not_be_requeued_and_requeues_the_other(
    on_either: OnSlurm,
) -> None:
    on_either.experiment("wait", WAIT)
    on_either.experiment("killed", KILLED)
    on_either.settings("grace: {file_s: 120}")
    on_either.template("once", "no-requeue: true\n")
    on_either.submit("wait", str(on_either.gate()), "0", "--submit_template", "once")
    on_either.submit("wait", str(on_either.gate()), "0")
    on_either.submit("killed", "--submit_template", "once")
    on_either.begun(1)
    on_either.begun(2)
    on_either.begun(3, name="killed")
    # A program that was killed does not know why; Slurm will say so.
    (group,) = on_either.wait_for_states("running", run=3)
    assert group["reason"] == "ending"
    host = on_either.cluster.run("hostname", "-s")
    on_either.cluster.run("scontrol", "update", f"node={host}", "state=down", "reason=test")
    try:
        (group,) = on_either.wait_for_states("failed", run=3)
        assert (group["signal"], group["reason"]) == (9, "ended by SIGKILL, its node failed (NODE_FAIL)")
        on_either.settings("grace: {file_s: 0}")
        (group,) = on_either.wait_for_states("failed")
        assert group["reason"].startswith("its node failed (NODE_FAIL)")
        on_either.wait_for_states("queued", run=2)
    finally:
        on_either.cluster.run("scontrol", "update", f"node={host}", "state=resume")
    on_either.gate().touch()
    (group,) = on_either.wait_for_states("finished", run=2)
    assert group["attempt"] == 2


# Options of templates, and how the reason begins of a group whose job ends like that.
ENDINGS = {
    "preempted": ("partition: cheap\n", "had to make room for another job (PREEMPTED)"),
    "timed_out": ("time: 10\n", "exceeded the time limit (TIMEOUT)"),
    "broken": ("no-requeue: true\n", "its node failed (NODE_FAIL)"),
}


def test_what_ends_a_job_of_several_groups_ends_the_one_that_runs_and_the_others_never_start(on_slurm: OnSlurm) -> None:
    on_slurm.experiment("wait", f"case $QANAT_GROUP in 0) exit 0 ;; esac\n{WAIT}")
    on_slurm.settings("grace: {file_s: 5}")
    cluster, host = on_slurm.cluster, on_slurm.cluster.run("hostname", "-s")
    for number, (template, (options, _)) in enumerate(ENDINGS.items(), 1):
        on_slurm.template(template, options)
        words = ("--per-job", "3", "-R", "--n 0 3 1", "-g", f"{on_slurm.gate()} 0")
        on_slurm.submit("wait", *words, "--submit-template", template)
        on_slurm.begun(number, group=1)
    (preempted,), (timed_out,), (broken,) = (on_slurm.numbers(number) for number in (1, 2, 3))

    def ends_as(job: str, state: str) -> None:
        wait_until(lambda: cluster.squeue("%T", "-j", job) == [state])

    cluster.end_time_of(timed_out)
    cluster.run("sbatch", "-n", "62", "--mem-per-cpu=10", "-o", "/dev/null", stdin="#!/bin/sh\n")
    ends_as(preempted, "PREEMPTED")
    ends_as(timed_out, "TIMEOUT")
    cluster.run("scontrol", "update", f"node={host}", "state=down", "reason=test")
    try:
        ends_as(broken, "NODE_FAIL")
    finally:
        cluster.run("scontrol", "update", f"node={host}", "state=resume")
    for number, (_, why) in enumerate(ENDINGS.values(), 1):
        groups = on_slurm.wait_for_states("finished", "failed", "cancelled", run=number)
        assert groups[1]["reason"].startswith(why)
        assert groups[2]["reason"].startswith(f"not started, since its job {groups[2]['job']} had ended: {why}")
        assert "started" not in groups[2]


def test_a_directory_that_is_gone_when_the_job_begins_is_a_failure_with_slurms_reason(on_either: OnSlurm) -> None:
    on_either.experiment("none", "exit 0\n")
    on_either.settings("grace: {file_s: 2}")
    on_either.template("held", "hold: true\n")
    on_either.submit("none", "--submit_template", "held")
    folder = on_either.storage("none")
    away = folder.with_name("away")
    folder.rename(away)
    on_either.cluster.run("scontrol", "release", *on_either.numbers())
    (group,) = on_either.wait_for_states("failed")
    assert group["reason"].startswith("FAILED, ")
    assert on_either.record()["state"] == "failed"


# ---- cancelled from outside


@pytest.mark.parametrize("how", ["running", "held", "queued"])
def test_a_job_that_is_cancelled_from_outside_is_cancelled(on_either: OnSlurm, how: str) -> None:
    on_either.experiment("wait", WAIT)
    options = {"running": "nice: 1\n", "held": "hold: true\n", "queued": LATER}
    on_either.template("mine", options[how])
    on_either.submit("wait", str(on_either.gate()), "0", "-R", "--n 0 2 1", "--submit_template", "mine")
    if how == "running":
        on_either.begun(group=0)
        on_either.begun(group=1)
    on_either.wait_for_states(how, how)
    # Not --full, as people type it: the shell is not told.
    on_either.cluster.run("scancel", *on_either.numbers())
    groups = on_either.wait_for_states("cancelled", "cancelled")
    who = f" by user {os.getuid()}" if on_either.cluster.accounting else ""
    assert {re.split(r" \(CANCELLED[,)]", g["reason"])[0] for g in groups} <= {f"cancelled{who}", "cancelled"}
    assert on_either.record()["state"] == "cancelled"


# ---- without a completion file, or without anything


# No completion file comes of these: its scripts are killed with the program, or find something in their way.
SCRIPT = "read -r a b c script rest </proc/$PPID/stat\n"
WITHOUT_FILE = {
    f"{SCRIPT}sleep 1; kill -9 $script $PPID $$": (None, 9, "FAILED"),
    'mkdir "$2/completion.json"; exit 3': (3, None, "FAILED"),
}


@pytest.mark.parametrize("program", WITHOUT_FILE)
def test_without_a_completion_file_slurm_is_believed_after_the_grace(on_either: OnSlurm, program: str) -> None:
    on_either.experiment("odd", program)
    on_either.settings(f"grace: {{file_s: {8 if on_either.cluster.accounting else 1}}}")
    on_either.submit("odd")
    (group,) = on_either.wait_for_states("failed")
    code, signal, reason = WITHOUT_FILE[program]
    assert group["reason"].startswith(reason)
    if on_either.cluster.accounting:
        assert (group.get("exit_code"), group.get("signal")) == (code, signal)
    assert not (on_either.storage("odd") / "completion.json").is_file()


def test_a_job_that_slurm_has_forgotten_has_the_end_that_its_file_tells(waiting: OnSlurm) -> None:
    waiting.wait_for_states("running")
    waiting.gate().touch()
    waiting.ended()
    wait_until(lambda: waiting.in_queue("%T") == ["COMPLETED"])
    waiting.cluster.forget()
    assert waiting.states() == ["finished"]


def test_a_forgotten_job_without_a_file_is_found_in_accounting(on_accounting: OnSlurm) -> None:
    project = at_work(on_accounting)
    project.settings("grace: {file_s: 0, unknown_s: 600}")
    project.wait_for_states("running")
    project.gate().touch()
    project.lose_completion()
    project.accounted("COMPLETED")
    project.cluster.forget()
    (group,) = project.wait_for_states("finished")
    assert group["exit_code"] == 0


def test_a_forgotten_job_without_a_file_is_lost_after_the_grace_and_not_before(on_slurm: OnSlurm) -> None:
    project = at_work(on_slurm)
    project.settings("grace: {file_s: 0, unknown_s: 3}")
    project.wait_for_states("running")
    project.gate().touch()
    project.lose_completion()
    wait_until(lambda: project.in_queue("%T") == ["COMPLETED"])
    project.cluster.forget()
    assert project.states() == ["running"]
    (group,) = project.wait_for_states("lost")
    job = project.record()["groups"][0]["job"]
    assert group["reason"] == (
        f"how it ended is unknown: no completion.json in run_1, and Slurm does not know job {job}"
    )
    assert project.record()["state"] == "lost"
    assert project.status() == ""


def test_a_job_of_a_stranger_that_has_got_the_same_id_is_not_taken_for_the_runs_and_not_touched(
    on_either: OnSlurm,
) -> None:
    on_either.cluster.run("scancel", "-u", str(os.getuid()))
    wait_until(lambda: not on_either.cluster.run("squeue", "-h"))
    on_either.cluster.forget()
    on_either.experiment("none", "exit 0\n")
    on_either.submit("none", "--submit_template", "later")
    job = on_either.record()["groups"][0]["job"]
    assert job == "1"
    assert on_either.states() == ["queued"]
    on_either.cluster.run("scancel", job)
    on_either.accounted("CANCELLED")
    on_either.cluster.forget()
    # One of no run's, and then one that ends well, with the number that ours had.
    script = "#!/bin/sh\nexit 0\n"
    name = secrets.token_hex(8)
    words = ("sbatch", "--parsable", "-o", "/dev/null", "--chdir", "/", f"--job-name={name}")
    stranger = on_either.cluster.run(*words, stdin=script)
    assert stranger == job
    wait_until(lambda: on_either.cluster.squeue("%T", "-j", stranger) == ["COMPLETED"])
    if on_either.cluster.accounting:
        wait_until(lambda: on_either.cluster.accounted([stranger], name) == ["COMPLETED"])
        (group,) = on_either.wait_for_states("cancelled")
        assert group["reason"].startswith("cancelled")
    else:
        assert on_either.states() == ["queued"]
        on_either.settings("grace: {unknown_s: 1}")
        on_either.wait_for_states("lost")


def test_a_mark_that_an_administrator_has_taken_away_does_not_hide_a_job(waiting: OnSlurm) -> None:
    (job,) = waiting.numbers()
    waiting.cluster.run("scontrol", "update", f"job={job}", "comment=checked by Eve")
    assert waiting.wait_for_states("running")
    waiting.cluster.run("scancel", job)
    waiting.wait_for_states("cancelled")


# ---- the controller


@pytest.mark.parametrize("how", ["stopped", "crashed"])
def test_a_controller_that_comes_back_has_lost_nothing(on_either: OnSlurm, how: str) -> None:
    on_either.experiment("wait", WAIT)
    on_either.submit("wait", str(on_either.gate()), "3", "-R", "--n 0 3 1")
    for group in range(3):
        on_either.begun(group=group)
    on_either.submit("wait", "--submit_template", "later")
    on_either.wait_for_states("running", "running", "running")
    wait_until(lambda: on_either.states(2) == ["queued"])
    if how == "stopped":
        on_either.cluster.stop_controller()
    else:
        on_either.cluster.kill_controller()
    on_either.gate().touch()
    on_either.ended(group=2)
    on_either.cluster.start_controller()
    groups = on_either.wait_for_states("failed", "failed", "failed")
    assert {g["exit_code"] for g in groups} == {3}
    assert on_either.states(2) == ["queued"]
    assert on_either.qanat("cancel", "2").out == "Run 2 of wait cancelled\n"


def test_without_slurmdbd_the_queue_is_believed_and_nothing_is_lost(on_accounting: OnSlurm) -> None:
    project = at_work(on_accounting)
    project.settings("grace: {file_s: 0, unknown_s: 0}")
    project.wait_for_states("running")
    project.gate().touch()
    project.lose_completion()
    project.accounted("COMPLETED")
    with project.cluster.without_accounting():
        project.cluster.forget()
        assert project.states() == ["running"]
        assert re.search(
            r"note: Slurm did not answer \(sacct failed: .*\); run 1 shown as of 2", project.qanat("status").err
        )
    (group,) = project.wait_for_states("finished")
    assert group["exit_code"] == 0


# ---- waiting


def test_a_job_behind_another_has_slurms_reason_and_its_expected_start(on_slurm: OnSlurm) -> None:
    on_slurm.experiment("wait", WAIT)
    on_slurm.template("whole", "cpus-per-task: 64\ntime: 10\n")
    for _ in range(2):
        on_slurm.submit("wait", str(on_slurm.gate()), "0", "--submit-template", "whole")
        on_slurm.begun()
    when = r"expected to start (at|\d{4}-\d\d-\d\d) \d\d:\d\d"
    line = re.compile(f"^⏳ run 2: queued: what it requests is in use \\(Resources\\), {when}$", re.MULTILINE)
    # Slurm plans only every few seconds, and has no reason before.
    wait_until(lambda: line.search(on_slurm.qanat("status").out))
    assert re.search(when, on_slurm.qanat("show", "2").out)
    # A job that no node could ever run is refused at once, and does not wait.
    on_slurm.template("much", "mem: 900G\n")
    said = on_slurm.qanat("run", "wait", "--runner", "slurm", "--submit-template", "much", code=3).err
    assert "Memory specification can not be satisfied" in said
    (waiting,) = on_slurm.qanat("status", "--json").json["waiting"]
    assert (waiting["run"], waiting["groups"], waiting["state"]) == (on_slurm.record(2)["id"], 1, "queued")
    assert re.search(when, waiting["reason"])


def test_the_user_is_told_of_a_failure_and_of_the_end(
    on_slurm: OnSlurm, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    check_notified(on_slurm, tmp_path, monkeypatch)
