"""The shell script around every program, which leaves a completion file (see domain.completion).

It is plain POSIX sh: where jobs run, nothing of qanat's and no Python is needed.
"""

from __future__ import annotations

# Words: completion file, attempt, working directory, then the program and its arguments. A signal that is
# meant for the program must not end the shell before it has written how the program ended, hence the trap;
# the program itself gets the signals' defaults. One printf, whose last byte closes the line, so that a
# reader can tell a file that is being written; no other process is started (1 ms for each group counts).
LOCAL_SCRIPT = """\
f=$1 a=$2 d=$3
shift 3
trap : HUP INT TERM
cd "$d" && "$@"
s=$?
printf '{"attempt": %d, "status": %d}\\n' "$a" "$s" >"$f"
exit "$s"
"""
