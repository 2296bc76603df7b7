"""The report of `qanat diff` for a terminal."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

from qanat.cli.diff.blocks import Bars, Best, Block, Cell, Detail, Items, Section, Table
from qanat.cli.diff.report import Report
from qanat.cli.terminal import tables
from qanat.cli.terminal.output import clean
from qanat.cli.terminal.tables import Fitted
from qanat.domain.meanings import Sentence
from qanat.domain.shortening import shortened

_INDENT = "  "
# A text from a file within a sentence or a table.
PART_MAX = 400


def text(report: Report, width: int | None) -> str:
    """Render a report as lines, with tables truncated to the width of the terminal, if there is one."""
    lines = [_said(report.title), _said(report.summary)]
    for block in report.blocks:
        lines += ["", *_block(block, width)]
    return "\n".join(lines)


def _block(block: Block, width: int | None) -> Iterator[str]:
    match block:
        case Section():
            yield _said(block.title)
            inner = None if width is None else width - len(_INDENT)
            for part in block.blocks:
                yield from (f"{_INDENT}{line}" for line in _block(part, inner))
        case Table():
            fitted = _fitted(block, width)
            yield from fitted.lines
            if fitted.note:
                yield fitted.note
        case Items():
            mark = "⚠ " if block.warning else ""
            yield from (f"{mark}{_said(item)}" for item in block.items)
        case Bars():
            return


def _fitted(table: Table, width: int | None) -> Fitted:
    """Lay out a table, without its details if some of its columns would be left out with them."""
    fitted = _laid_out(table.headers, table.rows, table.flexible, width)
    if not fitted.left_out or not table.details:
        return fitted
    rows = [tuple(map(_without_details, row)) for row in table.rows]
    short = _laid_out(tuple(map(_without_details, table.headers)), rows, table.flexible, width)
    return replace(short, left_out=(table.details, *short.left_out))


def _laid_out(
    headers: Sequence[Cell], rows: Sequence[Sequence[Cell]], flexible: Sequence[int], width: int | None
) -> Fitted:
    headings = tables.plain_headings([_said(header) for header in headers], flexible)
    return tables.fit(headings, [[_said(cell) for cell in row] for row in rows], width)


def _without_details(cell: Cell) -> Cell:
    return tuple(part for part in cell if not isinstance(part, Detail))


def _said(sentence: Sentence) -> str:
    return "".join(f"{clean(shortened(part, PART_MAX))}{' *' if isinstance(part, Best) else ''}" for part in sentence)
