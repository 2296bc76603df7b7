"""Runs on real schedulers that start after others: Slurm itself keeps the order, a job of the pool does on HTCondor."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path

import pytest

from tests.cluster.htcondor_project import OnPool
from tests.cluster.on_cluster import WAIT, OnCluster, wait_until
from tests.cluster.slurm_project import OnSlurm
from tests.support.chains_page import follow_page

ON_POOL, ON_SLURM = pytest.mark.xdist_group("third htcondor"), pytest.mark.xdist_group("fourth slurm")
RELEASED_LATER = "Run 3 of brief is released once the runs before it have ended\n"


@pytest.fixture(params=[pytest.param("on_pool", marks=ON_POOL), pytest.param("on_slurm", marks=ON_SLURM)])
def project(request: pytest.FixtureRequest) -> OnCluster:
    """Return a project on HTCondor, then on Slurm, whose programs of `brief` end at once."""
    found: OnCluster = request.getfixturevalue(request.param)
    found.experiment("wait", WAIT)
    found.experiment("brief", "exit 0\n")
    return found


@pytest.fixture
def chain(project: OnCluster) -> OnCluster:
    """Return a project with run 1, which runs until there is a gate, run 2 of two groups after it, and run 3."""
    project.submit("wait", str(project.gate()), "0")
    project.submit("brief", "-R", "--n 0 2 1", "--after", "1")
    project.submit("brief", "--after", "2")
    return project


def waits_in_queue(project: OnSlurm, run: int) -> list[str]:
    """List why Slurm does not start the jobs of a run."""
    return project.in_queue("%T %r", run)


def check_waiting(project: OnCluster) -> None:
    """Check that run 2 of a chain waits, for the scheduler as well."""
    if isinstance(project, OnPool):
        assert project.job("HoldReasonCode", run=2)["HoldReasonCode"] == 15
    if isinstance(project, OnSlurm):
        wait_until(lambda: waits_in_queue(project, 2) == ["PENDING Dependency"] * 2)
    state = "held" if isinstance(project, OnPool) else "queued"
    assert f"run 2: 2 groups {state}: waits for run 1 (wait)" in project.qanat("status").out


def test_each_run_starts_once_the_one_before_it_has_finished_without_anybody_looking(chain: OnCluster) -> None:
    check_waiting(chain)
    # Held and released meanwhile, it still starts in its turn.
    chain.qanat("hold", "3")
    assert chain.states(3) == ["held"]
    assert chain.qanat("release", "3").out == RELEASED_LATER
    chain.gate().touch()
    chain.ended(3, name="brief")
    ends = [chain.wait_for_states(*["finished"] * len(chain.groups(run)), run=run) for run in (1, 2, 3)]
    for before, after in pairwise(ends):
        assert max(group["ended"] for group in before) <= min(group["started"] for group in after)
    assert chain.record(3)["after"] == [{"run": chain.record(2)["id"]}]
    if isinstance(chain, OnPool):
        # The job that released them has left the queue, too.
        wait_until(lambda: not chain.pool.jobs())
    assert chain.status() == ""


def test_what_is_held_does_not_start_in_its_turn_but_when_it_is_released(chain: OnCluster) -> None:
    chain.qanat("hold", "2")
    chain.gate().touch()
    chain.wait_for_states("finished")
    assert chain.states(2) == ["held"] * 2
    assert chain.qanat("release", "2").out == "Run 2 of brief is being released\n"
    chain.ended(3, name="brief")
    chain.wait_for_states("finished", run=3)


def check_continued(project: OnCluster, *more: str) -> None:
    """Check that runs 2 and 3 of a chain are cancelled after run 1 has failed, and continue after retries."""
    assert project.qanat("wait", "3", code=1).err.endswith("  hint: run it again with: qanat retry 3\n")
    assert [project.groups(run)[0].get("reason") for run in (2, 3)] == ["run 1 failed", "run 2 was cancelled"]
    project.wait_for_states(*["finished"] * len(project.groups(4)), run=4)
    said = project.qanat("retry", "2", code=2).err
    assert said.startswith("qanat: run 2 starts after run 1, and run 1 failed\n  hint: retry that one first:")
    project.gate().touch()
    for run in ("1", "2", "3"):
        project.qanat("retry", run, *more)
    project.qanat("wait", "3")
    assert [project.states(run) for run in (1, 2, 3)] == [["finished"]] * 3
    assert project.status() == ""


def submit_failing(project: OnCluster, *last: str, template: str = "default") -> None:
    """Submit run 1, which fails without a gate, runs 2 and 3 after it, and run 4 after whatever end of it."""
    project.experiment("mended", '[ -e "$1" ]\n')
    project.submit("mended", str(project.gate()), "--submit-template", template)
    project.submit("brief", "--after", "1")
    project.submit("brief", "--after", "2")
    project.submit("brief", *last, "--after", "1:any")


@pytest.mark.parametrize("project", [pytest.param("on_pool", marks=ON_POOL)], indirect=True)
def test_a_chain_on_htcondor_whose_first_run_fails_ends_and_continues_after_retries(project: OnPool) -> None:
    with project.pool.frozen("STARTD"):
        submit_failing(project, "-R", "--n 0 4 1", "--max-running", "2")
        assert project.states(4) == ["held"] * 4
        project.pool.restart_daemon("SCHEDD")  # which forgets how many jobs it has yet to create
    check_continued(project)


@pytest.mark.parametrize("project", [pytest.param("on_slurm", marks=ON_SLURM)], indirect=True)
def test_a_chain_on_slurm_whose_first_run_fails_ends_and_continues_after_retries(project: OnSlurm) -> None:
    submit_failing(project, template="later")
    (job,) = (group["job"] for group in project.record(1)["groups"])
    project.cluster.run("scontrol", "update", f"JobId={job}", "StartTime=now")
    project.ended(1, name="mended")
    # Nobody has looked: Slurm has cancelled what can no longer start.
    wait_until(lambda: waits_in_queue(project, 3) == ["CANCELLED DependencyNeverSatisfied"])
    check_continued(project, "--set", "begin=now")


@pytest.mark.parametrize("project", [pytest.param("on_pool", marks=ON_POOL)], indirect=True)
def test_a_run_on_htcondor_after_one_of_this_machine_is_released(project: OnPool) -> None:
    project.qanat("run", "--detach", "wait", str(project.gate()), "0")
    project.submit("brief", "--after", "1")
    project.submit("brief", "--after", "2", "--after", "1")
    project.gate().touch()
    project.ended(3, name="brief")
    project.wait_for_states("finished", run=3)


@pytest.mark.parametrize("project", [pytest.param("on_slurm", marks=ON_SLURM)], indirect=True)
def test_what_qanat_had_no_time_to_release_on_slurm_is_released_by_the_next_command(chain: OnSlurm) -> None:
    """As if it had been killed between sbatch and scontrol release."""
    for number in chain.numbers(2):
        chain.cluster.run("scontrol", "hold", number)
    chain.gate().touch()
    chain.ended(1)
    chain.wait_for_states("finished", run=1)
    chain.wait_for_states("finished", "finished", run=2)


@pytest.mark.parametrize("project", [pytest.param("on_slurm", marks=ON_SLURM)], indirect=True)
def test_a_run_after_one_that_slurm_has_forgotten_is_held(project: OnSlurm) -> None:
    project.submit("wait", str(project.gate()), "0")
    project.begun()
    project.gate().touch()
    project.lose_completion()
    project.cluster.forget()
    said = project.qanat("run", "brief", "--runner", "slurm", "--after", "1").err
    assert "note: run 2 is held: once it may start, the next qanat command that looks at runs releases it" in said
    assert waits_in_queue(project, 2) == ["PENDING JobHeldUser"]
    assert project.groups(2)[0]["reason"] == "waits for run 1 (wait)"
    project.qanat("cancel", "2")


def test_the_page_on_chains_is_right_about_both(project: OnCluster, tmp_path: Path) -> None:
    follow_page(tmp_path / "my chain", f"--runner {project.runner}")
