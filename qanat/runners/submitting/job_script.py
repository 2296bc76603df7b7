"""The shell scripts of a submitted run: one that runs any of its groups, and one with the words of each hundred.

A scheduler gets nothing but the script's name and a group's directory, so that no word of a program has
to survive the scheduler's own quoting. All are pure functions of the run, and plain POSIX sh: the
machine that executes them needs no qanat and no Python.
"""

from __future__ import annotations

import shlex
from collections.abc import Iterable
from pathlib import Path

from qanat.domain.completion import COMPLETION, STOPPED
from qanat.domain.job import JobBatch, JobSpec
from qanat.domain.layout import GROUP_INFO
from qanat.errors import write_failed
from qanat.runners.submitting import cancellations

JOB_SCRIPT = "job.sh"
COMMANDS = "commands"
STARTS = "starts"
OWN_FILES = frozenset({JOB_SCRIPT, COMMANDS, STARTS, GROUP_INFO, COMPLETION, STOPPED, cancellations.FILE})
GROUPS_IN_FILE = 100

# The group's directory is made by the job: a thousand of them made here are what would take longest of a
# submission. A program that is stopped from outside (removed, preempted, out of time) leaves STOPPED instead of
# the completion file: the scheduler may run it again, and knows why it was stopped. Every start adds a line to
# STARTS, which is how a restart by the scheduler gets its attempt number. `&` and `wait`, so that the shell
# can pass a signal on while the program runs; such a program has no terminal, its stdin is empty.
# Slurm signals the program and this shell at the same moment, and the end of the program may be seen first: after a
# death by SIGTERM (143) the shell waits for its own signal, which tells a stop from outside from an end.
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
    """Give the script that runs any group of a batch."""
    return _JOB.format(
        run_id=batch.run_id,
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


def start(batch: JobBatch, job: JobSpec) -> list[str]:
    """Give the words that start one group where it is to run; write_scripts() has to come first."""
    return ["/bin/sh", str(batch.folder / JOB_SCRIPT), str(job.storage), str(job.attempt), str(job.group)]


def command_script(jobs: Iterable[JobSpec]) -> str:
    """Give the script that sets the words and variables of group `$3` in the shell that reads it."""
    cases = "".join(f"{job.group})\n{_words(job)};;\n" for job in jobs)
    return f"case $3 in\n{cases}esac\n"


def _words(job: JobSpec) -> str:
    exports = "".join(f"export {name}={shlex.quote(value)}\n" for name, value in sorted(job.environment.items()))
    info = f"info={shlex.quote(job.info)}\n" if job.info else ""
    return f"{exports}{info}set -- {shlex.join(job.command)}\n"


def preview(batch: JobBatch) -> str:
    """Give both scripts for a person, that of the words with the first group alone."""
    first = batch.jobs[0]
    name = f"{COMMANDS}/{first.group // GROUPS_IN_FILE}.sh"
    return f"# {JOB_SCRIPT}\n{job_script(batch)}\n# {name}, group {first.group}\n{command_script([first])}"


def write_scripts(batch: JobBatch) -> Path:
    """Write the scripts into the run's storage directory; give the path of the first."""
    files: dict[int, list[JobSpec]] = {}
    for job in batch.jobs:
        files.setdefault(job.group // GROUPS_IN_FILE, []).append(job)
    path = batch.folder / JOB_SCRIPT
    try:
        (batch.folder / COMMANDS).mkdir(exist_ok=True)
        path.write_text(job_script(batch))
        for number, jobs in files.items():
            (batch.folder / COMMANDS / f"{number}.sh").write_text(command_script(jobs))
    except OSError as error:
        raise write_failed(path, error) from None
    return path
