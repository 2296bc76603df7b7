"""qanat killed in the middle of a submission: the next command finds the arrays, or that there are none."""

from __future__ import annotations

import os
import random
import re
import shlex
import shutil
import signal
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.cluster.on_cluster import wait_until
from tests.cluster.slurm_project import OnSlurm

pytestmark = pytest.mark.xdist_group("slurm")

SEED = 11
# Once for each step of a submission of three arrays that can be seen from outside, and at random moments between.
SEEN_STEPS = ("record", "job script", "1 array", "2 arrays", "3 arrays", "jobs in the record", "commit")
RANDOM_KILLS = 8
SPAN_S = 0.9
NOTHING = "nothing was submitted: qanat was killed before that"
GROUPS = 45
MARK = re.compile(r"qanat:([0-9a-f]+):(\d+)")


def in_queue(project: OnSlurm) -> dict[str, set[str]]:
    """Map the marks of all jobs that the cluster has or had to the arrays that carry them."""
    found: dict[str, set[str]] = {}
    for line in project.cluster.squeue("%F %k %j"):
        if match := MARK.search(line):
            found.setdefault(match[0], set()).add(line.split()[0])
    return found


def happened(project: OnSlurm, step: str, known: set[Path]) -> bool:
    """Return whether a submission has come this far; `known` are the records from before it."""
    new = [path for path in project.record_files() if path not in known]
    if not new:
        return False
    text, folder = new[0].read_text(), project.storage("brief", int(new[0].name.partition("-")[0]))
    match step.split():
        case ["record"]:
            return True
        case ["job", "script"]:
            return (folder / "job.sh").exists()
        case [count, "array" | "arrays"]:
            (intent,) = re.findall(r"intent: '?(\w+)", text)
            return sum(f"qanat:{intent}:" in mark for mark in in_queue(project)) >= int(count)
        case ["jobs", "in", "the", "record"]:
            return "cluster:" in text
        case ["commit"]:
            return str(new[0].relative_to(project.root)) in project.committed_records()
    raise AssertionError(step)


def kill_when(project: OnSlurm, has_come: Callable[[], object], *words: str) -> bool:
    """Start a command and kill it at a chosen point; return whether it was still running then."""
    process = project.start(*words)
    wait_until(lambda: process.poll() is not None or has_come())
    in_time = process.poll() is None
    process.send_signal(signal.SIGKILL)
    process.communicate()
    return in_time


def killed_before_sbatch(project: OnSlurm) -> None:
    """Kill `run brief` when its record is written and sbatch, which does nothing here, has been called."""
    here = project.root.parent
    path = with_sbatch(here, f"echo x >{shlex.quote(str(here / 'called'))}\nexec sleep 20\n")
    process = project.start("run", "brief", "--runner", "slurm", env={**os.environ, "PATH": path})
    wait_until((here / "called").exists)
    process.send_signal(signal.SIGKILL)
    process.communicate()


def with_sbatch(folder: Path, script: str) -> str:
    """Replace sbatch by a script; return the PATH with it."""
    (folder / "bin").mkdir()
    program = folder / "bin/sbatch"
    program.write_text(f"#!/bin/sh\n{script}")
    program.chmod(0o755)
    return f"{program.parent}{os.pathsep}{os.environ['PATH']}"


def after(delay_s: float) -> Callable[[], bool]:
    moment = time.monotonic() + delay_s
    return lambda: time.monotonic() > moment


def submitted(project: OnSlurm, record: dict[str, Any]) -> set[int]:
    """List the groups of a run for which there is, or was, a job; an array with the same mark twice is an error."""
    arrays = {mark: ids for mark, ids in in_queue(project).items() if record["submission"]["intent"] in mark}
    assert {len(ids) for ids in arrays.values()} <= {1}, "something was submitted twice"
    offsets = [int(mark.rpartition(":")[2]) for mark in arrays]
    return {offset + n for offset in offsets for n in range(21) if offset + n < len(record["groups"])}


