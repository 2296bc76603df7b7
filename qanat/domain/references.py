"""Finding references in texts, by the language that the name of a file stands for."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import PurePosixPath

from qanat.domain import latex_references, markdown_references
from qanat.domain.latex_references import VALUES
from qanat.domain.reference import BROKEN_MAX, Broken, Scanned

LATEX, MARKDOWN = "latex", "markdown"
_LANGUAGES = {
    **dict.fromkeys((".tex", ".ltx"), LATEX),
    **dict.fromkeys((".md", ".markdown", ".qmd", ".rmd", ".html", ".htm"), MARKDOWN),
}
SUFFIXES = tuple(_LANGUAGES)
# What a text with references has, whatever its language.
MARKS = (b"qanat:", b"\\qanat")


def language_of(name: str) -> str:
    """Return the language of a text, by the name of its file; empty if there are no references in such files."""
    pure = PurePosixPath(name)
    return "" if pure.name == VALUES else _LANGUAGES.get(pure.suffix.lower(), "")


def references_in(text: str, language: str, code: Sequence[tuple[int, int]] = ()) -> Scanned:
    """Return the references in a text, and what looks like one and is broken.

    `code` are places in Markdown that are left alone, besides fenced blocks and what is between backticks.
    """
    found = latex_references.scan(text) if language == LATEX else markdown_references.scan(text, code)
    if len(found.broken) >= BROKEN_MAX:
        last = found.broken[-1]
        found.broken.append(Broken(last.line, last.column, "what follows was not read", "correct the others first"))
    return found
