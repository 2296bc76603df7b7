"""Checking `.qanat/` against schemas and rules beyond them. Collects every problem and changes nothing."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path, PurePosixPath
from typing import Any

from qanat.domain import views
from qanat.domain.data import COMMAND, NONE
from qanat.domain.data_paths import is_url, url_problem
from qanat.domain.experiment import UNKNOWN_PROGRAM
from qanat.domain.figures import pattern_problem
from qanat.domain.key_path import KeyPath, in_words
from qanat.domain.layout import DEFINITIONS, PLAN, RUNS, STATE, is_for_results, is_inside, kind_of
from qanat.domain.shortening import quoted
from qanat.domain.splitting import split
from qanat.domain.visible import escaped
from qanat.errors import InputInvalid, VersionTooNew
from qanat.git import history
from qanat.git.clones import why_not_in_clones
from qanat.records import environments, plan_file, run_codec, schemas, yaml_io
from qanat.records.index import Index
from qanat.records.index_rows import digest
from qanat.usecases.checks import baselines, containers, extends
from qanat.usecases.checks.claims import Claims
from qanat.usecases.checks.file_views import Files, OnDisk
from qanat.usecases.checks.storages import Storages
from qanat.usecases.project import DEFINITION_BYTES_MAX, Project

FOLDERS = (RUNS, *(f"{STATE}/{folder}" for folder in DEFINITIONS.values()))


@dataclass(frozen=True, slots=True)
class Problem:
    """One problem in one file; `line` counts from 1, `remedy` is empty if the file is to be corrected."""

    file: str
    line: int
    key: KeyPath
    problem: str
    remedy: str = ""

    @property
    def what(self) -> str:
        """The problem without its place, on one line even if a key contains a newline."""
        problem = f"{self.problem}; {self.remedy}" if self.remedy else self.problem
        return escaped(": ".join(filter(None, (in_words(self.key), problem))))

    def __str__(self) -> str:
        return f"{escaped(self.file)}:{self.line}: {self.what}"


class Runs:
    """All runs in the working tree, to compare some of them with: where their results are, and who they are.

    `digests` are those of the records in which nothing was found, by their paths.
    """

    def __init__(self, project: Project, index: Index) -> None:
        self.digests: dict[str, bytes] = {}
        self.storages = Storages(project, index)
        self.claims = Claims(project, index)


def validate(project: Project, index: Index, paths: Sequence[Path], runs: Runs | None = None) -> list[Problem]:
    """Check files of the working tree; list what is wrong with them by file and line."""
    parent = cache(Path.resolve)
    names = [project.paths.relative(parent(path.parent) / path.name) for path in paths]
    return validate_in(OnDisk(project.root), project, index, names, runs or Runs(project, index))


def validate_in(
    state: Files, project: Project, index: Index, names: Sequence[str], runs: Runs | None = None
) -> list[Problem]:
    """Check files, given by paths from the root, in some state of the project.

    With `runs`, also compare records with those of all other runs.
    """
    problems: list[Problem] = []
    for name in names:
        found = sorted(_check_file(state, project, index, name, runs), key=lambda p: p.line)
        if found and runs:
            runs.digests.pop(name, None)
        problems += found
    return problems


def _check_file(state: Files, project: Project, index: Index, source: str, runs: Runs | None) -> Iterator[Problem]:
    kind = kind_of(source)
    if state.is_link(source):
        yield Problem(source, 1, (), "is a symbolic link")
        return
    if source.endswith(".md") and kind_of(f"{source.removesuffix('.md')}.yaml") == "run":
        yield from _comment_problems(state, source)
        return
    if source in FOLDERS and not (project.root / source).is_dir():
        yield Problem(source, 1, (), "is not a folder")
        return
    if kind is None and (project.root / source).is_dir():
        yield Problem(source, 1, (), "is a folder that cannot be read, so what is in it was not checked")
        return
    if kind is None:
        yield Problem(source, 1, (), "is not expected here; see What is where in DESIGN.md")
        return
    lines: dict[KeyPath, int] = {}
    data = b""
    try:
        data = _read(state, source, kind, runs)
        content = schemas.with_version(yaml_io.load(data, source, lines=lines), kind)
        schemas.check_version(content, kind, source)
    except yaml_io.YamlInvalid as error:
        project.remember_broken(kind, source, data, error)
        yield Problem(source, error.line, (), error.problem)
        return
    except VersionTooNew as error:
        yield Problem(source, lines.get(("schema",), 1), (), error.problem, error.hint)
        return
    except InputInvalid as error:
        yield Problem(source, lines.get(("schema",), 1), (), error.message.removeprefix(f"{source}: "))
        return
    found = _schema_problems(index, data, content, kind)
    if kind in environments.FOLDERS:
        found += _name_of_content(source, data)
    elif not found:
        newest = schemas.current(content, kind, source)
        found = list(_beyond_schema(state, project, kind, newest, PurePosixPath(source), runs))
    elif kind == "run" and runs:
        found += _claims_of_readable(content, source, runs)
    for key, problem in found:
        yield Problem(source, yaml_io.line_of(lines, key), key, problem)


def _read(state: Files, source: str, kind: str, runs: Runs | None) -> bytes:
    if kind != "run":
        return state.read(source, DEFINITION_BYTES_MAX)
    data = state.read(source, yaml_io.FILE_BYTES_MAX)
    if runs:
        runs.digests[source] = digest(data)
    return data


def _comment_problems(state: Files, source: str) -> Iterator[Problem]:
    try:
        state.read(source, DEFINITION_BYTES_MAX)
    except InputInvalid as error:
        yield Problem(source, 1, (), error.message.removeprefix(f"{source}: "))


def _schema_problems(index: Index, data: bytes, content: Any, kind: str) -> list[tuple[KeyPath, str]]:
    name = schemas.name_of(kind, schemas.version_of(content, kind))
    if index.passed(name, data):
        return []
    found = [(p.path, p.problem) for p in schemas.problems(content, kind)]
    if not found:
        index.remember_passed(name, [data])
    return found


def _name_of_content(source: str, data: bytes) -> Iterator[tuple[KeyPath, str]]:
    if not environments.is_intact(source, data):
        begin = environments.hash_of(data)
        yield (), f"does not have the content that its name says, since its SHA-256 begins with {begin}"


def _claims_of_readable(content: Any, source: str, runs: Runs) -> list[tuple[KeyPath, str]]:
    """List what cannot be in a record that breaks its schema, but that qanat can read, and so lists as a run."""
    try:
        return list(runs.claims.problems(run_codec.from_mapping(schemas.current(content, "run", source), source)))
    except InputInvalid:
        return []


def _beyond_schema(
    state: Files, project: Project, kind: str, content: dict[str, Any], place: PurePosixPath, runs: Runs | None
) -> Iterator[tuple[KeyPath, str]]:
    if kind == "run":
        yield from _run_problems(state, project, content, place, runs)
    elif kind == PLAN:
        if plan_file.digest(content) != content["digest"]:
            yield ("digest",), "is not that of the file: it was edited"
    elif kind == "config":
        if not is_for_results(folder := content.get("result_dir", "results")):
            yield ("result_dir",), f"{quoted(folder)} is not a folder inside the project"
    else:
        if content["name"] != place.stem:
            yield ("name",), f"{quoted(content['name'])} is not the file name, {quoted(place.stem)}"
        if kind == "template" and content["runner"] != place.parts[2]:
            yield ("runner",), f"{quoted(content['runner'])} is not the folder name, {quoted(place.parts[2])}"
        yield from reference_problems(project, kind, content, state, in_clones=True)


def reference_problems(
    project: Project, kind: str, content: dict[str, Any], state: Files | None = None, *, in_clones: bool = False
) -> list[tuple[KeyPath, str]]:
    """List what a definition names that does not exist in a state (by default the working tree).

    With `in_clones`, leave out data that git does not have, since a clone is right without them.
    """
    state = state or OnDisk(project.root)
    if kind == "dataset":
        found = list(_dataset_problems(content, state))
        absent = in_clones and found[:1] == [_absent(content["path"])]
        return found[1:] if absent and why_not_in_clones(project.location, content["path"]) else found
    if kind == "template":
        return extends.problems(project, content, state)
    if kind == "pack":
        return extends.pack_problems(content)
    if kind == "document":
        from qanat.usecases.checks import documents  # most projects have none

        return documents.problems(project, content, state)
    if kind != "experiment":
        return views.problems(content) if kind == "view" else []
    found = list(_program_problems(state, (), content))
    for name, action in content.get("actions", {}).items():
        found += _program_problems(state, ("actions", name), action)
    found += baselines.problems(content)
    found += _metrics_problems(content)
    found += containers.problems(project.root, content, installed=isinstance(state, OnDisk))
    found += _figures_problems(content)
    found += _name_problems(project, content, state)
    for i, name in enumerate(content.get("datasets", ())):
        if not state.is_file(project.paths.relative(project.paths.definition("dataset", name))):
            found.append((("datasets", i), f"dataset {quoted(name)} does not exist"))
    return found


def _dataset_problems(content: Mapping[str, Any], state: Files) -> Iterator[tuple[KeyPath, str]]:
    path, by_command = content["path"], content.get("track") == COMMAND
    if problem := url_problem(path):
        yield ("path",), f"{path} {problem}"
    elif content.get("check", True) and not is_url(path) and not state.exists(os.path.expanduser(path)):  # noqa: PTH111
        yield _absent(path)
    if by_command != ("command" in content):
        yield ("command",), "is missing, with track: command" if by_command else "requires track: command"
    elif by_command:
        yield from _command_problems(content["command"])
    elif content.get("track", NONE) not in (NONE, COMMAND) and not (content.get("check", True) and not is_url(path)):
        where = "a URL is not looked at" if is_url(path) else "with check: false, the data are not looked at"
        yield ("track",), f"must be none or command: {where}"


def _command_problems(command: str) -> Iterator[tuple[KeyPath, str]]:
    if not command.strip():
        yield ("command",), "is empty"
    elif problem := _splitting_problem(command):
        yield ("command",), problem


def _splitting_problem(command: str) -> str:
    try:
        split(command)
    except ValueError as error:
        return str(error).lower()
    return ""


def _absent(path: str) -> tuple[KeyPath, str]:
    return ("path",), f"{path} does not exist"


def _name_problems(project: Project, content: dict[str, Any], state: Files) -> Iterator[tuple[KeyPath, str]]:
    """Yield current and former names of an experiment that another experiment has or had."""
    name = content["name"]
    if others := _others(project, name, name):
        yield ("name",), f"experiment {quoted(others[0])} was formerly called {quoted(name)}"
    for i, before in enumerate(content.get("formerly", ())):
        if state.is_file(project.paths.relative(project.paths.definition("experiment", before))):
            yield ("formerly", i), f"{quoted(before)} is the name of another experiment"
        elif others := _others(project, before, name):
            yield ("formerly", i), f"{quoted(others[0])} was also called {quoted(before)}"


def _others(project: Project, claimed: str, name: str) -> list[str]:
    """List the experiments that say they had a name, except for the one with this name."""
    return [other for other in project.claimed_names.get(claimed, ()) if other != name]


def _program_problems(state: Files, at: KeyPath, parts: dict[str, Any]) -> Iterator[tuple[KeyPath, str]]:
    executable = parts["executable"]
    if executable == UNKNOWN_PROGRAM and not state.is_file(executable):
        return  # only `run` needs it, and says so
    if not is_inside(executable):
        yield (*at, "executable"), f"{executable} is not inside the project"
    elif not state.is_file(executable):
        yield (*at, "executable"), f"{executable} {state.absence(executable)}"
    elif not parts.get("executable_command") and not state.is_executable(executable):
        yield (*at, "executable"), f"{executable} is not executable; chmod +x it, or set executable_command"
    if problem := _splitting_problem(parts.get("executable_command", "")):
        yield (*at, "executable_command"), problem


def _metrics_problems(content: dict[str, Any]) -> Iterator[tuple[KeyPath, str]]:
    for i, source in enumerate(content.get("metrics", ())):
        if not is_inside(source["file"]):
            yield ("metrics", i, "file"), f"{source['file']} is not inside the storage directory"


def _figures_problems(content: dict[str, Any]) -> Iterator[tuple[KeyPath, str]]:
    for i, pattern in enumerate(content.get("figures", ())):
        if problem := pattern_problem(pattern):
            yield ("figures", i), f"{pattern} {problem}"


def _run_problems(
    state: Files, project: Project, content: dict[str, Any], place: PurePosixPath, runs: Runs | None
) -> Iterator[tuple[KeyPath, str]]:
    try:
        run = run_codec.from_mapping(content, str(place))
    except InputInvalid as error:
        where, _, problem = error.message.removeprefix(f"{place}: ").partition(": ")
        yield tuple(int(part) if part.isdecimal() else part for part in where.split(".")), problem
        return
    if run_codec.path_of(run) != str(place):
        yield ("id",), f"{run.id} of {run.experiment} belongs in {run_codec.path_of(run)}"
    if runs:
        yield from ((("storage",), problem) for problem in runs.storages.problems(run))
        yield from runs.claims.problems(run)
    file = project.paths.relative(project.paths.definition("experiment", run.experiment))
    known = state.is_file(file) or run.experiment in project.claimed_names
    if not known and not history.was_tracked(project.location, file):
        yield ("experiment",), f"experiment {quoted(run.experiment)} does not exist and never did"
