"""Code in Markdown by its place: indented blocks and `<pre>`, in which what looks like a reference is an example.

What is indented in a list belongs to the list, so the blocks are those that a parser of CommonMark finds (4.4, 4.6).
"""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

from qanat.domain.references import MARKDOWN, language_of

if TYPE_CHECKING:
    from markdown_it.token import Token

# There, neither makes an example of a reference: a comment is not shown, and its value is.
HTML = (".html", ".htm")
_LINE_END = re.compile(r"\r\n?|\n")
# Without such a line, nothing is a block of code by its indentation. What looks ahead is not tried again.
_INDENTED = re.compile(r"^(?=[ \t>*+\-0-9.)]*?(?: {4}|\t))[^\n]*qanat", re.MULTILINE | re.IGNORECASE)
# A footnote, or a definition of a term.
_CONTINUED = re.compile(r"^(?:\[\^[^\]\n]+\]:|:[ \t])", re.MULTILINE)
_PRE = re.compile(r"<pre(?=[\s>])", re.IGNORECASE)
_PRE_END = re.compile(r"</pre\s*>", re.IGNORECASE)


def code_in(path: str, text: str) -> list[tuple[int, int]]:
    """Return where such code begins and ends in a text, in its order."""
    if language_of(path) != MARKDOWN or path.lower().endswith(HTML):
        return []
    if not (_INDENTED.search(text) or _PRE.search(text)):
        return []
    from markdown_it import MarkdownIt  # few texts have such lines

    tokens = MarkdownIt("commonmark").disable(["inline", "reference"]).parse(text)
    return sorted(_places(text, _without_continued(tokens)))


def _without_continued(tokens: Iterable[Token]) -> Iterator[Token]:
    """Yield blocks but for those that continue a footnote or a definition, which CommonMark does not have."""
    continues = False
    for token in tokens:
        if token.type == "inline":
            continues = bool(_CONTINUED.search(token.content))
        elif token.type == "code_block" and continues:
            continue
        elif token.nesting > 0 and token.type != "paragraph_open":
            continues = False
        yield token


def _places(text: str, tokens: Iterable[Token]) -> Iterator[tuple[int, int]]:
    """Yield where blocks have code."""
    starts = [0, *(found.end() for found in _LINE_END.finditer(text)), len(text)]
    ends = [found.end() for found in _PRE_END.finditer(text)]
    for token in tokens:
        if token.map is None:
            continue
        begin, end = (starts[min(line, len(starts) - 1)] for line in token.map)
        if token.type == "code_block":
            yield begin, end
        while token.type == "html_block" and (found := _PRE.search(text, begin, end)):
            # Another block may follow before it is closed.
            closed = bisect_left(ends, found.end())
            begin = ends[closed] if closed < len(ends) else end
            yield found.start(), begin
