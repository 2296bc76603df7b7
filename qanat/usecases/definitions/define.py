"""Creating, changing and deleting experiments, datasets and templates."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from types import MappingProxyType
from typing import Any

from qanat.domain import secret_checks
from qanat.domain.key_path import in_words
from qanat.domain.names import check_name
from qanat.domain.shortening import quoted
from qanat.errors import GitRefused, InputInvalid, NotFound, UsageError, WriteFailed
from qanat.git import tracked, user_commits, worktree
from qanat.git.lock import Held
from qanat.records import definition_text, definitions, ledger, schemas, yaml_io, yaml_scalars
from qanat.system import files
from qanat.usecases.checks.validate import reference_problems
from qanat.usecases.merging.noted import commit_noted
from qanat.usecases.project import DEFINITION_BYTES_MAX, Project, located

USERS_NAMED = 5


def read_input(kind: str, path: Path, defaults: dict[str, Any] | None = None) -> dict[str, Any]:
    """Read a user's definition, in today's form or that of qanat 0.x; `defaults` fill in missing keys.

    Raises InputInvalid with file, line and key.
    """
    data = files.read(path, limit_bytes=DEFINITION_BYTES_MAX, own=True)
    content = yaml_io.load(data, str(path))
    content = definitions.convert_v0(schemas.current(content, kind, str(path)), kind)
    if kind == "document" and isinstance(content, dict):
        content = definitions.with_exact_parameters(content, data)
    if isinstance(content, dict):
        content = definitions.ordered({**(defaults or {}), **content}, kind)
    if found := schemas.problems(content, kind):
        raise InputInvalid(located(data, found, str(path))[0], hint=f"qanat {kind} new --help shows an example")
    return dict(content)


def checked(project: Project, kind: str, content: dict[str, Any]) -> dict[str, Any]:
    """Return a definition in its order if it follows its schema and its references exist. Raises InputInvalid."""
    check_name(kind, content.get("name", ""))
    content = definitions.ordered(content, kind)
    if found := schemas.problems(content, kind):
        where = in_words(found[0].path)
        raise InputInvalid(f"{kind} {content['name']}: {where + ': ' if where else ''}{found[0].problem}")
    if references := reference_problems(project, kind, content):
        path, problem = references[0]
        raise InputInvalid(f"{kind} {content['name']}: {in_words(path)}: {problem}")
    return content


def check_secrets(kind: str, content: Mapping[str, Any], before: Mapping[str, Any] = MappingProxyType({})) -> None:
    """Raise UsageError for a value that is new in a definition, and looks like a secret."""
    changed = {key: value for key, value in content.items() if key not in before or before[key] != value}
    secret_checks.check_content(f"{kind} {content['name']}", changed)


def text_of(content: dict[str, Any]) -> str:
    """Return the YAML in which a definition is stored."""
    return yaml_io.dump(content).decode()


def path_for(project: Project, kind: str, content: dict[str, Any]) -> Path:
    """Return the file in which a definition is stored."""
    return project.paths.definition(kind, content["name"], content.get("runner", "") if kind == "template" else "")


def save(project: Project, kind: str, content: dict[str, Any], *, new: bool) -> Path:
    """Write a checked definition; with `new`, refuse to replace an existing one.

    Comments above a key in the file are kept, and so is the text of values that do not change.
    """
    path = path_for(project, kind, content)
    if new:
        check_new(project, kind, content)
    before = project.read(path, DEFINITION_BYTES_MAX) if os.path.lexists(path) else b""
    project.write(path, definition_text.encode(project.paths, kind, content, path, before))
    return path


def check_new(project: Project, kind: str, content: dict[str, Any]) -> None:
    """Raise UsageError if there is a definition with this name, or one that differs in case only."""
    name = content["name"]
    if os.path.lexists(path_for(project, kind, content)):
        raise UsageError(f"{kind} {quoted(name)} already exists", hint=f"change it with: qanat {kind} update {name}")
    if kind == "template":
        check_case(kind, name, [n for runner, n in project.templates() if runner == content["runner"]])
    else:
        check_case(kind, name, [*project.names(kind), *(project.former_names if kind == "experiment" else ())])


def check_case(kind: str, name: str, known: Iterable[str]) -> None:
    """Raise UsageError if a name differs only in case from a known one: on macOS and Windows, that is the same file."""
    if other := next((one for one in known if one != name and one.casefold() == name.casefold()), None):
        raise UsageError(
            f"{kind} {quoted(other)} already exists, which differs only in case", hint="choose another name"
        )


def comments_lost(project: Project, kind: str, content: dict[str, Any]) -> list[str]:
    """List the comments in a definition's file that saving it would drop."""
    path = path_for(project, kind, content)
    before = project.read(path, DEFINITION_BYTES_MAX) if project.has_file(path) else b""
    return definition_text.lost_comments(before, definition_text.encode(project.paths, kind, content, path, before))


