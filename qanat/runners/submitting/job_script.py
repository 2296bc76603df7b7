"""The shell scripts of a submitted run: one that runs any group, and one with the arguments of every hundred groups.

A scheduler gets only the script's name and a group's directory, so that no argument of a program has to
survive the scheduler's quoting. The scripts are pure functions of the run, in plain POSIX sh: the machine
that executes them needs neither qanat nor Python.
"""

from __future__ import annotations

import shlex
from collections.abc import Iterable
from pathlib import Path

from qanat.domain.completion import COMPLETION, STOPPED
from qanat.domain.job import JobBatch, JobSpec
from qanat.domain.layout import GROUP_INFO
from qanat.runners.submitting import cancellations
from qanat.system import files

JOB_SCRIPT = "job.sh"
COMMANDS = "commands"
STARTS = "starts"
GENERATED_FILES = frozenset({JOB_SCRIPT, COMMANDS, STARTS, GROUP_INFO, COMPLETION, STOPPED, cancellations.FILE})
# The name that runners of earlier packages know it by.
OWN_FILES = GENERATED_FILES
GROUPS_IN_FILE = 100

# The job creates the group's directory: creating a thousand of them here would be the slowest part of a
# submission. A program that is stopped from outside (removed, preempted, out of time) leaves STOPPED instead of
# the completion file: the scheduler may run it again, and knows why it was stopped. Every start adds a line to
# STARTS, which gives a restart by the scheduler its attempt number. `&` and `wait` let the shell pass on a
# signal while the program runs; such a program has no terminal, and its stdin is empty.
# Slurm signals the program and this shell at the same time, and the shell may see the program end first. After a
# death by SIGTERM (143) it therefore waits for its own signal, which distinguishes a stop from an end.
_JOB = """\
#!/bin/sh
# Written by qanat for run {run_id}. Arguments: directory of the group, attempt, number of the group.
{umask}here=$1 attempt=$2
QANAT_RUN={run_id} QANAT_GROUP=$3 QANAT_JOB={intent}:$3
export QANAT_RUN QANAT_GROUP QANAT_JOB
now() {{ date -u +%Y-%m-%dT%H:%M:%S+00:00; }}
leave() {{
    printf '{{"attempt": %d, "status": %d, "started": "%s", "ended": "%s", "host": "%s"}}\\n' \\
        "$attempt" "$status" "$started" "$(now)" "$(uname -n)" >"$here/.$1.$$" && mv -f "$here/.$1.$$" "$here/$1"
}}
if grep -qs "^{intent} $3 " {cancelled}; then exit 0; fi
started=$(now)
[ -d "$here" ] || mkdir -p "$here"
echo "$started" >>"$here/{starts}"
attempt=$((attempt + $(wc -l <"$here/{starts}") - 1))
rm -f "$here/{completion}" "$here/{stopped}"
stopped= child= info=
trap 'stopped=yes; [ -z "$child" ] || kill -TERM "$child" 2>/dev/null' HUP INT TERM
. {commands}/$(($3 / {in_file})).sh
[ -z "$info" ] || printf '%s' "$info" >"$here/{group_info}"
if cd {workdir} && [ -z "$stopped" ]; then
    "$@" </dev/null >>"$here/stdout.txt" 2>>"$here/stderr.txt" &
    child=$!
    [ -z "$stopped" ] || kill -TERM "$child"
    wait "$child"
    status=$?
    while [ -n "$stopped" ] && kill -0 "$child" 2>/dev/null; do
        wait "$child"
        status=$?
    done
else
    status=126
fi
[ "$status" != 143 ] || sleep 1
if [ -n "$stopped" ]; then leave {stopped}; else leave {completion}; fi
exit "$status"
"""


def job_script(batch: JobBatch) -> str:
    """Return the script that runs any group of a batch."""
    return _JOB.format(
        run_id=batch.run_id,
        umask=f"umask {umask}\n" if (umask := batch.jobs[0].sharing.umask) else "",
        intent=batch.intent,
        starts=STARTS,
        completion=COMPLETION,
        stopped=STOPPED,
        cancelled=shlex.quote(str(batch.folder / cancellations.FILE)),
        commands=shlex.quote(str(batch.folder / COMMANDS)),
        in_file=GROUPS_IN_FILE,
        group_info=GROUP_INFO,
        workdir=shlex.quote(str(batch.jobs[0].workdir)),
    )


def start_command(batch: JobBatch, job: JobSpec) -> list[str]:
    """Return the command that starts one group on the machine that is to run it; call write_scripts() first."""
    return ["/bin/sh", str(batch.folder / JOB_SCRIPT), str(job.storage), str(job.attempt), str(job.group)]


def command_script(jobs: Iterable[JobSpec]) -> str:
    """Return the script that sets the arguments and variables of group `$3` in the shell that sources it."""
    cases = "".join(f"{job.group})\n{_set_arguments(job)};;\n" for job in jobs)
    return f"case $3 in\n{cases}esac\n"


def _set_arguments(job: JobSpec) -> str:
    exports = "".join(f"export {name}={shlex.quote(value)}\n" for name, value in sorted(job.environment.items()))
    info = f"info={shlex.quote(job.info)}\n" if job.info else ""
    return f"{exports}{info}set -- {shlex.join(job.command)}\n"


def preview(batch: JobBatch) -> str:
    """Return both scripts for display, the one with the arguments only with the first group."""
    first = batch.jobs[0]
    name = f"{COMMANDS}/{first.group // GROUPS_IN_FILE}.sh"
    return f"# {JOB_SCRIPT}\n{job_script(batch)}\n# {name}, group {first.group}\n{command_script([first])}"


def write_scripts(batch: JobBatch) -> Path:
    """Write the scripts into the run's storage directory; return the path of the first."""
    scripts: dict[str, list[JobSpec]] = {}
    for job in batch.jobs:
        scripts.setdefault(f"{COMMANDS}/{job.group // GROUPS_IN_FILE}.sh", []).append(job)
    path, sharing = batch.folder / JOB_SCRIPT, batch.jobs[0].sharing
    files.write(path, job_script(batch).encode(), sharing=sharing)
    for name, jobs in scripts.items():
        files.write(batch.folder / name, command_script(jobs).encode(), sharing=sharing)
    return path
