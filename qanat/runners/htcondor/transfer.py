"""What of a submit description makes HTCondor ship what jobs need, and bring back what they leave."""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterable, Sequence
from pathlib import Path

from qanat.domain.job import JobBatch, JobHandle
from qanat.domain.shipment import CODE, INPUTS, OUT, Shipment, doubled, name_of
from qanat.domain.shortening import quoted
from qanat.domain.sizes import size
from qanat.errors import UsageError
from qanat.runners.htcondor import keys, quoting
from qanat.runners.htcondor.constraints import numbers_of
from qanat.runners.submitting import job_script

SETTINGS = frozenset({"should_transfer_files", "when_to_transfer_output", "transfer_output_files"})
INPUT_FILES = "transfer_input_files"
# The values of a row: the directory of a group, and the script with its arguments.
FOLDER, WORDS = "qanat_folder", "qanat_words"
# HTCondor takes these apart in lists of files.
_UNLISTABLE = re.compile(r"[,\n\r]|\A\s|\s\Z")
# More than anybody prints, where condor_tail begins with the last 1,024 bytes.
_ALL = str(2**30)
# Stands for the number in a row while the list is escaped.
_NUMBER = "\0"
# In the details of a submission: these jobs get no notes, as of their cancellation.
MARK = "transfer"
# What the folder of a job has anyway.
_TAKEN = re.compile(
    rf"(?:{CODE}|{CODE}\.new|{OUT}|{re.escape(INPUTS)}|{job_script.JOB_SCRIPT}|[0-9]+\.sh|tmp|var|\..*|_condor.*)\Z"
)


def is_shipped(handle: JobHandle) -> bool:
    """Return whether a job does not see the project."""
    return bool(handle.details.get(MARK))


def by_cluster(handles: Sequence[JobHandle]) -> dict[str, list[int]]:
    """Return the numbers of the jobs that do not see the project, by those of their clusters."""
    found: dict[str, list[int]] = {}
    for cluster, proc in (numbers_of(handle) for handle in handles if is_shipped(handle)):
        found.setdefault(str(cluster), []).append(proc)
    return found


def refuse_missing(handles: Sequence[JobHandle]) -> None:
    """Raise UsageError if there are any such jobs: they do not exist yet, and nothing could keep them from starting."""
    if handles:
        groups = ", ".join(str(handle.group) for handle in handles)
        one = len(handles) == 1
        raise UsageError(
            f"HTCondor has not created the job{'' if one else 's'} of group{'' if one else 's'} {groups} yet, so that "
            f"{'it' if one else 'they'} cannot be cancelled alone",
            hint="wait, or cancel the whole run",
        )


def tail_command(handle: JobHandle, stream: str) -> list[str] | None:
    """Return the command that prints what a job has printed, and what it adds until it ends; None if it is missing."""
    if shutil.which("condor_tail") is None:
        return None
    schedd = str(handle.details.get("schedd", ""))
    where = ["-name", schedd] if schedd and not schedd.startswith("-") else []
    # By itself, it prints stdout as HTCondor knows it, which is /dev/null, and waits for that forever.
    return ["condor_tail", *where, "-f", "-no-stdout", "-maxbytes", _ALL, str(handle.job), f"{OUT}/{stream}.txt"]


def problem(shipment: Shipment, folder: Path) -> str:
    """Return why HTCondor cannot ship this to jobs whose results go to a folder; empty if it can."""
    for path in (str(folder), str(shipment.archive), *shipment.files):
        if _UNLISTABLE.search(path):
            return f"HTCondor cannot transfer {quoted(path)}: its path has a comma, a line break or a space at an end"
    for path in shipment.files:
        if _TAKEN.match(name_of(path)):
            return f"{path} cannot be transferred: the folder of a job has something of its own called {name_of(path)}"
    if two := doubled(shipment.files):
        return f"{two[0]} and {two[1]} cannot both be transferred: they have the same name"
    return ""


def settings(batch: JobBatch, shipment: Shipment) -> dict[str, str]:
    """Return the part of the description about files; what the template itself wants transferred is included."""
    files = [*_scripts(batch), str(shipment.archive), *shipment.files]
    own = keys.value_of(batch.options, INPUT_FILES)
    # HTCondor shows, while a job runs, only files that are named here.
    shown = [f"{OUT}/{name}.txt" for name in ("stdout", "stderr")]
    return {
        "should_transfer_files": "YES",
        "when_to_transfer_output": "ON_EXIT",
        INPUT_FILES: ", ".join([*map(quoting.literal, files), *([own] if own else [])]).replace(_NUMBER, f"$({WORDS})"),
        "transfer_output_files": ", ".join([*shown, f"{OUT}/"]),
        # A schedd that creates the jobs itself takes what begins with a macro for a relative path.
        "initialdir": f"/$({FOLDER})",
    }


def _scripts(batch: JobBatch) -> Sequence[str]:
    return [f"{batch.folder}/{job_script.JOB_SCRIPT}", f"{batch.folder}/{job_script.COMMANDS}/{_NUMBER}.sh"]


def rows(batch: JobBatch) -> Iterable[dict[str, str]]:
    """Yield what differs between jobs."""
    for job in batch.jobs:
        yield {FOLDER: quoting.literal(str(job.storage)[1:]), WORDS: str(job.group // job_script.GROUPS_IN_FILE)}


def listing(batch: JobBatch) -> str:
    """Return what each job gets, with the sizes of files that exist, as comments for display."""
    assert batch.shipment is not None  # noqa: S101  # nothing is listed otherwise
    paths = [str(batch.shipment.archive), *batch.shipment.files]
    return "".join([f"# to each job: {path}{_size(path)}\n" for path in paths]) + "\n"


def _size(path: str) -> str:
    found = Path(path)
    return f" ({size(found.stat().st_size)})" if found.is_file() else ""
