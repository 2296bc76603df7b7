"""Repeating a run as a new run."""

from __future__ import annotations

import shlex
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace

from qanat.domain.container import ContainerRequest
from qanat.domain.experiment import CHECKOUT
from qanat.domain.names import check_name
from qanat.domain.run import RequestedParameters, Run, RunnerChoice
from qanat.errors import UsageError
from qanat.git import worktree
from qanat.runners.protocol import Runners
from qanat.system import files
from qanat.usecases.environment import machines
from qanat.usecases.launch import (
    again,
    checkouts,
    code,
    continuing,
    data,
    found_environment,
    keys,
    parameter_copies,
    past_options,
)
from qanat.usecases.launch.code import Ask, Captured, Uncommitted
from qanat.usecases.launch.launch import enclosed, launch, order_of, start_needed
from qanat.usecases.launch.new_run import Launch
from qanat.usecases.launch.options import LaunchOptions, check_options, choose, limited, notes_on_retries
from qanat.usecases.launch.order import Order
from qanat.usecases.launch.plan import Needed, Plan, RunRequest, check_needed
from qanat.usecases.launch.secret_checks import check_launch
from qanat.usecases.launch.view import LaunchView, Outcome
from qanat.usecases.merging import keep_commits
from qanat.usecases.project import Project
from qanat.usecases.tracking.find import Found

TAG = "rerun"


@dataclass(frozen=True, slots=True)
class Repeat:
    """What to repeat of a run: these groups, or all; with `head`, with the code as it is now and not its commit's.

    With `needed`, groups that have been run already are left out, also those that have finished in this run.
    `container` replaces that of the run, as far as it says something. `after` is as in a RunRequest.
    """

    numbers: Sequence[int] = ()
    head: bool = False
    uncommitted: Uncommitted = field(default_factory=Uncommitted)
    needed: Needed | None = None
    container: ContainerRequest | None = None
    after: Sequence[str] = ()


def rerun(
    project: Project,
    found: Found,
    live: list[Run],
    options: LaunchOptions,
    repeat: Repeat,
    *,
    runners: Runners,
    ask: Ask,
    view: LaunchView,
) -> Outcome:
    """Repeat an earlier run as a new one, with the same parameters, parameters file and data.

    A scheduler gets the same options as before, unless another template is chosen. `live` are the active runs, `ask` is
    as in launch(). Data that differ from those of the run are shown before the start. Raises UsageError for uncommitted
    changes that are not to be run, GitRefused if the run's commit is gone, InputInvalid if its data or its parameters
    file are.
    """
    again.check_defined(project, found.run, command=not repeat.head)
    if repeat.head:
        return launch(
            project,
            as_of_now(project, found, repeat),
            as_before(found.run, options),
            runners=runners,
            ask=ask,
            view=view,
            repeated=found.run,
        )
    if repeat.uncommitted.is_decided or repeat.uncommitted.add:
        raise UsageError("a rerun runs the commit of the first run", hint="add --head to run the code as it is now")
    check_needed(repeat.needed)
    options = options.like(found.run)
    check_options(options, runners)
    choice = _choice_like(project, found.run, options, runners)
    continuing.check(found.run.checkpoint, choice, runners)
    for note in notes_on_retries(choice, options, runners):
        view.note(note)
    author = code.check_committer(project)
    secrets = options.allow_secrets
    chosen = again.container_of(project, found.run, choice, runners, repeat.container, allow_secrets=secrets)
    order = order_of(project, repeat.after, options, runners)
    with _planned(project, found, repeat.numbers, live, order) as (in_checkout, captured):
        placed = _shipped(project, in_checkout, captured, choice, runners)
        if not secrets:
            check_launch(project, placed, choice)
        commit = captured.code.commit
        plan = enclosed(project, placed, chosen, found.run, view)
        states = data.before_start(project, plan, commit, found.run, view, allow_secrets=secrets)
        machine = machines.here() if runners.is_in_process(options.runner) else None
        environment = found_environment.of_plan(project, plan, machine, found.run, view)
        key = keys.shared_key(project, plan, commit, states, environment)
        new = Launch(plan, captured, choice, author, states, key, environment, machine)
        return start_needed(project, new, repeat.needed, options, runners, view)