def check_settled(project: OnSlurm) -> Counter[str]:
    """Let every run end, and check each group against what Slurm has had; count the states."""
    wait_until(lambda: not project.qanat("status", "--json").json["in_flight"])
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
    assert {str(path.relative_to(project.root)) for path in project.record_files()} == project.committed_records()
    assert project.status() == ""
    assert list((project.root / ".git/qanat/inflight").iterdir()) == []
    return states


def test_killed_at_any_step_each_array_is_submitted_once_or_not_at_all_and_the_record_says_which(
    on_either: OnSlurm,
) -> None:
    on_either.experiment("brief", "exit 0\n")
    chance = random.Random(SEED)
    words = ("run", "brief", "--runner", "slurm", "-R", f"--n 0 {GROUPS} 1")
    in_time = []
    for step in SEEN_STEPS:
        known = set(on_either.record_files())
        in_time.append(kill_when(on_either, lambda s=step, k=known: happened(on_either, s, k), *words))  # type: ignore[misc]
    for _ in range(RANDOM_KILLS):
        in_time.append(kill_when(on_either, after(chance.uniform(0, SPAN_S)), *words))
    states = check_settled(on_either)
    assert any(in_time)
    assert states["finished"]
    assert states["cancelled"]


def test_arrays_whose_qanat_was_killed_are_in_the_record_and_committed_by_the_next_command(on_slurm: OnSlurm) -> None:
    on_slurm.experiment("brief", "exit 0\n")
    words = ("run", "brief", "--runner", "slurm", "--submit_template", "later", "-R", f"--n 0 {GROUPS} 1")
    for _ in range(20):
        known = set(on_slurm.record_files())
        in_time = kill_when(on_slurm, lambda k=known: happened(on_slurm, "1 array", k), *words)  # type: ignore[misc]
        path = (set(on_slurm.record_files()) - known).pop()
        if in_time and "cluster:" not in path.read_text():
            break
    else:
        pytest.fail("qanat was never killed between the submission and the record")
    number = int(path.name.partition("-")[0])
    assert str(path.relative_to(on_slurm.root)) not in on_slurm.committed_records()
    # The last call of sbatch may have outlived its qanat.
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
    on_slurm.experiment("half", 'exit "$2"\n')
    chance = random.Random(SEED)
    for _ in range(4):
        on_slurm.qanat("run", "half", "--runner", "slurm", "-R", "--n 0 2 1", "--wait", code=1)
    old = {record["id"]: record["submission"]["intent"] for record in on_slurm.records()}
    for number in range(1, 5):
        kill_when(on_slurm, after(chance.uniform(0.2, SPAN_S)), "retry", str(number))
    wait_until(lambda: not on_slurm.qanat("status", "--json").json["in_flight"])
    marks = in_queue(on_slurm)
    assert {len(ids) for ids in marks.values()} == {1}
    for record in on_slurm.records():
        good, bad = record["groups"]
        assert (good["state"], good.get("attempt", 1)) == ("finished", 1)
        intent = record["submission"]["intent"]
        if intent == old[record["id"]]:
            assert (bad["state"], bad["exit_code"], bad.get("attempt", 1)) == ("failed", 1, 1)
        elif f"qanat:{intent}:1" in marks:
            assert (bad["state"], bad["exit_code"], bad["attempt"]) == ("failed", 1, 2)
        else:
            assert (bad["state"], bad["reason"], bad["attempt"]) == ("cancelled", NOTHING, 2)
    assert on_slurm.status() == ""


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
    (path,) = on_slurm.record_files()
    path.write_text(path.read_text().replace(f"host: {os.uname().nodename}\n", "host: login02\n"))
    for journal in (on_slurm.root / ".git/qanat/inflight").iterdir():
        journal.unlink()
    said = on_slurm.qanat("status").err
    assert said == "note: whether run 1 of brief was submitted can be determined only on login02\n"
    assert on_slurm.states() == ["queued"]
