"""What a submission asked of its scheduler for each group, whatever the options of that scheduler are called."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Asked:
    """What each group may use; None is what the options do not say, or not as a number."""

    cpus: int | None = None
    memory_mib: float | None = None
    time_s: float | None = None
    gpus: int | None = None
