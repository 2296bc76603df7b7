"""What qanat has committed and git has dropped comes back, unless it was dropped on purpose."""

from __future__ import annotations

from dataclasses import replace

import pytest

from qanat.domain.run import Group, Run, State
from qanat.records import ledger, run_codec
from qanat.records.ledger import Entry
from qanat.usecases.merging import restore
from qanat.usecases.runs import annotate
from qanat.usecases.runs import delete as delete_module
from qanat.usecases.tracking import committing, record
from qanat.usecases.tracking.find import Found
from tests.support.world import World
from tests.unit.records.example import RUN

ONE = replace(RUN, number=1, experiment="train", groups=(Group(0, (), State.FINISHED, exit_code=0),), tags=())
PATH = run_codec.path_of(ONE)
RESTORED = "the record of run 1 had disappeared from main, and was restored"


@pytest.fixture
def kept(world: World) -> World:
    """Return a world with a committed record that is in the ledger."""
    record.create_record(world.project, ONE)
    assert committing.commit_records(world.project, [ONE]) == []
    return world


def watched(world: World) -> list[Entry]:
    """List what the ledger has."""
    return ledger.entries(world.project.location.private)


def found(world: World, run: Run = ONE) -> Found:
    """Return a run as commands find it."""
    return Found(run, run_codec.path_of(run), world.root / run.storage)


def test_a_committed_record_is_watched_for_a_minute(kept: World) -> None:
    blob, head = kept.git("rev-parse", f"HEAD:{PATH}", "HEAD").split()
    assert watched(kept) == [Entry("main", PATH, blob, head, kept.clock.now())]
    kept.clock.sleep(59)
    assert restore.bring_back(kept.project) == []
    assert len(watched(kept)) == 1
    kept.clock.sleep(1)
    assert restore.bring_back(kept.project) == []
    assert watched(kept) == []


def test_a_record_whose_commit_was_dropped_comes_back(kept: World) -> None:
    kept.git("reset", "--quiet", "--hard", "HEAD~1")
    assert restore.bring_back(kept.project) == [RESTORED]
    assert kept.committed() == ONE == record.load_record(kept.project, PATH)
    assert kept.subjects()[0] == "qanat: the record of run 1 restored"
    assert kept.git("status", "--porcelain") == ""
    assert restore.bring_back(kept.project) == []
    assert len(watched(kept)) == 1


def test_it_comes_back_to_its_branch_though_another_one_is_checked_out(kept: World) -> None:
    kept.git("switch", "--quiet", "--create", "topic", "HEAD~1")
    kept.git("branch", "--force", "main", "topic")
    assert restore.bring_back(kept.project) == [RESTORED]
    assert kept.committed(revision="main") == ONE
    assert kept.committed() is None
    assert not (kept.root / PATH).exists()
    assert kept.git("status", "--porcelain") == ""


def test_a_dropped_change_of_a_record_comes_back_and_what_was_learned_since_stays(kept: World) -> None:
    before = kept.head
    annotate.set_tags(kept.project, found(kept), ["good"], [])
    kept.git("reset", "--quiet", "--hard", before)
    record.update_record(kept.project, PATH, lambda run: replace(run, description="changed since"))
    first = watched(kept)
    assert len(first) == 1
    assert restore.bring_back(kept.project) == []
    assert record.load_record(kept.project, PATH).description == "changed since"


def test_a_dropped_tag_comes_back(kept: World) -> None:
    before = kept.head
    annotate.set_tags(kept.project, found(kept), ["good"], [])
    kept.git("reset", "--quiet", "--hard", before)
    assert restore.bring_back(kept.project) == [RESTORED]
    now = kept.committed()
    assert now is not None
    assert now.tags == ("good",)


def test_a_dropped_comment_comes_back(kept: World) -> None:
    annotate.set_comment(kept.project, ONE, "it is good")
    kept.git("reset", "--quiet", "--hard", "HEAD~1")
    assert restore.bring_back(kept.project) == ["the comment of run 1 had disappeared from main, and was restored"]
    assert kept.git("show", f"HEAD:{PATH.replace('.yaml', '.md')}") == "it is good"


def test_several_are_one_commit(kept: World) -> None:
    two = replace(ONE, number=2)
    record.create_record(kept.project, two)
    committing.commit_records(kept.project, [two])
    kept.git("reset", "--quiet", "--hard", "HEAD~2")
    said = "what qanat recorded of 2 runs had disappeared from main, and was restored"
    assert restore.bring_back(kept.project) == [said]
    assert (kept.committed(1), kept.committed(2)) == (ONE, two)
    assert len(kept.git("log", "--format=%h", "HEAD", "--not", "HEAD~1").split()) == 1


def delete(world: World) -> None:
    delete_module.delete_runs(world.project, [found(world)])


def delete_and_drop_both_commits(world: World) -> None:
    delete(world)
    world.git("reset", "--quiet", "--hard", "HEAD~2")


def delete_by_hand(world: World) -> None:
    world.git("rm", "--quiet", PATH)
    world.git("commit", "--quiet", "--message", f"away\n\nDeleted-run: {ONE.id}")


