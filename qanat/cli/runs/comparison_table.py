"""Comparisons of runs as tables: text, Markdown, LaTeX and CSV."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace

from qanat.cli.terminal import tables
from qanat.cli.terminal.tables import Heading
from qanat.domain import formats
from qanat.domain.compared_columns import Column
from qanat.domain.condition import METRIC
from qanat.domain.json_text import to_json
from qanat.domain.run_columns import split_key
from qanat.domain.visible import escaped_json
from qanat.usecases.runs import comparison_page, comparison_values
from qanat.usecases.runs.compare import Compared
from qanat.usecases.runs.comparison_cells import cells, columns_of
from qanat.usecases.runs.experiments import metric_titles, title_of

LAST = 10_000


def as_text(compared: Compared, width: int | None) -> str:
    """Return the table for a terminal, with the columns that fit its width, and what its numbers are."""
    return _text(compared, width, comparison_page.note(compared))


def _text(compared: Compared, width: int | None, note: str) -> str:
    columns = columns_of(compared)
    fitted = tables.fit(_headings(compared, columns), cells(compared, columns, formats.BEST), width)
    notes = [f"{fitted.note}; --csv has everything"] if fitted.note else []
    about = "; ".join(filter(None, [note, _called(compared, columns)]))
    return "\n".join([*fitted.lines, *notes, *([about] if about else [])])


def _called(compared: Compared, columns: Sequence[Column]) -> str:
    """Return what a paper calls the metrics, whose names are in the headings since other options need them."""
    titles = metric_titles(compared.experiments.values())
    found = [(c.heading, title_of(c.names[0], titles)) for c in columns if c.kind == METRIC]
    return "; ".join(f"{heading}: {title}" for heading, title in found if title)


def _headings(compared: Compared, columns: Sequence[Column]) -> list[Heading]:
    """Return the headings; where not all fit, the commit gives way first, then metrics and parameters in turn."""
    sorting = {split_key(key)[0].removeprefix(METRIC) for key in compared.request.sort}
    counts: Counter[str] = Counter()
    found = []
    for column in columns:
        counts[column.kind] += 1
        place = 2 * counts[column.kind]
        if column.kind == METRIC:
            # Half a number would be another number.
            heading = Heading(column.heading, 1 if column.names[0] in sorting else place + 1)
        elif column.kind:
            heading = Heading(column.heading, place, tables.NARROWEST)
        else:
            # A mean without its n says little.
            ranks = {"experiment": (1, tables.NARROWEST), "runs": (0, tables.NARROWEST), "n": (1, 0)}
            heading = Heading(column.heading, *ranks.get(column.heading, (LAST, 0)))
        found.append(replace(heading, stays=bool(compared.chosen)))
    return found


def as_csv(compared: Compared) -> str:
    """Return the table as CSV, with numbers in full."""
    return formats.csv_text(*comparison_values.flat_table(compared))


def as_json(compared: Compared) -> str:
    """Return the rows as JSON."""
    return escaped_json(to_json(comparison_values.as_mappings(compared), indent=2))


def _whole(compared: Compared) -> str:
    return _text(compared, None, comparison_page.page_note(compared))


WRITERS: Mapping[str, Callable[[Compared], str]] = {
    "text": _whole,
    "markdown": comparison_page.as_markdown,
    "latex": comparison_page.as_latex,
    "csv": as_csv,
    "json": as_json,
}
