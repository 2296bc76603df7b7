"""The shell scripts of a submitted run: one that runs any group, and one with the arguments of every hundred groups.

A scheduler gets only the script's name and a group's directory, so that no argument of a program has to
survive the scheduler's quoting. The scripts are pure functions of the run, in plain POSIX sh: the machine
that executes them needs neither qanat nor Python.
"""

from __future__ import annotations

import shlex
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path

from qanat.domain import machine, time_limits
from qanat.domain.checkpoint import Checkpoint
from qanat.domain.completion import COMPLETION, CONTINUES, EARLIER, STOPPED
from qanat.domain.job import JobBatch, JobSpec
from qanat.domain.layout import CANCELLED_GROUPS, GROUP_INFO, STARTS
from qanat.domain.shipment import OUT, SANDBOX, WORKDIR
from qanat.runners.submitting import cancellations
from qanat.system import folders

JOB_SCRIPT = "job.sh"
COMMANDS = "commands"
# What the shells of a running job tell each other; a machine that breaks down leaves them.
_BETWEEN_SHELLS = ("pid", "note", "failed", "stopping", "cause", "group", "pipe", "used", "flag", "continues")
SHELL_FILES = frozenset(f".job-{name}" for name in _BETWEEN_SHELLS)
_OF_GROUPS = {STARTS, GROUP_INFO, COMPLETION, CONTINUES, STOPPED, EARLIER, machine.FILE}
GENERATED_FILES = SHELL_FILES | {JOB_SCRIPT, COMMANDS, cancellations.FILE, CANCELLED_GROUPS} | _OF_GROUPS
# The name that runners of earlier packages know it by.
OWN_FILES = GENERATED_FILES
GROUPS_IN_FILE = 100
_SHELL = Path(__file__).parent / "shell"

_HEAD = """\
#!/bin/sh
# Written by qanat for run {run_id}. Arguments: directory of the group, attempt, number of the group.
QANAT_RUN={run_id}
"""
# shell/README.md says why the shells are as they are.
BODY = "".join((_SHELL / name).read_text() for name in ("usage.sh", "checkpoint.sh", "job.sh"))
# What a job of several groups needs besides.
_BUNDLE = (_SHELL / "bundle.sh").read_text()
# Becomes the program. Arguments: directory of the group, working directory, then the program and its arguments.
_START = (_SHELL / "start.sh").read_text()
# Comes before the first where jobs have no folder but their own.
_SANDBOX = (_SHELL / "sandbox.sh").read_text()


@dataclass(frozen=True, slots=True)
class Stopping:
    """How a scheduler stops a job: the names of the signals, and whether they reach the job's program by themselves.

    `requeue` are commands by which a job has itself queued again (shell/README.md); without them, a group that is to
    continue does so in the same job.
    """

    signals: tuple[str, ...] = ("TERM",)
    all_processes: bool = False
    requeue: str = ""


STOPPING = Stopping()


def job_script(batch: JobBatch, stopping: Stopping = STOPPING) -> str:
    """Return the script that runs any job of a batch."""
    bundled = bool(batch.jobs[0].bundled)
    values = {
        "q_intent": batch.intent,
        **_places(batch),
        "q_stops": " ".join(stopping.signals),
        "q_stop": "stop_all" if stopping.all_processes else "stop",
        "q_start": _START,
        "q_workers": str(batch.at_once) if bundled else "",
        **_checkpoint(batch.jobs[0].checkpoint, "" if batch.shipment else stopping.requeue),
    } | (_bundle_values(batch) if bundled else {})
    umask = f"umask {umask}\n" if (umask := batch.jobs[0].sharing.umask) else ""
    assignments = "".join(f"{name}={_word(value)}\n" for name, value in values.items())
    own_folder, bundle = _own_folder(batch), _BUNDLE if bundled else ""
    return f"{_HEAD.format(run_id=batch.run_id)}{umask}{own_folder}{assignments}{bundle}{BODY}"


def _places(batch: JobBatch) -> dict[str, str]:
    """Return where a job finds what it needs: in the run's directory, or in its own folder."""
    if batch.shipment:
        # A note of its cancellation would not reach it.
        return {"q_cancelled": "/dev/null", "q_commands": SANDBOX, "q_workdir": str(WORKDIR)}
    return {
        "q_sandbox": "",
        "q_cancelled": str(batch.folder / cancellations.FILE),
        "q_commands": str(batch.folder / COMMANDS),
        "q_workdir": str(batch.jobs[0].workdir),
    }


def _bundle_values(batch: JobBatch) -> dict[str, str]:
    first = batch.jobs[0].bundled[0]
    limit = first.time_limit
    return {
        "q_folder": str(batch.folder),
        # A run of one group has no directories for groups.
        "q_several": "yes" if first.storage != batch.folder else "",
        "q_cancelled_groups": str(batch.folder / CANCELLED_GROUPS),
        "q_limit": limit or "",
        "q_limit_s": str(time_limits.seconds(limit)) if limit else "",
    }


