"""Commands on runs of a real pool, during and after them."""

from __future__ import annotations

import os
import re
import signal
import subprocess
from pathlib import Path

import pytest

from tests.cluster.htcondor_project import OnPool
from tests.cluster.on_cluster import JOB_S, WAIT, wait_until
from tests.cluster.watched import check_live_table, check_logs_followed, submit_two
from tests.support.terminal import CTRL_C, Terminal

pytestmark = pytest.mark.xdist_group("another htcondor")

# Fails as long as there is no file of this name beside the project.
UNTIL_MENDED = 'echo "try $2"; [ "$2" -ne 1 ] || [ -e "$1" ]\n'


@pytest.fixture
def waiting(on_pool: OnPool) -> OnPool:
    """Return a project whose run 1 has two running groups."""
    submit_two(on_pool)
    return on_pool


def test_cancel_ends_a_run_for_good_and_says_who_did(waiting: OnPool) -> None:
    assert waiting.qanat("cancel", "1").out == "Run 1 of wait cancelled\n"
    record = waiting.record()
    assert record["state"] == "cancelled"
    assert {g["reason"] for g in record["groups"]} == {"cancelled by qanat"}
    assert waiting.pool.jobs() == []
    assert waiting.status() == ""
    said = waiting.qanat("cancel", "1", code=2).err
    assert said.startswith("qanat: run 1 of wait has already ended: cancelled\n")
    stopped = (waiting.storage("wait", group=0) / "stopped.json").read_text()
    assert '"attempt": 1' in stopped


def test_a_group_that_is_cancelled_takes_none_with_it_that_has_no_job_yet(on_pool: OnPool) -> None:
    on_pool.experiment("wait", WAIT)
    on_pool.template("few", "max_materialize: 2\n")
    on_pool.submit("wait", str(on_pool.gate()), "0", "-R", "--n 0 5 1", "--submit_template", "few")
    on_pool.begun(group=0)
    on_pool.begun(group=1)
    on_pool.qanat("cancel", "1", "--group", "0")
    on_pool.gate().touch()
    on_pool.wait_for_states("cancelled", *["finished"] * 4)


def test_a_group_that_is_cancelled_before_it_has_a_job_never_runs(on_pool: OnPool) -> None:
    on_pool.experiment("wait", WAIT)
    on_pool.template("few", "max_materialize: 2\n")
    on_pool.submit("wait", str(on_pool.gate()), "0", "-R", "--n 0 6 1", "--submit_template", "few")
    on_pool.begun(group=0)
    on_pool.begun(group=1)
    said = on_pool.qanat("cancel", "1", "--group", "3", "--group", "4").out
    assert said == "Group 3 of run 1 cancelled\nGroup 4 of run 1 cancelled\n"
    on_pool.gate().touch()
    groups = on_pool.wait_for_states("finished", "finished", "finished", "cancelled", "cancelled", "finished")
    assert groups[3]["reason"] == "cancelled by qanat"
    wait_until(lambda: on_pool.pool.jobs() == [])
    assert not on_pool.storage("wait", group=3).exists()
    assert on_pool.states() == ["finished"] * 3 + ["cancelled"] * 2 + ["finished"]
    on_pool.qanat("retry", "1", "--failed", "--wait")
    assert on_pool.groups()[3]["attempt"] == 2


def test_of_many_scattered_groups_that_are_cancelled_the_others_go_on(on_pool: OnPool) -> None:
    on_pool.experiment("wait", WAIT)
    on_pool.submit("wait", str(on_pool.gate()), "0", "-R", "--n 0 104 1", "--submit_template", "never")
    words = [word for group in range(0, 104, 2) for word in ("--group", str(group))]
    on_pool.qanat("cancel", "1", *words)
    assert on_pool.states() == ["cancelled", "queued"] * 52
    assert {job["ProcId"] % 2 for job in on_pool.pool.jobs()} == {1}


def test_hold_keeps_queued_jobs_from_starting_until_release(on_pool: OnPool) -> None:
    on_pool.experiment("none", "exit 0\n")
    on_pool.submit("none", "-R", "--n 0 2 1", "--submit_template", "never")
    assert on_pool.qanat("hold", "1").out == "Run 1 of none is being held\n"
    groups = on_pool.wait_for_states("held", "held")
    assert [g["reason"] for g in groups] == ["held by qanat"] * 2
    assert re.search(r"^none +1 +1 held$", on_pool.qanat("status").out, re.MULTILINE)
    assert on_pool.qanat("status", "--json").json["runs"] == {"none": {"held": 1}}
    assert on_pool.qanat("release", "1").out == "Run 1 of none is being released\n"
    on_pool.wait_for_states("queued", "queued")
    on_pool.qanat("cancel", "1")
    for words in (("hold", "1"), ("release", "1")):
        assert "run 1 of none has already ended: cancelled" in on_pool.qanat(*words, code=2).err


