"""Templates as a project defines them, and what they come to on a machine."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from functools import partial

from qanat.domain import extending
from qanat.domain.experiment import Template
from qanat.domain.shortening import quoted
from qanat.domain.template_source import PackOrigin, TemplateSource
from qanat.errors import ExtendsInvalid, NotFound
from qanat.records import definitions
from qanat.runners.protocol import Runners
from qanat.system import machine
from qanat.usecases.definitions import packs
from qanat.usecases.project import Project, suggestion


def defined(project: Project, runner: str, name: str, runners: Runners) -> tuple[Template, str] | None:
    """Return a template as the project defines it, and its file; None if it defines none with this name.

    If two places define it, what is returned as its file also says which one does not count.
    """
    configured = project.config.templates.get(runner, {})
    file, settings = (
        project.paths.relative(path)
        for path in (project.paths.definition("template", name, runner), project.paths.config)
    )
    where = settings
    if (runner, name) in project.templates():
        content = project.definition("template", name, runner)
        found = with_source(definitions.template_from(content), file, packs.origin(project, runner, name))
        if name not in configured:
            return found, file
        if found.extends or found.options != runners.default_templates().get(runner):
            return found, f"{file}, not {settings}"
        where = f"{settings}, not {file}"
    return (with_source(Template(name, runner, configured[name]), settings), where) if name in configured else None


def with_source(template: Template, file: str, pack: PackOrigin | None = None) -> Template:
    """Return a template that names its file, and the pack that this came with, as the source of its options."""
    source = TemplateSource(template.name, file, tuple(template.options), pack, extending.other_keys(template))
    return replace(template, sources=(source,))


def whole(project: Project, template: Template, runners: Runners, host: str | None = None) -> Template:
    """Return a template with the options that it comes to on a machine, by default this one.

    Raises ExtendsInvalid, also if the template is not for this machine.
    """
    is_here = partial(_is_for, [host]) if host else here
    if template.hosts and not is_here(template.hosts):
        raise ExtendsInvalid(
            f"template {quoted(template.name)} is for {' or '.join(template.hosts)}, not for {host or machine.name()}",
            hint=f"choose another one; see what it is there with: qanat template show {template.name} --host NAME",
        )
    return extended(template, partial(_base, project, template.runner, runners), is_here, runners)


def extended(template: Template, read: extending.Read, is_here: extending.IsHere, runners: Runners) -> Template:
    """Return a template with the options that it comes to; `read` returns those that it extends."""
    if not template.extends:
        return template
    return extending.extended(template, read, is_here, partial(runners.option_name, template.runner))


def _base(project: Project, runner: str, runners: Runners, name: str) -> Template:
    if found := defined(project, runner, name, runners):
        return found[0]
    known = [n for r, n in project.all_templates() if r == runner]
    raise NotFound(f"template {quoted(name)} does not exist", hint=suggestion("template", name, known))


def here(patterns: Sequence[str]) -> bool:
    """Return whether one of these patterns matches a name of this machine."""
    names = [machine.name(), *([machine.full_name()] if any("." in pattern for pattern in patterns) else [])]
    return _is_for(names, patterns)


def _is_for(names: Sequence[str], patterns: Sequence[str]) -> bool:
    return any(extending.matches(patterns, name) for name in names)
