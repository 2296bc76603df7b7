"""What is submitted to HTCondor: one description for a run, one row of it for each job."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

from qanat.domain.job import JobBatch, JobSpec
from qanat.runners.htcondor import keys
from qanat.runners.submitting import job_script

EVENT_LOG = "htcondor.log"
# Of more jobs than this the schedd gets only what they differ in, and makes them itself: a thousand take 0.01 s
# that way and 0.25 s the other. It makes more as these begin; ten thousand at once keep it busy for 10 s (23.9).
AT_ONCE_MAX = 50
IDLE_MAX = 1000
OPTIONAL = ("max_materialize", "max_idle")
_MADE_BY_SCHEDD = frozenset({"vanilla", "docker", "container"})
_ROW = "qanat_arguments"
# What a description cannot hold: line breaks; a backslash, which takes a slash behind it along; what looks like a
# macro, since $(DOLLAR) is replaced first and what comes of it is looked at again; and spaces at an end.
_UNNAMEABLE = re.compile(r"[\n\r\\]|\$\w*\(|\$\$|\A\s|\s\Z")
# The shell then makes the paths out of `printf %b`'s escapes; X keeps a line break at the end.
_UNESCAPE = 'script=`printf %bX "$1"` here=`printf %bX "$2"` && exec /bin/sh "${script%X}" "${here%X}" "$3" "$4"'


def description(batch: JobBatch) -> dict[str, str]:
    """Give the submit description: the template's options, and what qanat sets."""
    content = {
        "executable": "/bin/sh",
        "transfer_executable": "false",
        **{keys.submit_key(k): keys.submit_value(k, v) for k, v in batch.options.items()},
        **_how_made(batch),
        "arguments": f"$({_ROW})",
        "output": "/dev/null",
        "error": "/dev/null",
        "batch_name": _literal(batch.name),
        f"My.{keys.INTENT}": f'"{batch.intent}"',
    }
    if can_be_named(folder := str(batch.folder)):
        content |= {"initialdir": _literal(folder), "log": _literal(f"{folder}/{EVENT_LOG}")}
    else:
        content |= {"initialdir": "/"}
    return {key: value for key, value in content.items() if value != ""}


def _how_made(batch: JobBatch) -> dict[str, str]:
    """Say how many jobs may exist at a time, where that is asked for or has to be said."""
    if batch.max_running:
        return {"max_materialize": str(batch.max_running)}
    return dict(zip(OPTIONAL, (str(len(batch.jobs)), str(IDLE_MAX)), strict=True)) if leaves_making(batch) else {}


def leaves_making(batch: JobBatch) -> bool:
    """Tell whether qanat leaves it to the schedd to make the jobs, though nobody has asked for that."""
    options = {keys.name_of(key): value for key, value in batch.options.items()}
    asked = batch.max_running or not options.keys().isdisjoint((*OPTIONAL, "materialize_max_idle"))
    universe = str(options.get("universe", "vanilla")).strip().lower()
    return not asked and len(batch.jobs) > AT_ONCE_MAX and universe in _MADE_BY_SCHEDD


def rows(batch: JobBatch) -> list[dict[str, str]]:
    """Give the values of each job."""
    script = str(batch.folder / job_script.JOB_SCRIPT)
    return [{_ROW: _arguments(_words(script, job))} for job in batch.jobs]


def text(batch: JobBatch) -> str:
    """Write both as a submit file."""
    lines = [f"{key} = {value}" for key, value in description(batch).items()]
    table = [row[_ROW] for row in rows(batch)]
    return "\n".join([*lines, f"queue {_ROW} from (", *table, ")", ""])


def can_be_named(path: str) -> bool:
    """Tell whether a submit description can hold this path; where it cannot there is no event log."""
    return not _UNNAMEABLE.search(path)


def _words(script: str, job: JobSpec) -> Sequence[str]:
    last = (str(job.attempt), str(job.group))
    if can_be_named(script) and can_be_named(str(job.storage)):
        return (script, str(job.storage), *last)
    return ("-c", _UNESCAPE, "sh", _escaped(script), _escaped(str(job.storage)), *last)


def _escaped(word: str) -> str:
    return "".join(f"\\0{ord(c):03o}" if c in "\n\r\\$" else c for c in word)


def _arguments(words: Iterable[str]) -> str:
    """Write words in HTCondor's new syntax: all in double quotes, each in single quotes, quotes doubled inside."""
    quoted = " ".join("'" + word.replace("'", "''") + "'" for word in words)
    return '"' + _literal(quoted.replace('"', '""')) + '"'


def _literal(value: str) -> str:
    """Keep `$(…)` in a value from being taken for a macro."""
    return value.replace("$", "$(DOLLAR)")
