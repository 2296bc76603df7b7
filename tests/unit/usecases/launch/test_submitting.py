"""Submitting a run: its intent is on disk first, its jobs are in git last, and nothing is submitted twice."""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from qanat.domain.job import JobBatch
from qanat.domain.run import RunnerChoice, State
from qanat.errors import NotFound, QanatError, RunnerUnavailable, SubmitFailed, SubmitUnknown, UsageError
from qanat.records import storage
from tests.support.world import World


def raising(error: BaseException) -> Callable[[JobBatch], None]:
    """Return what raises an error, whatever it is given."""

    def act(batch: JobBatch) -> None:
        raise error

    return act


def test_the_record_with_its_intent_is_on_disk_before_the_scheduler_is_asked(world: World) -> None:
    seen: list[str] = []

    def look(batch: JobBatch) -> None:
        record = world.recorded()
        assert [group.job for group in record.groups] == [None, None]
        assert len(world.journals()) == 1
        assert world.committed() is None
        seen.extend([record.submission.intent, batch.intent])

    world.scheduler.before_taking = look
    run = world.submit(2)
    assert seen == [run.submission.intent] * 2
    assert len(run.submission.intent) == 24


def test_two_submissions_have_two_intents(world: World) -> None:
    assert world.submit().submission.intent != world.submit().submission.intent


def test_the_jobs_are_in_the_record_and_committed_before_the_command_returns(world: World) -> None:
    run = world.submit(2)
    assert [(group.job, group.state) for group in run.groups] == [("1.0", State.QUEUED), ("1.1", State.QUEUED)]
    assert run.submission.details == {"cluster": 1}
    assert world.committed() == world.recorded() == run
    assert world.subjects() == ["qanat: run 1 of train queued"]
    assert world.journals() == []
    assert (world.outcome.notes, world.outcome.interrupted) == ((), None)
    assert world.view.events == [("submitted", ["1.0", "1.1"])]


def test_a_record_says_when_and_how_it_was_submitted(world: World) -> None:
    world.clock.move(60)
    run = world.submit(max_running=3)
    assert (run.submission.submitted, run.created) == ("2026-11-23T05:18:55+00:00",) * 2
    assert (run.submission.max_running, run.submission.pid, run.submission.process_start) == (3, None, None)
    assert run.runner == RunnerChoice("world", "default", {})


def test_a_template_gives_the_options(world: World) -> None:
    world.template("big", memory="4G")
    run = world.submit(template="big")
    assert run.runner == RunnerChoice("world", "big", {"memory": "4G"})
    (batch,) = world.scheduler.batches
    assert batch.options == {"memory": "4G"}


def test_what_a_scheduler_is_given(world: World) -> None:
    run = world.submit(2, max_running=1)
    (batch,) = world.scheduler.batches
    folder = world.root / "results/train/run_1"
    assert (batch.run_id, batch.name, batch.intent) == (run.id, "train_1", run.submission.intent)
    assert (batch.folder, batch.max_running) == (folder, 1)
    job = batch.jobs[1]
    assert (job.group, job.attempt, job.workdir, job.environment) == (1, 1, world.root, {})
    assert job.storage == folder / "group_1"
    assert job.command == ("sh", "train.sh", "--seed", "1", "--storage_path", f"{folder}/group_1")
    assert job.info == storage.group_info(job.command, ("--seed", "1")).decode()
    assert world.submit(1).number == 2
    (job,) = world.scheduler.batches[1].jobs
    assert (job.storage, job.info) == (world.root / "results/train/run_2", "")


def test_the_info_file_is_there_and_the_groups_directories_are_left_to_their_jobs(world: World) -> None:
    world.submit(2)
    folder = world.root / "results/train/run_1"
    assert [path.name for path in folder.iterdir()] == ["info.yaml"]
    assert "status: queued\n" in (folder / "info.yaml").read_text()


# ---- submissions that do not happen


@pytest.mark.parametrize("error", [SubmitFailed("the queue is full"), RunnerUnavailable("no route to host")])
def test_a_submission_that_is_refused_leaves_no_trace(world: World, error: QanatError) -> None:
    world.scheduler.before_taking = raising(error)
    with pytest.raises(type(error), match=error.message):
        world.submit()
    assert not list(world.root.glob(".qanat/runs/*/*/*.yaml"))
    assert not (world.root / "results/train/run_1").exists()
    assert world.journals() == []
    assert world.git("status", "--porcelain") == ""
    assert world.view.events == []


