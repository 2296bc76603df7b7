"""Jobs of several groups on real schedulers: each group keeps its own end, whatever happens to its job."""

from __future__ import annotations

import signal
from collections.abc import Callable
from typing import Any

import pytest

from tests.cluster.htcondor_project import OnPool
from tests.cluster.on_cluster import WAIT, OnCluster, wait_until
from tests.cluster.slurm_project import OnSlurm

pytestmark = pytest.mark.xdist_group("bundles")
# Ends as its first argument says.
ENDS = 'case $1 in 1) exit 3 ;; 4) kill -KILL "$$" ;; esac\necho "$QANAT_GROUP"\n'
# Group 1 waits for its gate, and others end at once.
ONE_WAITS = "case $QANAT_GROUP in 1) ;; *) exit 0 ;; esac\n" + WAIT


@pytest.fixture(params=["on_slurm", "on_pool"], ids=["Slurm", "HTCondor"])
def anywhere(request: pytest.FixtureRequest) -> OnCluster:
    """Return a project on the one scheduler, then on the other."""
    project: OnCluster = request.getfixturevalue(request.param)
    return project


def jobs(record: dict[str, Any]) -> list[str]:
    """List the jobs of a run's groups."""
    return [group["job"] for group in record["groups"]]


def remove(project: OnCluster) -> str:
    """Remove the first job of a run with the scheduler's own command, and return what its groups are to say."""
    job = jobs(project.record())[0]
    if isinstance(project, OnPool):
        project.pool.tool("condor_rm", job)
        return "via condor_rm"
    assert isinstance(project, OnSlurm)
    project.cluster.run("scancel", "--full", job)
    return "CANCELLED"


def test_groups_end_each_for_themselves_and_a_retry_takes_those_that_failed(anywhere: OnCluster) -> None:
    anywhere.experiment("ends", ENDS)
    groups = ("-R", "--n 0 7 1", "-g", "0", "-g", "1", "-g", "4")
    said = anywhere.qanat("run", "ends", "--runner", anywhere.runner, "--per-job", "3", *groups, "--yes").err
    assert said.endswith(": 7 jobs of up to 3 groups\n")
    record = anywhere.record()
    assert len(record["groups"]) == 21
    assert len(set(jobs(record))) == 7
    assert [jobs(record).count(job) for job in dict.fromkeys(jobs(record))] == [3] * 7
    ended = anywhere.wait_for_states(*["finished", "failed", "failed"] * 7)
    assert [group.get("exit_code") for group in ended] == [0, 3, None] * 7
    assert [group.get("signal") for group in ended] == [None, None, 9] * 7
    assert (anywhere.storage("ends", group=18) / "stdout.txt").read_text() == "18\n"
    anywhere.qanat("retry", "1", "--failed", "--per-job", "5")
    again = anywhere.record()
    assert [group["attempt"] for group in again["groups"] if "attempt" in group] == [2] * 14
    assert len({group["job"] for group in again["groups"] if "attempt" in group}) == 3
    anywhere.wait_for_states(*["finished", "failed", "failed"] * 7)
    anywhere.qanat("validate")


def test_single_groups_are_cancelled_and_limited_while_their_job_continues(anywhere: OnCluster) -> None:
    anywhere.experiment("wait", WAIT)
    gate = str(anywhere.gate())
    limits = ("--per-job", "5", "-j", "2", "--time-limit", "20s")
    anywhere.submit("wait", *limits, "-g", gate, "-g", gate, "-g", gate, "-g", f"{gate}-open 5", "-g", f"{gate}-open 0")
    anywhere.begun(group=0)
    anywhere.begun(group=1)
    turn = f"waits in job {jobs(anywhere.record())[0]} for its turn"
    states = [(group["state"], group.get("reason")) for group in anywhere.groups()]
    assert states == [("running", None), ("running", None), *[("queued", turn)] * 3]
    anywhere.gate("gate-open").touch()
    anywhere.qanat("cancel", "1", "--group", "0", "--group", "2")
    groups = anywhere.wait_for_states("cancelled", "failed", "cancelled", "failed", "finished")
    reasons = ["cancelled by qanat", "exceeded the time limit of 20s", "cancelled by qanat", "exit code 5", None]
    assert [group.get("reason") for group in groups] == reasons
    assert groups[2].get("started") is None
    assert anywhere.record()["submission"]["time_limit"] == "20s"


def test_a_removed_job_cancels_what_is_left_of_it_and_the_retry_takes_that(anywhere: OnCluster) -> None:
    anywhere.experiment("wait", ONE_WAITS)
    anywhere.submit("wait", "--per-job", "4", "-R", "--n 0 4 1", "-g", f"{anywhere.gate()} 0")
    anywhere.begun(group=1)
    why = remove(anywhere)
    groups = anywhere.wait_for_states("finished", "cancelled", "cancelled", "cancelled")
    assert all(why in group["reason"] for group in groups[1:])
    assert [group.get("started") is None for group in groups] == [False, False, True, True]
    anywhere.gate().touch()
    anywhere.qanat("retry", "1")
    anywhere.wait_for_states(*["finished"] * 4)
    assert [group.get("attempt", 1) for group in anywhere.groups()] == [1, 2, 2, 2]


def test_a_killed_qanat_leaves_jobs_that_the_next_command_finds(anywhere: OnCluster) -> None:
    anywhere.experiment("wait", WAIT)
    template = "later" if isinstance(anywhere, OnSlurm) else "never"
    words = ("run", "wait", "--runner", anywhere.runner, "--submit-template", template, "--per-job", "10")
    process = anywhere.start(*words, "-R", "--n 0 25 1", "-g", "gate", "--yes")
    wait_until(lambda: process.poll() is not None or submitted(anywhere))
    process.send_signal(signal.SIGKILL)
    process.communicate()
    anywhere.wait_for_states(*["queued"] * 25)
    wait_until(lambda: all("job" in group for group in anywhere.record()["groups"]))
    named = jobs(anywhere.record())
    assert [named.count(job) for job in dict.fromkeys(named)] == [10, 10, 5]
    anywhere.qanat("cancel", "1")
    anywhere.wait_for_states(*["cancelled"] * 25)


def submitted(project: OnCluster) -> bool:
    """Return whether the scheduler has a job of run 1."""
    records: Callable[[], list[Any]] = project.record_files
    if not records():
        return False
    intent = project.record()["submission"]["intent"]
    if isinstance(project, OnPool):
        return bool(project.pool.jobs(constraint=f'QanatIntent == "{intent}"'))
    assert isinstance(project, OnSlurm)
    return any(f"qanat:{intent}:" in line for line in project.cluster.squeue("%k"))


def test_an_evicted_job_continues_with_the_groups_that_it_has_not_ended(on_pool: OnPool) -> None:
    on_pool.experiment("wait", ONE_WAITS)
    on_pool.submit("wait", "--per-job", "3", "-R", "--n 0 3 1", "-g", f"{on_pool.gate()} 0")
    on_pool.begun(group=1)
    (on_pool.storage("wait", group=1) / "begun").unlink()
    on_pool.pool.tool("condor_vacate_job", str(on_pool.cluster()))
    on_pool.begun(group=1)
    on_pool.gate().touch()
    groups = on_pool.wait_for_states("finished", "finished", "finished")
    assert [group.get("attempt", 1) for group in groups] == [1, 2, 1]
