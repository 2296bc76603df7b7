"""The end of what a group prints, for an open page, while it grows."""

from __future__ import annotations

import codecs
import time
from collections.abc import Callable, Iterator
from typing import Any

from qanat.domain.shortening import quoted
from qanat.errors import QanatError, UsageError
from qanat.usecases.project import Project
from qanat.usecases.runs.logs import STDERR, STDOUT, LogReader
from qanat.usecases.tracking.find import Found, check_group, find_run
from qanat.usecases.tracking.refresh import Refreshed

LINES, BYTES = 500, 65_536
SOON_S, LATER_S, SLOWER = 0.5, 2.0, 1.25


def log_tail(
    project: Project, run: str, group: int, stream: str, sleep: Callable[[float], object] = time.sleep
) -> Iterator[dict[str, Any] | None]:
    """Yield the last lines of a stream of a group, then what it prints, as long as somebody asks, and None in between.

    `text` is to be added to what came before, unless there is `begins`. `note` is why something cannot be read; at an
    error, it comes alone and last.
    """
    try:
        reader = _reader(project, run, group, stream)
    except QanatError as error:
        yield {"begins": True, "text": "", "note": error.message}
        return
    decoder = codecs.getincrementaldecoder("utf-8")("backslashreplace")
    begins, pause_s = True, SOON_S
    while True:
        reader.has_skipped = False
        text = "".join(decoder.decode(piece) for _, pieces in reader.read_new() for piece in pieces)
        note = reader.problems.pop() if reader.problems else ""
        if begins or text or note:
            yield {"begins": begins or reader.has_skipped or bool(note), "text": text, "note": note}
        else:
            yield None
        pause_s = SOON_S if text else min(LATER_S, pause_s * SLOWER)
        begins = False
        sleep(pause_s)


def _reader(project: Project, run: str, group: int, stream: str) -> LogReader:
    found = _found(project, run)
    if stream not in (STDOUT, STDERR):
        raise UsageError(f"there is no stream {quoted(stream)}", hint=f"use {STDOUT} or {STDERR}")
    return LogReader(found, [check_group(found, group)], [stream], tail=LINES, most=BYTES)


def _found(project: Project, run: str) -> Found:
    """Find a run by its id, as it was at the last look: only the places of its files matter."""
    with project.index() as index:
        index.sync()
        return find_run(project, index, Refreshed(), run)
