"""Programs that need several attempts, on real schedulers, which queue them again themselves."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.cluster.htcondor_project import OnPool
from tests.cluster.on_cluster import OnCluster, wait_until
from tests.cluster.slurm_project import OnSlurm

# Saves when a signal tells it to, and has finished in its third attempt. In that of its argument, it saves by itself.
PROGRAM = """\
echo "attempt $QANAT_ATTEMPT"
save() { echo "$QANAT_ATTEMPT" >>"$QANAT_CHECKPOINT/saved"; exit 85; }
trap save USR1 TERM
[ "$QANAT_ATTEMPT" -lt 3 ] || exit 0
if [ "$1" = "$QANAT_ATTEMPT" ]; then sleep 1.2; save; fi
: >"$QANAT_CHECKPOINT/ready$QANAT_ATTEMPT"
n=0
while [ $((n += 1)) -lt 1200 ]; do sleep 0.1; done
"""
DEFINITION = """\
schema: experiment/1
name: {name}
executable: {name}.sh
executable_command: sh
checkpoint: {{exit_code: 85, attempts: {attempts}}}
"""


def define(project: OnCluster, name: str, program: str, attempts: int = 5) -> None:
    """Define and commit an experiment whose groups may continue."""
    project.write(f"{name}.sh", program)
    project.write(f".qanat/experiments/{name}.yaml", DEFINITION.format(name=name, attempts=attempts))
    project.commit(name)


def checkpoint(project: OnCluster, name: str) -> Path:
    """Return the checkpoint of run 1."""
    return project.storage(name) / "checkpoint"


def ends(project: OnCluster) -> list[tuple[int, str, int | None]]:
    """List how the earlier attempts at run 1 ended, as its record says."""
    return [(end["attempt"], end["state"], end.get("exit_code")) for end in project.record()["groups"][0]["earlier"]]


@pytest.mark.xdist_group("third slurm")
def test_slurm_warns_a_program_before_its_time_is_over_and_queues_it_again(on_slurm: OnSlurm) -> None:
    define(on_slurm, "count", PROGRAM)
    on_slurm.template("short", "time: 2\nsignal: B:USR1@115\n")
    on_slurm.submit("count", "2", "--submit-template", "short")
    wait_until((checkpoint(on_slurm, "count") / "saved").exists)
    (group,) = on_slurm.wait_for_states("queued")
    assert (group["attempt"], [end["state"] for end in group["earlier"]]) == (2, ["checkpoint"])
    on_slurm.qanat("wait", "1")
    assert ends(on_slurm) == [(1, "checkpoint", 85), (2, "checkpoint", 85)]
    (group,) = on_slurm.record()["groups"]
    assert (group["attempt"], group["state"]) == (3, "finished")
    assert (on_slurm.storage("count") / "stdout.txt").read_text() == "attempt 1\nattempt 2\nattempt 3\n"
    assert (checkpoint(on_slurm, "count") / "saved").read_text() == "1\n2\n"


@pytest.mark.xdist_group("third slurm")
def test_a_preempted_program_continues_and_a_cancelled_one_does_not(on_slurm: OnSlurm) -> None:
    define(on_slurm, "count", PROGRAM)
    on_slurm.template("low", "partition: low\nntasks: 64\nmem-per-cpu: 10\n")
    on_slurm.submit("count", "none", "--submit-template", "low")
    wait_until((checkpoint(on_slurm, "count") / "ready1").exists)
    on_slurm.cluster.run("sbatch", "-n", "64", "--mem-per-cpu=10", "-o", "/dev/null", stdin="#!/bin/sh\ntrue\n")
    wait_until((checkpoint(on_slurm, "count") / "ready2").exists)
    on_slurm.cluster.run("scancel", "--full", *on_slurm.numbers())
    on_slurm.wait_for_states("cancelled")
    assert ends(on_slurm) == [(1, "stopped", 85)]
    assert on_slurm.in_queue("%T") == ["CANCELLED"]


@pytest.mark.xdist_group("third slurm")
def test_slurm_queues_elements_of_an_array_again_up_to_the_limit(on_slurm: OnSlurm) -> None:
    define(on_slurm, "never", "sleep 1.2; exit 85\n", attempts=2)
    on_slurm.qanat("run", "never", "-g", "0", "-g", "1", "--runner", "slurm", "--wait", code=1)
    for group in on_slurm.record()["groups"]:
        assert (group["attempt"], group["state"], len(group["earlier"])) == (2, "failed", 1)
        assert group["reason"] == "exit code 85: it was to continue, but had no attempts left"


@pytest.mark.xdist_group("htcondor")
def test_htcondor_queues_a_program_again_that_ends_or_is_evicted(on_pool: OnPool) -> None:
    define(on_pool, "count", PROGRAM)
    on_pool.submit("count", "1")
    wait_until((checkpoint(on_pool, "count") / "ready2").exists)
    on_pool.pool.tool("condor_vacate_job", on_pool.record()["groups"][0]["job"])
    on_pool.qanat("wait", "1")
    assert ends(on_pool) == [(1, "checkpoint", 85), (2, "stopped", 85)]
    (group,) = on_pool.record()["groups"]
    assert (group["attempt"], group["state"]) == (3, "finished")
    assert (on_pool.storage("count") / "stdout.txt").read_text() == "attempt 1\nattempt 2\nattempt 3\n"
    assert (checkpoint(on_pool, "count") / "saved").read_text() == "1\n2\n"


@pytest.mark.xdist_group("htcondor")
def test_on_htcondor_the_last_attempt_is_the_last(on_pool: OnPool) -> None:
    define(on_pool, "never", "sleep 1.2; exit 85\n", attempts=2)
    on_pool.qanat("run", "never", "-g", "0", "-g", "1", "--runner", "htcondor", "--wait", code=1)
    for group in on_pool.record()["groups"]:
        assert (group["attempt"], group["state"], len(group["earlier"])) == (2, "failed", 1)
        assert group["reason"] == "exit code 85: it was to continue, but had no attempts left"
