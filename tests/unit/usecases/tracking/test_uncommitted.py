"""Records that wait for a commit are neither lost nor in the way, and one command commits all of them."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from qanat.domain.run import Group, Run, State
from qanat.records import ledger, own_copies, run_codec
from qanat.usecases.merging import restore
from qanat.usecases.runs import annotate
from qanat.usecases.runs import delete as deletion
from qanat.usecases.tracking import committing, record, uncommitted
from qanat.usecases.tracking.find import comment_path
from tests.support.world import World
from tests.unit.records.example import RUN

ONE = replace(RUN, number=1, experiment="train", groups=(Group(0, (), State.FINISHED, exit_code=0),), tags=())
TWO = replace(ONE, number=2, groups=(Group(0, (), State.FAILED, exit_code=1),))
PATH = run_codec.path_of(ONE)
BACK = "the record of run 1 had disappeared before it was committed, and was restored"


@pytest.fixture
def batch(world: World) -> World:
    """Return a world in which the record of a run waits for the user's next commit."""
    world.set(records={"commit": "batch"})
    recorded(world, ONE)
    return world


def recorded(world: World, run: Run) -> None:
    """Record the end of a run."""
    record.create_record(world.project, run)
    assert committing.commit_records(world.project, [run]) == []


def ids(world: World) -> list[str]:
    """List the runs with something to commit."""
    return uncommitted.run_ids(world.project, [])


def commit(world: World, message: str = "", *, after_commit: bool = False) -> list[str]:
    """Commit what waits; return what is said about what stays."""
    return uncommitted.commit(world.project, message, after_commit=after_commit).notes


def test_all_that_wait_are_one_commit(batch: World) -> None:
    recorded(batch, TWO)
    annotate.set_comment(batch.project, TWO, "it is good")
    assert (batch.committed(), ids(batch)) == (None, [ONE.id, TWO.id])
    batch.write("mine.txt", "mine")
    batch.git("add", "mine.txt")
    before = batch.head
    outcome = uncommitted.commit(batch.project)
    (made,) = outcome.made
    assert (made.branch, made.commit) == ("main", batch.head)
    assert (made.runs, outcome.notes) == ((ONE, TWO), [])
    assert batch.git("log", "--format=%B", f"{before}..").splitlines() == [
        "qanat: 2 runs recorded",
        "",
        f"{ONE.id} of train finished",
        f"{TWO.id} of train failed",
    ]
    assert batch.git("status", "--porcelain") == "A  mine.txt"
    assert batch.git("show", f"HEAD:{comment_path(TWO)}") == "it is good"
    assert (ids(batch), uncommitted.commit(batch.project).made) == ([], [])


def test_a_message_may_be_given_and_a_comment_alone_has_its_own(batch: World) -> None:
    assert commit(batch, "Runs for figure 2") == []
    assert batch.git("log", "-1", "--format=%s") == "Runs for figure 2"
    annotate.set_comment(batch.project, ONE, "good")
    assert commit(batch) == []
    assert batch.git("log", "-1", "--format=%s") == "qanat: comment on run 1 of train"


def test_they_do_not_make_the_tree_dirty_and_looking_commits_nothing(batch: World) -> None:
    head = batch.head
    run = batch.launch()
    batch.look(2)
    assert (run.code.commit, run.code.snapshot) == (head, False)
    assert batch.head == head
    assert ids(batch) == [ONE.id, run.id]


def test_a_submitted_run_may_be_committed_and_waits_again_with_its_end(batch: World) -> None:
    run = batch.submit()
    assert commit(batch) == []
    assert batch.committed(run.number) == run
    (job,) = batch.scheduler.of(0)
    job.ends()
    assert batch.look(run.number).state is State.FINISHED
    assert ids(batch) == [run.id]
    assert commit(batch) == []
    assert batch.committed(run.number) == batch.recorded(run.number)


def test_a_run_of_this_machine_is_committed_only_at_its_end(batch: World) -> None:
    commit(batch)
    active = replace(TWO, groups=(Group(0, (), State.RUNNING),))
    record.create_record(batch.project, active)
    assert uncommitted.run_ids(batch.project, [active]) == []
    assert commit(batch) == []
    assert batch.committed(2) is None


def test_tags_and_comments_wait_too(batch: World) -> None:
    commit(batch)
    head = batch.head
    annotate.set_tags(batch.project, batch.find(), ["good"], [])
    assert annotate.set_comment(batch.project, ONE, "it is good") is None
    assert (batch.head, ids(batch)) == (head, [ONE.id])
    assert commit(batch, after_commit=True) == []
    now = batch.committed()
    assert now is not None
    assert now.tags == ("good",)
    assert batch.git("status", "--porcelain") == ""


