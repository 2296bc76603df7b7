"""Watching jobs from their start to their end on this machine, and recording how each ended."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from qanat.domain import job
from qanat.domain.experiment import MetricSource
from qanat.domain.job import JobEnded, JobSpec, JobStarted
from qanat.domain.layout import group_folder
from qanat.domain.run import Group, Run, State, lost
from qanat.errors import QanatError, WriteFailed
from qanat.records import flight, run_codec, storage
from qanat.records.flight import Journal, Watcher
from qanat.runners.protocol import AttachedRunner
from qanat.system import processes
from qanat.usecases.launch.beginning import Beginning
from qanat.usecases.launch.checkouts import Workplace
from qanat.usecases.launch.view import Outcome, RunView
from qanat.usecases.project import Project
from qanat.usecases.tracking import record


@dataclass(frozen=True, slots=True)
class Setting:
    """What a run needs around it: its storage directory, where its programs work, where metrics are found."""

    folder: Path
    place: Workplace
    metrics: tuple[MetricSource, ...]

    def commands(self, run: Run) -> list[tuple[str, ...]]:
        """Give the whole command of every group."""
        count = len(run.groups)
        paths = list(self.place.datasets.values())
        return [job.command(run.command, g.args, group_folder(self.folder, g.number, count), paths) for g in run.groups]


def watcher(project: Project, run: Run) -> Watcher:
    """Name this process as the one that watches a run."""
    pid = os.getpid()
    start = processes.start_of(pid) or ""
    return Watcher(run.id, str(project.root), run_codec.path_of(run), run.host, pid, start)


def follow_run(
    project: Project,
    beginning: Beginning,
    setting: Setting,
    numbers: Sequence[int],
    runner: AttachedRunner,
    view: RunView,
    *,
    changed_code: Callable[[], bool],
    fail_fast: bool = False,
) -> Outcome:
    """Start the groups of these numbers, watch them to their ends, and record the run.

    The record is written before anything starts. `changed_code` tells at the end whether the code
    changed meanwhile. Call it inside `with runner`.
    """
    with Journal(project.location.private, watcher(project, beginning.run)) as journal:
        run = begun(beginning, journal)
        try:
            jobs = _prepare(project, run, setting, numbers)
            view.begins(run, setting.folder)
            groups, notes = _watch(run, setting, jobs, runner, journal, view, fail_fast=fail_fast)
        except QanatError:
            _give_up(project, run, journal)
            raise
        interrupted = runner.interrupted
        on_request = interrupted == signal.SIGTERM and journal.is_cancelled
        ended = replace(run, groups=tuple(groups))
        if run.code.workdir == "project" and changed_code():
            ended = replace(ended, code=replace(run.code, changed_while_running=True))
        run, problems = _finish(project, run, ended, setting)
        notes += problems
        journal.remove()
    return Outcome(run, tuple(notes), interrupted, on_request=on_request)


def begun(beginning: Beginning, journal: Journal) -> Run:
    """Write the record of what is about to start; return the run. Without the record, nothing is left of it."""
    try:
        return beginning.write()
    except QanatError:
        journal.remove()
        raise


def _prepare(project: Project, run: Run, setting: Setting, numbers: Sequence[int]) -> list[JobSpec]:
    """Write the info files, and make every group's directory."""
    commands = setting.commands(run)
    storage.write_info(run, setting.folder, commands, setting.place.folder)
    several = len(run.groups) > 1
    jobs = []
    for number in numbers:
        own = group_folder(setting.folder, number, len(run.groups))
        group = run.groups[number]
        if several:
            storage.create(own)
            storage.write_group_info(own, commands[number], group.args)
        environment = {"QANAT_RUN": run.id, "QANAT_GROUP": str(number)}
        if not several:
            # Its output is shown as it comes, and Python holds back what goes into a file.
            environment["PYTHONUNBUFFERED"] = os.environ.get("PYTHONUNBUFFERED", "1")
        if setting.place.folder != project.root:
            # Compiled files would count as traces of this run, and the next one would get a new checkout.
            environment["PYTHONDONTWRITEBYTECODE"] = "1"
        jobs.append(JobSpec(number, commands[number], setting.place.folder, own, environment, group.attempt))
    return jobs


def _watch(
    run: Run,
    setting: Setting,
    jobs: Sequence[JobSpec],
    runner: AttachedRunner,
    journal: Journal,
    view: RunView,
    *,
    fail_fast: bool,
) -> tuple[list[Group], list[str]]:
    """Follow the jobs to their ends; give the groups as they ended, and what the user should know."""
    groups = list(run.groups)
    notes: list[str] = []
    for event in runner.watch(run.submission.intent, jobs):
        if journal.is_cancelled and not runner.interrupted:
            runner.interrupt(signal.SIGTERM)
        match event:
            case JobStarted(handle=handle, timestamp=timestamp):
                journal.started(handle, timestamp)
                changed = job.apply_start(groups[handle.group], event)
            case JobEnded(group=number, status=status):
                journal.ended(number, status)
                own = group_folder(setting.folder, number, len(groups))
                numbers_found, problems = storage.read_metrics(own, setting.metrics)
                notes += problems
                changed = replace(job.apply_status(groups[number], status), metrics=numbers_found)
            case None:
                view.passing()
                continue
        groups[changed.number] = changed
        view.changed(changed)
        if fail_fast and changed.state is State.FAILED:
            runner.start_no_more()
    return groups, notes


def _finish(project: Project, begun: Run, ended: Run, setting: Setting) -> tuple[Run, list[str]]:
    """Record the end of a run and commit it; return the run, and what went wrong on the way."""
    notes = []
    try:
        storage.write_info(ended, setting.folder, setting.commands(ended), setting.place.folder)
    except WriteFailed as error:
        notes.append(error.message)
    learned = record.learning(begun, ended)
    run, uncommitted = record.update_record(project, run_codec.path_of(begun), learned, absent=begun)
    return run, notes + uncommitted


def _give_up(project: Project, run: Run, journal: Journal) -> None:
    """Record a run that qanat itself could not see to its end, as far as that is still possible."""
    try:
        seen = flight.read(journal.path)
        known = seen.ended if seen else {}
        ended = {
            g.number: job.apply_status(g, known[g.number]) if g.number in known else lost(g, "qanat could not go on")
            for g in run.groups
            if not g.state.ended
        }
        learned = record.learning(run, run.with_groups(ended))
        record.update_record(project, run_codec.path_of(run), learned, absent=run)
        journal.remove()
    except QanatError:
        # The journal stays, so the next command brings the record up to date.
        return
