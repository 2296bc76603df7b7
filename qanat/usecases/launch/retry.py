"""Retrying groups of a run, within the same run."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING

from qanat.domain import time_limits
from qanat.domain.data import DataState
from qanat.domain.experiment import CHECKOUT
from qanat.domain.group_key import inputs_of, key_of
from qanat.domain.intents import new_intent
from qanat.domain.machine import Machine
from qanat.domain.retry_policy import with_times
from qanat.domain.run import Group, Run, RunnerChoice, State, SubmissionFacts
from qanat.domain.secret_checks import check_groups
from qanat.errors import InputInvalid, UsageError
from qanat.records import environments
from qanat.records.environments import Described
from qanat.runners.protocol import ChecksTemplates, Runners
from qanat.usecases.environment import machines
from qanat.usecases.environment.kept import Kept
from qanat.usecases.launch import (
    again,
    checkouts,
    code,
    continuing,
    data,
    found_environment,
    keys,
    parameter_copies,
    past_code,
    past_options,
    set_options,
)
from qanat.usecases.launch.attempt import Attempt
from qanat.usecases.launch.options import LaunchOptions, check_options, choose, limited, limits, notes_on_retries
from qanat.usecases.launch.order import Order
from qanat.usecases.launch.retry_record import Again
from qanat.usecases.launch.secret_checks import check_definitions
from qanat.usecases.launch.start import start
from qanat.usecases.launch.view import LaunchView, Outcome
from qanat.usecases.launch.workplace import Workplace, in_project
from qanat.usecases.merging import keep_commits
from qanat.usecases.project import Project
from qanat.usecases.results import place as placing
from qanat.usecases.tracking import record
from qanat.usecases.tracking.find import Found, check_ended, check_group

if TYPE_CHECKING:
    from qanat.usecases.launch.containers import Chosen
    from qanat.usecases.launch.enclosure import Enclosure


def chosen_groups(found: Found, numbers: Sequence[int], *, failed: bool) -> list[int]:
    """Choose the groups to retry: these, or all that failed, were cancelled or lost. Raises UsageError."""
    check_ended(found, "its groups cannot be retried")
    if found.run.origin:
        raise UsageError(
            f"run {found.run.number} was imported from {found.run.origin.tool}, so its groups cannot be retried",
            hint=f"run its experiment instead: qanat run {found.run.experiment}",
        )
    again = [g.number for g in found.run.groups if g.state is not State.FINISHED]
    if numbers:
        chosen = sorted({check_group(found, number) for number in numbers})
        if left := [number for number in chosen if number in again or not failed]:
            return left
        which = f"group {chosen[0]}" if len(chosen) == 1 else f"each of these {len(chosen):,} groups"
        raise UsageError(f"{which} of run {found.run.number} has finished", hint="to run it again, leave out --failed")
    if not again:
        raise UsageError(
            f"every group of run {found.run.number} has finished",
            hint=f"choose one with --group, or repeat the run: qanat rerun {found.run.number}",
        )
    return again


def retry(
    project: Project,
    found: Found,
    numbers: Sequence[int],
    live: list[Run],
    options: LaunchOptions,
    changes: Mapping[str, str],
    *,
    runners: Runners,
    view: LaunchView,
    start_over: bool = False,
    by_policy: bool = False,
) -> Outcome:
    """Retry groups of a run with the same code; the outputs of earlier attempts are kept.

    A group that has not finished continues from its checkpoint, unless it is to start over. `changes` replace options
    of the run's template for a scheduler. `live` are the active runs. `by_policy` says that no user has asked for it.
    Raises UsageError for options that do not fit, GitRefused if the run's commit is gone, InputInvalid if its data are.
    """
    record.check_unedited(project, found.record)
    again.check_defined(project, found.run)
    options = options.like(found.run)
    check_options(options, runners)
    placing.check_own(project, found.run)
    choice = _choice(project, found.run, len(numbers), options, changes, runners)
    order = _order(project, found.run, live, options, runners)
    continuing.check(found.run.checkpoint, choice, runners)
    for note in notes_on_retries(choice, options, runners):
        view.note(note)
    if not options.allow_secrets:
        check_groups(found.run.groups[number].args for number in numbers)
        check_definitions(found.run.datasets, choice)
    code.check_committer(project)
    chosen = again.container_of(project, found.run, choice, runners, allow_secrets=options.allow_secrets)
    with _place(project, found, live, order, choice, runners) as place:
        enclosure = _enclosure(project, found.run, chosen, place)
        states = data.before_retry(project, found.run, place, view, allow_secrets=options.allow_secrets)
        here = machines.here() if runners.is_in_process(options.runner) else None
        environment = None
        if enclosure is None:
            before, own = found.run, place.folder
            environment = found_environment.before_start(project, before.command, own, here, before, view)
        changed = _Changed(changes, states, environment, here, start_over, by_policy)
        attempt = partial(_attempt, project, found, numbers, place, choice, changed, enclosure)
        return start(project, attempt, place, options, runners, view, order)


def _choice(
    project: Project, run: Run, groups: int, options: LaunchOptions, changes: Mapping[str, str], runners: Runners
) -> RunnerChoice:
    """Return the runner of a run with its options, or those of another template if chosen, and the changes applied."""
    if runners.is_in_process(options.runner):
        if changes:
            hint = "leave it out: it changes an option of a scheduler, and this run had none"
            raise UsageError(f"--set cannot be used with runner {options.runner}", hint=hint)
        runners.in_process(options.runner, options.slots).check()
        before = {key: value for key, value in run.runner.options.items() if key != time_limits.KEY}
        limit = limits(options.time_limit or time_limits.NONE)
        policy = with_times(run.runner.retry, options.retry)
        return replace(run.runner, options={**before, **limit}, transfer=None, retry=policy)
    runner = runners.submitting(options.runner)
    if options.template:
        choice = choose(project, options, groups, runners, again.experiment_of(project, run).retry)
        choice = again.transferring(project, run, choice, options, runners)
    else:
        past_options.check(project, run, runners)
        choice = again.transferring(
            project, run, limited(again.as_then(run.runner), options, runners), options, runners
        )
    if changes:
        choice = set_options.changed(runner, choice, changes)
    if isinstance(runner, ChecksTemplates) and (problems := runner.key_problems(choice.options)):
        raise UsageError(problems[0], hint=f"see which options the run has: qanat show {run.number} --json")
    return choice


def _order(project: Project, run: Run, live: Sequence[Run], options: LaunchOptions, runners: Runners) -> Order:
    """Return what the groups wait for. Raises UsageError if they would never start."""
    if not run.after:
        return Order()
    from qanat.usecases.launch import earlier_runs  # most runs wait for none

    order = earlier_runs.again(project, run, live)
    earlier_runs.check_runner(order, options.runner, runners)
    return order


@contextmanager
def _place(
    project: Project, found: Found, live: list[Run], order: Order, choice: RunnerChoice, runners: Runners
) -> Iterator[Workplace]:
    """Yield a place with the run's code and parameters file: the project if it has exactly these, or a checkout."""
    run, kept = found.run, parameter_copies.find(found)
    copied = parameter_copies.arguments_for(project, run, kept)
    as_kept = parameter_copies.is_unchanged(project, run, kept)
    groups = tuple(group.args for group in run.groups)
    if not as_kept and copied.groups != groups:
        raise InputInvalid(
            f"the parameters file {run.requested.parameters_file} has changed since run {run.number} was launched",
            hint=f"repeat the run with the copy that was kept: qanat rerun {run.number}",
        )
    again.check_inputs(project, run, copied.instead, order)
    if not choice.transfer and run.code.workdir != CHECKOUT and as_kept and past_code.is_checked_out(project, run.code):
        place = in_project(project, run.datasets)
        again.check_data(project, run, place)
        yield place
        return
    keep_commits.check_present(project, run)
    with checkouts.in_checkout(
        project, run.code.commit, run.datasets, groups, live, copied.instead, order.storages
    ) as place:
        again.check_data(project, run, place)
        yield _packed(project, run, place, choice, runners)


