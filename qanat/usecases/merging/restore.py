"""Bringing back records and comments that were committed and then dropped, as by a rebase that was aborted.

The ledger (records.ledger) says what qanat has written to which branch. What git no longer has there is written and
committed again, unless it was deleted on purpose, or is on another branch now.
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import Enum, auto
from functools import cached_property
from pathlib import Path, PurePosixPath

from qanat.domain import deletions, times
from qanat.domain.layout import RUNS
from qanat.domain.merging import CannotMerge, merge_runs
from qanat.errors import InputInvalid, QanatError, WriteFailed
from qanat.git import branches, lock, others, repository, staged, worktree
from qanat.git.lock import Held
from qanat.records import ledger, own_copies, run_codec, yaml_io
from qanat.records.ledger import Entry
from qanat.system import below
from qanat.usecases.merging.noted import commit_noted
from qanat.usecases.project import Project

# A rebase that started before the record was committed has shown by then what it does.
SETTLED_S = 60.0


class _Verdict(Enum):
    """What is to be done about a file of the ledger."""

    KEEP = auto()
    STASHED = auto()  # git stash has put it away
    FORGET = auto()
    COMMIT = auto()  # it is in the working tree, as qanat wrote it
    RESTORE = auto()


_STAYING = {_Verdict.KEEP, _Verdict.STASHED}


@dataclass(frozen=True)
class _View:
    """What git says about the files of the ledger."""

    project: Project
    tips: dict[str, str]
    blobs: dict[tuple[str, str], str]

    @cached_property
    def checked_out(self) -> str | None:
        """The branch of this working tree."""
        return worktree.checked_out(self.project.location)

    @cached_property
    def rebased(self) -> set[str]:
        """The branches that are being rebased."""
        return branches.being_rebased(self.project.location)

    def on_disk(self, entry: Entry) -> str | None:
        """Return the blob of the file in this working tree; None if there is no file, or only another branch's."""
        if entry.branch != self.checked_out and entry.commit is not None:
            return None
        with contextlib.suppress(InputInvalid):
            data = below.read(self.project.root, entry.path, yaml_io.FILE_BYTES_MAX)
            return ledger.blob_id(data)
        return "" if os.path.lexists(self.project.root / entry.path) else None

    def contains(self, entry: Entry) -> bool:
        """Return whether the branch still has the commit in its history."""
        tip = self.tips[entry.branch]
        return entry.commit is not None and branches.is_ancestor(self.project.location, entry.commit, tip)

    def is_elsewhere(self, entry: Entry) -> bool:
        """Return whether another branch has the commit in its history."""
        return entry.commit is not None and branches.any_contains(self.project.location, entry.commit)

    def is_deleted(self, entry: Entry) -> bool:
        """Return whether a commit on the branch says that the run was deleted."""
        said = branches.messages(self.project.location, self.tips[entry.branch], deletions.KEY)
        return PurePosixPath(entry.path).stem in deletions.run_ids_in(said)

    @cached_property
    def stashed(self) -> set[tuple[str, str]]:
        """The paths and blobs of the files that are in a stash."""
        return branches.stashed(self.project.location, RUNS)

    @cached_property
    def other_roots(self) -> list[Path]:
        """The other working trees."""
        return worktree.others(self.project.location)

    def is_another_trees(self, entry: Entry) -> bool:
        """Return whether another working tree has checked out the branch, and takes care of it."""
        opened = repository.open_repository(self.project.location)
        return entry.branch != self.checked_out and repository.is_checked_out(opened, entry.branch)


def bring_back(project: Project) -> list[str]:
    """Restore and commit what git has lost, and commit what could not be committed before; return sentences.

    Nothing is done in the middle of a rebase or the like, and where the repository cannot be written.
    """
    location = project.location
    if not ledger.entries(location.private) or project.config.records_are_manual:
        return []
    if worktree.operation(location.git_dir):
        return []
    found = _verdicts(project)
    notes = _on_stashed(found)
    if set(found.values()) <= _STAYING:
        return notes
    try:
        with lock.held(location) as held:
            return [*notes, *_settle(held, project)]
    except WriteFailed:
        return notes


def stashed(project: Project) -> list[str]:
    """Return a sentence on what waits for a commit and is in a stash; empty if nothing is."""
    return _on_stashed(_verdicts(project)) if ledger.entries(project.location.private) else []


def _on_stashed(found: Mapping[Entry, _Verdict]) -> list[str]:
    paths = [entry.path for entry, verdict in found.items() if verdict is _Verdict.STASHED]
    return [f"git stash has put away {_names(paths)}; bring it back with: git stash pop"] if paths else []


def _settle(held: Held, project: Project) -> list[str]:
    found = _verdicts(project)
    kept = [entry for entry, verdict in found.items() if verdict in _STAYING]
    wanted = [entry for entry, verdict in found.items() if verdict in (_Verdict.COMMIT, _Verdict.RESTORE)]
    if wanted and others.moving(project.location):
        kept, wanted = [*kept, *wanted], []
    notes = []
    if project.config.records_wait:
        back = _write_again(project, [entry for entry in wanted if entry.commit is None])
        wanted = [entry for entry in wanted if entry.commit is not None]
        kept += back
        names = _names([entry.path for entry in back]) if back else ""
        notes += [f"{names} had disappeared before it was committed, and was restored"] if back else []
    ledger.keep(project.location.private, kept, project.sharing)
    for branch in dict.fromkeys(entry.branch for entry in wanted):
        mine = [entry for entry in wanted if entry.branch == branch]
        lost = [entry for entry in mine if found[entry] is _Verdict.RESTORE]
        try:
            content = dict(_content(project, mine, lost))
            lost = [entry for entry in lost if entry.path in content]
            _commit(held, project, branch, content, lost)
            said = "and was restored"
        except QanatError as error:
            ledger.keep(project.location.private, [*ledger.entries(project.location.private), *mine], project.sharing)
            said = f"and cannot be restored: {error.message}"
        notes += [f"{_names([entry.path for entry in lost])} had disappeared from {branch}, {said}"] if lost else []
    return notes