def test_a_refused_submission_says_how_to_check_its_template(world: World, tmp_path: Path) -> None:
    world.template("big", memory="4G")
    file = tmp_path / "t 3.yaml"
    file.write_text("name: t3\nrunner: world\noptions: {memory: 4G}\n")
    for given, hint in ((None, ""), ("big", "qanat template show big --check"), (str(file), f"show '{file}' --check")):
        world.scheduler.before_taking = raising(SubmitFailed("no such partition"))
        with pytest.raises(SubmitFailed) as error:
            world.submit(template=given)
        assert error.value.hint.endswith(hint)
        assert bool(error.value.hint) is bool(hint)


def test_a_scheduler_that_did_not_say_leaves_the_record_for_the_next_command(world: World) -> None:
    world.scheduler.before_taking = raising(SubmitUnknown("timed out"))
    with pytest.raises(SubmitUnknown, match="timed out"):
        world.submit()
    run = world.recorded()
    assert (run.state, run.groups[0].job) == (State.QUEUED, None)
    assert (world.root / "results/train/run_1/info.yaml").is_file()
    assert world.journals() == []


@pytest.mark.parametrize(
    ("words", "error", "message"),
    [
        ({"template": "big"}, NotFound, "no template or file named 'big' for world"),
        ({"fail_fast": True}, UsageError, "--fail-fast cannot be used with runner world"),
        ({"runner": "slrum"}, UsageError, "runner 'slrum' does not exist"),
    ],
)
def test_what_cannot_be_submitted_is_refused_before_anything_is_written(
    world: World, words: dict[str, Any], error: type[QanatError], message: str
) -> None:
    with pytest.raises(error, match=message):
        world.submit(**words)
    assert not (world.root / "results").exists()
    assert world.scheduler.batches == []


def test_a_template_that_the_scheduler_does_not_take_is_refused(world: World) -> None:
    world.scheduler.key_problems = lambda options: ["memory: unknown"] if options else []  # type: ignore[method-assign]
    world.template("big", memory="4G")
    with pytest.raises(UsageError, match="template big: memory: unknown") as error:
        world.submit(template="big")
    assert error.value.hint == "qanat template show big --check"
    assert world.submit().number == 1


def test_a_record_that_cannot_be_written_submits_nothing(world: World) -> None:
    world.commit(**{".qanat/runs/train": "in the way"})
    with pytest.raises(QanatError, match="cannot write"):
        world.submit()
    assert world.scheduler.batches == []
    assert world.journals() == []


# ---- where the jobs work


def test_jobs_work_in_a_checkout_of_the_commit(world: World) -> None:
    run = world.submit(in_place=False)
    place = world.root / f".qanat/cache/checkouts/{run.code.commit[:12]}"
    (batch,) = world.scheduler.batches
    assert batch.jobs[0].workdir == place
    assert batch.jobs[0].environment == {"PYTHONDONTWRITEBYTECODE": "1"}
    assert (place / "train.sh").read_text() == 'echo "$@"\n'
    assert (run.code.workdir, run.submission.checkout) == ("checkout", str(place.relative_to(world.root)))


def test_an_experiment_may_want_the_project_and_a_local_run_a_checkout(world: World) -> None:
    world.experiment("true\n", workdir="project")
    run = world.submit(in_place=False)
    assert (run.code.workdir, run.submission.checkout) == ("project", None)
    world.experiment("true\n", workdir="checkout")
    assert world.launch().code.workdir == "checkout"
    assert world.launch(in_place=True).code.workdir == "project"
    assert world.submit(in_place=False).code.workdir == "checkout"


def test_a_commit_that_is_asked_for_runs_in_a_checkout(world: World) -> None:
    before = world.head
    world.experiment("exit 1\n")
    run = world.launch(revision="HEAD~1")
    assert (run.code.commit, run.code.workdir, run.code.branch) == (before, "checkout", "main")
    assert run.state is State.FINISHED


def test_changes_do_not_matter_to_a_commit_that_is_asked_for(world: World) -> None:
    world.write("train.sh", "exit 1\n")
    assert world.launch(revision="HEAD").state is State.FINISHED


