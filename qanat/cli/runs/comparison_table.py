"""Comparisons of runs as tables: text, Markdown, LaTeX and CSV."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace

from qanat.cli.terminal import formats, tables
from qanat.cli.terminal.output import plural
from qanat.cli.terminal.tables import Heading
from qanat.domain.compared_columns import Column
from qanat.domain.condition import METRIC
from qanat.domain.json_text import to_json
from qanat.domain.run_columns import split_key
from qanat.domain.statistics import SIGNIFICANT, Method
from qanat.domain.visible import escaped_json
from qanat.usecases.runs import comparison_values
from qanat.usecases.runs.compare import Compared
from qanat.usecases.runs.comparison_cells import cells, columns_of, headings
from qanat.usecases.runs.comparison_notes import without_row
from qanat.usecases.runs.experiments import metric_titles, title_of

LAST = 10_000
TESTS = {Method.PAIRED: "a paired t-test", Method.WELCH: "Welch's t-test"}


def as_text(compared: Compared, width: int | None) -> str:
    """Return the table for a terminal, with the columns that fit its width, and what its numbers are."""
    return _text(compared, width, _note(compared))


def _text(compared: Compared, width: int | None, note: str) -> str:
    columns = columns_of(compared)
    fitted = tables.fit(_headings(compared, columns), cells(compared, columns, formats.BEST), width)
    notes = [f"{fitted.note}; --csv has everything"] if fitted.note else []
    about = "; ".join(filter(None, [note, _called(compared, columns)]))
    return "\n".join([*fitted.lines, *notes, *([about] if about else [])])


def as_markdown(compared: Compared) -> str:
    """Return the table in Markdown, and below what its numbers are."""
    table, note = formats.markdown_table(*_page(compared)), _page_note(compared)
    return f"{table}\n\n{formats.markdown_text(note)}" if note else table


def as_latex(compared: Compared) -> str:
    """Return the table for LaTeX, and below, in a comment, what its numbers are."""
    table, note = formats.latex_table(*_page(compared)), _page_note(compared)
    return f"{table}\n{formats.latex_comment(note)}" if note else table


def _page(compared: Compared) -> tuple[list[str], list[list[str]]]:
    """Return headings and rows for a paper."""
    columns = columns_of(compared)
    return headings(compared, columns), cells(compared, columns, formats.BEST)


def _called(compared: Compared, columns: Sequence[Column]) -> str:
    """Return what a paper calls the metrics, whose names are in the headings since other options need them."""
    titles = metric_titles(compared.experiments.values())
    found = [(c.heading, title_of(c.names[0], titles)) for c in columns if c.kind == METRIC]
    return "; ".join(f"{heading}: {title}" for heading, title in found if title)


def _note(compared: Compared) -> str:
    """Return what a reader must know about the numbers."""
    rows = compared.found.rows
    has_means = any(s.count > 1 for row in rows for s in row.metrics.values())
    means = f"mean ± standard deviation of {_groups(compared)} groups" if has_means else ""
    return "; ".join(filter(None, [means, comparison_values.seed_note(compared), _tests(compared)]))


def _page_note(compared: Compared) -> str:
    """Return the same for a page, which is read without the notes in the terminal."""
    found = compared.found
    unfinished = sum(len(row.unfinished) for row in found.rows) + sum(one.groups for one in found.absent)
    left_out = f"without {plural(unfinished, 'group')} that did not finish" if unfinished else ""
    settings = without_row(compared)
    absent = f"no row, since no group finished: {settings}" if settings else ""
    return "; ".join(filter(None, [_note(compared), left_out, absent]))


def _groups(compared: Compared) -> str:
    """Return n if it is a column, and otherwise how many groups the rows have."""
    if any(column.names == ("n",) for column in columns_of(compared) if not column.kind):
        return "n"
    counts = sorted({row.groups for row in compared.found.rows})
    return " to ".join(map(str, dict.fromkeys((counts[0], counts[-1]))))


def _tests(compared: Compared) -> str:
    """Return how differences were tested."""
    found = [d for against in compared.against.values() if against for d in against.differences.values()]
    methods = [name for method, name in TESTS.items() if any(d.method is method for d in found)]
    return f"p of {' or '.join(methods)}; better, worse or significant: p < {SIGNIFICANT:g}" if methods else ""


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
    return _text(compared, None, _page_note(compared))


WRITERS: Mapping[str, Callable[[Compared], str]] = {
    "text": _whole,
    "markdown": as_markdown,
    "latex": as_latex,
    "csv": as_csv,
    "json": as_json,
}
