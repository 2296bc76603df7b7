"""What tables of runs show, and what a project contains."""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from qanat.domain.columns import RunSummary
from qanat.domain.condition import EVERY, Condition
from qanat.domain.run import Run, State
from qanat.records import run_codec, storage
from qanat.records.index import Index
from qanat.usecases.project import Project
from qanat.usecases.tracking.refresh import Refreshed

UNREADABLE_SHOWN = 20


@dataclass(frozen=True, slots=True)
class RunLine:
    """A row in a table of runs; `progress` is from 0 to 1, None if it is unknown."""

    summary: RunSummary
    progress: float | None

    @property
    def is_active(self) -> bool:
        """Whether the run has not ended."""
        return self.summary.state in State.LIVE

    def as_mapping(self) -> dict[str, Any]:
        """Return every column by its name, as JSON has them."""
        return {**self.summary.as_mapping(), "progress": self.progress}


@dataclass(frozen=True, slots=True)
class ProjectSummary:
    """What a project contains: its definitions, its runs by experiment and state, the size of their results."""

    experiments: int
    datasets: int
    templates: int
    counts: dict[str, dict[str, int]]
    result_bytes: int
    unreadable: list[str]


def shortened(unreadable: Sequence[str]) -> list[str]:
    """Return the first of the sentences on records that cannot be read, and how many more there are."""
    more = len(unreadable) - UNREADABLE_SHOWN
    rest = [f"{more:,} more record{'s' if more > 1 else ''} cannot be read"] if more > 0 else []
    return [*unreadable[:UNREADABLE_SHOWN], *rest]


def run_lines(
    index: Index,
    refreshed: Refreshed,
    root: Path,
    *,
    experiment: str | None = None,
    newest: int | None = None,
    live: bool = False,
) -> list[RunLine]:
    """List runs as they are now, newest first."""
    rows = index.summaries(experiment=experiment, newest=newest, live=live)
    return [line_of(row, refreshed, root) for row in rows]


def line_of(row: RunSummary, refreshed: Refreshed, root: Path) -> RunLine:
    """Return the row of one run as it is now."""
    run = refreshed.live.get(row.path)
    summary = row.as_of(run) if run else row
    return RunLine(summary, _progress(summary, run, root))


def run_records(
    index: Index, refreshed: Refreshed, *, experiment: str | None = None, newest: int | None = None
) -> Iterable[str]:
    """Yield the records of the same runs as JSON texts, with the record's own keys."""
    texts = index.records(experiment=experiment, newest=newest)
    if not refreshed.live:
        return texts
    live = {run.id: run for run in refreshed.live.values()}
    return (_current_text(text, live) for text in texts)


def summarise(project: Project, index: Index, refreshed: Refreshed) -> ProjectSummary:
    """Count what a project contains, and measure its results; those of an ended run are measured only once."""
    return ProjectSummary(
        experiments=len(project.names("experiment")),
        datasets=len(project.names("dataset")),
        templates=len(project.all_templates()),
        counts=count_runs(index, refreshed),
        result_bytes=_result_bytes(project, index),
        unreadable=index.unreadable(),
    )


def count_runs(index: Index, refreshed: Refreshed) -> dict[str, dict[str, int]]:
    """Count the runs of each experiment by their states as they are now."""
    return index.counts({path: run.state.value for path, run in refreshed.live.items()})


def _current_text(text: str, live: dict[str, Run]) -> str:
    run = live.get(json.loads(text)["id"])
    return json.dumps(run_codec.to_mapping(run), ensure_ascii=False) if run else text


def _progress(row: RunSummary, run: Run | None, root: Path) -> float | None:
    if row.state not in State.LIVE:
        return 1.0 if row.state == State.FINISHED else None
    ended = {group.number: group.state is State.FINISHED for group in run.groups if group.state.ended} if run else {}
    written = storage.run_progress(root / row.storage, row.groups, ended)
    if written is None and row.groups > 1:
        return row.groups_finished / row.groups
    return written


def _result_bytes(project: Project, index: Index) -> int:
    rows = index.unmeasured()
    # Runs from different branches with the same number share a directory.
    sizes = {storage_path: _bytes_of(project, storage_path, run_id) for _, run_id, storage_path, _ in rows}
    if ended := {path: sizes[storage_path] for path, _, storage_path, has_ended in rows if has_ended}:
        index.remember_sizes(ended)
    still = {storage_path: sizes[storage_path] for _, _, storage_path, has_ended in rows if not has_ended}
    return index.measured_bytes(without=still) + sum(still.values())


def _bytes_of(project: Project, path: str, run_id: str) -> int:
    """Return the size of a storage directory in bytes; 0 for other folders, which a record from elsewhere may name."""
    folder = project.root / path
    if not os.path.lexists(folder):  # as of runs from other clones
        return 0
    is_ours = storage.is_made_for(folder, run_id) or folder.resolve().is_relative_to(project.root.resolve())
    return storage.size_of(folder) if is_ours else 0


def find_runs(
    project: Project,
    index: Index,
    refreshed: Refreshed,
    condition: Condition,
    *,
    experiment: str | None,
    newest: int,
) -> tuple[list[RunLine], int]:
    """Return the newest runs that meet a condition, and how many do; errors as for rows.matching_paths()."""
    if condition == EVERY:
        counts = count_runs(index, refreshed)
        own = counts.values() if experiment is None else [counts.get(project.names_of(experiment)[0], {})]
        lines = run_lines(index, refreshed, project.root, experiment=experiment, newest=newest)
        return lines, sum(sum(states.values()) for states in own)
    from qanat.usecases.runs.rows import matching_paths

    paths = matching_paths(project, index, refreshed, condition, experiment=experiment)
    shown = index.summaries_at(paths[:newest])
    return [line_of(row, refreshed, project.root) for row in shown], len(paths)
