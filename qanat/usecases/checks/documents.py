"""What is wrong with a document, in some state of the project: what it names and does not exist."""

from __future__ import annotations

import posixpath
from collections.abc import Iterator, Mapping
from typing import Any

from qanat.domain import document
from qanat.domain.config import template_sections
from qanat.domain.document import LOCAL
from qanat.domain.key_path import KeyPath
from qanat.domain.layout import is_inside
from qanat.domain.names import nearest
from qanat.domain.parameter_file import grid_from_file
from qanat.domain.shortening import quoted
from qanat.errors import InputInvalid
from qanat.usecases.checks import document_circles
from qanat.usecases.checks.document_circles import mapping
from qanat.usecases.checks.file_views import Files
from qanat.usecases.project import Project


def problems(project: Project, content: Mapping[str, Any], state: Files) -> list[tuple[KeyPath, str]]:
    """List what is wrong with a document, by key."""
    found = list(document.problems(content))
    wrong = {path for path, _ in found}
    path = posixpath.normpath(content["path"])
    if ("path",) not in wrong and not state.exists(path):
        found.append((("path",), f"{content['path']} does not exist"))
    for key in ("compile", "view"):
        if key in content and (key, 0) not in wrong:
            found += _program_problems(state, key, content[key][0], path)
    for place, parts in enumerate(content.get("dependencies", ())):
        found += [
            (("dependencies", place, *at), problem) for at, problem in _dependency_problems(project, parts, state)
        ]
    return found or document_circles.problems(project, content, state)


def _program_problems(state: Files, key: str, program: str, folder: str) -> Iterator[tuple[KeyPath, str]]:
    """Yield why a program that is named by its path cannot be started in a folder of the project."""
    path = posixpath.normpath(posixpath.join(folder, program))
    if "/" not in program or posixpath.isabs(path) or not is_inside(path):
        return
    if not state.is_file(path):
        yield (key, 0), f"{path} {state.absence(path)}"
    elif not state.is_executable(path):
        yield (key, 0), f"{path} is not executable; chmod +x it, or put the program that runs it before it"


def _dependency_problems(project: Project, parts: Mapping[str, Any], state: Files) -> Iterator[tuple[KeyPath, str]]:
    experiment = project.names_of(parts["experiment"])[0]
    file = project.paths.relative(project.paths.definition("experiment", experiment))
    if not state.is_file(file):
        close = nearest(experiment, project.names("experiment"))
        ending = f"; did you mean {' or '.join(close)}?" if close else ""
        yield ("experiment",), f"experiment {quoted(experiment)} does not exist{ending}"
    elif "action" in parts:
        actions = mapping(state, file, "experiment").get("actions", {})
        if parts["action"] not in actions:
            known = f"; its actions: {', '.join(actions)}" if actions else ", which has no actions"
            yield ("action",), f"{quoted(parts['action'])} is not an action of {experiment}{known}"
    yield from _parameter_problems(parts.get("parameters"), state)
    yield from _template_problems(project, parts, state)


def _parameter_problems(parameters: Any, state: Files) -> Iterator[tuple[KeyPath, str]]:
    if isinstance(parameters, str):
        if not is_inside(parameters):
            yield ("parameters",), f"{parameters} is not inside the project"
        elif not state.is_file(parameters):
            yield ("parameters",), f"{parameters} {state.absence(parameters)}"
    elif parameters is not None:
        try:
            grid_from_file(document.as_texts(parameters), "parameters")
        except InputInvalid as error:
            remedy = f"; {error.hint}" if error.hint else ""
            yield ("parameters",), f"{error.message.removeprefix('parameters: ')}{remedy}"


def _template_problems(project: Project, parts: Mapping[str, Any], state: Files) -> Iterator[tuple[KeyPath, str]]:
    name, runner = parts.get("template"), parts.get("runner", LOCAL)
    if name is None or (is_inside(name) and state.is_file(name)):
        return
    config = project.paths.relative(project.paths.config)
    known = set(template_sections(mapping(state, config, "config")).get(runner, {}))
    known |= {template for other, template in project.templates() if other == runner}
    if name not in known:
        close = nearest(name, known)
        ending = f"; did you mean {' or '.join(close)}?" if close else ""
        yield ("template",), f"runner {runner} has no template {quoted(name)}{ending}"