def test_hold_leaves_running_jobs_alone_and_keeps_the_others_from_being_created(on_pool: OnPool) -> None:
    on_pool.experiment("wait", WAIT)
    on_pool.submit("wait", str(on_pool.gate()), "0", "-R", "--n 0 3 1", "--max-running", "1")
    on_pool.begun(group=0)
    on_pool.wait_for_states("running", "queued", "queued")
    assert on_pool.qanat("hold", "1").out == "Run 1 of wait is being held; 1 running group continues\n"
    on_pool.wait_for_states("running", "held", "held")
    on_pool.gate().touch()
    on_pool.wait_for_states("finished", "held", "held")
    on_pool.qanat("release", "1")
    groups = on_pool.wait_for_states("finished", "finished", "finished")
    assert [g.get("attempt", 1) for g in groups] == [1, 1, 1]


def test_a_run_that_only_runs_cannot_be_held(waiting: OnPool) -> None:
    said = waiting.qanat("hold", "1", code=2).err
    assert "run 1 of wait has no queued groups: 2 running" in said
    assert waiting.states() == ["running", "running"]
    waiting.gate().touch()
    waiting.wait_for_states("finished", "finished")


def test_hold_is_refused_for_a_run_that_is_not_on_a_scheduler(on_pool: OnPool) -> None:
    on_pool.experiment("wait", WAIT)
    process = on_pool.start("run", "wait", str(on_pool.gate()), "0")
    wait_until((on_pool.storage("wait") / "begun").exists)
    said = on_pool.qanat("hold", "1", code=2).err
    assert said == "qanat: run 1 is a local run, which cannot be held\n"
    on_pool.gate().touch()
    process.communicate()


def test_retry_submits_only_the_groups_that_failed_as_one_new_cluster(on_pool: OnPool) -> None:
    on_pool.experiment("mend", UNTIL_MENDED)
    words = [*(w for n in "0121" for w in ("-g", n)), "--runner", "htcondor", "--wait"]
    on_pool.qanat("run", "mend", str(on_pool.gate()), *words, code=1)
    first = on_pool.record()
    assert [g["state"] for g in first["groups"]] == ["finished", "failed", "finished", "failed"]
    on_pool.gate().touch()
    said = on_pool.qanat("retry", "1", "--failed", "--wait").err
    record = on_pool.record()
    old, new = (r["submission"]["details"]["cluster"] for r in (first, record))
    assert new != old
    assert f"Submitted as job {new}\n" in said
    assert [g["job"] for g in record["groups"]] == [f"{old}.0", f"{new}.0", f"{old}.2", f"{new}.1"]
    assert [g.get("attempt", 1) for g in record["groups"]] == [1, 2, 1, 2]
    assert {g["state"] for g in record["groups"]} == {"finished"}
    jobs = on_pool.pool.jobs("JobBatchName", constraint=f"ClusterId == {new}", history=True)
    assert {job["JobBatchName"] for job in jobs} == {"mend_1"}
    assert len(jobs) == 2
    folder = on_pool.storage("mend", group=1)
    assert (folder / "stdout.txt").read_text() == (folder / "attempts/1/stdout.txt").read_text() == "try 1\n"
    assert (on_pool.storage("mend") / "htcondor.log").read_text().count("Job terminated.") == 6
    assert on_pool.status() == ""
    assert "every group of run 1 has finished" in on_pool.qanat("retry", "1", code=2).err


def test_a_retry_takes_the_code_of_the_run_and_options_set_anew(on_pool: OnPool) -> None:
    on_pool.experiment("old", 'echo old; [ -e "$1" ]\n')
    on_pool.template("small", "request_memory: 64\n")
    words = ["run", "old", str(on_pool.gate()), "--runner", "htcondor", "--submit_template", "small", "--wait"]
    on_pool.qanat(*words, code=1)
    on_pool.write("old.sh", "echo new\n")
    on_pool.commit()
    on_pool.gate().touch()
    on_pool.qanat("retry", "1", "--set", "request_memory=2x", "--wait")
    assert (on_pool.storage("old") / "stdout.txt").read_text() == "old\n"
    (job,) = on_pool.pool.jobs("RequestMemory", constraint=f"ClusterId == {on_pool.cluster()}", history=True)
    assert job["RequestMemory"] == 128
    assert on_pool.record()["runner"]["options"]["request_memory"] in (128, "128")


