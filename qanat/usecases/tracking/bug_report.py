"""What is kept of a bug in qanat, so that its user hears of it and can report it."""

from __future__ import annotations

import sys
import tempfile
import threading
import traceback

from qanat import __version__
from qanat.domain.redaction import redacted, redacted_arguments
from qanat.errors import QanatError
from qanat.records import left_problems
from qanat.usecases.project import Project


def described(error: BaseException) -> tuple[str, str]:
    """Save the traceback of a bug to a file without secrets; return a sentence on the bug, and what to do."""
    problem = f"this is a bug in qanat: {error!r}"
    try:
        with tempfile.NamedTemporaryFile("w", prefix="qanat-bug-", suffix=".log", delete=False) as log:
            log.write(f"qanat {__version__}, Python {sys.version}\n{redacted_arguments(sys.argv)}\n")
            log.write(redacted("".join(traceback.format_exception(error))))
    except OSError:  # no space for it
        return problem, "please report it"
    return problem, f"please report it, and attach {log.name}"


def in_one(error: BaseException) -> str:
    """Return what went wrong as one sentence, and keep what is known about a bug."""
    return error.message if isinstance(error, QanatError) else "; ".join(described(error))


def leave(project: Project, where: str, error: BaseException) -> None:
    """Let the next command report what went wrong in a process that nobody sees the output of."""
    left_problems.leave(project.location.private, f"{where}: {redacted(in_one(error))}", project.sharing)


def leave_those_of_threads(project: Project, where: str) -> None:
    """From now on, leave also what goes wrong in other threads of this process."""

    def hook(args: threading.ExceptHookArgs) -> None:
        if args.exc_value is not None:
            leave(project, where, args.exc_value)

    threading.excepthook = hook
