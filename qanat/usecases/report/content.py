"""The data of a report: runs that were chosen, in a form that the page and `--json` share."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from qanat.domain import comparison
from qanat.domain.condition import EVERY, Condition
from qanat.domain.data import data_texts
from qanat.domain.facts import GroupFacts, RunFacts
from qanat.domain.redaction import secrets_in, without
from qanat.domain.samples import repeated_runs
from qanat.domain.shortening import shortened
from qanat.errors import NotFound
from qanat.records import run_codec
from qanat.records.index import Index
from qanat.usecases.project import Project
from qanat.usecases.report.details import Details
from qanat.usecases.report.figures import Figures
from qanat.usecases.report.series import Series
from qanat.usecases.report.views import views_of
from qanat.usecases.runs import rows
from qanat.usecases.runs.experiments import directions, experiments_of, metric_titles, unreadable
from qanat.usecases.tracking.find import Found
from qanat.usecases.tracking.refresh import Refreshed

RUNS_MAX = 10_000
GROUPS_MAX = 20_000
DETAILED_MAX = 1_000
TEXT_MAX = 1_000
NAMES_MAX = 200


@dataclass(frozen=True, slots=True)
class ReportRequest:
    """What a report should be about: runs by number or id, or all, of an experiment, that meet a condition.

    `view` is the name of the saved view that it opens with; empty for none. Limits of curves and figures are `times` as
    large as usual.
    """

    runs: Sequence[str] = ()
    experiment: str | None = None
    condition: Condition = EVERY
    view: str = ""
    times: int = 1


def content_of(
    project: Project, index: Index, refreshed: Refreshed, request: ReportRequest, figures: Figures | None = None
) -> dict[str, Any]:
    """Return the report, newest run first, without secrets and without what would make it too large.

    Of figures, it has names and sizes; `figures`, if given, can then read them.
    `notes` says what is left out. `better` has the direction of metrics that have one, `titles` their labels and units,
    `seeds` the seeds of experiments that name them. Runs have the same `code` and `on` if groups of them can be pooled:
    numbers for their code and their data, where none means 0; `repeats` is the id of the run that a rerun repeats.
    `views` are the saved views, and `view` is the name of the one to open with. Errors as for find_run(),
    rows.matching_paths() and the definition of a view, and NotFound for an experiment that is neither defined nor has
    runs.
    """
    if request.view:
        project.definition("view", request.view)
    views, notes_on_views = views_of(project)
    chosen = rows.chosen_facts(
        project, index, refreshed, request.runs, request.condition, experiment=request.experiment
    )
    kept = list(_within_limits(list(chosen.values())))
    experiments = experiments_of(project, (run.experiment for run in chosen.values()))
    details, series = Details(project, experiments), Series(project, request.times)
    figures = figures or Figures(project, request.times)
    mappings = [_run(run, groups) for run, groups in kept]
    _add_pools(mappings, list(chosen.values()))
    for path, mapping in zip(chosen, mappings[:DETAILED_MAX], strict=False):
        try:
            run = refreshed.live.get(path) or run_codec.from_index(index.record(path), path)
        except NotFound:
            continue
        mapping["details"] = details.of(run)
        found = Found(run, path, project.storage_of(run))
        for number, curves in series.of(found, len(mapping["groups"])).items():
            mapping["groups"][number]["series"] = curves
        patterns = experiments[run.experiment].figures if run.experiment in experiments else ()
        for number, found_figures in figures.of(run, len(mapping["groups"]), patterns).items():
            mapping["groups"][number]["figures"] = found_figures
    content = {
        "project": project.root.name,
        "created": project.clock.now(),
        "views": views,
        "view": request.view,
        "notes": [
            *unreadable(project, (run.experiment for run in chosen.values())),
            *(["no run meets the condition"] if not chosen and request.condition != EVERY else []),
            *_notes(chosen, kept),
            *_notes_on_curves(series),
            *figures.notes(),
            *notes_on_views,
        ],
        "better": directions(experiments.values()),
        "titles": metric_titles(experiments.values()),
        "seeds": {name: list(e.seeds) for name, e in experiments.items() if e.seeds is not None},
        "runs": mappings,
    }
    clean: dict[str, Any] = without(content, secrets_in([content]))
    return clean


def _within_limits(runs: Sequence[RunFacts]) -> Iterator[tuple[RunFacts, Sequence[GroupFacts]]]:
    """Yield runs with their groups, or the first of these, as long as there are not too many in all."""
    left = GROUPS_MAX
    for run in runs[:RUNS_MAX]:
        if left <= 0:
            return
        groups = run.groups[:left]
        left -= len(groups)
        yield run, groups


def _add_pools(mappings: Sequence[dict[str, Any]], runs: Sequence[RunFacts]) -> None:
    """Write into runs which have the same code and data, by numbers from the oldest on, and what they repeat."""
    pools, repeats = comparison.pools_of(runs[::-1]), repeated_runs(runs)
    trees = {tree: number for number, tree in enumerate(dict.fromkeys(tree for tree, _ in pools.values()))}
    for mapping in mappings:
        tree, data = pools.get(mapping["id"], ("", 0))
        mapping |= {key: number for key, number in (("code", trees.get(tree, 0)), ("on", data)) if number}
        if mapping["id"] in repeats:
            mapping["repeats"] = repeats[mapping["id"]]


def _notes(chosen: Collection[Any], kept: Sequence[tuple[RunFacts, Sequence[GroupFacts]]]) -> list[str]:
    notes = []
    if len(kept) < len(chosen):
        notes.append(f"the newest {len(kept):,} of {len(chosen):,} runs are here; choose others with --where")
    if len(kept) > DETAILED_MAX:
        notes.append(f"only the newest {DETAILED_MAX:,} runs have their commands, reasons and comments here")
    notes += [
        f"the first {len(groups):,} of {len(run.groups):,} groups of run {run.number} are here"
        for run, groups in kept
        if len(groups) < len(run.groups)
    ]
    return notes


def _notes_on_curves(series: Series) -> list[str]:
    notes = []
    if series.is_thinned:
        notes.append(f"curves have at most {series.points_max:,} of their points here")
    if series.left_out:
        groups = "group is" if series.left_out == 1 else "groups are"
        notes.append(f"{series.left_out:,} older {groups} here without curves; choose fewer runs")
    return notes


def _run(run: RunFacts, groups: Sequence[GroupFacts]) -> dict[str, Any]:
    """Return a run as a mapping, without what is empty and what nothing asks for."""
    optional = {
        "description": shortened(run.description, TEXT_MAX),
        "tags": [shortened(tag, TEXT_MAX) for tag in run.tags],
        "paused_s": run.paused_s,
        "data": [shortened(text, TEXT_MAX) for text in data_texts(run)],
        "group_count": len(run.groups) if len(groups) < len(run.groups) else 0,
    }
    return {
        "id": run.id,
        "number": run.number,
        "experiment": run.experiment,
        **{key: value for key, value in optional.items() if value},
        "state": run.state,
        "created": run.created,
        "started": run.started,
        "ended": run.ended,
        "author": shortened(run.author, TEXT_MAX),
        "runner": run.runner,
        "commit": run.commit,
        "groups": [_group(group) for group in groups],
    }


def _group(group: GroupFacts) -> dict[str, Any]:
    optional = {
        "host": group.host,
        "parameters": {name: shortened(text, TEXT_MAX) for name, text in _first(group.parameters)},
        "metrics": dict(_first(group.metrics)),
        "curves": dict(_first(group.curves)),
        "attempt": group.attempt if group.attempt > 1 else 0,
        "before_s": group.before_s,
    }
    return {
        "number": group.number,
        "state": group.state,
        "started": group.started,
        "ended": group.ended,
        **{key: value for key, value in optional.items() if value},
    }


def _first(values: Mapping[str, Any]) -> list[tuple[str, Any]]:
    """Return the first entries, which are all unless a program left hundreds."""
    return [(shortened(name, TEXT_MAX), value) for name, value in list(values.items())[:NAMES_MAX]]
