"""Samples: which groups count where some of them only repeat others, with the same seed or in a rerun."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Mapping, Sequence

from qanat.domain import times
from qanat.domain.equal_values import canonical_parameters
from qanat.domain.facts import GroupFacts, RunFacts
from qanat.domain.run import State
from qanat.domain.seeds import seed_of

Member = tuple[RunFacts, GroupFacts]


def repeated_runs(runs: Sequence[RunFacts]) -> dict[str, str]:
    """Map the ids of reruns to that of the run which they repeat, that of the first for a rerun of a rerun."""
    direct = {run.id: run.rerun_of for run in runs if run.rerun_of is not None}
    first: dict[str, str] = {}
    for run in direct:
        passed: dict[str, None] = {}
        repeated = run
        while repeated in direct and repeated not in first and repeated not in passed:
            passed[repeated] = None
            repeated = direct[repeated]
        first |= dict.fromkeys(passed, first.get(repeated, repeated))
    return first


def counted(
    found: Sequence[Member], seeds: Collection[str], repeats: Mapping[str, str]
) -> tuple[list[Member], list[Member]]:
    """Return the groups that count, which have finished, and those that would if they had finished.

    Of groups with the same parameters and seed, the one that finished last counts, or else the last one is listed. The
    groups of a run without a seed all count, since their results may differ by chance, but once with those of its
    reruns, which `repeats` maps to it.
    """
    finished: dict[object, Member] = {}
    unfinished: dict[object, Member] = {}
    for sample, member in zip(_samples(found, seeds, repeats), found, strict=True):
        latest = finished if has_finished(member) else unfinished
        latest[sample] = max(latest[sample], member, key=_end) if sample in latest else member
    return [*finished.values()], [member for sample, member in unfinished.items() if sample not in finished]


def has_finished(member: Member) -> bool:
    """Return whether the group has finished."""
    return member[1].state == State.FINISHED


def _samples(found: Sequence[Member], seeds: Collection[str], repeats: Mapping[str, str]) -> list[object]:
    """Return for each group what it shares with those that are the same sample."""
    if len(found) == 1:
        return [None]
    samples: list[object] = []
    alike: Counter[object] = Counter()
    for run, group in found:
        parameters = canonical_parameters(group.parameters)
        if seed_of(group.parameters, seeds) is not None:
            samples.append(parameters)
            continue
        alike[run.id, parameters] += 1
        samples.append((repeats.get(run.id, run.id), parameters, alike[run.id, parameters]))
    return samples


def _end(member: Member) -> tuple[float, int, int]:
    run, group = member
    return times.parse(group.ended or run.created).timestamp(), run.number, group.number
