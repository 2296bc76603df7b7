"""Groups that are retried by a policy on a real HTCondor pool: by HTCondor itself where it can."""

from __future__ import annotations

import pytest

from tests.cluster.htcondor_project import OnPool
from tests.cluster.on_cluster import FLAKY, RETRIED, wait_until

pytestmark = pytest.mark.xdist_group("htcondor")
# Takes 300 s at its first attempt.
SLOW = '[ -e "$2/attempts" ] && exit\nexec sleep 300\n'


def test_htcondor_reruns_a_program_that_exits_with_a_named_code(on_pool: OnPool) -> None:
    on_pool.experiment("flaky", FLAKY)
    on_pool.template("often", "request_memory: 100MB\n", RETRIED)
    words = ("-g", "0", "-g", "3", "--runner", "htcondor", "--submit-template", "often", "--wait")
    on_pool.qanat("run", "flaky", *words)
    record = on_pool.record()
    assert [(g["state"], g.get("attempt", 1)) for g in record["groups"]] == [("finished", 1), ("finished", 3)]
    ends = record["groups"][1]["earlier"]
    assert [(end["attempt"], end["exit_code"]) for end in ends] == [(1, 75), (2, 75)]
    assert {group["job"].partition(".")[0] for group in record["groups"]} == {str(on_pool.cluster())}
    assert record["runner"]["options"] == {"request_memory": "100MB"}
    assert "group 1: 3: finished, attempt 3 of 3" in on_pool.qanat("show", "1").out
    assert on_pool.status() == ""


def test_a_group_that_never_succeeds_gets_no_more_attempts(on_pool: OnPool) -> None:
    on_pool.experiment("flaky", FLAKY)
    on_pool.template("often", "request_memory: 100MB\n", RETRIED)
    words = ("-g", "9", "--runner", "htcondor", "--submit-template", "often", "--wait")
    on_pool.qanat("run", "flaky", *words, code=1)
    (group,) = on_pool.record()["groups"]
    assert (group["state"], group["exit_code"], group["attempt"]) == ("failed", 75, 3)


def test_a_job_that_took_too_long_is_not_held_but_retried_with_more_time(on_pool: OnPool) -> None:
    on_pool.experiment("slow", SLOW)
    on_pool.settings("grace: {file_s: 3}")
    policy = "retry: {when: [timeout], times: 1, time: 1.5x}\n"
    on_pool.template("short", "allowed_job_duration: 10\n", policy)
    on_pool.submit("slow", "--submit-template", "short")
    wait_until(lambda: on_pool.groups()[0].get("attempt") == 2)
    on_pool.qanat("wait", "1")
    record = on_pool.record()
    (group,) = record["groups"]
    (end,) = group["earlier"]
    assert (group["state"], end["state"]) == ("finished", "failed")
    assert end["reason"].endswith("HTCondor's code 46)")
    assert record["runner"]["options"] == {"allowed_job_duration": "15"}
    assert record["submission"]["changed"] == {"allowed_job_duration": "1.5x"}


def test_a_job_that_is_held_for_its_memory_is_retried_with_more(on_pool: OnPool) -> None:
    on_pool.experiment("slow", SLOW)
    on_pool.settings("grace: {file_s: 3}")
    policy = "retry: {when: [out_of_memory], times: 1, memory: 5x}\n"
    # Without control groups, nothing measures memory in time; this expression holds what has requested too little.
    hold = "periodic_hold: JobStatus == 2 && RequestMemory < 200\nperiodic_hold_subcode: 102\n"
    on_pool.template("small", f"request_memory: 100MB\n{hold}", policy)
    on_pool.submit("slow", "--submit-template", "small")
    wait_until(lambda: on_pool.groups()[0].get("attempt") == 2)
    on_pool.qanat("wait", "1")
    record = on_pool.record()
    (group,) = record["groups"]
    (end,) = group["earlier"]
    assert group["state"] == "finished"
    assert end["reason"].endswith("HTCondor's code 3, subcode 102)")
    assert record["runner"]["options"]["request_memory"] == "500MB"
    assert record["submission"]["changed"] == {"request_memory": "5x"}
