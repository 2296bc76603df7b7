"""What is wrong with what templates extend, in some state of the project, and with the names of those of packs."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import Any

from qanat.domain import extending
from qanat.domain.config import template_sections
from qanat.domain.experiment import Template
from qanat.domain.key_path import KeyPath
from qanat.errors import ExtendsInvalid, InputInvalid, NotFound
from qanat.records import definitions, schemas, yaml_io
from qanat.usecases.checks.file_views import Files
from qanat.usecases.project import DEFINITION_BYTES_MAX, Project


def problems(project: Project, content: Mapping[str, Any], state: Files) -> list[tuple[KeyPath, str]]:
    """List what is wrong with what a template extends, on any machine."""
    if "extends" not in content:
        return []
    template = definitions.template_from(dict(content))
    read = partial(_template, project, state, template.runner)
    try:
        extending.extended(template, read, lambda _: True, str.strip)
    except ExtendsInvalid as error:
        return [(("extends",), error.message)]
    return []


def pack_problems(content: Mapping[str, Any]) -> list[tuple[KeyPath, str]]:
    """List the templates of a pack that cannot be its own, since they have the name of another one."""
    begin = f"{content['name']}-"
    names = [name for name in content["templates"] if not name.partition("/")[2].startswith(begin)]
    return [(("templates", name), f"does not begin with {begin}, as a template of this pack does") for name in names]


def _template(project: Project, state: Files, runner: str, name: str) -> Template:
    """Return a template of a state, one without options if it is broken, which is reported with its own file."""
    file = project.paths.relative(project.paths.definition("template", name, runner))
    if state.is_file(file):
        content = _mapping(state, file)
        is_broken = content.get("name") != name or bool(schemas.problems(content, "template"))
        return Template(name, runner, {}) if is_broken else definitions.template_from(content)
    config = project.paths.relative(project.paths.config)
    settings = _mapping(state, config) if state.is_file(config) else {}
    if name in template_sections(settings).get(runner, {}):
        return Template(name, runner, {})
    raise NotFound(f"template {name} does not exist")


def _mapping(state: Files, file: str) -> dict[str, Any]:
    try:
        content = yaml_io.load(state.read(file, DEFINITION_BYTES_MAX), file)
    except InputInvalid:
        return {}
    return content if isinstance(content, dict) else {}