def move_to_another_branch(world: World) -> None:
    world.git("branch", "topic")
    world.git("reset", "--quiet", "--hard", "HEAD~1")


def delete_the_branch(world: World) -> None:
    world.git("switch", "--quiet", "--create", "topic", "HEAD~1")
    world.git("branch", "--quiet", "-D", "main")


def leave_records_to_the_user(world: World) -> None:
    world.git("reset", "--quiet", "--hard", "HEAD~1")
    world.set(records={"commit": "manual"})


def change_it_later(world: World) -> None:
    file = world.root / PATH
    file.write_text(file.read_text().replace("tags: []", "tags: [mine]"))
    world.git("commit", "--quiet", "--all", "--allow-empty", "--message", "by hand")


def lose_the_blob(world: World) -> None:
    world.git("reset", "--quiet", "--hard", "HEAD~1")
    world.git("reflog", "expire", "--expire=now", "--all")
    world.git("gc", "--quiet", "--prune=now")


@pytest.mark.parametrize(
    "change",
    [
        delete,
        delete_and_drop_both_commits,
        delete_by_hand,
        move_to_another_branch,
        delete_the_branch,
        leave_records_to_the_user,
        change_it_later,
        lose_the_blob,
    ],
)
def test_what_the_user_did_on_purpose_stays(kept: World, change: object) -> None:
    assert callable(change)
    change(kept)
    before = kept.head
    assert restore.bring_back(kept.project) == []
    assert kept.head == before


def test_nothing_is_done_while_a_rebase_has_stopped(kept: World) -> None:
    kept.commit("other", **{"a.txt": "other"})
    kept.git("switch", "--quiet", "--create", "topic", "HEAD~2")
    kept.commit("mine", **{"a.txt": "mine"})
    kept.git("switch", "--quiet", "main")
    with pytest.raises(Exception, match="rebase failed"):
        kept.git("rebase", "topic")
    kept.git("update-ref", "refs/heads/main", "topic")  # as the end of the rebase might
    other = kept.root.parent / "other"
    assert restore.bring_back(kept.project) == []
    assert len(watched(kept)) == 1
    kept.git("worktree", "add", "--quiet", str(other), "topic")
    there = replace(kept.project, location=World(other).project.location)
    assert restore.bring_back(there) == []
    kept.git("rebase", "--quit")
    kept.git("switch", "--quiet", "--force", "main")
    assert restore.bring_back(kept.project) == [RESTORED]


def test_a_branch_that_another_working_tree_has_is_left_to_it(kept: World) -> None:
    other = kept.root.parent / "other"
    kept.git("switch", "--quiet", "--create", "topic", "HEAD~1")
    kept.git("worktree", "add", "--quiet", str(other), "main")
    there = World(other)
    there.git("reset", "--quiet", "--hard", "HEAD~1")
    assert restore.bring_back(kept.project) == []
    assert len(watched(kept)) == 1
    assert restore.bring_back(there.project) == [RESTORED]
    assert (other / PATH).exists()


def test_a_tag_that_could_not_be_committed_is_committed_by_the_next_command(kept: World) -> None:
    (kept.root / ".git/MERGE_HEAD").write_text(kept.head + "\n")
    _, notes = annotate.set_tags(kept.project, found(kept), ["good"], [])
    assert notes == ["the record of run 1 was saved, but not committed: the repository is in the middle of a merge"]
    assert restore.bring_back(kept.project) == []
    (kept.root / ".git/MERGE_HEAD").unlink()
    assert restore.bring_back(kept.project) == []
    assert kept.subjects()[0] == "qanat: the record of run 1 committed"
    now = kept.committed()
    assert now is not None
    assert now.tags == ("good",)
    assert kept.git("status", "--porcelain") == ""


def test_a_record_that_was_edited_after_it_could_not_be_committed_is_left_to_its_user(kept: World) -> None:
    (kept.root / ".git/MERGE_HEAD").write_text(kept.head + "\n")
    annotate.set_tags(kept.project, found(kept), ["good"], [])
    (kept.root / ".git/MERGE_HEAD").unlink()
    file = kept.root / PATH
    file.write_text(file.read_text().replace("good", "better"))
    before = kept.head
    assert restore.bring_back(kept.project) == []
    assert kept.head == before
    assert "better" in file.read_text()


def test_a_ledger_with_anything_in_it_is_read(kept: World) -> None:
    entry = watched(kept)[0]
    file = kept.project.location.private / ledger.FILE
    lines = [
        "[]",
        "{",
        "null",
        '{"branch": "main"}',
        "\x00\xff",
        *(
            str({**{slot: getattr(entry, slot) for slot in Entry.__slots__}, **wrong}).replace("'", '"')
            for wrong in (
                {"path": "../outside"},
                {"path": ".qanat/runs/../../outside"},
                {"path": "/etc/passwd"},
                {"path": ".qanat/config.yaml"},
                {"blob": "--output=x"},
                {"commit": "--all"},
                {"time": "soon"},
                {"branch": 5},
            )
        ),
        "[" * 100_000,
    ]
    file.write_text("\n".join([*lines, file.read_text()]))
    assert watched(kept) == [entry]
    assert restore.bring_back(kept.project) == []
