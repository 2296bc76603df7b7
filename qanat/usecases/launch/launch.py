"""Launching a run, always in the same order: plan, choose, capture, place, record, start.

Whatever can be refused is refused before anything is written: the request, the runner and its template, and the name
to commit with.
"""

from __future__ import annotations

import os
from collections.abc import Collection, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import cached_property, partial
from pathlib import Path
from typing import TYPE_CHECKING

from qanat.domain.config import ASK, REFUSE
from qanat.domain.experiment import CHECKOUT, PROJECT
from qanat.domain.layout import STATE
from qanat.domain.run import Run, RunnerChoice
from qanat.domain.standing import Standing
from qanat.usecases.environment import machines
from qanat.usecases.launch import code, continuing, data, found_environment, keys, past_code
from qanat.usecases.launch import plan as plan_run
from qanat.usecases.launch.code import Ask, Captured, Counts
from qanat.usecases.launch.container_choice import choose_container
from qanat.usecases.launch.findings import Findings
from qanat.usecases.launch.new_run import Launch, first_attempt
from qanat.usecases.launch.options import LaunchOptions, check_options, choose, notes_on_retries
from qanat.usecases.launch.order import Order
from qanat.usecases.launch.plan import Needed, Plan, RunRequest
from qanat.usecases.launch.secret_checks import check_launch
from qanat.usecases.launch.start import start
from qanat.usecases.launch.view import LaunchView, Outcome
from qanat.usecases.project import Project

if TYPE_CHECKING:
    from qanat.domain.relevance import Relevance
    from qanat.runners.protocol import Runner, Runners
    from qanat.usecases.launch.containers import Chosen
    from qanat.usecases.launch.workplace import Workplace


def launch(
    project: Project,
    request: RunRequest,
    options: LaunchOptions,
    *,
    runners: Runners,
    ask: Ask,
    view: LaunchView,
    repeated: Run | None = None,
) -> Outcome:
    """Run an experiment and record it.

    The data are compared with those of the run that is repeated, or else of the last one. `ask` is called only if the
    code has changes and the request does not say what to do with them. Raises QanatError if the run cannot be started;
    nothing is left of it then.
    """
    check_options(options, runners)
    if submits := not runners.is_in_process(options.runner):
        _prefetch(runners.submitting(options.runner))
    past, plan, choice = planned(project, request, options, runners)
    for note in notes_on_retries(choice, options, runners):
        view.note(note)
    chosen = container_of(project, request, plan, choice, options, runners, repeated)
    author = code.check_committer(project)
    used = (plan.experiment.program.executable, plan.experiment.path)
    apart = plan.experiment.ignored_changes
    captured = past or code.capture(project, request.uncommitted, ask, counting(project, plan), used, apart)
    keys.check_paths(project, plan.experiment, captured.code.commit)
    read = (options.template, request.param_file, request.parameters_file)
    captured = _without_inputs(project, captured, read, plan)
    if workdir_of(request, plan, submits=submits) == CHECKOUT:
        captured = past_code.in_checkout(captured)
    if captured.included or captured.left_out or captured.environments or captured.lacking:
        view.captured(captured)
    with _placed(project, plan, captured, choice, runners) as placed:
        plan = enclosed(project, placed, chosen, repeated, view)
        secrets, commit = options.allow_secrets, captured.code.commit
        states = data.before_start(project, plan, commit, repeated, view, allow_secrets=secrets)
        machine = machines.here() if runners.is_in_process(options.runner) else None
        environment = found_environment.of_plan(project, plan, machine, repeated, view)
        key = keys.shared_key(project, plan, commit, states, environment)
        if request.expected:
            from qanat.usecases.launch import planning  # most runs have no plan

            ignored = request.needed.ignored if request.needed else ()
            found = Findings(commit, key, states, environment)
            submission = planning.choice_of(project, plan, options, runners)
            planning.check(project, request.expected, plan, submission, found, ignored)
        new = Launch(plan, captured, choice, author, states, key, environment, machine)
        return start_needed(project, new, request.needed, options, runners, view)


def start_needed(
    project: Project, new: Launch, needed: Needed | None, options: LaunchOptions, runners: Runners, view: LaunchView
) -> Outcome:
    """Start a new run, without the groups that other runs have if only what is needed is to run."""
    standings: Sequence[Standing] = ()
    if needed:
        from qanat.usecases.launch import leaving_out  # most runs are whole

        left = leaving_out.leave_out(project, runners, new, needed, view)
        standings = left.standings
        if left.nothing_in:
            return Outcome(left.nothing_in, is_new=False, standings=standings)
        new = replace(new, plan=left.plan)
    outcome = start(
        project, partial(first_attempt, project, new), new.plan.place, options, runners, view, new.plan.order
    )
    return replace(outcome, standings=standings)


def container_of(
    project: Project,
    request: RunRequest,
    plan: Plan,
    choice: RunnerChoice,
    options: LaunchOptions,
    runners: Runners,
    repeated: Run | None = None,
) -> Chosen | None:
    """Choose the container of a run and its engine; None if it has none."""
    typed, defined = request.container, plan.experiment.container
    return choose_container(project, typed, defined, choice, runners, repeated, allow_secrets=options.allow_secrets)