def test_editing_a_file_while_jobs_wait_changes_nothing(world: World) -> None:
    world.submit(in_place=False)
    world.write("train.sh", "exit 1\n")
    (batch,) = world.scheduler.batches
    assert (batch.jobs[0].workdir / "train.sh").read_text() == 'echo "$@"\n'


def test_runs_of_commits_with_the_same_code_share_a_checkout(world: World) -> None:
    world.commit("one", **{"train.sh": "true\n"})
    first = world.submit(in_place=False)
    world.commit("two", **{"train.sh": "false\n"})
    world.commit("back", **{"train.sh": "true\n"})
    second = world.submit(in_place=False)
    assert first.code.commit != second.code.commit
    assert first.code.tree == second.code.tree
    assert first.submission.checkout == second.submission.checkout


def test_ignored_inputs_are_linked_into_the_checkout_and_noted(world: World) -> None:
    world.commit(**{".gitignore": "*.bin\nresults/\n.qanat/cache/\n"})
    world.write("data/a.bin", "1\n")
    run = world.launch("data/a.bin", runner="world")
    assert run.submission.inputs == ("data/a.bin",)
    (batch,) = world.scheduler.batches
    assert (batch.jobs[0].workdir / "data/a.bin").read_text() == "1\n"


# ---- waiting for the end


def test_a_run_that_is_waited_for_is_looked_at_less_and_less_often(world: World) -> None:
    times: list[float] = []

    def note(batch: JobBatch) -> None:
        world.clock.after(100, lambda: [job.ends(0) for job in world.scheduler.of(0)])

    world.scheduler.after_taking = note
    before = world.scheduler.poll

    def poll(handles: Any) -> Any:
        times.append(world.clock.monotonic())
        return before(handles)

    world.scheduler.poll = poll  # type: ignore[method-assign]
    run = world.submit(wait=True)
    assert run.state is State.FINISHED
    pauses = [round(later - earlier, 2) for earlier, later in pairwise(times)]
    assert pauses[:3] == [1.0, 1.2, 1.44]
    assert max(pauses) == pauses[-1] == 10.0
    assert 100 <= world.clock.monotonic() < 110
    assert [name for name, _ in world.view.events][:2] == ["submitted", "seen"]
    assert world.view.events[-1] == ("seen", State.FINISHED)
    assert (world.outcome.run, world.outcome.interrupted) == (run, None)


def test_what_was_left_uncommitted_is_told_after_the_wait_as_well(world: World) -> None:
    world.scheduler.before_taking = lambda batch: world.write(".git/MERGE_HEAD", "")
    world.scheduler.after_taking = lambda batch: world.clock.after(1, lambda: [j.ends(0) for j in world.scheduler.jobs])
    world.submit(wait=True)
    (note,) = world.outcome.notes
    assert note.startswith("the record of run 1 was saved, but not committed")


def pressed_at(world: World, *seconds: float) -> None:
    """Let Ctrl-C be pressed at these times after the submission, once each."""

    def press() -> None:
        raise KeyboardInterrupt

    def note(batch: JobBatch) -> None:
        for second in seconds:
            world.clock.after(second, press)

    world.scheduler.after_taking = note


def test_ctrl_c_ends_the_wait_and_the_run_goes_on(world: World) -> None:
    pressed_at(world, 5)
    run = world.submit(wait=True)
    assert (run.state, world.outcome.interrupted) == (State.QUEUED, 2)
    assert world.look().state is State.QUEUED


def test_with_cancel_on_interrupt_ctrl_c_cancels_the_run_and_its_end_is_waited_for(world: World) -> None:
    pressed_at(world, 5)
    run = world.submit(2, wait=True, cancel_on_interrupt=True)
    assert [group.state for group in run.groups] == [State.CANCELLED, State.CANCELLED]
    assert world.outcome.interrupted == 2
    assert world.committed() == run


def test_without_wait_nobody_looks_again(world: World) -> None:
    world.submit()
    assert world.scheduler.polls == []
    assert [name for name, _ in world.view.events] == ["submitted"]


def test_a_storage_directory_that_is_asked_for_is_the_jobs(world: World, tmp_path: Path) -> None:
    run = world.submit(storage_path=tmp_path / "elsewhere")
    (batch,) = world.scheduler.batches
    assert batch.folder == batch.jobs[0].storage == tmp_path / "elsewhere"
    assert run.storage == str(tmp_path / "elsewhere")
