"""Committing records, and the comments next to them, to the branch from which each run was launched."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field

from qanat.domain.run import Run
from qanat.errors import GitRefused, InputInvalid, NotFound, QanatError, RecordEdited
from qanat.git import lock, others, repository, worktree
from qanat.git.location import Location
from qanat.git.lock import Held
from qanat.records import ledger, run_codec
from qanat.system import below
from qanat.usecases.merging.noted import commit_noted
from qanat.usecases.project import Project
from qanat.usecases.tracking import edits


@dataclass(frozen=True, slots=True)
class Recorded:
    """A run, and which of its files are to be committed: its record, its comment, or both."""

    run: Run
    paths: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Made:
    """A commit of records."""

    branch: str
    commit: str
    runs: tuple[Run, ...]

    @property
    def described(self) -> str:
        """What was committed, and where to, for people."""
        many = len(self.runs) > 1
        what = f"the records of {len(self.runs):,} runs" if many else f"the record of run {self.runs[0].number}"
        return f"{what} to {self.branch}: commit {self.commit[:10]}"


@dataclass(slots=True)
class Outcome:
    """The commits that were made, and a sentence for each record that stays uncommitted."""

    made: list[Made] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)


def is_ready(run: Run) -> bool:
    """Return whether a record is to be committed.

    That of a run that is about to start, or is active on this machine, is committed at its end.
    """
    return all(group.state.ended or group.job for group in run.groups)


def has_ended(record: bytes, path: str) -> bool:
    """Return whether a record's run has ended; an unreadable record counts as ended."""
    try:
        return run_codec.decode(record, path).state.ended
    except InputInvalid:
        return True


def commit_records(project: Project, runs: Sequence[Run], message: str = "") -> list[str]:
    """Commit the current records of runs, one commit for each branch, unless the settings let them wait.

    Returns a sentence for each record that stays uncommitted. A commit or the like that the user is making is waited
    for, but not for long: it would fail if the branch moved, so its records are left to the next command.
    """
    if not runs or project.config.records_are_manual:
        return []
    running = None if project.config.records_wait else others.outlasting(project.location)
    with lock.held(project.location) as held:
        return commit_held(held, project, runs, message, running)


def commit_held(
    held: Held, project: Project, runs: Sequence[Run], message: str = "", running: str | None = None
) -> list[str]:
    """Commit records under the lock as commit_records() does; `running` is a git command that takes long."""
    if project.config.records_are_manual:
        return []
    recorded = [Recorded(run, (run_codec.path_of(run),)) for run in runs]
    if project.config.records_wait:
        own, notes = unedited(project, recorded)
        note_for_later(project, own)
        return notes
    return commit_all(held, project, recorded, message, running).notes


def commit_all(
    held: Held,
    project: Project,
    recorded: Sequence[Recorded],
    message: str = "",
    running: str | None = None,
    *,
    by_hand: bool = False,
) -> Outcome:
    """Commit files of runs, one commit for each branch, whatever the settings say.

    With `by_hand`, what belongs to no branch, or to one that no longer exists, goes to the one that is checked out.
    """
    outcome = Outcome()
    recorded, outcome.notes = unedited(project, recorded)
    if not recorded:
        return outcome
    later = "commit it with: qanat commit" if by_hand else "the next qanat command commits it"
    if reason := _reason_to_wait(project, running, later):
        note_for_later(project, recorded)
        outcome.notes.append(f"{_describe(recorded)} {reason}")
        return outcome
    current = worktree.checked_out(project.location)
    for branch, group in _by_branch(project.location, recorded, current, by_hand=by_hand).items():
        if branch is None:
            where = (
                "the run was launched on a detached HEAD" if group[0].run.code.branch is None else "HEAD is detached"
            )
            outcome.notes.append(f"{_describe(group)} not committed: {where}; commit it to a branch")
            continue
        try:
            commit = _commit_to(held, project, branch, group, message, checked_out=branch == current)
        except QanatError as error:
            hint = f" ({error.hint})" if error.hint else ""
            outcome.notes.append(f"{_describe(group)} not committed: {error.message}{hint}")
        else:
            outcome.made += [Made(branch, commit, tuple(one.run for one in group))] if commit else []
    return outcome


def note_for_later(project: Project, recorded: Sequence[Recorded]) -> None:
    """Note what is not committed yet, so that merging.restore commits or restores it."""
    private, now = project.location.private, project.clock.now()
    known = {(entry.branch, entry.path): entry.blob for entry in ledger.entries(private)}
    for one in recorded:
        branch = one.run.code.branch
        for path in one.paths:
            if branch and below.has_file(project.root, path):
                data = below.read(project.root, path)
                if known.get((branch, path)) != ledger.blob_id(data):
                    ledger.note(private, branch, {path: data}, None, now, project.sharing)


