"""A run in terms of sbatch: its arrays, the call for each, and the script on stdin. All pure functions.

A run of one group is a plain job. Other runs are arrays, whose indices are the groups' numbers, less an offset if
the cluster allows fewer indices than there are groups.
"""

from __future__ import annotations

import re
import shlex
from dataclasses import dataclass
from pathlib import Path

from qanat.domain import spans
from qanat.domain.job import JOBS_SHOWN, JobBatch
from qanat.runners.slurm import flags, order
from qanat.runners.submitting import job_script

OUTPUT = "slurm.out"
# In the comment of every job, or in its name if the template sets a comment: intent and offset.
_SPANS = re.compile(r"(?<!\d)(\d{1,10})(?:-(\d{1,10}))?(?::(\d{1,10}))?(?:,|$)")
MARKED = re.compile(r"qanat:([0-9a-f]+):(\d+)(?![0-9a-z])")


@dataclass(frozen=True, slots=True)
class Array:
    """The part of a batch in one call of sbatch: index + `offset` is the group."""

    offset: int
    groups: tuple[int, ...]
    alone: bool = False

    def name_of(self, number: str, group: int) -> str:
        """Return Slurm's name for a group's job, given the array's or plain job's number: 812_3, or 812."""
        return number if self.alone else f"{number}_{group - self.offset}"


def arrays(batch: JobBatch, size: int) -> list[Array]:
    """Split a batch into as few arrays as possible with indices below size."""
    if len(batch.jobs) == 1:
        return [Array(batch.jobs[0].group, (batch.jobs[0].group,), alone=True)]
    parts: dict[int, list[int]] = {}
    for job in batch.jobs:
        parts.setdefault(job.group // size, []).append(job.group)
    return [Array(number * size, tuple(groups)) for number, groups in parts.items()]


def command(batch: JobBatch, array: Array, after: str = "") -> list[str]:
    """Return the call of sbatch; everything is a flag, because flags override variables and `#SBATCH` lines.

    `after` is the previous array, if only a limited number of the run's groups may run at once: since every
    array has a limit of its own, one waits for the other.
    """
    mark = f"qanat:{batch.intent}:{array.offset}"
    own_comment = "comment" in map(flags.long_name, batch.options)
    arguments = ["sbatch", "--parsable", f"--job-name={batch.name}{f'-{mark}' if own_comment else ''}"]
    arguments += [] if own_comment else [f"--comment={mark}"]
    arguments += ["--requeue"] if batch.jobs[0].checkpoint else []
    arguments += [f"--output={_literal(batch.folder / OUTPUT)}", "--open-mode=append"]
    if not array.alone:
        throttle = f"%{batch.max_running}" if batch.max_running else ""
        arguments.append(f"--array={spans.format_spans(g - array.offset for g in array.groups)}{throttle}")
    arguments += [order.HOLD] if batch.held else []
    return arguments + flags.arguments(order.options(batch, [f"afterany:{after}"] if after else []))


def _literal(path: Path) -> str:
    """Return a path escaped so that sbatch replaces nothing in it."""
    return str(path).replace("\\", "\\\\").replace("%", "%%")


def numbers_in(text: str) -> list[int]:
    """Parse indices as Slurm writes them: 0-3,7%2 is 0, 1, 2, 3 and 7; with a step, 0-8:4 is 0, 4 and 8."""
    found: list[int] = []
    for first, last, step in _SPANS.findall(text.partition("%")[0]):
        found += range(int(first), int(last or first) + 1, int(step or 1))
    return found


def script(batch: JobBatch, array: Array) -> str:
    """Return an array's script: it finds the group and starts the run's own script."""
    again = {job.group: job.attempt for job in batch.jobs if job.attempt > 1}
    attempts = "".join(f"    {group}) attempt={again[group]} ;;\n" for group in array.groups if group in again)
    if array.alone:
        job = batch.jobs[0]
        find = f"group={job.group} here={shlex.quote(str(job.storage))}\n"
    else:
        stem = shlex.quote(str(batch.folder / "group_"))
        find = f"group=$((SLURM_ARRAY_TASK_ID + {array.offset}))\nhere={stem}$group\n"
    choose = f"case $group in\n{attempts}esac\n" if attempts else ""
    path = shlex.quote(str(batch.folder / job_script.JOB_SCRIPT))
    start = f'exec /bin/sh {path} "$here" "$attempt" "$group"'
    mark = f"qanat:{batch.intent}:{array.offset}"
    return f"#!/bin/sh\n# Written by qanat for run {batch.run_id}: {mark}\n{find}attempt=1\n{choose}{start}\n"


def preview(batch: JobBatch, size: int) -> str:
    """Return every call of sbatch with its script, and the scripts of the first job."""
    parts = []
    every = arrays(batch, size)
    shown = every if batch.in_full else every[:JOBS_SHOWN]
    for number, array in enumerate(shown):
        after = "ID_OF_THE_ARRAY_BEFORE" if number and batch.max_running else ""
        parts.append(f"{shlex.join(command(batch, array, after))} <<'QANAT'\n{script(batch, array)}QANAT\n")
    parts += [f"# and {len(every) - len(shown):,} more\n"] if every[len(shown) :] else []
    return "\n".join([*parts, job_script.preview(batch, flags.stopping(batch.options))])