def test_rerun_makes_a_new_run_on_the_same_runner_with_the_same_options_and_code(on_pool: OnPool) -> None:
    on_pool.experiment("old", 'echo "old $1"; echo 1 >"$3/out.txt"\n')
    on_pool.template("mine", "+Mark: mine\n")
    on_pool.qanat("run", "old", "a", "--runner", "htcondor", "--submit_template", "mine", "--wait")
    on_pool.write("old.sh", "echo new\n")
    on_pool.template("mine", "+Mark: other\n")
    said = on_pool.qanat("rerun", "1", "--check")
    assert "\nidentical: " in said.err
    record = on_pool.record(2)
    assert record["rerun_of"] == on_pool.record(1)["id"]
    assert record["runner"] == {"name": "htcondor", "template": "mine", "options": {"+Mark": "mine"}}
    assert (on_pool.storage("old", 2) / "stdout.txt").read_text() == "old a\n"
    on_pool.qanat("rerun", "1", "--runner", "local")
    assert on_pool.record(3)["runner"]["name"] == "local"


def test_delete_with_cancel_ends_the_jobs_first_and_leaves_nothing_behind(waiting: OnPool) -> None:
    said = waiting.qanat("delete", "1", "--yes", code=2).err
    assert "run 1 is still running, so it cannot be deleted without --cancel" in said
    assert "hint: wait until it ends, or cancel it: qanat cancel 1" in said
    said = waiting.qanat("delete", "1", "--yes", "--cancel").out
    assert "Deleted run 1" in said
    assert waiting.record_files() == []
    assert not waiting.storage("wait").exists()
    assert waiting.pool.jobs() == []
    assert waiting.status() == ""


@pytest.mark.parametrize(("code", "expected"), [("0", 0), ("3", 1)])
def test_wait_ends_with_the_exit_code_that_a_local_run_has(on_pool: OnPool, code: str, expected: int) -> None:
    on_pool.experiment("end", 'exit "$1"\n')
    said = on_pool.qanat("run", "end", code, "--runner", "htcondor", "--wait", code=expected).err
    assert f"Run 1 of end {'failed' if expected else 'finished'}" in said
    assert on_pool.record()["state"] == ("failed" if expected else "finished")
    assert on_pool.status() == ""


def test_waiting_for_a_run_that_somebody_removes_is_no_success(on_pool: OnPool) -> None:
    on_pool.experiment("wait", WAIT)
    process = on_pool.start("run", "wait", str(on_pool.gate()), "0", "--runner", "htcondor", "--wait")
    on_pool.begun()
    on_pool.pool.tool("condor_rm", str(on_pool.cluster()))
    _, said = process.communicate(timeout=JOB_S)
    assert "Run 1 of wait cancelled" in said
    assert process.returncode == 1


def test_wait_shows_a_bar_with_the_states_at_a_terminal(on_pool: OnPool) -> None:
    on_pool.experiment("wait", WAIT)
    words = ("run", "wait", str(on_pool.gate()), "0", "-R", "--n 0 2 1", "--runner", "htcondor", "--wait")
    with Terminal(on_pool.root, *words) as terminal:
        terminal.see("Submitted as job")
        terminal.see("2 running")
        on_pool.gate().touch()
        terminal.see("2 finished")
        terminal.ends()


def interrupted(project: OnPool, *words: str) -> subprocess.CompletedProcess[str]:
    """Wait for a run at work and press Ctrl-C."""
    process = project.start("run", "wait", str(project.gate()), "0", "--runner", "htcondor", "--wait", *words)
    project.begun()
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=JOB_S)
    return subprocess.CompletedProcess(process.args, process.returncode, out, err)


def test_ctrl_c_while_waiting_leaves_the_jobs_alone_and_says_so(on_pool: OnPool) -> None:
    on_pool.experiment("wait", WAIT)
    done = interrupted(on_pool)
    assert done.returncode == 130
    expected = "run 1 continues; see it with qanat status, or end it with qanat cancel 1\n"
    assert done.stderr.endswith(expected)
    assert on_pool.states() == ["running"]
    on_pool.gate().touch()
    on_pool.wait_for_states("finished")


