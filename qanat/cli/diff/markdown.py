"""The report of `qanat diff` as Markdown for a pull request, in which text from files is never Markdown.

Such text becomes a code span, in which `<`, `@name`, links and images have no meaning.
"""

from __future__ import annotations

import html
from collections.abc import Callable, Iterator, Sequence
from itertools import pairwise

from qanat.cli.diff import mermaid
from qanat.cli.diff.blocks import Bars, Best, Block, Cell, Items, Link, Section, Table, kept
from qanat.cli.diff.report import Report
from qanat.cli.terminal.output import clean
from qanat.domain.formats import BACKTICKS, code_span
from qanat.domain.meanings import Sentence, Verbatim
from qanat.domain.shortening import shortened

# The first line of the comment that is updated.
MARKER = "<!-- qanat diff -->"
COMMENT_BYTES_MAX = 65_536
# The rows per table and characters per text to try until the report fits.
_TRIES = (*((rows, 200) for rows in (10_000, 300, 100, 50, 30, 20, 10, 5, 3, 1)), (1, 60), (1, 20))
_SECTIONS_MIN = 10
_BAR_CELLS = 24
_EIGHTHS = " ▏▎▍▌▋▊▉"
Plot = Callable[[Bars], str]


def markdown(report: Report, plot: Plot | None = None, *, limit_bytes: int = COMMENT_BYTES_MAX) -> str:
    """Render a report that fits into a comment, with counts in place of what is left out.

    `plot` draws bars as a file and returns its address; without it, they are a chart or drawn with characters.
    """
    for rows, width in _TRIES:
        writer = _Writer(rows, width, plot)
        text = "\n".join(writer.lines(report))
        # The name of a file may contain bytes that are not UTF-8.
        if len(text.encode(errors="replace")) <= limit_bytes:
            return text
    return "\n".join(
        (MARKER, "### Experiments and runs", "", "The report does not fit into a comment; run `qanat diff` to see it.")
    )


