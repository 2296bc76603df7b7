"""How jobs on a real pool end, or do not, and what the record says about it."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from qanat.domain.job import JobHandle
from qanat.runners.htcondor.runner import HTCondorRunner
from tests.cluster.ends import check_ends, check_measured, completion
from tests.cluster.htcondor_project import OnPool
from tests.cluster.notified import check_notified
from tests.cluster.on_cluster import JOB_S, WAIT, wait_until
from tests.cluster.used import check_used
from tests.support.terminal import Terminal

pytestmark = pytest.mark.xdist_group("htcondor")


@pytest.fixture
def waiting(on_pool: OnPool) -> OnPool:
    """Return a project whose run 1, of one group, is running on the pool and waits at its gate."""
    on_pool.experiment("wait", WAIT)
    on_pool.submit("wait", str(on_pool.gate()), "0")
    on_pool.begun()
    return on_pool


def test_what_a_job_uses_is_recorded_and_a_template_fits_it(on_pool: OnPool) -> None:
    check_used(on_pool, "request_memory: 1GB\nrequest_cpus: 1\n", "request_memory")


def test_exit_codes_and_signals_are_recorded_with_their_moments_and_their_machine(on_pool: OnPool) -> None:
    check_ends(on_pool)


def test_a_program_that_is_not_there_fails_with_its_message(on_pool: OnPool) -> None:
    on_pool.experiment("gone", "exit 0\n", executable_command="no-such-interpreter")
    on_pool.qanat("run", "gone", "--runner", "htcondor", "--wait", code=1)
    (group,) = on_pool.record()["groups"]
    assert (group["state"], group["exit_code"]) == ("failed", 127)
    assert "no-such-interpreter" in (on_pool.storage("gone") / "stderr.txt").read_text()


def test_metrics_and_outputs_of_a_job_are_recorded(on_pool: OnPool) -> None:
    check_measured(on_pool)


def test_a_run_is_queued_then_running_then_finished_and_committed_by_whichever_command_comes(waiting: OnPool) -> None:
    (group,) = waiting.groups()
    assert group["state"] == "running"
    assert group["host"]
    assert waiting.qanat("status", "--json").json["in_flight"] == [waiting.record()["id"]]
    assert "▶ running" in waiting.qanat("experiment", "status", "wait").out
    waiting.gate().touch()
    waiting.ended()
    assert waiting.qanat("status").err == ""
    record = waiting.record()
    assert record["state"] == "finished"
    assert waiting.status() == ""
    assert json.loads(waiting.git("show", "-s", '--format="%s"')) == "qanat: run 1 of wait finished"


def test_jobs_that_find_no_machine_are_queued(on_pool: OnPool) -> None:
    on_pool.experiment("none", "exit 0\n")
    on_pool.submit("none", "--submit_template", "never")
    assert on_pool.states() == ["queued"]
    assert "started" not in on_pool.groups()[0]


def test_a_held_job_says_why_with_htcondors_code_and_goes_on_when_it_is_released(on_pool: OnPool) -> None:
    on_pool.experiment("none", "exit 0\n")
    on_pool.template("on_hold", "hold: true\n")
    on_pool.submit("none", "--submit_template", "on_hold")
    (group,) = on_pool.wait_for_states("held")
    assert group["reason"] == "submitted on hold at user's request, HTCondor's code 15"
    on_pool.pool.tool("condor_release", str(on_pool.cluster()))
    on_pool.wait_for_states("finished")


def test_a_running_job_that_is_held_from_outside_runs_again_as_its_second_attempt(waiting: OnPool) -> None:
    waiting.pool.tool("condor_hold", "-reason", "the disk is full", str(waiting.cluster()))
    (group,) = waiting.wait_for_states("held")
    assert re.fullmatch(r"the disk is full(, by user \S+)?", group["reason"])
    # A job that is released while HTCondor is still ending its program is not started again (23.9).
    wait_until(lambda: "Job was held" in (waiting.storage("wait") / "htcondor.log").read_text())
    (waiting.storage("wait") / "begun").unlink()
    waiting.pool.tool("condor_release", str(waiting.cluster()))
    waiting.begun()
    (group,) = waiting.wait_for_states("running")
    assert group["attempt"] == 2
    waiting.gate().touch()
    (group,) = waiting.wait_for_states("finished")
    assert (group["attempt"], group["exit_code"]) == (2, 0)
    assert waiting.record()["groups"][0]["attempt"] == 2


def test_a_job_that_exceeds_its_time_limit_is_stopped_and_held_and_runs_again_when_it_is_released(
    on_pool: OnPool,
) -> None:
    on_pool.experiment("wait", WAIT)
    on_pool.submit("wait", str(on_pool.gate()), "0", "--time-limit", "5s")
    assert on_pool.record()["runner"]["options"]["allowed_job_duration"] == "5"
    on_pool.begun()
    (held,) = on_pool.wait_for_states("held")
    assert held["reason"].startswith("exceeded the time limit (The job exceeded allowed job duration of ")
    assert held["reason"].endswith(", HTCondor's code 46)")
    assert not (on_pool.storage("wait") / "completion.json").exists()
    wait_until(lambda: "Job was held" in (on_pool.storage("wait") / "htcondor.log").read_text())
    on_pool.gate().touch()
    on_pool.qanat("release", "1")
    (group,) = on_pool.wait_for_states("finished")
    assert (group["exit_code"], group["attempt"]) == (0, 2)
    assert on_pool.status() == ""


def test_an_evicted_job_runs_again_as_its_second_attempt(waiting: OnPool) -> None:
    (waiting.storage("wait") / "begun").unlink()
    waiting.pool.tool("condor_vacate_job", str(waiting.cluster()))
    waiting.begun()
    wait_until(lambda: waiting.groups()[0]["attempt"] == 2)
    waiting.gate().touch()
    (group,) = waiting.wait_for_states("finished")
    assert (group["attempt"], group["exit_code"]) == (2, 0)
    assert completion(waiting.storage("wait"))["attempt"] == 2
    # Both attempts wrote to the same file.
    assert (waiting.storage("wait") / "stdout.txt").read_text().count("begun with") == 2


def test_a_job_whose_machine_cannot_be_reached_says_so_also_while_it_is_being_removed(on_pool: OnPool) -> None:
    on_pool.experiment("wait", WAIT)
    on_pool.template("patient", "job_lease_duration: 600\n")
    on_pool.submit("wait", str(on_pool.gate()), "0", "--submit-template", "patient")
    on_pool.begun()
    lost = "lost contact with its machine, trying to reconnect"
    with on_pool.pool.frozen("STARTD"):
        on_pool.pool.kill_starters()
        wait_until(lambda: on_pool.groups()[0].get("reason") == lost)
        assert f"▶ run 1: running: {lost}\n" in on_pool.qanat("status").out
        on_pool.pool.tool("condor_rm", "-reason", "it hangs", str(on_pool.cluster()))
        wait_until(lambda: on_pool.groups()[0]["reason"].startswith("being removed (it hangs"))
    (group,) = on_pool.wait_for_states("cancelled")
    assert group["reason"].startswith("it hangs")


def test_a_job_that_htcondor_itself_runs_again_after_it_failed_is_not_taken_for_ended(on_pool: OnPool) -> None:
    on_pool.experiment("third", 'echo x >>"$2/tries"; [ "$(wc -l <"$2/tries")" -ge 3 ]\n')
    on_pool.template("thrice", "max_retries: 5\n")
    on_pool.qanat("run", "third", "--runner", "htcondor", "--submit_template", "thrice", "--wait")
    (group,) = on_pool.record()["groups"]
    assert (group["state"], group["exit_code"], group["attempt"]) == ("finished", 0, 3)


@pytest.mark.parametrize("how", ["running", "held", "idle"])
def test_a_job_that_is_removed_from_outside_is_cancelled(on_pool: OnPool, how: str) -> None:
    on_pool.experiment("wait", WAIT)
    on_pool.submit("wait", str(on_pool.gate()), "0", *(["--submit_template", "never"] if how != "running" else []))
    if how == "running":
        on_pool.begun()
    if how == "held":
        on_pool.pool.tool("condor_hold", str(on_pool.cluster()))
        on_pool.wait_for_states("held")
    on_pool.pool.tool("condor_rm", "-reason", "it is in the way", str(on_pool.cluster()))
    (group,) = on_pool.wait_for_states("cancelled")
    assert group["reason"].startswith("it is in the way")
    assert "exit_code" not in group
    assert on_pool.record()["state"] == "cancelled"
    assert not (on_pool.storage("wait") / "completion.json").exists()


# No completion file comes of these: its scripts are killed with the program, or find something in their way.
SCRIPT = "read -r a b c script rest </proc/$PPID/stat\n"
WITHOUT_FILE = {
    f"{SCRIPT}sleep 2; kill -9 $script $PPID $$": (9, None, "ended by SIGKILL"),
    'mkdir "$2/completion.json"; exit 3': (None, 3, "exit code 3"),
}


@pytest.mark.parametrize("program", WITHOUT_FILE)
def test_without_a_completion_file_htcondor_is_believed_after_the_grace(on_pool: OnPool, program: str) -> None:
    on_pool.experiment("odd", program)
    on_pool.write(".qanat/config.yaml", "schema: config/1\ngrace: {file_s: 2}\n")
    on_pool.commit()
    on_pool.submit("odd")
    (group,) = on_pool.wait_for_states("failed")
    assert (group.get("signal"), group.get("exit_code"), group["reason"]) == WITHOUT_FILE[program]
    assert not (on_pool.storage("odd") / "completion.json").is_file()


def test_without_its_event_log_a_job_is_found_in_the_queue_and_in_the_history(on_pool: OnPool) -> None:
    on_pool.experiment("wait", WAIT)
    on_pool.write(".qanat/config.yaml", "schema: config/1\ngrace: {file_s: 1}\n")
    on_pool.commit()
    on_pool.submit("wait", str(on_pool.gate()), "0")
    on_pool.begun()
    with on_pool.without_the_log("wait"):
        assert on_pool.states() == ["running"]
        on_pool.gate().touch()
        on_pool.lose_completion()
        (group,) = on_pool.wait_for_states("finished")
    assert group["exit_code"] == 0


def test_a_job_that_nobody_knows_is_lost_after_the_grace_and_not_before(on_pool: OnPool) -> None:
    on_pool.experiment("wait", WAIT)
    on_pool.submit("wait", str(on_pool.gate()), "0", "--submit_template", "never")
    on_pool.write(".qanat/config.yaml", "schema: config/1\ngrace: {unknown_s: 3}\n")
    assert on_pool.states() == ["queued"]
    on_pool.pool.tool("condor_rm", str(on_pool.cluster()))
    wait_until(lambda: on_pool.pool.jobs(constraint=f"ClusterId == {on_pool.cluster()}", history=True))
    on_pool.pool.forget_history()
    (on_pool.storage("wait") / "htcondor.log").unlink()
    assert on_pool.states() == ["queued"]
    (group,) = on_pool.wait_for_states("lost")
    job = on_pool.record()["groups"][0]["job"]
    assert group["reason"] == (
        f"how it ended is unknown: no completion.json in run_1, and HTCondor does not know job {job}"
    )
    assert on_pool.record()["state"] == "lost"
    assert on_pool.status() == " M .qanat/config.yaml"


@pytest.fixture
def stranger(on_pool: OnPool) -> str:
    """Return the cluster of a held job that is not qanat's."""
    file = on_pool.write("../stranger.sub", "executable = /bin/sleep\narguments = 300\nhold = true\nqueue\n")
    return re.findall(r"cluster (\d+)", on_pool.pool.tool("condor_submit", str(file)).stdout)[0]


