"""The shell scripts of a submitted run: one that runs any group, and one with the arguments of every hundred groups.

A scheduler gets only the script's name and a group's directory, so that no argument of a program has to
survive the scheduler's quoting. The scripts are pure functions of the run, in plain POSIX sh: the machine
that executes them needs neither qanat nor Python.
"""

from __future__ import annotations

import shlex
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from qanat.domain import machine
from qanat.domain.completion import COMPLETION, STOPPED
from qanat.domain.job import JobBatch, JobSpec
from qanat.domain.layout import GROUP_INFO
from qanat.runners.submitting import cancellations
from qanat.system import folders

JOB_SCRIPT = "job.sh"
COMMANDS = "commands"
STARTS = "starts"
# What the shells of a running job tell each other; a machine that breaks down leaves them.
SHELL_FILES = frozenset(f".job-{name}" for name in ("pid", "note", "failed", "stopping", "pipe"))
_OF_GROUPS = {STARTS, GROUP_INFO, COMPLETION, STOPPED, machine.FILE}
GENERATED_FILES = SHELL_FILES | {JOB_SCRIPT, COMMANDS, cancellations.FILE} | _OF_GROUPS
# The name that runners of earlier packages know it by.
OWN_FILES = GENERATED_FILES
GROUPS_IN_FILE = 100

