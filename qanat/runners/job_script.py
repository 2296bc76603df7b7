"""The shell scripts of a submitted run: one for all its groups, and one with the words of each.

A scheduler gets nothing but the script's name and a group's directory, so that no word of a program has
to survive the scheduler's own quoting. Both are pure functions of the run, and plain POSIX sh: the
machine that executes them needs no qanat and no Python.
"""

from __future__ import annotations

import shlex
from pathlib import Path

from qanat.domain.completion import COMPLETION, STOPPED
from qanat.domain.job import JobBatch, JobSpec
from qanat.errors import write_failed

JOB_SCRIPT = "job.sh"
COMMAND_SCRIPT = "command.sh"
STARTS = "starts"

# A program that is stopped from outside (removed, preempted, out of time) leaves STOPPED instead of the
# completion file: the scheduler may run it again, and knows why it was stopped. Every start adds a line to
# STARTS, which is how a restart by the scheduler gets its attempt number. `&` and `wait`, so that the shell
# can pass a signal on while the program runs; such a program has no terminal, its stdin is empty.
_JOB = """\
#!/bin/sh
# Written by qanat for run {run_id}. Words: directory of the group, attempt, number of the group.
here=$1 attempt=$2
QANAT_RUN={run_id} QANAT_GROUP=$3 QANAT_JOB={intent}:$3
export QANAT_RUN QANAT_GROUP QANAT_JOB
now() {{ date -u +%Y-%m-%dT%H:%M:%S+00:00; }}
leave() {{
    printf '{{"attempt": %d, "status": %d, "started": "%s", "ended": "%s", "host": "%s"}}\\n' \\
        "$attempt" "$status" "$started" "$(now)" "$(uname -n)" >"$here/.$1.$$" && mv -f "$here/.$1.$$" "$here/$1"
}}
started=$(now)
echo "$started" >>"$here/{starts}"
attempt=$((attempt + $(wc -l <"$here/{starts}") - 1))
rm -f "$here/{completion}" "$here/{stopped}"
stopped= child=
trap 'stopped=yes; [ -z "$child" ] || kill -TERM "$child" 2>/dev/null' HUP INT TERM
. "$here/{command}"
if cd {workdir} && [ -z "$stopped" ]; then
    "$@" </dev/null >>"$here/stdout.txt" 2>>"$here/stderr.txt" &
    child=$!
    wait "$child"
    status=$?
    while [ -n "$stopped" ] && kill -0 "$child" 2>/dev/null; do
        wait "$child"
        status=$?
    done
else
    status=126
fi
if [ -n "$stopped" ]; then leave {stopped}; else leave {completion}; fi
exit "$status"
"""


def job_script(batch: JobBatch) -> str:
    """Give the script that runs any group of a batch."""
    return _JOB.format(
        run_id=batch.run_id,
        intent=batch.intent,
        starts=STARTS,
        completion=COMPLETION,
        stopped=STOPPED,
        command=COMMAND_SCRIPT,
        workdir=shlex.quote(str(batch.jobs[0].workdir)),
    )


def command_script(job: JobSpec) -> str:
    """Give the script that sets a group's words and variables in the shell that reads it."""
    exports = "".join(f"export {name}={shlex.quote(value)}\n" for name, value in sorted(job.environment.items()))
    return f"{exports}set -- {shlex.join(job.command)}\n"


def write_scripts(batch: JobBatch) -> Path:
    """Write the scripts into the storage directories; give the path of the batch's."""
    path = batch.folder / JOB_SCRIPT
    try:
        path.write_text(job_script(batch))
        for job in batch.jobs:
            (job.storage / COMMAND_SCRIPT).write_text(command_script(job))
    except OSError as error:
        raise write_failed(path, error) from None
    return path