def is_untouched(on_pool: OnPool, stranger: str) -> bool:
    statuses = on_pool.pool.jobs("JobStatus", constraint=f"ClusterId == {stranger}")
    return [job["JobStatus"] for job in statuses] == [5]


def test_a_strangers_job_with_the_same_number_is_not_taken_for_the_runs_and_not_touched(
    on_pool: OnPool, stranger: str
) -> None:
    on_pool.experiment("none", "exit 0\n")
    record = on_pool.submit("none", "--submit_template", "never")
    path = on_pool.record_files()[0]
    path.write_text(path.read_text().replace(record["groups"][0]["job"], f"{stranger}.0"))
    assert on_pool.states() == ["queued"]
    refused = on_pool.qanat("release", "1", code=2).err
    assert f"job {stranger}.0 of HTCondor does not carry the intent of this run, and was not released" in refused
    assert is_untouched(on_pool, stranger)


def test_whatever_a_record_says_its_intent_is_no_job_of_somebody_elses_is_meant(on_pool: OnPool, stranger: str) -> None:
    """A record may come with a pull request of whoever likes."""
    on_pool.experiment("none", "exit 0\n")
    record = on_pool.submit("none", "--submit_template", "never")
    path, intent = on_pool.record_files()[0], record["submission"]["intent"]
    before = path.read_text().replace(f"'{intent}'", intent)
    for other, sentence in (
        ("'\" || true || \"'", "submission.intent: does not consist of hexadecimal digits"),
        (f"'{'f' * len(intent)}'", "the intent in its record was not made for run"),
    ):
        text = before.replace(f"intent: {intent}", f"intent: {other}")
        path.write_text(text.replace(record["groups"][0]["job"], f"{stranger}.0"))
        for command in ("release", "hold", "cancel"):
            assert sentence in on_pool.qanat(command, "1", code=2).err
        assert is_untouched(on_pool, stranger)
        # Without a job the cluster would be looked for by its intent.
        path.write_text(text.replace(f"job: '{record['groups'][0]['job']}', ", ""))
        on_pool.qanat("status")
        assert "job" not in on_pool.records()[0]["groups"][0]


