"""Creating a project: a repository if there is none, `.qanat/`, ignore rules, default templates, a first commit."""

from __future__ import annotations

import contextlib
import os
import shlex
import shutil
import stat
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path, PurePosixPath
from typing import Any

from qanat.domain.layout import CONFIG, STATE, is_for_results
from qanat.domain.shortening import quoted
from qanat.domain.starting_point import StartingPoint
from qanat.errors import GitRefused, UsageError, WriteFailed, reason, write_failed
from qanat.git import command, commits, location, lock, missing, repository, sharing, worktree
from qanat.git.location import Location
from qanat.records.definitions import HOW_TO_PLACE_RESULTS
from qanat.records.paths import ProjectPaths
from qanat.system import below, files
from qanat.usecases.definitions import starting
from qanat.usecases.definitions.initial_files import ignore_rules, settings_of, state_files
from qanat.usecases.definitions.settings import confirm_editor
from qanat.usecases.merging.setup import ATTRIBUTES, RULES, set_driver

IGNORE = ".gitignore"
_SUBJECT = "qanat: project set up"


@dataclass(frozen=True, slots=True)
class InitPlan:
    """What init would do in a folder."""

    folder: Path
    new_repository: bool
    editor: str
    result_dir: str
    start: StartingPoint | None = None


@dataclass(frozen=True, slots=True)
class Initialised:
    """A new project: the files that were written, and a sentence if something was left to the user."""

    root: Path
    files: tuple[str, ...]
    committed: bool
    note: str = ""


def plan_init(folder: Path, editor: str, result_dir: str) -> InitPlan:
    """Examine a folder. Raises UsageError for a project, and for a subfolder of a repository."""
    if not is_for_results(result_dir):
        raise UsageError(
            f"--result-dir {quoted(result_dir)} is not a folder inside the project", hint=HOW_TO_PLACE_RESULTS
        )
    folder = Path(os.path.realpath(folder))
    if problem := _problem_of(folder):
        raise UsageError(f"{folder} {problem}", hint="use a folder: qanat init DIR")
    found = location.find(folder)
    if found and found.root != folder:
        raise UsageError(
            f"{folder} is inside the repository {found.root}, but a project is a whole repository",
            hint=f"create the project there: qanat init {shlex.quote(str(found.root))}",
        )
    if found:
        _refuse_project(found)
    for path, is_wrong in (
        (folder / IGNORE, Path.is_dir),
        (folder / ATTRIBUTES, Path.is_dir),
        (ProjectPaths(folder).state, Path.is_file),
    ):
        # A link may have come with a clone; what it leads to is neither read nor written.
        if is_wrong(path) or path.is_symlink():
            raise UsageError(f"{path} is in the way", hint="move it elsewhere")
    return InitPlan(folder, found is None, editor, Path(result_dir).as_posix())


def _problem_of(folder: Path) -> str:
    """Return why a path cannot be a folder; empty if it is one, or can be created."""
    try:
        return "" if stat.S_ISDIR(folder.stat().st_mode) else "is a file"
    except FileNotFoundError:
        return ""
    except OSError as error:  # such as for a name that is too long
        return f"cannot be used: {reason(error)}"


def _refuse_project(found: Location) -> None:
    """Raise UsageError for a project, also if its files are missing from the working tree: git has its settings."""
    paths = ProjectPaths(found.root)
    if paths.config.exists():
        raise UsageError(f"{found.root} is already a qanat project", hint="see qanat status")
    lost = STATE if not paths.state.exists() else CONFIG
    if command := missing.how_to_restore(found, lost):
        raise UsageError(
            f"{found.root} is already a qanat project: git has {lost}, which is missing from the working tree",
            hint=f"bring it back with: {command}",
        )


def with_start(
    plan: InitPlan, start: StartingPoint, templates: Mapping[str, Mapping[str, Any]], *, keep: bool, own_place: bool
) -> tuple[InitPlan, list[str]]:
    """Return the plan with a starting point, and the files that are kept in place of its own; nothing is written.

    Its settings say where results go, unless the user has chosen an `own_place`. Raises InputInvalid for one that is
    not valid, UsageError if it would replace files, unless with `keep`.
    """
    starting.check(start, templates)
    start, kept = starting.without_existing(plan.folder, start, (IGNORE, ATTRIBUTES), keep=keep)
    plan = replace(plan, start=start)
    return (plan if own_place else _with_result_dir(plan)), kept


def _with_result_dir(plan: InitPlan) -> InitPlan:
    """Return the plan with the folder for results that its starting point's settings name, if they do."""
    named = settings_of(plan.start).get("result_dir", plan.result_dir)
    if not is_for_results(named):
        raise UsageError(f"result_dir {quoted(named)} is not a folder inside the project", hint=HOW_TO_PLACE_RESULTS)
    return replace(plan, result_dir=named)


