"""Tables of runs or groups with their parameters and metrics, as text, Markdown and LaTeX."""

from __future__ import annotations

from dataclasses import replace

from qanat.cli.terminal import tables
from qanat.cli.terminal.marks import MARKS
from qanat.cli.terminal.output import brief, listed
from qanat.cli.terminal.tables import Heading
from qanat.domain import formats
from qanat.domain.condition import METRIC, PARAMETER
from qanat.domain.run import State
from qanat.domain.run_columns import Column
from qanat.domain.shortening import CELL_MAX, shortened
from qanat.usecases.runs import row_cells
from qanat.usecases.runs.rows import Table

SAME_MAX = 500
# Of the values of a parameter, where no terminal sets a width, and where they are the same in all rows.
PARAMETER_MAX = 80
# What narrow terminals leave out first has the highest rank; half a number would be another number.
_RANKS = {"run": 0, "group": 1, "experiment": 2, "state": 3}
_LAST_RANK = 10_000
_MIDDLE_RANK = 10
_CUT = {"experiment", "tag", "description", "author"}


def as_text(table: Table, width: int | None) -> str:
    """Return the table for a terminal, with the columns that fit its width."""
    columns = table.usual
    headings = [replace(_heading(c, place), stays=c in table.named) for place, c in enumerate(columns)]
    marked = {"state": lambda text: f"{MARKS[State(text)]} {text}"}
    rows = row_cells.cells(table.rows, columns, marked)
    if width is None:
        most = [PARAMETER_MAX if column.kind == PARAMETER else CELL_MAX for column in columns]
        rows = [[*map(shortened, row, most)] for row in rows]
    fitted = tables.fit(headings, rows, width)
    shared = {column.heading: row_cells.parameters(column.values(table.rows[0])) for column in table.shared}
    same = listed([f"{name} {shortened(text, PARAMETER_MAX)}" for name, text in shared.items()])
    notes = [f"{fitted.note}; --csv has everything"] if fitted.note else []
    notes += [f"the same in all rows: {brief(same, SAME_MAX)}"] if same else []
    return "\n".join([*fitted.lines, *notes])


def as_markdown(table: Table) -> str:
    """Return the table in Markdown."""
    return formats.markdown_table(*row_cells.page(table))


def as_latex(table: Table) -> str:
    """Return the table for LaTeX."""
    return formats.latex_table(*row_cells.page(table))


def _heading(column: Column, place: int) -> Heading:
    if column.kind:
        return Heading(column.heading, _MIDDLE_RANK + place, 0 if column.kind == METRIC else tables.NARROWEST)
    rank = _RANKS.get(column.names[0], _LAST_RANK + place)
    return Heading(column.heading, rank, tables.NARROWEST if column.names[0] in _CUT else 0)
