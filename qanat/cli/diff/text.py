"""The report of `qanat diff` for a terminal."""

from __future__ import annotations

from collections.abc import Iterator

from qanat.cli.diff.blocks import Bars, Best, Block, Items, Section, Table
from qanat.cli.diff.report import Report
from qanat.cli.terminal import tables
from qanat.cli.terminal.output import clean
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
            headers = [_said(header) for header in block.headers]
            rows = [[_said(cell) for cell in row] for row in block.rows]
            fitted = tables.fit(tables.plain_headings(headers, block.flexible), rows, width)
            yield from fitted.lines
            if fitted.note:
                yield fitted.note
        case Items():
            mark = "⚠ " if block.warning else ""
            yield from (f"{mark}{_said(item)}" for item in block.items)
        case Bars():
            return


def _said(sentence: Sentence) -> str:
    return "".join(f"{clean(shortened(part, PART_MAX))}{' *' if isinstance(part, Best) else ''}" for part in sentence)
