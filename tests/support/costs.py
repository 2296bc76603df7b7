"""What a command costs: its time, its memory and its output, measured by the system for this process alone."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from tests.support.forks import FORKS
from tests.support.sandbox import PROGRAM, TIMEOUT_S

# A program that only starts takes about this much: Python, and the libraries that a command needs.
START_MIB = 60
# Of the memory of a fork, some pages of libraries are not counted before they are used.
SHARED_MIB = 16
# The system counts the memory of a process from before it became another program, so a small one starts it.
_STARTER = """\
import json, os, sys
process = os.posix_spawnp(sys.argv[2], sys.argv[2:], os.environ)
_, status, usage = os.wait4(process, 0)
with open(sys.argv[1], "w") as file:
    json.dump([os.waitstatus_to_exitcode(status), usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024], file)
"""


@dataclass(frozen=True, slots=True)
class Cost:
    """How a command ended, what it printed, its time of the processor and the most memory it had."""

    code: int
    out: bytes
    err: bytes
    cpu_s: float
    peak_mib: float

    @property
    def extra_mib(self) -> float:
        """The memory above that of a program that only starts."""
        return self.peak_mib - START_MIB

    def __repr__(self) -> str:
        return (
            f"Cost(code={self.code}, out={self.out[:200]!r} of {len(self.out)}, "
            f"err={self.err[-500:]!r} of {len(self.err)}, cpu_s={self.cpu_s:.2f}, peak_mib={self.peak_mib:.0f})"
        )


def cost_of(
    words: Sequence[str], cwd: Path, *, env: dict[str, str] | None = None, program: Sequence[str] = PROGRAM
) -> Cost:
    """Run a qanat command without a terminal, and measure it."""
    command = [*program, *words]
    if FORKS.can_run(command, surroundings := os.environ | (env or {})):
        done = FORKS.run(command, cwd=cwd, env=surroundings, timeout_s=TIMEOUT_S)
        return Cost(done.returncode, done.stdout, done.stderr, done.cpu_s, START_MIB + SHARED_MIB + done.beyond_mib)
    with tempfile.TemporaryDirectory() as folder:
        out, err, measured = (Path(folder) / name for name in ("out", "err", "measured"))
        with out.open("wb") as out_file, err.open("wb") as err_file:
            starter = [sys.executable, "-I", "-S", "-c", _STARTER, str(measured), *command]
            subprocess.run(
                starter,
                cwd=cwd,
                env=surroundings,
                stdin=subprocess.DEVNULL,
                stdout=out_file,
                stderr=err_file,
                check=True,
            )
        return Cost(*_reordered(json.loads(measured.read_text()), out.read_bytes(), err.read_bytes()))


def _reordered(measured: list[float], out: bytes, err: bytes) -> tuple[int, bytes, bytes, float, float]:
    code, cpu_s, peak_mib = measured
    return int(code), out, err, cpu_s, peak_mib
