"""The storage directory of a new run: where it may be, and creating it."""

from __future__ import annotations

import os
import shlex
from pathlib import Path

from qanat.domain import storage_rules
from qanat.domain.run import Run
from qanat.errors import InputInvalid, ProjectNotFound, write_failed
from qanat.git import location, tracked
from qanat.git.location import Location
from qanat.records import storage
from qanat.records.made import Made, Notes
from qanat.system import files, folders
from qanat.system.folders import Created
from qanat.usecases.project import Project

_EMPTY_HINT = "use a new folder for each run"
_HINT = f"{_EMPTY_HINT}, outside of the project"


def default_folder(project: Project, experiment: str, number: int) -> Path:
    """Return the default storage directory of a run with this number."""
    return project.root / project.config.result_dir / experiment / f"run_{number}"


def check_chosen(project: Project, folder: Path) -> None:
    """Raise InputInvalid if a storage directory that the user has chosen may not be where it is."""
    real = _real(folder)
    problem, hint = _problem_of_chosen(project, real), _HINT
    if not problem and (rule := _missing_rule(project, real)):
        problem, hint = "is not ignored by git", f"add {rule} to .gitignore and commit that, or {_HINT}"
    if not problem and (link := _tracked_link(project, folder)):
        problem = f"leads through {link}, a symbolic link in git"
    if not problem and os.path.lexists(folder) and not files.is_empty_folder(folder):
        problem, hint = "is not an empty folder", _EMPTY_HINT
    if not problem:
        problem = _conflict(project, real)
    if problem:
        raise InputInvalid(f"--storage-path {folder} {problem}", hint=hint)


def check_written(project: Project, path: Path) -> None:
    """Raise InputInvalid if a file that the user has named would be written where a link in git leads."""
    if link := _tracked_link(project, Path.cwd() / path):
        raise InputInvalid(
            f"{link} is a symbolic link in git, and {path} would be written where it leads",
            hint="name another file",
        )


def write_named(path: Path, data: bytes) -> None:
    """Replace or create a file that the user has named, in a folder that exists; a link gives way.

    Call check_written() first. Raises WriteFailed.
    """
    try:
        os.close(os.open(path.parent, os.O_DIRECTORY))
    except OSError as error:
        raise write_failed(path, error) from None
    files.write(path, data)


def create_default(project: Project, experiment: str, number: int) -> Created | None:
    """Create the default storage directory of a run; None if it exists. Raises InputInvalid, WriteFailed."""
    folder = default_folder(project, experiment, number)
    if link := _tracked_link(project, folder):
        raise InputInvalid(
            f"{link} is a symbolic link in git, and results would be written where it leads",
            hint=f"remove it from git: git rm --cached -- {shlex.quote(link)}",
        )
    if os.path.lexists(folder):
        return None
    created = _created(project, folder)
    return created if created.is_new else None


def create_chosen(project: Project, folder: Path) -> Created:
    """Create a storage directory that the user has chosen; it may exist if it is empty. Raises InputInvalid."""
    check_chosen(project, folder)
    return _created(project, folder)


def check_own(project: Project, run: Run) -> None:
    """Raise InputInvalid if a run must not be retried in its storage directory, since qanat did not create that."""
    from qanat.usecases.results.proof import Proof  # a new run has nothing to prove

    proof, folder = Proof(project), project.storage_of(run)
    if run.results_removed and not os.path.lexists(folder):
        raise InputInvalid(
            f"run {run.number} cannot be retried: its results were removed on {run.results_removed[:10]}",
            hint=f"repeat it as a new run: qanat rerun {run.number}, or with --failed only what failed",
        )
    allowed = proof.is_its_own(run) if os.path.lexists(folder) else proof.may_be_created(run)
    if not allowed:
        raise InputInvalid(
            f"run {run.number} cannot be retried: nothing shows that qanat created {folder} for it",
            hint=f"repeat it as a new run: qanat rerun {run.number}",
        )
    if file := next(iter(tracked.files_in(project.location, [folder]).values()), ""):
        raise InputInvalid(
            f"run {run.number} cannot be retried: git tracks {file}",
            hint=f"untrack it first: git rm -r --cached -- {shlex.quote(project.paths.relative(folder))}",
        )


