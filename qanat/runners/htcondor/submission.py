"""What is submitted to HTCondor: one description per run, with one row for each job."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

from qanat.domain.job import JOBS_SHOWN, JobBatch, JobSpec
from qanat.runners.htcondor import keys, order, quoting, transfer
from qanat.runners.submitting import job_script

EVENT_LOG = "htcondor.log"
# Beyond this many jobs, the schedd gets only what differs between them and creates the jobs itself: a thousand
# then take 0.01 s instead of 0.25 s. It creates more as these start; ten thousand at once keep it busy for 10 s (23.9).
AT_ONCE_MAX = 50
IDLE_MAX = 1000
OPTIONAL = ("max_materialize", "max_idle")
_MADE_BY_SCHEDD = frozenset({"vanilla", "docker", "container"})
_ROW = "qanat_arguments"
# What a description cannot contain: line breaks; a backslash, which swallows a following slash; anything like a
# macro, since $(DOLLAR) is replaced first and the result is expanded again; and spaces at either end.
_UNNAMEABLE = re.compile(r"[\n\r\\]|\$\w*\(|\$\$|\A\s|\s\Z")
# The shell then builds the paths from `printf %b`'s escapes; X preserves a line break at the end.
_UNESCAPE = 'script=`printf %bX "$1"` here=`printf %bX "$2"` && exec /bin/sh "${script%X}" "${here%X}" "$3" "$4"'


def description(batch: JobBatch) -> dict[str, str]:
    """Return the submit description: the template's options, and what qanat sets."""
    options = keys.without_image(batch.options) if batch.image else batch.options
    if batch.shipment:
        options = keys.without(options, transfer.SETTINGS | {transfer.INPUT_FILES})
    content = {
        "executable": "/bin/sh",
        "transfer_executable": "false",
        # Everything else is on a disk that the machines share, too.
        **({"transfer_container": "false"} if batch.image.startswith("/") and not batch.shipment else {}),
        **{keys.submit_key(k): keys.submit_value(k, v) for k, v in options.items()},
        **({"universe": "container", "container_image": quoting.literal(batch.image)} if batch.image else {}),
        **({"on_exit_remove": f"ExitCode =!= {keys.AGAIN}"} if _is_queued_again(batch) else {}),
        **_materialization(batch),
        **(held(batch) if batch.held else {}),
        "arguments": f"$({_ROW})",
        "output": "/dev/null",
        "error": "/dev/null",
        "batch_name": quoting.literal(batch.name),
        f"My.{keys.INTENT}": f'"{batch.intent}"',
    }
    if is_representable(folder := str(batch.folder)):
        content |= {"initialdir": quoting.literal(folder), "log": quoting.literal(f"{folder}/{EVENT_LOG}")}
    else:
        content |= {"initialdir": "/"}
    if batch.shipment:
        content |= transfer.settings(batch, batch.shipment)
    return {key: value for key, value in content.items() if value != ""}


def _is_queued_again(batch: JobBatch) -> bool:
    """Return whether HTCondor queues jobs of this batch again whose groups continue."""
    return batch.jobs[0].checkpoint is not None and batch.shipment is None


def _materialization(batch: JobBatch) -> dict[str, str]:
    """Return the settings for how many jobs may exist at a time, if they are requested or needed."""
    if batch.max_running:
        return {"max_materialize": str(batch.max_running)}
    return dict(zip(OPTIONAL, (str(len(batch.jobs)), str(IDLE_MAX)), strict=True)) if schedd_materializes(batch) else {}


def schedd_materializes(batch: JobBatch) -> bool:
    """Return whether qanat has the schedd create the jobs as needed, though the user has not asked for it."""
    options = _canonical(batch)
    requested = batch.max_running or not options.keys().isdisjoint((*OPTIONAL, "materialize_max_idle"))
    universe = str(options.get("universe", "vanilla")).strip().lower()
    return not requested and len(batch.jobs) > AT_ONCE_MAX and universe in _MADE_BY_SCHEDD


def _canonical(batch: JobBatch) -> dict[str, Any]:
    return {keys.canonical_name(key): value for key, value in batch.options.items()}


def held(batch: JobBatch) -> dict[str, str]:
    """Return the settings that keep the jobs of a batch from starting."""
    as_needed = _materialization(batch) or not _canonical(batch).keys().isdisjoint((*OPTIONAL, "materialize_max_idle"))
    if as_needed:
        return order.paused(len(batch.jobs))
    # As the template says, or not before its time.
    own = [key for key in batch.options if keys.canonical_name(key) == "periodic_release"]
    return order.HELD | {
        keys.submit_key(key): order.not_too_early(keys.submit_value(key, batch.options[key])) for key in own
    }


def rows(batch: JobBatch) -> list[dict[str, str]]:
    """Return the values of each job."""
    script = str(batch.folder / job_script.JOB_SCRIPT)
    if batch.shipment:
        words = (job_script.start_command(batch, job)[1:] for job in batch.jobs)
        return [{**row, _ROW: quoting.arguments(w)} for w, row in zip(words, transfer.rows(batch), strict=True)]
    return [{_ROW: quoting.arguments(_job_arguments(script, job))} for job in batch.jobs]


def text(batch: JobBatch) -> str:
    """Return description and rows as a submit file."""
    lines = [f"{key} = {value}" for key, value in description(batch).items()]
    table = rows(batch)
    names, written = ", ".join(table[0]), [", ".join(row.values()) for row in table]
    if not batch.in_full and written[JOBS_SHOWN:]:
        written[JOBS_SHOWN:] = [f"# and {len(written) - JOBS_SHOWN:,} more"]
    return "\n".join([*lines, f"queue {names} from (", *written, ")", ""])


def is_representable(path: str) -> bool:
    """Return whether a submit description can contain this path; if it cannot, there is no event log."""
    return not _UNNAMEABLE.search(path)


def _job_arguments(script: str, job: JobSpec) -> Sequence[str]:
    last = (str(job.attempt), str(job.group))
    if is_representable(script) and is_representable(str(job.storage)):
        return (script, str(job.storage), *last)
    return ("-c", _UNESCAPE, "sh", _escape(script), _escape(str(job.storage)), *last)


def _escape(word: str) -> str:
    return "".join(f"\\0{ord(c):03o}" if c in "\n\r\\$" else c for c in word)
