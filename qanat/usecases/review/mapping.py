"""What changes as plain values for JSON; docs/review.md lists the keys, which never change."""

from __future__ import annotations

from typing import Any

from qanat.domain import times
from qanat.domain.attempts import AttemptState, counted
from qanat.domain.baseline import Behind, Verdict
from qanat.domain.changes import DefinitionChange, KeyChange
from qanat.domain.circumstances import Circumstances
from qanat.domain.meanings import ABSENT, plain
from qanat.domain.new_runs import Baseline, NewRuns
from qanat.domain.parameters import in_plain
from qanat.domain.pauses import paused_s
from qanat.domain.run import Run, count_states
from qanat.domain.statistics import Statistic
from qanat.usecases.review.other_code import OtherCode
from qanat.usecases.review.runs import RunWarning
from qanat.usecases.review.state import StateChanges

VERSION = "diff/1"


def as_mapping(found: StateChanges) -> dict[str, Any]:
    """Return everything that changes."""
    span = found.range
    return {
        "schema": VERSION,
        "base": {"revision": span.base_revision or None, "commit": span.base, "project": found.base_has_state},
        "head": {
            "revision": span.head_revision or None,
            "commit": span.tip,
            "work_tree": span.head is None,
            "project": found.head_has_state,
        },
        "warnings": [_warning(warned) for warned in found.warnings],
        "problems": [{"file": p.file, "side": p.side, "problem": p.problem} for p in found.problems],
        "definitions": [_definition(change) for change in found.definitions],
        "moved_runs": [{"from": old, "to": new, "runs": count} for old, (new, count) in found.moved.items()],
        "experiments": [_experiment(runs, found) for runs in found.experiments],
        "baselines": [_verdict(verdict) for verdict in found.verdicts],
        "stale": [
            {
                "experiment": s.experiment,
                "changed_program": s.program,
                "changed_datasets": list(s.datasets),
                "run": s.run,
            }
            for s in found.stale
        ],
        "other_code": [_code(code) for code in found.other_code],
        "other_changes": [
            {"kind": c.kind, "run": c.run, "experiment": c.experiment, "text": c.text} for c in found.other_changes
        ],
        "replaced_results": [
            {
                "run": r.run,
                "experiment": r.experiment,
                "metrics": [
                    {"group": m.group, "metric": m.name, "before": m.before, "after": m.after} for m in r.metrics
                ],
            }
            for r in found.replaced
        ],
        "migrated_records": found.migrated,
        "earlier_records_left_out": found.left_out,
        "groups_left_out": found.hidden_groups,
    }


def _warning(warned: RunWarning) -> dict[str, Any]:
    return {
        "kind": warned.kind,
        "run": warned.run,
        "experiment": warned.experiment,
        "file": warned.file,
        "details": [plain(detail) for detail in warned.details],
    }


def _code(code: OtherCode) -> dict[str, Any]:
    return {
        "commit": code.commit,
        "tree": code.tree,
        "snapshot": code.snapshot,
        "runs": list(code.runs),
        "files": None if code.files is None else list(code.files),
    }


def _verdict(verdict: Verdict) -> dict[str, Any]:
    rule = verdict.rule
    return {
        "experiment": verdict.experiment,
        "where": rule.where,
        "metric": rule.metric,
        "tolerance": rule.tolerance,
        "compared": verdict.compared,
        "problem": verdict.problem or None,
        "defined_in": "head" if verdict.is_new else "base",
        "behind": [_behind(one) for one in verdict.behind],
        "unclear": [_behind(one) for one in verdict.unclear],
    }


def _behind(one: Behind) -> dict[str, Any]:
    return {
        "parameters": in_plain(dict(one.parameters)),
        "runs": list(one.runs),
        "value": _statistic(one.now) if one.now else None,
        "failed": one.failed,
        "cause": one.cause or None,
        "p": one.p,
        "before": {**_statistic(one.before), "runs": list(one.runs_before)},
    }


def _definition(change: DefinitionChange) -> dict[str, Any]:
    definition = change.definition
    return {
        "kind": definition.kind,
        "runner": definition.runner or None,
        "name": definition.name,
        "file": definition.file,
        "change": change.change,
        "renamed_from": change.renamed_from or None,
        "heirs": list(change.heirs),
        "keys": [_key(key) for key in change.keys],
    }


