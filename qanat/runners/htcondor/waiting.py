"""Why a job is idle, in a sentence: whether any slot of the pool could run it, or what it asks for that none has."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from qanat.domain.shortening import shortened

_NOTHING_MATCHED = "no match found"
_UNMET_SHOWN = 3
_EXPRESSION_MAX = 120
_K = 1024


def reason(facts: Mapping[str, Any]) -> str:
    """Return why a job is idle from what slot_matching found; empty if it found nothing."""
    if not facts:
        return ""
    slots = int(facts["slots"])
    if not slots:
        return "the pool has no slots now"
    if not facts["fitting"]:
        return f"no slot can run it: {_too_much(facts['requests'], facts['largest'])}"
    if not facts["matching"]:
        return f"no slot can run it: {_conditions(facts['unmet'])}"
    if not facts["accepting"]:
        return "no slot accepts it now: no START expression is true for it"
    rejection = str(facts["rejection"])
    why = f"; {rejection}" if rejection and rejection != _NOTHING_MATCHED else ""
    return f"waiting for its turn; slots that can run it: {facts['accepting']:,} of {slots:,}{why}"


def _too_much(requests: Mapping[str, float], largest: Mapping[str, float]) -> str:
    over = [name for name in requests if requests[name] > largest[name]]
    if not over:
        return f"none has {_listed([_amount(name, requests[name]) for name in requests])} at once"
    return "; ".join(f"it requests {_amount(name, requests[name])}, {_most(name, largest[name])}" for name in over)


def _most(name: str, value: float) -> str:
    return f"the largest has {_amount(name, value).partition(' of ')[0]}" if value else "and none has any"


def _conditions(unmet: Sequence[str]) -> str:
    if not unmet:
        return "none meets all of its requirements"
    shown = [shortened(text, _EXPRESSION_MAX) for text in unmet]
    more = len(unmet) - _UNMET_SHOWN
    return "; ".join(f"none meets {text}" for text in shown[:_UNMET_SHOWN]) + (f"; and {more} more" if more > 0 else "")


def _amount(name: str, value: float) -> str:
    """Write an amount of a resource in the units of submit files, in which 1 GB is 1024 MB."""
    if name == "Memory":
        return f"{_size(value, 'MB')} of memory"
    if name == "Disk":
        return f"{_size(value, 'KB')} of disk"
    noun = {"Cpus": "CPU", "GPUs": "GPU"}[name]
    return f"{value:,.0f} {noun}{'' if value == 1 else 's'}"


def _size(value: float, unit: str) -> str:
    units = ["KB", "MB", "GB", "TB", "PB"]
    place = units.index(unit)
    while value >= _K and place < len(units) - 1:
        value, place = value / _K, place + 1
    return f"{value:.1f}".removesuffix(".0") + f" {units[place]}"


def _listed(names: Sequence[str]) -> str:
    return " and ".join(filter(None, [", ".join(names[:-1]), names[-1]]))
