"""Pages that are run as they stand: commands, files, Python, and what comes out.

A page's `console` blocks are typed line by line at a shell; what the page shows below a command must be what it
prints, apart from what differs each time (ids, commits, moments, durations, sizes). A line `…` stands for any lines,
and one that ends so for any line that begins so.
A comment before a block says what a reader would know, or would do; `tests/support/reader.py` does it:

    <!-- file notes.md -->                 the block is a file, which the reader writes
    <!-- add to notes.md -->               the reader adds the block to a file
    <!-- exit code 1 -->                   that is how the last command of the block ends
    <!-- keys [["Delete?", "y"]] -->       the command is at a terminal: after each text, these keys are pressed
    <!-- meanwhile {"out.txt": "4"} -->    the command is in another terminal: go on when the file has the text
    <!-- wait for the other terminals -->  after the block, go on when what is there has ended
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[2]
_BLOCK = re.compile(r"((?:^<!--.*?-->\n)*)^```(\w+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_REMARK = re.compile(r"<!-- (file|add to|exit code|keys|meanwhile|wait for) (.*?) -->", re.DOTALL)
_ANY_LINES = r"(?:.*\n)*"
# What differs from one time to the next, and what is written in its place.
_CHANGING = (
    (r"\d{4}-\d\d-\d\d[ T]\d\d:\d\d:\d\d(\.\d+)?(\+00:00)?", "<moment>"),
    (r"\b(\d+)-[0-9a-f]{6}\b", r"\1-<uid>"),
    (r"(?<![\w.])(?:[0-9a-f]{64}|[0-9a-f]{40}|[0-9a-f]{16}|[0-9a-f]{12}|[0-9a-f]{10}|[0-9a-f]{7})\b", "<sha>"),
    (r"\b(?:\d+\.\d|\d+)s\b|\b\d+:\d\d\b", "<took>"),
    (r"\b\d+(\.\d)? (?:B|kB|MB)\b", "<size>"),
    (r"(job|process_start|intent): '?[^',]*'?|(pid|host): \S+", r"\1\2: <here>"),
    (r" {2,}", "  "),
    (r" +$", ""),
)


@dataclass(frozen=True)
class Block:
    """A code block of a page: its language, what stands in it, and the remarks before it."""

    kind: str
    text: str
    remarks: dict[str, str]
    place: int

    def commands(self) -> Iterator[tuple[str, str]]:
        """Give each command of a console block with what the page shows below it."""
        for part in re.split(r"^\$ ", self.text, flags=re.MULTILINE)[1:]:
            command, _, shown = part.partition("\n")
            yield command, shown


def blocks_of(page: Path) -> list[Block]:
    """List the code blocks of a page."""
    found = _BLOCK.finditer(page.read_text())
    return [Block(m[2], m[3], dict(_REMARK.findall(m[1])), m.start(3)) for m in found]


def commands_of(page: Path) -> list[str]:
    """List the commands of a page's console blocks."""
    return [command for block in blocks_of(page) if block.kind == "console" for command, _ in block.commands()]


def normal(text: str) -> list[str]:
    """Give the lines of a text with what differs each time written the same."""
    for pattern, instead in _CHANGING:
        text = re.sub(pattern, instead, text, flags=re.MULTILINE)
    return text.strip("\n").split("\n")


def agrees(shown: str, printed: str) -> bool:
    """Tell whether what a page shows is what was printed; its `…` stands for any lines, or for any end of a line."""
    pattern = "".join(_ANY_LINES if line == "…" else f"{_line_pattern(line)}\n" for line in normal(shown))
    return re.fullmatch(pattern, "".join(f"{line}\n" for line in normal(printed))) is not None


def _line_pattern(line: str) -> str:
    return f"{re.escape(line.removesuffix('…'))}.*" if line.endswith("…") else re.escape(line)
