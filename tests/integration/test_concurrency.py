"""Many qanat processes in one repository at the same time, alone, beside a user who commits, and in clones."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.support.crowds import User, crowd_violations, run_again_and_again
from tests.support.gates import Gates
from tests.support.invariants import violations
from tests.support.sandbox import Sandbox, call, wait_until

pytestmark = pytest.mark.slow
AT_ONCE = 16
PROCESSES = 8
RUNS = 25
RUNS_BESIDE_USER = 3


@pytest.fixture
def two(sandbox: Sandbox) -> Sandbox:
    """Return a project with two experiments that do nothing."""
    sandbox.experiment("one", "exit 0\n")
    sandbox.experiment("two", "exit 0\n")
    return sandbox


def test_sixteen_runs_at_once_are_all_recorded_and_staged_work_stays_staged(sandbox: Sandbox) -> None:
    crowd = [Gates(sandbox, name) for name in ("one", "two")]
    started = [sandbox.start("run", crowd[i % 2].experiment, str(crowd[0].path()), "0") for i in range(AT_ONCE)]
    wait_until(lambda: len(list(sandbox.root.glob("results/*/*/begun"))) == AT_ONCE, timeout_s=60)
    sandbox.write("draft.txt", "mine\n")
    sandbox.git("add", "draft.txt")
    crowd[0].open()
    ends = [(process.communicate(timeout=60)[1], process.returncode) for process in started]
    assert [code for _, code in ends] == [0] * AT_ONCE, ends
    assert crowd_violations(sandbox, AT_ONCE, git_status="A  draft.txt") == []
    assert sandbox.git("diff", "--cached", "--name-only") == "draft.txt"
    assert sandbox.git("log", "--format=%H", "--", "draft.txt") == ""
    assert {record["experiment"] for record in sandbox.records()} == {"one", "two"}
    assert not any("changed_while_running" in record["code"] for record in sandbox.records())


def test_processes_that_run_again_and_again_lose_nothing(two: Sandbox) -> None:
    assert run_again_and_again(two, ("one", "two"), PROCESSES, RUNS) == []
    assert crowd_violations(two, PROCESSES * RUNS) == []


def test_runs_beside_a_user_who_commits_lose_nothing_on_either_side(two: Sandbox) -> None:
    user = User(two)
    # Beside a user files come and go, so the tree is seldom clean.
    failed = run_again_and_again(two, ("one", "two"), PROCESSES, RUNS_BESIDE_USER, "--snapshot")
    written = user.stop()
    assert failed == []
    assert crowd_violations(two, PROCESSES * RUNS_BESIDE_USER) == []
    assert user.committed() == {f"notes/{n}.txt" for n in range(1, written + 1)}


def test_numbers_are_not_used_again_after_runs_were_deleted(two: Sandbox) -> None:
    two.qanat("run", "one")
    two.qanat("run", "two")
    two.qanat("delete", "2", "--yes")
    two.qanat("run", "one")
    two.qanat("experiment", "delete", "one", "--yes")
    two.commit("without one")
    two.qanat("run", "two")
    assert [record["id"].partition("-")[0] for record in two.records()] == ["4"]
    assert [path.name for path in (two.root / "results/two").iterdir()] == ["run_4"]
    assert violations(two) == []


def test_numbers_are_not_used_again_on_another_branch_or_in_another_work_tree(two: Sandbox) -> None:
    before = two.git("rev-parse", "HEAD")
    two.qanat("run", "one")
    two.git("checkout", "--quiet", "-b", "other", before)
    assert two.records() == []
    two.qanat("run", "one")
    assert [record["id"].partition("-")[0] for record in two.records()] == ["2"]
    linked = Sandbox(two.root.parent / "linked")
    two.git("worktree", "add", "--quiet", str(linked.root), before, "-b", "third")
    linked.qanat("run", "one")
    assert [record["id"].partition("-")[0] for record in linked.records()] == ["3"]
    two.git("checkout", "--quiet", "main")
    assert [record["id"].partition("-")[0] for record in two.records()] == ["1"]


def test_numbers_go_on_from_the_records_where_the_counter_is_gone(two: Sandbox) -> None:
    two.qanat("run", "one")
    two.qanat("run", "two")
    (two.root / ".git/qanat/next-run").unlink()
    two.qanat("run", "one")
    assert two.record(3)["experiment"] == "one"


def test_clones_that_both_made_a_run_of_one_number_merge_and_list_both_with_full_ids(two: Sandbox) -> None:
    two.qanat("run", "one")
    clones = [_clone(two, name) for name in ("here", "there")]
    for clone in clones:
        clone.qanat("run", "one")
    here, there = clones
    theirs = there.record(2)["id"]
    ours = here.record(2)["id"]
    here.git("pull", "--quiet", "--no-rebase", "--no-edit", str(there.root), "main")
    here.qanat("validate")
    assert here.status() == ""
    listed = [record["id"] for record in here.qanat("experiment", "status", "one", "--json").json]
    assert sorted(listed[:2]) == sorted([ours, theirs])
    assert listed[2].startswith("1-")
    rows = here.qanat("experiment", "status", "one").out.splitlines()
    shown = [line.split()[0] for line in rows if "results/one/run_" in line]
    assert sorted(shown) == sorted([ours, theirs, "1"])
    here.qanat("run", "one")
    assert here.record(3)["state"] == "finished"


def _clone(sandbox: Sandbox, name: str) -> Sandbox:
    folder: Path = sandbox.root.parent / name
    call(["git", "clone", "--quiet", str(sandbox.root), str(folder)], sandbox.root)
    return Sandbox(folder)
