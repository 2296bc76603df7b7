"""What this process was started with: closed or full standard streams, ignored children, blocked signals."""

from __future__ import annotations

import contextlib
import os
import signal
import sys


def settle_in() -> None:
    """Open standard streams that are closed, and undo signal settings with which programs would not work.

    A closed stream would become the next file that is opened, and then receive what children print. With SIGCHLD
    ignored, no child's exit status is known, and whatever a parent blocks stays blocked.
    """
    for number, name, mode in ((0, "stdin", "r"), (1, "stdout", "w"), (2, "stderr", "w")):
        if _is_closed(number):
            os.open(os.devnull, os.O_RDWR)  # the lowest free number: those below are open
            os.set_inheritable(number, True)
            setattr(sys, name, open(number, mode, closefd=False))  # noqa: SIM115  # open as long as the process
    if signal.getsignal(signal.SIGCHLD) == signal.SIG_IGN:
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    signal.pthread_sigmask(signal.SIG_SETMASK, ())
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="replace")


def _is_closed(descriptor: int) -> bool:
    try:
        os.fstat(descriptor)
    except OSError:
        return True
    return False


def stdout_problem() -> OSError | None:
    """Return why the output cannot be written; None if it was. Writing is not tried again."""
    try:
        sys.stdout.flush()
    except OSError as error:
        silence(sys.stdout.fileno())
        return error
    return None


def let_go_of_stderr() -> None:
    """Write what is left for standard error; if nobody reads it, Python does not exit with 120 for that."""
    try:
        sys.stderr.flush()
    except OSError:
        silence(sys.stderr.fileno())


def is_of_printing(error: OSError) -> bool:
    """Return whether an error comes from a write to standard output: nothing else is written by these two libraries."""
    frame = error.__traceback__
    names = []
    while frame:
        names.append(str(frame.tb_frame.f_globals.get("__name__")))
        frame = frame.tb_next
    return names[-1].partition(".")[0] in ("click", "rich") if names else False


def silence(descriptor: int) -> None:
    """Redirect a stream to /dev/null, so that Python does not complain about it at exit."""
    with contextlib.suppress(OSError):
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, descriptor)
        os.close(nowhere)
