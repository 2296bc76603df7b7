"""Which options of a scheduler limit the memory and the time of a job."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from qanat.domain.requests import Request, Requests

_LIMITS = {
    "memory": frozenset({Request.MEMORY, Request.MEMORY_PER_CPU, Request.MEMORY_PER_GPU}),
    "time": frozenset({Request.TIME}),
}


def find(options: Mapping[str, Any], requests: Requests, name_of: Callable[[str], str]) -> dict[str, list[str]]:
    """Return the options that limit `memory`, and those that limit `time`; `name_of` returns a key's canonical name."""
    return {what: [key for key in options if requests.get(name_of(key)) in asked] for what, asked in _LIMITS.items()}
