"""Starting a run on this machine, watching it to its end, and recording it."""

from __future__ import annotations

import os
import secrets
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Protocol

from qanat.domain import job, times
from qanat.domain.job import JobEnded, JobSpec, JobStarted
from qanat.domain.run import Group, Run, RunnerChoice, State, lost
from qanat.errors import InputInvalid, QanatError, WriteFailed, write_failed
from qanat.git import identity, lock
from qanat.records import flight, numbers, run_codec, storage
from qanat.records.flight import Journal, Watcher
from qanat.runners.base import AttachedRunner
from qanat.system import processes
from qanat.usecases import capture_code, record_runs
from qanat.usecases.capture_code import Captured
from qanat.usecases.plan_run import Plan, default_storage
from qanat.usecases.project import Project


class RunView(Protocol):
    """Whoever shows a run while it goes on."""

    def begins(self, run: Run, folder: Path) -> None:
        """The run is about to start; folder is its storage directory."""

    def changed(self, group: Group) -> None:
        """A group has begun or ended."""

    def passing(self) -> None:
        """Time passes."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """A run that has ended, what the user should know of it, and the signal that ended it early."""

    run: Run
    notes: tuple[str, ...]
    interrupted: int | None


def start_run(
    project: Project,
    plan: Plan,
    captured: Captured,
    author: str,
    choice: RunnerChoice,
    runner: AttachedRunner,
    view: RunView,
    *,
    fail_fast: bool = False,
) -> Outcome:
    """Start, watch and record a run. Raises WriteFailed or InputInvalid before anything has run."""
    with runner:
        number, folder = _reserve(project, plan)
        run = _new_run(project, plan, captured, author, choice, number, folder)
        if captured.code.snapshot:
            identity.keep_snapshot(project.location, run.id, captured.code.commit)
        with Journal(project.location.private, _watcher(project, run)) as journal:
            try:
                jobs = _prepare(project, plan, run, folder)
                view.begins(run, folder)
                groups, notes = _watch(run, plan, folder, runner, jobs, journal, view, fail_fast)
            except QanatError:
                _give_up(project, run, journal)
                raise
            interrupted = runner.interrupted
            run = replace(run, groups=tuple(groups))
            changed = run.code.workdir == "project" and capture_code.changed_since(project, captured)
            run = replace(run, code=replace(run.code, changed_while_running=True)) if changed else run
            notes += finish(project, run, folder, [plan.full_command(folder, g.number) for g in run.groups])
            journal.remove()
    return Outcome(run, tuple(notes), interrupted)


def finish(project: Project, run: Run, folder: Path, commands: Sequence[Sequence[str]]) -> list[str]:
    """Write the last state of a run that has ended and commit its record; give what went wrong on the way."""
    notes = []
    try:
        storage.write_info(run, folder, commands, project.root)
    except WriteFailed as error:
        notes.append(error.message)
    record_runs.write_record(project, run)
    return notes + record_runs.commit_records(project, [run])


def _reserve(project: Project, plan: Plan) -> tuple[int, Path]:
    """Take a number and make the storage directory, which nobody else then has."""
    asked = plan.request.storage_path
    with lock.held(project.location):
        while True:
            number = numbers.take(project.location.private, project.paths.runs)
            folder = asked or default_storage(project, plan, number)
            storage.make(folder.parent)
            try:
                folder.mkdir()
            except FileExistsError:
                if asked is None:
                    continue
                if not folder.is_dir() or any(folder.iterdir()):
                    raise InputInvalid(
                        f"--storage_path {folder} is not an empty folder", hint="give a new one for each run"
                    ) from None
            except OSError as error:
                raise write_failed(folder, error) from None
            return number, folder.resolve()


def _new_run(
    project: Project,
    plan: Plan,
    captured: Captured,
    author: str,
    choice: RunnerChoice,
    number: int,
    folder: Path,
) -> Run:
    return Run(
        number=number,
        uid=secrets.token_hex(3),
        experiment=plan.experiment.name,
        description=plan.request.description,
        tags=plan.request.tags,
        created=times.now(),
        author=author,
        host=os.uname().nodename,
        code=captured.code,
        command=plan.command,
        datasets=plan.datasets,
        asked=plan.asked,
        runner=choice,
        storage=project.paths.relative(folder),
        submission={
            "intent": secrets.token_hex(8),
            "pid": os.getpid(),
            "process_start": processes.start_of(os.getpid()),
        },
        groups=tuple(Group(i, args) for i, args in enumerate(plan.groups)),
    )


def _watcher(project: Project, run: Run) -> Watcher:
    start: Any = run.submission["process_start"]
    return Watcher(run.id, str(project.root), run_codec.path_of(run), run.host, os.getpid(), start)


def _prepare(project: Project, plan: Plan, run: Run, folder: Path) -> list[JobSpec]:
    """Write the record and the info files, and make every group's directory."""
    record_runs.write_record(project, run)
    commands = [plan.full_command(folder, i) for i in range(len(plan.groups))]
    storage.write_info(run, folder, commands, project.root)
    if plan.request.parameters_file:
        storage.keep_parameters_file(plan.request.parameters_file, folder)
    several = len(commands) > 1
    jobs = []
    for i, command in enumerate(commands):
        own = plan.storage_of(folder, i)
        if several:
            storage.make(own)
            storage.write_group_info(own, command, plan.groups[i])
        environment = {"QANAT_RUN": run.id, "QANAT_GROUP": str(i)}
        if not several:
            # Its output is shown as it comes, and Python holds back what goes into a file.
            environment["PYTHONUNBUFFERED"] = os.environ.get("PYTHONUNBUFFERED", "1")
        jobs.append(JobSpec(i, command, project.root, own, environment))
    return jobs


def _watch(
    run: Run,
    plan: Plan,
    folder: Path,
    runner: AttachedRunner,
    jobs: Sequence[JobSpec],
    journal: Journal,
    view: RunView,
    fail_fast: bool,
) -> tuple[list[Group], list[str]]:
    """Follow the jobs to their ends; give the groups as they ended, and what the user should know."""
    groups = list(run.groups)
    notes: list[str] = []
    for event in runner.watch(run.submission["intent"], jobs):
        match event:
            case JobStarted(handle=handle, moment=moment):
                journal.started(handle, moment)
                changed = job.begin(groups[handle.group], event)
            case JobEnded(group=number, status=status):
                journal.ended(number, status)
                numbers_found, problems = storage.read_metrics(plan.storage_of(folder, number), plan.experiment.metrics)
                notes += problems
                changed = replace(job.apply(groups[number], status), metrics=numbers_found)
            case None:
                view.passing()
                continue
        groups[changed.number] = changed
        view.changed(changed)
        if fail_fast and changed.state is State.FAILED:
            runner.start_no_more()
    return groups, notes


def _give_up(project: Project, run: Run, journal: Journal) -> None:
    """Record a run that qanat itself could not see to its end, as far as that is still possible."""
    try:
        seen = flight.read(journal.path)
        known = seen.ended if seen else {}
        groups = [
            job.apply(g, known[g.number]) if g.number in known else lost(g, "qanat could not go on") for g in run.groups
        ]
        record_runs.write_record(project, replace(run, groups=tuple(groups)))
        record_runs.commit_records(project, [replace(run, groups=tuple(groups))])
        journal.remove()
    except QanatError:
        # The journal stays, so the next command brings the record up to date.
        return
