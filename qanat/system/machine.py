"""What this machine is, as the kernel says it; the script of submitted jobs writes the same lines (domain.machine)."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

LINES_MAX = 40
_NVIDIA = Path("/proc/driver/nvidia")
_PLACES = (
    ("system", "/etc/os-release", "PRETTY_NAME="),
    ("cpu", "/proc/cpuinfo", "model name"),
    ("cpus", "/sys/devices/system/cpu/online", ""),
    ("memory", "/proc/meminfo", "MemTotal:"),
    ("driver", str(_NVIDIA / "version"), ""),
)


def name() -> str:
    """Return the name of this machine, which may lack its domain."""
    return os.uname().nodename


def full_name() -> str:
    """Return the name of this machine with its domain, as far as that can be found out."""
    import socket  # few need it, and it may ask a server

    return socket.getfqdn()


def describe() -> str:
    """Return lines of a name and a value; what this system does not say is left out."""
    kernel = os.uname()
    lines = [f"kernel {kernel.sysname} {kernel.release} {kernel.machine}"]
    for name, place, start in _PLACES:
        lines += [f"{name} {value}" for value in _first(Path(place), start)]
    for gpu in sorted(_NVIDIA.glob("gpus/*/information")):
        lines += [f"gpu {value}" for value in _first(gpu, "Model:")]
    return "\n".join(lines)


def _first(place: Path, start: str) -> Iterator[str]:
    """Yield what follows a text at the start of one of the first lines of a file."""
    try:
        with place.open(encoding="utf-8", errors="replace") as file:
            for _, line in zip(range(LINES_MAX), file, strict=False):
                if line.startswith(start):
                    yield line.removeprefix(start).lstrip(" \t:").strip()
                    return
    except OSError:
        return
