"""Reading and changing run records.

A record is changed in only one way: under the repository's lock it is read from disk, changed by a function, and
written. So nothing is lost that another command has written meanwhile.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Mapping
from dataclasses import replace
from itertools import islice

from qanat.domain.run import Group, Run
from qanat.errors import InputInvalid, NotFound, RecordEdited, WriteFailed
from qanat.git import lock, others
from qanat.records import ledger, own_copies, run_codec, yaml_io
from qanat.system import below
from qanat.usecases.project import Project
from qanat.usecases.tracking import committing, edits

# Called under the lock, so it must not prompt or do anything but return the changed run.
Change = Callable[[Run], Run]

PRUNE_EVERY = 100


def load_record(project: Project, path: str) -> Run:
    """Read a record of this project by its path from the root. Raises InputInvalid, or NotFound if it is gone."""
    return run_codec.decode(edits.read(project, path), path)


def check_unedited(project: Project, path: str) -> None:
    """Raise RecordEdited if a record has changes that qanat did not make; a missing record passes."""
    with contextlib.suppress(NotFound):
        edits.check_unedited(project, path, edits.read(project, path))


def create_record(project: Project, run: Run) -> tuple[Run, list[str]]:
    """Write the record of a new run to the working tree; it is committed once the run has jobs or has ended.

    Returns the run as written, and a sentence if not all its metrics and curves fit into the record.
    """
    written = _write(project, run)
    if run.number % PRUNE_EVERY == 0:
        waiting = (entry.path for entry in ledger.entries(project.location.private) if entry.commit is None)
        own_copies.prune(project.location.private, [own_copies.name_of(path) for path in waiting])
    return written


def update_record(
    project: Project, path: str, change: Change, *, message: str = "", absent: Run | None = None
) -> tuple[Run, list[str]]:
    """Change and commit the record at path; return the run, and sentences on what is left out or stays uncommitted.

    `absent` is what to change if the record no longer exists, as after checking out another branch.
    Raises NotFound without that, RecordEdited, InputInvalid, WriteFailed, and what `change` raises.
    """
    with lock.held(project.location) as held:
        run, notes = _change(project, path, change, absent)
        # The record of a run that is about to start, or is active on this machine, is committed at its end.
        if not committing.is_ready(run):
            return run, notes
        if not others.moving(project.location):
            return run, [*notes, *committing.commit_held(held, project, [run], message)]
    return run, [*notes, *committing.commit_records(project, [run], message)]


def change_records(project: Project, changes: Mapping[str, Change]) -> tuple[list[Run], list[str]]:
    """Change several records, by their paths, without committing them; return the runs, and sentences.

    A record that can no longer be read or written is left out, with a sentence; a missing one without. The lock
    is released between the records, so that others need not wait for all of them.
    """
    changed, notes = [], []
    for path, change in changes.items():
        try:
            with lock.held(project.location), contextlib.suppress(NotFound):
                run, left_out = _change(project, path, change)
                changed.append(run)
                notes += left_out
        except RecordEdited as error:
            notes.append(error.sentence)
        except (InputInvalid, WriteFailed) as error:
            notes.append(error.message)
    return changed, notes


def remove_record(project: Project, run: Run) -> None:
    """Delete the record of a run that never started."""
    with lock.held(project.location):
        below.remove(project.root, run_codec.path_of(run))
    own_copies.forget(project.location.private, run.id)


def learning(before: Run, after: Run) -> Change:
    """Return a change that adds what was learned about a run since its record said `before`, and nothing more.

    Whatever else has become known meanwhile is kept: the two versions are merged as git merges them.
    """

    def change(now: Run) -> Run:
        if now == before:
            return after
        from qanat.domain.merging import CannotMerge, merge_runs  # only if the record has changed meanwhile

        try:
            return merge_runs(before, now, after)
        except CannotMerge:
            path = run_codec.path_of(now)
            raise InputInvalid(f"{path} was changed, and no longer describes the same groups") from None

    return change


def _change(project: Project, path: str, change: Change, absent: Run | None = None) -> tuple[Run, list[str]]:
    try:
        data = edits.read(project, path)
    except NotFound:
        if absent is None:
            raise
        now, _ = _write(project, absent)
    else:
        now = run_codec.decode(data, path)
        edits.check_unedited(project, path, data)
    run = change(now)
    return (run, []) if run == now else _write(project, run)


def _write(project: Project, run: Run) -> tuple[Run, list[str]]:
    """Write a record; return the run as written, and a sentence if not all its metrics and curves fit into it.

    Raises InputInvalid if it is too large without these.
    """
    limit = yaml_io.bytes_max(len(run.groups))
    notes = []
    while len(data := run_codec.encode(run)) > limit:
        most = max(max(len(group.metrics), len(group.curves)) for group in run.groups)
        if not most:
            raise InputInvalid(
                f"the record of run {run.number} would be larger than {limit // 2**20} MiB",
                hint="put long arguments into files, or split the run",
            )
        run = run.with_groups({group.number: _with_fewer(group, most // 2) for group in run.groups})
        what = f"the record of run {run.number} has at most {most // 2:,} metrics and curves of each group"
        notes = [f"{what}: with more, it would be larger than {limit // 2**20} MiB"]
    own_copies.keep(project.location.private, run.id, data, project.sharing)
    project.write(project.root / run_codec.path_of(run), data, durable=True)
    return run, notes


def _with_fewer(group: Group, count: int) -> Group:
    metrics, curves = dict(islice(group.metrics.items(), count)), dict(islice(group.curves.items(), count))
    return replace(group, metrics=metrics, curves=curves)
