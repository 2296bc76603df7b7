"""Tables that fit their terminal, and other things that are drawn; the only file that knows rich."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from qanat.cli.terminal.output import clean, say
from qanat.cli.terminal.output import width as terminal_width
from qanat.domain.shortening import CELL_MAX, shortened

GAP = "    "
SMALL_GAP = "  "
NARROWEST = 8
NAME_LEAST = 20
# A cell where no terminal sets a width. With one, a cell may take at most this many characters for each column.
CHARACTERS_PER_COLUMN = 4
LEFT_OUT_SHOWN = 20
TEXT_MAX = 20_000
RENDERED_MAX = 5_000


@dataclass(frozen=True, slots=True)
class Heading:
    """What stands above a column, and what becomes of the column where not all of the table fits.

    Columns are left out by `rank`, the highest first. Before that, those with a `least` width are cut down
    to it, at their start where the end says more; the others are shown whole or not at all. A column without any
    value is left out unless it `stays`.
    """

    text: str
    rank: int = 0
    least: int = 0
    cut_start: bool = False
    stays: bool = False

    @property
    def least_width(self) -> int:
        """The width down to which the column may be cut: never below its heading."""
        return max(self.least, cells(self.text))


@dataclass(frozen=True, slots=True)
class Fitted:
    """A table as lines, and the headings of the columns that did not fit."""

    lines: tuple[str, ...]
    left_out: tuple[str, ...]

    @property
    def note(self) -> str:
        """A note on what does not fit; empty if everything does."""
        shown, more = self.left_out[:LEFT_OUT_SHOWN], len(self.left_out) - LEFT_OUT_SHOWN
        rest = f", … and {more:,} more" if more > 0 else ""
        return f"… not shown at this width: {', '.join(shown)}{rest}" if shown else ""


def fit(headings: Sequence[Heading], rows: Sequence[Sequence[str]], width: int | None) -> Fitted:
    """Lay out rows under headings, in at most `width` columns of the terminal, if one is given.

    Columns without any value are left out unless they stay, as is everything when there are no rows.
    """
    most = CELL_MAX if width is None else min(CELL_MAX, CHARACTERS_PER_COLUMN * max(NARROWEST, width))
    # Cut first: cleaning and measuring take time for each character.
    named = [clean(shortened(heading.text, most)) for heading in headings]
    headings = [replace(heading, text=text) for heading, text in zip(headings, named, strict=True)]
    columns = [
        [clean(shortened(cell, most, cut_start=heading.cut_start)) for cell in column]
        for heading, column in zip(headings, zip(*rows, strict=True), strict=bool(rows))
    ]
    filled = {p: [headings[p].text, *column] for p, column in enumerate(columns) if headings[p].stays or any(column)}
    widths = {p: max(map(cells, column)) for p, column in filled.items()}
    gap, shown = GAP, widths
    if width is not None and _total(widths.values(), GAP) > width:
        gap, shown = SMALL_GAP, _narrowed(headings, widths, width)
    texts = ([_filled(t, w, cut_start=headings[p].cut_start) for t in filled[p]] for p, w in shown.items())
    lines = tuple(gap.join(row).rstrip() for row in zip(*texts, strict=True))
    return Fitted(lines, tuple(headings[p].text for p in filled if p not in shown))


def table(
    headers: Sequence[str],
    rows: Sequence[Sequence[str]],
    *,
    width: int | None = None,
    flexible: Sequence[int] = (),
) -> str:
    """Lay out rows under headers.

    With a width, flexible columns (by place) are cut until a row fits; where that is not enough they are left
    out, the last one first, and then the others. Names, in the first column, are cut to no less than a third of it.
    """
    first, *others = plain_headings(headers, flexible)
    if width is not None and 0 not in flexible:
        first = replace(first, least=max(NAME_LEAST, width // 3))
    return "\n".join(fit([first, *others], rows, width).lines)


def plain_headings(headers: Sequence[str], flexible: Sequence[int]) -> list[Heading]:
    """Return headings of which the flexible ones (by place) give way first, the last one before the others."""
    return [
        Heading(text, len(headers) + flexible.index(place), NARROWEST) if place in flexible else Heading(text, place)
        for place, text in enumerate(headers)
    ]


def _total(widths: Iterable[int], gap: str) -> int:
    found = list(widths)
    return sum(found) + len(gap) * (len(found) - 1)


def _narrowed(headings: Sequence[Heading], widths: Mapping[int, int], width: int) -> dict[int, int]:
    """Return the widths of the columns that fit, by place: the least that each needs, and a fair share of the rest."""
    least = _least(headings, widths, width)
    shown = {p: min(w, width) if headings[p].least else least[p] for p, w in widths.items() if p in least}
    while _total(shown.values(), SMALL_GAP) > width:
        longest = max((p for p in shown if shown[p] > least[p]), key=lambda p: (shown[p], headings[p].rank))
        shown[longest] -= 1
    return shown


def _least(headings: Sequence[Heading], widths: Mapping[int, int], width: int) -> dict[int, int]:
    """Return the least widths of the columns that fit; the last one is cut further where that lets it stay."""
    least: dict[int, int] = {}
    for place in sorted(widths, key=lambda p: headings[p].rank):
        heading = headings[place]
        room = width - _total([*least.values(), 0], SMALL_GAP)
        needed = min(widths[place], heading.least_width) if heading.least else widths[place]
        if needed > room:
            can_be_cut = heading.least and not heading.cut_start and room >= max(NARROWEST, cells(heading.text))
            if can_be_cut or not least:
                least[place] = room
            break
        least[place] = needed
    return least


def cells(text: str) -> int:
    """Count the columns that a terminal takes for a text."""
    if text.isascii():
        return len(text)
    from rich.cells import cell_len

    return cell_len(text)


def _filled(text: str, width: int, *, cut_start: bool = False) -> str:
    """Fill a text up with spaces, or cut it, to a width."""
    used = cells(text)
    if used > width:
        text = _cut_start(text, width) if cut_start else _cut_end(text, width)
        used = cells(text)
    return text + " " * (width - used)


def _cut_end(text: str, width: int) -> str:
    # Cutting a text of a million characters into halves would take long; few characters take no room.
    text = text[: 4 * width]
    kept = bisect_right(range(1, len(text) + 1), width - 1, key=lambda length: cells(text[:length]))
    return f"{text[:kept]}…"


def _cut_start(text: str, width: int) -> str:
    text = text[-4 * width :]
    kept = bisect_right(range(1, len(text) + 1), width - 1, key=lambda length: cells(text[-length:]))
    return f"…{text[len(text) - kept :]}"


def cut(line: str, width: int) -> str:
    """Cut a line to the columns that there are."""
    return _filled(line, width).rstrip()


def wrapped(title: str, items: Sequence[str], width: int | None) -> str:
    """Return a title and items separated by commas, in lines of at most this width that break only between items."""
    lines = [title]
    for item in (f"{item}{',' if place < len(items) else ''}" for place, item in enumerate(items, 1)):
        longer = f"{lines[-1]} {item}"
        if width is None or cells(longer) <= width:
            lines[-1] = longer
        else:
            lines.append(f"  {item}")
    return "\n".join(lines)


def markdown(text: str) -> None:
    """Print Markdown as a terminal can show it, unchanged when the output goes elsewhere; of a long text its beginning.

    Rendering takes time in proportion to the square of some texts.
    """
    shown, more = text[:TEXT_MAX].rstrip("\n"), len(text) - TEXT_MAX
    if terminal_width() is None or len(shown) > RENDERED_MAX:
        say(shown)
    else:
        from rich.console import Console
        from rich.markdown import Markdown
        from rich.segment import Segment, Segments

        console = Console()
        drawn = console.render(Markdown(clean(shown, keep_lines=True), hyperlinks=False))
        # A reference such as `&#27;` becomes a character only now.
        console.print(Segments(Segment(clean(part.text, keep_lines=True), part.style) for part in drawn), end="")
    if more > 0:
        say(f"… and {more:,} more characters")


class GroupBar:
    """A progress bar for the groups of a run, drawn on stderr."""

    def __init__(self, total: int) -> None:
        from rich.console import Console
        from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn

        self._bar = Progress(
            BarColumn(),
            MofNCompleteColumn(),
            TextColumn("{task.fields[counts]}", markup=False),
            TextColumn("time left: {task.fields[left]}"),
            console=Console(stderr=True),
            auto_refresh=False,
            transient=True,
        )
        self._task = self._bar.add_task("", total=total, counts="", left="unknown")
        self._started = False

    def start(self) -> bool:
        """Draw the empty bar; return False if it is drawn already."""
        if self._started:
            return False
        self._started = True
        self._bar.start()
        return True

    def draw(self, finished: int, counts: str, left: str) -> None:
        """Redraw it with this many groups finished, the counts of all, and the time that is left."""
        self._bar.update(self._task, completed=finished, counts=counts, left=left, refresh=True)

    def stop(self) -> None:
        """Remove the bar."""
        self._bar.stop()
