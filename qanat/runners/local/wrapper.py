"""The shell script around every program, which writes a completion file (see domain.completion).

It is plain POSIX sh: the machine that runs it needs neither qanat nor Python.
"""

from __future__ import annotations

# Arguments: completion file, attempt, start, working directory, then the program and its arguments. A signal that is
# meant for the program must not end the shell before it has written how the program ended, hence the trap; the
# program itself gets the default signal handlers. There is one printf, whose last byte ends the line, so that a
# reader can recognise an incomplete file; no other process is started (1 ms per group matters).
LOCAL_SCRIPT = """\
f=$1 a=$2 b=$3 d=$4
shift 4
trap : HUP INT TERM
cd "$d" && "$@"
s=$?
printf '{"attempt": %d, "status": %d, "started": "%s"}\\n' "$a" "$s" "$b" >"$f"
exit "$s"
"""
