"""What a run is for sbatch: its arrays, the call of each, and the script on its stdin. All pure functions.

A run of one group is a plain job. Others are arrays whose indices are the groups' numbers less an offset, where
a cluster allows fewer indices than there are groups.
"""

from __future__ import annotations

import re
import shlex
from dataclasses import dataclass
from pathlib import Path

from qanat.domain import spans
from qanat.domain.job import JobBatch
from qanat.runners.slurm import flags
from qanat.runners.submitting import job_script

OUTPUT = "slurm.out"
# In the comment of every job, or in its name where the template has a comment of its own: intent and offset.
MARKED = re.compile(r"qanat:([0-9a-f]+):(\d+)(?![0-9a-z])")


@dataclass(frozen=True, slots=True)
class Array:
    """Part of a batch that is one call of sbatch: `offset` is added to an index to give the group."""

    offset: int
    groups: tuple[int, ...]
    alone: bool = False

    def name_of(self, number: str, group: int) -> str:
        """Give what Slurm calls the job of a group when it calls this `number`: 812_3, or 812 for a plain job."""
        return number if self.alone else f"{number}_{group - self.offset}"


def arrays(batch: JobBatch, size: int) -> list[Array]:
    """Cut a batch into as few arrays as have indices below size."""
    if len(batch.jobs) == 1:
        return [Array(batch.jobs[0].group, (batch.jobs[0].group,), alone=True)]
    parts: dict[int, list[int]] = {}
    for job in batch.jobs:
        parts.setdefault(job.group // size, []).append(job.group)
    return [Array(number * size, tuple(groups)) for number, groups in parts.items()]


def command(batch: JobBatch, array: Array, after: str = "") -> list[str]:
    """Give the call of sbatch; all are flags, because they beat variables and `#SBATCH` lines.

    `after` is the array before, when no more than a number of groups of the run may run at the same time: each
    array has that limit of its own, so they come one after the other.
    """
    mark = f"qanat:{batch.intent}:{array.offset}"
    own_comment = "comment" in map(flags.name_of, batch.options)
    words = ["sbatch", "--parsable", f"--job-name={batch.name}{f'-{mark}' if own_comment else ''}"]
    words += [] if own_comment else [f"--comment={mark}"]
    words += [f"--output={_literal(batch.folder / OUTPUT)}", "--open-mode=append"]
    if not array.alone:
        throttle = f"%{batch.max_running}" if batch.max_running else ""
        words.append(f"--array={spans.format_spans(g - array.offset for g in array.groups)}{throttle}")
    options = dict(batch.options)
    if after:
        key = next((k for k in options if flags.name_of(k) == "dependency"), "dependency")
        options[key] = ",".join(filter(None, (options.get(key), f"afterany:{after}")))
    return words + flags.words(options)


def _literal(path: Path) -> str:
    """Write a path so that sbatch replaces nothing in it."""
    return str(path).replace("\\", "\\\\").replace("%", "%%")


def numbers_in(text: str) -> list[int]:
    """Read indices as Slurm writes them: 0-3,7%2 are 0, 1, 2, 3 and 7; with a step 0-8:4 are 0, 4 and 8."""
    found: list[int] = []
    for first, last, step in re.findall(r"(\d+)(?:-(\d+))?(?::(\d+))?(?:,|$)", text.partition("%")[0]):
        found += range(int(first), int(last or first) + 1, int(step or 1))
    return found


def script(batch: JobBatch, array: Array) -> str:
    """Give the script of an array: find the group, and hand over to the run's own script."""
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
    return f"#!/bin/sh\n# Written by qanat for run {batch.run_id}.\n{find}attempt=1\n{choose}{start}\n"


def preview(batch: JobBatch, size: int) -> str:
    """Give every call of sbatch with its script, and the scripts of the first job."""
    parts = []
    for number, array in enumerate(arrays(batch, size)):
        after = "ID_OF_THE_ARRAY_BEFORE" if number and batch.max_running else ""
        parts.append(f"{shlex.join(command(batch, array, after))} <<'QANAT'\n{script(batch, array)}QANAT\n")
    return "\n".join([*parts, job_script.preview(batch)])
