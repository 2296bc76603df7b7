"""What a check has to say about a file: where, which rule, what is wrong, and what to do about it."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Finding:
    """One broken rule in one place; `line` counts from 1, `remedy` may be empty."""

    file: str
    line: int
    rule: str
    problem: str
    remedy: str = ""

    def __str__(self) -> str:
        remedy = f"; {self.remedy}" if self.remedy else ""
        return one_line(f"{self.file}:{self.line}: {self.rule}: {self.problem}{remedy}")


def one_line(text: str) -> str:
    """Give text with everything that is not printable written out, so that it is one line and harmless."""
    return text if text.isprintable() else "".join(c if c.isprintable() else repr(c)[1:-1] for c in text)
