"""`qanat import --from`: the runs of another tool."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Any

from qanat.cli.terminal.output import plural, say, say_json, tell
from qanat.domain.run import State, overall_state
from qanat.errors import EXIT_FAILED
from qanat.imports import importing
from qanat.imports.importing import Plan, Wanted
from qanat.imports.ready import check_ready
from qanat.imports.remarks import run_numbers
from qanat.imports.stored import StoredRun
from qanat.usecases.project import Project

SHOWN = 20


def import_runs(project: Project, wanted: Wanted, *, dry_run: bool, as_json: bool) -> int:
    """Import runs, or say which would come; return the exit code, EXIT_FAILED if some could not be read."""
    plan = importing.plan_import(project, wanted)
    if dry_run:
        importing.look_ahead(project, plan)
    elif plan.runs:
        if not project.config.records_are_manual:
            check_ready(project)
        importing.carry_out(project, plan)
    if as_json:
        say_json(_as_mapping(plan, dry_run=dry_run))
    else:
        _show(project, plan, dry_run=dry_run)
    for problem in plan.problems:
        tell(f"not imported: {problem}")
    return EXIT_FAILED if plan.problems else 0


def _show(project: Project, plan: Plan, *, dry_run: bool) -> None:
    lines = [f"new experiment: {name}" for name in plan.new]
    rows = plan.runs if dry_run else []
    for run, name in rows[:SHOWN]:
        about = f" ({run.description})" if run.description else ""
        lines.append(f"{run.id}{about}: {name}, {_state(run)}, {plural(len(run.groups), 'group')}")
    if len(rows) > SHOWN:
        lines.append(f"and {len(rows) - SHOWN:,} more")
    if states := _states(plan, dry_run=dry_run):
        counted = ", ".join(f"{count:,} {state}" for state, count in sorted(states.items()))
        numbers = f" ({run_numbers(run.number for run in plan.written)})" if len(plan.written) > 1 else ""
        lines.append(f"{plural(sum(states.values()), 'run')}: {counted}{numbers}")
    if plan.here:
        lines.append(f"{plural(plan.here, 'run')} from an earlier import, left unchanged")
    if remarks := plan.remarks.lines():
        lines += [*([""] if lines else []), "Not imported, or changed:", *(f"  {remark}" for remark in remarks)]
    for line in [*lines, *([""] if lines else []), _ending(project, plan, dry_run=dry_run)]:
        say(line)


def _states(plan: Plan, *, dry_run: bool) -> Counter[str]:
    return Counter([_state(run) for run, _ in plan.runs] if dry_run else [run.state.value for run in plan.written])


def _state(run: StoredRun) -> str:
    return overall_state(group.state or State.LOST for group in run.groups).value


def _ending(project: Project, plan: Plan, *, dry_run: bool) -> str:
    if dry_run:
        return "nothing was written"
    if plan.commit:
        return f"committed as {plan.commit[:10]}"
    if plan.written and project.config.records_are_manual:
        return "saved, but not committed, as the settings say"
    return "nothing new to import"


def _as_mapping(plan: Plan, *, dry_run: bool) -> dict[str, Any]:
    return {
        "experiments": [*plan.new],
        "runs": _coming(plan) if dry_run else [run.id for run in plan.written],
        "here_already": plan.here,
        "remarks": plan.remarks.lines(),
        "problems": plan.problems,
        "commit": plan.commit,
        "dry_run": dry_run,
    }


def _coming(plan: Plan) -> Sequence[dict[str, Any]]:
    return [
        {"id": run.id, "experiment": name, "description": run.description, "state": _state(run)}
        for run, name in plan.runs
    ]
