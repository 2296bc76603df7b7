"""Programs that have the terminal while qanat waits for them: an action, an editor, a pager."""

from __future__ import annotations

import signal
import subprocess
from collections.abc import Sequence
from pathlib import Path


def run(command: Sequence[str], *, cwd: Path | None = None) -> int:
    """Run a program on this terminal to its end; return its exit code, or 128 + N if signal N killed it.

    Ctrl-C reaches only the program. Raises OSError if it cannot be started.
    """
    old = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        code = subprocess.Popen(command, cwd=cwd, preexec_fn=_default_interrupt).wait()  # noqa: PLW1509
    finally:
        signal.signal(signal.SIGINT, old)
    return code if code >= 0 else 128 - code


def _default_interrupt() -> None:
    """Restore Ctrl-C for the program, which would otherwise inherit that it is ignored."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)
