"""The shell script around every local program, which writes a completion file (see domain.completion).

It is plain POSIX sh: a program that outlives its qanat needs neither qanat nor Python to have its end recorded.
"""

from __future__ import annotations

import os
import select
import signal
from collections.abc import Sequence
from dataclasses import dataclass
from fcntl import F_DUPFD_CLOEXEC, fcntl
from pathlib import Path

from qanat.domain.job import JobSpec
from qanat.system import files

# Arguments: completion file, attempt, start, working directory, then the program and its arguments. Descriptor 4 is
# the program's stderr, 5 wants the number of its process, and 6 is a pipe that 3 reads: the shell's own stderr, once it
# has said what it may say when it starts, as about a locale that is missing.
#
# The shell waits in the foreground, for two reasons: the program then starts with the default signal actions (POSIX
# has SIGINT ignored in the background), and a shell reports on its own stderr that a signal ended what it waited for;
# in POSIX mode, bash does not always. That tells a signal from an exit code above 128, except for SIGINT and SIGPIPE,
# which no shell reports. The trap keeps the shell alive when the whole process group gets a signal.
#
# A program that was started has replaced the subshell and its EXIT trap. bash offers execfail instead, though not in
# subshells; with the trap, it would lose signals. After an exec that failed, dash has undone its redirections, and bash
# has not. There is one printf, whose last byte ends the line, so that a reader can recognise an incomplete file; no
# process is started but the program (1 ms per group matters), unless something is in the place of that file, such as a
# link to another, or a pipe: it is removed. Every variable begins with q_, so that none that the user exports has
# another value in the program.
LOCAL_SCRIPT = """\
q_file=$1 q_attempt=$2 q_started=$3 q_dir=$4 q_by=exit
shift 4
exec 2>&6 6>&-
trap : HUP INT QUIT USR1 USR2 ALRM TERM XCPU
q_start='
q_program=$1
trap "" PIPE
if read -r q_pid q_rest </proc/self/stat; then echo "$q_pid" >&5; fi 2>/dev/null
trap - PIPE
cd "$q_dir" 2>&4 || { echo directory >"$q_file.failed"; exit 126; }
tell() { { echo "$1" >&4; } 2>/dev/null || echo "$1" >&2; }
failed() {
    case $1 in 126|127) echo start >"$q_file.failed" ;; esac
    case $1$q_program in 127*/*) ;; 127*) tell "qanat: PATH is ${PATH-not set}" ;; esac
    exit "$1"
}
[ -n "${BASH_VERSION:-}" ] || trap "failed \\$?" EXIT
exec "$@" 2>&4 3<&- 4>&- 5>&-
failed $?'
if [ -n "${BASH_VERSION:-}" ]; then
    set +o posix
    "$BASH" -c "q_file=\\$1 q_dir=\\$2; shift 2; shopt -s execfail; $q_start" qanat "$q_file" "$q_dir" "$@" 2>&4
else
    (eval "$q_start")
fi
q_status=$?
exec 2>/dev/null
case $q_status in
126|127) [ ! -e "$q_file.failed" ] || { read -r q_by <"$q_file.failed"; rm -f "$q_file.failed"; } ;;
130|141) q_by='exit or signal' ;;
*) if [ "$q_status" -gt 128 ] && read -r q_note <&3; then q_by=signal; fi ;;
esac
[ ! -h "${q_file%/*}" ] || exit "$q_status"
[ ! -e "$q_file" ] && [ ! -h "$q_file" ] || rm -f "$q_file"
set -C
printf '{"attempt": %d, "status": %d, "by": "%s", "started": "%s"}\\n' \\
    "$q_attempt" "$q_status" "$q_by" "$q_started" >"$q_file"
exit "$q_status"
"""
SHELL = "/bin/sh"
ANNOUNCED_MS = 5000
# Above the descriptors that the script knows by number.
_FREE = 10
_UNCATCHABLE = {signal.SIGKILL, signal.SIGSTOP}


@dataclass(frozen=True, slots=True)
class Processes:
    """The shell around a program, which leads a session and process group of its own, and the program in it.

    `program` is None where there is no /proc, and if it was never started.
    """

    shell: int
    program: int | None


def spawn(job: JobSpec, completion: Path, started: str, environment: dict[str, str]) -> Processes:
    """Start a job in its shell, with no signal ignored or blocked. Raises OSError."""
    umask = job.sharing.umask
    script = f"umask {umask}\n{LOCAL_SCRIPT}" if umask else LOCAL_SCRIPT
    words = [SHELL, "-c", script, "qanat", str(completion), str(job.attempt), started, str(job.workdir)]
    note, announcement = _Pipe(), None
    try:
        announcement = _Pipe()
        shell = _spawn(job, [*words, *job.command], environment, note, announcement)
        for name in ("stdout.txt", "stderr.txt"):  # opened before the shell could set the umask
            files.share(job.storage / name, job.sharing)
        announcement.close_write()
        return Processes(shell, announcement.read_number())
    finally:
        note.close()
        if announcement:
            announcement.close()


def _spawn(job: JobSpec, words: list[str], environment: dict[str, str], note: _Pipe, announcement: _Pipe) -> int:
    # A later attempt continues with the output of the earlier one.
    new = os.O_WRONLY | os.O_CREAT | os.O_APPEND
    return os.posix_spawn(
        SHELL,
        words,
        environment,
        file_actions=[
            (os.POSIX_SPAWN_OPEN, 0, os.devnull, os.O_RDONLY, 0),
            (os.POSIX_SPAWN_OPEN, 1, str(job.storage / "stdout.txt"), new, 0o666),
            (os.POSIX_SPAWN_OPEN, 2, str(job.storage / "stderr.txt"), new, 0o666),
            (os.POSIX_SPAWN_DUP2, note.read, 3),
            (os.POSIX_SPAWN_DUP2, 2, 4),
            (os.POSIX_SPAWN_DUP2, announcement.write, 5),
            (os.POSIX_SPAWN_DUP2, note.write, 6),
        ],
        setsid=True,
        setsigmask=(),
        setsigdef=signal.valid_signals() - _UNCATCHABLE,
    )


class _Pipe:
    """A pipe whose ends have numbers that the script does not use, and that no other child inherits."""

    def __init__(self) -> None:
        ends = os.pipe()
        opened: list[int] = []
        try:
            opened += [fcntl(end, F_DUPFD_CLOEXEC, _FREE) for end in ends]
        except OSError:
            self._close_all(opened)
            raise
        finally:
            self._close_all(ends)
        self.read, self.write = opened

    def close_write(self) -> None:
        """Close the end for writing, so that reading meets the end of what others write."""
        os.close(self.write)
        self.write = -1

    def close(self) -> None:
        """Close what is still open."""
        self._close_all([end for end in (self.read, self.write) if end >= 0])

    def read_number(self) -> int | None:
        """Read a line with a number; None if nothing is written for ANNOUNCED_MS, or before the pipe is closed."""
        waiting = select.poll()
        waiting.register(self.read, select.POLLIN)
        line = os.read(self.read, 32) if waiting.poll(ANNOUNCED_MS) else b""
        return int(line) if line.strip().isdigit() else None

    @staticmethod
    def _close_all(descriptors: Sequence[int]) -> None:
        for descriptor in descriptors:
            os.close(descriptor)
