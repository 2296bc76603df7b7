"""Jobs that wait for others: how they are held, and the job of the local universe that releases them.

A cluster whose jobs the schedd creates as needed is paused instead of held: jobs that it creates after a release would
be held like those before (23.9).
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from qanat.runners.htcondor import quoting

HELD = {"hold": "true"}
# The code of a hold that the submission asked for.
SUBMITTED_ON_HOLD = 15
# How many jobs a paused cluster will have: HTCondor does not say so before it has created the first.
JOBS = "QanatJobs"
# Why the job is in the queue; its value is what the job runs, so that one is enough for all runs of a project.
ATTENDS = "QanatAttends"
# What qanat, git and the schedulers need to find themselves and the user's settings.
_VARIABLES = re.compile(
    r"(PATH|HOME|USER|LOGNAME|SHELL|LANG|LC_\w+|TZ|LD_LIBRARY_PATH|PYTHONPATH|VIRTUAL_ENV|XDG_\w+|GIT_(CONFIG|AUTHOR|COMM)\w+"
    r"|QANAT_\w+|CONDOR_CONFIG|_CONDOR_\w+|SLURM_CONF)\Z"
)
_LINE_BREAK = re.compile(r"[\r\n]")


def not_too_early(expression: str) -> str:
    """Return an expression for periodic_release that leaves jobs alone which are held since their submission."""
    return f"(HoldReasonCode =!= {SUBMITTED_ON_HOLD}) && ({expression})"


def paused(jobs: int) -> dict[str, str]:
    """Return the settings of a cluster that does not create any of its jobs before it is released."""
    return {"My.JobMaterializePaused": "1", f"My.{JOBS}": str(jobs)}


def attendant(command: Sequence[str], variables: Mapping[str, str]) -> dict[str, str]:
    """Return the description of a job on the schedd's machine that runs a command with some of these variables."""
    chosen = {n: v for n, v in sorted(variables.items()) if _VARIABLES.match(n) and not _LINE_BREAK.search(v)}
    return {
        "universe": "local",
        "executable": quoting.literal(command[0]),
        "transfer_executable": "false",
        "arguments": quoting.arguments(command[1:]),
        "environment": quoting.arguments(f"{name}={value}" for name, value in chosen.items()),
        "initialdir": "/",
        "output": "/dev/null",
        "error": "/dev/null",
        "batch_name": "qanat keep-order",
        f"My.{ATTENDS}": quoting.string(" ".join(command)),
    }


def idle_attendant(command: Sequence[str]) -> str:
    """Return the expression that matches such a job that has not started yet, and so will see what is noted now."""
    return f"{ATTENDS} == {quoting.string(' '.join(command))} && JobStatus == 1"
