"""What a job's script notes about attempts that the scheduler started again: how each of them ended.

A line of `earlier.jsonl` is that of the attempt's completion file, with `end`: exit, checkpoint, stopped or lost. The
program could write there, too, so of a long file only the end is read, and whatever is not such a line is left out.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

from qanat.domain import completion, times
from qanat.domain.attempts import AttemptState, Earlier, combine
from qanat.domain.checkpoint import ATTEMPTS_MAX
from qanat.domain.completion import COMPLETION, CONTINUES, EARLIER, STOPPED, Completion
from qanat.domain.run import Group
from qanat.records import storage
from qanat.system import folders

_BYTES_MAX = 2**16
_STATES = {"stopped": AttemptState.STOPPED, "checkpoint": AttemptState.CHECKPOINT}
_UNKNOWN = "how it ended is unknown"


def with_ends(folder: Path, before: Group, now: Group, command: Sequence[str], *, counts: bool = False) -> Group:
    """Return a group with how its attempts ended before the present one, from that of `before` on, which is recorded.

    The latest may have left only its own file in the group's directory, until the job starts again. With `counts`, the
    files say which attempt the present one is, unless a completion file has. The command is that of the run.
    """
    noted = [end for end in _noted(folder, *command[:1]) if end]
    left = [end for kind, name in _FILES.items() if (end := _of(kind, storage.read_completion(folder, command, name)))]
    attempt = now.attempt
    if counts and (not now.state.ended or now.is_hearsay):
        # One that was noted, or is to continue, has been followed by another one.
        followed = [end.attempt + 1 for end in (*noted, *left) if end in noted or end.state is AttemptState.CHECKPOINT]
        present = [end.attempt for end in left if now.state.ended]
        attempt = max(attempt, min(max((*followed, *present), default=0), before.attempt + ATTEMPTS_MAX))
    known = [end for end in (*noted, *left) if end.attempt >= before.attempt]
    return replace(now, attempt=attempt, earlier=combine(attempt, before.earlier, known))


_FILES = {"exit": COMPLETION, "checkpoint": CONTINUES, "stopped": STOPPED}


def _noted(folder: Path, program: str = "") -> Iterator[Earlier | None]:
    try:
        with folders.opened_file(folder, EARLIER) as file:
            written, size = os.fstat(file.fileno()).st_mtime, file.seek(0, os.SEEK_END)
            file.seek(max(0, size - _BYTES_MAX))
            text = file.read(_BYTES_MAX).decode("utf-8", "replace")
    except OSError:
        return
    for line in text.splitlines():
        try:
            kind, attempt = (content := json.loads(line))["end"], int(content["attempt"])
        except (ValueError, TypeError, KeyError, OverflowError, RecursionError):
            continue
        if kind == "lost" and 0 < attempt <= completion.ATTEMPT_MAX:
            started = content.get("started")
            started = started if times.is_recordable(started) else None
            yield Earlier(attempt, AttemptState.LOST, reason=_UNKNOWN, started=started)
        elif kind in ("exit", *_STATES):
            yield _of(kind, completion.parse(f"{line}\n", written, program))


def _of(kind: str, written: Completion | None) -> Earlier | None:
    """Return the end that a completion file, or a line like it, describes."""
    if written is None:
        return None
    status = written.status
    state = _STATES.get(kind) or AttemptState(str(status.state))
    reason = f"stopped by the scheduler ({status.reason or 'exit code 0'})" if kind == "stopped" else status.reason
    return Earlier(
        written.attempt,
        state,
        status.exit_code,
        status.signal,
        reason,
        status.started,
        status.ended,
        status.host,
        used=status.used,
    )


def attempts_in(folder: Path) -> set[int]:
    """Return the attempts that were followed by another one in the same folder, as far as notes tell."""
    return {end.attempt for end in _noted(folder) if end}
