"""A plan of a run for review: what it executes, and how what would be run now has drifted from it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from qanat.domain.checkpoint import Checkpoint
from qanat.domain.container import Container
from qanat.domain.data import DataState
from qanat.domain.environment import Environment
from qanat.domain.group_key import SharedKey
from qanat.domain.meanings import ABSENT, shown
from qanat.domain.run import RunnerChoice
from qanat.domain.shortening import quoted
from qanat.domain.standing import Standing

DRIFTS_SHOWN = 5


@dataclass(frozen=True, slots=True)
class PlannedKey:
    """A group of a plan: its arguments, its key as far as it is known, and what earlier runs said about it."""

    args: tuple[str, ...]
    key: str | None
    standing: Standing = field(default_factory=Standing)


@dataclass(frozen=True, slots=True)
class RunPlan:
    """What a run would execute, when the plan was made.

    `options` are those of `qanat run` by their names, `arguments` those of the program. `commit` has the code, `data`
    are what datasets and inputs were. `environment` is None if it was not known yet, or if there is a container.
    `checkpoint` is when groups continue later, if any.
    `choice` is what jobs are submitted with, None for a run of this machine, and in plans of an earlier qanat.
    """

    experiment: str
    created: str
    options: Mapping[str, Any]
    arguments: tuple[str, ...]
    commit: str
    command: tuple[str, ...]
    datasets: Mapping[str, str]
    data: tuple[DataState, ...]
    key: SharedKey
    groups: tuple[PlannedKey, ...]
    environment: Environment | None = None
    container: Container | None = None
    checkpoint: Checkpoint | None = None
    choice: RunnerChoice | None = None


def drifted_checkpoint(planned: Checkpoint | None, now: Checkpoint | None) -> list[str]:
    """Return how it has changed when groups continue from a checkpoint, as a phrase; nothing if it has not."""
    return [] if planned == now else [f"checkpoint: {now or 'none'}, was {planned or 'none'}"]


def drifted_options(planned: RunnerChoice, now: RunnerChoice) -> list[str]:
    """List how what jobs are submitted with differs from what was planned, each as a phrase."""
    template = f"template {now.template}: " if now.template else ""
    before, after = (
        {"retry": str(each.retry or "none"), "transfer": bool(each.transfer), **each.options} for each in (planned, now)
    )
    differing = [key for key in before | after if before.get(key, ABSENT) != after.get(key, ABSENT)]
    return [f"{template}{key}: {_shown(after, key)}, was {_shown(before, key)}" for key in differing]


def _shown(options: Mapping[str, Any], key: str) -> str:
    return shown(options[key]) if key in options else "none"


def drifted_groups(planned: Sequence[tuple[str, ...]], now: Sequence[tuple[str, ...]]) -> list[str]:
    """List how the arguments of groups differ from those of a plan, each as a phrase; the first few."""
    if len(planned) != len(now):
        has, had = f"group{'' if len(now) == 1 else 's'}", "was" if len(planned) == 1 else "were"
        return [f"{len(now):,} {has}, {len(planned):,} {had} planned"]
    differing = [(n, *pair) for n, pair in enumerate(zip(planned, now, strict=True)) if pair[0] != pair[1]]
    shown = [
        f"group {n}: {quoted(' '.join(after))}, {quoted(' '.join(before))} was planned"
        for n, before, after in differing[:DRIFTS_SHOWN]
    ]
    more = len(differing) - DRIFTS_SHOWN
    return [*shown, *([f"and {more:,} more groups"] if more > 0 else [])]
