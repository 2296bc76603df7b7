"""What keys of a submit description ask for, and those that ask for something else."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from qanat.domain import amounts
from qanat.domain.asked import Asked

_TIME = ("allowed_job_duration", "allowed_execute_duration")


def asked(options: Mapping[str, Any]) -> Asked:
    """Return what a job with these options gets; what is an expression is not known."""
    texts = _texts(options)
    limits = [limit for name in _TIME if (limit := _count(texts.get(name))) is not None]
    memory = amounts.mib(texts.get("request_memory", ""))
    return Asked(
        _count(texts.get("request_cpus")), memory, min(limits, default=None), _count(texts.get("request_gpus"))
    )


def asking(options: Mapping[str, Any], wanted: Asked) -> dict[str, Any]:
    """Return the options with what is wanted in place of what they ask for; what it does not say stays.

    A time limit is only changed: without one, a job may take as long as the pool lets it.
    """
    changes: dict[str, Any] = {}
    if wanted.cpus is not None:
        changes["request_cpus"] = math.ceil(wanted.cpus)
    if wanted.memory_mib is not None:
        changes["request_memory"] = f"{math.ceil(wanted.memory_mib)}MB"
    if wanted.gpus and wanted.gpus != _count(_texts(options).get("request_gpus")):
        changes["request_gpus"] = math.ceil(wanted.gpus)
    present = {key.strip().lower() for key in options}
    if wanted.time_s is not None:
        changes |= dict.fromkeys((name for name in _TIME if name in present), math.ceil(wanted.time_s))
    found = {key: changes.pop(key.strip().lower(), value) for key, value in options.items()}
    return found | changes


def _texts(options: Mapping[str, Any]) -> dict[str, str]:
    return {key.strip().lower(): str(value).strip() for key, value in options.items()}


def _count(text: str | None) -> int | None:
    return int(text) if text and text.isascii() and text.isdecimal() and len(text) < 12 else None
