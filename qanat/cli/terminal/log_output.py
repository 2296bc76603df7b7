r"""Printing what programs print: their bytes to a pipe; to a terminal, text that does nothing but colour.

Every class takes any number of bytes in pieces and holds back a bounded number of them. `pause` is called when there
is no more output for now, `end` when there will be no more of a group, `close` at the end.
"""

from __future__ import annotations

import codecs
import os
import re
import sys
from collections.abc import Iterable, Iterator, Sequence
from io import StringIO
from pathlib import Path
from typing import Protocol, TextIO

from qanat.cli.terminal.output import clean, width
from qanat.usecases.runs.logs import pieces_of

HELD_BYTES = 65_536
HELD_IN_ALL_BYTES = 8 * 2**20
# Select Graphic Rendition: colours and styles. A longer one than this is no colour.
_COLOUR = re.compile(r"(\x1b\[[0-9;:]{0,40}m)")
# Erases the rest of a line, as after a carriage return, when the line begins again anyway.
_ERASE = re.compile(r"\x1b\[[02]?K")
_RESET, _CLEAR_LINE = "\x1b[0m", "\r\x1b[K"


class LogOutput(Protocol):
    """What takes the output of groups, piece by piece."""

    def write(self, group: int, data: bytes) -> None: ...

    def end(self, group: int) -> None: ...

    def pause(self) -> None: ...

    def close(self) -> None: ...


def log_output(groups: Sequence[int]) -> LogOutput:
    """Return what prints the output of these groups: each line begins with its group if there are several."""
    if sys.stdout.isatty():
        return ScreenOutput(len(groups))
    return PrefixedOutput(len(groups)) if len(groups) > 1 else PlainOutput()


