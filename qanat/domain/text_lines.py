"""Texts as they are in files: their encoding, their line ends, and the line of each place."""

from __future__ import annotations

from bisect import bisect_right
from codecs import BOM_UTF8, BOM_UTF16_BE, BOM_UTF16_LE
from dataclasses import dataclass
from functools import cached_property

from qanat.domain.shortening import quoted
from qanat.errors import InputInvalid

LATIN_1 = "latin-1"


@dataclass(frozen=True)
class FileText:
    """The text of a file, without a byte order mark, and how it is encoded."""

    text: str
    encoding: str = "utf-8"
    mark: bytes = b""

    @cached_property
    def newline(self) -> str:
        """The line end that most lines have."""
        crlf = self.text.count("\r\n")
        return "\r\n" if 2 * crlf > self.text.count("\n") else "\n"

    def encoded(self, text: str) -> bytes:
        """Return another text as a file of this kind. Raises InputInvalid for what the encoding lacks."""
        try:
            return self.mark + text.encode(self.encoding)
        except UnicodeEncodeError as error:
            lacking = text[error.start : error.start + 1]
            hint = "convert the file to UTF-8" if self.encoding == LATIN_1 else "remove it"
            raise InputInvalid(f"{quoted(lacking)} cannot be written in {self.encoding}", hint=hint) from None


def file_text(data: bytes) -> FileText:
    """Return the text in a file: UTF-8 if it is that, or else Latin-1, so that its bytes can be written back.

    Raises InputInvalid for UTF-16, and for what has null characters and so is not a text.
    """
    if data.startswith((BOM_UTF16_LE, BOM_UTF16_BE)):
        raise InputInvalid("is in UTF-16", hint="convert it to UTF-8")
    if b"\0" in data:
        raise InputInvalid("is not a text", hint="name a text in Markdown or LaTeX")
    mark = BOM_UTF8 if data.startswith(BOM_UTF8) else b""
    try:
        return FileText(data[len(mark) :].decode(), mark=mark)
    except UnicodeDecodeError:
        return FileText(data.decode(LATIN_1), LATIN_1)


class Lines:
    """The lines of a text, to say where a place in it is."""

    def __init__(self, text: str) -> None:
        self._starts = [0]
        place = text.find("\n")
        while place >= 0:
            self._starts.append(place + 1)
            place = text.find("\n", place + 1)

    def at(self, place: int) -> tuple[int, int]:
        """Return the line and the column of a place, both from 1."""
        line = bisect_right(self._starts, place)
        return line, place - self._starts[line - 1] + 1
