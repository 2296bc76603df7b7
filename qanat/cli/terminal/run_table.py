"""The table of runs: the headings and cells of the columns of `qanat.domain.columns`."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, TypeAlias

from qanat.cli.terminal.marks import MARKS
from qanat.cli.terminal.tables import Heading, fit
from qanat.domain import times
from qanat.domain.columns import Column, Form, RunSummary, columns
from qanat.domain.run import State
from qanat.domain.varying import varying

if TYPE_CHECKING:
    from qanat.usecases.runs.listing import RunLine

_UNKNOWN = "\N{EN DASH}"
Writer: TypeAlias = "Callable[[RunLine, Any], str]"


def run_table(lines: Sequence[RunLine], width: int | None) -> tuple[str, ...]:
    """Return the lines of a table of runs: headings, then a row for each; nothing when there are none."""
    shown = _shown(lines)
    writers = _writers(lines)
    cells = [(RunSummary._fields.index(name), writers[column.form]) for name, column in shown.items()]
    rows = [[write(line, line.summary[place]) for place, write in cells] for line in lines]
    return fit([_heading(column) for column in shown.values()], rows, width).lines


def _heading(column: Column) -> Heading:
    return Heading(column.heading, column.rank, column.least, column.cut_start)


def _shown(lines: Sequence[RunLine]) -> dict[str, Column]:
    """Return the columns that are shown for these runs."""
    return {
        name: column
        for name, column in columns().items()
        if column.heading and not (column.when_mixed and len({getattr(line.summary, name) for line in lines}) < 2)
    }


def _writers(lines: Sequence[RunLine]) -> Mapping[Form, Writer]:
    """Return what writes a value in each form; an id and a description depend on the other runs that are listed."""
    counts = Counter(line.summary.number for line in lines)
    instead = varying_parameters([line.summary for line in lines])
    return {
        Form.TEXT: lambda _, value: "" if value is None else str(value),
        Form.LIST: lambda _, value: ", ".join(json.loads(value)),
        Form.ID: lambda line, number: str(number) if counts[number] == 1 else line.summary.id,
        Form.DESCRIPTION: lambda line, text: text or instead.get(line.summary.path, ""),
        Form.LAUNCH: lambda _, created: times.local(created),
        Form.DURATION: lambda line, ended: _duration(line.summary),
        Form.STATE: lambda line, _: _state(line),
        Form.PROGRESS: lambda line, _: _progress(line),
    }


def varying_parameters(runs: Sequence[RunSummary]) -> dict[str, str]:
    """Return, by the record's path, what tells apart the runs of experiments that have runs without a description."""
    silent = {run.experiment for run in runs if not run.description}
    those = [run for run in runs if run.experiment in silent]
    found = varying([(run.experiment, json.loads(run.parameters)) for run in those])
    return {run.path: pairs(parameters) for run, parameters in zip(those, found, strict=True)}


def pairs(parameters: Mapping[str, str]) -> str:
    """Write parameters on one line: `lr=0.1 --fast`."""
    return " ".join(f"{name}={value}" if value else name for name, value in parameters.items())


def _duration(run: RunSummary) -> str:
    """Write how long a run took, without its pauses; empty when it has not started, or when its end is not known.

    By a clock that was set back meanwhile, a run may have ended before it started.
    """
    if not run.started or (run.ended is None and run.state not in State.LIVE):
        return ""
    paused_s = run.paused_ms / 1_000
    if run.ended:
        return times.took(run.started, run.ended, paused_s) or _UNKNOWN
    return times.duration(max(0.0, (times.seconds_between(run.started, None) or 0.0) - paused_s))


def _state(line: RunLine) -> str:
    """Write the state, and how many groups of an active run have failed."""
    run = line.summary
    failed = f", {run.groups_failed:,} failed" if line.is_active and run.groups_failed else ""
    return f"{MARKS[State(run.state)]} {run.state}{failed}"


def _progress(line: RunLine) -> str:
    """Write how many groups have finished, and the percentage where it is known."""
    run = line.summary
    groups = f"{run.groups_finished}/{run.groups}" if run.groups > 1 else ""
    percent = "" if line.progress is None else f"{line.progress * 100:.0f} %"
    return " ".join(filter(None, (groups, percent)))
