"""Correcting records that knew of the end of a group from a scheduler alone, once its completion file is there."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from qanat.domain import clocks, job
from qanat.domain.layout import group_folder
from qanat.domain.run import Group, Run, State
from qanat.errors import InputInvalid, NotFound, WriteFailed
from qanat.records import attempt_notes, hearsay, measured, run_codec, storage
from qanat.usecases.project import Project
from qanat.usecases.tracking import record
from qanat.usecases.tracking.settle import metric_sources


def note(project: Project, runs: Sequence[Run]) -> list[str]:
    """Note the runs that have ended by hearsay; return a sentence for each that cannot be noted."""
    problems = []
    for run in runs:
        path, now = run_codec.path_of(run), project.clock.now()
        try:
            hearsay.note(project.location.private, run.id, str(project.root), path, now, project.sharing)
        except WriteFailed as error:
            problems.append(error.message)
    return problems


def corrections(project: Project) -> dict[str, tuple[Run, Run]]:
    """Return the noted runs of which a completion file tells another end now: as recorded, and as corrected."""
    private, found = project.location.private, {}
    for noted in hearsay.due(private, str(project.root), project.clock.now(), project.sharing):
        try:
            run = record.load_record(project, noted.record)
        except (InputInvalid, NotFound):
            continue  # another branch is checked out
        groups = [group for group in run.groups if _may_be_corrected(run, group)]
        corrected = {group.number: now for group in groups if (now := _corrected(project, run, group))}
        if corrected:
            found[noted.record] = run, run.with_groups(corrected)
        if not groups:  # the record has been corrected; before it is written, a kill would lose the correction
            hearsay.forget(noted)
    return found


def _may_be_corrected(run: Run, group: Group) -> bool:
    """Return whether a completion file could tell more; of a removed job's results, only a part may have arrived."""
    return group.is_hearsay and not (run.runner.transfer and group.state is State.CANCELLED)


def _corrected(project: Project, run: Run, group: Group) -> Group | None:
    own = group_folder(project.storage_of(run), group.number, len(run.groups))
    written = storage.read_completion(own, run.command)
    if written is None or written.attempt < group.attempt:
        return None
    status = replace(written.status, restarts=written.attempt - group.attempt)
    status = clocks.adjusted(status, run.created, project.clock.now())
    found, _ = measured.read_measured(own, metric_sources(project, run))
    now = job.apply_status(group, status).with_measured(found)
    return replace(attempt_notes.with_ends(own, group, now, run.command), outputs=None)