def _shipped(project: Project, plan: Plan, captured: Captured, choice: RunnerChoice, runners: Runners) -> Plan:
    """Return a plan with what jobs get that do not see its checkout, if there are such jobs."""
    if not choice.transfer:
        return plan
    from qanat.usecases.launch import shipping

    commit = captured.code.commit
    return replace(plan, place=shipping.packed(project, plan.place, choice, plan.datasets, commit, runners))


def as_of_now(project: Project, found: Found, repeat: Repeat) -> RunRequest:
    """Return a request for groups of a run with the code and the parameters file as they are now."""
    run, numbers = found.run, repeat.numbers
    named = run.requested.parameters_file
    parameters_file = project.root / named if named else None
    if parameters_file and not files.is_file(parameters_file):
        parameters_file = parameter_copies.find(found)
    return RunRequest(
        experiment=run.experiment,
        groups=_as_arguments([group.args for group in run.groups if not numbers or group.number in numbers]),
        parameters_file=parameters_file,
        tags=(TAG,),
        description=run.description,
        many=True,
        uncommitted=repeat.uncommitted,
        rerun_of=run.id,
        needed=repeat.needed,
        container=_container(project, run, repeat.container),
        after=tuple(repeat.after),
    )


def _container(project: Project, run: Run, typed: ContainerRequest | None) -> ContainerRequest | None:
    """Return what a run with the current code has for a container: what was typed, or that of the earlier run."""
    if run.container is None or (typed and typed.image):
        return typed
    from qanat.usecases.launch import containers

    return containers.wanted(project, typed, run.container.again()) if typed else run.container.again()


def as_before(run: Run, options: LaunchOptions) -> LaunchOptions:
    """Return these options, by default with the template and as many threads as a run of the same runner had."""
    template = options.template or (run.runner.template if options.runner == run.runner.name else None)
    if template and not options.template:
        check_name("template", template)  # a record names no file
    return replace(options.like(run), template=template)


def _as_arguments(groups: Sequence[tuple[str, ...]]) -> tuple[str, ...]:
    """Return the arguments of groups as they would be typed after -g."""
    return () if groups == [()] else tuple(shlex.join(args) for args in groups)


def _choice_like(project: Project, run: Run, options: LaunchOptions, runners: Runners) -> RunnerChoice:
    """Return the runner and options of a run, or what the options choose instead; always the latter for local runs."""
    if options.template or options.runner != run.runner.name or runners.is_in_process(options.runner):
        is_same = options.runner == run.runner.name and not options.template
        policy = run.runner.retry if is_same else again.experiment_of(project, run).retry
        choice = choose(project, options, len(run.groups), runners, policy)
        return again.transferring(project, run, choice, options, runners)
    past_options.check(project, run, runners)
    return again.transferring(project, run, limited(again.as_then(run.runner), options, runners), options, runners)


@contextmanager
def _planned(
    project: Project, found: Found, numbers: Sequence[int], live: list[Run], order: Order
) -> Iterator[tuple[Plan, Captured]]:
    """Yield a plan of the run, or of some of its groups, in a checkout that is not removed meanwhile."""
    run = found.run
    keep_commits.check_present(project, run)
    kept = parameter_copies.find(found)
    copied = parameter_copies.arguments_for(project, run, kept)
    again.check_inputs(project, run, copied.instead, order)
    groups, requested = copied.groups, copied.requested
    if numbers:
        groups = tuple(groups[number] for number in numbers)
        requested = RequestedParameters(
            groups=_as_arguments(list(groups)), parameters_file=copied.requested.parameters_file
        )
    commit, awaited = run.code.commit, order.storages
    with checkouts.in_checkout(project, commit, run.datasets, groups, live, copied.instead, awaited) as place:
        again.check_data(project, run, place)
        branch = worktree.checked_out(project.location)
        plan = Plan(
            experiment=replace(again.experiment_of(project, run), checkpoint=run.checkpoint),
            command=run.command,
            datasets=run.datasets,
            requested=requested,
            groups=groups,
            place=place,
            parameters_file=kept,
            tags=(TAG,),
            description=run.description,
            rerun_of=run.id,
            order=order,
        )
        same = replace(run.code, branch=branch, workdir=CHECKOUT, changed_while_running=None)
        yield plan, Captured(same, run.code.commit, frozenset())
