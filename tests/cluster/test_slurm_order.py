"""Runs on a real Slurm cluster that start after others: Slurm itself keeps the order, and qanat whatever it cannot."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path

import pytest

from tests.cluster.on_cluster import WAIT, wait_until
from tests.cluster.slurm_project import OnSlurm
from tests.support.chains_page import follow_page

pytestmark = pytest.mark.xdist_group("another slurm")


@pytest.fixture
def chain(on_slurm: OnSlurm) -> OnSlurm:
    """Return a project with run 1, which runs until there is a gate, run 2 of two groups after it, and run 3."""
    on_slurm.experiment("wait", WAIT)
    on_slurm.experiment("brief", "exit 0\n")
    on_slurm.submit("wait", str(on_slurm.gate()), "0")
    on_slurm.submit("brief", "-R", "--n 0 2 1", "--after", "1")
    on_slurm.submit("brief", "--after", "2")
    return on_slurm


def waits_in_queue(project: OnSlurm, run: int) -> list[str]:
    """List why Slurm does not start the jobs of a run."""
    return project.in_queue("%T %r", run)


def test_slurm_starts_each_run_once_the_one_before_it_has_finished(chain: OnSlurm) -> None:
    wait_until(lambda: waits_in_queue(chain, 2) == ["PENDING Dependency"] * 2)
    assert "run 2: 2 groups queued: waits for run 1 (wait)" in chain.qanat("status").out
    chain.gate().touch()
    # Nobody looks meanwhile.
    chain.ended(3, name="brief")
    ends = [chain.wait_for_states(*["finished"] * len(chain.groups(run)), run=run) for run in (1, 2, 3)]
    for before, after in pairwise(ends):
        assert max(group["ended"] for group in before) <= min(group["started"] for group in after)
    assert chain.record(3)["after"] == [{"run": chain.record(2)["id"]}]
    assert chain.status() == ""


def test_a_chain_whose_first_run_fails_ends_and_continues_after_retries(on_slurm: OnSlurm) -> None:
    on_slurm.experiment("mended", '[ -e "$1" ]\n')
    on_slurm.experiment("brief", "exit 0\n")
    on_slurm.submit("mended", str(on_slurm.gate()), "--submit-template", "later")
    on_slurm.submit("brief", "--after", "1")
    on_slurm.submit("brief", "--after", "2")
    on_slurm.submit("brief", "--after", "1:any")
    (job,) = (group["job"] for group in on_slurm.record(1)["groups"])
    on_slurm.cluster.run("scontrol", "update", f"JobId={job}", "StartTime=now")
    on_slurm.ended(1, name="mended")
    # Nobody has looked: Slurm has cancelled what can no longer start.
    wait_until(lambda: waits_in_queue(on_slurm, 3) == ["CANCELLED DependencyNeverSatisfied"])
    assert on_slurm.qanat("wait", "3", code=1).err.endswith("  hint: run it again with: qanat retry 3\n")
    assert [on_slurm.groups(run)[0].get("reason") for run in (2, 3)] == ["run 1 failed", "run 2 was cancelled"]
    on_slurm.wait_for_states("finished", run=4)
    said = on_slurm.qanat("retry", "2", code=2).err
    assert said.startswith("qanat: run 2 starts after run 1, and run 1 failed\n  hint: retry that one first:")
    on_slurm.gate().touch()
    for run in ("1", "2", "3"):
        on_slurm.qanat("retry", run, "--set", "begin=now")
    on_slurm.qanat("wait", "3")
    assert [on_slurm.states(run) for run in (1, 2, 3)] == [["finished"]] * 3
    assert on_slurm.status() == ""


def test_what_qanat_had_no_time_to_release_is_released_by_the_next_command(chain: OnSlurm) -> None:
    """As if it had been killed between sbatch and scontrol release."""
    for number in chain.numbers(2):
        chain.cluster.run("scontrol", "hold", number)
    chain.gate().touch()
    chain.ended(1)
    chain.wait_for_states("finished", run=1)
    chain.wait_for_states("finished", "finished", run=2)


def test_a_run_after_one_that_slurm_has_forgotten_is_held(on_slurm: OnSlurm) -> None:
    on_slurm.experiment("wait", WAIT)
    on_slurm.experiment("brief", "exit 0\n")
    on_slurm.submit("wait", str(on_slurm.gate()), "0")
    on_slurm.begun()
    on_slurm.gate().touch()
    on_slurm.lose_completion()
    on_slurm.cluster.forget()
    said = on_slurm.qanat("run", "brief", "--runner", "slurm", "--after", "1").err
    assert "note: run 2 is held: once it may start, the next qanat command that looks at runs releases it" in said
    assert waits_in_queue(on_slurm, 2) == ["PENDING JobHeldUser"]
    assert on_slurm.groups(2)[0]["reason"] == "waits for run 1 (wait)"
    on_slurm.qanat("cancel", "2")


def test_the_page_on_chains_is_right_about_slurm(on_slurm: OnSlurm, tmp_path: Path) -> None:
    follow_page(tmp_path / "my chain", "--runner slurm")
