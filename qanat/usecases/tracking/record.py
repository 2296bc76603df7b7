"""Reading and changing run records, and committing them to the branch from which each run was launched.

A record is changed in only one way: under the repository's lock it is read from disk, changed by a function, and
written. So nothing is lost that another command has written meanwhile.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from itertools import islice

from qanat.domain.run import Run
from qanat.errors import GitRefused, InputInvalid, NotFound, QanatError, RecordEdited, WriteFailed
from qanat.git import lock, others, repository, worktree
from qanat.git.location import Location
from qanat.git.lock import Held
from qanat.records import ledger, own_copies, run_codec, yaml_io
from qanat.system import below, files
from qanat.usecases.merging.noted import commit_noted
from qanat.usecases.project import Project
from qanat.usecases.tracking import edits

# Called under the lock, so it must not prompt or do anything but return the changed run.
Change = Callable[[Run], Run]

PRUNE_EVERY = 100


def load_record(project: Project, path: str) -> Run:
    """Read a record of this project by its path from the root. Raises InputInvalid, or NotFound if it is gone."""
    return run_codec.decode(_read(project, path), path)


def _read(project: Project, path: str) -> bytes:
    try:
        return below.read(project.root, path, yaml_io.FILE_BYTES_MAX)
    except InputInvalid:
        if files.exists(project.root / path):
            raise
        hint = "the run was deleted, or another branch was checked out meanwhile"
        raise NotFound(f"{path} no longer exists", hint=hint) from None


def check_unedited(project: Project, path: str) -> None:
    """Raise RecordEdited if a record has changes that qanat did not make; a missing record passes."""
    with contextlib.suppress(NotFound):
        edits.check_unedited(project, path, _read(project, path))


def create_record(project: Project, run: Run) -> None:
    """Write the record of a new run to the working tree; it is committed once the run has jobs or has ended."""
    _write(project, run)
    if run.number % PRUNE_EVERY == 0:
        own_copies.prune(project.location.private)


def update_record(
    project: Project, path: str, change: Change, *, message: str = "", absent: Run | None = None
) -> tuple[Run, list[str]]:
    """Change and commit the record at path; return the run, and a sentence if it stays uncommitted.

    `absent` is what to change if the record no longer exists, as after checking out another branch.
    Raises NotFound without that, RecordEdited, InputInvalid, WriteFailed, and what `change` raises.
    """
    with lock.held(project.location) as held:
        run = _change(project, path, change, absent)
        # The record of a run that is about to start, or is active on this machine, is committed at its end.
        if not all(group.state.ended or group.job for group in run.groups):
            return run, []
        if not others.moving(project.location):
            return run, _commit(held, project, [run], message)
    return run, commit_records(project, [run], message)


def change_records(project: Project, changes: Mapping[str, Change]) -> tuple[list[Run], list[str]]:
    """Change several records, by their paths, without committing them; return the runs, and sentences.

    A record that can no longer be read or written is left out, with a sentence; a missing one without. The lock
    is released between the records, so that others need not wait for all of them.
    """
    changed, notes = [], []
    for path, change in changes.items():
        try:
            with lock.held(project.location), contextlib.suppress(NotFound):
                changed.append(_change(project, path, change))
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
            raise InputInvalid(f"{path} was changed and is no longer about the same groups") from None

    return change


def _change(project: Project, path: str, change: Change, absent: Run | None = None) -> Run:
    try:
        data = _read(project, path)
    except NotFound:
        if absent is None:
            raise
        now = _write(project, absent)
    else:
        now = run_codec.decode(data, path)
        edits.check_unedited(project, path, data)
    run = change(now)
    return run if run == now else _write(project, run)


def _write(project: Project, run: Run) -> Run:
    """Write a record, with as many metrics as fit into it; return the run as it was written. Raises InputInvalid."""
    limit = yaml_io.bytes_max(len(run.groups))
    while len(data := run_codec.encode(run)) > limit:
        most = max(len(group.metrics) for group in run.groups)
        if not most:
            raise InputInvalid(
                f"the record of run {run.number} would be larger than {limit // 2**20} MiB",
                hint="put long arguments into files, or split the run",
            )
        run = run.with_groups({g.number: replace(g, metrics=_first(g.metrics, most // 2)) for g in run.groups})
    own_copies.keep(project.location.private, run.id, data, project.sharing)
    project.write(project.root / run_codec.path_of(run), data, durable=True)
    return run


def _first(metrics: Mapping[str, float], count: int) -> dict[str, float]:
    return dict(islice(metrics.items(), count))


# ---- committing


def commit_records(project: Project, runs: Sequence[Run], message: str = "") -> list[str]:
    """Commit the current records of runs, one commit for each branch.

    Returns a sentence for each record that stays uncommitted. A commit or the like that the user is making is waited
    for, but not for long: it would fail if the branch moved, so its records are left to the next command.
    """
    if not runs or project.config.records_are_manual:
        return []
    running = others.outlasting(project.location)
    with lock.held(project.location) as held:
        return _commit(held, project, runs, message, running)


def _commit(held: Held, project: Project, runs: Sequence[Run], message: str, running: str | None = None) -> list[str]:
    if project.config.records_are_manual:
        return []
    runs, notes = _unedited(project, runs)
    if not runs:
        return notes
    if operation := worktree.operation(project.location.git_dir):
        _note_for_later(project, runs)
        return [*notes, f"{_describe(runs)} not committed: the repository is in the middle of a {operation}"]
    if running:
        _note_for_later(project, runs)
        described = f"{_describe(runs)} not committed yet: {running} is running; the next qanat command commits it"
        return [*notes, described]
    current = worktree.checked_out(project.location)
    for branch, group in _by_branch(project.location, runs, current).items():
        if branch is None:
            where = "the run was launched on a detached HEAD" if group[0].code.branch is None else "HEAD is detached"
            notes.append(f"{_describe(group)} not committed: {where}; commit it to a branch")
            continue
        try:
            _commit_to(held, project, branch, group, message, checked_out=branch == current)
        except QanatError as error:
            notes.append(
                f"{_describe(group)} not committed: {error.message}" + (f" ({error.hint})" if error.hint else "")
            )
    return notes


def _note_for_later(project: Project, runs: Sequence[Run]) -> None:
    """Note what the next command is to commit (merging.restore)."""
    for run in runs:
        path = run_codec.path_of(run)
        if run.code.branch and below.has_file(project.root, path):
            content = {path: below.read(project.root, path)}
            ledger.note(project.location.private, run.code.branch, content, None, project.clock.now(), project.sharing)


def _unedited(project: Project, runs: Sequence[Run]) -> tuple[list[Run], list[str]]:
    """Return the runs whose records nobody has edited, and a sentence for each of the others."""
    kept, notes = [], []
    for run in runs:
        try:
            check_unedited(project, run_codec.path_of(run))
            kept.append(run)
        except RecordEdited as error:
            notes.append(error.sentence)
    return kept, notes


def _by_branch(location: Location, runs: Sequence[Run], current: str | None) -> dict[str | None, list[Run]]:
    found: dict[str | None, list[Run]] = {}
    for run in runs:
        for target in _targets(location, run, current):
            found.setdefault(target, []).append(run)
    return found


def _targets(location: Location, run: Run, current: str | None) -> list[str | None]:
    """Choose the branches for a record: where it was launched, unless what is checked out already has the record.

    Then it goes there, and also to the branch of its launch if that has the record of the active run. Left alone,
    that one would be settled again with different text, and the two could not be merged. If the branch of its
    launch already has the run's end, only the checked-out branch is changed.
    """
    launched = run.code.branch
    if launched == current:
        return [launched]
    opened, path = repository.open_repository(location), run_codec.path_of(run)
    before = repository.read_at(opened, f"refs/heads/{launched}", path) if launched else None
    if before is not None and has_ended(before, path):
        return [current]
    if current is None or repository.read_at(opened, "HEAD", path) is None:
        return [launched]
    return [current] if before is None else [current, launched]


def has_ended(record: bytes, path: str) -> bool:
    """Return whether a record's run has ended; an unreadable record counts as ended."""
    try:
        return run_codec.decode(record, path).state.ended
    except InputInvalid:
        return True


