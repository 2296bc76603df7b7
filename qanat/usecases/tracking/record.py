"""Writing run records and committing them to the branch that each run was launched from."""

from __future__ import annotations

from collections.abc import Sequence

from qanat.domain.run import Run
from qanat.errors import GitRefused, InputInvalid, QanatError
from qanat.git import commits, repository, worktree
from qanat.git.location import Location
from qanat.records import run_codec
from qanat.system import files
from qanat.usecases.project import Project


def write_record(project: Project, run: Run) -> None:
    """Write a run's record into the work tree."""
    files.write(project.root / run_codec.path_of(run), run_codec.encode(run), durable=True)


def load_record(project: Project, path: str) -> Run:
    """Read a record of this project by its path from the root. Raises InputInvalid."""
    return run_codec.decode(files.read(project.root / path), path)


def commit_records(project: Project, runs: Sequence[Run]) -> list[str]:
    """Commit the records of runs, one commit for each branch; give a sentence for each that stays uncommitted."""
    if not runs or project.config.get("records", {}).get("commit") == "manual":
        return []
    location = project.location
    if operation := worktree.operation(location.git_dir):
        return [f"{_called(runs)} not committed: the repository is in the middle of a {operation}"]
    current = worktree.checked_out(location)
    notes = []
    by_branch: dict[str | None, list[Run]] = {}
    for run in runs:
        for target in _targets(location, run, current):
            by_branch.setdefault(target, []).append(run)
    for branch, group in by_branch.items():
        if branch is None:
            notes.append(
                f"{_called(group)} not committed: launched on a detached HEAD, so commit it to a branch of yours"
            )
            continue
        try:
            _commit(project, branch, group, checked_out=branch == current)
        except QanatError as error:
            notes.append(
                f"{_called(group)} not committed: {error.message}" + (f" ({error.hint})" if error.hint else "")
            )
    return notes


def _targets(location: Location, run: Run, current: str | None) -> list[str | None]:
    """Choose the branches for a record: where it was launched, unless what is checked out has the record already.

    Then it goes there; and where it was launched as well, if that has it from when it was going on. Left so,
    it would be settled again, in other words, and the two could not be merged.
    """
    launched = run.code.branch
    if launched == current or current is None:
        return [launched]
    opened, path = repository.open_repository(location), run_codec.path_of(run)
    if repository.read_at(opened, "HEAD", path) is None:
        return [launched]
    before = repository.read_at(opened, f"refs/heads/{launched}", path) if launched else None
    return [current] if before is None or has_ended(before, path) else [current, launched]


def has_ended(record: bytes, path: str) -> bool:
    """Tell whether a record is of a run that has ended; one that cannot be read counts as such."""
    try:
        return run_codec.decode(record, path).state.ended
    except InputInvalid:
        return True


def _commit(project: Project, branch: str, runs: Sequence[Run], *, checked_out: bool) -> None:
    location = project.location
    if not checked_out and repository.is_checked_out(repository.open_repository(location), branch):
        raise GitRefused(f"{branch} is checked out in another work tree")
    data: dict[str, bytes | None] = {run_codec.path_of(run): run_codec.encode(run) for run in runs}
    commits.commit_files(location, branch, data, _message(runs), checked_out=checked_out)
    if not checked_out:
        opened = repository.open_repository(location)
        for path in data:
            # What is checked out lacks it, so the file is an untracked one, and in the way of going back.
            if repository.read_at(opened, "HEAD", path) is None:
                (project.root / path).unlink(missing_ok=True)


def _message(runs: Sequence[Run]) -> str:
    if len(runs) == 1:
        return f"qanat: run {runs[0].number} of {runs[0].experiment} {runs[0].state}"
    return f"qanat: {len(runs)} runs recorded\n\n" + "\n".join(f"{r.id} of {r.experiment} {r.state}" for r in runs)


def _called(runs: Sequence[Run]) -> str:
    if len(runs) == 1:
        return f"the record of run {runs[0].number} is written but"
    return f"the records of {len(runs)} runs are written but"
