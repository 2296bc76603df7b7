"""A new run: its number, its storage directory, and the content of its record."""

from __future__ import annotations

import os
import secrets
from dataclasses import dataclass, replace
from pathlib import Path

from qanat.domain.data import DataState
from qanat.domain.experiment import CHECKOUT
from qanat.domain.group_key import UNKNOWN, SharedKey, inputs_of, key_of
from qanat.domain.intents import new_intent
from qanat.domain.machine import Machine
from qanat.domain.run import Group, Run, RunnerChoice, SubmissionFacts
from qanat.git import lock
from qanat.records import environments, numbers, storage
from qanat.records.environments import Described
from qanat.system.folders import Created
from qanat.usecases.environment.kept import Kept
from qanat.usecases.launch import inputs as run_inputs
from qanat.usecases.launch import results_place
from qanat.usecases.launch.attempt import FAILURES, Attempt, undo_on_failure
from qanat.usecases.launch.code import Captured
from qanat.usecases.launch.plan import Plan
from qanat.usecases.project import Project
from qanat.usecases.results import place
from qanat.usecases.tracking import counting, record


@dataclass(frozen=True, slots=True)
class Launch:
    """A new run that is ready to start: plan, code, runner and author, its data, key and environment."""

    plan: Plan
    captured: Captured
    choice: RunnerChoice
    author: str
    data: tuple[DataState, ...] = ()
    key: SharedKey = UNKNOWN
    environment: Described | None = None
    machine: Machine | None = None


@dataclass(frozen=True, slots=True)
class _Reserved:
    """A number, the digits that make it unique, and a storage directory, as recorded and as created."""

    number: int
    uid: str
    folder: Path
    created: Created


@dataclass(frozen=True, slots=True)
class NewRun:
    """A run with a number and a storage directory, but no record yet."""

    project: Project
    run: Run
    created: Created
    environments: tuple[Kept, ...] = ()

    def write(self) -> Run:
        """Write the record, and the environment and the machine that it names."""
        for file in self.environments:
            file.write(self.project)
        record.create_record(self.project, self.run)
        return self.run

    def undo(self) -> None:
        """Remove the record, the storage directory and the snapshot's ref, and give the number back."""
        from qanat.records import notices, retries  # only for a launch that fails
        from qanat.usecases.results import remove

        location = self.project.location
        remove.take_back(self.project, self.run.id, self.created)
        record.remove_record(self.project, self.run)
        retries.forget(location.private, self.run.id)
        notices.forget(location.private, self.run.id)
        for file in self.environments:
            file.take_back(self.project)
        if self.run.code.snapshot:
            from qanat.git import identity

            identity.forget_snapshot(location, self.run.id)
        with lock.held(location):
            numbers.give_back(location.private, self.run.number, self.project.sharing)


def first_attempt(project: Project, launch: Launch, facts: SubmissionFacts) -> Attempt:
    """Assign a run its number and storage directory, and store what it needs there; nothing is recorded yet.

    `facts` identify its jobs later; they get an intent here. Raises WriteFailed or InputInvalid; nothing is left then.
    """
    plan, captured = launch.plan, launch.captured
    in_checkout = captured.code.workdir == CHECKOUT
    inputs = plan.place.inputs if in_checkout else run_inputs.ignored_inputs(project, plan.groups)
    reserved = _reserve(project, plan)
    folder = reserved.folder
    run = _run(project, launch, reserved, replace(facts, inputs=tuple(inputs)))
    numbers_of_all, metrics = range(len(run.groups)), plan.experiment.metrics
    beginning, results = NewRun(project, run, reserved.created, _kept(launch)), reserved.created.path
    attempt = Attempt(beginning, numbers_of_all, folder, results, plan.place, metrics, captured, plan.enclosure)
    with undo_on_failure(attempt):
        if plan.enclosure and facts.submitted is None:
            plan.enclosure.check(folder)
        if captured.code.snapshot:
            from qanat.git import identity

            identity.keep_snapshot(project.location, run.id, captured.code.commit)
        if plan.parameters_file:
            storage.keep_parameters_file(plan.parameters_file, results, project.sharing)
    return attempt


def _kept(launch: Launch) -> tuple[Kept, ...]:
    return tuple(Kept(file) for file in (launch.environment, _machine(launch)) if file)


def _machine(launch: Launch) -> Described | None:
    return environments.encode_machine(launch.machine) if launch.machine else None


def _reserve(project: Project, plan: Plan) -> _Reserved:
    """Take a number and create the storage directory, which then belongs to this run alone."""
    private, sharing = project.location.private, project.sharing
    uid = secrets.token_hex(3)
    results_place.check_link(project)
    with lock.held(project.location) as held:
        counting.begin(project)
        number = numbers.peek(private, project.paths.runs)
        while (created := _created(project, plan, number)) is None:
            number += 1
        folder = plan.storage or place.default_folder(project, plan.experiment.name, number)
        try:
            name = plan.experiment.name
            place.note(project, f"{number}-{uid}", name, created, chosen=plan.storage is not None)
            results_place.keep_out_of_git(held, project, folder)
            numbers.raise_to(private, number, sharing)
        except FAILURES:
            from qanat.usecases.results import remove

            remove.take_back(project, f"{number}-{uid}", created)
            raise
        return _Reserved(number, uid, results_place.recorded(project, folder), created)


def _created(project: Project, plan: Plan, number: int) -> Created | None:
    if plan.storage:
        return place.create_chosen(project, plan.storage)
    return place.create_default(project, plan.experiment.name, number)


def _run(project: Project, launch: Launch, reserved: _Reserved, facts: SubmissionFacts) -> Run:
    plan, number, uid = launch.plan, reserved.number, reserved.uid
    inputs = inputs_of(launch.data)
    return Run(
        number=number,
        uid=uid,
        experiment=plan.experiment.name,
        description=plan.description,
        tags=plan.tags,
        created=project.clock.now(),
        author=launch.author,
        host=os.uname().nodename,
        code=launch.captured.code,
        command=plan.command,
        datasets=plan.datasets,
        requested=plan.requested,
        runner=launch.choice,
        storage=project.paths.relative(reserved.folder),
        submission=replace(facts, intent=new_intent(f"{number}-{uid}")),
        groups=tuple(Group(i, args, key=key_of(launch.key, args, inputs)) for i, args in enumerate(plan.groups)),
        rerun_of=plan.rerun_of,
        after=plan.order.after,
        data=launch.data,
        key=launch.key,
        environment=launch.environment.hash if launch.environment else None,
        container=plan.container,
        checkpoint=plan.experiment.checkpoint,
        machine=machine.hash if (machine := _machine(launch)) else None,
    )
