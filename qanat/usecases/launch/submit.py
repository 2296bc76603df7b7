"""Submitting a run: intent on disk, then the scheduler, then the job ids in the record and in git."""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from pathlib import Path

from qanat.domain.job import JobBatch, JobSpec
from qanat.domain.layout import group_folder
from qanat.domain.run import Group, Run, SubmissionFacts
from qanat.errors import QanatError, SubmitUnknown
from qanat.records import run_codec, storage
from qanat.records.flight import Journal
from qanat.runners.protocol import Runner
from qanat.usecases.launch.beginning import Beginning
from qanat.usecases.launch.checkouts import Workplace
from qanat.usecases.launch.follow import Setting, begun, watcher
from qanat.usecases.launch.view import Outcome
from qanat.usecases.project import Project
from qanat.usecases.tracking import record
from qanat.usecases.tracking.submission import with_submission


def submit(project: Project, beginning: Beginning, setting: Setting, numbers: Sequence[int], runner: Runner) -> Outcome:
    """Submit the groups of these numbers and record their jobs, committed before this returns.

    The record with its intent is on disk before the scheduler is asked, so that a crash at any point is
    found out by the next command. Raises SubmitFailed or RunnerUnavailable when nothing was queued, and
    then a new run leaves no trace; SubmitUnknown when the scheduler did not say.
    """
    with Journal(project.location.private, watcher(project, beginning.run)) as journal:
        run = begun(beginning, journal)
        try:
            submission = runner.submit(_prepare(project, run, setting, numbers))
        except SubmitUnknown:
            journal.remove()
            raise
        except QanatError:
            beginning.undo()
            journal.remove()
            raise
        path = run_codec.path_of(run)
        run, notes = record.update_record(project, path, lambda now: with_submission(now, submission), absent=run)
        journal.remove()
    return Outcome(run, tuple(notes))


def new_intent(now: str, place: str | None, max_running: int | None = None) -> SubmissionFacts:
    """Return what finds a submission again before the scheduler has named its jobs."""
    return SubmissionFacts(secrets.token_hex(8), now, checkout=place, max_running=max_running or None)


def batch_of(
    project: Project, run: Run, setting: Setting, numbers: Sequence[int], commands: Sequence[tuple[str, ...]]
) -> JobBatch:
    """Give the jobs of a run, whose groups have these commands, as they are submitted together."""
    count = len(run.groups)
    jobs = [job_spec(project, setting.folder, setting.place, commands[n], run.groups[n], count) for n in numbers]
    return JobBatch(
        run_id=run.id,
        name=f"{run.experiment}_{run.number}",
        intent=run.submission.intent,
        folder=setting.folder,
        options=run.runner.options,
        jobs=tuple(jobs),
        max_running=run.submission.max_running,
    )


def job_spec(
    project: Project, folder: Path, place: Workplace, command: tuple[str, ...], group: Group, count: int
) -> JobSpec:
    """Give a group of a run of `count` groups, whose storage directory is folder, as a job."""
    # Compiled files would count as traces of this run, and the next one would get a new checkout.
    environment = {} if place.folder == project.root else {"PYTHONDONTWRITEBYTECODE": "1"}
    return JobSpec(
        group=group.number,
        command=command,
        workdir=place.folder,
        storage=group_folder(folder, group.number, count),
        environment=environment,
        attempt=group.attempt,
        info=storage.group_info(command, group.args).decode() if count > 1 else "",
    )


def _prepare(project: Project, run: Run, setting: Setting, numbers: Sequence[int]) -> JobBatch:
    """Write the info file of the run; the groups' directories are made by their jobs."""
    commands = setting.commands(run)
    storage.write_info(run, setting.folder, commands, setting.place.folder)
    return batch_of(project, run, setting, numbers, commands)
