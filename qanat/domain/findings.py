"""What a check reports about a file: where, which rule, what is wrong, and what to do about it."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Finding:
    """One rule broken in one place; `line` counts from 1, `remedy` may be empty."""

    file: str
    line: int
    rule: str
    problem: str
    remedy: str = ""

    def __str__(self) -> str:
        remedy = f"; {self.remedy}" if self.remedy else ""
        return one_line(f"{self.file}:{self.line}: {self.rule}: {self.problem}{remedy}")


def one_line(text: str) -> str:
    """Escape everything in text that is not printable, so that it is a single harmless line."""
    return text if text.isprintable() else "".join(c if c.isprintable() else repr(c)[1:-1] for c in text)
