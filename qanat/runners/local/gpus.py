"""What local jobs use of NVIDIA GPUs, as nvidia-smi tells it."""

from __future__ import annotations

import shutil
import subprocess
import threading
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

_TIME_S = 10.0


@dataclass(slots=True)
class _Seen:
    """The most memory, and how busy the GPUs of a group were each time they were looked at."""

    memory_mib: int = 0
    percents: list[int] = field(default_factory=list)


class Gpus:
    """Asks nvidia-smi in a thread, since that can take seconds; knows nothing where there is none."""

    def __init__(self) -> None:
        self._program = shutil.which("nvidia-smi")
        self._seen: dict[int, _Seen] = {}
        self._thread: threading.Thread | None = None

    def look(self, groups: Mapping[int, int]) -> None:
        """Begin to look at what these processes use, each of which belongs to a group."""
        if self._program and not (self._thread and self._thread.is_alive()):
            self._thread = threading.Thread(target=self._look, args=(groups,), daemon=True)
            self._thread.start()

    def used(self, group: int) -> tuple[int | None, int | None]:
        """Return the most memory of GPUs in MiB that a group had, and their average use in percent; None if unknown."""
        seen = self._seen.pop(group, None)
        if seen is None:
            return None, None
        return seen.memory_mib, round(sum(seen.percents) / len(seen.percents)) if seen.percents else None

    def _look(self, groups: Mapping[int, int]) -> None:
        memory: dict[int, int] = {}
        devices: dict[int, set[str]] = {}
        for device, pid, mib in self._ask("compute-apps", "gpu_uuid,pid,used_memory", 3):
            group = groups.get(int(pid)) if pid.isdecimal() else None
            if group is not None:
                memory[group] = memory.get(group, 0) + (int(mib) if mib.isdecimal() else 0)
                devices.setdefault(group, set()).add(device)
        if not memory:
            return
        busy = {device: int(use) for device, use in self._ask("gpu", "uuid,utilization.gpu", 2) if use.isdecimal()}
        for group, total in memory.items():
            seen = self._seen.setdefault(group, _Seen())
            seen.memory_mib = max(seen.memory_mib, total)
            seen.percents += [percent for device, percent in busy.items() if device in devices[group]]

    def _ask(self, what: str, columns: str, count: int) -> Iterator[list[str]]:
        words = [str(self._program), f"--query-{what}={columns}", "--format=csv,noheader,nounits"]
        try:
            done = subprocess.run(words, capture_output=True, text=True, errors="replace", timeout=_TIME_S, check=False)
        except (OSError, subprocess.TimeoutExpired):
            return
        for line in done.stdout.splitlines():
            cells = [cell.strip() for cell in line.split(",")]
            if len(cells) == count:
                yield cells
