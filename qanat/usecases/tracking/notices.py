"""Notifying users of the runs that they have launched here: once, by whichever command notices first.

Records and definitions may come from others, so neither can cause a message: it needs a note from the launch in the
private folder, and the user's own settings say how it is sent.
"""

from __future__ import annotations

import os
from collections.abc import Collection, Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass

from qanat.domain import times
from qanat.domain.run import Group, Run, State
from qanat.errors import InputInvalid, NotFound, WriteFailed
from qanat.records import notices, run_codec
from qanat.records.notices import Launched, Pending
from qanat.usecases.project import Project

VARIABLE = "QANAT_NOTIFY"
OFF = "off"


@dataclass(frozen=True, slots=True)
class Happened:
    """A run that has ended, or that has a failed group, and how long after its launch that was."""

    note: Pending
    run: Run
    after_s: float


def begin(project: Project, run: Run, groups: Collection[int]) -> None:
    """Note that this user launches these groups of a run, so that the user is told of what happens to it.

    If that is impossible, the launch does not fail: it is only not told about.
    """
    if not _is_off():
        launched = Launched(str(project.root), run_codec.path_of(run), project.clock.now(), groups)
        with suppress(WriteFailed):
            notices.begin(project.location.private, run.id, launched, project.sharing)


def forget(project: Project, run: Run) -> None:
    """Send nothing about a run, since the user knows."""
    notices.forget(project.location.private, run.id)


def tell(project: Project, known: Iterable[Run], *, pending: Collection[str] = ()) -> list[str]:
    """Notify the user of what has happened to runs; return sentences on what went wrong.

    `known` are runs as they are now, with all active ones. `pending` are the records of runs that will be retried, so
    that they have not ended for the user. It is noted first that the user has been told, so that nothing is sent twice.
    Several runs are one message.
    """
    if _is_off() or not (notes := notices.pending(project.location.private)):
        return _problem(project)
    runs = {run.id: run for run in known}
    return [*_tell(project, notes, runs, pending=pending), *_problem(project)]


def tell_of(project: Project, run: Run, *, wait_s: float | None = None) -> list[str]:
    """Notify the user of what has happened to one run, as tell() does."""
    if _is_off():
        return []
    notes = [note for note in notices.pending(project.location.private) if note.run_id == run.id]
    return [*_tell(project, notes, {run.id: run}, wait_s=wait_s), *_problem(project)]


def _tell(
    project: Project,
    notes: Sequence[Pending],
    runs: Mapping[str, Run],
    *,
    pending: Collection[str] = (),
    wait_s: float | None = None,
) -> list[str]:
    found = [each for note in notes if (each := _happened(project, note, runs, pending))]
    if not found:
        return []
    from qanat.records import user_settings  # most commands have nothing to tell

    try:
        notify = user_settings.notify()
    except InputInvalid as error:
        return [f"you are not notified of runs: {error.message}{f' ({error.hint})' if error.hint else ''}"]
    claimed = [each for each in found if _is_first(project, each)]
    if notify and claimed:
        from qanat.usecases.tracking import sending

        sending.send(project, notify, claimed, wait_s)
    return []


def _is_off() -> bool:
    return os.environ.get(VARIABLE) == OFF


def _problem(project: Project) -> list[str]:
    problem = notices.take_problem(project.location.private)
    return [f"a notification was not sent: {problem}"] if problem else []


def _happened(project: Project, note: Pending, runs: Mapping[str, Run], pending: Collection[str]) -> Happened | None:
    """Return what has happened to a run since its launch; None if there is nothing to tell."""
    run = runs.get(note.run_id)
    if run and not run.state.ended and (note.has_failed or not any(g.state is State.FAILED for g in run.groups)):
        return None
    launched = notices.read(note)
    if launched is None or launched.root != str(project.root):
        notices.forget_old(note)
        return None
    if launched.record in pending:
        return None
    run = run or _recorded(project, note, launched)
    if run is None:
        return None
    failed = [group for group in run.groups if group.state is State.FAILED and group.number in launched.groups]
    if failed and not run.state.ended:
        failed = _for_good(project, run, failed)
    if not run.state.ended and not failed:
        return None
    time = run.ended if run.state.ended else min((g.ended for g in failed if g.ended), key=times.parse, default=None)
    return Happened(note, run, times.seconds_between(launched.begun, time or project.clock.now()) or 0.0)


def _for_good(project: Project, run: Run, failed: Sequence[Group]) -> list[Group]:
    """Return the failed groups of an active run that its policy does not retry."""
    from qanat.records import retries  # most runs have no policy, or no failed group

    noted = retries.read(project.location.private, run.id)
    return [group for group in failed if not (noted and noted.is_due(group))]


def _recorded(project: Project, note: Pending, launched: Launched) -> Run | None:
    """Return a run as it is recorded; None if it cannot be read now, as while another branch is checked out."""
    from qanat.usecases.tracking import record

    try:
        run = record.load_record(project, launched.record)
    except NotFound:
        notices.forget_old(note)
        return None
    except InputInvalid:
        return None
    return run if run.id == note.run_id else None


def _is_first(project: Project, happened: Happened) -> bool:
    """Note that the user is told; return whether no other command has noted that before."""
    if happened.run.state.ended:
        return notices.claim_end(project.location.private, happened.run.id)
    return notices.claim_failure(happened.note)
