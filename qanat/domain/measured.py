"""What a program left for the record of its group: metrics, and what its curves came to."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple

CURVES_MAX = 100
# What conditions and columns can name of a curve, after its name and a dot.
STATISTICS = ("last", "min", "max", "count")


def split_statistic(name: str) -> tuple[str, str]:
    """Return the curve and the one of STATISTICS that make up a name such as loss.min; empty texts for another name."""
    curve, _, which = name.rpartition(".")
    return (curve, which) if which in STATISTICS else ("", "")


class Point(NamedTuple):
    """A value of a curve, and its step."""

    value: float
    step: float


@dataclass(frozen=True, slots=True)
class CurveSummary:
    """What a curve came to: the value that was written last, the least, the greatest, and how many steps it has.

    Of equal values, the first counts. NaN is less or greater than nothing, so that only a curve without other values
    has it as `min` and `max`.
    """

    last: Point
    min: Point
    max: Point
    count: int

    def statistics(self) -> dict[str, float]:
        """Return the values by the names in STATISTICS."""
        return {"last": self.last.value, "min": self.min.value, "max": self.max.value, "count": self.count}

    def to_mapping(self) -> dict[str, Any]:
        """Return the summary as records have it: each value in a list with its step."""
        return {"last": [*self.last], "min": [*self.min], "max": [*self.max], "count": self.count}

    @classmethod
    def from_mapping(cls, content: Mapping[str, Any]) -> CurveSummary:
        """Return the summary of a valid mapping."""
        return cls(Point(*content["last"]), Point(*content["min"]), Point(*content["max"]), content["count"])


@dataclass(frozen=True, slots=True)
class Measured:
    """The metrics of a group, its curves, both by name, and the digests (SHA-256) of the files of its curves."""

    metrics: Mapping[str, float] = field(default_factory=dict)
    curves: Mapping[str, CurveSummary] = field(default_factory=dict)
    curve_files: Mapping[str, str] = field(default_factory=dict)

    def to_mapping(self) -> dict[str, Any]:
        """Return what records have of it; nothing for what is empty."""
        found = {
            "metrics": dict(self.metrics),
            "curves": {name: curve.to_mapping() for name, curve in self.curves.items()},
            "curve_files": dict(self.curve_files),
        }
        return {key: value for key, value in found.items() if value}

    @classmethod
    def from_mapping(cls, content: Mapping[str, Any]) -> Measured:
        """Return what to_mapping() wrote."""
        curves = content.get("curves", {})
        return cls(
            content.get("metrics", {}),
            {name: CurveSummary.from_mapping(curve) for name, curve in curves.items()},
            content.get("curve_files", {}),
        )
