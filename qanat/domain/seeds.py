"""Seeds: the parameters that only tell repetitions of a setting apart."""

from __future__ import annotations

from collections.abc import Collection, Mapping

# What counts as a seed in an experiment that does not say.
GUESSED = ("seed", "random_seed", "random-seed")


def is_seed(name: str, seeds: Collection[str]) -> bool:
    """Return whether a parameter is one of these seeds, which are named as typed or without dashes."""
    return name in seeds or name.lstrip("-") in seeds


def without_seeds(parameters: Mapping[str, str], seeds: Collection[str]) -> dict[str, str]:
    """Return the parameters that are not seeds."""
    return {name: value for name, value in parameters.items() if not is_seed(name, seeds)}


def seed_of(parameters: Mapping[str, str], seeds: Collection[str]) -> str | None:
    """Return the seed of a group: the value, or `a=1 b=2` for several; None if it has none."""
    found = {name.lstrip("-"): value for name, value in parameters.items() if is_seed(name, seeds)}
    if len(found) == 1:
        return next(iter(found.values()))
    return " ".join(f"{name}={value}" for name, value in sorted(found.items())) or None