# The job creates the group's directory: creating a thousand of them here would be the slowest part of a submission.
# Before the program starts, the job describes its machine, in the time of one process; domain.machine reads that.
# Every start adds a line to STARTS, which gives a restart by the scheduler its attempt number. A program that is
# stopped from outside (removed, preempted, out of time) leaves STOPPED instead of the completion file: the scheduler
# may run it again, and knows why it was stopped.
#
# There are two shells, since the one that gets the scheduler's signals must wait in the background to pass them on, and
# only one that waits in the foreground reports on its stderr (the note) that a signal ended the program, except for
# SIGINT and SIGPIPE. The first passes signals on to the program, not to its children, as soon as a third shell, which
# becomes the program, has written its number: before that, a shell that has just been forked would swallow them. The
# second, the keeper, writes how the program ended, even if the first is killed. What is known about shells (dash 0.5,
# bash 5.2, busybox 1.35):
# * SIGINT and SIGQUIT are ignored in the background; only bash, and env of coreutils 8.31, can undo that.
# * `wait` of bash loses signals that come together, `read -t` does not; it wants a pipe that nobody closes. In POSIX
#   mode, it takes SIGALRM for itself.
# * Where exec fails, the EXIT trap runs, but not in bash, which has execfail instead, and which loses signals with it.
# * A shell may complain when it starts, as about a locale that is missing: what is in the note by then does not count.
# * bash can lose a SIGINT just before exec, so there the command line has to be that of the program.
# A death by SIGTERM may be noticed before the signal that the keeper itself got: hence the sleep. Every variable begins
# with q_, so that none that the user exports has another value in the program.
_HEAD = """\
#!/bin/sh
# Written by qanat for run {run_id}. Arguments: directory of the group, attempt, number of the group.
QANAT_RUN={run_id}
"""
BODY = """\
now() { q_now=$(date -u +%Y-%m-%dT%H:%M:%S.%3N); case $q_now in *N) q_now=${q_now%.*} ;; esac; echo "$q_now+00:00"; }
leave() {
    [ ! -h "$q_here" ] || return
    read -r q_host </proc/sys/kernel/hostname || q_host=$(uname -n)
    printf '{"attempt": %d, "status": %d, "by": "%s", "started": "%s", "ended": "%s", "host": "%s"}\\n' \\
        "$q_attempt" "$q_status" "$q_by" "$q_started" "$(now)" "$q_host" >"$q_here/.$1.$$" &&
        mv -f "$q_here/.$1.$$" "$q_here/$1"
} 2>/dev/null
find() {
    q_turns=0
    while [ "$((q_turns += 1))" -le 40 ] && read -r q_line; do case $q_line in "$1"*) return ;; esac; done
    return 1
}
describe() {
    echo "kernel $(uname -srm)"
    find PRETTY_NAME= </etc/os-release && echo "system ${q_line#*=}"
    find 'model name' </proc/cpuinfo && echo "cpu ${q_line#*: }"
    read -r q_line </sys/devices/system/cpu/online && echo "cpus $q_line"
    read -r q_line </proc/meminfo && echo "memory $q_line"
    read -r q_line </proc/driver/nvidia/version && echo "driver $q_line"
    for q_name in /proc/driver/nvidia/gpus/*/information; do read -r q_line <"$q_name" && echo "gpu $q_line"; done
} 2>/dev/null
clear() { for q_name in pid note failed stopping pipe; do set -- "$@" "$q_here/.job-$q_name"; done; rm -f "$@"; }
if [ "$1" = --keep ]; then
    q_here=$2 q_attempt=$3 q_started=$4 q_pipe=$5 q_by=exit q_stopped=
    shift 5
    trap : HUP INT QUIT USR1 USR2 ALRM XCPU CONT
    trap 'q_stopped=yes' TERM
    /bin/sh -c "$q_start" qanat "$q_here" "$q_workdir" "$@" </dev/null 5>&-
    q_status=$?
    [ "$q_status" != 143 ] || sleep 1
    case $q_status in
    126|127) [ ! -s "$q_here/.job-failed" ] || read -r q_by <"$q_here/.job-failed" ;;
    130|141) q_by='exit or signal' ;;
    *) [ "$q_status" -le 128 ] || [ ! -s "$q_here/.job-note" ] || q_by=signal ;;
    esac
    if [ -n "$q_stopped" ] || [ -e "$q_here/.job-stopping" ]; then leave stopped.json; else leave completion.json; fi
    [ -z "$q_pipe" ] || echo end >&5
    exit "$q_status"
fi
q_here=$1 q_attempt=$2 q_by= q_stopped= q_pending= q_keeper= q_pid= q_info= q_pipe=
started() {
    [ -n "${BASH_VERSION:-}" ] && read -r q_line <"/proc/$1/cmdline" || return 0
    case $q_line in *q_workdir=*) return 1 ;; esac
} 2>/dev/null
pass() {
    if [ -z "$q_keeper" ]; then q_pending="$q_pending $1"; return; fi
    q_turns=0
    until [ -n "$q_pid" ] || [ "$((q_turns += 1))" -gt 100000 ] || ! kill -0 "$q_keeper" 2>/dev/null; do
        if [ -s "$q_here/.job-pid" ] && read -r q_new <"$q_here/.job-pid" && started "$q_new"; then q_pid=$q_new; fi
    done
    [ -z "$q_pid" ] || kill -s "$1" "$q_pid" 2>/dev/null
}
stop() { q_stopped=yes; { : >"$q_here/.job-stopping"; } 2>/dev/null; pass "$1"; }
# The scheduler signals the program, too, once there is one.
stop_all() { q_stopped=yes; [ -n "$q_keeper" ] && [ -s "$q_here/.job-pid" ] || pass "$1"; }
for q_name in HUP INT QUIT USR1 USR2 ALRM XCPU CONT TERM; do trap "pass $q_name" "$q_name"; done
for q_name in $q_stops; do trap "$q_stop $q_name" "$q_name"; done
[ -z "${BASH_VERSION:-}" ] || set +o posix
if env --default-signal true 2>/dev/null; then
    q_env='env --default-signal'
elif [ -z "${BASH_VERSION:-}" ] && command -v bash >/dev/null; then
    exec bash "$0" "$@"
else
    q_env=
fi
QANAT_GROUP=$3 QANAT_JOB=$q_intent:$3 QANAT_STORAGE_PATH=$q_here
export QANAT_RUN QANAT_GROUP QANAT_JOB QANAT_STORAGE_PATH
if grep -qs "^$q_intent $3 " "$q_cancelled"; then exit 0; fi
q_started=$(now)
[ -d "$q_here" ] || mkdir -p "$q_here"
echo "$q_started" >>"$q_here/starts"
q_attempt=$((q_attempt + $(wc -l <"$q_here/starts") - 1))
clear "$q_here/completion.json" "$q_here/stopped.json" "$q_here/machine.txt"
describe 2>/dev/null >"$q_here/machine.txt"
. "$q_commands/$(($3 / 100)).sh"
[ -z "$q_info" ] || printf '%s' "$q_info" >"$q_here/group_info.yaml"
q_status=143
if [ -z "$q_stopped" ]; then
    if [ -n "${BASH_VERSION:-}" ] && mkfifo "$q_here/.job-pipe" && exec 5<>"$q_here/.job-pipe"; then q_pipe=yes; fi
    (
        [ -z "${BASH_VERSION:-}" ] || trap - INT QUIT
        exec $q_env /bin/sh "$0" --keep "$q_here" "$q_attempt" "$q_started" "$q_pipe" "$@"
    ) 2>"$q_here/.job-note" &
    q_keeper=$!
    for q_name in $q_pending; do pass "$q_name"; done
    if [ -n "$q_pipe" ]; then
        while kill -0 "$q_keeper" && ! read -t 5 -r q_name <&5; do :; done 2>/dev/null
    fi
    while kill -0 "$q_keeper" 2>/dev/null; do wait "$q_keeper"; q_status=$?; done
fi
if read -r q_end <"$q_here/completion.json" || read -r q_end <"$q_here/stopped.json"; then
    q_status=${q_end#*'"status": '} q_status=${q_status%%,*}
elif [ -n "$q_stopped" ]; then
    leave stopped.json
else
    leave completion.json
fi 2>/dev/null
clear
exit "$q_status"
"""
# Becomes the program. Arguments: directory of the group, working directory, then the program and its arguments.
_START = """\
q_here=$1 q_workdir=$2 q_program=$3
shift 2
exec 2>>"$q_here/stderr.txt"
: >"$q_here/.job-note"
cd "$q_workdir" || { echo directory >"$q_here/.job-failed"; exit 126; }
failed() {
    case $1 in 126|127) echo start >"$q_here/.job-failed" ;; esac
    case $1$q_program in 127*/*) ;; 127*) echo "qanat: PATH is ${PATH-not set}" >&2 ;; esac
    exit "$1"
}
if [ -n "${BASH_VERSION:-}" ]; then shopt -s execfail; else trap 'failed $?' EXIT; fi
echo "$$" >"$q_here/.job-pid"
exec "$@" >>"$q_here/stdout.txt"
failed $?
"""


