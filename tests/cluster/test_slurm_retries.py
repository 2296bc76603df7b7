"""Groups that are retried by a policy on a real Slurm cluster."""

from __future__ import annotations

import pytest

from tests.cluster.on_cluster import FLAKY, RETRIED, wait_until
from tests.cluster.slurm_project import OnSlurm

pytestmark = pytest.mark.xdist_group("slurm")


def test_a_group_that_exits_with_a_named_code_is_retried_until_it_succeeds(on_either: OnSlurm) -> None:
    on_either.experiment("flaky", FLAKY)
    on_either.template("often", "mem: 100M\n", RETRIED)
    words = ("-g", "0", "-g", "3", "--runner", "slurm", "--submit-template", "often", "--wait")
    said = on_either.qanat("run", "flaky", *words)
    assert "run 1 of flaky: group 1 is retried (exit code 75): attempt 2 of 3" in said.err
    record = on_either.record()
    assert [(g["state"], g.get("attempt", 1)) for g in record["groups"]] == [("finished", 1), ("finished", 3)]
    ends = record["groups"][1]["earlier"]
    assert [(end["attempt"], end["state"], end["exit_code"]) for end in ends] == [(1, "failed", 75), (2, "failed", 75)]
    assert record["runner"]["retry"] == {"when": [{"exit_code": [75]}], "times": 2}
    shown = on_either.qanat("show", "1").out
    assert "group 1: 3: finished, attempt 3 of 3" in shown
    assert "🔄 Retry: up to 3 attempts, after exit code 75" in shown
    assert on_either.status() == ""


def test_a_run_that_was_cancelled_is_not_retried(on_slurm: OnSlurm) -> None:
    on_slurm.experiment("flaky", FLAKY)
    on_slurm.template("often", "mem: 100M\n", RETRIED)
    on_slurm.submit("flaky", "-g", "3", "-g", "wait", "--submit-template", "often")
    wait_until(lambda: on_slurm.states() == ["failed", "running"])
    on_slurm.qanat("cancel", "1")
    on_slurm.wait_for_states("failed", "cancelled")
    assert [group.get("attempt", 1) for group in on_slurm.groups()] == [1, 1]


def test_a_group_whose_node_goes_down_is_retried(on_slurm: OnSlurm) -> None:
    on_slurm.experiment("slow", '[ -e "$1" ] && exit\n: >"$3/begun"\nexec sleep 300\n')
    on_slurm.settings("grace: {file_s: 0}")
    on_slurm.template("once", "no-requeue: true\n", "retry: {when: [node_failure], times: 1}\n")
    on_slurm.submit("slow", str(on_slurm.gate()), "--submit-template", "once")
    on_slurm.begun(name="slow")
    on_slurm.gate().touch()  # the first attempt has looked, and sleeps; the second may start as soon as there is one
    host = on_slurm.cluster.run("hostname", "-s")
    on_slurm.cluster.run("scontrol", "update", f"node={host}", "state=down", "reason=test")
    try:
        wait_until(lambda: on_slurm.groups()[0].get("attempt") == 2)
    finally:
        on_slurm.cluster.run("scontrol", "update", f"node={host}", "state=resume")
    (group,) = on_slurm.wait_for_states("finished")
    (end,) = group["earlier"]
    assert end["reason"].startswith("its node failed (NODE_FAIL)")
