"""qanat killed in the middle of a submission: the next command finds the cluster, or that there is none."""

from __future__ import annotations

import os
import re
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from tests.cluster.htcondor_project import OnPool
from tests.cluster.kills import (
    NOTHING,
    IsThere,
    after,
    check_clean,
    check_retried,
    happened,
    kill_at,
    kill_retries,
    kill_when,
    killed_once_submitted,
    number_of,
    pretend_elsewhere,
    settle,
)
from tests.cluster.on_cluster import JOB_S, wait_until

pytestmark = pytest.mark.xdist_group("another htcondor")

# Once for each step of a submission that can be seen from outside, and at random moments between.
SEEN_STEPS = ("record", "job script", "commands", "event log", "cluster in the queue", "jobs in the record", "commit")
RANDOM_KILLS = 12


@pytest.fixture
def quick(on_pool: OnPool) -> OnPool:
    """Return a project that soon trusts HTCondor that nothing was submitted."""
    on_pool.write(".qanat/config.yaml", "schema: config/1\ngrace: {submit_s: 3}\n")
    on_pool.experiment("brief", "exit 0\n")
    return on_pool


def is_queued(project: OnPool) -> IsThere:
    """Return what says whether the cluster with an intent is in the queue."""
    return lambda _, intent: bool(project.pool.jobs(constraint=f'QanatIntent == "{intent}"'))


# In place of HTCondor's bindings: they submit, tell so with a file, and wait.
BINDINGS = """\
import pathlib, sys, time
sys.path.remove({folder!r})
del sys.modules[__name__]
import htcondor2

submit = htcondor2.Schedd.submit

def submit_and_wait(*args, **options):
    submit(*args, **options)
    pathlib.Path({submitted!r}).touch()
    time.sleep(600)

htcondor2.Schedd.submit = submit_and_wait
"""


def killed_after_submit(project: OnPool, *words: str) -> Path:
    """Kill a command when the schedd has its cluster and has not told it so yet; return the file of its record."""
    folder, submitted = project.root.parent / "bindings", project.root.parent / "submitted"
    folder.mkdir()
    (folder / "htcondor2.py").write_text(BINDINGS.format(folder=str(folder), submitted=str(submitted)))
    return killed_once_submitted(project, submitted, *words, env={"PYTHONPATH": str(folder)})


def intents_in_pool(project: OnPool) -> Counter[str]:
    """Count the clusters that carry each intent, among all that the pool has or had."""
    found = set()
    for history in (False, True):
        for job in project.pool.jobs("QanatIntent", constraint="QanatIntent =!= undefined", history=history):
            found.add((job["QanatIntent"], job["ClusterId"]))
    return Counter(intent for intent, _ in found)


def check_settled(project: OnPool, before: Counter[str]) -> Counter[str]:
    """Let every run end, and check each record against what the pool knows; count the states."""
    settle(project)
    in_pool = intents_in_pool(project) - before
    assert set(in_pool.values()) <= {1}, "something was submitted twice"
    records = project.records()
    for record in records:
        check(record, in_pool)
    assert set(in_pool) <= {record["submission"]["intent"] for record in records}
    check_clean(project)
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
    words = ("run", "brief", "--runner", "htcondor", "-R", "--n 0 3 1")
    kill_at(quick, SEEN_STEPS, RANDOM_KILLS, is_queued(quick), *words)
    states = check_settled(quick, before)
    assert states["finished"]
    assert states["cancelled"]


def test_a_cluster_whose_qanat_was_killed_is_in_the_record_and_committed_by_the_next_command(quick: OnPool) -> None:
    words = ("run", "brief", "--runner", "htcondor", "--submit_template", "never", "-R", "--n 0 3 1")
    path = killed_after_submit(quick, *words)
    number = number_of(path)
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
    words = ("run", "brief", "--runner", "htcondor")
    # A schedd that does nothing takes nothing in before the kill.
    with quick.pool.frozen("SCHEDD"):
        assert kill_when(quick, lambda: happened(quick, "record", known, is_queued(quick)), *words)
    pretend_elsewhere(quick, os.uname().nodename)


def test_killed_while_the_schedd_is_frozen_nothing_is_said_to_be_so_before_it_is_known(quick: OnPool) -> None:
    before = intents_in_pool(quick)
    with quick.pool.frozen("SCHEDD"):
        known: set[Path] = set()
        words = ("run", "brief", "--runner", "htcondor")
        assert kill_when(quick, lambda: happened(quick, "job script", known, is_queued(quick)), *words)
        said = quick.qanat("status").err
        assert re.search(r"it is not known yet whether run 1 was submitted", said)
        assert quick.states() == ["queued"]
    assert check_settled(quick, before).total() == 1


def test_when_the_schedd_crashes_in_the_middle_a_run_is_submitted_once_or_not_at_all(quick: OnPool) -> None:
    """What qanat says depends on how far HTCondor has come; what it says is true."""
    # Of this universe the jobs are handed over one by one, which takes a while.
    quick.template("slow", "universe: local\nhold: true\n")
    before = intents_in_pool(quick)
    words = ("run", "brief", "--runner", "htcondor", "--submit_template", "slow", "-R", "--n 0 600 1")
    for delay_s in (0.0, 0.1, 0.2, 0.4):
        known = set(quick.record_files())
        process = quick.start(*words, real=True)
        wait_until(lambda k=known: happened(quick, "job script", k, is_queued(quick)))  # type: ignore[misc]
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
    before = intents_in_pool(quick)
    old = kill_retries(quick)
    in_pool = intents_in_pool(quick) - before
    assert set(in_pool.values()) <= {1}
    check_retried(quick, old, in_pool.get)
