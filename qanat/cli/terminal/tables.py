"""Tables and other things that redraw; the only file that knows rich."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import TYPE_CHECKING

from qanat.cli.terminal.output import clean, say
from qanat.cli.terminal.output import width as terminal_width
from qanat.domain import times
from qanat.domain.run import State

if TYPE_CHECKING:
    from qanat.usecases.runs.listing import RunLine  # only for its name: a run that starts lists nothing

GAP = "    "
SMALL_GAP = "  "
NARROWEST = 8
MARKS = {
    State.QUEUED: "⏳",
    State.RUNNING: "▶",
    State.HELD: "⏸",
    State.FINISHED: "🏁",
    State.FAILED: "❌",
    State.CANCELLED: "⏹",
    State.LOST: "❓",
}
RUN_HEADERS = (
    "🆔 ID",
    "💬 Description",
    "📁 Path",
    "🖥 Runner",
    "📆 Launch date",
    "⏱ Duration",
    "🔍 Status",
    "🏷 Tags",
    "⏳ Progress",
)
RUN_FLEXIBLE = (1, 2, 7)


def table(
    headers: Sequence[str],
    rows: Sequence[Sequence[str]],
    *,
    width: int | None = None,
    flexible: Sequence[int] = (),
) -> str:
    """Lay out rows under headers.

    With a width, flexible columns (by place) are cut until a row fits; where that is not enough columns stand
    closer, and then flexible ones are left out, the last one first.
    """
    cells = [list(headers), *([clean(cell) for cell in row] for row in rows)]
    widths = dict(enumerate(max(map(_cells, column)) for column in zip(*cells, strict=True)))
    gap = GAP if width is None else _shrink(widths, width, flexible)
    lines = (gap.join(_fit(row[i], w) for i, w in widths.items()) for row in cells)
    return "\n".join(map(str.rstrip, lines))


def _shrink(widths: dict[int, int], width: int, flexible: Sequence[int]) -> str:
    """Take from the widths of columns, by place, until a row fits or nothing more can go; give what is between them."""
    left = list(flexible)
    gap = GAP
    while sum(widths.values()) + len(gap) * (len(widths) - 1) > width:
        widest = max(left, key=lambda i: widths[i], default=None)
        if widest is not None and widths[widest] > NARROWEST:
            widths[widest] -= 1
        elif gap == GAP:
            gap = SMALL_GAP
        elif left:
            del widths[left.pop()]
        else:
            break
    return gap


def _cells(text: str) -> int:
    if text.isascii():
        return len(text)
    from rich.cells import cell_len

    return cell_len(text)


def _fit(text: str, width: int) -> str:
    used = _cells(text)
    if used <= width:
        return text + " " * (width - used)
    text = text[:width]
    while text and _cells(text) >= width:
        text = text[:-1]
    return f"{text}…" + " " * (width - 1 - _cells(text))


def cut(line: str, width: int) -> str:
    """Cut a line to the columns that there are."""
    return _fit(line, width).rstrip()


def run_rows(lines: Sequence[RunLine]) -> list[tuple[str, ...]]:
    """Give the cells of runs under RUN_HEADERS; a number that two runs share is followed by the rest of the id."""
    counts = Counter(line.summary.number for line in lines)
    shared = {number for number, count in counts.items() if count > 1}
    return [_run_cells(line, full_id=line.summary.number in shared) for line in lines]


def _run_cells(line: RunLine, *, full_id: bool) -> tuple[str, ...]:
    run = line.summary
    return (
        run.id if full_id else str(run.number),
        run.description,
        run.storage,
        run.runner,
        times.local(run.started or run.created),
        _took(line),
        f"{MARKS[State(run.state)]} {run.state}",
        run.tags,
        progress_cell(line),
    )


def _took(line: RunLine) -> str:
    """Write how long a run took; empty when it has not started, or when nobody knows when it ended."""
    run = line.summary
    if not run.started or (run.ended is None and State(run.state).ended):
        return ""
    return times.duration(times.seconds_between(run.started, run.ended))


def progress_cell(line: RunLine) -> str:
    """Write how far a run is: groups that ended of all, and a percentage when something says."""
    run = line.summary
    groups = f"{run.groups_ended}/{run.groups}" if run.groups > 1 else ""
    percent = "" if line.progress is None else f"{line.progress * 100:.0f} %"
    return " ".join(filter(None, (groups, percent)))


def markdown(text: str) -> None:
    """Print Markdown as a terminal can show it; as it is where the output goes elsewhere."""
    if terminal_width() is None:
        say(text.rstrip("\n"))
        return
    from rich.console import Console
    from rich.markdown import Markdown

    Console().print(Markdown(clean(text, keep_lines=True), hyperlinks=False))


class GroupBar:
    """A progress bar for the groups of a run, drawn on stderr."""

    def __init__(self, total: int) -> None:
        from rich.console import Console
        from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

        self._bar = Progress(
            BarColumn(),
            MofNCompleteColumn(),
            TextColumn("{task.fields[counts]}", markup=False),
            TextColumn("left:"),
            TimeRemainingColumn(),
            console=Console(stderr=True),
            auto_refresh=False,
            transient=True,
        )
        self._task = self._bar.add_task("", total=total, counts="")

    def start(self) -> None:
        """Draw the empty bar."""
        self._bar.start()

    def draw(self, ended: int, counts: str) -> None:
        """Redraw it with this many groups ended and this text."""
        self._bar.update(self._task, completed=ended, counts=counts, refresh=True)

    def stop(self) -> None:
        """Take it away."""
        self._bar.stop()