def _commit_to(
    held: Held, project: Project, branch: str, runs: Sequence[Run], message: str, *, checked_out: bool
) -> None:
    location = project.location
    if not checked_out and repository.is_checked_out(repository.open_repository(location), branch):
        raise GitRefused(f"{branch} is checked out in another worktree")
    paths = [path for run in runs if below.has_file(project.root, path := run_codec.path_of(run))]
    data: dict[str, bytes | None] = {path: below.read(project.root, path) for path in paths}
    commit_noted(held, project, branch, data, message or _message(runs), checked_out=checked_out)
    if not checked_out:
        opened = repository.open_repository(location)
        for path in data:
            # The checked-out branch lacks it, so the file is untracked and would block switching back.
            if repository.read_at(opened, "HEAD", path) is None:
                below.remove(project.root, path)


def _message(runs: Sequence[Run]) -> str:
    if len(runs) == 1:
        return f"qanat: run {runs[0].number} of {runs[0].experiment} {runs[0].state}"
    return f"qanat: {len(runs)} runs recorded\n\n" + "\n".join(f"{r.id} of {r.experiment} {r.state}" for r in runs)


def _describe(runs: Sequence[Run]) -> str:
    if len(runs) == 1:
        return f"the record of run {runs[0].number} was saved, but"
    return f"the records of {len(runs)} runs were saved, but"
