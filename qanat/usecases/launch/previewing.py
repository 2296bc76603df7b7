"""What a launch would start, found out without writing anything: for dry runs, and for plans that are reviewed."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from qanat.domain.experiment import CHECKOUT
from qanat.domain.standing import Standing
from qanat.usecases.launch import code
from qanat.usecases.launch import plan as plan_run
from qanat.usecases.launch.code import Captured
from qanat.usecases.launch.launch import container_of, counting, enclosed, packed, planned, workdir_of
from qanat.usecases.launch.options import LaunchOptions, check_options
from qanat.usecases.launch.plan import Plan, PlannedGroup, RunRequest
from qanat.usecases.project import Project
from qanat.usecases.tracking.submission import submitted_options

if TYPE_CHECKING:
    from qanat.domain.run_plan import RunPlan
    from qanat.runners.protocol import Runners


@dataclass(frozen=True, slots=True)
class Preview:
    """What a launch would start: its groups, and what a scheduler would be given (empty for a local run).

    `standings` say which groups have been run already; empty if the experiment has no runs.
    """

    groups: tuple[PlannedGroup, ...]
    script: str = ""
    standings: tuple[Standing, ...] = ()


@dataclass(frozen=True, slots=True)
class Foreseen:
    """The arguments of groups, and what earlier runs say about each."""

    groups: tuple[tuple[str, ...], ...]
    standings: tuple[Standing, ...]


def preview(
    project: Project, request: RunRequest, options: LaunchOptions, runners: Runners, *, in_full: bool = True
) -> Preview:
    """Return what a launch would start, and write nothing; errors are those of launch().

    Unless it is wanted `in_full`, what a scheduler would be given is shortened.
    """
    check_options(options, runners)
    past, plan, choice = planned(project, request, options, runners)
    submits = not runners.is_in_process(options.runner)
    chosen = container_of(project, request, plan, choice, options, runners)
    plan = enclosed(project, plan, chosen)
    in_checkout = past is not None or workdir_of(request, plan, submits=submits) == CHECKOUT
    found = _standings(project, request, plan, options, past, runners, in_checkout=in_checkout)
    whole, plan = plan, _without_done(plan, found) if request.needed else plan
    if not submits or not plan.groups:
        return Preview(tuple(plan_run.preview(project, whole)), standings=found)
    if commit := past.code.commit if past else code.runnable_tree(project).commit if in_checkout else None:
        from qanat.usecases.launch import checkouts

        place = checkouts.planned(project, commit, plan.datasets)
        place = packed(project, place, choice, plan, commit, runners, make=False)
        plan = enclosed(project, replace(plan, place=place), chosen)
    runner = runners.submitting(options.runner)
    shown = replace(
        choice,
        options=submitted_options(runner, choice, reruns=not options.bundles and plan.experiment.checkpoint is None),
    )
    batch = plan_run.preview_batch(project, plan, shown, options.facts(), in_full=in_full)
    script = runner.render(batch)
    whole = replace(whole, place=plan.place, enclosure=plan.enclosure)
    return Preview(tuple(plan_run.preview(project, whole)), script, found)


def standings(
    project: Project, request: RunRequest, options: LaunchOptions, runners: Runners, *, in_checkout: bool = False
) -> Foreseen:
    """Return what earlier runs say about the groups of a request, and write nothing; errors are those of launch().

    The working tree may have changes, which a launch might refuse. A local run is taken for one
    `in_checkout` if it stands for one elsewhere.
    """
    check_options(options, runners)
    past, plan, choice = planned(project, request, options, runners)
    plan = enclosed(project, plan, container_of(project, request, plan, choice, options, runners))
    submits = not runners.is_in_process(options.runner)
    elsewhere = in_checkout or past is not None or workdir_of(request, plan, submits=submits) == CHECKOUT
    found = _standings(project, request, plan, options, past, runners, in_checkout=elsewhere)
    return Foreseen(plan.groups, found or (Standing(),) * len(plan.groups))


def _standings(
    project: Project,
    request: RunRequest,
    plan: Plan,
    options: LaunchOptions,
    past: Captured | None,
    runners: Runners,
    *,
    in_checkout: bool,
) -> tuple[Standing, ...]:
    """Return what earlier runs say about the groups of a plan, if there are any."""
    from qanat.usecases.launch import foresight  # only for what would be run

    if not (request.expected or foresight.has_runs(project, plan.experiment.name)):
        return ()
    commit, counts = past.code.commit if past else None, counting(project, plan)
    found = foresight.foresee(project, plan, commit, in_checkout=in_checkout, counts=counts)
    if request.expected:
        from qanat.usecases.launch import planning

        ignored = request.needed.ignored if request.needed else ()
        choice = planning.choice_of(project, plan, options, runners)
        planning.check(project, request.expected, plan, choice, found, ignored, foreseen=True)
    return foresight.standings(project, runners, plan, found, request.needed)


def plan_for_review(project: Project, request: RunRequest, options: LaunchOptions, runners: Runners) -> RunPlan:
    """Return what a launch would execute, as a plan for review; errors are those of launch()."""
    from qanat.usecases.launch import foresight, planning

    check_options(options, runners)
    past, plan, choice = planned(project, request, options, runners)
    code.runnable_tree(project)
    submits = not runners.is_in_process(options.runner)
    plan = enclosed(project, plan, container_of(project, request, plan, choice, options, runners))
    in_checkout = past is not None or workdir_of(request, plan, submits=submits) == CHECKOUT
    commit, counts = past.code.commit if past else None, counting(project, plan)
    found = foresight.foresee(project, plan, commit, in_checkout=in_checkout, counts=counts)
    standings = foresight.standings(project, runners, plan, found, request.needed)
    submission = planning.choice_of(project, plan, options, runners)
    return planning.run_plan(project, request, options, plan, submission, found, standings)


def _without_done(plan: Plan, standings: tuple[Standing, ...]) -> Plan:
    from qanat.usecases.launch.leaving_out import without_done

    return without_done(plan, standings) if standings else plan
