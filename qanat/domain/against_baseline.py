"""Comparing the rows of a comparison with a baseline among them."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

from qanat.domain.comparison import Comparison, Row
from qanat.domain.equal_values import canonical_parameters
from qanat.domain.seeds import GUESSED, without_seeds
from qanat.domain.statistics import Difference, difference, untested
from qanat.errors import UsageError


@dataclass(frozen=True, slots=True)
class Baseline:
    """The groups of a baseline, by the ids of their runs and their numbers, and what they were chosen by.

    A row belongs to it if `whole` and all of its groups do, or otherwise if any does, even one that does not count.
    """

    text: str
    groups: Collection[tuple[str, int]]
    whole: bool

    def has(self, row: Row) -> bool:
        """Return whether a row belongs to the baseline."""
        if self.whole:
            return all(member in self.groups for member in row.members)
        return any(member in self.groups for member in (*row.members, *row.repeated))


@dataclass(frozen=True, slots=True)
class Against:
    """The row that a row is compared with, by its position, and the differences of their metrics."""

    place: int
    differences: Mapping[str, Difference]


def against_baseline(
    found: Comparison, baseline: Baseline, seeds: Mapping[str, Sequence[str]]
) -> dict[int, Against | None]:
    """Compare rows with the baseline, by their positions; the value is None for the rows of the baseline.

    If it has several rows, a row is compared with the one that has the same values of all parameters in which these
    differ, and not at all if there is none. Raises UsageError if no row belongs to the baseline, or if two of its rows
    differ in no parameter.
    """
    base = {place: row for place, row in enumerate(found.rows) if baseline.has(row)}
    if not base:
        raise UsageError(f"no row is the baseline {baseline.text}", hint="name a run, or a condition that a row meets")
    traits = {place: _traits(row, seeds) for place, row in enumerate(found.rows)}
    names = {name for place in base for name in traits[place]}
    differing = sorted(n for n in names if len({traits[place].get(n) for place in base}) > 1)
    keys = {place: tuple(traits[place].get(name) for name in differing) for place in traits}
    by_key: dict[tuple[str | None, ...], int] = {}
    for place in base:
        if by_key.setdefault(keys[place], place) != place:
            raise _ambiguous(found.rows[by_key[keys[place]]], found.rows[place], baseline)
    compared: dict[int, Against | None] = dict.fromkeys(base)
    for place, row in enumerate(found.rows):
        other = by_key.get(keys[place])
        if place not in base and other is not None:
            compared[place] = Against(other, _differences(row, found.rows[other]))
    return compared


def _traits(row: Row, seeds: Mapping[str, Sequence[str]]) -> dict[str, str]:
    """Return the experiment and the parameters of a row, without seeds and with canonical values."""
    kept = without_seeds(row.parameters, seeds.get(row.experiment, GUESSED))
    return {"": row.experiment, **dict(canonical_parameters(kept))}


def _differences(row: Row, other: Row) -> dict[str, Difference]:
    found = {name: difference(s, other.metrics[name]) for name, s in row.metrics.items() if name in other.metrics}
    mixed = dict.fromkeys((*row.mixed, *other.mixed))
    return (
        {name: untested(d, f"groups of a row differ in {', '.join(mixed)}") for name, d in found.items()}
        if mixed
        else found
    )


def _ambiguous(one: Row, other: Row, baseline: Baseline) -> UsageError:
    runs = sorted({*one.runs, *other.runs}, key=lambda run: int(run.partition("-")[0]))
    return UsageError(
        f"the baseline {baseline.text} has several rows with the same parameters, of runs {', '.join(runs)}",
        hint="name one of these runs, or add --pool if their code is the same",
    )
