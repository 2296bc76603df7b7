"""qanat killed in the middle of a submission: the next command finds the arrays, or that there are none."""

from __future__ import annotations

import os
import re
import shlex
import shutil
import signal
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from tests.cluster.kills import (
    NOTHING,
    IsThere,
    check_clean,
    check_retried,
    kill_at,
    kill_retries,
    killed_once_submitted,
    number_of,
    pretend_elsewhere,
    settle,
)
from tests.cluster.on_cluster import wait_until
from tests.cluster.slurm_project import OnSlurm

pytestmark = pytest.mark.xdist_group("slurm")

# Once for each step of a submission of three arrays that can be seen from outside, and at random moments between.
SEEN_STEPS = ("record", "job script", "1 array", "2 arrays", "3 arrays", "jobs in the record", "commit")
RANDOM_KILLS = 8
GROUPS = 45
MARK = re.compile(r"qanat:([0-9a-f]+):(\d+)")


def in_queue(project: OnSlurm) -> dict[str, set[str]]:
    """Map the marks of all jobs that the cluster has or had to the arrays that carry them."""
    found: dict[str, set[str]] = {}
    for line in project.cluster.squeue("%F %k %j"):
        if match := MARK.search(line):
            found.setdefault(match[0], set()).add(line.split()[0])
    return found


def are_queued(project: OnSlurm) -> IsThere:
    """Return what says whether as many arrays with an intent are in the queue as the step `2 arrays` says."""
    return lambda step, intent: sum(f"qanat:{intent}:" in mark for mark in in_queue(project)) >= int(step.split()[0])


def killed_before_sbatch(project: OnSlurm) -> None:
    """Kill `run brief` when its record is written and sbatch, which does nothing here, has been called."""
    here = project.root.parent
    path = with_sbatch(here, f"echo x >{shlex.quote(str(here / 'called'))}\nexec sleep 20\n")
    process = project.start("run", "brief", "--runner", "slurm", env={**os.environ, "PATH": path})
    wait_until((here / "called").exists)
    process.send_signal(signal.SIGKILL)
    process.communicate()


def killed_after_sbatch(project: OnSlurm, *words: str) -> Path:
    """Kill a command when Slurm has its first array and has not told it so yet; return the file of its record."""
    here, sbatch = project.root.parent, shutil.which("sbatch")
    path = with_sbatch(here, f'{sbatch} "$@" || exit\n: >{shlex.quote(str(here / "submitted"))}\nexec sleep 20\n')
    return killed_once_submitted(project, here / "submitted", *words, env={"PATH": path})


def with_sbatch(folder: Path, script: str) -> str:
    """Replace sbatch by a script; return the PATH with it."""
    (folder / "bin").mkdir()
    program = folder / "bin/sbatch"
    program.write_text(f"#!/bin/sh\n{script}")
    program.chmod(0o755)
    return f"{program.parent}{os.pathsep}{os.environ['PATH']}"


def submitted(project: OnSlurm, record: dict[str, Any]) -> set[int]:
    """List the groups of a run for which there is, or was, a job; an array with the same mark twice is an error."""
    arrays = {mark: ids for mark, ids in in_queue(project).items() if record["submission"]["intent"] in mark}
    assert {len(ids) for ids in arrays.values()} <= {1}, "something was submitted twice"
    offsets = [int(mark.rpartition(":")[2]) for mark in arrays]
    return {offset + n for offset in offsets for n in range(21) if offset + n < len(record["groups"])}


def check_settled(project: OnSlurm) -> Counter[str]:
    """Let every run end, and check each group against what Slurm has had; count the states."""
    settle(project)
    states: Counter[str] = Counter()
    for record in project.records():
        there = submitted(project, record)
        for group in record["groups"]:
            if group["group"] in there:
                assert group["state"] == "finished", (record["id"], group)
                assert group["job"]
            else:
                assert (group["state"], group["reason"]) == ("cancelled", NOTHING), (record["id"], group)
            states[group["state"]] += 1
    check_clean(project)
    return states


def test_killed_at_any_step_each_array_is_submitted_once_or_not_at_all_and_the_record_says_which(
    on_either: OnSlurm,
) -> None:
    on_either.experiment("brief", "exit 0\n")
    words = ("run", "brief", "--runner", "slurm", "-R", f"--n 0 {GROUPS} 1")
    kill_at(on_either, SEEN_STEPS, RANDOM_KILLS, are_queued(on_either), *words)
    states = check_settled(on_either)
    assert states["finished"]
    assert states["cancelled"]


def test_arrays_whose_qanat_was_killed_are_in_the_record_and_committed_by_the_next_command(on_slurm: OnSlurm) -> None:
    on_slurm.experiment("brief", "exit 0\n")
    words = ("run", "brief", "--runner", "slurm", "--submit_template", "later", "-R", f"--n 0 {GROUPS} 1")
    path = killed_after_sbatch(on_slurm, *words)
    number = number_of(path)
    wait_until(lambda: on_slurm.qanat("status") and on_slurm.record(number)["groups"][0].get("job"))
    record = on_slurm.record(number)
    there = submitted(on_slurm, record)
    named = {g["group"]: g["job"] for g in on_slurm.groups(number) if "job" in g}
    assert set(named) == there
    assert [f"{job}" for job in named.values()] == on_slurm.in_queue("%i", number)
    assert record["submission"]["details"]["cluster"] == "tests"
    assert str(path.relative_to(on_slurm.root)) in on_slurm.committed_records()
    assert on_slurm.qanat("cancel", str(number), code=None).out.startswith(f"Run {number} of brief ")


