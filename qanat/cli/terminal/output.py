"""Printing: all output passes through here, so that no control character from a record reaches a terminal."""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Iterable, Sequence
from typing import Any

import click

# What a line of text costs at most; error messages are shorter, and both end as they do when they are cut.
LINE_MAX = 4_000
MESSAGE_MAX = 1_000


def clean(text: str, *, keep_lines: bool = False) -> str:
    """Return text with control characters escaped (`\\x1b`), except, with keep_lines, newlines and tabs."""
    if text.isascii() and text.isprintable():  # most text is
        return text
    from qanat.domain.visible import escaped

    return escaped(text, keep_lines=keep_lines)


def brief(text: str, most: int = LINE_MAX) -> str:
    """Return text as one line of at most `most` characters; a longer one ends with an ellipsis."""
    start = text[: most + 1]  # before what costs time
    if "\n" in start:
        indent = start[: len(start) - len(start.lstrip(" "))]
        start = indent + " ".join(start.split())
    line = clean(start)
    return line if len(line) <= most and len(text) <= most else f"{line[: most - 1]}…"


def printed(text: str, most: int) -> str:
    """Return lines as they are printed: none has more than `most` characters, or anything that acts on a terminal."""
    if len(text) <= most:
        return clean(text, keep_lines=True)
    return "\n".join(clean(_cut_middle(line, most), keep_lines=True) for line in text.split("\n"))


def _cut_middle(line: str, most: int) -> str:
    """Cut a line in its middle, because messages say at their end what is wrong."""
    if len(line) <= most:
        return line
    left = len(line) - most
    return f"{line[: 2 * most // 3]} … {left:,} characters … {line[-(most // 3) :]}"


def say(text: str = "") -> None:
    """Print a line, or several, to stdout."""
    click.echo(printed(text, LINE_MAX))


def say_whole(text: str) -> None:
    """Print text for a program to read: no line is cut."""
    click.echo(clean(text, keep_lines=True))


def tell(text: str) -> None:
    """Print a line to stderr, if it can be written."""
    with contextlib.suppress(OSError):
        click.echo(printed(text, MESSAGE_MAX), err=True)


def tell_note(text: str) -> None:
    """Print a note to stderr."""
    tell(note_line(text))


def note_line(text: str) -> str:
    """Return a note as one line without secrets, whatever names of a stranger's are in it."""
    from qanat.domain.redaction import redacted  # most commands have no notes

    return f"note: {clean(redacted(text))}"


def say_json(content: Any) -> None:
    """Print a value as JSON; NaN and infinities, which JSON does not have, become texts."""
    from qanat.domain.json_text import to_json
    from qanat.domain.visible import escaped_json

    click.echo(escaped_json(to_json(content, indent=2)))


def say_json_list(texts: Iterable[str]) -> None:
    """Print JSON texts as a list, one per line, without holding all of them in memory."""
    from qanat.domain.visible import escaped_json

    before = "["
    for text in texts:
        sys.stdout.write(before + escaped_json(text))
        before = ",\n"
    click.echo("[]" if before == "[" else "]")


def is_terminal() -> bool:
    """Return whether the user can be prompted: stdin and stdout are terminals."""
    return sys.stdin.isatty() and sys.stdout.isatty()


def width() -> int | None:
    """Return the width of the terminal in columns; None if stdout is not a terminal."""
    import shutil

    return shutil.get_terminal_size().columns if sys.stdout.isatty() else None


def plural(count: int, thing: str) -> str:
    """Format a count with its noun: 1 run, 2 runs."""
    return f"{count:,} {thing}{'' if count == 1 else 's'}"


def listed(names: Sequence[str], most: int = 10) -> str:
    """Join names by commas, and count those beyond the first ones."""
    more = f", and {len(names) - most:,} more" if len(names) > most else ""
    return ", ".join(names[:most]) + more
