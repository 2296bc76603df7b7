"""Comparisons of runs as tables: text, Markdown, LaTeX and CSV."""

from __future__ import annotations

import math
from collections.abc import Collection, Mapping, Sequence

from qanat.cli.terminal import formats, tables
from qanat.cli.terminal.output import listed
from qanat.cli.terminal.tables import Heading
from qanat.domain.comparison import Comparison, Row
from qanat.domain.condition import METRIC
from qanat.domain.parameters import plain_names, shown
from qanat.domain.run_columns import split_key
from qanat.domain.statistics import SIGNIFICANT, Method, signed
from qanat.usecases.runs import comparison_values
from qanat.usecases.runs.compare import Compared
from qanat.usecases.runs.experiments import metric_titles

OWN = ("experiment", "runs", "n", "commit")
RUNS_NAMED = 8
TESTS = {Method.PAIRED: "a paired t-test", Method.WELCH: "Welch's t-test"}


def as_text(compared: Compared, width: int | None) -> str:
    """Return the table for a terminal, with the columns that fit its width, and what its numbers are."""
    found = compared.found
    sorting = [split_key(key)[0].removeprefix(METRIC) for key in compared.request.sort]
    fitted = tables.fit(
        _headings(found, sorting, {}),
        _cells(compared),
        width,
    )
    notes = [f"{fitted.note}; --csv has everything"] if fitted.note else []
    return "\n".join([*fitted.lines, *notes, *filter(None, [_note(compared)])])


def as_markdown(compared: Compared) -> str:
    """Return the table in Markdown, and below what its numbers are."""
    table, note = formats.markdown_table(_titles(compared), _cells(compared)), _note(compared)
    return f"{table}\n\n{formats.markdown_text(note)}" if note else table


def as_latex(compared: Compared) -> str:
    """Return the table for LaTeX, and below, in a comment, what its numbers are."""
    table, note = formats.latex_table(_titles(compared), _cells(compared)), _note(compared)
    return f"{table}\n{formats.latex_comment(note)}" if note else table


def _titles(compared: Compared) -> list[str]:
    """Return the headings for a paper."""
    return [heading.text for heading in _headings(compared.found, (), metric_titles(compared.experiments.values()))]


def _note(compared: Compared) -> str:
    """Return what a reader must know about the numbers."""
    has_means = any(s.count > 1 for row in compared.found.rows for s in row.metrics.values())
    means = "mean ± standard deviation of n groups" if has_means else ""
    return "; ".join(filter(None, [means, comparison_values.seed_note(compared), _tests(compared)]))


def _tests(compared: Compared) -> str:
    """Return how differences were tested."""
    found = [d for against in compared.against.values() if against for d in against.differences.values()]
    methods = [name for method, name in TESTS.items() if any(d.method is method for d in found)]
    return f"p of {' or '.join(methods)}; better or worse: p < {SIGNIFICANT:g}" if methods else ""


def _headings(found: Comparison, sort: Sequence[str], titles: Mapping[str, str]) -> list[Heading]:
    """Return the headings; where not all fit, the commit gives way first, then metrics and parameters in turn."""
    several, commits = _several(found)
    last = 2 * (len(found.parameters) + len(found.metrics)) + 2
    plain = _parameter_headings(found)
    return [
        *([Heading("experiment", 1, tables.NARROWEST)] if several else []),
        Heading("runs", 0, tables.NARROWEST),
        # A mean without its n says little.
        Heading("n", 1),
        *([Heading("commit", last + 1)] if commits else []),
        *(Heading(name, 2 * i + 2, tables.NARROWEST) for i, name in enumerate(plain)),
        # Half a number would be another number.
        *(
            Heading(titles.get(name) or _metric_heading(name, plain), 1 if name in sort else 2 * i + 3)
            for i, name in enumerate(found.metrics)
        ),
    ]


def _metric_heading(name: str, parameters: Collection[str]) -> str:
    return f"{METRIC}{name}" if name in OWN or name in parameters else name


def _parameter_headings(found: Comparison) -> list[str]:
    """Return the headings of the parameters: without dashes, unless these tell them from another column."""
    plain = plain_names(dict.fromkeys(name for row in found.rows for name in (*row.parameters, *found.parameters)))
    return [name if plain[name] in OWN else plain[name] for name in found.parameters]


def _cells(compared: Compared) -> list[list[str]]:
    found = compared.found
    several, commits = _several(found)
    rows = []
    for i, row in enumerate(found.rows):
        cells = [*([row.experiment] if several else []), _runs(compared, row, i), str(row.groups)]
        cells += [*([row.commit[:7]] if commits else []), *(shown(row.parameters.get(n)) for n in found.parameters)]
        cells += [_metric(compared, row, i, name) for name in found.metrics]
        rows.append(cells)
    return rows


def _several(found: Comparison) -> tuple[bool, bool]:
    """Return whether the rows are of several experiments, and of several states of the code."""
    return len({row.experiment for row in found.rows}) > 1, len({row.tree for row in found.rows}) > 1


def _runs(compared: Compared, row: Row, place: int) -> str:
    numbers = [run.partition("-")[0] for run in row.runs]
    named = row.runs if len(set(numbers)) < len(numbers) else numbers
    text = listed(named, RUNS_NAMED)
    return f"{text} (baseline)" if compared.is_baseline(place) else text


def _metric(compared: Compared, row: Row, place: int, name: str) -> str:
    """Return a metric, with its n if that is not the row's, the difference, and a mark if it is the best."""
    if name not in row.metrics:
        return ""
    s = row.metrics[name]
    count = "" if s.count == row.groups else f" (n={s.count})"
    best = formats.BEST if place in compared.found.best.get(name, ()) else ""
    return f"{s}{count}{_difference(compared, place, name)}{best}"


def _difference(compared: Compared, place: int, name: str) -> str:
    against = compared.against.get(place)
    if against is None or name not in against.differences:
        return ""
    difference = against.differences[name]
    judged = difference.judged(compared.better.get(name))
    shows_value = math.isfinite(difference.value) and difference.value != 0
    shown_value = signed(difference.value, compared.found.rows[place].metrics[name])
    return f" ({shown_value}, {judged})" if shows_value else f" ({judged})"


def as_csv(compared: Compared) -> str:
    """Return the table as CSV, with numbers in full."""
    return formats.csv_text(*comparison_values.flat_table(compared))