def check_way(project: Project, run: Run, folder: Path) -> None:
    """Raise InputInvalid if a link in git, which may have come with a clone, leads to the results of a run."""
    if link := _tracked_link(project, folder):
        raise InputInvalid(
            f"the results of run {run.number} are behind {link}, a symbolic link in git",
            hint=f"remove it from git: git rm --cached -- {shlex.quote(link)}",
        )


def open_again(project: Project, run: Run) -> Path:
    """Return the storage directory of a run, without links, for which check_own() was called.

    It is created if it no longer exists. Raises WriteFailed.
    """
    from qanat.usecases.results.proof import Proof

    folder = project.storage_of(run)
    created = _created(project, folder)
    if created.is_new:
        note(project, run.id, run.experiment, created, chosen=not Proof(project).is_usual(run))
    return created.path


def note(
    project: Project, run_id: str, experiment: str, created: Created, *, chosen: bool, launched: bool = True
) -> None:
    """Note which directory was made for a run, which is launched here or else imported. Raises WriteFailed."""
    made = Made(created.path, created.folder, created.is_new, experiment, launched=launched)
    Notes(project.location.private, project.sharing).write(run_id, made, chosen=chosen)


def _created(project: Project, folder: Path) -> Created:
    """Create a directory at the end of the links of the user's that lead to it. Raises WriteFailed."""
    real = _real(folder)
    try:
        return folders.create(real, project.sharing)
    except OSError as error:
        raise write_failed(folder if error.filename == str(real) else folder.parent, error) from None


def _problem_of_chosen(project: Project, real: Path) -> str:
    from qanat.usecases.results.proof import grounds_of

    grounds = grounds_of(project)
    if problem := storage_rules.problem_of(real, grounds):
        return problem
    if real.is_relative_to(grounds.results):
        return "lies in the result folder, where qanat itself creates a folder for each run"
    if real.is_relative_to(project.location.common_dir) or real.is_relative_to(project.location.git_dir):
        return "lies in git's folder"
    if file := tracked.files_in(project.location, [real]).get(real):
        return f"contains {file}, which git tracks"
    return ""


def _missing_rule(project: Project, real: Path) -> str:
    """Return the rule that .gitignore needs so that a directory does not change the state of a working tree."""
    found = _worktree_of(real)
    own = project.location
    if real.is_relative_to(project.root):
        inside = real.relative_to(project.root).as_posix()
        if tracked.ignores(own, inside) or (found and found.root != project.root and _is_ignored(found, real)):
            return ""
        return f"/{inside}/"
    if found is None or found.common_dir != own.common_dir or _is_ignored(found, real):
        return ""
    return f"/{real.relative_to(found.root).as_posix()}/"


def _is_ignored(found: Location, folder: Path) -> bool:
    return tracked.ignores(found, folder.relative_to(found.root).as_posix())


def _worktree_of(folder: Path) -> Location | None:
    there = next(one for one in (folder, *folder.parents) if files.is_folder(one))
    try:
        return location.find(there)
    except ProjectNotFound:
        return None


def _tracked_link(project: Project, folder: Path) -> str:
    """Return a symbolic link of the project that git tracks and that leads to a directory; empty if there is none."""
    whole = Path(os.path.normpath(folder))
    if not whole.is_relative_to(project.root):
        return ""
    return tracked.links_to(project.location, whole.relative_to(project.root).as_posix())


def _conflict(project: Project, real: Path) -> str:
    """Return how a directory conflicts with the storage of another run; empty if it does not."""
    for folder in real.parents:
        if run_id := storage.run_in(folder):
            return f"lies in the results of run {run_id}"
    with project.index() as index:
        index.sync()
        known = [(run_id, _whole(project, path)) for run_id, path in index.storages()]
    known += [(key, made.path) for key, made in Notes(project.location.private, project.sharing).chosen()]
    for run_id, other in known:
        if how := storage_rules.conflict(real, other):
            return f"{how} the storage directory of run {run_id}"
    return ""


def _whole(project: Project, storage_path: str) -> Path:
    return Path(os.path.normpath(project.root / storage_path))


def _real(folder: Path) -> Path:
    return Path(os.path.realpath(folder))
