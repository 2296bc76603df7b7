"""Completion files: how a group ended, written by the shell around its program.

The file is the truth about the end, even if nobody was watching.
"""

from __future__ import annotations

import json
import signal
from dataclasses import dataclass, replace

from qanat.domain import time_limits, times, used
from qanat.domain.job import JobStatus
from qanat.domain.run import State
from qanat.domain.shortening import shortened

COMPLETION = "completion.json"
STOPPED = "stopped.json"
# What a running job has used so far.
NOTES = ".job-used"
# How earlier attempts ended that the scheduler started again: one line for each.
EARLIER = "earlier.jsonl"
# As a completion file, of an attempt after which the group continues.
CONTINUES = "continues.json"
SIGNAL_BASE = 128
_SIGNALS = 64
_HOST_MAX = 255
# What ended a group, in completion files: EXIT, "signal", one of _NOT_STARTED, or _UNCLEAR for SIGINT and
# SIGPIPE, which no shell tells from exit codes 130 and 141. Files of earlier versions do not say.
EXIT = "exit"
_UNCLEAR = "exit or signal"
_CANNOT = "{program} could not be executed"
_NOT_FOUND = "{program} was not found"
# The system gives one error for both, so for a path, not even the shell knows.
_PATH_NOT_FOUND = "{program}, or the interpreter in its first line, was not found"
# Programs that qanat has ended, one by one, in a job that continues (runners/submitting/shell/bundle.sh).
_CANCELLED = "cancelled"
_LIMIT_MAX = 40
_LIMIT = "time limit of "
CANCELLED_REASON = "cancelled by qanat"
# Why qanat could not start the program, by a shell's own exit code (POSIX, Shell Command Language 2.8.2).
_NOT_STARTED = {
    "start": {127: _NOT_FOUND, 126: _CANNOT},
    "directory": {126: "its working directory cannot be entered"},
}
# Why a group does not continue although its program said so; where that did not even start, the status means nothing.
_NOT_CONTINUED = {
    "attempts": "it was to continue, but had no attempts left",
    "requeue": "it was to continue, but the scheduler did not queue it again",
}
_NOT_STARTED_AGAIN = "over"
# More attempts than any group gets.
ATTEMPT_MAX = 10**6
_STATUS_MAX = 255


@dataclass(frozen=True, slots=True)
class Completion:
    """The content of a completion file."""

    attempt: int
    status: JobStatus


def parse(text: str, written: float, program: str = "the program") -> Completion | None:
    """Parse a completion file's text; `written` is its mtime in seconds since 1970. None if it is incomplete.

    `program` is what the reason calls a program that could not be started.
    """
    if not text.endswith("}\n"):
        return None
    try:
        content = json.loads(text)
        status, attempt = int(content["status"]), int(content["attempt"])
    except (ValueError, TypeError, KeyError, OverflowError, RecursionError):
        return None
    # A program may have written the file: what no shell writes does not count.
    if not (0 <= status <= _STATUS_MAX and 0 < attempt <= ATTEMPT_MAX):
        return None
    ended, host = content.get("ended"), content.get("host")
    started = content.get("started")
    by = str(content.get("by"))
    by = by if by.isprintable() else ""
    # A record could not hold whatever text the file has.
    known_host = host if isinstance(host, str) and host.isprintable() and len(host) <= _HOST_MAX else None
    known = status_of(status, by, ended=_end(ended, written), host=known_host)
    if by == _CANCELLED:
        known = replace(known, state=State.CANCELLED, exit_code=None, signal=None, reason=CANCELLED_REASON)
    elif by.startswith(_LIMIT):
        limit = shortened(by.removeprefix(_LIMIT), _LIMIT_MAX)
        known = replace(known, state=State.FAILED, exit_code=None, reason=time_limits.exceeded(limit))
    elif why := _NOT_CONTINUED.get(by):
        known = _not_continued(known, why)
    elif by == _NOT_STARTED_AGAIN:
        known = replace(known, state=State.FAILED, exit_code=None, signal=None, reason="it had no attempts left")
    if why := _NOT_STARTED.get(by, {}).get(status):
        why = _PATH_NOT_FOUND if why == _NOT_FOUND and "/" in program else why
        known = replace(known, reason=f"exit code {status}: {why.format(program=program)}")
    started = started if times.is_recordable(started) else None
    return Completion(attempt, replace(known, started=started, used=used.parse(content.get("used"))))


def out_of_attempts(status: JobStatus) -> JobStatus:
    """Return the end of a program that was to continue, but had its last attempt."""
    return _not_continued(status, _NOT_CONTINUED["attempts"])


def _not_continued(status: JobStatus, why: str) -> JobStatus:
    return replace(status, state=State.FAILED, reason=f"{status.reason or 'exit code 0'}: {why}")


def _end(ended: object, written: float) -> str:
    """Return when a group ended; a shell whose date has no fractions, as busybox's, rounds that down to a second."""
    exact = times.from_epoch(written)
    if not isinstance(ended, str) or not times.is_recordable(ended):
        return exact
    is_rounded = "." not in ended and times.parse(ended) == times.parse(exact).replace(microsecond=0)
    return exact if is_rounded else ended


def is_not_found(reason: str, program: str) -> bool:
    """Return whether a group's reason is that its program is not on the PATH, where it was looked for."""
    return "/" not in program and reason.endswith(_NOT_FOUND.format(program=program))


def status_of(status: int, by: str = "", *, ended: str, host: str | None = None) -> JobStatus:
    """Return the end that a shell's exit status means: 0 finished, 129 to 192 a signal, anything else failed.

    `by` is what a completion file says about the ambiguous ones: EXIT if it is the program's exit code after all.
    """
    if status == 0:
        return JobStatus(State.FINISHED, exit_code=0, ended=ended, host=host)
    if by != EXIT and SIGNAL_BASE < status <= SIGNAL_BASE + _SIGNALS:
        number = status - SIGNAL_BASE
        why = f"ended by {signal_name(number)}{f', or with exit code {status}' if by == _UNCLEAR else ''}"
        return JobStatus(State.FAILED, signal=number, reason=why, ended=ended, host=host)
    return JobStatus(State.FAILED, exit_code=status, reason=f"exit code {status}", ended=ended, host=host)


def signal_name(number: int) -> str:
    """Return a signal's name, such as SIGKILL; `signal 40` if it has none."""
    try:
        return signal.Signals(number).name
    except ValueError:
        return f"signal {number}"
