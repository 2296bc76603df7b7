"""Records that a person edits: qanat neither builds on the edit nor commits it, and says how to undo it."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from qanat.domain.run import State
from qanat.errors import RecordEdited, WriteFailed
from qanat.records import own_copies, run_codec
from qanat.usecases.launch.options import LaunchOptions
from qanat.usecases.launch.retry import retry
from qanat.usecases.runs import annotate
from qanat.usecases.runs.delete import delete_runs
from tests.support.world import World

PATH = ".qanat/runs/train/0/{id}.yaml"


def file_of(world: World) -> Path:
    """Return the record of run 1."""
    return world.root / run_codec.path_of(world.recorded())


def finished(world: World) -> None:
    """Run the experiment here, with a metric."""
    world.experiment("""echo '{"acc": 0.5}' >"$2/metrics.json"\n""")
    assert world.launch().state is State.FINISHED


def edit(world: World, old: str, new: str) -> None:
    """Edit the record of run 1 as an editor does."""
    file = file_of(world)
    text = file.read_text()
    assert old in text
    file.write_text(text.replace(old, new))


def tag(world: World) -> None:
    """Tag run 1."""
    annotate.set_tags(world.project, world.find(), ["best"], [])


def delete(world: World) -> None:
    """Delete run 1."""
    delete_runs(world.project, [world.find()])


def retry_it(world: World) -> None:
    """Retry run 1."""
    options = LaunchOptions()
    world.started(retry, world.find(), [0], [], options, {}, runners=world, view=world.view)


EDITS = [
    ("acc: 0.5", "acc: 9.9", "groups.0.metrics.acc"),
    ("storage: results/train/run_1", "storage: results", "storage"),
    ("{group: 0, args: []", "{group: 0, args: [--lr, '1']", "groups.0.args"),
    ("branch: main", "branch: other", "code.branch"),
    ("exit_code: 0", "exit_code: 3", "groups.0.exit_code"),
]


@pytest.mark.parametrize(("old", "new", "key"), EDITS)
@pytest.mark.parametrize("act", [tag, delete, retry_it])
def test_a_command_that_would_build_on_an_edit_is_refused(
    world: World, act: Callable[[World], None], old: str, new: str, key: str
) -> None:
    finished(world)
    before = world.committed()
    edit(world, old, new)
    edited, head = file_of(world).read_bytes(), world.head
    with pytest.raises(RecordEdited) as error:
        act(world)
    path = str(file_of(world).relative_to(world.root))
    assert error.value.message == f"{path} was edited: {key}"
    assert f"or commit it yourself: git add {path} && git commit" in error.value.hint
    assert file_of(world).read_bytes() == edited
    assert (world.committed(), world.head) == (before, head)
    assert (world.root / "results/train/run_1/metrics.json").is_file()


def test_what_the_hint_says_undoes_the_edit(world: World) -> None:
    finished(world)
    edit(world, "acc: 0.5", "acc: 9.9")
    with pytest.raises(RecordEdited) as error:
        tag(world)
    undo = error.value.hint.removeprefix("undo that: ").partition("; or")[0]
    subprocess.run(undo, shell=True, check=True, cwd=world.root)
    tag(world)
    assert (committed := world.committed())
    assert committed.tags == ("best",)
    assert committed.groups[0].metrics == {"acc": 0.5}


def test_an_edit_of_a_record_that_only_git_has_is_undone_with_git(world: World) -> None:
    finished(world)
    shutil.rmtree(world.project.location.private / own_copies.FOLDER)
    tag(world)
    shutil.rmtree(world.project.location.private / own_copies.FOLDER)
    edit(world, "acc: 0.5", "acc: 9.9")
    with pytest.raises(RecordEdited) as error:
        tag(world)
    path = str(file_of(world).relative_to(world.root))
    assert error.value.hint.startswith(f"undo that: git checkout HEAD -- {path}; ")
    world.git("checkout", "HEAD", "--", path)
    annotate.set_tags(world.project, world.find(), [], ["best"])


def test_an_edit_that_its_author_has_committed_is_built_on(world: World) -> None:
    finished(world)
    edit(world, "acc: 0.5", "acc: 0.6")
    world.git("commit", "--quiet", "--all", "--message", "corrected")
    tag(world)
    assert (committed := world.committed())
    assert (committed.tags, committed.groups[0].metrics) == (("best",), {"acc": 0.6})


def test_an_edit_that_is_only_staged_is_not_built_on(world: World) -> None:
    finished(world)
    edit(world, "acc: 0.5", "acc: 9.9")
    world.git("add", "--all")
    with pytest.raises(RecordEdited):
        tag(world)


@pytest.mark.parametrize("text", ["", "not a record", "schema: run/2\n"])
def test_a_record_that_was_overwritten_is_not_taken_for_qanats(world: World, text: str) -> None:
    finished(world)
    run = world.find()
    file_of(world).write_text(text)
    with pytest.raises(Exception, match=r"1-\w+\.yaml"):
        delete_runs(world.project, [run])
    assert (world.root / "results/train/run_1").is_dir()


# ---- while a run is active, and its record is not committed


def test_a_record_that_is_broken_while_a_run_goes_on_does_not_keep_its_end_from_being_told(world: World) -> None:
    world.experiment("""for f in .qanat/runs/train/0/*.yaml; do cp "$f" kept; echo '<<<<<<< ours' >>"$f"; done\n""")
    run = world.launch()
    assert run.state is State.FINISHED
    (note,) = world.outcome.notes
    path = run_codec.path_of(run)
    assert note.startswith(f"how run 1 ended is not recorded yet: {path}:")
    assert note.endswith("has the marks of a merge conflict; the next qanat command that looks at runs records it")
    shutil.copy(world.root / "kept", world.root / path)
    world.leave_alone()
    assert world.look().state is State.FINISHED
    assert world.committed() is not None


def test_an_edit_while_a_run_goes_on_is_not_committed_at_its_end(world: World) -> None:
    world.experiment("""sed -i 's/^description: .*/description: mine/' .qanat/runs/train/0/*.yaml\n""")
    run = world.launch()
    assert run.state is State.FINISHED
    (note,) = world.outcome.notes
    assert note.startswith(
        f"how run 1 ended is not recorded yet: {run_codec.path_of(run)} was edited: description (undo "
    )
    assert world.committed() is None
    world.leave_alone()
    assert world.look().state is State.FINISHED
    assert world.recorded().description == "mine"
    assert "was edited: description" in world.notes[0]
    # Nothing is lost: once the edit is undone, the end is recorded.
    shutil.copy(own_copies.file_of(world.project.location.private, run.id), file_of(world))
    assert world.look().state is State.FINISHED
    assert world.notes == []
    assert world.committed() == world.recorded() == world.look()
    assert world.recorded().description == ""


