"""Keeping the commits that runs used: a squash or a rebase leaves them behind."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace
from pathlib import Path

import pytest

from qanat.domain.run import Run
from qanat.errors import GitRefused, UsageError
from qanat.records import run_codec
from qanat.usecases.merging import keep_commits
from qanat.usecases.merging.keep_commits import Unkept
from qanat.usecases.tracking import record
from tests.support.world import World
from tests.unit.records.example import RUN

ABSENT = "0123456789" * 4
FETCH = "fetch it from where the run was launched: git fetch"
BEFORE = "if the history was rewritten since, only a clone from before has it"


def recorded(world: World, number: int, commit: str) -> Run:
    """Write the record of a run that used a commit."""
    run = replace(
        RUN, number=number, code=replace(RUN.code, commit=commit), created=f"2026-11-23T05:17:{number:02}+00:00"
    )
    record.create_record(world.project, run)
    return run


def left_behind(world: World, number: int = 1) -> Run:
    """Record a run whose commit is no longer reachable from a branch."""
    world.git("commit", "--quiet", "--allow-empty", "--message", f"left behind {number}")
    run = recorded(world, number, world.head)
    world.git("reset", "--quiet", "--soft", "HEAD~1")
    return run


def look(world: World, **words: object) -> Unkept:
    """Examine the commits of all runs."""
    with world.project.index() as index:
        return keep_commits.find_unkept(world.project, index, **words)  # type: ignore[arg-type]


def warnings(world: World, records: Collection[str] | None = None) -> list[str]:
    """List the warnings about them."""
    with world.project.index() as index:
        return keep_commits.warnings(world.project, index, records)


def test_commits_of_branches_are_held(world: World) -> None:
    recorded(world, 1, world.head)
    recorded(world, 2, world.git("rev-parse", "HEAD~1"))
    assert look(world) == Unkept({}, {})
    assert warnings(world) == []


def test_a_commit_that_no_ref_leads_to_is_named_with_its_runs(world: World) -> None:
    first = left_behind(world, 1)
    recorded(world, 2, first.code.commit)
    recorded(world, 3, world.head)
    assert look(world) == Unkept({first.code.commit: ["1-7f3a9c", "2-7f3a9c"]}, {})
    (warning,) = warnings(world)
    assert warning.startswith("no branch contains the commit of runs 1-7f3a9c, 2-7f3a9c,")
    assert warning.endswith("protect them with: qanat keep")


def test_a_commit_that_is_kept_is_held(world: World) -> None:
    run = left_behind(world)
    keep_commits.keep(world.project, [run.code.commit])
    assert world.git("rev-parse", f"refs/qanat/commits/{run.code.commit}") == run.code.commit
    assert look(world) == Unkept({}, {})


def test_a_commit_that_the_repository_has_not_is_told_apart(world: World) -> None:
    recorded(world, 1, ABSENT)
    assert look(world) == Unkept({}, {ABSENT: ["1-7f3a9c"]})
    assert warnings(world) == [f"this repository does not have the commit of run 1-7f3a9c; {FETCH}; {BEFORE}"]


def test_both_are_said_when_both_are_so(world: World) -> None:
    left_behind(world, 1)
    recorded(world, 2, ABSENT)
    assert [warning.partition(" ")[0] for warning in warnings(world)] == ["no", "this"]


def test_with_a_revision_only_that_and_what_is_kept_hold_a_commit(world: World) -> None:
    world.git("branch", "other")
    world.git("commit", "--quiet", "--allow-empty", "--message", "here")
    run = recorded(world, 1, world.head)
    assert look(world, held="main") == Unkept({}, {})
    assert look(world, held="other") == Unkept({run.code.commit: ["1-7f3a9c"]}, {})
    keep_commits.keep(world.project, [run.code.commit])
    assert look(world, held="other") == Unkept({}, {})
    with pytest.raises(GitRefused, match="'nothing' is not a commit"):
        look(world, held="nothing")


def test_only_the_records_that_are_named_count(world: World) -> None:
    first, second = left_behind(world, 1), left_behind(world, 2)
    path = run_codec.path_of(second)
    assert look(world, records=[path]) == Unkept({second.code.commit: ["2-7f3a9c"]}, {})
    assert look(world, records=[]) == Unkept({}, {})
    assert len(look(world).unreachable) == 2
    assert first.id in warnings(world)[0]
    assert first.id not in warnings(world, [path])[0]


def test_in_a_shallow_clone_nothing_can_be_said(world: World) -> None:
    recorded(world, 1, ABSENT)
    (world.root / ".git/shallow").write_text("")
    assert look(world) == Unkept({}, {})


def test_a_commit_that_is_no_id_is_passed_over(world: World) -> None:
    recorded(world, 1, "v1.0")
    assert look(world) == Unkept({}, {})


@pytest.mark.parametrize(
    ("word", "expected"),
    [("a" * 40, True), ("0" * 64, True), ("a" * 39, False), ("a" * 41, False), ("A" * 40, False), ("g" * 40, False)],
)
def test_an_id_has_forty_or_sixty_four_small_hexadecimal_digits(word: str, expected: bool) -> None:
    assert keep_commits.is_id(word) is expected


def test_more_runs_than_five_are_counted(world: World) -> None:
    for number in range(1, 8):
        left_behind(world, number)
    (warning,) = warnings(world)
    assert "the commits of runs 1-7f3a9c, 2-7f3a9c, 3-7f3a9c, 4-7f3a9c, 5-7f3a9c and 2 more," in warning


def test_five_runs_are_all_named(world: World) -> None:
    for number in range(1, 6):
        left_behind(world, number)
    assert "the commits of runs 1-7f3a9c, 2-7f3a9c, 3-7f3a9c, 4-7f3a9c, 5-7f3a9c," in warnings(world)[0]


def test_commits_are_those_of_the_runs_by_their_ids(world: World) -> None:
    head = world.head
    runs = [recorded(world, 1, head), recorded(world, 2, world.git("rev-parse", "HEAD~1")), recorded(world, 3, head)]
    found = keep_commits.commits_of(world.project, runs)
    assert found == {head: ["1-7f3a9c", "3-7f3a9c"], runs[1].code.commit: ["2-7f3a9c"]}


def test_a_run_whose_commit_is_not_here_says_how_to_get_it(world: World) -> None:
    run = recorded(world, 1, ABSENT)
    with pytest.raises(GitRefused, match="commit 0123456789 of run 1 is not in this repository") as error:
        keep_commits.commits_of(world.project, [run])
    assert error.value.hint == FETCH
    keep_commits.check_present(world.project, recorded(world, 2, world.head))


# ---- remotes


@pytest.fixture
def remote(world: World, tmp_path: Path) -> str:
    """Add a remote named origin to the project."""
    world.git("init", "--quiet", "--bare", str(tmp_path / "origin.git"))
    world.git("remote", "add", "origin", str(tmp_path / "origin.git"))
    return "origin"


def test_a_remote_is_set_up_once(world: World, remote: str) -> None:
    assert keep_commits.set_up_remote(world.project, remote)
    assert not keep_commits.set_up_remote(world.project, remote)
    assert world.git("config", "--get-all", "remote.origin.fetch").splitlines() == [
        "+refs/heads/*:refs/remotes/origin/*",
        "+refs/qanat/commits/*:refs/qanat/remotes/origin/commits/*",
        "+refs/qanat/snapshots/*:refs/qanat/remotes/origin/snapshots/*",
    ]


def test_a_remote_that_is_not_there_is_named_with_those_that_are(world: World, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="remote 'origin' does not exist") as error:
        keep_commits.set_up_remote(world.project, "origin")
    assert error.value.hint == "git remote add NAME URL"
    world.git("remote", "add", "one", str(tmp_path))
    with pytest.raises(UsageError) as error:
        keep_commits.set_up_remote(world.project, "origin")
    assert error.value.hint == "available: one"
    world.git("remote", "add", "two", str(tmp_path))
    with pytest.raises(UsageError) as error:
        keep_commits.set_up_remote(world.project, "origin")
    assert error.value.hint == "available: one, two"


def test_what_is_kept_is_pushed_to_the_remotes_that_are_set_up_and_nothing_else(world: World, remote: str) -> None:
    run = left_behind(world)
    keep_commits.keep(world.project, [run.code.commit])
    keep_commits.set_up_remote(world.project, remote)
    assert keep_commits.push(world.project) == ["origin"]
    assert world.git("ls-remote", remote).split() == [run.code.commit, f"refs/qanat/commits/{run.code.commit}"]


def test_without_a_remote_that_is_set_up_nothing_is_pushed(world: World, remote: str) -> None:
    with pytest.raises(UsageError, match="no remote is configured for kept commits") as error:
        keep_commits.push(world.project)
    assert error.value.hint == "configure one with: qanat hooks install --remote origin"


def test_how_to_fetch_names_a_remote_that_is_set_up_first(world: World, remote: str, tmp_path: Path) -> None:
    refspec = "'refs/qanat/*:refs/qanat/remotes/{}/*'"
    assert keep_commits.how_to_fetch(world.project) == f"{FETCH} origin {refspec.format('origin')}"
    world.git("remote", "add", "another", str(tmp_path))
    assert keep_commits.how_to_fetch(world.project) == f"{FETCH} origin {refspec.format('origin')}"
    world.git("remote", "remove", "origin")
    assert keep_commits.how_to_fetch(world.project) == f"{FETCH} another {refspec.format('another')}"
    world.git("remote", "add", "origin", str(tmp_path))
    keep_commits.set_up_remote(world.project, "another")
    assert keep_commits.how_to_fetch(world.project) == f"{FETCH} another"
