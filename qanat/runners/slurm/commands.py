"""Calling Slurm's programs, and what the cluster says of itself."""

from __future__ import annotations

import os
import re
import threading
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from qanat.errors import RunnerUnavailable
from qanat.system import programs
from qanat.system.programs import Finished

PING_S = 1.5
ASK_S = 8.0
# What its users' environments may say to these programs would hide jobs from us, or make them ask or wait;
# what it says to sbatch is meant, but for what makes one job into several and an answer into a wait.
_UNSET = re.compile(r"(SQUEUE|SACCT|SCANCEL|SCONTROL)_|SBATCH_(ARRAY_INX|WAIT)$")
# Whole times, and indices of arrays written out however many there are.
_FORMS = {"SLURM_TIME_FORMAT": "standard", "SLURM_BITSTR_LEN": "0"}
# Slurm's own defaults, where nobody can be asked.
ARRAY_SIZE = 1001
JOBS = 10_000


@dataclass(frozen=True, slots=True)
class Limits:
    """What a cluster is called, how many indices an array may have, and how many jobs the cluster takes.

    `requeues` says that it runs programs again that end with certain exit codes.
    """

    cluster: str = ""
    array_size: int = ARRAY_SIZE
    jobs: int = JOBS
    requeues: bool = False


def call(words: Sequence[str], *, timeout_s: float = ASK_S, cwd: Path = Path("/"), stdin: bytes = b"") -> Finished:
    """Run one of Slurm's programs. Raises RunnerUnavailable when it is not there or takes too long."""
    unset = [word for name in sorted(os.environ) if _UNSET.match(name) for word in ("-u", name)]
    command = ["env", *unset, *words] if unset else words
    return programs.run(command, cwd=cwd, stdin=stdin, env=_FORMS, timeout_s=timeout_s)


def said(done: Finished) -> str:
    """Give what a program complained of, on one line."""
    words = " ".join(done.err.decode("utf-8", "replace").split())
    return words or f"exit status {done.status}"


def ping() -> None:
    """Raise RunnerUnavailable when there is no Slurm, or its controller does not answer."""
    done = call(["scontrol", "ping"], timeout_s=PING_S)
    if done.status != 0 or b" UP" not in done.out:
        answer = " ".join((done.out + done.err).decode("utf-8", "replace").split())
        raise RunnerUnavailable(f"Slurm's controller does not answer: {answer}", hint="see: scontrol ping")


def ask_ahead() -> None:
    """Begin to ask the controller for its limits, which takes as long as much else that a submission needs."""
    _AHEAD[:] = [_Ahead()]
    _AHEAD[0].start()


def limits(cluster: Sequence[str] = ()) -> Limits:
    """Ask the controller for its limits; `cluster` are words such as `-M NAME`.

    Raises RunnerUnavailable when there is no Slurm, or its controller does not answer.
    """
    text = _AHEAD.pop().answer() if _AHEAD and not cluster else _config(cluster)
    found = dict(re.findall(r"^(\w+)\s*=\s*(\S+)", text, re.MULTILINE))
    # The highest index is one less than MaxArraySize; 0 turns arrays off.
    size = max(1, int(found.get("MaxArraySize", ARRAY_SIZE)))
    requeues = any(found.get(name, "(null)") != "(null)" for name in ("RequeueExit", "RequeueExitHold"))
    return Limits(found.get("ClusterName", ""), size, int(found.get("MaxJobCount", JOBS)), requeues)


def _config(cluster: Sequence[str] = ()) -> str:
    # Where nobody answers, `show config` takes 9 s to say so.
    ping()
    return call(["scontrol", *cluster, "show", "config"]).out.decode("utf-8", "replace")


class _Ahead(threading.Thread):
    """A question that is asked while this process does something else; it keeps nobody from ending."""

    def __init__(self) -> None:
        super().__init__(daemon=True)
        self._found: str | RunnerUnavailable = ""

    def run(self) -> None:
        """Ask."""
        try:
            self._found = _config()
        except RunnerUnavailable as error:
            self._found = error

    def answer(self) -> str:
        """Wait for what the controller prints. Raises RunnerUnavailable."""
        self.join()
        if isinstance(self._found, RunnerUnavailable):
            raise self._found
        return self._found


_AHEAD: list[_Ahead] = []