def test_metrics_that_are_typed_into_a_submitted_run_are_not_recorded(world: World) -> None:
    world.submit()
    edit(world, "state: queued,", "state: queued, metrics: {acc: 9.9},")
    (job,) = world.scheduler.of(0)
    job.ends(0)
    assert world.look().state is State.FINISHED
    assert "was edited: groups.0.metrics" in world.notes[0]
    assert (committed := world.committed())
    assert (committed.state, committed.groups[0].metrics) == (State.QUEUED, {})


def test_a_record_that_says_that_it_ended_is_not_committed_for_that(world: World) -> None:
    run = world.left_alone(1)
    with world.journal(run):
        pass
    file = file_of(world)
    ended = run.with_groups({0: replace(run.groups[0], state=State.FINISHED, exit_code=0)})
    file.write_bytes(run_codec.encode(ended))
    world.look()
    assert "was edited: state, groups.0" in world.notes[0]
    assert (committed := world.committed())
    assert committed.state is State.QUEUED


def test_a_record_of_a_strangers_that_nobody_committed_is_left_to_the_user(world: World) -> None:
    finished(world)
    text = file_of(world).read_text().replace("id: 1-", "id: 7-")
    name = file_of(world).name.replace("1-", "7-", 1)
    stranger = file_of(world).with_name(name)
    stranger.write_text(text)
    world.look()
    path = stranger.relative_to(world.root)
    assert world.notes == [
        f"{path} is not committed, and this qanat did not write it "
        f"(commit it: git add {path} && git commit, or remove it)"
    ]
    assert world.git("status", "--porcelain", "--", ".qanat/runs") == f"?? {path}"


# ---- what qanat wrote itself


def test_records_that_stay_uncommitted_are_built_on(world: World) -> None:
    world.set(records={"commit": "manual"})
    finished(world)
    tag(world)
    assert world.committed() is None
    annotate.set_tags(world.project, world.find(), ["second"], ["best"])
    assert world.recorded().tags == ("second",)


def test_a_kill_between_the_copy_and_the_record_changes_nothing(world: World) -> None:
    world.submit()
    run = world.recorded()
    own_copies.keep(world.project.location.private, run.id, b"what would have been written next")
    tag(world)
    assert world.recorded().tags == ("best",)


def test_a_copy_that_a_power_failure_has_emptied_proves_nothing(world: World) -> None:
    finished(world)
    own_copies.file_of(world.project.location.private, world.recorded().id).write_bytes(b"")
    tag(world)


def test_a_tag_whose_commit_was_cut_short_is_committed_by_the_next_look(world: World) -> None:
    finished(world)
    tag(world)
    world.git("reset", "--quiet", "HEAD~1")
    world.look()
    assert (committed := world.committed())
    assert committed.tags == ("best",)


def test_in_the_middle_of_a_merge_the_merged_record_is_built_on(world: World) -> None:
    finished(world)
    world.git("branch", "other")
    tag(world)
    world.git("switch", "--quiet", "other")
    annotate.set_tags(world.project, world.find(), ["theirs"], [])
    world.git("merge", "--quiet", "--no-commit", "main")
    annotate.set_tags(world.project, world.find(), ["third"], [])
    assert set(world.recorded().tags) == {"best", "theirs", "third"}


def test_only_the_newest_copies_are_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(own_copies, "KEPT_MAX", 3)
    for number in range(5):
        own_copies.keep(tmp_path, f"{number}-aaaaaa", b"x")
    own_copies.prune(tmp_path)
    assert [bool(own_copies.copies(tmp_path, f"{n}-aaaaaa")) for n in range(5)] == [False, False, True, True, True]


def test_a_copy_that_cannot_be_kept_is_an_error_that_names_it(tmp_path: Path) -> None:
    own_copies.keep(tmp_path, "1-aaaaaa", b"x")
    (tmp_path / own_copies.FOLDER / "1-aaaaaa.old").mkdir()
    with pytest.raises(WriteFailed, match=r"cannot write .*/written/1-aaaaaa.yaml: is a directory"):
        own_copies.keep(tmp_path, "1-aaaaaa", b"y")
