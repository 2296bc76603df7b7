"""qanat killed in the middle of a submission: the next command finds the cluster, or that there is none."""

from __future__ import annotations

import os
import random
import re
import signal
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.cluster.htcondor_project import OnPool
from tests.cluster.on_cluster import JOB_S, wait_until

pytestmark = pytest.mark.xdist_group("another htcondor")

SEED = 11
# Once for each step of a submission that can be seen from outside, and at random moments between.
SEEN_STEPS = ("record", "job script", "commands", "event log", "cluster in the queue", "jobs in the record", "commit")
RANDOM_KILLS = 12
SPAN_S = 0.9
NOTHING = "nothing was submitted: qanat was killed before that"


@pytest.fixture
def quick(on_pool: OnPool) -> OnPool:
    """Return a project that soon trusts HTCondor that nothing was submitted."""
    on_pool.write(".qanat/config.yaml", "schema: config/1\ngrace: {submit_s: 3}\n")
    on_pool.experiment("brief", "exit 0\n")
    return on_pool


def happened(project: OnPool, step: str, known: set[Path]) -> bool:
    """Return whether a submission has come this far; `known` are the records from before it."""
    new = [path for path in project.record_files() if path not in known]
    if not new:
        return False
    text, folder = new[0].read_text(), project.storage("brief", int(new[0].name.partition("-")[0]))
    match step:
        case "record":
            return True
        case "job script":
            return (folder / "job.sh").exists()
        case "commands":
            return (folder / "commands/0.sh").exists()
        case "event log":
            return (folder / "htcondor.log").exists()
        case "cluster in the queue":
            intent = re.findall(r"intent: '?(\w+)", text)[0]
            return bool(project.pool.jobs(constraint=f'QanatIntent == "{intent}"'))
        case "jobs in the record":
            return "cluster:" in text
        case "commit":
            return str(new[0].relative_to(project.root)) in project.committed_records()
    raise AssertionError(step)


def kill_when(project: OnPool, has_come: Callable[[], object], *words: str) -> bool:
    """Start a command and kill it at a chosen point; return whether it was still running then."""
    process = project.start(*words)
    wait_until(lambda: process.poll() is not None or has_come())
    in_time = process.poll() is None
    process.send_signal(signal.SIGKILL)
    process.communicate()
    return in_time


def after(delay_s: float) -> Callable[[], bool]:
    moment = time.monotonic() + delay_s
    return lambda: time.monotonic() > moment


def intents_in_pool(project: OnPool) -> Counter[str]:
    """Count the clusters that carry each intent, among all that the pool has or had."""
    found = set()
    for history in (False, True):
        for job in project.pool.jobs("QanatIntent", constraint="QanatIntent =!= undefined", history=history):
            found.add((job["QanatIntent"], job["ClusterId"]))
    return Counter(intent for intent, _ in found)


def check_settled(project: OnPool, before: Counter[str]) -> Counter[str]:
    """Let every run end, and check each record against what the pool knows; count the states."""
    wait_until(lambda: not project.qanat("status", "--json").json["in_flight"])
    in_pool = intents_in_pool(project) - before
    assert set(in_pool.values()) <= {1}, "something was submitted twice"
    records = project.records()
    for record in records:
        check(record, in_pool)
    assert set(in_pool) <= {record["submission"]["intent"] for record in records}
    assert {str(path.relative_to(project.root)) for path in project.record_files()} == project.committed_records()
    assert project.status() == ""
    assert list((project.root / ".git/qanat/inflight").iterdir()) == []
    return Counter(record["state"] for record in records)


def check(record: dict[str, Any], in_pool: Counter[str]) -> None:
    if in_pool[record["submission"]["intent"]]:
        cluster = record["submission"]["details"]["cluster"]
        assert record["state"] == "finished", record
        assert [g["job"] for g in record["groups"]] == [f"{cluster}.{n}" for n in range(len(record["groups"]))]
        return
    assert record["state"] == "cancelled", record
    assert {g["reason"] for g in record["groups"]} == {NOTHING}


def test_killed_at_any_step_a_run_is_submitted_once_or_not_at_all_and_the_record_says_which(quick: OnPool) -> None:
    before = intents_in_pool(quick)
    chance = random.Random(SEED)
    words = ("run", "brief", "--runner", "htcondor", "-R", "--n 0 3 1")
    in_time = []
    for step in SEEN_STEPS:
        known = set(quick.record_files())
        in_time.append(kill_when(quick, lambda s=step, k=known: happened(quick, s, k), *words))  # type: ignore[misc]
    for _ in range(RANDOM_KILLS):
        in_time.append(kill_when(quick, after(chance.uniform(0, SPAN_S)), *words))
    states = check_settled(quick, before)
    assert any(in_time)
    assert states["finished"]
    assert states["cancelled"]


