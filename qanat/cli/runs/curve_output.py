"""Rows of curves as CSV or JSON for programs, and as text for people."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import islice
from typing import Protocol

import click

from qanat.cli.terminal.output import brief, clean, listed, say, say_whole, tell
from qanat.cli.terminal.tables import SMALL_GAP, cells
from qanat.domain import formats
from qanat.domain.curves import plain_step
from qanat.domain.few_rows import Thinned
from qanat.domain.json_text import to_json
from qanat.domain.series import STEP
from qanat.domain.series_rows import Row
from qanat.domain.shortening import quoted, shortened
from qanat.domain.visible import escaped_json

CHUNK_ROWS = 2_000
# Of the rows that come at once, so that a program that writes thousands can be followed.
AT_ONCE_ROWS = 5
GROUP = "group"
GROUP_WIDTH, STEP_WIDTH = 6, 8
# What a number takes at most.
NUMBER_WIDTH = 12
NAME_WIDTH_MAX = 30


class CurveOutput(Protocol):
    """Prints rows of groups, after their names and until its end."""

    def begin(self, names: Sequence[str]) -> None:
        """Print what comes before the rows with these names."""

    def add(self, group: int, rows: Iterable[Row]) -> None:
        """Print the next rows of a group."""

    def end(self) -> None:
        """Print what comes after all rows."""


class CsvOutput:
    """Prints CSV with the columns group, step, and a column for each name; a metric with such a name gets a prefix."""

    def __init__(self) -> None:
        self._names: Sequence[str] = ()
        self._late: set[str] = set()

    def begin(self, names: Sequence[str]) -> None:
        """Print the heading."""
        self._names = names
        columns = [f"metric.{name}" if name == GROUP else name for name in names]
        say_whole(formats.csv_text([GROUP, STEP, *columns], []))

    def add(self, group: int, rows: Iterable[Row]) -> None:
        """Print a line for each row; a name that has no column is noted once."""
        _write(self._line(group, row) for row in rows)

    def _line(self, group: int, row: Row) -> str:
        values = [repr(row.values[name]) if name in row.values else "" for name in self._names]
        for name in row.values.keys() - self._late.union(self._names):
            self._late.add(name)
            tell(f"note: {quoted(name)} has no column, since its first value came after the heading")
        return f"{group},{plain_step(row.step)},{','.join(values)}"

    def end(self) -> None:
        """Print nothing."""


class JsonOutput:
    """Prints a list in JSON, with a row on each line."""

    def __init__(self) -> None:
        self._is_empty = True

    def begin(self, names: Sequence[str]) -> None:
        """Print nothing: each row has its names."""

    def add(self, group: int, rows: Iterable[Row]) -> None:
        """Print the rows, each after the comma that ends the one before."""
        _write((self._line(group, row) for row in rows), end="")

    def _line(self, group: int, row: Row) -> str:
        before, self._is_empty = "[" if self._is_empty else ",\n", False
        return before + escaped_json(to_json({GROUP: group, STEP: plain_step(row.step), "values": row.values}))

    def end(self) -> None:
        """Close the list."""
        click.echo("[]" if self._is_empty else "]")


class TextOutput:
    """Prints a table for people as rows come; of many at once, a few with the newest values."""

    def __init__(self, width: int | None, *, several: bool) -> None:
        self._width, self._several = width, several
        self._names: list[str] = []

    def begin(self, names: Sequence[str]) -> None:
        """Print the heading, again if there are more names."""
        self._names = [*names]
        self._layout = Layout(self._names, self._width, several=self._several)
        say("\n".join([self._layout.heading, *self._layout.notes]))

    def add(self, group: int, rows: Iterable[Row]) -> None:
        """Print the newest rows of a group."""
        thinned = Thinned(AT_ONCE_ROWS)
        for row in rows:
            thinned.add(row)
        found = thinned.rows()
        new = dict.fromkeys(name for row in found for name in row.values if name not in self._names)
        if new:
            self.begin([*self._names, *new])
        if found:
            say("\n".join(self._layout.line(row, group) for row in found))

    def end(self) -> None:
        """Print nothing."""


class Layout:
    """A table with columns of a fixed width, so that its lines can be printed one after the other.

    Names that do not fit the terminal are left out, and `notes` say so.
    """

    def __init__(self, names: Sequence[str], width: int | None, *, several: bool = False) -> None:
        self._several = several
        self._widths: dict[str, int] = {}
        headings = [*([f"{GROUP:>{GROUP_WIDTH}}"] if several else []), f"{STEP:>{STEP_WIDTH}}"]
        for name in names:
            text = clean(shortened(name, NAME_WIDTH_MAX))
            heading = " " * (NUMBER_WIDTH - cells(text)) + text
            if width is not None and self._widths and cells(SMALL_GAP.join([*headings, heading])) > width:
                break
            headings.append(heading)
            self._widths[name] = cells(heading)
        self.heading = SMALL_GAP.join(headings)
        left_out = [brief(name, NAME_WIDTH_MAX) for name in names if name not in self._widths]
        self.notes = [f"… not shown at this width: {listed(left_out)}"] if left_out else []

    def line(self, row: Row, group: int = 0) -> str:
        """Return the line of a row, and of its group if there are several."""
        first = [f"{group:>{GROUP_WIDTH}}"] if self._several else []
        values = [f"{_text(row.values.get(name)):>{width}}" for name, width in self._widths.items()]
        return SMALL_GAP.join([*first, f"{plain_step(row.step):>{STEP_WIDTH}}", *values]).rstrip()


def _text(value: float | None) -> str:
    return "" if value is None else f"{value:.6g}"


def _write(lines: Iterable[str], end: str = "\n") -> None:
    """Print lines, each with this end, and many with one call."""
    rest = iter(lines)
    while chunk := [*islice(rest, CHUNK_ROWS)]:
        click.echo(end.join(chunk), nl=bool(end))
