r"""Printing what programs print: their bytes to a pipe; to a terminal, text that does nothing but colour.

Every class takes any number of bytes in pieces and holds back a bounded number of them. `pause` is called when there
is no more output for now, `end` when there will be no more of a source, `close` at the end. Each line of a source
begins with its label, such as `group 3 | `.
"""

from __future__ import annotations

import codecs
import os
import re
import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from io import StringIO
from pathlib import Path
from typing import Protocol, TextIO, TypeAlias

from qanat.cli.terminal.output import clean, width
from qanat.usecases.runs.logs import STDOUT, Source, pieces_of

HELD_BYTES = 65_536
HELD_IN_ALL_BYTES = 8 * 2**20
# Select Graphic Rendition: colours and styles. One longer than this is not a colour.
_COLOUR = re.compile(r"(\x1b\[[0-9;:]{0,40}m)")
# Erases the rest of a line, as after a carriage return, when the line begins again anyway.
_ERASE = re.compile(r"\x1b\[[02]?K")
_RESET, _CLEAR_LINE = "\x1b[0m", "\r\x1b[K"


Label: TypeAlias = Callable[[Source], str]


class LogOutput(Protocol):
    """What takes the output of sources, piece by piece."""

    def write(self, source: Source, data: bytes) -> None: ...

    def end(self, source: Source) -> None: ...

    def pause(self) -> None: ...

    def close(self) -> None: ...


def log_output(sources: int, label: Label) -> LogOutput:
    """Return what prints the output of so many sources."""
    if sys.stdout.isatty():
        return ScreenOutput(sources, label)
    return PrefixedOutput(sources, label) if sources > 1 else PlainOutput()


def _held_max(sources: int) -> int:
    return max(1, min(HELD_BYTES, HELD_IN_ALL_BYTES // max(1, sources)))


class PlainOutput:
    """Writes the bytes of one source."""

    def write(self, source: Source, data: bytes) -> None:
        """Write them at once."""
        sys.stdout.buffer.write(data)
        sys.stdout.buffer.flush()

    def end(self, source: Source) -> None:
        """Do nothing: all is written."""

    def pause(self) -> None:
        """Do nothing: all is written."""

    def close(self) -> None:
        """Do nothing: all is written."""


class PrefixedOutput:
    r"""Writes a label before every line, and otherwise the bytes of the sources.

    A line is written in parts where a `\r` or its length asks for it; it is broken if another source comes in between.
    """

    def __init__(self, sources: int, label: Label) -> None:
        self._label = label
        self._held_max = _held_max(sources)
        self._held: dict[Source, bytes] = {}
        self._unfinished: Source | None = None  # the source whose line the output ends with

    def write(self, source: Source, data: bytes) -> None:
        """Write all up to the last end of a line, and hold the rest, unless it is long."""
        data = self._held.pop(source, b"") + data
        end = max(data.rfind(b"\n"), data.rfind(b"\r")) + 1
        if len(data) - end > self._held_max:
            end = len(data)
        if end < len(data):
            self._held[source] = data[end:]
        self._put(source, data[:end])

    def end(self, source: Source) -> None:
        """Write what was held."""
        self._put(source, self._held.pop(source, b""))

    def pause(self) -> None:
        """Pass on what is written."""
        sys.stdout.buffer.flush()

    def close(self) -> None:
        """Write what was held of all sources, and end the last line."""
        for source in list(self._held):
            self.end(source)
        if self._unfinished is not None:
            sys.stdout.buffer.write(b"\n")
        sys.stdout.buffer.flush()

    def _put(self, source: Source, data: bytes) -> None:
        if not data:
            return
        out, prefix = sys.stdout.buffer, self._label(source).encode()
        if self._unfinished not in (None, source):
            out.write(b"\n")
            self._unfinished = None
        starts = b"" if self._unfinished == source else prefix
        whole, end = (data[:-1], b"\n") if data.endswith(b"\n") else (data, b"")
        out.write(starts + whole.replace(b"\n", b"\n" + prefix) + end)
        self._unfinished = None if end else source


class ScreenOutput:
    r"""Shows lines as they end up on a terminal: of a line that `\r` begins again and again, what it said last.

    Of the lines that are still unfinished, the one that changed last is shown below the others, cut to the width.
    """

    def __init__(self, sources: int, label: Label, out: TextIO | None = None) -> None:
        self._out = out or sys.stdout
        self._label = label
        self._several = sources > 1
        self._held_max = _held_max(sources)
        self._decoders: dict[Source, codecs.IncrementalDecoder] = {}
        self._held: dict[Source, str] = {}
        self._changed: Source | None = None
        self._below = ""
        self._coloured = False

    def write(self, source: Source, data: bytes) -> None:
        """Show the lines that are complete, and hold the last state of the rest, unless it is long."""
        if source not in self._decoders:
            self._decoders[source] = codecs.getincrementaldecoder("utf-8")("backslashreplace")
        *lines, rest = (self._held.pop(source, "") + self._decoders[source].decode(data)).split("\n")
        rest = _last_state(rest) + "\r" * rest.endswith("\r")
        if len(rest) > self._held_max:
            lines, rest = [*lines, rest], ""
        if rest:
            self._held[source] = rest
            self._changed = source
        elif self._changed == source:
            self._changed = None
        self._show(source, lines)

    def end(self, source: Source) -> None:
        """Show a line that has no end."""
        decoder = self._decoders.pop(source, None)
        self._changed = None if self._changed == source else self._changed
        rest = self._held.pop(source, "") + (decoder.decode(b"", final=True) if decoder else "")
        self._show(source, [rest] if rest else [])

    def pause(self) -> None:
        """Show the unfinished line that changed last."""
        if self._changed is not None and os.environ.get("TERM") != "dumb":
            from qanat.cli.terminal.tables import cut

            shown = _COLOUR.sub("", _last_state(self._held.get(self._changed, ""))[:HELD_BYTES])
            below = cut(f"{self._label(self._changed)}{clean(shown)}", max(2, width() or 80) - 1)
            if below != self._below:
                self._clear_below()
                self._out.write(below)
                self._below = below
        self._out.flush()

    def close(self) -> None:
        """Show all lines that have no end, and return to the terminal's own colours."""
        for source in list(self._decoders):
            self.end(source)
        self._clear_below()
        if self._coloured:
            self._out.write(_RESET)
        self._out.flush()

    def _show(self, source: Source, lines: Sequence[str]) -> None:
        if lines:
            self._clear_below()
            prefix = self._label(source)
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
        screen, source = ScreenOutput(1, lambda _: "", out), Source(0, STDOUT)
        for data in pieces_of(path):
            screen.write(source, data)
            yield out.getvalue()
            out.seek(out.truncate(0))
        screen.close()
        yield out.getvalue()


def _last_state(line: str) -> str:
    r"""Return what a line shows at its end: what follows the last `\r` that anything follows."""
    shown = line.rstrip("\r")
    return _ERASE.sub("", shown[shown.rfind("\r") + 1 :]).rstrip("\b")
