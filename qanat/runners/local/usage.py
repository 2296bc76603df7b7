"""What local jobs use: CPU time as the kernel counts it, and memory as it is seen from time to time.

The kernel tells the CPU time of all processes that a shell has waited for, but the memory only of the largest, and
not less than that of the process that has started the shell (vfork). So the peaks of all processes of a job are read
while it runs, rarely if that costs much.
"""

from __future__ import annotations

import contextlib
import math
import os
import sys
import time
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from qanat.domain.used import Used

if TYPE_CHECKING:
    from resource import struct_rusage

    from qanat.runners.local.gpus import Gpus

FIRST_S, RAREST_S = 0.1, 5.0
# What looking may cost at once, and then of the time that has passed.
FREE_S, SHARE = 0.02, 0.02
# Short programs are not worth starting another one.
GPUS_FIRST_S, GPUS_EVERY_S = 6.0, 25.0
_ENVIRONMENT_BYTES = 2**17
_PROC_BYTES = 8192


@dataclass(slots=True)
class _Seen:
    """The most that the processes of a group have had at once, as far as that was seen."""

    memory_kib: int = 0
    cpu_ticks: int = 0


@dataclass(slots=True)
class Meter:
    """Looks at the processes of running groups, whose environments have `MARK=INTENT:GROUP`."""

    mark: str
    _seen: dict[int, _Seen] = field(default_factory=dict)
    _begun: float = 0.0
    _due: float = math.inf
    _every: float = FIRST_S
    _cost: float = 0.0
    _gpus_due: float = math.inf
    _gpus: Gpus | None = None

    def started(self) -> None:
        """Look often for a while, since a group has just started."""
        now = time.monotonic()
        self._begun = self._begun or now
        self._every = FIRST_S
        self._due = min(self._due, max(now + FIRST_S, self._affordable()))
        if self._gpus_due == math.inf:
            self._gpus_due = now + GPUS_FIRST_S

    def look(self, intent: str, shells: Collection[int]) -> None:
        """Look at the processes of a run's groups, if it is time to; the shells around the programs do not count."""
        now = time.monotonic()
        if now < self._due:
            return
        spent = time.process_time()
        families = _families(f"{self.mark}={intent}:".encode(), shells)
        for group, family in families.items():
            self._note(group, family)
        self._cost += time.process_time() - spent
        self._every = min(self._every * 2, RAREST_S)
        self._due = max(now + self._every, self._affordable())
        if now >= self._gpus_due:
            from qanat.runners.local.gpus import Gpus  # only for groups that take long

            self._gpus = self._gpus or Gpus()
            self._gpus.look({pid: group for group, family in families.items() for pid in family})
            self._gpus_due = now + GPUS_EVERY_S

    def used(self, group: int, usage: struct_rusage) -> Used:
        """Return what a group has used that has just ended, given the usage of its shell and what that waited for."""
        import resource

        seen = self._seen.pop(group, _Seen())
        cpu_s = max(usage.ru_utime + usage.ru_stime, seen.cpu_ticks / os.sysconf("SC_CLK_TCK"))
        memory_kib = seen.memory_kib
        if sys.platform == "linux" and usage.ru_maxrss > resource.getrusage(resource.RUSAGE_SELF).ru_maxrss:
            memory_kib = max(memory_kib, usage.ru_maxrss)
        memory_mib, percent = self._gpus.used(group) if self._gpus else (None, None)
        return Used(round(cpu_s, 2), math.ceil(memory_kib / 1024) or None, memory_mib, percent)

    def _affordable(self) -> float:
        return self._begun + (self._cost - FREE_S) / SHARE

    def _note(self, group: int, family: Sequence[int]) -> None:
        memory_kib = cpu_ticks = 0
        for pid in family:
            with contextlib.suppress(OSError, ValueError, IndexError):
                memory_kib += _peak_kib(pid, is_alone=len(family) == 1)
                fields = _read(f"/proc/{pid}/stat").rpartition(b")")[2].split()
                cpu_ticks += sum(map(int, fields[11:15]))
        seen = self._seen.setdefault(group, _Seen())
        seen.memory_kib = max(seen.memory_kib, memory_kib)
        seen.cpu_ticks = max(seen.cpu_ticks, cpu_ticks)


def _families(needle: bytes, shells: Collection[int]) -> Mapping[int, list[int]]:
    """Return the processes of each group: those with `needle` and its number in their environment."""
    found: dict[int, list[int]] = {}
    try:
        numbers = [int(name) for name in os.listdir("/proc") if name.isdigit()]  # noqa: PTH208  # hundreds
    except OSError:
        return found
    for pid in numbers:
        with contextlib.suppress(OSError, ValueError):
            _, mark, rest = (b"\0" + _read(f"/proc/{pid}/environ", _ENVIRONMENT_BYTES)).partition(b"\0" + needle)
            if mark and pid not in shells:
                found.setdefault(int(rest.partition(b"\0")[0]), []).append(pid)
    return found


def _peak_kib(pid: int, *, is_alone: bool) -> int:
    """Return the most memory that a process has had; if it is not alone, without the shares of others in it.

    These are estimated by what it shares now.
    """
    peak = _amount(_read(f"/proc/{pid}/status"), b"VmHWM:")
    if is_alone:
        return peak
    shares = _read(f"/proc/{pid}/smaps_rollup")
    return round(peak * _amount(shares, b"Pss:") / max(1, _amount(shares, b"Rss:"))) if shares else peak


def _amount(text: bytes, name: bytes) -> int:
    return int(text.partition(b"\n" + name)[2].split(None, 1)[0])


def _read(path: str, limit: int = _PROC_BYTES) -> bytes:
    descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        return os.read(descriptor, limit)
    finally:
        os.close(descriptor)