def test_a_run_that_no_commit_has_is_deleted_without_one(batch: World) -> None:
    annotate.set_comment(batch.project, ONE, "it is good")
    head = batch.head
    batch.git("checkout", "--quiet", "--detach")  # where nothing could be committed
    _, gone = deletion.delete_runs(batch.project, [batch.find()])
    assert (gone.commit, gone.note) == (None, "")
    assert batch.git("status", "--porcelain") == ""
    assert restore.bring_back(batch.project) == []
    assert (ids(batch), batch.head) == ([], head)


def test_a_run_that_a_commit_has_is_deleted_at_once(batch: World) -> None:
    commit(batch)
    annotate.set_tags(batch.project, batch.find(), ["good"], [])
    deletion.delete_runs(batch.project, [batch.find()])
    assert batch.committed() is None
    assert batch.git("log", "-1", "--format=%s") == "qanat: run 1 deleted"
    assert batch.git("status", "--porcelain") == ""


def test_they_follow_to_another_branch_and_are_committed_to_their_own(batch: World) -> None:
    batch.git("switch", "--quiet", "--create", "other")
    assert ids(batch) == [ONE.id]
    assert commit(batch, after_commit=True) == []
    assert (batch.committed(), batch.committed(revision="main")) == (None, ONE)
    assert batch.git("status", "--porcelain") == ""
    batch.git("switch", "--quiet", "main")
    assert restore.bring_back(batch.project) == []


@pytest.mark.parametrize("branch", ["gone", None])
def test_one_without_a_branch_goes_to_the_one_checked_out_when_asked(world: World, branch: str | None) -> None:
    world.set(records={"commit": "manual"})
    run = replace(ONE, code=replace(ONE.code, branch=branch))
    record.create_record(world.project, run)
    assert commit(world) == []
    assert world.committed() == run


def test_one_whose_branch_is_gone_is_left_by_the_hook_which_says_so(batch: World) -> None:
    batch.git("branch", "--move", "other")
    (note,) = commit(batch, after_commit=True)
    assert note.startswith("the record of run 1 was saved, but not committed: branch main no longer exists")
    assert commit(batch) == []
    assert batch.committed() == ONE


def test_what_a_clean_removes_is_restored(batch: World) -> None:
    annotate.set_comment(batch.project, ONE, "it is good")
    batch.git("clean", "--quiet", "-fd")
    assert not (batch.root / PATH).exists()
    assert restore.bring_back(batch.project) == [BACK]
    assert batch.recorded() == ONE
    assert (batch.root / comment_path(ONE)).read_text() == "it is good\n"
    assert (batch.committed(), ids(batch)) == (None, [ONE.id])
    assert restore.bring_back(batch.project) == []
    assert commit(batch) == []
    assert batch.committed() == ONE


def test_what_a_stash_puts_away_is_left_there_until_it_is_popped_or_dropped(batch: World) -> None:
    said = ["git stash has put away the record of run 1; bring it back with: git stash pop"]
    batch.git("stash", "--quiet", "--include-untracked")
    assert restore.bring_back(batch.project) == said
    assert (commit(batch), commit(batch, after_commit=True)) == (said, [])
    batch.git("stash", "pop", "--quiet")
    assert restore.bring_back(batch.project) == []
    batch.git("stash", "--quiet", "--include-untracked")
    batch.git("stash", "drop", "--quiet")
    assert restore.bring_back(batch.project) == [BACK]
    assert batch.recorded() == ONE


def test_a_tag_that_a_stash_has_put_away_waits_again_afterwards(batch: World) -> None:
    commit(batch)
    annotate.set_tags(batch.project, batch.find(), ["good"], [])
    batch.git("stash", "--quiet")
    assert (batch.look().tags, ids(batch)) == ((), [])
    said = ["git stash has put away the record of run 1; bring it back with: git stash pop"]
    assert (batch.notes, commit(batch)) == (said, said)
    batch.git("stash", "pop", "--quiet")
    assert (batch.look().tags, ids(batch)) == (("good",), [ONE.id])
    assert any(entry.commit is None for entry in ledger.entries(batch.location.private))


def test_a_tag_whose_stash_was_dropped_does_not_wait_any_more(batch: World) -> None:
    commit(batch)
    annotate.set_tags(batch.project, batch.find(), ["good"], [])
    batch.git("stash", "--quiet")
    batch.git("stash", "drop", "--quiet")
    assert (restore.bring_back(batch.project), commit(batch)) == ([], [])
    assert not any(entry.commit is None for entry in ledger.entries(batch.location.private))