def test_jobs_in_a_record_that_htcondor_cannot_have_given_are_ones_that_it_does_not_know(on_pool: OnPool) -> None:
    odd = ["4651", "", "here", "1.2.3", "-1.0", "é.0", f"{'1' * 5000}.0"]
    on_pool.experiment("none", "exit 0\n")
    record = on_pool.submit("none", "-R", f"--n 0 {len(odd)} 1", "--submit_template", "never")
    path = on_pool.record_files()[0]
    text = path.read_text().replace(f"cluster: {record['submission']['details']['cluster']}", "more: 1")
    for group, job in zip(record["groups"], odd, strict=True):
        text = text.replace(f"job: '{group['job']}'", f"job: '{job}'")
    path.write_text(text)
    for words in (("status",), ("hold", "1"), ("release", "1")):
        assert on_pool.qanat(*words).err == ""
    assert set(on_pool.states()) == {"queued"}
    with Terminal(on_pool.root, "experiment", "run_explore", "none", "1", env={"PAGER": "cat"}) as terminal:
        terminal.see("Show HTCondor log(s)")
        terminal.press("f")
        terminal.answer("Log of which group?")
        terminal.see("Job submitted from host")
        terminal.see("Explore menu")
        terminal.press("q")
        terminal.ends()
    on_pool.write(".qanat/config.yaml", "schema: config/1\ngrace: {unknown_s: 0}\n")
    groups = on_pool.wait_for_states(*["lost"] * len(odd))
    assert groups[2]["reason"].endswith("HTCondor does not know job here")


