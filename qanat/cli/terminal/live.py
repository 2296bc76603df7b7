"""Tables that redraw themselves until somebody has seen enough."""

from __future__ import annotations

import contextlib
import os
import select
import shutil
import sys
import time
from collections.abc import Iterator

from qanat.cli.terminal import tables
from qanat.cli.terminal.output import clean, is_terminal
from qanat.cli.terminal.run_table import run_table
from qanat.errors import UsageError
from qanat.runners import registry
from qanat.usecases.project import Project
from qanat.usecases.runs import listing
from qanat.usecases.tracking.refresh import refreshed

REDRAW_S = 1.0
_ENTER, _LEAVE = "\x1b[?1049h\x1b[?25l", "\x1b[?25h\x1b[?1049l"
_HOME, _TO_LINE_END, _TO_END = "\x1b[H", "\x1b[K", "\x1b[J"


def live_table(project: Project, experiment: str | None) -> None:
    """Show the newest runs that fit, once a second, until q or Ctrl-C. Raises UsageError without a terminal."""
    if not is_terminal():
        raise UsageError("--live redraws a terminal, and there is none", hint="leave --live out")
    with _screen():
        while True:
            begun = time.monotonic()
            _draw(_frame(project, experiment))
            if _asked_to_leave(REDRAW_S - (time.monotonic() - begun)):
                return


def _frame(project: Project, experiment: str | None) -> list[str]:
    columns, rows = shutil.get_terminal_size()
    with refreshed(project, registry.RUNNERS) as (index, result):
        lines = listing.run_lines(index, result, project.root, experiment=experiment, newest=max(1, rows - 4))
    going = sum(line.is_active for line in lines)
    title = f"{experiment or project.root.name}: {going} going on    {time.strftime('%H:%M:%S')}    q leaves"
    # A line that wraps would push another off the screen.
    return [tables.cut(line, columns) for line in (clean(title), "", *run_table(lines, columns))][:rows]


def _draw(lines: list[str]) -> None:
    sys.stdout.write(_HOME + "\n".join(line + _TO_LINE_END for line in lines) + _TO_END)
    sys.stdout.flush()


def _asked_to_leave(seconds: float) -> bool:
    """Wait at least a moment for a key; tell whether it was q."""
    ready, _, _ = select.select([sys.stdin], [], [], max(0.2, seconds))
    if not ready:
        return False
    keys = os.read(sys.stdin.fileno(), 1024)  # read() would hold back keys that select() then does not see
    return not keys or any(key in b"qQ\x03" for key in keys)


@contextlib.contextmanager
def _screen() -> Iterator[None]:
    """Use the terminal's second screen and take keys as they are pressed; both are put back, whatever happens."""
    import termios
    import tty

    before = termios.tcgetattr(sys.stdin)
    try:
        tty.setcbreak(sys.stdin)
        sys.stdout.write(_ENTER)
        yield
    except KeyboardInterrupt:
        return
    finally:
        sys.stdout.write(_LEAVE)
        sys.stdout.flush()
        termios.tcsetattr(sys.stdin, termios.TCSADRAIN, before)
