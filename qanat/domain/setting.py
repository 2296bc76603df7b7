"""Settings: the parameters of groups that differ at most in the seed, and what has become worse with them."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain
from types import MappingProxyType

from qanat.domain import comparison
from qanat.domain.circumstances import Circumstances, differing
from qanat.domain.comparison import Comparison, Grouping
from qanat.domain.equal_values import canonical, canonical_parameters
from qanat.domain.facts import RunFacts, facts_of
from qanat.domain.parameters import by_plain_name, in_plain
from qanat.domain.run import Group, Run, State
from qanat.domain.seeds import GUESSED, without_seeds

Parameters = tuple[tuple[str, str], ...]


def key_of(parameters: Mapping[str, str], seeds: Collection[str] = GUESSED) -> Parameters:
    """Return what groups must share to be compared: their parameters without seeds, with canonical values."""
    return canonical_parameters(without_seeds(parameters, seeds))


def as_typed(parameters: Mapping[str, str], seeds: Collection[str] = GUESSED) -> Parameters:
    """Return the same parameters, with values as they were typed."""
    return tuple(sorted(without_seeds(parameters, seeds).items()))


def as_text(parameters: Iterable[tuple[str, str]]) -> str:
    """Return parameters as `lr=0.1 n=5`; one without a value is only its name."""
    return " ".join(f"{name}={value}" if value else name for name, value in in_plain(dict(parameters)).items())


def respelled(groups: Iterable[Sequence[str]]) -> list[tuple[str, ...]]:
    """List the values that make one setting of groups whose arguments differ: `n=1` and `n=1.0`."""
    same: dict[Parameters, dict[str, dict[str, None]]] = {}
    for given in map(by_plain_name, groups):
        values = same.setdefault(canonical_parameters(given), {})
        for name, value in given.items():
            values.setdefault(name, {})[value] = None
    found: dict[tuple[str, str], dict[str, None]] = {}
    for name, spelled in chain.from_iterable(values.items() for values in same.values()):
        if len(spelled) > 1:
            texts = found.setdefault((name, canonical(next(iter(spelled)))), {})
            texts.update(dict.fromkeys(f"{name}={value}" for value in spelled))
    return [tuple(texts) for texts in found.values()]


def pooled(runs: Sequence[Run], seeds: Sequence[str], better: Mapping[str, str] = MappingProxyType({})) -> Comparison:
    """Compare runs by their settings, with a row for all that have the same code."""
    return pooled_facts([facts_of(run) for run in runs], seeds, better)


def pooled_facts(
    runs: Sequence[RunFacts], seeds: Sequence[str], better: Mapping[str, str] = MappingProxyType({})
) -> Comparison:
    """Compare runs as pooled() does, given by the facts about them."""
    grouping = Grouping(pool=True, seeds={run.experiment: seeds for run in runs})
    return comparison.compare(runs, better=better, grouping=grouping)


@dataclass(frozen=True, slots=True)
class Regression:
    """A setting that finished before and fails now.

    `failed` of its `groups` fail, counting each seed once; `runs` are those with failed groups, `before` are runs in
    which it finished, the newest first. `named_before` is the experiment's name in the record of the newest one, and
    `other` in what that differs from the first of `runs`.
    """

    parameters: Parameters
    failed: int
    groups: int
    cause: str
    runs: tuple[str, ...]
    before: tuple[str, ...]
    named_before: str
    other: Circumstances


def failing(
    runs: Iterable[Run], seeds: Collection[str] = GUESSED
) -> dict[Parameters, dict[Parameters, tuple[Run, Group]]]:
    """Map each setting with failures to its latest groups by all their parameters; the newest run comes last."""
    latest: dict[Parameters, dict[Parameters, tuple[Run, Group]]] = {}
    for run in runs:
        for group in run.groups:
            given = comparison.parameters_of(group)
            latest.setdefault(key_of(given, seeds), {})[key_of(given, ())] = (run, group)
    return {key: groups for key, groups in latest.items() if any(has_failed(group) for _, group in groups.values())}


def regressions(
    runs: Sequence[Run], others: Mapping[Parameters, Sequence[Run]], seeds: Collection[str] = GUESSED
) -> tuple[Regression, ...]:
    """List the settings that fail in these runs and finished in others, which are given by setting."""
    found = []
    for key, groups in failing(runs, seeds).items():
        before = [run for run in others.get(key, ()) if any(_finished(group, key, seeds) for group in run.groups)]
        if before:
            failed = [(run, group) for run, group in groups.values() if has_failed(group)]
            ids = tuple(dict.fromkeys(run.id for run, _ in failed))
            earlier = sorted(before, key=lambda run: run.number, reverse=True)
            found.append(
                Regression(
                    parameters=as_typed(comparison.parameters_of(failed[0][1]), seeds),
                    failed=len(failed),
                    groups=len(groups),
                    cause=cause_of(failed[0][1]),
                    runs=ids,
                    before=tuple(run.id for run in earlier),
                    named_before=earlier[0].experiment,
                    other=differing(earlier[0], failed[0][0]),
                )
            )
    return tuple(found)


def cause_of(group: Group) -> str:
    """Return why a group ended badly; empty if that is unknown."""
    if group.reason:
        return group.reason
    if group.signal is not None:
        return f"signal {group.signal}"
    return "" if group.exit_code is None else f"exit code {group.exit_code}"


def has_failed(group: Group) -> bool:
    """Return whether a group has failed; it was not just cancelled or lost."""
    return group.state is State.FAILED


def _finished(group: Group, key: Parameters, seeds: Collection[str]) -> bool:
    return group.state is State.FINISHED and key_of(comparison.parameters_of(group), seeds) == key
