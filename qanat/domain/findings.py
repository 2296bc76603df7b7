"""What a check reports about a file: where, which rule, what is wrong, and what to do about it."""

from __future__ import annotations

from dataclasses import dataclass

from qanat.domain.visible import escaped


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
        return escaped(f"{self.file}:{self.line}: {self.rule}: {self.problem}{remedy}")
