"""Making a project: a repository where there is none, `.qanat/`, ignore rules, default templates, a first commit."""

from __future__ import annotations

import re
import shlex
import shutil
from dataclasses import dataclass
from pathlib import Path

from qanat.errors import GitRefused, UsageError, write_failed
from qanat.git import command, commits, location, repository, worktree
from qanat.git.location import Location
from qanat.records import definition_text, files, schemas
from qanat.records.paths import ProjectPaths

IGNORE = ".gitignore"
NO_RESULTS_IN = frozenset({"..", ".git", ".qanat"})
TEMPLATES = {
    "htcondor": {"universe": "vanilla", "request_cpus": 1, "request_memory": "1GB", "request_disk": "1GB"},
    "slurm": {"--ntasks": 1, "--cpus-per-task": 1, "--time": "1-00:00:00"},
}


@dataclass(frozen=True, slots=True)
class InitPlan:
    """What init would do in a folder."""

    folder: Path
    new_repository: bool
    editor: str
    result_dir: str


@dataclass(frozen=True, slots=True)
class Initialised:
    """A new project: the files that were written, and a sentence when something was left to the user."""

    root: Path
    files: tuple[str, ...]
    committed: bool
    note: str = ""


def plan_init(folder: Path, editor: str, result_dir: str) -> InitPlan:
    """Look at a folder. Raises UsageError for a project, and for a sub-folder of a repository."""
    parts = Path(result_dir).parts
    if Path(result_dir).is_absolute() or not parts or NO_RESULTS_IN & set(parts):
        raise UsageError(f"--result-dir {result_dir!r} is not a folder inside the project", hint="use results")
    folder = folder.resolve()
    if folder.exists() and not folder.is_dir():
        raise UsageError(f"{folder} is a file", hint="give a folder: qanat init DIR")
    found = location.find(folder)
    if found and found.root != folder:
        raise UsageError(
            f"{folder} lies in the repository {found.root}, and a project is a whole repository",
            hint=f"make that one a project: qanat init {shlex.quote(str(found.root))}",
        )
    if found and ProjectPaths(folder).config.exists():
        raise UsageError(f"{folder} is a qanat project already", hint="see what it holds: qanat status")
    for path, is_wrong in ((folder / IGNORE, Path.is_dir), (ProjectPaths(folder).state, Path.is_file)):
        if is_wrong(path):
            raise UsageError(f"{path} is in the way", hint="move it elsewhere")
    return InitPlan(folder, found is None, editor, Path(result_dir).as_posix())


def init_project(plan: InitPlan) -> Initialised:
    """Do what the plan says; what the user has staged or changed stays as it is, and uncommitted."""
    made = _repository(plan)
    try:
        repository.signature(repository.open_repository(made))
    except GitRefused:
        if plan.new_repository:
            shutil.rmtree(made.git_dir)
        raise
    paths = ProjectPaths(plan.folder)
    written = {paths.relative(path): data for path, data in _state_files(plan, paths)}
    for path, data in written.items():
        files.write(plan.folder / path, data)
    ignore, note = _ignore_rules(made, plan)
    if ignore:
        written[IGNORE] = ignore
    branch = worktree.checked_out(made)
    operation = worktree.operation(made.git_dir)
    if branch is None or operation:
        state = f"in the middle of a {operation}" if operation else "on a detached HEAD"
        return Initialised(plan.folder, tuple(written), False, f"nothing was committed: the repository is {state}")
    commits.commit_files(made, branch, dict(written), "qanat: project set up", checked_out=True)
    return Initialised(plan.folder, tuple(written), True, note)


def _repository(plan: InitPlan) -> Location:
    if plan.new_repository:
        try:
            plan.folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise write_failed(plan.folder, error) from None
        command.output(plan.folder, "init", "--quiet")
    found = location.find(plan.folder)
    assert found is not None  # noqa: S101  # it was there, or has just been made
    return found


def _state_files(plan: InitPlan, paths: ProjectPaths) -> list[tuple[Path, bytes]]:
    config = {
        "schema": schemas.name_of("config"),
        "result_dir": plan.result_dir,
        "default_editor": plan.editor,
        "logging": "INFO",
        "records": {"commit": "auto"},
    }
    state = [(paths.config, definition_text.encode(paths, "config", config, paths.config))]
    for runner, options in TEMPLATES.items():
        template = {
            "schema": schemas.name_of("template"),
            "name": "default",
            "runner": runner,
            "description": "Used when no template is named",
            "options": options,
        }
        path = paths.definition("template", "default", runner)
        if not path.exists():
            state.append((path, definition_text.encode(paths, "template", template, path)))
    return state


def _ignore_rules(made: Location, plan: InitPlan) -> tuple[bytes | None, str]:
    """Add what git is to ignore to `.gitignore`; give its bytes when they may be committed, and a note when not."""
    # A folder may be called a[1]; in a rule that would be a pattern.
    results = re.sub(r"([][*?\\])", r"\\\1", plan.result_dir)
    rules = ("/.qanat/cache/", "/.qanat/**/.*.tmp", f"/{results}/")
    path = plan.folder / IGNORE
    old = path.read_bytes() if path.exists() else b""
    known = {line.strip() for line in old.decode("utf-8", "replace").splitlines()}
    missing = [rule for rule in rules if rule not in known]
    if not missing:
        return None, ""
    dirty = path.exists() and any(change.path == IGNORE for change in worktree.look(made).changes)
    gap = b"" if not old or old.endswith(b"\n") else b"\n"
    new = old + gap + "".join(f"{rule}\n" for rule in missing).encode()
    files.write(path, new)
    if dirty:
        return (
            None,
            ".gitignore has changes of your own, so its new lines are not committed: commit them with yours",
        )
    return new, ""
