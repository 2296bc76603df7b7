"""Runs as notebooks show them: small tables in HTML, of which every text is escaped."""

from __future__ import annotations

import html
import re
from collections.abc import Iterable, Sequence
from itertools import islice
from pathlib import Path

from qanat.domain import pauses, times
from qanat.domain.run import Run, described
from qanat.domain.shortening import shortened
from qanat.domain.varying import spread_parameters
from qanat.domain.visible import escaped
from qanat.usecases.runs.failures import Failure

ROWS = 20
TEXT_MAX = 300
METRICS = 4
FAILURES = 3
# Ids and dates, which a browser would break at their hyphens.
_UNBROKEN = re.compile("[0-9]+-[0-9a-f: -]+")
RUN_COLUMNS = ("run", "experiment", "description", "state", "groups", "started", "duration", "tags")


def run_table(run: Run, path: Path, failures: Iterable[Failure]) -> str:
    """Return a run, whose results are in path, with its first groups, and what those that failed said last."""
    groups = run.groups
    title = f"Run {run.number} of {run.experiment}: {run.state}"
    facts = [run.id, run.description, f"commit {run.code.commit[:10]}", str(path)]
    metrics = list(dict.fromkeys(name for group in islice(groups, ROWS) for name in group.metrics))[:METRICS]
    rows = [
        [str(g.number), " ".join(g.args), described(g.state, g.reason)]
        + [f"{g.metrics[name]:.6g}" if name in g.metrics else "" for name in metrics]
        for g in islice(groups, ROWS)
    ]
    text = " · ".join(map(_text, filter(None, facts)))
    said = (
        f"{len(f.groups):,} failed: {f.said}{f'; see {f.file}' if f.is_in_file else ''}"
        for f in islice(failures, FAILURES)
    )
    below = "".join(f"<p>{_text(line)}</p>" for line in said)
    table = _table(("group", "arguments", "state", *metrics), rows, len(groups))
    return f"<b>{_text(title)}</b><br>{text}{table}{below}"


def runs_table(runs: Sequence[Run]) -> str:
    """Return a table of the first runs."""
    return _table(RUN_COLUMNS, [_cells(run) for run in runs[:ROWS]], len(runs)) if runs else "<i>no runs</i>"


def plain_table(headings: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """Return a table of the first rows."""
    return _table(headings, rows[:ROWS], len(rows))


def _cells(run: Run) -> list[str]:
    parameters = " ".join(f"{n}={v}" if v else n for n, v in spread_parameters(run.groups).items())
    took = pauses.took(run.groups) if run.ended else ""
    names = [run.id, run.experiment, run.description or parameters, run.state.value]
    return [*names, f"{len(run.groups):,}", times.local(run.started), took, ", ".join(run.tags)]


def _table(headings: Iterable[str], rows: Iterable[Sequence[str]], total: int) -> str:
    head = "".join(f"<th>{_text(name)}</th>" for name in headings)
    body = "".join(f"<tr>{''.join(map(_cell, row))}</tr>" for row in rows)
    more = f"<p>… and {total - ROWS:,} more</p>" if total > ROWS else ""
    return f"<table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>{more}"


def _cell(text: str) -> str:
    unbroken = ' style="white-space: nowrap"' if _UNBROKEN.fullmatch(text) else ""
    return f"<td{unbroken}>{_text(text)}</td>"


def _text(text: str) -> str:
    return html.escape(escaped(shortened(text, TEXT_MAX)))
