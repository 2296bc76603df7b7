"""Starting a run: its number, its storage directory and its record, then its jobs, here or on a scheduler."""

from __future__ import annotations

import os
import secrets
from dataclasses import replace
from pathlib import Path

from qanat.domain.experiment import CHECKOUT
from qanat.domain.layout import RUNS
from qanat.domain.run import Group, Run, RunnerChoice, SubmissionFacts
from qanat.errors import InputInvalid, write_failed
from qanat.git import history, identity, lock
from qanat.records import numbers, storage
from qanat.runners.protocol import AttachedRunner, Runner, Runners
from qanat.system import processes
from qanat.usecases.launch import code
from qanat.usecases.launch import inputs as run_inputs
from qanat.usecases.launch.beginning import NewRun
from qanat.usecases.launch.code import Captured
from qanat.usecases.launch.follow import Setting, follow_run
from qanat.usecases.launch.options import LaunchOptions
from qanat.usecases.launch.plan import Plan, default_storage
from qanat.usecases.launch.submit import new_intent, submit
from qanat.usecases.launch.view import LaunchView, Outcome, RunView
from qanat.usecases.project import Project


def start(
    project: Project,
    plan: Plan,
    captured: Captured,
    author: str,
    choice: RunnerChoice,
    options: LaunchOptions,
    runners: Runners,
    view: LaunchView,
) -> Outcome:
    """Start a run, here or by submitting it, and follow it as far as the options say."""
    if runners.is_attached(choice.name):
        runner = runners.attached(choice.name, options.slots)
        return start_run(project, plan, captured, author, choice, runner, view, fail_fast=options.fail_fast)
    from qanat.usecases.launch.wait import after_submission  # a local run starts without it

    submit_to = runners.submitting(choice.name)
    outcome = start_submitted(project, plan, captured, author, choice, submit_to, max_running=options.max_running)
    return after_submission(project, outcome, options, runners, view)


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
        run, setting = make_run(
            project, plan, captured, author, choice, own_processes(place_of(project, plan, captured))
        )
        return follow_run(
            project,
            NewRun(project, run, setting.folder),
            setting,
            range(len(run.groups)),
            runner,
            view,
            changed_code=lambda: code.changed_since(project, captured),
            fail_fast=fail_fast,
        )


def start_submitted(
    project: Project,
    plan: Plan,
    captured: Captured,
    author: str,
    choice: RunnerChoice,
    runner: Runner,
    *,
    max_running: int | None = None,
) -> Outcome:
    """Submit a run, and record it with its jobs; errors as for submit()."""
    intent = new_intent(project.clock.now(), place_of(project, plan, captured), max_running)
    run, setting = make_run(project, plan, captured, author, choice, intent)
    return submit(project, NewRun(project, run, setting.folder), setting, range(len(run.groups)), runner)


def make_run(
    project: Project,
    plan: Plan,
    captured: Captured,
    author: str,
    choice: RunnerChoice,
    submission: SubmissionFacts,
) -> tuple[Run, Setting]:
    """Give a run its number and storage directory, and keep what it needs there; nothing is recorded yet."""
    in_checkout = captured.code.workdir == CHECKOUT
    inputs = list(plan.place.inputs) if in_checkout else run_inputs.ignored_inputs(project, plan.groups)
    submission = replace(submission, inputs=tuple(inputs))
    number, folder = _reserve(project, plan)
    run = _new_run(project, plan, captured, author, choice, number, folder, submission)
    if captured.code.snapshot:
        identity.keep_snapshot(project.location, run.id, captured.code.commit)
    if plan.parameters_file:
        storage.keep_parameters_file(plan.parameters_file, folder)
    return run, Setting(folder, plan.place, plan.experiment.metrics)


def place_of(project: Project, plan: Plan, captured: Captured) -> str | None:
    """Give the checkout that a run works in, from the project's root; None for the project itself."""
    return project.paths.relative(plan.place.folder) if captured.code.workdir == CHECKOUT else None


def own_processes(place: str | None) -> SubmissionFacts:
    """Return what finds the processes of a local run again: a mark, this process, and the checkout if it has one."""
    pid = os.getpid()
    return SubmissionFacts(secrets.token_hex(8), pid=pid, process_start=processes.start_of(pid), checkout=place)


def _reserve(project: Project, plan: Plan) -> tuple[int, Path]:
    """Take a number and make the storage directory, which nobody else then has."""
    asked = plan.storage
    with lock.held(project.location):
        if not numbers.is_counting(project.location.private):
            # A new clone: numbers of runs that were deleted before are not given again either.
            numbers.raise_above_records(project.location.private, history.deleted_files(project.location, RUNS))
        while True:
            number = numbers.take(project.location.private, project.paths.runs)
            folder = asked or default_storage(project, plan, number)
            storage.create(folder.parent)
            try:
                folder.mkdir()
            except FileExistsError:
                if asked is None:
                    continue
                if not folder.is_dir() or any(folder.iterdir()):
                    raise InputInvalid(
                        f"--storage-path {folder} is not an empty folder", hint="use a new folder for each run"
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
    submission: SubmissionFacts,
) -> Run:
    return Run(
        number=number,
        uid=secrets.token_hex(3),
        experiment=plan.experiment.name,
        description=plan.description,
        tags=plan.tags,
        created=project.clock.now(),
        author=author,
        host=os.uname().nodename,
        code=captured.code,
        command=plan.command,
        datasets=plan.datasets,
        requested=plan.requested,
        runner=choice,
        storage=project.paths.relative(folder),
        submission=submission,
        groups=tuple(Group(i, args) for i, args in enumerate(plan.groups)),
        rerun_of=plan.rerun_of,
    )
