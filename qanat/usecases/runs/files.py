"""The files of a run, for display."""

from __future__ import annotations

from pathlib import Path

from qanat.errors import UsageError
from qanat.records import storage
from qanat.runners.protocol import HasLog, Runners
from qanat.usecases.project import Project
from qanat.usecases.tracking.find import Found
from qanat.usecases.tracking.settle import metric_sources
from qanat.usecases.tracking.submission import handle_of

ENTRIES_MAX = 200
GROUPS_MAX = 20
PROBLEMS_MAX = 3


def output_files(found: Found, name: str, group: int | None) -> list[Path]:
    """List the existing `stdout.txt` or `stderr.txt` files of one group, or of all."""
    numbers = range(len(found.run.groups)) if group is None else [group]
    return [path for n in numbers if (path := found.group_folder(n) / name).is_file()]


def parameters_files(found: Found) -> list[Path]:
    """List the parameters files that were kept with the results."""
    folder = found.folder / storage.PARAMETERS_FILES
    return sorted(path for path in folder.iterdir() if path.is_file()) if folder.is_dir() else []


def directory_tree(folder: Path) -> list[str]:
    """List a directory's content as a tree, folders first, at most ENTRIES_MAX lines; links are not followed."""
    if not folder.is_dir():
        return [f"{folder} does not exist"]
    lines = [str(folder)]
    _draw(folder, "", lines)
    return [*lines[:ENTRIES_MAX], "…"] if len(lines) > ENTRIES_MAX else lines


def _draw(folder: Path, indent: str, lines: list[str]) -> None:
    entries = sorted(folder.iterdir(), key=lambda p: (not p.is_dir(), p.name))
    for i, entry in enumerate(entries):
        if len(lines) > ENTRIES_MAX:
            return
        last = i == len(entries) - 1
        lines.append(f"{indent}{'└── ' if last else '├── '}{entry.name}")
        if entry.is_dir() and not entry.is_symlink():
            _draw(entry, f"{indent}{'    ' if last else '│   '}", lines)


def scheduler_log(project: Project, found: Found, group: int | None, runners: Runners) -> str:
    """Return the scheduler's log of a submitted run or of one of its groups; empty if there is none.

    Raises UsageError for a runner whose scheduler keeps no log.
    """
    runner = runners.submitting(found.run.runner.name)
    if not isinstance(runner, HasLog):
        raise UsageError(f"runner {runner.name} has no log of its scheduler")
    run = found.run
    wanted = run.groups if group is None else (run.groups[group],)
    handles = [handle_of(project, run, g) for g in wanted if g.job]
    return runner.scheduler_log(found.folder, handles)


def metric_problems(project: Project, found: Found) -> list[str]:
    """List why numbers that the groups of an ended run left are not among its metrics, for the first such groups."""
    if not found.run.state.ended or not found.folder.is_dir():
        return []
    sources = metric_sources(project, found.run)
    problems: list[str] = []
    for group in found.run.groups[:GROUPS_MAX]:
        problems += storage.read_metrics(found.group_folder(group.number), sources)[1]
    return problems[:PROBLEMS_MAX]
