"""Everything that is printed goes through here, so that no control character of a record reaches a terminal."""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Iterable
from typing import Any

import click

# C0 and C1 controls, DEL, and what turns the direction of text around.
_CODES = (*range(0x20), *range(0x7F, 0xA0), 0x200E, 0x200F, *range(0x202A, 0x202F), *range(0x2066, 0x206A))
_CONTROL = {code: repr(chr(code))[1:-1] for code in _CODES}
_CONTROL_BUT_LINES = {code: text for code, text in _CONTROL.items() if code not in (0x09, 0x0A)}


def clean(text: str, *, keep_lines: bool = False) -> str:
    """Give text with control characters written out (`\\x1b`); with keep_lines, newlines and tabs stay."""
    if text.isprintable():  # none of these characters is, and most texts are
        return text
    return text.translate(_CONTROL_BUT_LINES if keep_lines else _CONTROL)


def say(text: str = "") -> None:
    """Print a line, or several, to stdout."""
    click.echo(clean(text, keep_lines=True))


def tell(text: str) -> None:
    """Print a line to stderr: what qanat has to say beside the output; where nobody reads it, work goes on."""
    with contextlib.suppress(OSError):
        click.echo(clean(text, keep_lines=True), err=True)


def say_json(content: Any) -> None:
    """Print a value as JSON; numbers that JSON does not have (NaN, infinities) are null."""
    from qanat.domain.json_text import to_json

    click.echo(_clean_json(to_json(content, indent=2)))


def say_json_list(texts: Iterable[str]) -> None:
    """Print JSON texts as one list, a line for each; thousands of them are never held in one piece."""
    before = "["
    for text in texts:
        sys.stdout.write(before + _clean_json(text))
        before = ",\n"
    click.echo("[]" if before == "[" else "]")


def _clean_json(text: str) -> str:
    """Write out the control characters that JSON itself lets pass, as `\\u009b`."""
    return text if text.isprintable() else text.translate({code: f"\\u{code:04x}" for code in _CONTROL_BUT_LINES})


def is_terminal() -> bool:
    """Tell whether a person can be asked: both input and output are a terminal."""
    return sys.stdin.isatty() and sys.stdout.isatty()


def width() -> int | None:
    """Give the columns of the terminal; None when the output goes elsewhere and need not fit."""
    import shutil

    return shutil.get_terminal_size().columns if sys.stdout.isatty() else None


def size(count: int) -> str:
    """Write a number of bytes for a person: 512 B, 3.4 MB."""
    number = float(count)
    for unit in ("B", "kB", "MB", "GB"):
        if number < 1000:
            return f"{number:.0f} {unit}" if unit == "B" else f"{number:.1f} {unit}"
        number /= 1000
    return f"{number:.1f} TB"


def plural(count: int, thing: str) -> str:
    """Write a count with its thing: 1 run, 2 runs."""
    return f"{count:,} {thing}{'' if count == 1 else 's'}"
