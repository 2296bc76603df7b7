"""The parameters that tell runs of an experiment apart, short enough for a cell of a table."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from qanat.domain.condition_values import number
from qanat.domain.equal_values import canonical_parameters
from qanat.domain.parameters import by_plain_name
from qanat.domain.run import Group
from qanat.domain.shortening import shortened

NAMES_MAX = 40
VALUE_CHARACTERS_MAX = 80
VALUES_LISTED = 3


def spread_parameters(groups: Iterable[Group]) -> dict[str, str]:
    """Return parameters by name, each with the values that groups have: `0.1`, `1,2,3`, or `0…99` for more than three.

    There are at most NAMES_MAX, and longer values are cut: they are for telling runs apart, not for repeating one.
    """
    found: dict[str, dict[str, None]] = {}
    for group in groups:
        for name, value in by_plain_name(group.args).items():
            found.setdefault(_short(name), {})[value] = None
    return {name: _short(spread(list(values))) for name, values in list(found.items())[:NAMES_MAX]}


def spread(values: Sequence[str]) -> str:
    """Return values as text: all of them, or of more than VALUES_LISTED the least and the greatest, or the first."""
    if len(values) <= VALUES_LISTED:
        return ",".join(values)
    places = [place for value in values if (place := number(value)) is not None]
    if len(places) < len(values) or any(place != place for place in places):  # noqa: PLR0124  # isnan() takes no large ones
        first = values[: VALUES_LISTED - 1]
        return f"{','.join(first)} and {len(values) - len(first):,} more"
    return f"{values[places.index(min(places))]}…{values[places.index(max(places))]}"


def _short(text: str) -> str:
    return shortened(text, VALUE_CHARACTERS_MAX)


def varying(runs: Sequence[tuple[str, Mapping[str, str]]]) -> list[dict[str, str]]:
    """Return of each run, given by its experiment and parameters, those that differ among the experiment's runs.

    Of a run that has no other to differ from, all of them.
    """
    by_experiment: dict[str, list[Mapping[str, str]]] = {}
    for experiment, parameters in runs:
        by_experiment.setdefault(experiment, []).append(parameters)
    names = {experiment: _differing(found) for experiment, found in by_experiment.items()}
    return [{n: v for n, v in parameters.items() if n in names[experiment]} for experiment, parameters in runs]


def _differing(runs: Sequence[Mapping[str, str]]) -> set[str]:
    names = {name for parameters in runs for name in parameters}
    values = [dict(canonical_parameters(parameters)) for parameters in runs]
    return names if len(runs) == 1 else {n for n in names if len({given.get(n) for given in values}) > 1}
