"""Work that continues in a process of its own when this process, its terminal and its login session have ended."""

from __future__ import annotations

import os
import pickle
import signal
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeAlias

from qanat.errors import QanatError

Report: TypeAlias = Callable[[Any], None]
# -P: the current folder is a user's project, whose modules must not be mistaken for Python's.
_CODE = "import sys; sys.path.append(sys.argv[1]); from qanat.system import background; background.main()"
_TEXT_MAX = 1_000


def first_report(work: Callable[[Report], object], folder: Path) -> Any:
    """Call work(report) in a process that outlives this one, and return the first value that it reports.

    The work is pickled, and works in `folder`. It must report once: if this process is gone by then, the report raises
    BrokenPipeError. Raises what the work raises before it reports, and QanatError if the process ends without a report.
    """
    command = [sys.executable, "-P", "-c", _CODE, str(Path(__file__).parents[2])]
    with (
        tempfile.TemporaryFile() as errors,
        subprocess.Popen(
            command,
            cwd=folder,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=errors,
            start_new_session=True,
        ) as process,
    ):
        answer, _ = process.communicate(pickle.dumps(work))
        errors.seek(0)
        said = errors.read().decode("utf-8", "replace").strip()
    if not answer:
        raise QanatError(f"the process in the background has ended: {said[-_TEXT_MAX:] or 'it printed nothing'}")
    is_error, content = pickle.loads(answer)  # noqa: S301  # written by a process that this one has started
    if not is_error:
        return content
    kind, arguments, attributes = content
    error = kind.__new__(kind, *arguments)  # not kind(…): some errors are made of more than their message
    error.__dict__.update(attributes)
    raise error


def main() -> None:
    """Do the work that standard input describes, as a daemon."""
    work = pickle.load(sys.stdin.buffer)  # noqa: S301  # written by the process that has started this one
    # The parent has collected this process before the work begins; and who does not lead a session gets no terminal.
    if os.fork():
        os._exit(0)
    signal.signal(signal.SIGHUP, signal.SIG_IGN)
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    signal.pthread_sigmask(signal.SIG_SETMASK, ())
    _disconnect(0)
    answer = _Answer()
    try:
        work(answer.report)
    except Exception as error:
        if answer.is_given:
            raise
        answer.fail(error)


class _Answer:
    """What the parent reads from the standard output of this process: a single report, or an error."""

    def __init__(self) -> None:
        self.is_given = False

    def report(self, value: Any) -> None:
        """Answer with a value, and let go of the parent. Raises BrokenPipeError if it is gone."""
        self._give(is_error=False, content=value)

    def fail(self, error: Exception) -> None:
        """Answer with an error."""
        self._give(is_error=True, content=(type(error), error.args, error.__dict__))

    def _give(self, *, is_error: bool, content: Any) -> None:
        view = memoryview(pickle.dumps((is_error, content)))
        while view:
            view = view[os.write(1, view) :]
        self.is_given = True
        _disconnect(2)
        _disconnect(1)  # last, since the parent waits for that


def _disconnect(descriptor: int) -> None:
    """Replace a standard stream by /dev/null."""
    null = os.open(os.devnull, os.O_RDWR)
    os.dup2(null, descriptor)
    os.close(null)