def _reason_to_wait(project: Project, running: str | None, later: str) -> str:
    if operation := worktree.operation(project.location.git_dir):
        return f"not committed: the repository is {worktree.middle_of(operation)}"
    return f"not committed yet: {running} is running; {later}" if running else ""


def unedited(project: Project, recorded: Sequence[Recorded]) -> tuple[list[Recorded], list[str]]:
    """Return the runs whose records nobody has edited, and a sentence for each of the others."""
    kept, notes = [], []
    for one in recorded:
        path = run_codec.path_of(one.run)
        try:
            edits.check_unedited(project, path, edits.read(project, path))
        except NotFound:
            kept.append(one)
        except RecordEdited as error:
            notes.append(error.sentence)
        else:
            kept.append(one)
    return kept, notes


def _by_branch(
    location: Location, recorded: Sequence[Recorded], current: str | None, *, by_hand: bool
) -> dict[str | None, list[Recorded]]:
    found: dict[str | None, list[Recorded]] = {}
    for one in recorded:
        for target in _targets(location, one.run, current, by_hand=by_hand):
            found.setdefault(target, []).append(one)
    return found


def _targets(location: Location, run: Run, current: str | None, *, by_hand: bool) -> list[str | None]:
    """Choose the branches for a record: where it was launched, unless what is checked out already has the record.

    Then it goes there, and also to the branch of its launch if that has the record of the active run. Left alone,
    that one would be settled again with different text, and the two could not be merged. If the branch of its
    launch already has the run's end, only the checked-out branch is changed.
    """
    launched = run.code.branch
    if launched == current:
        return [launched]
    opened, path = repository.open_repository(location), run_codec.path_of(run)
    if by_hand and current and (launched is None or not repository.has_branch(opened, launched)):
        return [current]
    before = repository.read_at(opened, f"refs/heads/{launched}", path) if launched else None
    if before is not None and has_ended(before, path):
        return [current]
    if current is None or repository.read_at(opened, "HEAD", path) is None:
        return [launched]
    return [current] if before is None else [current, launched]


def _commit_to(
    held: Held, project: Project, branch: str, recorded: Sequence[Recorded], message: str, *, checked_out: bool
) -> str | None:
    location = project.location
    if not checked_out and repository.is_checked_out(repository.open_repository(location), branch):
        raise GitRefused(f"{branch} is checked out in another worktree")
    paths = [path for one in recorded for path in one.paths if below.has_file(project.root, path)]
    own: dict[str, bytes | None] = {path: below.read(project.root, path) for path in paths}
    from qanat.usecases.environment import kept  # a listing seldom commits

    data = kept.with_named(project, own, checked_out=checked_out)
    commit = commit_noted(held, project, branch, data, message or _message(recorded), checked_out=checked_out)
    if not checked_out:
        _leave_to_branch(project, data)
    return commit


def _leave_to_branch(project: Project, paths: Collection[str]) -> None:
    """Remove files that another branch has now.

    The checked-out branch lacks them, so they are untracked and would block switching back.
    """
    opened = repository.open_repository(project.location)
    for path in paths:
        if repository.read_at(opened, "HEAD", path) is None:
            below.remove(project.root, path)


def _message(recorded: Sequence[Recorded]) -> str:
    if len(recorded) > 1:
        lines = (f"{one.run.id} of {one.run.experiment} {one.run.state}" for one in recorded)
        return f"qanat: {len(recorded)} runs recorded\n\n" + "\n".join(lines)
    run, paths = recorded[0].run, recorded[0].paths
    if run_codec.path_of(run) not in paths:
        return f"qanat: comment on run {run.number} of {run.experiment}"
    return f"qanat: run {run.number} of {run.experiment} {run.state}{_retried(run)}"


def _retried(run: Run) -> str:
    """Return what the last retry of a run repeated; empty if there was none."""
    attempt = max((group.attempt for group in run.groups), default=1)
    again = [group.number for group in run.groups if group.attempt == attempt]
    if attempt == 1:
        return ""
    whose = f" of group {again[0]}" if len(again) == 1 else f" of {len(again):,} groups"
    return f", attempt {attempt}{'' if len(again) == len(run.groups) else whose}"


def _describe(recorded: Sequence[Recorded]) -> str:
    if len(recorded) == 1:
        return f"the record of run {recorded[0].run.number} was saved, but"
    return f"the records of {len(recorded)} runs were saved, but"
