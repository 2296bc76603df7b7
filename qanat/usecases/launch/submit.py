"""Submitting a run: first the intent on disk, then the scheduler, then the job ids in the record and in git."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from qanat.domain.bundles import bundles
from qanat.domain.checkpoint import Checkpoint
from qanat.domain.job import PARAMETERS_VARIABLE, JobBatch, JobSpec, Submission
from qanat.domain.layout import group_folder
from qanat.domain.run import Group, Run, SubmissionFacts
from qanat.domain.shipment import in_sandbox, shown
from qanat.errors import QanatError, SubmitUnknown, WriteFailed
from qanat.records import run_codec, storage
from qanat.runners.protocol import Runner
from qanat.usecases.launch import held_back, retry_note, shipping
from qanat.usecases.launch.attempt import FAILURES, Attempt, open_attempt, undo, undo_on_failure
from qanat.usecases.launch.order import Order
from qanat.usecases.launch.view import Outcome
from qanat.usecases.launch.workplace import Workplace
from qanat.usecases.project import Project
from qanat.usecases.tracking import record
from qanat.usecases.tracking.submission import submitted_options, with_submission


def submit(project: Project, attempt: Attempt, runner: Runner, order: Order) -> Outcome:
    """Submit the groups of an attempt and record their jobs, committed before this returns.

    The record with its intent is on disk before the scheduler is called, so that the next command can recover from
    a crash at any point. Raises SubmitFailed or RunnerUnavailable if nothing was queued, and then a new run leaves
    no trace; SubmitUnknown if the scheduler did not say.
    """
    with open_attempt(project, attempt) as (run, journal):
        with undo_on_failure(attempt, journal):
            batch = _prepare(project, run, attempt, runner, order)
            if batch.held:
                held_back.note(project, run)
            retry_note.note(project, run)
        try:
            with_jobs, notes = _record(project, run, _answer(project, runner, batch, attempt), attempt.numbers)
        except FAILURES:
            journal.remove()  # the next command finds the jobs by their intent, or that there are none
            raise
        journal.remove()
    if batch.held and (held := held_back.hand_over(project, with_jobs, batch, runner)):
        notes.append(held)
    return Outcome(with_jobs, tuple(notes), groups=tuple(attempt.numbers), command=shown(batch.jobs[0].command))


def _answer(project: Project, runner: Runner, batch: JobBatch, attempt: Attempt) -> Submission:
    """Return the scheduler's answer; if it accepted nothing, the attempt is undone."""
    try:
        return runner.submit(batch)
    except SubmitUnknown:
        raise
    except QanatError:
        undo(attempt)
        if batch.held:
            held_back.forget(project, attempt.beginning.run)
        raise


def _record(project: Project, run: Run, answer: Submission, numbers: Sequence[int]) -> tuple[Run, list[str]]:
    """Record and commit the jobs of these groups of a run; return the run, and what the user should know."""
    try:
        path = run_codec.path_of(run)
        return record.update_record(project, path, lambda now: with_submission(now, answer, numbers), absent=run)
    except WriteFailed as error:
        what = f"run {run.number} was submitted, but its jobs could not be recorded: {error.message}"
        raise WriteFailed(what, hint=f"the next qanat command finds the jobs; {error.hint}") from None


def job_spec(
    project: Project,
    folder: Path,
    place: Workplace,
    command: tuple[str, ...],
    group: Group,
    count: int,
    parameters_file: Path | None,
    checkpoint: Checkpoint | None,
) -> JobSpec:
    """Return a group as a job; folder is the storage directory of its run of `count` groups."""
    # Compiled files would count as traces of this run, and the next one would get a new checkout.
    environment = {} if place.folder == project.root else {"PYTHONDONTWRITEBYTECODE": "1"}
    if parameters_file:
        environment[PARAMETERS_VARIABLE] = in_sandbox(str(parameters_file)) if place.shipment else str(parameters_file)
    return JobSpec(
        group=group.number,
        command=command,
        workdir=place.folder,
        storage=group_folder(folder, group.number, count),
        environment=environment,
        attempt=group.attempt,
        info=storage.group_info(shown(command), group.args).decode() if count > 1 else "",
        sharing=project.sharing,
        checkpoint=checkpoint,
    )


def _prepare(project: Project, run: Run, attempt: Attempt, runner: Runner, order: Order) -> JobBatch:
    """Write the run's info file and return its jobs, which create the groups' directories themselves."""
    commands, place, count = attempt.commands(run), attempt.place, len(run.groups)
    attempt.write_info(run, project.sharing)
    kept, first = attempt.parameters_file(run), min(run.groups[n].attempt for n in attempt.numbers)
    jobs = [
        job_spec(
            project, attempt.folder, place, commands[n], run.groups[n], count, kept, attempt.checkpoint(run.groups[n])
        )
        for n in attempt.numbers
    ]
    reruns = not run.submission.per_job and run.checkpoint is None
    batch = JobBatch(
        run_id=run.id,
        name=f"{run.experiment}_{run.number}",
        intent=run.submission.intent,
        folder=attempt.folder,
        options=submitted_options(runner, run.runner, attempt=first, reruns=reruns),
        jobs=in_bundles(jobs, run.submission),
        max_running=run.submission.max_running,
        image=attempt.enclosure.image_of_jobs if attempt.enclosure else "",
        held=bool(order.active),
        after=held_back.jobs_before(project, order, run.runner.name),
        shipment=place.shipment,
        at_once=run.submission.at_once or 1,
    )
    return shipping.with_files_of_run(batch, place, kept, make=True)


def in_bundles(groups: Sequence[JobSpec], facts: SubmissionFacts) -> tuple[JobSpec, ...]:
    """Return the jobs that work through groups."""
    if not facts.per_job:
        return tuple(groups)
    limited = {group.group: replace(group, time_limit=facts.time_limit) for group in groups}
    parts = bundles(list(limited), facts.per_job)
    jobs = {number: tuple(limited[each] for each in part) for number, part in parts.items()}
    return tuple(replace(of_job[0], group=number, attempt=1, bundled=of_job) for number, of_job in jobs.items())
