"""Series: numbers that a program writes again and again, a line for each step, as JSON lines or as CSV.

The `step` of a line is the x of its numbers; without one, it is the number of the line, from 1 and without the header.
Steps may repeat or go back, as after the restart of a preempted job: of the values of one step, the later counts.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import AnyStr, NamedTuple, TypeGuard

from qanat.domain import metric_problems, metrics

STEP = "step"


class Points(NamedTuple):
    """Numbers of one name in the order of their lines, each with its step."""

    name: str
    steps: Sequence[float]
    values: Sequence[float]


class Parser:
    """Turns the lines of a file into points, and remembers what it left out.

    `lines` counts them, without a header, and `broken` those that could not be read; `first_broken` is the number of
    the first of these in the file, from 1. `not_numbers` are names of other values, `unusable` those that no record can
    hold. With `keys`, only these names are read, and in any case not more than a record may have.
    """

    header_lines = 0

    def __init__(self, keys: Sequence[str] = ()) -> None:
        self._keys = frozenset(keys)
        self._shown: dict[str, str] = {}
        self._others: dict[str, None] = {}
        self.lines = 0
        self.broken = 0
        self.first_broken = 0
        self.is_cut = False
        self.not_numbers: dict[str, None] = {}
        self.unusable: dict[str, None] = {}
        self.has_too_many_names = False
        self.has_long_names = False

    def parse(self, data: bytes) -> list[Points]:
        """Return the points of the next whole lines of the file, each name once."""
        raise NotImplementedError

    def parse_end(self, data: bytes) -> list[Points]:
        """Return the points of a last line without a line break; most are cut short, since a program was killed."""
        self.is_cut = True
        return []

    def left_out(self) -> list[str]:
        """List what was left out, as predicates of the file."""
        found = []
        if self.broken == 1:
            found.append(f"line {self.first_broken:,} is broken, and was left out")
        elif self.broken:
            found.append(
                f"{self.broken:,} lines are broken, and were left out; the first is line {self.first_broken:,}"
            )
        if self.is_cut:
            found.append("the last line is incomplete, and was left out")
        kinds = ([*self.not_numbers],), ([*self.unusable], *metric_problems.UNUSABLE)
        found += filter(None, (metric_problems.not_numbers(*kind) for kind in kinds))
        if self.has_too_many_names:
            found.append(f"has more than {metrics.METRICS_MAX:,} names, and the others were left out")
        if self.has_long_names:
            found.append(metrics.LONG_NAMES)
        return found

    def names(self) -> list[str]:
        """List the names in the file, also of what is not to be read; not more than a record may have of each."""
        return [*self._shown.values(), *self._others]

    def skip(self) -> None:
        """Count a line that is too long as broken."""
        self.lines += 1
        self._break(self.lines)

    def _break(self, *lines: int) -> None:
        for line in lines:
            self.broken += 1
            self.first_broken = self.first_broken or line + self.header_lines

    def _name(self, name: str) -> str | None:
        """Return a name as it is shown; None if it is not to be read."""
        if (shown := self._shown.get(name)) is not None:
            return shown
        if len(name) > metrics.NAME_MAX:
            self.has_long_names = True
            return None
        if self._keys and name not in self._keys:
            if len(self._others) < metrics.METRICS_MAX:
                self._others[name] = None
            return None
        if len(self._shown) == metrics.METRICS_MAX:
            self.has_too_many_names = True
            return None
        try:
            return self._shown.setdefault(name, metrics.shown(name))
        except ValueError:
            self._leave_out(name, self.unusable)
            return None

    def _leave_out(self, name: str, why: dict[str, None]) -> None:
        if len(why) <= metrics.METRICS_MAX and (not self._keys or name in self._keys):
            why[name] = None


def split_lines(data: AnyStr) -> list[AnyStr]:
    """Return the lines of a text; `splitlines` would break them at other characters, too."""
    lines = data.split("\n" if isinstance(data, str) else b"\n")
    if not lines[-1]:
        lines.pop()
    return lines


def is_step(step: float | None) -> TypeGuard[float]:
    """Return whether a number can be a step: it must be finite."""
    return step is not None and math.isfinite(step)
