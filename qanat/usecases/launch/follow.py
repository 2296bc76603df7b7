"""Watching jobs on this machine from start to end, and recording how each ended."""

from __future__ import annotations

import os
import signal
from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from qanat.domain import job, time_limits
from qanat.domain.job import PARAMETERS_VARIABLE, JobContinues, JobEnded, JobSpec, JobStarted
from qanat.domain.layout import group_folder
from qanat.domain.run import Group, Run, State, lost
from qanat.errors import InputInvalid, QanatError, RecordEdited, WriteFailed
from qanat.records import flight, measured, run_codec, storage
from qanat.records.flight import Journal, with_attempts
from qanat.system import folders
from qanat.usecases.launch import code
from qanat.usecases.launch.attempt import FAILURES, Attempt, open_attempt, undo_on_failure
from qanat.usecases.launch.view import Outcome, WatchView
from qanat.usecases.project import Project
from qanat.usecases.tracking import manifests, notices, record

if TYPE_CHECKING:
    from qanat.domain.metric_problems import MetricProblem
    from qanat.runners.protocol import InProcessRunner
    from qanat.usecases.launch.after_others import Before
    from qanat.usecases.launch.retry_here import Retries


# A run that ends sooner after its first failure is told about once.
FIRST_FAILURE_S = 5.0


def follow_run(
    project: Project,
    attempt: Attempt,
    runner: InProcessRunner,
    view: WatchView,
    *,
    fail_fast: bool = False,
    before: Before | None = None,
) -> Outcome:
    """Start the groups of an attempt, watch them to their ends, and record the run.

    The record is written before anything starts; if that fails, nothing is left. Call it inside `with runner`. What
    `before` yields is waited for first.
    """
    with open_attempt(project, attempt) as (run, journal):
        with undo_on_failure(attempt, journal):
            jobs = _prepare(project, run, attempt)
            view.begins(run, attempt.folder)
        try:
            groups, notes = _watch(
                project, run, attempt, jobs, runner, journal, view, fail_fast=fail_fast, before=before
            )
        except FAILURES as error:
            _give_up(project, run, attempt, journal, error)
            raise
        interrupted = runner.interrupted
        on_request = interrupted == signal.SIGTERM and journal.is_cancelled
        changed, doubts = _changed(project, attempt)
        ended = replace(run, groups=tuple(groups))
        ended = replace(ended, code=replace(run.code, changed_while_running=True)) if changed else ended
        ended, remarks = manifests.with_manifests(project, ended, runner.generated_files)
        recorded, problems = _finish(project, run, ended, attempt, journal)
        if interrupted:
            notices.forget(project, recorded)
    notes += [*doubts, *remarks, *problems, *notices.tell_of(project, recorded)]
    return Outcome(recorded, tuple(notes), interrupted, on_request=on_request, groups=tuple(attempt.numbers))


def _changed(project: Project, attempt: Attempt) -> tuple[bool, list[str]]:
    """Return whether files changed while the run was active, and a sentence if that cannot be determined."""
    try:
        return attempt.place.folder == project.root and code.changed_since(project, attempt.captured), []
    except QanatError as error:
        return False, [f"whether files changed while the run was active is unknown: {error.message}"]


def _prepare(project: Project, run: Run, attempt: Attempt) -> list[JobSpec]:
    """Write the info files, and create every group's directory."""
    commands, place = attempt.commands(run), attempt.place.folder
    attempt.write_info(run, project.sharing)
    several = len(run.groups) > 1
    jobs = []
    for number in attempt.numbers:
        own = group_folder(attempt.folder, number, len(run.groups))
        group = run.groups[number]
        if several:
            path = group_folder(attempt.results, number, len(run.groups)) / storage.GROUP_INFO
            folders.write(path, storage.group_info(commands[number], group.args), sharing=project.sharing)
        environment = {"QANAT_RUN": run.id, "QANAT_GROUP": str(number), "QANAT_STORAGE_PATH": str(own)}
        if not several:
            # Its output is shown as it comes, but Python buffers what goes to a file.
            environment["PYTHONUNBUFFERED"] = os.environ.get("PYTHONUNBUFFERED", "1")
        if place != project.root:
            # Compiled files would count as traces of this run, and the next one would get a new checkout.
            environment["PYTHONDONTWRITEBYTECODE"] = "1"
        if kept := attempt.parameters_file(run):
            environment[PARAMETERS_VARIABLE] = str(kept)
        limit = run.runner.options.get(time_limits.KEY)
        jobs.append(
            JobSpec(
                number,
                commands[number],
                place,
                own,
                environment,
                group.attempt,
                sharing=project.sharing,
                time_limit=limit,
                checkpoint=run.checkpoint,
            )
        )
    return jobs


