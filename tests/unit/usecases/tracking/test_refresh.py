"""Updating records: what happened to runs that no qanat watches, and what is not committed yet."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from qanat.domain.job import JobHandle, JobStatus
from qanat.domain.layout import group_folder
from qanat.domain.measured import Measured
from qanat.domain.run import Run, RunnerChoice, State, SubmissionFacts
from qanat.git import command, worktree
from qanat.records import flight, run_codec
from qanat.records.flight import Journal, Watcher
from qanat.system import processes
from qanat.usecases.launch import looking
from qanat.usecases.runs import annotate
from qanat.usecases.tracking import committing, record, refresh
from tests.support.world import GONE, INTENT, World

NOW = "2026-11-23T05:17:55+00:00"
RUNNING, FINISHED, FAILED, CANCELLED, LOST = State.RUNNING, State.FINISHED, State.FAILED, State.CANCELLED, State.LOST


@pytest.fixture
def sleeper() -> Iterator[subprocess.Popen[bytes]]:
    """Yield a process that lives, with the mark of group 0 of the run that world.left_alone() makes."""
    marked = {"QANAT_JOB": f"{INTENT}:0", "PATH": os.environ["PATH"]}
    with subprocess.Popen(["sleep", "60"], env=marked, start_new_session=True) as process:
        yield process
        process.kill()


def own(world: World, run: Run, number: int) -> Path:
    """Create the directory of a group, and return it."""
    folder = group_folder(world.root / run.storage, number, len(run.groups))
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def leave_completion(world: World, run: Run, number: int, status: int, attempt: int = 1) -> None:
    """Leave the completion file of a group."""
    text = f'{{"attempt": {attempt}, "status": {status}, "ended": "{NOW}"}}\n'
    (own(world, run, number) / "completion.json").write_text(text)


def started(number: int, pid: int = GONE, start: str = "gone") -> JobHandle:
    """Return the handle of a group that was started as a process."""
    return JobHandle(INTENT, number, str(pid), {"process_start": start})


# ---- a journal without a living watcher


def test_groups_with_a_completion_file_get_their_true_end(world: World) -> None:
    run = world.left_alone(3)
    with world.journal(run) as journal:
        for number in range(3):
            journal.started(started(number), NOW)
    leave_completion(world, run, 0, 0)
    leave_completion(world, run, 1, 4)
    (own(world, run, 0) / "metrics.json").write_text('{"loss": 0.5}')
    (own(world, run, 2) / "metrics.jsonl").write_text('{"step": 7, "loss": 2}\n')
    first, second, third = world.look().groups
    assert (first.state, first.exit_code, first.started, first.ended) == (FINISHED, 0, NOW, NOW)
    assert (first.job, first.metrics) == (str(GONE), {"loss": 0.5})
    assert (second.state, second.exit_code, second.reason) == (FAILED, 4, "exit code 4")
    assert (third.state, third.curves["loss"].last) == (LOST, (2, 7))


def test_groups_whose_process_lives_are_still_running(world: World, sleeper: subprocess.Popen[bytes]) -> None:
    run = world.left_alone(2)
    with world.journal(run) as journal:
        journal.started(started(0, sleeper.pid, processes.start_of(sleeper.pid) or ""), NOW)
        journal.started(started(1), NOW)
    (own(world, run, 0) / "metrics.json").write_text('{"loss": 0.5}')
    found = world.look()
    assert [group.state for group in found.groups] == [RUNNING, LOST]
    assert found.groups[0].metrics == {}
    assert world.recorded() == run
    assert len(world.journals()) == 1
    assert world.notes == []


def test_a_process_that_ends_later_is_settled_by_the_look_after_that(
    world: World, sleeper: subprocess.Popen[bytes]
) -> None:
    run = world.left_alone(1)
    with world.journal(run) as journal:
        journal.started(started(0, sleeper.pid, processes.start_of(sleeper.pid) or ""), NOW)
    assert world.look().state is RUNNING
    leave_completion(world, run, 0, 0)
    sleeper.kill()
    sleeper.wait()
    assert world.look().state is FINISHED
    assert world.committed() == world.recorded()


def test_a_process_that_the_journal_does_not_know_is_found_by_its_mark(
    world: World, sleeper: subprocess.Popen[bytes]
) -> None:
    run = world.left_alone(2)
    with world.journal(run):
        pass
    assert [group.state for group in world.look().groups] == [RUNNING, CANCELLED]


def test_a_time_limit_that_nobody_keeps_any_more_is_told(world: World, sleeper: subprocess.Popen[bytes]) -> None:
    run = replace(world.left_alone(1), runner=RunnerChoice("local", None, {"time_limit": "2h"}))
    record.create_record(world.project, run)
    with world.journal(run) as journal:
        journal.started(started(0, sleeper.pid, processes.start_of(sleeper.pid) or ""), NOW)
    world.look()
    killed = "the qanat process of run 1 of train was killed"
    assert world.notes == [f"{killed}: its time limit of 2h is no longer enforced; to end it: qanat cancel 1"]


def test_a_strangers_process_of_the_same_number_is_not_taken_for_one_of_the_run(world: World) -> None:
    run = world.left_alone(1)
    with world.journal(run) as journal:
        journal.started(started(0, os.getpid(), "another start"), NOW)
    assert world.look().state is LOST


def test_groups_of_which_nothing_is_left_are_lost_and_the_reason_says_where_they_were_looked_for(world: World) -> None:
    run = world.left_alone(2)
    with world.journal(run) as journal:
        journal.started(started(0), NOW)
    begun, never = world.look().groups
    assert (begun.state, begun.started) == (LOST, NOW)
    assert begun.reason.endswith(f": no completion.json in group_0 and no process {GONE}")
    assert (never.state, never.started) == (CANCELLED, None)
    assert never.reason == "not started: qanat was killed before that"


def test_a_group_whose_results_are_gone_is_not_said_to_have_never_started(world: World) -> None:
    world.left_alone(1)
    shutil.rmtree(world.root / "results")
    assert world.look().state is LOST


def test_an_end_that_the_journal_knows_needs_no_completion_file(world: World) -> None:
    run = world.left_alone(2)
    with world.journal(run) as journal:
        journal.started(started(0), NOW)
        journal.ended(0, JobStatus(CANCELLED, reason="cancelled by SIGTERM", ended=NOW), Measured())
        journal.ended(1, JobStatus(FAILED, reason="could not be started", ended=NOW), Measured())
    first, second = world.look().groups
    assert (first.state, first.reason, first.started, first.ended) == (CANCELLED, "cancelled by SIGTERM", NOW, NOW)
    assert (second.state, second.reason, second.started) == (FAILED, "could not be started", None)


def test_metrics_of_groups_that_ended_before_qanat_was_killed_are_in_the_record(world: World) -> None:
    run = world.left_alone(2)
    with world.journal(run) as journal:
        for group in (0, 1):
            journal.started(started(group), NOW)
        journal.ended(0, JobStatus(FINISHED, exit_code=0, ended=NOW), Measured({"loss": 0.5}))
    world.write("results/train/run_1/group_1/metrics.json", '{"loss": 1}')
    leave_completion(world, run, 1, 0)
    assert [dict(group.metrics) for group in world.look().groups] == [{"loss": 0.5}, {"loss": 1}]


def test_a_completion_file_of_an_earlier_attempt_is_not_the_end_of_this_one(world: World) -> None:
    run = world.left_alone(2)
    run = run.with_groups({n: replace(run.groups[n], attempt=2) for n in (0, 1)})
    record.create_record(world.project, run)
    leave_completion(world, run, 0, 0, attempt=1)
    leave_completion(world, run, 1, 0, attempt=2)
    assert [group.state for group in world.look().groups] == [CANCELLED, FINISHED]


def test_a_settled_run_is_committed_its_journal_goes_and_a_note_says_that_it_was_cut_short(world: World) -> None:
    run = world.left_alone(2)
    with world.journal(run):
        pass
    found = world.look()
    assert world.committed() == world.recorded() == found
    assert world.subjects()[0] == "qanat: run 1 of train cancelled"
    assert world.journals() == []
    assert world.notes == ["run 1 of train was interrupted: its qanat process was killed; continue with: qanat retry 1"]
    world.look()
    assert world.notes == []
    assert len(world.subjects()) == 2


def test_a_run_that_was_seen_to_its_end_by_its_programs_is_not_said_to_be_cut_short(world: World) -> None:
    run = world.left_alone(1)
    with world.journal(run):
        pass
    leave_completion(world, run, 0, 0)
    assert world.look().state is FINISHED
    assert world.notes == []


def test_the_info_file_says_how_a_settled_run_ended(world: World) -> None:
    run = world.left_alone(1)
    leave_completion(world, run, 0, 3)
    world.look()
    info = (world.root / run.storage / "info.yaml").read_text()
    assert "status: failed\n" in info
    assert f"end_time: {NOW}\n" in info


def test_a_record_without_a_journal_is_settled_too(world: World) -> None:
    run = world.left_alone(1)
    leave_completion(world, run, 0, 0)
    assert world.look().state is FINISHED
    assert world.committed() == world.recorded()


def test_an_ended_record_whose_journal_was_left_is_committed_and_the_journal_goes(world: World) -> None:
    run = world.left_alone(1)
    ended = run.with_groups({0: replace(run.groups[0], state=FINISHED, exit_code=0, ended=NOW)})
    record.create_record(world.project, ended)
    with world.journal(run):
        pass
    assert world.look() == ended
    assert world.committed() == ended
    assert world.journals() == []


@pytest.mark.parametrize(("exit_code", "kept"), [(4, "by another"), (None, "exit code 3")])
def test_of_two_ends_that_are_found_at_once_the_one_with_more_evidence_is_kept(
    world: World, exit_code: int | None, kept: str
) -> None:
    world.submit()
    (job,) = world.scheduler.of(0)
    job.ends(3)

    def ended_by_another_terminal() -> None:
        run = world.recorded()
        end = replace(run.groups[0], state=CANCELLED, exit_code=exit_code, reason="by another", ended=NOW)
        other = run.with_groups({0: end})
        record.create_record(world.project, other)

    world.submit()
    world.clock.after(1, ended_by_another_terminal)
    world.scheduler.answer_s = 1
    world.look()
    assert world.recorded().groups[0].reason == kept


def test_a_tag_that_is_set_while_the_scheduler_is_asked_is_kept(world: World) -> None:
    found = world.find(world.submit().number)
    (job,) = world.scheduler.of(0)
    job.ends(3)
    world.submit()
    world.clock.after(1, lambda: annotate.set_tags(world.project, found, ["good"], []))
    world.scheduler.answer_s = 1
    assert world.look().state is State.FAILED
    assert (world.recorded().tags, world.recorded().state) == (("good",), State.FAILED)
    assert world.committed() == world.recorded()


# ---- a living watcher


def alive(world: World, run: Run, **changes: object) -> Journal:
    """Start a journal whose watcher is this process."""
    pid = os.getpid()
    watcher = Watcher(run.id, str(world.root), run_codec.path_of(run), run.host, pid, processes.start_of(pid) or "")
    return Journal(world.project.location.private, replace(watcher, **changes))  # type: ignore[arg-type]


def test_a_run_that_is_watched_is_shown_as_its_journal_has_it_and_left_alone(world: World) -> None:
    run = world.left_alone(3)
    with alive(world, run) as journal:
        journal.started(started(0), NOW)
        journal.ended(0, JobStatus(FINISHED, exit_code=0, ended=NOW), Measured())
        journal.started(started(1), NOW)
    assert [group.state for group in world.look().groups] == [FINISHED, RUNNING, State.QUEUED]
    assert world.recorded() == run
    assert len(world.journals()) == 1
    assert len(world.subjects()) == 1


def test_a_run_that_is_watched_on_another_machine_is_left_alone(world: World) -> None:
    run = world.left_alone(1)
    elsewhere = replace(run, host="elsewhere")
    record.create_record(world.project, elsewhere)
    assert world.look().state is State.QUEUED
    assert world.recorded() == elsewhere


def test_a_run_whose_watcher_lives_is_left_alone_though_its_journal_is_gone(world: World) -> None:
    run = world.left_alone(1)
    pid = os.getpid()
    facts = SubmissionFacts(INTENT, pid=pid, process_start=processes.start_of(pid))
    living = replace(run, submission=facts)
    record.create_record(world.project, living)
    assert world.look() == living
    assert world.recorded() == living


def test_an_ended_run_that_is_still_watched_is_live_until_it_is_committed(world: World) -> None:
    run = world.left_alone(1)
    ended = run.with_groups({0: replace(run.groups[0], state=FINISHED, exit_code=0, ended=NOW)})
    record.create_record(world.project, ended)
    with alive(world, ended):
        pass
    assert world.look() == ended
    assert world.committed() == run


def test_a_journal_of_another_work_tree_is_left_to_that(world: World) -> None:
    run = world.left_alone(1)
    leave_completion(world, run, 0, 0)
    with alive(world, run, root="/elsewhere"):
        pass
    assert world.look().state is FINISHED
    assert len(world.journals()) == 1


@pytest.mark.parametrize("stays", [False, True], ids=["gone", "living"])
def test_a_journal_whose_record_cannot_be_read_goes_when_nobody_writes_it_any_more(world: World, stays: bool) -> None:
    run = world.left_alone(1)
    with alive(world, run, pid=os.getpid() if stays else GONE, record=".qanat/runs/train/0/9-abcdef.yaml"):
        pass
    leave_completion(world, run, 0, 0)
    world.look()
    assert bool(world.journals()) is stays


# ---- what is going on


def test_runs_that_go_on_are_listed_as_they_are_now(world: World) -> None:
    world.submit()
    world.submit()
    first, second = world.scheduler.jobs
    first.ends(0)
    second.starts()
    assert [run.number for run in refresh.recorded_active_runs(world.project)] == [2, 1]
    assert [(run.number, run.state) for run in looking.active_runs(world.project, world)] == [(2, RUNNING)]
    assert [run.number for run in refresh.recorded_active_runs(world.project)] == [2]


# ---- what is not committed


def test_an_ended_record_that_head_lacks_is_committed(world: World) -> None:
    run = world.left_alone(1)
    leave_completion(world, run, 0, 0)
    world.look()
    world.git("reset", "--quiet", "HEAD~2")
    assert world.committed() is None
    world.look()
    assert world.committed() == world.recorded()
    assert world.subjects() == ["qanat: run 1 of train finished"]


def test_a_record_that_another_command_commits_while_git_looks_is_not_committed_twice(world: World) -> None:
    run = world.left_alone(1)
    leave_completion(world, run, 0, 0)
    world.look()
    world.git("reset", "--quiet", "HEAD~2")
    seen = worktree.uncommitted_records(world.project.location)
    world.look()
    healed = refresh._uncommitted(world.project, {}, seen)
    assert [one.id for one in healed] == [run.id]
    assert committing.commit_records(world.project, healed) == []
    assert world.subjects() == ["qanat: run 1 of train finished"]


def test_an_ended_record_that_head_has_from_when_it_went_on_is_committed(world: World) -> None:
    run = world.left_alone(1)
    leave_completion(world, run, 0, 0)
    world.look()
    world.git("reset", "--quiet", "HEAD~1")
    world.look()
    assert world.committed() == world.recorded()


def test_a_record_that_was_edited_after_its_end_is_left_to_whoever_edited_it(world: World) -> None:
    run = world.left_alone(1)
    leave_completion(world, run, 0, 0)
    world.look()
    edited = replace(world.recorded(), description="mine")
    (world.root / run_codec.path_of(run)).write_bytes(run_codec.encode(edited))
    assert world.look() == edited
    assert world.notes == []
    assert world.committed() == replace(edited, description="")


def test_a_record_of_a_run_that_goes_on_is_not_committed_by_looking(world: World) -> None:
    world.submit()
    for job in world.scheduler.of(0):
        job.starts()
    world.git("reset", "--quiet", "HEAD~1")
    world.look()
    assert world.committed() is None


def test_a_record_that_was_deleted_stays_deleted(world: World) -> None:
    run = world.left_alone(1)
    leave_completion(world, run, 0, 0)
    world.look()
    (world.root / run_codec.path_of(run)).unlink()
    world.submit()
    world.look(2)
    assert len(list(world.root.glob(".qanat/runs/*/*/*.yaml"))) == 1
    assert world.committed() is not None


@pytest.mark.parametrize("text", ["not a record", None])
def test_a_file_that_is_no_record_of_that_place_is_not_committed(world: World, text: str | None) -> None:
    run = world.left_alone(1)
    leave_completion(world, run, 0, 0)
    ended = world.look()
    (world.root / ".qanat/runs/train/0/7-aaaaaa.yaml").write_text(text or run_codec.encode(ended).decode())
    world.look()
    assert world.git("status", "--porcelain", "--", ".qanat/runs") == "?? .qanat/runs/train/0/7-aaaaaa.yaml"


def test_records_in_conflict_are_left_to_the_merge(world: World) -> None:
    run = world.left_alone(1)
    leave_completion(world, run, 0, 0)
    world.look()
    path = run_codec.path_of(run)
    mine = world.git("rev-parse", f"HEAD:{path}")
    sides = "".join(f"100644 {mine} {stage}\t{path}\n" for stage in (1, 2, 3))
    world.git("rm", "--quiet", "--cached", path)
    command.output(world.root, "update-index", "--index-info", stdin=sides.encode())
    world.look()
    assert world.git("status", "--porcelain", "--", path).startswith("UU ")


def test_with_records_left_to_the_user_nothing_is_committed(world: World) -> None:
    world.set(records={"commit": "manual"})
    run = world.left_alone(1)
    leave_completion(world, run, 0, 0)
    assert world.look().state is FINISHED
    assert world.recorded().state is FINISHED
    assert world.committed() is None
    assert world.notes == []


def test_a_record_that_cannot_be_written_is_told_and_settled_by_the_next_look(world: World) -> None:
    run = world.left_alone(1)
    leave_completion(world, run, 0, 0)
    path = world.root / run_codec.path_of(run)
    obstacle = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    obstacle.mkdir()
    world.look()
    assert world.notes == [f"cannot write {path}: is a directory"]
    assert world.recorded() == run
    obstacle.rmdir()
    assert world.look().state is FINISHED


def test_the_index_is_up_to_date_after_a_look(world: World) -> None:
    run = world.left_alone(1)
    leave_completion(world, run, 0, 0)
    with looking.refreshed(world.project, world) as (index, result):
        assert result.live == {}
        assert [(row.number, row.state) for row in index.summaries()] == [(1, "finished")]


def test_a_clone_is_told_how_to_merge_records(world: World) -> None:
    world.git("config", "--remove-section", "merge.qanat")
    world.left_alone(1)
    world.look()
    assert "merge-driver" in world.git("config", "merge.qanat.driver")


def test_a_journal_that_was_just_made_is_not_removed(world: World) -> None:
    run = world.left_alone(1)
    leave_completion(world, run, 0, 0)
    folder = world.project.location.private / flight.FOLDER
    folder.mkdir(parents=True)
    (folder / "9-abcdef.jsonl").write_text("{")
    world.look()
    assert [path.name for path in world.journals()] == ["9-abcdef.jsonl"]
