"""`qanat ui` with an open page while nothing happens."""

from __future__ import annotations

import os
import signal
import subprocess
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.client import HTTPConnection
from pathlib import Path

from benchmarks import projects
from benchmarks.budgets import Budget, Measured
from benchmarks.clock import tell
from benchmarks.listing import SETTLED_S
from benchmarks.projects import QANAT, Place

EXPERIMENT = "watched"
RUNS = 1_000
# After it, looks are as rare as they become.
QUIET_S, MEASURED_S = 15, 30
CPU_S, MEMORY_MB = 0.1, 80


def open_page(place: Place) -> Iterator[Measured]:
    """Measure what an open page costs in a project that has 1,000 runs; on Linux only."""
    if not Path("/proc/self/stat").exists():
        tell("note: the time of a process is measured on Linux only")
        return
    root = projects.make(place.folder / "watched-runs", EXPERIMENT)
    projects.add_records(root, EXPERIMENT, RUNS)
    time.sleep(SETTLED_S)
    with _served(root) as pid:
        time.sleep(QUIET_S)
        before = _cpu_s(pid)
        time.sleep(MEASURED_S)
        what = f"`qanat ui` of {RUNS:,} runs, a page open for {MEASURED_S} s"
        yield Measured(f"{what}: time of a processor", [_cpu_s(pid) - before], budget=Budget(0, CPU_S))
        yield Measured(f"{what}: memory", [_memory_mb(pid)], budget=Budget(0, MEMORY_MB), unit="MB")


@contextmanager
def _served(root: Path) -> Iterator[int]:
    """Serve a page, hold its stream open as a browser does, and yield the number of the process."""
    with subprocess.Popen([QANAT, "ui", "--no-browser"], cwd=root, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        _, _, address = process.stdout.readline().strip().partition(" at http://")
        host, token, _ = address.split("/")
        connection = HTTPConnection(host)
        connection.request("GET", f"/{token}/events?1")
        answer = connection.getresponse()
        threading.Thread(target=answer.read, daemon=True).start()
        try:
            yield process.pid
        finally:
            process.send_signal(signal.SIGINT)


def _cpu_s(pid: int) -> float:
    """Return the time that a process and the programs that it has started took until now."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return sum(map(int, fields[11:15])) / os.sysconf("SC_CLK_TCK")


def _memory_mb(pid: int) -> float:
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("VmRSS")) / 1_000
