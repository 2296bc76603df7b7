"""Timing commands and calls that take turns in every round."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

# getrusage(2) counts in kilobytes on Linux and in bytes on macOS.
_RSS_UNITS_IN_MB = 1_000_000 if sys.platform == "darwin" else 1_000


@dataclass(frozen=True, slots=True)
class Cost:
    """What one execution took: its wall-clock time, its peak memory, and its time of a processor."""

    seconds: float
    peak_mb: float = 0.0
    cpu_s: float = 0.0


Side = Callable[[], Cost]
Command = Sequence[str | Path]


def command(arguments: Command, cwd: Path, stdin: str = "") -> Side:
    """Return a side of a comparison that runs a command and discards its output."""
    return lambda: cost_of_command([str(part) for part in arguments], cwd, stdin)


def cost_of_command(arguments: Sequence[str], cwd: Path, stdin: str = "") -> Cost:
    """Run a command to its end. Raises CalledProcessError, with the command's stderr, if it fails."""
    # A process's peak includes the memory of the process that started it, so this one stays small.
    with tempfile.TemporaryFile() as given, tempfile.TemporaryFile() as errors:
        given.write(stdin.encode())
        given.seek(0)
        start = time.perf_counter()
        process = subprocess.Popen(arguments, cwd=cwd, stdin=given, stdout=subprocess.DEVNULL, stderr=errors)
        _, status, usage = os.wait4(process.pid, 0)
        seconds = time.perf_counter() - start
        process.returncode = os.waitstatus_to_exitcode(status)
        if process.returncode != 0:
            errors.seek(0)
            raise subprocess.CalledProcessError(process.returncode, arguments, stderr=errors.read().decode())
    return Cost(seconds, usage.ru_maxrss / _RSS_UNITS_IN_MB, usage.ru_utime + usage.ru_stime)


def call(work: Callable[[], object]) -> Side:
    """Return a side of a comparison that makes a call in this process."""

    def timed() -> Cost:
        start = time.perf_counter()
        work()
        return Cost(time.perf_counter() - start)

    return timed


def alternate(what: str, rounds: int, *sides: Side, warm_up: bool = True) -> list[list[Cost]]:
    """Let the sides take turns and return the costs of each; by default an extra first turn is not counted."""
    taken: list[list[Cost]] = [[] for _ in sides]
    for number in range(0 if warm_up else 1, rounds + 1):
        tell(f"{what}: {f'round {number} of {rounds}' if number else 'warming up'}", passing=True)
        for side, costs in zip(sides, taken, strict=True):
            cost = side()
            if number:
                costs.append(cost)
    return taken


def seconds(costs: Sequence[Cost]) -> list[float]:
    """Return the times alone."""
    return [cost.seconds for cost in costs]


def tell(text: str, *, passing: bool = False) -> None:
    """Print progress to stderr; `passing` text appears only on a terminal, until the next line is written."""
    if sys.stderr.isatty():
        print(f"\x1b[K{text}", end="\r" if passing else "\n", file=sys.stderr, flush=True)
    elif not passing:
        print(text, file=sys.stderr, flush=True)
