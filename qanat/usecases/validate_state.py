"""Checking `.qanat/`: schemas, and what schemas cannot say. Collects every problem; changes nothing."""

from __future__ import annotations

import os
import shlex
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any

from qanat.domain.layout import DEFINITIONS, is_inside
from qanat.domain.run import State, overall_state
from qanat.errors import InputInvalid
from qanat.git import history
from qanat.records import files, run_codec, schemas, yaml_io
from qanat.records.index import Index
from qanat.records.schemas import KeyPath
from qanat.usecases.project import DEFINITION_BYTES_MAX, Project


@dataclass(frozen=True, slots=True)
class Problem:
    """One problem of one file; `line` counts from 1."""

    file: str
    line: int
    key: str
    problem: str

    def __str__(self) -> str:
        parts = (f"{self.file}:{self.line}", self.key, self.problem)
        # One line for each problem, also where a key or a file's name holds a newline.
        return "".join(c if c.isprintable() else repr(c)[1:-1] for c in ": ".join(filter(None, parts)))


def all_files(project: Project) -> list[Path]:
    """List every YAML file and every symbolic link below `.qanat/`, its cache left out; links are not followed."""
    found: list[Path] = []
    for name, subfolders, files_here in os.walk(project.paths.state):
        folder = Path(name)
        subfolders[:] = sorted(s for s in subfolders if not (s == "cache" and folder == project.paths.state))
        found += [folder / s for s in subfolders if (folder / s).is_symlink()]
        found += [folder / file for file in sorted(files_here) if file.endswith((".yaml", ".yml"))]
    return found


def validate(project: Project, index: Index, paths: Sequence[Path]) -> list[Problem]:
    """Check these files and list what is wrong with them, file by file in the order of lines."""
    problems: list[Problem] = []
    for path in paths:
        problems += sorted(_check_file(project, index, path), key=lambda p: p.line)
    return problems


def kind_of(relative: str) -> str | None:
    """Tell what a file of a project is by its place; None when it is none of ours."""
    parts = PurePosixPath(relative).parts
    if parts[:1] != (".qanat",) or not relative.endswith(".yaml"):
        return None
    if parts[1:] == ("config.yaml",):
        return "config"
    if len(parts) == 5 and parts[1] == "runs":
        return "run"
    kinds = {folder: kind for kind, folder in DEFINITIONS.items()}
    depth = 4 if parts[1:2] == ("templates",) else 3
    return kinds.get(parts[1]) if len(parts) == depth else None


def _check_file(project: Project, index: Index, path: Path) -> Iterator[Problem]:
    path = path.parent.resolve() / path.name
    source = project.paths.relative(path)
    kind = kind_of(source)
    if path.is_symlink():
        yield Problem(source, 1, "", "is a symbolic link")
        return
    if kind is None:
        yield Problem(source, 1, "", "is not where qanat keeps a file; see What is where in DESIGN.md")
        return
    lines: dict[yaml_io.Path, int] = {}
    try:
        data = files.read(path, limit_bytes=yaml_io.FILE_BYTES_MAX if kind == "run" else DEFINITION_BYTES_MAX)
        content = schemas.with_version(yaml_io.load(data, source, lines=lines), kind)
        schemas.check_version(content, kind, source)
    except yaml_io.YamlInvalid as error:
        yield Problem(source, error.line, "", error.problem)
        return
    except InputInvalid as error:
        yield Problem(source, lines.get(("schema",), 1), "", error.message.removeprefix(f"{source}: "))
        return
    found = _schema_problems(index, data, content, kind)
    if not found:
        found = list(_beyond_schema(project, kind, content, PurePosixPath(source)))
    for key, problem in found:
        yield Problem(source, _line(lines, key), ".".join(map(str, key)), problem)


def _schema_problems(index: Index, data: bytes, content: Any, kind: str) -> list[tuple[KeyPath, str]]:
    name = schemas.name_of(kind)
    if index.passed(name, data):
        return []
    found = [(p.path, p.problem) for p in schemas.problems(content, kind)]
    if not found:
        index.remember_passed(name, [data])
    return found


def _line(lines: dict[yaml_io.Path, int], key: KeyPath) -> int:
    while key and key not in lines:
        key = key[:-1]
    return lines.get(key, 1)


def _beyond_schema(
    project: Project, kind: str, content: dict[str, Any], place: PurePosixPath
) -> Iterator[tuple[KeyPath, str]]:
    if kind == "run":
        yield from _run_problems(project, content, place)
    elif kind != "config":
        if content["name"] != place.stem:
            yield ("name",), f"{content['name']!r} is not the file's name, {place.stem!r}"
        if kind == "template" and content["runner"] != place.parts[2]:
            yield ("runner",), f"{content['runner']!r} is not the folder's name, {place.parts[2]!r}"
        yield from reference_problems(project, kind, content)


def reference_problems(project: Project, kind: str, content: dict[str, Any]) -> list[tuple[KeyPath, str]]:
    """List what a definition names that is not there: programs, datasets, paths."""
    if kind == "dataset":
        there = files.exists(project.root / content["path"])
        return [] if there else [(("path",), f"{content['path']} is not there")]
    if kind != "experiment":
        return []
    found: list[tuple[KeyPath, str]] = list(_program_problems(project, (), content))
    for name, action in content.get("actions", {}).items():
        found += _program_problems(project, ("actions", name), action)
    for i, name in enumerate(content.get("datasets", ())):
        if not project.paths.definition("dataset", name).is_file():
            found.append((("datasets", i), f"there is no dataset {name!r}"))
    return found


def _program_problems(project: Project, at: KeyPath, parts: dict[str, Any]) -> Iterator[tuple[KeyPath, str]]:
    executable = parts["executable"]
    if not is_inside(executable):
        yield (*at, "executable"), f"{executable} is not inside the project"
    elif not files.is_file(project.root / executable):
        yield (*at, "executable"), f"{executable} is not there"
    try:
        shlex.split(parts.get("executable_command", ""))
    except ValueError as error:
        yield (*at, "executable_command"), str(error).lower()


def _run_problems(project: Project, content: dict[str, Any], place: PurePosixPath) -> Iterator[tuple[KeyPath, str]]:
    try:
        run = run_codec.from_mapping(content, str(place))
    except InputInvalid as error:
        where, _, problem = error.message.removeprefix(f"{place}: ").partition(": ")
        yield tuple(int(part) if part.isdecimal() else part for part in where.split(".")), problem
        return
    if run_codec.path_of(run) != str(place):
        yield ("id",), f"{run.id} of {run.experiment} belongs in {run_codec.path_of(run)}"
    if [g.number for g in run.groups] != list(range(len(run.groups))):
        yield ("groups",), "are not numbered 0, 1, 2, …"
    state = overall_state(State(g["state"]) for g in content["groups"])
    if content["state"] != state:
        yield ("state",), f"{content['state']!r} does not follow from the groups, which say {state.value!r}"
    file = project.paths.definition("experiment", run.experiment)
    if not file.is_file() and not history.existed(project.location, project.paths.relative(file)):
        yield ("experiment",), f"there is no experiment {run.experiment!r}, and there never was"