def test_a_cluster_whose_qanat_was_killed_is_in_the_record_and_committed_by_the_next_command(quick: OnPool) -> None:
    words = ("run", "brief", "--runner", "htcondor", "--submit_template", "never", "-R", "--n 0 3 1")
    for _ in range(20):
        known = set(quick.record_files())
        in_time = kill_when(quick, lambda k=known: happened(quick, "event log", k), *words)  # type: ignore[misc]
        if in_time and "cluster:" not in (path := (set(quick.record_files()) - known).pop()).read_text():
            break
    else:
        pytest.fail("qanat was never killed between the submission and the record")
    number = int(path.name.partition("-")[0])
    assert str(path.relative_to(quick.root)) not in quick.committed_records()
    quick.qanat("status")
    record = quick.record(number)
    (job, *_) = quick.pool.jobs(constraint=f'QanatIntent == "{record["submission"]["intent"]}"')
    assert record["submission"]["details"]["cluster"] == job["ClusterId"]
    assert [g["job"] for g in record["groups"]] == [f"{job['ClusterId']}.{n}" for n in range(3)]
    assert str(path.relative_to(quick.root)) in quick.committed_records()
    assert quick.states(number) == ["queued"] * 3
    assert quick.qanat("cancel", str(number)).out == f"Run {number} of brief cancelled\n"


def test_only_where_a_run_was_launched_can_it_be_said_that_nothing_was_submitted(quick: OnPool) -> None:
    """Elsewhere another schedd answers, which knows of nothing."""
    known: set[Path] = set()
    # A schedd that does nothing takes nothing in before the kill.
    with quick.pool.frozen("SCHEDD"):
        assert kill_when(quick, lambda: happened(quick, "record", known), "run", "brief", "--runner", "htcondor")
    (path,) = quick.record_files()
    path.write_text(path.read_text().replace(f"host: {os.uname().nodename}\n", "host: login02\n"))
    for journal in (quick.root / ".git/qanat/inflight").iterdir():
        journal.unlink()
    said = quick.qanat("status").err
    assert said == "note: whether run 1 of brief was submitted can be determined only on login02\n"
    assert quick.states() == ["queued"]


def test_killed_while_the_schedd_is_frozen_nothing_is_said_to_be_so_before_it_is_known(quick: OnPool) -> None:
    before = intents_in_pool(quick)
    with quick.pool.frozen("SCHEDD"):
        known: set[Path] = set()
        words = ("run", "brief", "--runner", "htcondor")
        assert kill_when(quick, lambda: happened(quick, "job script", known), *words)
        said = quick.qanat("status").err
        assert re.search(r"it is not known yet whether run 1 was submitted", said)
        assert quick.states() == ["queued"]
    assert check_settled(quick, before).total() == 1


def test_when_the_schedd_crashes_in_the_middle_a_run_is_submitted_once_or_not_at_all(quick: OnPool) -> None:
    """What qanat says depends on how far HTCondor has come; what it says is true."""
    # Of this universe the jobs are handed over one by one, which takes a while.
    quick.template("slow", "universe: local\nhold: true\n")
    before = intents_in_pool(quick)
    words = ("run", "brief", "--runner", "htcondor", "--submit_template", "slow", "-R", "--n 0 1500 1")
    for delay_s in (0.0, 0.1, 0.2, 0.4):
        known = set(quick.record_files())
        process = quick.start(*words)
        wait_until(lambda k=known: happened(quick, "job script", k))  # type: ignore[misc]
        wait_until(after(delay_s))
        quick.pool.restart_daemon("SCHEDD")
        _, said = process.communicate(timeout=JOB_S)
        new = set(quick.record_files()) - known
        assert "Traceback" not in said
        if process.returncode == 0:
            assert "Submitted as job" in said
            assert len(new) == 1
        elif "may or may not" in said:
            assert len(new) == 1
        else:
            assert re.search(r"HTCondor (refused the run|cannot be reached): ", said)
            assert new == set()
            assert quick.status() == ""
    wait_until(lambda: all(is_known(quick, record) for record in quick.records()))
    in_pool = intents_in_pool(quick) - before
    assert set(in_pool.values()) <= {1}
    assert set(in_pool) == {r["submission"]["intent"] for r in quick.records() if r["state"] == "queued"}


def is_known(project: OnPool, record: dict[str, Any]) -> bool:
    """Poll again, and return whether a record says where its jobs are, or that there are none."""
    project.qanat("status")
    now = project.record(int(record["id"].partition("-")[0]))
    return "cluster" in now["submission"].get("details", {}) or now["state"] == "cancelled"


def test_a_retry_that_is_killed_is_submitted_once_or_not_at_all(quick: OnPool) -> None:
    quick.experiment("half", 'exit "$2"\n')
    chance = random.Random(SEED)
    for _ in range(4):
        quick.submit("half", "-R", "--n 0 2 1")
    wait_until(lambda: not quick.qanat("status", "--json").json["in_flight"])
    before = intents_in_pool(quick)
    old = {record["id"]: record["submission"]["intent"] for record in quick.records()}
    for number in range(1, 5):
        kill_when(quick, after(chance.uniform(0.2, SPAN_S)), "retry", str(number))
    wait_until(lambda: not quick.qanat("status", "--json").json["in_flight"])
    in_pool = intents_in_pool(quick) - before
    assert set(in_pool.values()) <= {1}
    for record in quick.records():
        good, bad = record["groups"]
        assert (good["state"], good.get("attempt", 1)) == ("finished", 1)
        intent = record["submission"]["intent"]
        if intent == old[record["id"]]:
            assert (bad["state"], bad["exit_code"], bad.get("attempt", 1)) == ("failed", 1, 1)
        elif in_pool[intent]:
            assert (bad["state"], bad["exit_code"], bad["attempt"]) == ("failed", 1, 2)
        else:
            assert (bad["state"], bad["reason"], bad["attempt"]) == ("cancelled", NOTHING, 2)
    assert quick.status() == ""
