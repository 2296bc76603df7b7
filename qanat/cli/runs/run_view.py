"""What the user sees of an active run: the output of a single group, or a progress bar for several."""

from __future__ import annotations

import contextlib
import os
import select
import sys
import time
from pathlib import Path
from types import TracebackType
from typing import BinaryIO, Protocol, Self

from qanat.cli.terminal.output import plural, tell
from qanat.domain.run import Group, Run, State, count_states
from qanat.usecases.launch.view import RunView, open_output

LINE_EVERY_S = 30.0
REDRAW_S = 0.1
AT_ONCE_BYTES = 4 * 2**20


class RunViewContext(RunView, Protocol):
    """A view that is closed when the run has ended."""

    def __enter__(self) -> Self: ...

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None: ...


def view_for(groups: int) -> RunViewContext:
    """Return a view: the output for a single group, a progress bar on a terminal, an occasional line elsewhere."""
    if groups == 1:
        return OutputView()
    return BarView(groups) if sys.stderr.isatty() else LineView()


def announce(run: Run) -> None:
    """Print which run starts, and how many of its groups."""
    commit = f"{'snapshot' if run.code.snapshot else 'commit'} {run.code.commit[:10]}"
    begin = sum(group.state is State.QUEUED for group in run.groups)
    total = plural(len(run.groups), "group")
    groups = f"retrying {begin:,} of {total}" if begin < len(run.groups) else total
    tell(f"Run {run.number} of {run.experiment}: {groups}, {run.runner.name}, {commit}")


class OutputView:
    """Copies what the program writes to stdout and stderr, byte for byte, as it comes."""

    def __init__(self) -> None:
        self._copies: list[_Copy] = []

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for copy in self._copies:
            copy.more(wait=True)
            copy.close()

    def begins(self, run: Run, folder: Path) -> None:
        """Announce the run; its files appear once the program starts."""
        announce(run)
        sys.stdout.flush()
        self._copies = [_Copy(folder / "stdout.txt", 1), _Copy(folder / "stderr.txt", 2)]

    def changed(self, group: Group) -> None:
        """Show what has been written so far."""
        self.passing()

    def passing(self) -> None:
        """Show what has been written so far."""
        for copy in self._copies:
            copy.more()


class _Copy:
    """Copies a growing file to a file descriptor, until that is closed."""

    def __init__(self, path: Path, target: int) -> None:
        self._path = path
        self._target = target
        self._source: BinaryIO | None = None
        self._closed = False

    def more(self, *, wait: bool = False) -> None:
        """Copy as much as the reader takes without blocking, up to a limit; or, with wait, everything.

        A slow reader, or a program that writes faster than it reads, must not stop qanat from watching the run.
        """
        if self._closed:
            return
        left = AT_ONCE_BYTES
        try:
            if self._source is None:
                self._source = open_output(self._path)
            while wait or (left > 0 and _takes_more(self._target)):
                data = self._source.read(select.PIPE_BUF)
                if not data:
                    return
                _write(self._target, data)
                left -= len(data)
        except FileNotFoundError:
            return
        except OSError:
            # The terminal or the reader of the pipe is gone, or the program has replaced its output with a pipe; the
            # run continues, and its files contain everything.
            self._closed = True

    def close(self) -> None:
        """Close the file."""
        if self._source is not None:
            self._source.close()


def _takes_more(target: int) -> bool:
    return bool(select.select([], [target], [], 0)[1])


def _write(target: int, data: bytes) -> None:
    view = memoryview(data)
    while view:
        try:
            view = view[os.write(target, view) :]
        except BlockingIOError:  # another process has made it non-blocking
            select.select([], [target], [])


class LineView:
    """Prints how many groups have ended, every half minute."""

    def __init__(self) -> None:
        self._last = time.monotonic()
        self._tally = Tally()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        return

    def begins(self, run: Run, folder: Path) -> None:
        """Announce the run."""
        announce(run)

    def changed(self, group: Group) -> None:
        """Count a group's change."""
        self._tally.count(group)

    def passing(self) -> None:
        """Print a line if the last one was a while ago."""
        if time.monotonic() - self._last > LINE_EVERY_S:
            self._last = time.monotonic()
            tell(str(self._tally))


class BarView:
    """Draws a progress bar with the number of groups by state, and the time left."""

    def __init__(self, groups: int) -> None:
        from qanat.cli.terminal import tables  # only a terminal needs it

        self._bar = tables.GroupBar(groups)
        self._tally = Tally()
        self._drawn = 0.0

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        with contextlib.suppress(OSError):
            self._bar.stop()

    def begins(self, run: Run, folder: Path) -> None:
        """Announce the run, and draw the empty bar."""
        announce(run)
        with contextlib.suppress(OSError):
            self._bar.start()

    def changed(self, group: Group) -> None:
        """Count a group's change."""
        self._tally.count(group)
        self.passing()

    def passing(self) -> None:
        """Redraw, at most a few times a second."""
        if time.monotonic() - self._drawn > REDRAW_S:
            self._drawn = time.monotonic()
            # A closed terminal does not end the run; a hang-up does, and arrives as a signal.
            with contextlib.suppress(OSError):
                self._bar.draw(self._tally.ended, str(self._tally))


class Tally:
    """Counts groups by state."""

    def __init__(self) -> None:
        self.running = 0
        self.finished = 0
        self.failed = 0
        self.other = 0
        self.ended = 0  # of those that were started

    def count(self, group: Group) -> None:
        """Count a group that has started or ended."""
        if group.state is State.RUNNING:
            self.running += 1
            return
        self.running -= bool(group.started)
        self.ended += group.has_run
        self.finished += group.state is State.FINISHED
        self.failed += group.state is State.FAILED
        self.other += group.state not in (State.FINISHED, State.FAILED)

    def __str__(self) -> str:
        text = f"{self.running} running, {self.finished} finished, {self.failed} failed"
        return f"{text}, {self.other} cancelled" if self.other else text


class WaitView:
    """Shows the progress of a submitted run: a bar on a terminal, an occasional line elsewhere."""

    def __init__(self, groups: int) -> None:
        self._said = time.monotonic()
        self._bar = None
        if sys.stderr.isatty():
            from qanat.cli.terminal import tables  # only a terminal needs it

            self._bar = tables.GroupBar(groups)
            self._bar.start()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._bar:
            self._bar.stop()

    def show(self, run: Run) -> None:
        """Show a run as it is now."""
        counts = count_states(run.groups)
        text = ", ".join(f"{count:,} {state}" for state, count in counts.items())
        if self._bar:
            self._bar.draw(sum(group.has_run for group in run.groups), text)
        elif time.monotonic() - self._said > LINE_EVERY_S:
            self._said = time.monotonic()
            tell(text)
