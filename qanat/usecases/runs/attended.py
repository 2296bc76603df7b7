"""Programs that have the terminal while qanat waits for them: an action, an editor, a pager."""

from __future__ import annotations

import contextlib
import signal
import subprocess
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path


def run(command: Sequence[str], *, cwd: Path | None = None, env: Mapping[str, str] | None = None) -> int:
    """Run a program on this terminal to its end; return its exit code, or 128 + N if signal N killed it.

    Ctrl-C reaches only the program. Raises OSError if it cannot be started.
    """
    with _without_interrupts():
        code = subprocess.Popen(command, cwd=cwd, env=env, preexec_fn=_default_interrupt).wait()  # noqa: PLW1509
    return code if code >= 0 else 128 - code


def feed(command: Sequence[str], texts: Iterable[str]) -> None:
    """Run a program as run() does, with texts as its input, until it ends or has seen enough."""
    with (
        _without_interrupts(),
        subprocess.Popen(command, stdin=subprocess.PIPE, text=True, preexec_fn=_default_interrupt) as program,  # noqa: PLW1509
        contextlib.suppress(BrokenPipeError),
    ):
        if program.stdin:
            program.stdin.writelines(texts)


@contextmanager
def _without_interrupts() -> Iterator[None]:
    old = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, old)


def _default_interrupt() -> None:
    """Restore Ctrl-C for the program, which would otherwise inherit that it is ignored."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)