@pytest.mark.parametrize(
    ("when", "path", "make"),
    [("batch", PATH, os.mkfifo), ("batch", comment_path(ONE), os.mkdir), ("manual", PATH, os.mkdir)],
)
def test_one_that_is_no_file_is_not_taken_for_committed(
    batch: World, when: str, path: str, make: Callable[[Path], None]
) -> None:
    if when == "manual":
        batch.set(records={"commit": when})
    annotate.set_comment(batch.project, ONE, "it is good")
    (batch.root / path).unlink()
    make(batch.root / path)
    (sentence,) = commit(batch)
    said, _, command = sentence.partition(": ")
    assert said == f"{path} is not a file, and was not committed; replace it"
    subprocess.run(command, shell=True, cwd=batch.root, check=True)
    assert commit(batch) == []
    assert batch.committed() == ONE
    assert batch.git("show", f"HEAD:{comment_path(ONE)}") == "it is good"


def test_a_pipe_in_the_place_of_a_committed_record_is_named_once(batch: World) -> None:
    commit(batch)
    (batch.root / PATH).unlink()
    os.mkfifo(batch.root / PATH)
    (sentence,) = commit(batch)
    assert sentence.startswith(f"{PATH} is not a file, and was not committed; replace it: ")


@pytest.mark.skipif(os.geteuid() == 0, reason="root reads every folder")
def test_what_is_in_a_folder_that_cannot_be_read_is_not_taken_for_committed(batch: World) -> None:
    folder = (batch.root / PATH).parent
    folder.chmod(0)
    try:
        (sentence,) = commit(batch)
    finally:
        folder.chmod(0o755)
    assert sentence == f"{Path(PATH).parent} cannot be read, so nothing in it was committed: permission denied"


def test_a_comment_that_is_a_link_is_named_and_does_not_stop_anything(batch: World) -> None:
    path = comment_path(ONE)
    (batch.root / path).symlink_to("elsewhere")
    batch.look()
    (sentence,) = commit(batch)
    assert sentence.startswith(f"{path}: is a symbolic link")
    assert batch.committed() == ONE


def test_one_that_waits_in_another_working_tree_is_left_to_it(batch: World) -> None:
    batch.git("switch", "--quiet", "--create", "other")
    there = batch.root.parent / "there"
    batch.git("worktree", "add", "--quiet", "-b", "third", str(there))
    assert restore.bring_back(World(there).project) == []
    assert not (there / PATH).exists()


def test_one_that_the_user_commits_does_not_wait_any_more(batch: World) -> None:
    batch.git("add", "--all")
    batch.git("commit", "--quiet", "--message", "mine")
    assert ids(batch) == []
    batch.clock.sleep(61)
    assert restore.bring_back(batch.project) == []
    assert ledger.entries(batch.location.private) == []


def test_an_edited_record_and_comment_are_left_to_the_user(batch: World) -> None:
    annotate.set_comment(batch.project, ONE, "it is good")
    comment = batch.write(comment_path(ONE), "it is better\n")
    (said,) = commit(batch)
    assert said.startswith(f"{comment_path(ONE)} was edited by hand; commit it yourself: git add ")
    assert batch.committed() == ONE
    comment.write_text("it is good\n")
    annotate.set_tags(batch.project, batch.find(), ["good"], [])
    file = batch.root / PATH
    file.write_text(file.read_text().replace("good", "better"))
    assert commit(batch, after_commit=True) == []
    (said,) = commit(batch)
    assert said.startswith(f"{PATH} was edited: tags")
    assert batch.committed() == ONE


def test_in_the_middle_of_a_merge_they_wait(batch: World) -> None:
    batch.write(".git/MERGE_HEAD", batch.head)
    assert commit(batch, after_commit=True) == []
    (said,) = commit(batch)
    assert said == "the record of run 1 was saved, but not committed: the repository is in the middle of a merge"
    assert batch.committed() is None


def test_a_thousand_others_do_not_take_away_the_copies_of_those_that_wait(
    batch: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(own_copies, "KEPT_MAX", 1)
    record.create_record(batch.project, replace(ONE, number=100))
    assert own_copies.copies(batch.location.private, ONE.id)
    assert commit(batch) == []
    assert batch.committed() == ONE


def test_looking_again_notes_nothing_twice(batch: World) -> None:
    batch.look()
    before = (batch.location.private / ledger.FILE).read_text()
    batch.look()
    assert (batch.location.private / ledger.FILE).read_text() == before
    shutil.rmtree(batch.location.private / own_copies.FOLDER)
    (batch.location.private / ledger.FILE).unlink()
    batch.look()  # as after a disk was too full to note it
    assert ledger.entries(batch.location.private) != []


def test_with_the_setting_each_what_waited_is_committed_by_the_next_command(batch: World) -> None:
    annotate.set_comment(batch.project, ONE, "it is good")
    batch.set(records={"commit": "each"})
    batch.look()
    assert batch.committed() == ONE
    assert batch.git("status", "--porcelain") == ""