def _packed(project: Project, run: Run, place: Workplace, choice: RunnerChoice, runners: Runners) -> Workplace:
    """Return a checkout with what jobs get that do not see it, if there are such jobs."""
    if not choice.transfer:
        return place
    from qanat.usecases.launch import shipping

    return shipping.packed(project, place, choice, run.datasets, run.code.commit, runners)


@dataclass(frozen=True, slots=True)
class _Changed:
    """What is not as at the launch: options, what the data are if they differ, and the environment now.

    And whether no group continues from its checkpoint, and whether it is retried by its policy.
    """

    options: Mapping[str, str]
    data: tuple[DataState, ...]
    environment: Described | None
    here: Machine | None
    start_over: bool
    by_policy: bool

    @property
    def machine(self) -> Described | None:
        """The file of the machine of a local attempt."""
        return environments.encode_machine(self.here) if self.here else None

    @property
    def files(self) -> tuple[Kept, ...]:
        """The files that the record names."""
        return tuple(Kept(file) for file in (self.environment, self.machine) if file)


def _enclosure(project: Project, run: Run, chosen: Chosen | None, place: Workplace) -> Enclosure | None:
    """Return the container that a run had. Raises InputInvalid if the image is another one now."""
    if chosen is None:
        return None
    from qanat.usecases.launch import containers

    with containers.image_of(run, chosen.request):
        enclosure = containers.enclose(project, chosen, place, run.datasets, make=True)
    containers.check_same(enclosure, run)
    return enclosure


def _attempt(
    project: Project,
    found: Found,
    numbers: Sequence[int],
    place: Workplace,
    choice: RunnerChoice,
    changed: _Changed,
    enclosure: Enclosure | None,
    facts: SubmissionFacts,
) -> Attempt:
    """Queue groups of a run again; nothing is recorded yet."""
    last = {n: found.run.groups[n] for n in numbers}
    states = changed.data
    key = keys.retried_key(found, states, changed.environment)
    machine, own = _unlike(found.run.machine, changed.machine), inputs_of(states or found.run.data)
    queued = {
        n: Group(
            n,
            group.args,
            attempt=group.attempt + 1,
            earlier=group.ends(found.run.set_for(group)),
            machine=machine,
            key=key_of(key, group.args, own),
        )
        for n, group in last.items()
    }
    intent, inputs = new_intent(found.run.id), found.run.submission.inputs
    facts = replace(facts, intent=intent, inputs=inputs, changed=dict(changed.options), data=states)
    facts = replace(facts, environment=_unlike(found.run.environment, changed.environment))
    run = replace(found.run.with_groups(queued), submission=facts, runner=choice, results_removed=None)
    metrics, captured = again.experiment_of(project, run).metrics, past_code.as_checked_out(project, run.code)
    again_here = Again(
        project, found, run, tuple(numbers), placing.open_again(project, run), changed.files, changed.start_over
    )
    folders = (found.folder, again_here.folder)
    return Attempt(again_here, numbers, *folders, place, metrics, captured, enclosure, changed.by_policy)


def _unlike(before: str | None, now: Described | None) -> str | None:
    """Return the hash of a file unless it is that of the launch."""
    return now.hash if now and now.hash != before else None