def test_ctrl_c_with_cancel_on_interrupt_ends_the_jobs(on_pool: OnPool) -> None:
    on_pool.experiment("wait", WAIT)
    done = interrupted(on_pool, "--cancel-on-interrupt")
    assert done.returncode == 130
    assert "Run 1 of wait cancelled" in done.stderr
    assert on_pool.record()["state"] == "cancelled"
    assert on_pool.pool.jobs() == []
    assert on_pool.status() == ""


def test_logs_follow_a_job_until_its_end(on_pool: OnPool) -> None:
    check_logs_followed(on_pool)


def test_the_live_table_shows_a_run_on_the_pool_come_to_its_end(waiting: OnPool) -> None:
    check_live_table(waiting)


def test_a_run_that_has_ended_is_looked_at_without_asking_anybody(on_pool: OnPool) -> None:
    on_pool.experiment("none", "echo done\n")
    on_pool.qanat("run", "none", "-R", "--n 0 3 1", "--runner", "htcondor", "--wait")
    with on_pool.pool.frozen("SCHEDD"):
        for words in (("status",), ("experiment", "status", "none"), ("show", "1"), ("logs", "1")):
            assert on_pool.qanat(*words).err == ""


def test_ctrl_c_at_a_terminal_stops_a_submission_that_hangs(on_pool: OnPool) -> None:
    on_pool.write(".qanat/config.yaml", "schema: config/1\ngrace: {submit_s: 1}\n")
    on_pool.experiment("none", "exit 0\n")
    with on_pool.pool.frozen("SCHEDD"), Terminal(on_pool.root, "run", "none", "--runner", "htcondor") as terminal:
        wait_until((on_pool.storage("none") / "job.sh").exists)
        terminal.press(CTRL_C)
        terminal.ends(130)
        assert "it is not known yet whether run 1 was submitted" in on_pool.qanat("status").err
    (group,) = on_pool.wait_for_states("cancelled")
    assert group["reason"].startswith("nothing was submitted")


CHECKS = [
    ("request_cpu: 2", "request_cpu: is not a submit command; did you mean request_cpus", 1),
    ("requst_memory: 1GB", "requst_memory: is not a submit command; did you mean request_memory", 1),
    ("queue: 3", "queue: is set by qanat and cannot be in a template", 1),
    ("executable: x", "executable: is set by qanat and cannot be in a template", 1),
    ("+QanatIntent: x", "+QanatIntent: is set by qanat and cannot be in a template", 1),
    ("request_memory: lots", "request_memory: lots is not a number", 1),
    ("universe: vanila", "HTCondor refuses it: I don't know about the 'vanila' universe.", 1),
    ("priority: high", "HTCondor refuses it: priority=high is invalid, must eval to an integer.", 1),
    ("getenv: 'true'", "note: getenv: true copies your whole environment, secrets included", 0),
    ("request_gpus: 1\nmy_own: 2\nrank: $(my_own)", "no problems found", 0),
]


@pytest.mark.parametrize(("options", "said", "code"), CHECKS)
def test_check_finds_what_is_wrong_with_a_template(on_pool: OnPool, options: str, said: str, code: int) -> None:
    on_pool.template("mine", options)
    assert f"mine: {said}" in on_pool.qanat("template", "show", "mine", "--check", code=code).err
    if code and "refuses" not in said:
        on_pool.experiment("none", "exit 0\n")
        refused = on_pool.qanat("run", "none", "--runner", "htcondor", "--submit_template", "mine", code=2).err
        assert refused.startswith(f"qanat: template mine: {said}")
        assert refused.endswith("  hint: qanat template show mine --check\n")
        assert on_pool.record_files() == []


def test_check_takes_a_file_and_without_htcondors_tools_still_knows_the_keys(on_pool: OnPool) -> None:
    on_pool.write("mine.yaml", "request_cpu: 2\npriority: high\n")
    with_tools = on_pool.qanat("template", "show", "mine.yaml", "--check", code=1).err
    assert "HTCondor refuses it: priority=high" in with_tools
    path = os.pathsep.join(p for p in os.environ["PATH"].split(os.pathsep) if not (Path(p) / "condor_submit").exists())
    said = on_pool.qanat("template", "show", "mine.yaml", "--check", code=1, env={"PATH": path}).err
    close = "request_cpus or request_gpus or require_gpus"
    assert said == f"mine.yaml: request_cpu: is not a submit command; did you mean {close}?\n"