def test_a_schedd_that_crashes_and_comes_back_loses_nothing_and_who_waits_goes_on_waiting(on_pool: OnPool) -> None:
    on_pool.experiment("wait", WAIT)
    on_pool.submit("wait", str(on_pool.gate()), "3", "-R", "--n 0 3 1")
    for group in range(3):
        on_pool.begun(group=group)
    words = ("--runner", "htcondor", "--submit_template", "never", "--wait")
    waiting = on_pool.start("run", "wait", str(on_pool.gate()), "0", *words)
    wait_until(lambda: len(on_pool.pool.jobs()) == 4)
    on_pool.pool.restart_daemon("SCHEDD")
    wait_until(lambda: on_pool.states(2) == ["queued"])
    assert on_pool.states() == ["running"] * 3
    on_pool.gate().touch()
    groups = on_pool.wait_for_states("failed", "failed", "failed")
    assert {g["exit_code"] for g in groups} == {3}
    on_pool.qanat("cancel", "2")
    _, said = waiting.communicate(timeout=JOB_S)
    assert "Run 2 of wait cancelled" in said
    assert waiting.returncode == 1


# ---- waiting

REQUESTS = {
    "much": ("request_memory: 900GB\n", r"no slot can run it: it requests 900 GB of memory, the largest has 32 GB"),
    "odd": ("requirements: HasFoo && Cpus > 0\n", r"no slot can run it: none meets .*HasFoo"),
    "big": ("request_memory: 30GB\n", r"waiting for its turn; slots that can run it: 1 of 1"),
}


def test_why_a_job_waits_is_told_from_what_it_asks_for_and_what_the_slots_have(on_pool: OnPool) -> None:
    on_pool.experiment("wait", WAIT)
    for name, (options, _) in REQUESTS.items():
        on_pool.template(name, options)
    on_pool.submit("wait", str(on_pool.gate()), "0", "--submit_template", "big")
    on_pool.begun()
    handles = []
    for number, name in enumerate(REQUESTS, 2):
        record = on_pool.submit("wait", str(on_pool.gate()), "0", "--submit_template", name)
        details = record["submission"]["details"]
        handles.append(JobHandle(record["submission"]["intent"], 0, f"{on_pool.cluster(number)}.0", details))

    def all_reasons() -> list[str] | None:
        """Return the reasons; on a busy machine, the pool may not have given all of them in time."""
        found = HTCondorRunner().why_waiting(handles)
        return [found[handle] for handle in handles] if all(found.values()) else None

    for reason, (_, expected) in zip(wait_until(all_reasons), REQUESTS.values(), strict=True):
        assert re.fullmatch(expected, reason)
    assert "run 3: held" not in on_pool.qanat("status").out
    on_pool.qanat("hold", "3")
    on_pool.wait_for_states("held", run=3)
    assert re.search("^⏸ run 3: held by qanat$", on_pool.qanat("status").out, re.MULTILINE)


def test_the_user_is_told_of_a_failure_and_of_the_end(
    on_pool: OnPool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    check_notified(on_pool, tmp_path, monkeypatch)
