"""Running the pages of the documentation as they stand: commands, files, Python, and their output.

The lines of a page's `console` blocks are typed at a shell one by one; what the page shows below a command must be
its output, apart from what differs each time (ids, commits, timestamps, durations, sizes). A line `…` stands for any
number of lines, and a line that ends with `…` for any line with that beginning.
A comment before a block says what a reader would know or do; `tests/support/reader.py` acts on it:

    <!-- file notes.md -->                 the block is a file, which the reader writes
    <!-- add to notes.md -->               the reader appends the block to a file
    <!-- exit code 1 -->                   the last command of the block exits with this code
    <!-- keys [["Delete?", "y"]] -->       the command runs at a terminal: after each text, these keys are pressed
    <!-- meanwhile {"out.txt": "4"} -->    the command runs in another terminal: go on when the file has the text
    <!-- wait for the other terminals -->  after the block, wait for the commands in other terminals to end
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[2]
_BLOCK = re.compile(r"((?:^<!--(?:(?!-->).)*-->\n)*)^```(\w+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_REMARK = re.compile(r"<!-- (file|add to|exit code|keys|meanwhile|wait for) (.*?) -->", re.DOTALL)
_ANY_LINES = r"(?:.*\n)*"
# Patterns for what differs each time, and what replaces them.
_CHANGING = (
    (r"\d{4}-\d\d-\d\d[ T]\d\d:\d\d:\d\d(\.\d+)?(\+00:00)?", "<timestamp>"),
    (r"\b(\d+)-[0-9a-f]{6}\b", r"\1-<uid>"),
    # Environments and machines, and the keys of groups, which depend on them; last digits depend on the processor.
    (r"\b((?:environment|machine|digest|[Kk]ey): )'?(?:[0-9a-f]{16}|[0-9a-f]{32})\b'?", r"\1<hash>"),
    (r"(?<![\w.])(?:[0-9a-f]{64}|[0-9a-f]{40}|[0-9a-f]{16}|[0-9a-f]{12}|[0-9a-f]{10}|[0-9a-f]{7})\b", "<sha>"),
    (r"\b(?:\d+\.\d|\d+)s\b|\b\d+:\d\d\b", "<took>"),
    (r"\b\d+(\.\d)? (?:B|kB|MB)\b", "<size>"),
    (r"(job|process_start|intent): '?[^',]*'?|(pid|host): \S+", r"\1\2: <here>"),
    (r"\bused: \{[^}]*\}", "used: <here>"),
    (r" {2,}", "  "),
    (r" +$", ""),
)


@dataclass(frozen=True)
class Block:
    """A code block of a page: its language, its text, and the remarks before it."""

    kind: str
    text: str
    remarks: dict[str, str]
    place: int

    def commands(self) -> Iterator[tuple[str, str]]:
        """Yield each command of a console block with the output that the page shows below it."""
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


def normalised(text: str) -> list[str]:
    """Return the lines of a text, with placeholders for what differs each time."""
    for pattern, instead in _CHANGING:
        text = re.sub(pattern, instead, text, flags=re.MULTILINE)
    return text.strip("\n").split("\n")


def matches(shown: str, printed: str) -> bool:
    """Return whether what a page shows matches the output; `…` stands for any lines, or for any end of a line."""
    pattern = "".join(_ANY_LINES if line == "…" else f"{_line_pattern(line)}\n" for line in normalised(shown))
    return re.fullmatch(pattern, "".join(f"{line}\n" for line in normalised(printed))) is not None


def _line_pattern(line: str) -> str:
    return f"{re.escape(line.removesuffix('…'))}.*" if line.endswith("…") else re.escape(line)