def _own_folder(batch: JobBatch) -> str:
    return f"q_archive={shlex.quote(batch.shipment.archive.name)}\n{_SANDBOX}" if batch.shipment else ""


def _word(text: str) -> str:
    """Quote an argument for the shell; the folder of the job is what the shell has for it."""
    return '"$q_sandbox"'.join(shlex.quote(part) if part or SANDBOX not in text else "" for part in text.split(SANDBOX))


def _checkpoint(checkpoint: Checkpoint | None, requeue: str) -> dict[str, str]:
    """Return the variables that say whether, when and how a group continues.

    The folder of a job that does not see the project ends with it, so its group continues in the same job.
    """
    if checkpoint is None:
        return dict.fromkeys(("q_attempts", "q_requeue"), "")
    code = "" if checkpoint.exit_code is None else str(checkpoint.exit_code)
    values = {"q_attempts": str(checkpoint.attempts), "q_code": code, "q_flag": checkpoint.file or ""}
    return {**values, "q_requeue": requeue}


def start_command(batch: JobBatch, job: JobSpec) -> list[str]:
    """Return the command that starts one job on the machine that is to run it; call write_scripts() first.

    Where jobs have no folder but their own, they start in that.
    """
    if batch.shipment:
        return ["/bin/sh", JOB_SCRIPT, OUT, str(job.attempt), str(job.group)]
    return ["/bin/sh", str(batch.folder / JOB_SCRIPT), str(job.storage), str(job.attempt), str(job.group)]


def command_script(jobs: Iterable[JobSpec], *, bundled: bool = False) -> str:
    """Return the script that sets the arguments and variables of group `$3` in the shell that sources it.

    A group that is `bundled` into a job with others has its attempt there, too.
    """
    cases = "".join(f"{job.group})\n{_set_arguments(job, bundled=bundled)};;\n" for job in jobs)
    return f"case $3 in\n{cases}esac\n"


def _set_arguments(job: JobSpec, *, bundled: bool = False) -> str:
    exports = "".join(f"export {name}={_word(value)}\n" for name, value in sorted(job.environment.items()))
    info = f"q_info={shlex.quote(job.info)}\n" if job.info else ""
    attempt = f"q_attempt={job.attempt}\n" if bundled else ""
    attempt += f"q_attempts={job.checkpoint.attempts}\n" if job.checkpoint else ""
    return f"{exports}{info}{attempt}set -- {' '.join(map(_word, job.command))}\n"


def bundle_script(jobs: Iterable[JobSpec]) -> str:
    """Return the script that sets the groups of job `$3`."""
    cases = "".join(f"{job.group}) q_groups='{' '.join(str(each.group) for each in job.bundled)}' ;;\n" for job in jobs)
    return f"case $3 in\n{cases}esac\n"


def preview(batch: JobBatch, stopping: Stopping = STOPPING) -> str:
    """Return the scripts for display, those with groups and arguments only with the first job and group.

    Empty if not all of the batch is to be shown.
    """
    if not batch.in_full:
        return ""
    first = batch.jobs[0]
    bundle = f"# {_bundle_name(first)}\n{bundle_script([first])}\n" if first.bundled else ""
    group = first.bundled[0] if first.bundled else first
    commands = command_script([group], bundled=bool(bundle))
    return f"# {JOB_SCRIPT}\n{job_script(batch, stopping)}\n{bundle}# {_name(group)}, group {group.group}\n{commands}"


def _name(group: JobSpec) -> str:
    return f"{COMMANDS}/{group.group // GROUPS_IN_FILE}.sh"


def _bundle_name(job: JobSpec) -> str:
    return f"{COMMANDS}/jobs-{job.group // GROUPS_IN_FILE}.sh"


def write_scripts(batch: JobBatch, stopping: Stopping = STOPPING) -> Path:
    """Write the scripts into the run's storage directory; return the path of the first."""
    bundled = [job for job in batch.jobs if job.bundled]
    groups = [group for job in bundled for group in job.bundled] or batch.jobs
    scripts = {name: command_script(part, bundled=bool(bundled)) for name, part in _by_file(groups, _name).items()}
    scripts |= {name: bundle_script(part) for name, part in _by_file(bundled, _bundle_name).items()}
    # An earlier attempt of the run may have left links in its directory.
    folder, sharing = folders.plain(batch.folder), batch.jobs[0].sharing
    folders.write(folder / JOB_SCRIPT, job_script(batch, stopping).encode(), sharing=sharing)
    for name, script in scripts.items():
        folders.write(folder / name, script.encode(), sharing=sharing)
    return batch.folder / JOB_SCRIPT


def _by_file(jobs: Iterable[JobSpec], name_of: Callable[[JobSpec], str]) -> dict[str, list[JobSpec]]:
    files: dict[str, list[JobSpec]] = {}
    for job in jobs:
        files.setdefault(name_of(job), []).append(job)
    return files
