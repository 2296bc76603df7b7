"""Records are committed to the branch from which their run was launched, and to no other."""

from __future__ import annotations

from dataclasses import replace
from itertools import islice

import pytest

from qanat.domain.run import Group, Run, State
from qanat.errors import InputInvalid
from qanat.records import run_codec, yaml_io
from qanat.usecases.tracking import committing, record
from tests.support.world import World
from tests.unit.records.example import RUN

ONE = replace(RUN, number=1, experiment="train", groups=(Group(0, (), State.FINISHED, exit_code=0),))
TWO = replace(ONE, number=2, groups=(Group(0, (), State.FAILED, exit_code=1),))


def on(run: Run, branch: str | None) -> Run:
    """Return the run as launched from another branch."""
    return replace(run, code=replace(run.code, branch=branch))


def write_and_commit(world: World, *runs: Run) -> list[str]:
    """Write records, and commit them; list what stays uncommitted."""
    for run in runs:
        record.create_record(world.project, run)
    return committing.commit_records(world.project, runs)


def test_what_is_written_is_read_again(world: World) -> None:
    record.create_record(world.project, ONE)
    assert record.load_record(world.project, run_codec.path_of(ONE)) == ONE
    assert world.committed() is None


def test_a_record_has_as_many_metrics_as_fit_into_it(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(yaml_io, "BYTES_WITHOUT_GROUPS_MAX", 2**20)
    monkeypatch.setattr(yaml_io, "BYTES_PER_GROUP", 0)
    record.create_record(world.project, ONE)
    numbers = {f"metric_{n}_{'x' * 10_000}": n for n in range(400)}
    ended = ONE.with_groups({0: replace(ONE.groups[0], metrics=numbers)})
    written, notes = record.update_record(world.project, run_codec.path_of(ONE), lambda _: ended)
    kept = record.load_record(world.project, run_codec.path_of(ONE)).groups[0].metrics
    assert kept == written.groups[0].metrics == dict(islice(numbers.items(), 100))
    said = (
        "the record of run 1 has at most 100 metrics and curves of each group: with more, it would be larger than 1 MiB"
    )
    assert notes == [said]


def test_a_record_that_could_not_be_read_again_is_not_written(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(yaml_io, "BYTES_WITHOUT_GROUPS_MAX", 2**20)
    long = replace(ONE, description="x" * (yaml_io.bytes_max(1)))
    with pytest.raises(InputInvalid) as caught:
        record.create_record(world.project, long)
    assert caught.value.message == "the record of run 1 would be larger than 1 MiB"
    assert caught.value.hint == "put long arguments into files, or split the run"
    assert not (world.root / run_codec.path_of(ONE)).exists()


def test_a_record_is_one_commit_that_names_the_run_and_its_state(world: World) -> None:
    before = world.head
    assert write_and_commit(world, ONE) == []
    assert world.committed() == ONE
    assert world.git("log", "--format=%B", f"{before}..") == "qanat: run 1 of train finished"
    assert world.git("status", "--porcelain") == ""


def test_several_records_are_one_commit_that_lists_them(world: World) -> None:
    before = world.head
    assert write_and_commit(world, ONE, TWO) == []
    assert world.git("log", "--format=%B", f"{before}..").splitlines() == [
        "qanat: 2 runs recorded",
        "",
        "1-7f3a9c of train finished",
        "2-7f3a9c of train failed",
    ]


def test_no_record_is_no_commit(world: World) -> None:
    before = world.head
    assert committing.commit_records(world.project, []) == []
    assert world.head == before


def test_what_the_user_has_staged_stays_staged_and_is_not_swept_in(world: World) -> None:
    world.write("mine.txt", "mine")
    world.git("add", "mine.txt")
    assert write_and_commit(world, ONE) == []
    assert world.git("show", "--name-only", "--format=", "HEAD") == run_codec.path_of(ONE)
    assert world.git("status", "--porcelain") == "A  mine.txt"


def test_records_are_left_to_the_user_where_the_settings_say_so(world: World) -> None:
    world.set(records={"commit": "manual"})
    assert write_and_commit(world, ONE) == []
    assert world.committed() is None
    assert world.git("status", "--porcelain", "--", ".qanat/runs").startswith("??")


@pytest.mark.parametrize(("file", "what"), [("MERGE_HEAD", "merge"), ("REVERT_HEAD", "revert")])
def test_in_the_middle_of_a_merge_a_record_stays_in_the_work_tree(world: World, file: str, what: str) -> None:
    world.write(f".git/{file}", world.head)
    notes = write_and_commit(world, ONE)
    assert notes == [f"the record of run 1 was saved, but not committed: the repository is in the middle of a {what}"]
    assert world.committed() is None
    assert world.recorded() == ONE


def test_one_line_speaks_of_all_records_that_stay(world: World) -> None:
    world.write(".git/MERGE_HEAD", world.head)
    (note,) = write_and_commit(world, ONE, TWO)
    assert note.startswith("the records of 2 runs were saved, but not committed: ")


def test_a_run_of_a_detached_head_stays_in_the_work_tree(world: World) -> None:
    world.git("checkout", "--quiet", "--detach")
    (note,) = write_and_commit(world, on(ONE, None))
    assert note.startswith("the record of run 1 was saved, but not committed: the run was launched on a detached HEAD")
    assert world.committed() is None


def test_a_record_goes_to_its_branch_also_when_head_is_detached_by_then(world: World) -> None:
    world.git("checkout", "--quiet", "--detach")
    assert write_and_commit(world, ONE) == []
    assert world.committed(revision="main") == ONE
    assert world.committed() is None


def test_a_record_goes_to_its_branch_when_another_is_checked_out_and_leaves_the_work_tree(world: World) -> None:
    world.git("checkout", "--quiet", "-b", "other")
    assert write_and_commit(world, ONE) == []
    assert world.committed(revision="main") == ONE
    assert world.committed(revision="other") is None
    assert not (world.root / run_codec.path_of(ONE)).exists()
    world.git("checkout", "--quiet", "main")
    assert world.recorded() == ONE


def test_records_of_two_branches_are_a_commit_on_each(world: World) -> None:
    world.git("branch", "other")
    assert write_and_commit(world, ONE, on(TWO, "other")) == []
    assert world.subjects("main") == ["qanat: run 1 of train finished"]
    assert world.subjects("other") == ["qanat: run 2 of train failed"]


def test_a_record_goes_where_it_is_already_when_that_is_checked_out(world: World) -> None:
    write_and_commit(world, ONE)
    world.git("checkout", "--quiet", "-b", "other")
    later = replace(ONE, tags=("later",))
    assert write_and_commit(world, later) == []
    assert world.committed(revision="other") == later
    assert world.committed(revision="main") == ONE


def test_a_record_that_its_branch_has_from_when_it_went_on_goes_to_both(world: World) -> None:
    going = replace(ONE, groups=(Group(0, (), State.RUNNING),))
    write_and_commit(world, going)
    world.git("checkout", "--quiet", "-b", "other")
    assert write_and_commit(world, ONE) == []
    assert world.committed(revision="other") == ONE
    assert world.committed(revision="main") == ONE
    assert (world.root / run_codec.path_of(ONE)).exists()


def test_a_record_goes_to_what_is_checked_out_when_only_that_has_it(world: World) -> None:
    world.git("checkout", "--quiet", "-b", "other")
    write_and_commit(world, on(ONE, "other"))
    later = replace(ONE, tags=("later",))
    assert write_and_commit(world, later) == []
    assert world.committed(revision="other") == later
    assert world.committed(revision="main") is None


def test_a_record_of_a_detached_head_goes_to_the_branch_that_has_it(world: World) -> None:
    write_and_commit(world, ONE)
    later = on(replace(ONE, tags=("later",)), None)
    assert write_and_commit(world, later) == []
    assert world.committed() == later


def test_a_branch_that_is_gone_leaves_the_record_in_the_work_tree(world: World) -> None:
    notes = write_and_commit(world, on(ONE, "gone"))
    assert notes == ["the record of run 1 was saved, but not committed: branch gone no longer exists"]
    assert world.recorded() == on(ONE, "gone")


def test_a_branch_that_another_work_tree_has_is_left_alone(world: World) -> None:
    world.git("worktree", "add", "--quiet", "../other", "-b", "other")
    (note,) = write_and_commit(world, on(ONE, "other"))
    assert note.endswith("not committed: other is checked out in another worktree")
    assert world.committed(revision="other") is None


def test_a_commit_that_cannot_be_signed_says_what_git_said(world: World) -> None:
    world.git("config", "commit.gpgsign", "true")
    world.git("config", "gpg.program", "false")
    (note,) = write_and_commit(world, ONE)
    assert "not committed: the commit of the record could not be signed (commit it yourself; git said: " in note
    assert world.committed() is None


def test_one_branch_that_refuses_does_not_keep_the_others_from_their_records(world: World) -> None:
    (note,) = write_and_commit(world, on(ONE, "gone"), TWO)
    assert "run 1" in note
    assert world.committed(2) == TWO


@pytest.mark.parametrize(("state", "expected"), [(State.RUNNING, False), (State.LOST, True)])
def test_a_record_has_ended_when_its_groups_have(state: State, expected: bool) -> None:
    run = replace(ONE, groups=(Group(0, (), state), Group(1, (), State.FINISHED)))
    assert committing.has_ended(run_codec.encode(run), run_codec.path_of(run)) is expected


def test_a_record_that_cannot_be_read_counts_as_ended() -> None:
    assert committing.has_ended(b"schema: run/1\n", "a record")
