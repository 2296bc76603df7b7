"""Runs on a real HTCondor pool that start after others: their jobs are held, and a job of the pool releases them."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path

import pytest

from tests.cluster.htcondor_project import OnPool
from tests.cluster.on_cluster import WAIT, wait_until
from tests.support.chains_page import follow_page

pytestmark = pytest.mark.xdist_group("htcondor")


@pytest.fixture
def chain(on_pool: OnPool) -> OnPool:
    """Return a project with run 1, which runs until there is a gate, run 2 of two groups after it, and run 3."""
    on_pool.experiment("wait", WAIT)
    on_pool.experiment("brief", "exit 0\n")
    on_pool.submit("wait", str(on_pool.gate()), "0")
    on_pool.submit("brief", "-R", "--n 0 2 1", "--after", "1")
    on_pool.submit("brief", "--after", "2")
    return on_pool


def test_each_run_starts_once_the_one_before_it_has_finished_without_anybody_looking(chain: OnPool) -> None:
    assert chain.job("HoldReasonCode", run=2)["HoldReasonCode"] == 15
    assert "run 2: 2 groups held: waits for run 1 (wait)" in chain.qanat("status").out
    chain.gate().touch()
    chain.ended(3, name="brief")
    ends = [chain.wait_for_states(*["finished"] * len(chain.groups(run)), run=run) for run in (1, 2, 3)]
    for before, after in pairwise(ends):
        assert max(group["ended"] for group in before) <= min(group["started"] for group in after)
    assert chain.record(3)["after"] == [{"run": chain.record(2)["id"]}]
    # The job that released them has left the queue, too.
    wait_until(lambda: not chain.pool.jobs())
    assert chain.status() == ""


def test_a_chain_whose_first_run_fails_ends_and_continues_after_retries(on_pool: OnPool) -> None:
    on_pool.experiment("mended", '[ -e "$1" ]\n')
    on_pool.experiment("brief", "exit 0\n")
    with on_pool.pool.frozen("STARTD"):
        on_pool.submit("mended", str(on_pool.gate()))
        on_pool.submit("brief", "--after", "1")
        on_pool.submit("brief", "--after", "2")
        on_pool.submit("brief", "-R", "--n 0 4 1", "--after", "1:any", "--max-running", "2")
        assert on_pool.states(4) == ["held"] * 4
        on_pool.pool.restart_daemon("SCHEDD")  # which forgets how many jobs it has yet to create
    assert on_pool.qanat("wait", "3", code=1).err.endswith("  hint: run it again with: qanat retry 3\n")
    assert [on_pool.groups(run)[0].get("reason") for run in (2, 3)] == ["run 1 failed", "run 2 was cancelled"]
    on_pool.wait_for_states(*["finished"] * 4, run=4)
    said = on_pool.qanat("retry", "2", code=2).err
    assert said.startswith("qanat: run 2 starts after run 1, and run 1 failed\n  hint: retry that one first:")
    on_pool.gate().touch()
    for run in ("1", "2", "3"):
        on_pool.qanat("retry", run)
    on_pool.qanat("wait", "3")
    assert [on_pool.states(run) for run in (1, 2, 3)] == [["finished"]] * 3
    assert on_pool.status() == ""


def test_a_run_after_one_of_this_machine_is_released(on_pool: OnPool) -> None:
    on_pool.experiment("wait", WAIT)
    on_pool.experiment("brief", "exit 0\n")
    on_pool.qanat("run", "--detach", "wait", str(on_pool.gate()), "0")
    on_pool.submit("brief", "--after", "1")
    on_pool.submit("brief", "--after", "2", "--after", "1")
    on_pool.gate().touch()
    on_pool.ended(3, name="brief")
    on_pool.wait_for_states("finished", run=3)


def test_the_page_on_chains_is_right_about_htcondor(on_pool: OnPool, tmp_path: Path) -> None:
    follow_page(tmp_path / "my chain", "--runner htcondor")