@contextlib.contextmanager
def committing(project: Project, paths: Sequence[Path], message: str, *, commit: bool) -> Iterator[None]:
    """Commit what the block does to these files, and nothing else, with the user's hooks; without `commit`, do nothing.

    If the block or the commit fails, the files are what they were. Raises GitRefused.
    """
    if not commit:
        yield
        return
    if state := _unfit_state(project):
        raise GitRefused(f"cannot commit: the repository is {state}", hint="omit --commit, and commit it yourself")
    with all_or_nothing(project, paths):
        yield
        user_commits.commit_only(project.location, message, [project.paths.relative(path) for path in paths])


@contextlib.contextmanager
def all_or_nothing(project: Project, paths: Sequence[Path]) -> Iterator[None]:
    """Restore these files to what they were if the block fails."""
    before = {path: project.read(path) if os.path.lexists(path) else None for path in paths}
    try:
        yield
    except BaseException:
        for path, data in before.items():
            _restore(project, path, data)
        raise


def _restore(project: Project, path: Path, data: bytes | None) -> None:
    with contextlib.suppress(InputInvalid, WriteFailed):
        if data is None:
            project.remove(path)
        elif not project.has_file(path) or project.read(path) != data:
            project.write(path, data)


def _unfit_state(project: Project) -> str:
    """Return why nothing can be committed to the branch that is checked out; empty if it can."""
    if operation := worktree.operation(project.location.git_dir):
        return worktree.middle_of(operation)
    return "" if worktree.checked_out(project.location) else "on a detached HEAD"


def commit_under(held: Held, project: Project, paths: Sequence[Path], message: str) -> None:
    """Commit qanat's own files (if missing, their removal) to the current branch, and nothing else."""
    gone = [project.paths.relative(path) for path in paths if not os.path.lexists(path)]
    ledger.forget(project.location.private, gone, project.sharing)
    branch = worktree.checked_out(project.location)
    if (state := _unfit_state(project)) or branch is None:
        raise GitRefused(f"done, but not committed: the repository is {state}", hint="commit it yourself")
    content = {project.paths.relative(p): project.read(p) if os.path.lexists(p) else None for p in paths}
    commit_noted(held, project, branch, content, message, checked_out=True)


def untracked_programs(project: Project, kind: str, content: Mapping[str, Any]) -> list[Path]:
    """List the programs of an experiment, also of its actions, that are not in git yet, so that no run can use them."""
    parts = (content, *content.get("actions", {}).values()) if kind == "experiment" else ()
    programs = dict.fromkeys(part["executable"] for part in parts)
    return [project.root / path for path in worktree.untracked_among(project.location, list(programs))]


def check_unused(project: Project, dataset: str) -> None:
    """Raise UsageError if an experiment reads a dataset, and could not be run without it."""
    if users := _users_of_dataset(project, dataset):
        names = f"{', '.join(users[:USERS_NAMED])}{', …' if len(users) > USERS_NAMED else ''}"
        who = f"experiment {names} reads" if len(users) == 1 else f"experiments {names} read"
        first = project.paths.relative(project.paths.definition("experiment", users[0]))
        hint = f"first remove it from the datasets in {first}{' and the others' if len(users) > 1 else ''}"
        raise UsageError(f"{who} dataset {dataset}", hint=hint)


def _users_of_dataset(project: Project, name: str) -> list[str]:
    """List the experiments that read a dataset; broken files are skipped."""
    found = []
    for experiment in project.names("experiment"):
        try:
            if name in project.experiment(experiment).datasets:
                found.append(experiment)
        except (InputInvalid, NotFound):
            continue
    return found


def delete(project: Project, kind: str, path: Path, *, commit: bool) -> tuple[str | None, list[str]]:
    """Delete a definition's file, and commit that if asked to; return the commit before, and the file if that has it.

    Raises WriteFailed, and GitRefused if the deletion cannot be committed.
    """
    head = worktree.head(project.location)
    had = tracked.at(project.location, head, [path])
    with committing(project, [path], f"qanat: {kind} {path.stem} deleted", commit=commit):
        project.remove(path)
    return head, had


def scalar(text: str) -> Any:
    """Return the value that text has in YAML: 2 is a number, 2GB is text."""
    return yaml_scalars.resolve(text)
