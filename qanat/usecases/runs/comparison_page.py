"""Comparisons of runs as tables for a paper, in Markdown and LaTeX, with what a reader must know about the numbers."""

from __future__ import annotations

from qanat.domain import formats
from qanat.domain.statistics import SIGNIFICANT, Method
from qanat.usecases.runs import comparison_values
from qanat.usecases.runs.compare import Compared
from qanat.usecases.runs.comparison_cells import cells, columns_of, headings
from qanat.usecases.runs.comparison_notes import without_row

TESTS = {Method.PAIRED: "a paired t-test", Method.WELCH: "Welch's t-test"}


def as_markdown(compared: Compared) -> str:
    """Return the table in Markdown, and below what its numbers are."""
    table, below = formats.markdown_table(*_page(compared)), page_note(compared)
    return f"{table}\n\n{formats.markdown_text(below)}" if below else table


def as_latex(compared: Compared) -> str:
    """Return the table for LaTeX, and below, in a comment, what its numbers are."""
    table, below = formats.latex_table(*_page(compared)), page_note(compared)
    return f"{table}\n{formats.latex_comment(below)}" if below else table


def _page(compared: Compared) -> tuple[list[str], list[list[str]]]:
    """Return headings and rows for a paper."""
    columns = columns_of(compared)
    return headings(compared, columns), cells(compared, columns, formats.BEST)


def note(compared: Compared) -> str:
    """Return what a reader must know about the numbers."""
    rows = compared.found.rows
    has_means = any(s.count > 1 for row in rows for s in row.metrics.values())
    means = f"mean ± standard deviation of {_groups(compared)} groups" if has_means else ""
    return "; ".join(filter(None, [means, comparison_values.seed_note(compared), _tests(compared)]))


def page_note(compared: Compared) -> str:
    """Return the same for a page, which is read without the notes in the terminal."""
    found = compared.found
    unfinished = sum(len(row.unfinished) for row in found.rows) + sum(one.groups for one in found.absent)
    left_out = f"without {_groups_counted(unfinished)} that did not finish" if unfinished else ""
    settings = without_row(compared)
    absent = f"no row, since no group finished: {settings}" if settings else ""
    return "; ".join(filter(None, [note(compared), left_out, absent]))


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


def _groups_counted(count: int) -> str:
    return f"{count:,} group{'' if count == 1 else 's'}"
