"""Records and comments that are saved but not committed, and committing all of them at once."""

from __future__ import annotations

import contextlib
import os
import shlex
from collections.abc import Collection, Iterator, Sequence
from pathlib import Path, PurePosixPath

from qanat.domain.layout import kind_of
from qanat.domain.run import Run
from qanat.errors import InputInvalid, NotFound, WriteFailed, reason
from qanat.git import lock, others, worktree
from qanat.git.worktree import Change
from qanat.records import ledger, own_copies
from qanat.usecases.merging import restore
from qanat.usecases.project import Project
from qanat.usecases.tracking import committing, edits, record
from qanat.usecases.tracking.committing import Outcome, Recorded

_ENDINGS = (".yaml", own_copies.COMMENT)


def run_ids(project: Project, live: Collection[Run]) -> list[str]:
    """List the ids of the runs that have something to commit, in the order of their numbers.

    `live` are the active runs; those of this machine are committed at their end.
    """
    active = {run.id for run in live if not committing.is_ready(run)}
    found = {PurePosixPath(path).stem for path in _changed(project)} - active
    return sorted(found, key=lambda run_id: (int(run_id.partition("-")[0]), run_id))


def commit(project: Project, message: str = "", *, after_commit: bool = False) -> Outcome:
    """Commit all these records and comments, one commit for each branch. Raises WriteFailed.

    With `after_commit`, git has just made a commit of the user's, and waits for this process. Nothing is done then in
    the middle of a rebase or the like, nor if the settings leave committing to the user, and what is left to the user
    is not mentioned.
    """
    if after_commit and (project.config.records_are_manual or worktree.operation(project.location.git_dir)):
        return Outcome()
    changed = _changed(project)
    outcome = _commit(project, message, after_commit=after_commit) if changed else Outcome()
    if not after_commit:
        looked_at = {*changed, *map(_record_of, changed)}
        outcome.notes += [*_not_listed(project, looked_at), *restore.stashed(project)]
    return outcome


def _commit(project: Project, message: str, *, after_commit: bool) -> Outcome:
    running = None if after_commit else others.outlasting(project.location)
    with lock.held(project.location) as held:
        notes: list[str] = []
        recorded = list(_recorded(project, notes))
        if after_commit:
            recorded, notes = committing.unedited(project, recorded)[0], []
        outcome = committing.commit_all(held, project, recorded, message, running, by_hand=not after_commit)
        done = {run.id for made in outcome.made for run in made.runs}
        # They may have been noted for another branch than the one that has them now.
        paths = [path for one in recorded if one.run.id in done for path in one.paths]
        ledger.forget_waiting(project.location.private, paths, project.sharing)
    outcome.notes = [*notes, *outcome.notes]
    return outcome


def note(project: Project, changes: Sequence[Change]) -> None:
    """Note everything uncommitted, so that it is restored if anything but qanat removes it."""
    known = {entry.path for entry in ledger.entries(project.location.private)}
    if new := [path for path in _of_runs(changes) if path not in known]:
        # Where nothing can be written, nothing is noted.
        with contextlib.suppress(WriteFailed), lock.held(project.location):
            committing.note_for_later(project, [one for one in _recorded(project, []) if set(one.paths) & set(new)])


def _changed(project: Project) -> list[str]:
    """List the records and comments that HEAD lacks or has in another version."""
    return _of_runs(worktree.uncommitted_records(project.location))


def _of_runs(changes: Sequence[Change]) -> list[str]:
    paths = [change.path for change in changes if "D" not in change.letters and not change.in_conflict]
    return [path for path in paths if _is_of_run(path)]


def _not_listed(project: Project, looked_at: Collection[str]) -> list[str]:
    """Return a sentence for each other folder or pipe in the place of a record or comment: git does not list those."""
    sentences = []

    def unreadable(error: OSError) -> None:
        if isinstance(error, FileNotFoundError):
            return
        path = project.paths.relative(Path(error.filename))
        sentences.append(f"{path} cannot be read, so nothing in it was committed: {reason(error)}")

    for folder, subfolders, names in os.walk(project.paths.runs, onerror=unreadable):
        for place in (Path(folder, name) for name in (*subfolders, *names)):
            path = project.paths.relative(place)
            if _is_of_run(path) and path not in looked_at and _is_no_file(place):
                sentences.append(_not_a_file(project, path))
    return sentences


def _is_no_file(place: Path) -> bool:
    return os.path.lexists(place) and not place.is_symlink() and not place.is_file()


def _not_a_file(project: Project, path: str) -> str:
    name, copy = shlex.quote(path), own_copies.file_of(project.location.private, own_copies.name_of(path))
    back = f" && cp {shlex.quote(str(copy))} {name}" if copy.is_file() else ""
    return f"{path} is not a file, and was not committed; {'replace' if back else 'remove'} it: rm -r {name}{back}"


def _is_of_run(path: str) -> bool:
    """Return whether a path is that of a record or comment."""
    return path.endswith(_ENDINGS) and kind_of(_record_of(path)) == "run"


def _record_of(path: str) -> str:
    return str(PurePosixPath(path).with_suffix(".yaml"))


def _recorded(project: Project, notes: list[str]) -> Iterator[Recorded]:
    """Yield the runs with what there is to commit of them; add a sentence for each file that is left to the user."""
    by_record: dict[str, list[str]] = {}
    for path in _changed(project):
        by_record.setdefault(_record_of(path), []).append(path)
    for path, changed in by_record.items():
        try:
            run = record.load_record(project, path)
        except NotFound:
            continue
        except InputInvalid as error:
            notes.append(_not_a_file(project, path) if _is_no_file(project.root / path) else error.message)
            continue
        paths = [one for one in changed if one == path or _is_own_comment(project, one, notes)]
        if paths and committing.is_ready(run):
            yield Recorded(run, tuple(paths))


def _is_own_comment(project: Project, path: str, notes: list[str]) -> bool:
    """Return whether `qanat comment` wrote a comment; add a sentence if not."""
    try:
        if edits.is_own(project, path, project.read(project.root / path)):
            return True
    except InputInvalid as error:
        notes.append(error.message)
        return False
    name = shlex.quote(path)
    notes.append(f"{path} was edited by hand; commit it yourself: git add {name} && git commit")
    return False