@dataclass(frozen=True, slots=True)
class Stopping:
    """How a scheduler stops a job: the names of the signals, and whether they reach the job's program by themselves."""

    signals: tuple[str, ...] = ("TERM",)
    all_processes: bool = False


STOPPING = Stopping()


def job_script(batch: JobBatch, stopping: Stopping = STOPPING) -> str:
    """Return the script that runs any group of a batch."""
    values = {
        "q_intent": batch.intent,
        "q_cancelled": str(batch.folder / cancellations.FILE),
        "q_commands": str(batch.folder / COMMANDS),
        "q_workdir": str(batch.jobs[0].workdir),
        "q_stops": " ".join(stopping.signals),
        "q_stop": "stop_all" if stopping.all_processes else "stop",
        "q_start": _START,
    }
    umask = f"umask {umask}\n" if (umask := batch.jobs[0].sharing.umask) else ""
    assignments = "".join(f"{name}={shlex.quote(value)}\n" for name, value in values.items())
    return f"{_HEAD.format(run_id=batch.run_id)}{umask}{assignments}{BODY}"


def start_command(batch: JobBatch, job: JobSpec) -> list[str]:
    """Return the command that starts one group on the machine that is to run it; call write_scripts() first."""
    return ["/bin/sh", str(batch.folder / JOB_SCRIPT), str(job.storage), str(job.attempt), str(job.group)]


def command_script(jobs: Iterable[JobSpec]) -> str:
    """Return the script that sets the arguments and variables of group `$3` in the shell that sources it."""
    cases = "".join(f"{job.group})\n{_set_arguments(job)};;\n" for job in jobs)
    return f"case $3 in\n{cases}esac\n"


def _set_arguments(job: JobSpec) -> str:
    exports = "".join(f"export {name}={shlex.quote(value)}\n" for name, value in sorted(job.environment.items()))
    info = f"q_info={shlex.quote(job.info)}\n" if job.info else ""
    return f"{exports}{info}set -- {shlex.join(job.command)}\n"


def preview(batch: JobBatch, stopping: Stopping = STOPPING) -> str:
    """Return both scripts for display, the one with the arguments only with the first group."""
    first = batch.jobs[0]
    name = f"{COMMANDS}/{first.group // GROUPS_IN_FILE}.sh"
    return f"# {JOB_SCRIPT}\n{job_script(batch, stopping)}\n# {name}, group {first.group}\n{command_script([first])}"


def write_scripts(batch: JobBatch, stopping: Stopping = STOPPING) -> Path:
    """Write the scripts into the run's storage directory; return the path of the first."""
    scripts: dict[str, list[JobSpec]] = {}
    for job in batch.jobs:
        scripts.setdefault(f"{COMMANDS}/{job.group // GROUPS_IN_FILE}.sh", []).append(job)
    # An earlier attempt of the run may have left links in its directory.
    folder, sharing = folders.plain(batch.folder), batch.jobs[0].sharing
    folders.write(folder / JOB_SCRIPT, job_script(batch, stopping).encode(), sharing=sharing)
    for name, jobs in scripts.items():
        folders.write(folder / name, command_script(jobs).encode(), sharing=sharing)
    return batch.folder / JOB_SCRIPT
