"""What the user sees of an active run: the output of a single group, or a progress bar for several."""

from __future__ import annotations

import contextlib
import os
import select
import sys
import time
from collections.abc import Iterable
from pathlib import Path
from types import TracebackType
from typing import BinaryIO, Protocol, Self

from qanat.cli.terminal.output import plural, tell
from qanat.domain.attempts import AttemptState
from qanat.domain.run import Group, Run, State
from qanat.domain.tally import Tally
from qanat.usecases.launch.view import RunView, open_output

LINE_EVERY_S = 30.0
REDRAW_S = 0.1
# Less than this is not shown, nor is it known.
LEFT_LEAST_S = 1.0
AT_ONCE_BYTES = 4 * 2**20


class RunViewContext(RunView, Protocol):
    """A view that is closed when the run has ended."""

    def __enter__(self) -> Self: ...

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None: ...


def view_for(groups: int) -> RunViewContext:
    """Return a view: the output for a single group, a progress bar on a terminal, an occasional line elsewhere."""
    return OutputView() if groups == 1 else GroupsView(groups)


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
        self._folder = Path()
        self._run = ""

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
        self._folder, self._run = folder, f"Run {run.number} of {run.experiment}"
        self._begin()

    def _begin_again(self) -> None:
        for copy in self._copies:
            copy.more(wait=True)
            copy.close()
        self._begin()

    def _begin(self) -> None:
        sys.stdout.flush()
        self._copies = [_Copy(self._folder / "stdout.txt", 1), _Copy(self._folder / "stderr.txt", 2)]

    def changed(self, group: Group) -> None:
        """Show what has been written so far; an attempt after a retry writes to new files."""
        self.passing()
        if group.state is State.QUEUED and group.earlier:
            last = group.earlier[-1]
            how = f", {group.reason}" if group.reason else ""
            saved = last.state is AttemptState.CHECKPOINT
            ended = f"saved a {last.described}" if saved else last.described
            tell(f"{self._run}: attempt {group.attempt}{how}, after attempt {last.attempt} {ended}")
            if not saved:
                self._begin_again()

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


class GroupsView:
    """Shows how many groups are in each state and the time that is left: as a bar on a terminal, else in a line.

    It is the same for a run that is watched here and for one that is waited for.
    """

    def __init__(self, groups: int, *, bar: bool = True) -> None:
        self._tally = Tally(())
        self._shown = time.monotonic()
        self._bar = None
        if bar and sys.stderr.isatty():
            from qanat.cli.terminal import tables  # only a terminal needs it

            self._bar = tables.GroupBar(groups)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._bar:
            with contextlib.suppress(OSError):
                self._bar.stop()

    def begins(self, run: Run, folder: Path) -> None:
        """Announce the run, and draw the bar."""
        announce(run)
        self.show(run.groups)

    def show(self, groups: Iterable[Group]) -> None:
        """Show groups as they are now."""
        self._tally.update(groups)
        self.passing()

    def changed(self, group: Group) -> None:
        """Count a group's change."""
        self._tally.update([group])
        self.passing()

    def passing(self) -> None:
        """Redraw a bar at most a few times a second; print a line if the last one was a while ago."""
        passed_s = time.monotonic() - self._shown
        if self._bar:
            # A closed terminal does not end the run; a hang-up does, and arrives as a signal.
            with contextlib.suppress(OSError):
                if self._bar.start() or passed_s > REDRAW_S:
                    self._shown = time.monotonic()
                    self._bar.draw(self._tally.finished, str(self._tally), self._tally.left)
        elif passed_s > LINE_EVERY_S:
            self._shown = time.monotonic()
            left_s = self._tally.left_s
            is_over = left_s is not None and left_s < LEFT_LEAST_S
            tell(str(self._tally) if is_over else f"{self._tally}; time left: {self._tally.left}")
