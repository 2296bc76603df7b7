"""Looking at what there is: tables of runs, and the project as a whole."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from qanat.domain.run import Run, State
from qanat.errors import InputInvalid
from qanat.records import run_codec, storage
from qanat.records.index import Index, RunSummary
from qanat.usecases.project import Project
from qanat.usecases.tracking import record
from qanat.usecases.tracking.refresh import Refreshed

LIVE_STATES = frozenset({State.QUEUED, State.RUNNING, State.HELD})


@dataclass(frozen=True, slots=True)
class RunLine:
    """A line of a table of runs; `progress` is from 0 to 1, None when nothing says."""

    summary: RunSummary
    progress: float | None


@dataclass(frozen=True, slots=True)
class ProjectSummary:
    """What a project holds: definitions, runs by experiment and state, bytes of their results, unreadable records."""

    experiments: int
    datasets: int
    templates: int
    counts: dict[str, dict[str, int]]
    result_bytes: int
    unreadable: list[str]


def run_lines(
    index: Index,
    refreshed: Refreshed,
    root: Path,
    *,
    experiment: str | None = None,
    newest: int | None = None,
    live: bool = False,
) -> list[RunLine]:
    """List runs, the newest first, as they are now."""
    lines = []
    for row in index.summaries(experiment=experiment, newest=newest, live=live):
        run = refreshed.live.get(row.path)
        summary = _as_of_now(row, run) if run else row
        lines.append(RunLine(summary, _progress(summary, root)))
    return lines


def run_records(
    index: Index, refreshed: Refreshed, *, experiment: str | None = None, newest: int | None = None
) -> list[str]:
    """Give the records of the same runs as JSON texts, with the record's own keys."""
    texts = index.records(experiment=experiment, newest=newest)
    if refreshed.live:
        live = {run.id: run for run in refreshed.live.values()}
        texts = [_current_text(text, live) for text in texts]
    return texts


def summarise(project: Project, index: Index, refreshed: Refreshed) -> ProjectSummary:
    """Count what a project holds, runs as they are now, and measure its results; those of ended runs once."""
    return ProjectSummary(
        experiments=len(project.names("experiment")),
        datasets=len(project.names("dataset")),
        templates=len(project.templates()),
        counts=_counts(index, refreshed),
        result_bytes=_result_bytes(project, index),
        unreadable=index.unreadable(),
    )


def _counts(index: Index, refreshed: Refreshed) -> dict[str, dict[str, int]]:
    """Count the runs of each experiment by their states; the index has those that their records had."""
    counts = {name: Counter(states) for name, states in index.counts().items()}
    for row in index.summaries(live=True):
        if run := refreshed.live.get(row.path):
            counts[row.experiment][row.state] -= 1
            counts[row.experiment][run.state.value] += 1
    return {name: dict(+states) for name, states in counts.items()}


def _as_of_now(row: RunSummary, run: Run) -> RunSummary:
    ended = sum(group.state.ended for group in run.groups)
    return row._replace(state=run.state.value, started=run.started, ended=run.ended, groups_ended=ended)


def _current_text(text: str, live: dict[str, Run]) -> str:
    run = live.get(json.loads(text)["id"])
    return json.dumps(run_codec.to_mapping(run), ensure_ascii=False) if run else text


def _progress(row: RunSummary, root: Path) -> float | None:
    if row.state not in LIVE_STATES:
        return 1.0 if row.state == State.FINISHED else None
    said = storage.run_progress(root / row.storage, row.groups)
    if said is None and row.groups > 1:
        return row.groups_ended / row.groups
    return said


def _result_bytes(project: Project, index: Index) -> int:
    known = index.sizes()
    rows: Sequence[RunSummary] = index.summaries()
    measured = {
        row.storage: _bytes_of(project, row) for row in rows if row.storage not in known or row.state in LIVE_STATES
    }
    index.remember_sizes({row.storage: measured[row.storage] for row in rows if row.ended and row.storage in measured})
    # Two runs of the same number, of two branches, name the same one.
    return sum(measured.get(folder, known.get(folder, 0)) for folder in {row.storage for row in rows})


def _bytes_of(project: Project, row: RunSummary) -> int:
    """Measure a storage directory; a record from elsewhere may name any other folder, of which nothing is said."""
    folder = project.root / row.storage
    is_ours = storage.is_made_for(folder, row.id) or folder.resolve().is_relative_to(project.root.resolve())
    return storage.size_of(folder) if is_ours else 0


def current_runs(project: Project, index: Index, refreshed: Refreshed, *, experiment: str | None = None) -> list[Run]:
    """Give whole runs as they are now, the newest first."""
    rows = index.summaries(experiment=experiment)
    texts = index.records(experiment=experiment)
    return [refreshed.live.get(row.path) or _run_of(project, row, text) for row, text in zip(rows, texts, strict=True)]


def _run_of(project: Project, row: RunSummary, text: str) -> Run:
    try:
        return run_codec.from_mapping(json.loads(text), row.path)
    except InputInvalid:
        # JSON has null where the record has a number that JSON does not have.
        return record.load_record(project, row.path)