class _Writer:
    """Renders blocks with limits on rows and text, and notes whether it has left something out."""

    def __init__(self, rows: int, width: int, plot: Plot | None) -> None:
        self._rows = rows
        self._width = width
        self._plot = plot
        self._cut = False

    def lines(self, report: Report) -> Iterator[str]:
        yield from (MARKER, "### Experiments and runs", "")
        yield f"{self._said(report.title)}: {self._said(report.summary)}."
        yield from self._blocks(report.blocks)
        if self._cut:
            yield from ("", "Truncated to fit into a comment; run `qanat diff` to see everything.")

    def _blocks(self, blocks: Sequence[Block]) -> Iterator[str]:
        most = max(self._rows, _SECTIONS_MIN)
        drawn = [block for block in blocks if isinstance(block, Bars)]
        for block in blocks[:most]:
            if isinstance(block, Bars):
                if block is drawn[0]:
                    yield from self._plots(drawn)
                continue
            yield from self._block(block)
        if len(blocks) > most:
            yield from ("", self._left_out(len(blocks) - most, "section"))

    def _block(self, block: Block) -> Iterator[str]:
        yield ""
        match block:
            case Section(folded=True):
                yield f"<details><summary>{self._as_html(block.title)}</summary>"
                yield from self._blocks(block.blocks)
                yield from ("", "</details>")
            case Section():
                yield f"#### {self._said(block.title)}"
                yield from self._blocks(block.blocks)
            case Table():
                yield from self._table(block)
            case Items(warning=True):
                yield "> [!WARNING]"
                yield from (f"> {line}" for line in self._items(block))
            case Items():
                yield from self._items(block)

    def _items(self, block: Items) -> Iterator[str]:
        yield from (f"* {self._said(item)}" for item in block.items[: self._rows])
        if len(block.items) > self._rows:
            yield f"* {self._left_out(len(block.items) - self._rows, 'line')}"

    def _table(self, table: Table) -> Iterator[str]:
        yield self._row(table.headers)
        yield f"|{'---|' * len(table.headers)}"
        yield from map(self._row, kept(table.rows, table.order, self._rows))
        if len(table.rows) > self._rows:
            yield from ("", self._left_out(len(table.rows) - self._rows, "row", table.order))

    def _row(self, cells: Sequence[Cell]) -> str:
        return f"| {' | '.join(self._said(cell, in_table=True) for cell in cells)} |"

    def _plots(self, drawn: Sequence[Bars]) -> Iterator[str]:
        yield from ("", "<details><summary>Plots</summary>")
        left = mermaid.CHARACTERS_MAX
        for bars in drawn:
            yield ""
            better = f" ({bars.better} is better)" if bars.better else ""
            yield f"{self._said((Verbatim(bars.metric),))}{better}"
            yield ""
            if self._plot:
                yield f"![plot of {bars.experiment}]({self._plot(bars)})"
            elif (chart := mermaid.chart(bars, self._rows)) and len(chart) <= left:
                left -= len(chart)
                yield from ("```mermaid", chart, "```")
                if (more := len(bars.bars) - mermaid.BARS_MAX) > 0 and self._rows >= mermaid.BARS_MAX:
                    yield from ("", _more(more, "bar", bars.order))
                else:
                    yield from self._bars_left_out(bars)
            else:
                yield from self._drawn(bars)
        yield from ("", "</details>")

    def _drawn(self, bars: Bars) -> Iterator[str]:
        lines = text_bars(bars, self._rows, self._width // 4)
        longest = max((len(run) for line in lines for run in BACKTICKS.findall(line)), default=0)
        fence = "`" * max(3, longest + 1)
        yield from (f"{fence}text", *lines, fence)
        yield from self._bars_left_out(bars)

    def _bars_left_out(self, bars: Bars) -> Iterator[str]:
        if (left := len(bars.bars) - self._rows) > 0:
            yield from ("", self._left_out(left, "bar", bars.order))

    def _left_out(self, count: int, what: str, order: Sequence[int] = ()) -> str:
        self._cut = True
        return _more(count, what, order if self._rows > 1 else ())

    def _said(self, sentence: Sentence, *, in_table: bool = False) -> str:
        parts = [self._part(part, in_table=in_table) for part in sentence if part]
        # Two adjacent code spans would be read as one.
        glued = [f"{a} " if a.endswith("`") and b.startswith("`") else a for a, b in pairwise((*parts, ""))]
        return "".join(glued)

    def _part(self, part: str, *, in_table: bool) -> str:
        if isinstance(part, Best):
            return f"**{part}**"
        text = code_span(_shortened(part, self._width), in_table=in_table) if isinstance(part, Verbatim) else part
        return f"[{text}]({part.address})" if isinstance(part, Link) else text

    def _as_html(self, sentence: Sentence) -> str:
        texts = [(html.escape(_shortened(part, self._width)), isinstance(part, Verbatim)) for part in sentence]
        return "".join(f"<code>{text}</code>" if from_file else text for text, from_file in texts)


def _more(count: int, what: str, order: Sequence[int] = ()) -> str:
    """Count what is left out; with an order, that is what is neither among the best nor among the worst."""
    where = " between the best and the worst" if order else ""
    return f"… and {count:,} more {what}{'' if count == 1 else 's'}{where}"


def _shortened(text: str, width: int) -> str:
    return shortened(clean(text[: width + 1]), width)


def text_bars(bars: Bars, most: int, label_width: int) -> list[str]:
    """Draw bars with characters, a line for each: label, bar, value, and earlier value.

    They start at 0 or, if there are negative values, a little below the lowest one.
    """
    shown = kept(bars.bars, bars.order, most)
    values = [v for bar in shown for v in (bar.value, bar.before) if v is not None]
    low, high = min(values), max(values)
    start = 0.0 if low >= 0 else low - (high - low) / 10
    labels = [_shortened(bar.label, label_width) for bar in shown]
    wide, texts = max(map(len, labels)), max(len(bar.text) for bar in shown)
    lines = []
    for label, bar in zip(labels, shown, strict=True):
        drawn = _bar((bar.value - start) / (high - start) if high > start else 1.0)
        before = "" if bar.before is None else f"  before: {bar.before:.6g}"
        lines.append(f"{label:<{wide}}  {drawn:<{_BAR_CELLS}}  {bar.text:<{texts if before else 0}}{before}")
    return lines


def _bar(share: float) -> str:
    if not 0 <= share <= 1:  # the difference between the values overflows
        return ""
    full, eighths = divmod(round(share * _BAR_CELLS * 8), 8)
    return "█" * full + (_EIGHTHS[eighths] if eighths else "")