def _key(key: KeyChange) -> dict[str, Any]:
    """Return a key; `old` or `new` is left out on the side without it."""
    sides = {name: value for name, value in (("old", key.old), ("new", key.new)) if value is not ABSENT}
    return {"key": key.key, **sides, "meaning": plain(key.meaning)}


def _experiment(runs: NewRuns, found: StateChanges) -> dict[str, Any]:
    d = runs.durations
    return {
        "experiment": runs.experiment,
        "changed_program": found.programs.get(runs.experiment),
        "runs": [_run(run, found.how[run.id]) for run in runs.runs],
        "groups": runs.groups,
        "states": {state.value: count for state, count in runs.states.items()},
        "earlier_attempts": {state.value: count for state, count in _earlier(runs).items()},
        "parameters": {name: list(values) for name, values in runs.varying.items()},
        "shared_parameters": dict(runs.shared),
        "group_seconds": {"min": d.shortest, "median": d.median, "max": d.longest} if d else None,
        "failures": [{"state": f.state.value, "cause": f.cause, "groups": dict(f.groups)} for f in runs.failures],
        "regressions": [
            {
                "parameters": in_plain(dict(r.parameters)),
                "groups": r.groups,
                "failed": r.failed,
                "cause": r.cause,
                "runs": list(r.runs),
                "finished_in": list(r.before),
                **_circumstances(r.other),
            }
            for r in runs.regressions
        ],
        "better": dict(runs.directions),
        "results": [_result(runs, place) for place in range(len(runs.results.rows))],
    }


def _earlier(runs: NewRuns) -> dict[AttemptState, int]:
    return counted(end for run in runs.runs for group in run.groups for end in group.earlier)


def _run(run: Run, how: str) -> dict[str, Any]:
    return {
        "id": run.id,
        "change": how,
        "description": run.description,
        "tags": list(run.tags),
        "commit": run.code.commit,
        "tree": run.code.tree,
        "snapshot": run.code.snapshot,
        "runner": run.runner.name,
        "template": run.runner.template,
        "options": dict(run.runner.options),
        "state": run.state.value,
        "states": {state.value: count for state, count in count_states(run.groups).items()},
        "started": run.started,
        "ended": run.ended,
        "seconds": _seconds(run),
    }


def _result(runs: NewRuns, place: int) -> dict[str, Any]:
    row, before = runs.results.rows[place], runs.before[place]
    seeds = runs.results.seeds.get(row.experiment, ())
    return {
        "runs": list(row.runs),
        "groups": row.groups,
        "failed": runs.failed[place],
        "commit": row.commit,
        "parameters": in_plain({name: value for name, value in row.parameters.items() if name not in seeds}),
        "seeds": list(row.seeds),
        "metrics": {
            name: {**_statistic(s), "best": place in runs.results.best.get(name, ()), **_delta(before, name)}
            for name, s in row.metrics.items()
        },
        "compared_with": _compared(before) if before else None,
    }


def _compared(before: Baseline) -> dict[str, Any]:
    return {
        "runs": list(before.row.runs),
        "commit": before.row.commit,
        "other_seeds": list(before.other_seeds),
        **_circumstances(before.other),
    }


def _circumstances(other: Circumstances) -> dict[str, Any]:
    return {
        "other_data": [{"name": d.name, "difference": d.how} for d in other.data],
        "other_container": other.container,
        "other_environment": other.is_other_environment,
        "environment_differences": list(other.environment_differences),
    }


def _statistic(s: Statistic) -> dict[str, Any]:
    return {"mean": s.mean, "std": s.deviation, "n": s.count}


def _delta(before: Baseline | None, name: str) -> dict[str, Any]:
    delta = before.deltas.get(name) if before else None
    if delta is None:
        return {"before": None, "difference": None, "p": None, "better": None}
    difference = delta.difference
    return {
        "before": _statistic(delta.before),
        "difference": difference.value,
        "p": difference.p,
        "better": delta.better,
    }


def _seconds(run: Run) -> float | None:
    """Return how long a run took, without its pauses."""
    if not run.started or not run.ended:
        return None
    return max(0.0, (times.seconds_between(run.started, run.ended) or 0.0) - paused_s(run.groups))
