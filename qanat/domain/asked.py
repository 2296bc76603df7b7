"""What a submission asked of its scheduler for each job, whatever the options of that scheduler are called."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Asked:
    """What a job may use; None is what the options do not say, or not as a number."""

    cpus: float | None = None
    memory_mib: float | None = None
    time_s: float | None = None
    gpus: float | None = None