def _held_max(groups: int) -> int:
    return max(1, min(HELD_BYTES, HELD_IN_ALL_BYTES // max(1, groups)))


class PlainOutput:
    """Writes the bytes of one group."""

    def write(self, group: int, data: bytes) -> None:
        """Write them at once."""
        sys.stdout.buffer.write(data)
        sys.stdout.buffer.flush()

    def end(self, group: int) -> None:
        """Do nothing: all is written."""

    def pause(self) -> None:
        """Do nothing: all is written."""

    def close(self) -> None:
        """Do nothing: all is written."""


class PrefixedOutput:
    r"""Writes `group N | ` before every line, and otherwise the bytes of the groups.

    A line is written in parts where a `\r` or its length asks for it; it is broken if another group comes in between.
    """

    def __init__(self, groups: int) -> None:
        self._held_max = _held_max(groups)
        self._held: dict[int, bytes] = {}
        self._unfinished: int | None = None  # the group whose line the output ends with

    def write(self, group: int, data: bytes) -> None:
        """Write all up to the last end of a line, and hold the rest, unless it is long."""
        data = self._held.pop(group, b"") + data
        end = max(data.rfind(b"\n"), data.rfind(b"\r")) + 1
        if len(data) - end > self._held_max:
            end = len(data)
        if end < len(data):
            self._held[group] = data[end:]
        self._put(group, data[:end])

    def end(self, group: int) -> None:
        """Write what was held."""
        self._put(group, self._held.pop(group, b""))

    def pause(self) -> None:
        """Pass on what is written."""
        sys.stdout.buffer.flush()

    def close(self) -> None:
        """Write what was held of all groups, and end the last line."""
        for group in list(self._held):
            self.end(group)
        if self._unfinished is not None:
            sys.stdout.buffer.write(b"\n")
        sys.stdout.buffer.flush()

    def _put(self, group: int, data: bytes) -> None:
        if not data:
            return
        out, prefix = sys.stdout.buffer, b"group %d | " % group
        if self._unfinished not in (None, group):
            out.write(b"\n")
            self._unfinished = None
        starts = b"" if self._unfinished == group else prefix
        whole, end = (data[:-1], b"\n") if data.endswith(b"\n") else (data, b"")
        out.write(starts + whole.replace(b"\n", b"\n" + prefix) + end)
        self._unfinished = None if end else group


class ScreenOutput:
    r"""Shows lines as they end up on a terminal: of a line that `\r` begins again and again, what it said last.

    Of the lines that are still unfinished, the one that changed last is shown below the others, cut to the width.
    """

    def __init__(self, groups: int, out: TextIO | None = None) -> None:
        self._out = out or sys.stdout
        self._several = groups > 1
        self._held_max = _held_max(groups)
        self._decoders: dict[int, codecs.IncrementalDecoder] = {}
        self._held: dict[int, str] = {}
        self._changed: int | None = None
        self._below = ""
        self._coloured = False

    def write(self, group: int, data: bytes) -> None:
        """Show the lines that are complete, and hold the last state of the rest, unless it is long."""
        if group not in self._decoders:
            self._decoders[group] = codecs.getincrementaldecoder("utf-8")("backslashreplace")
        *lines, rest = (self._held.pop(group, "") + self._decoders[group].decode(data)).split("\n")
        rest = _last_state(rest) + "\r" * rest.endswith("\r")
        if len(rest) > self._held_max:
            lines, rest = [*lines, rest], ""
        if rest:
            self._held[group] = rest
            self._changed = group
        elif self._changed == group:
            self._changed = None
        self._show(group, lines)

    def end(self, group: int) -> None:
        """Show a line that has no end."""
        decoder = self._decoders.pop(group, None)
        self._changed = None if self._changed == group else self._changed
        rest = self._held.pop(group, "") + (decoder.decode(b"", final=True) if decoder else "")
        self._show(group, [rest] if rest else [])

    def pause(self) -> None:
        """Show the unfinished line that changed last."""
        if self._changed is not None and os.environ.get("TERM") != "dumb":
            from qanat.cli.terminal.tables import cut

            shown = _COLOUR.sub("", _last_state(self._held.get(self._changed, ""))[:HELD_BYTES])
            below = cut(f"{self._prefix(self._changed)}{clean(shown)}", max(2, width() or 80) - 1)
            if below != self._below:
                self._clear_below()
                self._out.write(below)
                self._below = below
        self._out.flush()

    def close(self) -> None:
        """Show all lines that have no end, and return to the terminal's own colours."""
        for group in list(self._decoders):
            self.end(group)
        self._clear_below()
        if self._coloured:
            self._out.write(_RESET)
        self._out.flush()

    def _prefix(self, group: int) -> str:
        return f"group {group} | " if self._several else ""

    def _show(self, group: int, lines: Sequence[str]) -> None:
        if lines:
            self._clear_below()
            prefix = self._prefix(group)
            self._out.write("".join(f"{prefix}{self._visible(_last_state(line))}\n" for line in lines))

    def _visible(self, line: str) -> str:
        """Return a line with nothing in it that acts on a terminal, except for colours and tabs."""
        texts = _COLOUR.split(line)
        texts[::2] = [clean(text, keep_lines=True) for text in texts[::2]]
        if len(texts) == 1:
            return texts[0]
        self._coloured = True
        return "".join(texts) + _RESET * self._several

    def _clear_below(self) -> None:
        if self._below:
            self._out.write(_CLEAR_LINE)
            self._below = ""


def visible_texts(paths: Iterable[Path]) -> Iterator[str]:
    """Yield files in pieces, as a terminal shows them. Raises OSError."""
    for path in paths:
        out = StringIO()
        screen = ScreenOutput(1, out)
        for data in pieces_of(path):
            screen.write(0, data)
            yield out.getvalue()
            out.seek(out.truncate(0))
        screen.close()
        yield out.getvalue()


def _last_state(line: str) -> str:
    r"""Return what a line shows at its end: what follows the last `\r` that anything follows."""
    shown = line.rstrip("\r")
    return _ERASE.sub("", shown[shown.rfind("\r") + 1 :]).rstrip("\b")
