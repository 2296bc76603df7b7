"""Printing: all output passes through here, so that no control character from a record reaches a terminal."""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Iterable, Sequence
from typing import Any

import click

# C0 and C1 controls, DEL, and characters that change the direction of text.
_CODES = (*range(0x20), *range(0x7F, 0xA0), 0x200E, 0x200F, *range(0x202A, 0x202F), *range(0x2066, 0x206A))
_CONTROL = {code: repr(chr(code))[1:-1] for code in _CODES}
_CONTROL_BUT_LINES = {code: text for code, text in _CONTROL.items() if code not in (0x09, 0x0A)}


def clean(text: str, *, keep_lines: bool = False) -> str:
    """Return text with control characters escaped (`\\x1b`), except, with keep_lines, newlines and tabs."""
    if text.isprintable():  # no control character is, and most text is
        return text
    return text.translate(_CONTROL_BUT_LINES if keep_lines else _CONTROL)


def say(text: str = "") -> None:
    """Print a line, or several, to stdout."""
    click.echo(clean(text, keep_lines=True))


def tell(text: str) -> None:
    """Print a line to stderr, if it can be written."""
    with contextlib.suppress(OSError):
        click.echo(clean(text, keep_lines=True), err=True)


def say_json(content: Any) -> None:
    """Print a value as JSON; NaN and infinities, which JSON does not have, become null."""
    from qanat.domain.json_text import to_json

    click.echo(_clean_json(to_json(content, indent=2)))


def say_json_list(texts: Iterable[str]) -> None:
    """Print JSON texts as a list, one per line, without holding all of them in memory."""
    before = "["
    for text in texts:
        sys.stdout.write(before + _clean_json(text))
        before = ",\n"
    click.echo("[]" if before == "[" else "]")


def _clean_json(text: str) -> str:
    """Escape control characters that JSON allows, as in `\\u009b`."""
    return text if text.isprintable() else text.translate({code: f"\\u{code:04x}" for code in _CONTROL_BUT_LINES})


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
