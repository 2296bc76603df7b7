"""Budgets, measurements, and the table of both."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from statistics import median
from typing import Any

HEADERS = ("what", "qanat", "beside", "ratio or difference", "budget", "holds")


@dataclass(frozen=True, slots=True)
class Budget:
    """At most `factor` times the peer's figure, plus `extra`."""

    factor: float
    extra: float = 0.0

    def limit(self, beside: float) -> float:
        """Return the most that is allowed next to a peer that took this much."""
        return self.factor * beside + self.extra

    def text(self, unit: str) -> str:
        """Return the budget as text."""
        extra = amount(self.extra, unit)
        if self.factor == 0:
            return f"≤ {extra}"
        if self.factor == 1 and self.extra:
            return f"≤ {extra} over"
        return f"≤ {self.factor:g} x" + (f" + {extra}" if self.extra else "")


@dataclass(frozen=True, slots=True)
class Measured:
    """qanat's figures of every round, and a peer's if there is one; `budget` is None where nothing is promised."""

    what: str
    qanat: Sequence[float]
    peer: str = ""
    beside: Sequence[float] = ()
    budget: Budget | None = None
    unit: str = "s"

    @property
    def holds(self) -> bool | None:
        """Whether the medians are within the budget; None if there is no budget."""
        if self.budget is None:
            return None
        return median(self.qanat) <= self.budget.limit(median(self.beside) if self.beside else 0.0)

    @property
    def compared(self) -> str:
        """The difference if the budget limits one, otherwise the ratio."""
        if not self.beside:
            return ""
        ours, theirs = median(self.qanat), median(self.beside)
        if self.budget and self.budget.factor == 1 and self.budget.extra:
            return f"{'-' if ours < theirs else '+'}{amount(abs(ours - theirs), self.unit)}"
        return f"{ours / theirs:.2f} x"

    def row(self) -> tuple[str, ...]:
        """Return the cells under HEADERS."""
        holds = {None: "", True: "yes", False: "**no**"}[self.holds]
        return (
            self.what,
            amount(median(self.qanat), self.unit),
            f"{amount(median(self.beside), self.unit)} ({self.peer})" if self.beside else "",
            self.compared,
            self.budget.text(self.unit) if self.budget else "",
            holds,
        )

    def as_mapping(self) -> dict[str, Any]:
        """Return everything, including every round, in the form of the JSON output."""
        return {
            "what": self.what,
            "unit": self.unit,
            "qanat": list(self.qanat),
            "peer": self.peer,
            "beside": list(self.beside),
            "budget": {"factor": self.budget.factor, "extra": self.budget.extra} if self.budget else None,
            "holds": self.holds,
        }


def amount(value: float, unit: str) -> str:
    """Return a figure as text: 2.4 ms, 87 ms, 1.24 s, 45 MB."""
    if unit != "s":
        return f"{value:.0f} {unit}"
    if value >= 1:
        return f"{value:.2f}".rstrip("0").rstrip(".") + " s"
    return f"{value * 1000:.{0 if value >= 0.01 else 1}f}".removesuffix(".0") + " ms"


def table(measured: Sequence[Measured]) -> str:
    """Return the measurements as a Markdown table."""
    rows = [HEADERS, ("---",) * len(HEADERS), *(m.row() for m in measured)]
    return "\n".join(f"| {' | '.join(row)} |" for row in rows)