def enclosed(
    project: Project, plan: Plan, chosen: Chosen | None, repeated: Run | None = None, view: LaunchView | None = None
) -> Plan:
    """Return the plan with the container that it works in; without a view, nothing is built for it."""
    if chosen is None and (repeated is None or repeated.container is None):
        return plan
    from qanat.usecases.launch import containers

    with containers.image_of(repeated, chosen.request if chosen else None):
        enclosure = containers.enclose(project, chosen, plan.place, plan.datasets, make=view is not None)
    if view and repeated and (changed := containers.difference(enclosure, repeated)):
        view.container(changed)
    return replace(plan, enclosure=enclosure)


def _without_inputs(project: Project, captured: Captured, read: Iterable[str | Path | None], plan: Plan) -> Captured:
    """Return captured code that does not lack files that only qanat reads: what is in them is in the record.

    Definitions are still named in the record, but it is no news to the user that they are untracked, unless the
    experiment itself is not.
    """
    if not captured.left_out:
        return captured
    paths = {os.path.relpath(Path(file).absolute(), project.root) for file in read if file}
    untracked = tuple(name for name in captured.code.untracked if name not in paths)
    left_out = tuple(f for f in captured.left_out if f.path not in paths and not f.path.startswith(f"{STATE}/"))
    lacking = _lacking(project, plan, {file.path for file in captured.left_out})
    return replace(captured, code=replace(captured.code, untracked=untracked), left_out=left_out, lacking=lacking)


def _lacking(project: Project, plan: Plan, untracked: Collection[str]) -> str:
    from qanat.usecases.checks import untracked_datasets  # most runs have no untracked files

    name = plan.experiment.name
    found = untracked_datasets.lacking_among(project, name, tuple(plan.datasets), untracked)
    return untracked_datasets.warning(project, name, found) if found else ""


def order_of(project: Project, after: Sequence[str], options: LaunchOptions, runners: Runners) -> Order:
    """Return the order in which a new run starts after these runs, each as RUN or RUN:any."""
    if not after:
        return Order()
    from qanat.usecases.launch import earlier_runs  # most runs wait for none

    found = earlier_runs.named(project, after, runners)
    earlier_runs.check_runner(found, options.runner, runners)
    return found


def _prefetch(runner: Runner) -> None:
    from qanat.runners.protocol import Prefetches  # a local run starts without it

    if isinstance(runner, Prefetches):
        runner.prefetch()


def planned(
    project: Project, request: RunRequest, options: LaunchOptions, runners: Runners
) -> tuple[Captured | None, Plan, RunnerChoice]:
    """Plan the run and choose its runner; also return the code if the request names its commit."""
    plan_run.check_request(request)
    past = None if request.revision is None else past_code.at_commit(project, request.revision)
    plan = plan_run.plan_run(project, request, past.code.commit if past else None)
    plan = replace(plan, order=order_of(project, request.after, options, runners))
    choice = choose(project, options, len(plan.groups), runners, plan.experiment.retry)
    if not runners.is_in_process(choice.name):
        from qanat.usecases.launch import shipping

        choice = shipping.decided(choice, plan.experiment, options, runners, in_place=request.in_place)
    continuing.check(plan.experiment.checkpoint, choice, runners)
    if not options.allow_secrets:
        check_launch(project, plan, choice, request.uncommitted)
    return past, plan, choice


def counting(project: Project, plan: Plan) -> Counts:
    """Return what says whether an untracked file may be code or input of a run, by the project's settings."""
    setting = project.config.untracked
    return _Counting(project, plan).counts if setting == ASK else lambda _: setting == REFUSE


@dataclass(frozen=True)
class _Counting:
    project: Project
    plan: Plan

    def counts(self, path: str) -> bool:
        """Return whether an untracked file may be code or input of the run."""
        return self._relevance.counts(path)

    @cached_property
    def _relevance(self) -> Relevance:
        from qanat.domain.relevance import relevance_of  # only for a tree with untracked files

        return relevance_of(self.plan.experiment, self.plan.groups, str(self.project.root))


def workdir_of(request: RunRequest, plan: Plan, *, submits: bool) -> str:
    """Return whether the code of the working tree runs in the project's folder or in a checkout."""
    if request.in_place:
        return PROJECT
    return plan.experiment.workdir or (CHECKOUT if submits or plan.order.active else PROJECT)


@contextmanager
def _placed(project: Project, plan: Plan, captured: Captured, choice: RunnerChoice, runners: Runners) -> Iterator[Plan]:
    """Yield the plan with the place where its code runs; a checkout is not removed meanwhile."""
    if captured.code.workdir != CHECKOUT:
        yield plan
        return
    # A run in the project's folder starts without them.
    from qanat.usecases.launch import checkouts
    from qanat.usecases.tracking.refresh import recorded_active_runs

    live = recorded_active_runs(project)
    commit = captured.code.commit
    with checkouts.in_checkout(project, commit, plan.datasets, plan.groups, live, awaited=plan.order.storages) as place:
        yield replace(plan, place=packed(project, place, choice, plan, commit, runners))


def packed(
    project: Project,
    place: Workplace,
    choice: RunnerChoice,
    plan: Plan,
    commit: str,
    runners: Runners,
    *,
    make: bool = True,
) -> Workplace:
    """Return a checkout with what jobs get that do not see it, if there are such jobs."""
    if not choice.transfer:
        return place
    from qanat.usecases.launch import shipping

    return shipping.packed(project, place, choice, plan.datasets, commit, runners, make=make)
