"""Starting a run on this machine: its number, its storage directory and its record, then its jobs."""

from __future__ import annotations

import os
import secrets
from pathlib import Path

from qanat.domain import times
from qanat.domain.experiment import CHECKOUT
from qanat.domain.run import Group, Run, RunnerChoice
from qanat.errors import InputInvalid, write_failed
from qanat.git import identity, lock
from qanat.records import numbers, storage
from qanat.runners.base import AttachedRunner
from qanat.system import processes
from qanat.usecases import capture_code
from qanat.usecases.capture_code import Captured
from qanat.usecases.follow_run import Outcome, RunView, Setting, follow_run
from qanat.usecases.plan_run import Plan, default_storage
from qanat.usecases.project import Project


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
        if plan.parameters_file:
            storage.keep_parameters_file(plan.parameters_file, folder)
        return follow_run(
            project,
            run,
            Setting(folder, plan.place, plan.experiment.metrics),
            range(len(run.groups)),
            runner,
            view,
            changed_code=lambda: capture_code.changed_since(project, captured),
            fail_fast=fail_fast,
        )


def new_submission(place_folder: str | None) -> dict[str, object]:
    """Give what finds the processes of a local run again: a mark, this process, and the checkout if it has one."""
    pid = os.getpid()
    found: dict[str, object] = {
        "intent": secrets.token_hex(8),
        "pid": pid,
        "process_start": processes.start_of(pid),
    }
    return found | ({"checkout": place_folder} if place_folder else {})


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
    in_checkout = captured.code.workdir == CHECKOUT
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
        submission=new_submission(project.paths.relative(plan.place.folder) if in_checkout else None),
        groups=tuple(Group(i, args) for i, args in enumerate(plan.groups)),
        rerun_of=plan.rerun_of,
    )
