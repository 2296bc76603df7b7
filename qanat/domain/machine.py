"""The machine that a program ran on, apart from its name: machines of one kind are the same."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

FILE = "machine.txt"
TEXT_MAX = 8 * 2**10
VALUE_MAX = 200
GPUS_MAX = 64
_NUMBER = re.compile(r"[0-9]+")
VERSION = re.compile(r"(?<![0-9.])[0-9]++(?:\.[0-9]++)++")
_RANGE = re.compile(r"([0-9]{1,9})(?:-([0-9]{1,9}))?")
_KIB_PER_GIB = 2**20


@dataclass(frozen=True, slots=True)
class Machine:
    """What a machine is; what is empty or 0 is unknown.

    `kernel` is its name, version and architecture, `cpus` counts the processors that are online, `driver` is the
    version of that of its GPUs.
    """

    system: str = ""
    kernel: str = ""
    cpu: str = ""
    cpus: int = 0
    memory_gib: int = 0
    gpus: tuple[str, ...] = ()
    driver: str = ""

    def as_mapping(self) -> dict[str, Any]:
        """Return what is known, in the order of the file."""
        values = {name: getattr(self, name) for name in self.__slots__}
        return {name: value for name, value in values.items() if value}

    @property
    def described(self) -> str:
        """What it is, for display: `Debian GNU/Linux 12, 64 x AMD EPYC 7543, 252 GiB, 4 x NVIDIA A100`."""
        parts = [self.system or self.kernel]
        parts += [f"{self.cpus} x {self.cpu or 'CPU'}"] if self.cpus else [self.cpu]
        parts += [f"{self.memory_gib:,} GiB"] if self.memory_gib else []
        parts += [f"{self.gpus.count(gpu)} x {gpu}" for gpu in dict.fromkeys(self.gpus)]
        return ", ".join(filter(None, parts))


def parse(text: str) -> Machine:
    """Parse lines of a name and a value, as the kernel says it; what is not understood is left out."""
    found: dict[str, list[str]] = {}
    for line in text[:TEXT_MAX].splitlines():
        name, _, value = line.partition(" ")
        value = " ".join(value.strip("\"' \t").split())
        if value and value.isprintable() and len(value) <= VALUE_MAX:
            found.setdefault(name, []).append(value)
    one = {name: values[0] for name, values in found.items()}
    gpus = [value.removeprefix("Model:").strip() for value in found.get("gpu", ())]
    memory = _NUMBER.search(one.get("memory", ""))
    driver = VERSION.search(one.get("driver", ""))
    return Machine(
        system=one.get("system", ""),
        kernel=one.get("kernel", ""),
        cpu=one.get("cpu", ""),
        cpus=_count(one.get("cpus", "")),
        memory_gib=round(int(memory[0][:15]) / _KIB_PER_GIB) if memory else 0,
        gpus=tuple(filter(None, gpus[:GPUS_MAX])),
        driver=driver[0] if driver else "",
    )


def _count(ranges: str) -> int:
    """Return how many numbers ranges such as `0-63,96` have; 0 if they are not ranges."""
    count = 0
    for part in ranges.split(","):
        if not (match := _RANGE.fullmatch(part)):
            return 0
        count += max(0, int(match[2] or match[1]) - int(match[1]) + 1)
    return count


def differences(before: Machine, after: Machine) -> list[str]:
    """List how a machine differs from another one, as phrases such as `memory 504 GiB, was 252 GiB`."""
    return list(_differences(before, after))


def _differences(before: Machine, after: Machine) -> Iterator[str]:
    for name in ("system", "kernel", "cpu", "cpus", "memory_gib", "gpus", "driver"):
        old, new = getattr(before, name), getattr(after, name)
        if old != new:
            unit = " GiB" if name == "memory_gib" else ""
            values = [", ".join(v) if isinstance(v, tuple) else str(v or "") for v in (new, old)]
            yield f"{_LABELS.get(name, name)} {', was '.join(f'{v}{unit}' if v else 'unknown' for v in values)}"


_LABELS = {"cpu": "CPU", "cpus": "CPUs", "memory_gib": "memory", "gpus": "GPUs", "driver": "GPU driver"}
