"""The rule validate: changed files of `.qanat/` follow their schemas, and nothing names what was deleted."""

from __future__ import annotations

import shlex
from collections.abc import Collection, Iterator, Sequence
from typing import Any

from qanat.domain.findings import Finding
from qanat.domain.key_path import KeyPath, in_words
from qanat.domain.layout import DEFINITIONS, STATE, kind_of
from qanat.domain.shortening import quoted
from qanat.errors import InputInvalid
from qanat.records import environments, schemas, yaml_io
from qanat.usecases.checks.file_views import Files, InGit
from qanat.usecases.checks.rule import Rule, is_in_state
from qanat.usecases.checks.scope import UPDATE_HOOKS, Scope
from qanat.usecases.checks.validate import Problem, Runs, validate_in
from qanat.usecases.project import DEFINITION_BYTES_MAX

ID = "validate"


def check(scope: Scope, names: Sequence[str]) -> list[Finding]:
    """List what is wrong with these files as they will be committed, and with definitions that name deleted ones."""
    gone = [change.path for change in scope.changes() if change.new is None]
    # Opening the index writes the schemas for editors, and a repository without a project must not get any.
    if not names and not gone:
        return []
    state = InGit(scope.state)
    state.fetch(names)
    there = [name for name in names if name in state.entries or _on_disk(scope, name)]
    problems: list[Problem] = []
    if there:
        with scope.project.index() as index:
            problems += validate_in(state, scope.project, index, there, Runs(scope.project, index))
    problems += _dangling(state, set(gone), set(there))
    return [_finding(problem) for problem in problems]


def _on_disk(scope: Scope, name: str) -> bool:
    path = scope.project.root / name
    return path.is_symlink() or path.exists()


def _dangling(state: InGit, gone: Collection[str], checked: Collection[str]) -> Iterator[Problem]:
    """Yield the places where other definitions name the deleted files."""
    kept = [path for path in state.entries if gone and kind_of(path) in ("experiment", "dataset")]
    others = [path for path in kept if path not in checked]
    state.fetch(others)
    for path in others:
        lines: dict[KeyPath, int] = {}
        try:
            content = yaml_io.load(state.read(path, DEFINITION_BYTES_MAX), path, lines=lines)
            content = schemas.current(content, str(kind_of(path)), path)
        except InputInvalid:
            continue
        for key, problem in _named(state, content, gone):
            yield Problem(path, lines.get(key, 1), key, problem)


def _named(state: Files, content: Any, gone: Collection[str]) -> Iterator[tuple[KeyPath, str]]:
    if not isinstance(content, dict):
        return
    programs = [((), content), *((("actions", name), action) for name, action in _items(content.get("actions")))]
    for at, program in programs:
        executable = program.get("executable") if isinstance(program, dict) else None
        if isinstance(executable, str) and executable in gone:
            yield (*at, "executable"), f"{executable} no longer exists"
    datasets = content.get("datasets")
    for i, name in enumerate(datasets if isinstance(datasets, list) else ()):
        if f"{STATE}/{DEFINITIONS['dataset']}/{name}.yaml" in gone:
            yield ("datasets", i), f"dataset {quoted(name)} no longer exists"
    if str(content.get("schema")).startswith("dataset/"):
        path = str(content.get("path")).rstrip("/")
        if any(f"{name}/".startswith(f"{path}/") for name in gone) and not state.exists(path):
            yield ("path",), f"{path} no longer exists"


def _items(value: Any) -> Iterator[tuple[str, Any]]:
    return iter(value.items() if isinstance(value, dict) else ())


def _finding(problem: Problem) -> Finding:
    what = f"{in_words(problem.key)}: {problem.problem}" if problem.key else problem.problem
    return Finding(problem.file, problem.line, ID, what, _remedy(problem))


def _remedy(problem: Problem) -> str:
    if problem.remedy:
        return f"{problem.remedy}; {UPDATE_HOOKS}"
    if kind_of(problem.file) == "run":
        return "records are written by qanat: restore what it wrote, or repeat the run"
    if kind_of(problem.file) in environments.FOLDERS:
        return "files of environments are written by qanat, and never edited: restore it, or remove it"
    return f"fix it, then: git add {shlex.quote(problem.file)}"


def _takes(path: str) -> bool:
    return is_in_state(path) and path.endswith((".yaml", ".yml"))


RULE = Rule(
    ID,
    refuses="a file of .qanat/ that violates its schema or does not fit the others;"
    " a deleted dataset or program that a definition still names",
    check=check,
    takes=_takes,
)