def test_a_retry_that_is_killed_is_submitted_once_or_not_at_all(on_slurm: OnSlurm) -> None:
    old = kill_retries(on_slurm)
    marks = in_queue(on_slurm)
    assert {len(ids) for ids in marks.values()} == {1}
    check_retried(on_slurm, old, lambda intent: f"qanat:{intent}:1" in marks)


def without_its_jobs(project: OnSlurm) -> None:
    """Return the record of run 1 to the state in which a qanat leaves it that is killed once Slurm has the jobs."""
    (path,) = project.record_files()
    text = re.sub(r", job: '?[\d_]+'?", "", path.read_text())
    text = re.sub(r"^  (jobs|cluster|export):.*\n(  - .*\n)*", "", text, flags=re.MULTILINE)
    path.write_text(text)
    project.commit("without its jobs")  # what a person has edited would be left to that person
    assert project.records()[0]["groups"][0].get("job") is None


def test_an_answer_that_is_lost_leaves_a_record_that_the_next_command_completes(
    on_slurm: OnSlurm, tmp_path: Path
) -> None:
    """sbatch's own words are those of Slurm 22.05 when its controller is too busy to answer in time."""
    on_slurm.experiment("brief", "exit 0\n")
    lost = "sbatch: error: Batch job submission failed: Socket timed out on send/recv operation"
    path = with_sbatch(tmp_path, f'{shutil.which("sbatch")} "$@" >/dev/null\necho "{lost}" >&2\nexit 1\n')
    said = on_slurm.qanat("run", "brief", "-R", "--n 0 23 1", "--runner", "slurm", env={"PATH": path}, code=3).err
    assert said == f"qanat: Slurm may or may not have accepted the run: {lost}\n  hint: qanat status\n"
    on_slurm.settings("grace: {submit_s: 0}")
    groups = on_slurm.wait_for_states(*["finished"] * 21, "cancelled", "cancelled")
    assert len({group["job"] for group in groups[:21]}) == 21
    assert groups[21]["reason"] == NOTHING
    assert on_slurm.status() == ""


def test_one_retried_group_is_found_as_the_plain_job_that_it_is(on_slurm: OnSlurm) -> None:
    on_slurm.experiment("odd", 'exit "$2"\n')
    on_slurm.qanat("run", "odd", "--runner", "slurm", "-R", "--n 0,0,0,3", "--wait", code=1)
    on_slurm.qanat("retry", "1", "--failed", "--set", "begin=now+1hour")
    job = on_slurm.record()["groups"][3]["job"]
    assert job.isdecimal()
    (path,) = on_slurm.record_files()
    path.write_text(path.read_text().replace(f"job: '{job}'", "job: null"))
    on_slurm.commit("without its job")
    assert on_slurm.record()["groups"][3].get("job") is None
    on_slurm.qanat("status")
    assert on_slurm.record()["groups"][3]["job"] == job


@pytest.mark.parametrize("template", ["nice: 1\n", "comment: mine\n"])
def test_what_slurm_has_forgotten_since_is_found_in_accounting(on_accounting: OnSlurm, template: str) -> None:
    on_accounting.experiment("brief", "exit 3\n")
    on_accounting.settings("grace: {file_s: 0, submit_s: 0}")
    on_accounting.template("mine", template)
    on_accounting.submit("brief", "-R", "--n 0 2 1", "--submit_template", "mine")
    jobs = [group["job"] for group in on_accounting.record()["groups"]]
    for group in range(2):
        on_accounting.lose_completion(group=group, name="brief")
    on_accounting.accounted("FAILED", "FAILED")
    on_accounting.cluster.forget()
    without_its_jobs(on_accounting)
    groups = on_accounting.wait_for_states("failed", "failed")
    assert [group["job"] for group in groups] == jobs
    assert [group["exit_code"] for group in groups] == [3, 3]
    assert on_accounting.status() == ""


def test_what_nobody_remembers_is_not_said_never_to_have_been_submitted_when_it_has_left_output(
    on_slurm: OnSlurm,
) -> None:
    on_slurm.experiment("brief", "exit 0\n")
    on_slurm.settings("grace: {submit_s: 0}")
    on_slurm.submit("brief", "-R", "--n 0 2 1")
    on_slurm.ended(group=0, name="brief")
    on_slurm.lose_completion(group=1, name="brief")
    wait_until(lambda: on_slurm.in_queue("%T") == ["COMPLETED"] * 2)
    on_slurm.cluster.forget()
    without_its_jobs(on_slurm)
    first, second = on_slurm.groups()
    assert (first["state"], second["state"]) == ("finished", "lost")
    assert second["reason"] == (
        "how it ended is unknown: no completion.json in group_1, and Slurm does not know its job"
    )


def test_while_slurmdbd_is_down_nothing_is_said_to_be_so_before_it_is_known(on_accounting: OnSlurm) -> None:
    on_accounting.experiment("brief", "exit 0\n")
    on_accounting.settings("grace: {submit_s: 0}")
    with on_accounting.cluster.without_accounting():
        killed_before_sbatch(on_accounting)
        assert "it is not known yet whether run 1 was submitted" in on_accounting.qanat("status").err
        assert on_accounting.states() == ["queued"]
    check_settled(on_accounting)


def test_only_where_a_run_was_launched_can_it_be_said_that_nothing_was_submitted(on_slurm: OnSlurm) -> None:
    """Elsewhere another cluster answers, which knows of nothing."""
    on_slurm.experiment("brief", "exit 0\n")
    killed_before_sbatch(on_slurm)
    on_slurm.settings("grace: {submit_s: 0}")
    pretend_elsewhere(on_slurm, os.uname().nodename)
