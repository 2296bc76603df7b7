"""What a group used: CPU time, memory, and of GPUs, as far as the machine that ran it could tell."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

# More than any machine has, or any group has taken.
_MOST: Mapping[str, float] = {"cpu_s": 1e12, "memory_mib": 2**40, "gpu_memory_mib": 2**40, "gpu_percent": 100}
NAMES = tuple(_MOST)
_NUMBERS_IN_NOTE = 6


@dataclass(frozen=True, slots=True)
class Used:
    """What the processes of a group used together; None stands for what is not known.

    `cpu_s` is their CPU time. `memory_mib` is the most memory that they had at once, `gpu_memory_mib` the same of the
    memory of GPUs, and `gpu_percent` how busy these GPUs were on average.
    """

    cpu_s: float | None = None
    memory_mib: int | None = None
    gpu_memory_mib: int | None = None
    gpu_percent: int | None = None

    def to_mapping(self) -> dict[str, float]:
        """Return what is known, as records have it."""
        values = {name: getattr(self, name) for name in _MOST}
        return {name: value for name, value in values.items() if value is not None}


def parse(content: Any) -> Used | None:
    """Return what a file says, which any program may have written: None without a value that can be."""
    found: dict[str, Any] = {}
    for name, most in _MOST.items():
        value: Any = content.get(name) if isinstance(content, Mapping) else None
        if type(value) in (int, float) and 0 <= value <= most:  # NaN is not
            found[name] = round(value, 2) if name == "cpu_s" else math.ceil(value)
    return Used(**found) if found else None


def parse_notes(text: str, group: int) -> Used | None:
    """Return what the shells of a job had noted of a group until they were killed; None if they had nothing.

    A line has the number of the group, its memory in KiB, its CPU time in hundredths of a second, its memory of GPUs in
    MiB, and the sum and the count of percents.
    """
    rows = [line.split() for line in text.splitlines(keepends=True) if line.endswith("\n")]
    known = [row for row in rows if len(row) == _NUMBERS_IN_NOTE and all(n.isdecimal() and len(n) < 19 for n in row)]
    last = next((row for row in reversed(known) if int(row[0]) == group), None)
    if last is None:
        return None
    _, memory, cpu, gpu, percents, looks = map(int, last)
    gpus = {"gpu_memory_mib": gpu, "gpu_percent": percents // looks} if looks else {}
    return parse({"cpu_s": cpu / 100, "memory_mib": memory / 1024, **gpus})
