"""Calling Slurm's programs, and asking the cluster about itself."""

from __future__ import annotations

import os
import re
import threading
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from qanat.domain.shortening import shortened
from qanat.errors import RunnerUnavailable
from qanat.system import programs
from qanat.system.programs import Finished

PING_S = 1.5
ASK_S = 8.0
ANSWER_MAX = 100
# Settings in users' environments could hide jobs from these programs, or make them prompt or wait.
# sbatch keeps such settings, except those that turn one job into several or its answer into a wait.
_UNSET = re.compile(r"(SQUEUE|SACCT|SCANCEL|SCONTROL)_|SBATCH_(ARRAY_INX|WAIT)$")
# Full timestamps, and array indices written out however many there are.
_FORMS = {"SLURM_TIME_FORMAT": "standard", "SLURM_BITSTR_LEN": "0"}
# Slurm's own defaults, used if the controller cannot be asked.
ARRAY_SIZE = 1001
JOBS = 10_000


@dataclass(frozen=True, slots=True)
class Limits:
    """A cluster's name, how many indices an array may have, and how many jobs the cluster accepts.

    `requeues` says that the cluster reruns programs that end with certain exit codes.
    """

    cluster: str = ""
    array_size: int = ARRAY_SIZE
    jobs: int = JOBS
    requeues: bool = False


def call(
    arguments: Sequence[str],
    *,
    timeout_s: float = ASK_S,
    cwd: Path = Path("/"),
    stdin: bytes = b"",
    without: Sequence[str] = (),
) -> Finished:
    """Run a program of Slurm, without some variables. Raises RunnerUnavailable if it is missing or takes too long."""
    names = {*filter(_UNSET.match, os.environ), *without}
    unset = [part for name in sorted(names) for part in ("-u", name)]
    command = ["env", *unset, *arguments] if unset else arguments
    return programs.run(command, cwd=cwd, stdin=stdin, env=_FORMS, timeout_s=timeout_s)


def stderr_text(done: Finished) -> str:
    """Return a program's error message on one line."""
    message = " ".join(done.err.decode("utf-8", "replace").split())
    return message or f"exit status {done.status}"


def ping() -> None:
    """Raise RunnerUnavailable if Slurm is not installed or its controller does not answer."""
    done = call(["scontrol", "ping"], timeout_s=PING_S)
    if done.status != 0 or b" UP" not in done.out:
        raise RunnerUnavailable(
            f"Slurm's controller does not answer: {_first_line(done.out + done.err)}", hint="see: scontrol ping"
        )


def _first_line(text: bytes) -> str:
    """Return the first line of what scontrol printed, which may print a frame of asterisks after it."""
    lines = (line.strip("* \t") for line in text.decode("utf-8", "replace").splitlines())
    return shortened(next(filter(None, lines), "it gave no reason"), ANSWER_MAX)


def limits(config: str) -> Limits:
    """Return the limits that `show config` printed."""
    found = dict(re.findall(r"^(\w+)\s*=\s*(\S+)", config, re.MULTILINE))
    # The highest index is one less than MaxArraySize; 0 disables arrays.
    size = max(1, int(found.get("MaxArraySize", ARRAY_SIZE)))
    requeues = any(found.get(name, "(null)") != "(null)" for name in ("RequeueExit", "RequeueExitHold"))
    return Limits(found.get("ClusterName", ""), size, int(found.get("MaxJobCount", JOBS)), requeues)


def show_config(cluster: Sequence[str] = ()) -> str:
    """Ask the controller for its configuration; `cluster` are arguments such as `-M NAME`.

    Call ping() before: if nobody answers, `show config` takes 9 s to say so. Raises RunnerUnavailable.
    """
    return call(["scontrol", *cluster, "show", "config"]).out.decode("utf-8", "replace")


class Prefetch(threading.Thread):
    """A query for the configuration while this process does something else; it keeps no process from ending."""

    def __init__(self) -> None:
        super().__init__(daemon=True)
        self._found: str | Exception = ""

    def run(self) -> None:
        """Run the query."""
        try:
            ping()
            self._found = show_config()
        except Exception as error:  # noqa: BLE001  # it is raised where the answer is wanted
            self._found = error

    def answer(self) -> str:
        """Wait for the controller's output. Raises RunnerUnavailable."""
        self.join()
        if isinstance(self._found, Exception):
            raise self._found
        return self._found