def _write_again(project: Project, waiting: Sequence[Entry]) -> list[Entry]:
    """Write files that are gone from the working tree and wait for a commit; return those whose text is known."""
    content = dict(_content(project, waiting, ()))
    for path, data in content.items():
        project.write(project.root / path, data, durable=True)
    return [entry for entry in waiting if entry.path in content]


def _verdicts(project: Project) -> dict[Entry, _Verdict]:
    known = ledger.entries(project.location.private)
    view = _View(project, *branches.tips_and_blobs(project.location, [(e.branch, e.path) for e in known]))
    found = {entry: _verdict(view, entry) for entry in known}
    if project.config.records_wait:
        return {entry: _Verdict.KEEP if verdict is _Verdict.COMMIT else verdict for entry, verdict in found.items()}
    return found


def _verdict(view: _View, entry: Entry) -> _Verdict:
    if entry.branch not in view.tips:
        return _Verdict.FORGET  # the branch was deleted
    if entry.branch in view.rebased:
        return _Verdict.KEEP
    now = view.blobs.get((entry.branch, entry.path))
    if now == entry.blob:
        age_s = times.seconds_between(entry.time, view.project.clock.now()) or 0.0
        return _Verdict.FORGET if age_s >= SETTLED_S else _Verdict.KEEP
    if now is None:
        return _verdict_on_missing(view, entry)
    return _verdict_on_other(view, entry, now)


def _verdict_on_missing(view: _View, entry: Entry) -> _Verdict:
    on_disk = view.on_disk(entry)
    if on_disk is not None:
        # Every command that looks at runs commits records of ended ones (tracking.refresh).
        is_comment = entry.path.endswith(own_copies.COMMENT)
        return _Verdict.COMMIT if is_comment and on_disk == entry.blob else _Verdict.KEEP
    if view.is_another_trees(entry):
        return _Verdict.KEEP
    if view.is_deleted(entry) or (view.is_elsewhere(entry) and not view.contains(entry)):
        return _Verdict.FORGET
    if entry.commit is None and entry.path in {path for path, _ in view.stashed}:
        return _Verdict.STASHED
    if entry.commit is None and any(os.path.lexists(root / entry.path) for root in view.other_roots):
        return _Verdict.KEEP
    return _Verdict.RESTORE


def _verdict_on_other(view: _View, entry: Entry, now: str) -> _Verdict:
    """Judge a file of which the branch has another version."""
    if view.contains(entry):
        return _Verdict.FORGET  # it was changed later
    on_disk = view.on_disk(entry)
    if on_disk == entry.blob:
        return _Verdict.COMMIT
    if on_disk not in (None, now) or view.is_another_trees(entry):
        return _Verdict.KEEP
    if entry.commit is not None:
        return _Verdict.RESTORE
    return _Verdict.STASHED if (entry.path, entry.blob) in view.stashed else _Verdict.FORGET


def _commit(held: Held, project: Project, branch: str, content: dict[str, bytes], lost: Sequence[Entry]) -> None:
    """Commit files to a branch; what is lost is written to the working tree, too."""
    checked_out = branch == worktree.checked_out(project.location)
    for entry in lost if checked_out else ():
        project.write(project.root / entry.path, content[entry.path], durable=True)
    if content:
        what = f"{_names(list(content))} {'restored' if lost else 'committed'}"
        from qanat.usecases.environment import kept  # a listing seldom commits

        data = kept.with_named(project, content, checked_out=checked_out)
        commit_noted(held, project, branch, data, f"qanat: {what}", checked_out=checked_out)


def _content(project: Project, wanted: Sequence[Entry], lost: Collection[Entry]) -> Iterator[tuple[str, bytes]]:
    """Yield the text of each file, a lost one combined with what its branch has; one whose text is gone is left out."""
    texts = dict(staged.contents(project.location, [entry.blob for entry in wanted], yaml_io.FILE_BYTES_MAX))
    opened = repository.open_repository(project.location)
    for entry in wanted:
        text = texts.get(entry.blob)
        if text is None and below.has_file(project.root, entry.path):
            text = below.read(project.root, entry.path, yaml_io.FILE_BYTES_MAX)
        if text is None and entry.commit is None:
            copies = own_copies.copies(project.location.private, own_copies.name_of(entry.path))
            text = next((copy for copy in copies if ledger.blob_id(copy) == entry.blob), None)
        if text is not None:
            now = repository.read_at(opened, f"refs/heads/{entry.branch}", entry.path) if entry in lost else None
            yield entry.path, text if now is None else _merged(entry.path, now, text)


def _merged(path: str, now: bytes, lost: bytes) -> bytes:
    """Return two versions of a record as one; the one that the branch has if they cannot be combined."""
    try:
        return run_codec.encode(merge_runs(None, run_codec.decode(now, path), run_codec.decode(lost, path)))
    except (InputInvalid, CannotMerge):
        return now


def _names(paths: Sequence[str]) -> str:
    """Return what these files are, for a message."""
    runs = {PurePosixPath(path).stem for path in paths}
    if len(runs) > 1:
        return f"what qanat recorded of {len(runs)} runs"
    kind = "comment" if all(path.endswith(own_copies.COMMENT) for path in paths) else "record"
    return f"the {kind} of run {min(runs).partition('-')[0]}"