def init_project(plan: InitPlan, templates: Mapping[str, Mapping[str, Any]]) -> Initialised:
    """Carry out the plan; what the user has staged or changed stays unchanged and uncommitted.

    If that fails, nothing is left of it.
    """
    new_folder = not plan.folder.exists()
    new_repository = not os.path.lexists(plan.folder / ".git")
    made = _repository(plan)
    try:
        repository.signature(repository.open_repository(made))
        done = _write_and_commit(plan, made, templates)
    except BaseException:
        if new_repository:
            shutil.rmtree(made.git_dir, ignore_errors=True)
        if new_folder:
            _remove_empty(plan.folder)
        raise
    with contextlib.suppress(GitRefused):  # the next command tries again
        set_driver(made)
    with contextlib.suppress(WriteFailed):  # the user is asked
        confirm_editor(made, plan.editor)
    return done


def _write_and_commit(plan: InitPlan, made: Location, templates: Mapping[str, Mapping[str, Any]]) -> Initialised:
    paths, who = ProjectPaths(plan.folder), sharing.of(made)
    start = plan.start or StartingPoint({}, "")
    theirs = {path: data for path, data in start.files.items() if path not in (IGNORE, ATTRIBUTES)}
    written = {**theirs, **state_files(plan.folder, plan.editor, plan.result_dir, templates, plan.start)}
    defaults = (paths.relative(paths.definition("template", "default", runner)) for runner in templates)
    _refuse_links(plan.folder, [*written, *defaults])
    with _undone_on_failure(plan.folder, [*written, IGNORE, ATTRIBUTES]):
        for path, data in written.items():
            below.write(plan.folder, path, data, sharing=who)
            if path in start.programs:
                files.make_executable(plan.folder / path)
        wanted = {IGNORE: tuple(ignore_rules(plan.result_dir)), ATTRIBUTES: RULES}
        wanted = {name: (*_lines_of(start, name), *lines) for name, lines in wanted.items()}
        written, notes = _add_lines(made, written, wanted)
        if plan.start:
            written = dict(sorted(written.items()))
        branch = worktree.checked_out(made)
        operation = worktree.operation(made.git_dir)
        if branch is None or operation:
            state = worktree.middle_of(operation) if operation else "on a detached HEAD"
            note = f"nothing was committed: the repository is {state}"
            return Initialised(plan.folder, tuple(written), False, note)
        with lock.held(made) as held:
            message = f"{_SUBJECT}\n\nStarting point: {start.origin}" if start.origin else _SUBJECT
            commits.commit_files(
                held, branch, dict(written), message, checked_out=True, programs=start.programs & written.keys()
            )
        return Initialised(plan.folder, tuple(written), True, "; ".join(notes))


def _lines_of(start: StartingPoint, name: str) -> list[str]:
    """Return what a starting point wants in a file of git that the project may have already."""
    return [line for line in start.files.get(name, b"").decode("utf-8", "replace").splitlines() if line.strip()]


def _refuse_links(root: Path, names: Iterable[str]) -> None:
    """Raise UsageError if a symbolic link is on the way to one of these files, or in its place."""
    ways = (root / way for name in names for way in (PurePosixPath(name), *PurePosixPath(name).parents))
    if link := next((way for way in ways if way != root and way.is_symlink()), None):
        raise UsageError(f"{link} is in the way: it is a symbolic link", hint="move it elsewhere")


@contextlib.contextmanager
def _undone_on_failure(root: Path, names: Sequence[str]) -> Iterator[None]:
    """Restore these files if the block fails, and remove the folders that are empty then."""
    before = {name: (root / name).read_bytes() if (root / name).is_file() else None for name in names}
    try:
        yield
    except BaseException:
        for name, data in before.items():
            with contextlib.suppress(OSError, WriteFailed):
                path = root / name
                if data is not None and path.read_bytes() != data:
                    files.write(path, data)
                elif data is None:
                    path.unlink(missing_ok=True)
                    _remove_empty(path.parent, root)
        raise


def _remove_empty(folder: Path, root: Path | None = None) -> None:
    """Remove a folder, and its parents below a root, as far as they are empty."""
    with contextlib.suppress(OSError):
        while folder != root:
            folder.rmdir()
            if root is None:
                return
            folder = folder.parent


def _repository(plan: InitPlan) -> Location:
    if plan.new_repository:
        try:
            plan.folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise write_failed(plan.folder, error) from None
        command.output(plan.folder, "init", "--quiet")
    found = location.find(plan.folder)
    assert found is not None  # noqa: S101  # it existed, or has just been created
    return found


def _add_lines(
    made: Location, written: dict[str, bytes], wanted: Mapping[str, Sequence[str]]
) -> tuple[dict[str, bytes], list[str]]:
    """Add missing lines to files of git; return the files to commit, and notes on those that cannot be."""
    notes = []
    for name, lines in wanted.items():
        path = made.root / name
        old = path.read_bytes() if path.exists() else b""
        new = files.with_lines(old, lines)
        if new == old:
            continue
        dirty = path.exists() and any(change.path == name for change in worktree.status(made).changes)
        files.write(path, new, sharing=sharing.of(made))
        if dirty:
            notes.append(f"{name} had uncommitted changes, so its new lines were not committed; commit them yourself")
        else:
            written = {**written, name: new}
    return written, notes