def _watch(
    project: Project,
    run: Run,
    attempt: Attempt,
    jobs: Sequence[JobSpec],
    runner: InProcessRunner,
    journal: Journal,
    view: WatchView,
    *,
    fail_fast: bool,
    before: Before | None,
) -> tuple[list[Group], list[str]]:
    """Follow the jobs to their ends; return the groups as they ended, and what the user should know."""
    groups = list(run.groups)
    faults: list[MetricProblem] = []
    retries = _retries(run, attempt, jobs, runner, journal)
    events = runner.watch(run.submission.intent, jobs)
    if before:
        from qanat.usecases.launch import after_others  # most runs wait for none

        events = after_others.watch(before, run, jobs, runner, journal, view)
    failure = _FirstFailure(project)
    for event in events:
        failure.tell(run, groups)
        if journal.is_cancelled and not runner.interrupted:
            runner.interrupt(signal.SIGTERM)
        if asked := journal.groups_to_cancel():
            runner.end(asked)
        match event:
            case JobStarted(handle=handle, timestamp=timestamp):
                journal.started(handle, timestamp)
                changed = job.apply_start(groups[handle.group], event)
            case JobContinues(group=number, status=status):
                changed = job.apply_continuation(groups[number], status)
                journal.again(changed)
            case JobEnded(group=number, status=status):
                own = group_folder(attempt.folder, number, len(groups))
                finished = status.state is State.FINISHED
                found, problems = measured.read_measured(own, attempt.metrics, finished=finished)
                faults += problems
                journal.ended(number, status, found)
                changed = job.apply_status(groups[number], status).with_measured(found)
                changed = (retries.next_of(changed) if retries else None) or changed
            case None:
                view.passing()
                continue
        groups[changed.number] = changed
        view.changed(changed)
        if changed.state is State.FAILED:
            failure.note()
            if fail_fast:
                runner.start_no_more()
    return groups, [*(retries.notes if retries else ()), *(_sentences(faults) if faults else ())]


def _retries(
    run: Run, attempt: Attempt, jobs: Sequence[JobSpec], runner: InProcessRunner, journal: Journal
) -> Retries | None:
    """Return what retries groups of a run by its policy; None if it has none."""
    if run.policy is None:
        return None
    from qanat.usecases.launch.retry_here import Retries  # most runs have no policy

    return Retries(run.policy, attempt, jobs, runner, journal)


class _FirstFailure:
    """Notifies the user of the first failure of a run that continues after it, and not of one that is about to end."""

    def __init__(self, project: Project) -> None:
        self._project = project
        self._due: float | None = None
        self._is_told = False

    def note(self) -> None:
        """Note that a group has failed."""
        if self._due is None:
            self._due = self._project.clock.monotonic() + FIRST_FAILURE_S

    def tell(self, run: Run, groups: Sequence[Group]) -> None:
        """Notify the user if it is time, without waiting until the message is sent."""
        if self._due is None or self._is_told or self._project.clock.monotonic() < self._due:
            return
        now = replace(run, groups=tuple(groups))
        if not now.state.ended:
            self._is_told = True
            notices.tell_of(self._project, now, wait_s=0.0)


def _sentences(problems: Sequence[MetricProblem]) -> list[str]:
    from qanat.domain import metric_problems  # most runs have none

    return metric_problems.sentences(problems)


def _finish(project: Project, before: Run, ended: Run, attempt: Attempt, journal: Journal) -> tuple[Run, list[str]]:
    """Record and commit the end of a run; return the run, and problems on the way.

    If the record cannot be read or written, or a person has edited it, the journal stays, from which a later command
    writes it.
    """
    notes = []
    try:
        attempt.write_info(ended, project.sharing)
    except WriteFailed as error:
        notes.append(error.message)
    learned = record.learning(before, ended)
    try:
        run, uncommitted = record.update_record(project, run_codec.path_of(before), learned, absent=before)
    except RecordEdited as error:
        return ended, [*notes, f"how run {ended.number} ended is not recorded yet: {error.sentence}"]
    except (WriteFailed, InputInvalid) as error:
        later = "the next qanat command that looks at runs records it"
        return ended, [*notes, f"how run {ended.number} ended is not recorded yet: {error.message}; {later}"]
    journal.remove()
    return run, notes + uncommitted


def _give_up(project: Project, run: Run, attempt: Attempt, journal: Journal, error: BaseException) -> None:
    """Record a run that qanat could not watch to its end, as far as that is still possible."""
    why = error.message if isinstance(error, QanatError) else f"qanat could not continue ({type(error).__name__})"
    try:
        seen = flight.read(journal.path)
        known = seen.ended if seen else {}
        ended = {}
        for group in [g for g in with_attempts(run, seen).groups if not g.state.ended]:
            own = group_folder(attempt.folder, group.number, len(run.groups))
            if group.number in known:
                ended[group.number] = job.apply_status(group, known[group.number])
            elif (own / "stdout.txt").exists():
                ended[group.number] = lost(group, why)
            else:
                ended[group.number] = replace(group, state=State.FAILED, reason=f"not started: {why}")
        learned = record.learning(run, run.with_groups(ended))
        record.update_record(project, run_codec.path_of(run), learned, absent=run)
        journal.remove()
    except QanatError:
        # The journal stays, so that the next command updates the record.
        return
