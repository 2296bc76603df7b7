"""Finding a submit template by the name that a user gives."""

from __future__ import annotations

import contextlib
import shlex
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from qanat.domain.experiment import Template
from qanat.domain.key_path import KeyPath
from qanat.domain.shortening import quoted
from qanat.domain.template_source import TemplateSource
from qanat.errors import ExtendsInvalid, InputInvalid, NotFound, RunnerUnavailable, UsageError
from qanat.records import definitions, yaml_io
from qanat.runners.protocol import ChecksTemplates, Runners
from qanat.system import below, files
from qanat.usecases.checks.validate import Problem
from qanat.usecases.definitions import define
from qanat.usecases.definitions.listing import Listed, each, in_short, odd_names
from qanat.usecases.definitions.templates import defined, whole, with_source
from qanat.usecases.launch import retry_limits
from qanat.usecases.project import DEFINITION_BYTES_MAX, Project, suggestion

DEFAULT = "default"


def listed(project: Project, runners: Runners) -> Listed:
    """List all templates, including those in the settings, as the mappings in which they are stored."""

    def read(names: tuple[str, str]) -> dict[str, Any]:
        if found := defined(project, *names, runners):
            return as_json(_as_far_as_possible(project, found[0], runners))
        raise NotFound(f"template {quoted(names[1])} does not exist")

    contents, broken = each(project.all_templates(), read)
    folder = project.paths.folder("template")
    kinds = [entry for entry in below.entries(project.root, project.paths.relative(folder)) if entry.is_folder]
    odd = [name for name in odd_names(project, folder) if name.rpartition("/")[2] not in {kind.name for kind in kinds}]
    odd += [name for kind in kinds for name in odd_names(project, folder / kind.name)]
    return Listed(contents, [*broken, *in_short(sorted(odd))])


def with_sources(project: Project, runners: Runners) -> list[tuple[Template, str]]:
    """List all templates, each with the file that it comes from, relative to the project's root."""
    every = (defined(project, runner, name, runners) for runner, name in project.all_templates())
    return [(_as_far_as_possible(project, found[0], runners), found[1]) for found in every if found]


def _as_far_as_possible(project: Project, template: Template, runners: Runners) -> Template:
    """Return a template with the options that it comes to; as it is defined if it comes to nothing on this machine."""
    try:
        return whole(project, template, runners)
    except ExtendsInvalid:
        return template


def find_template(
    project: Project, runner: str, name: str | None, runners: Runners, host: str | None = None
) -> Template:
    """Return a template: from a file, then from `.qanat/templates/<runner>/`, then from the settings.

    Its options are what it comes to on a machine, by default this one. The default name is `default`, which has no
    options if there is no such template. The settings take precedence over a default template that is unchanged since
    `qanat init`. Raises NotFound with the existing names, InputInvalid for a template that is broken or for another
    runner, ExtendsInvalid.
    """
    wanted = name or DEFAULT
    path = Path(wanted)
    if name is not None and files.is_file(path):
        content = define.read_input("template", path, {"name": path.stem, "runner": runner})
        template = with_source(definitions.template_from(content), project.paths.relative(path.absolute()))
        return whole(project, _for_runner(template, runner, wanted), runners, host)
    if found := defined(project, runner, wanted, runners):
        return whole(project, found[0], runners, host)
    if name is None:
        return Template(DEFAULT, runner, {})
    known = [n for r, n in project.all_templates() if r == runner]
    raise NotFound(f"no template or file named {quoted(name)} for {runner}", hint=suggestion("template", name, known))


def _for_runner(template: Template, runner: str, source: str) -> Template:
    if template.runner != runner:
        raise InputInvalid(f"{source}: is a template for {template.runner}, not for {runner}")
    return template


def find_by_name(
    project: Project, name: str, runner: str | None, runners: Runners, host: str | None = None
) -> Template:
    """Return a template; its runner may be omitted if only one runner has a template with this name.

    Raises NotFound if none has, UsageError if several have, and what find_template() raises.
    """
    if runner is not None or files.is_file(Path(name)):
        return find_template(project, runner or _runner_of(Path(name), runners), name, runners, host)
    owners = {r for r, n in project.all_templates() if n == name}
    if len(owners) == 1:
        return find_template(project, owners.pop(), name, runners, host)
    if not owners:
        known = sorted({n for _, n in project.all_templates()})
        raise NotFound(f"no template or file named {quoted(name)}", hint=suggestion("template", name, known))
    raise UsageError(
        f"{' and '.join(sorted(owners))} both have a template {quoted(name)}", hint="choose one with --runner"
    )


def _runner_of(path: Path, runners: Runners) -> str:
    """Return the runner that a file is for; a file of bare options is for the runner that takes these names."""
    content = yaml_io.load(files.read(path, limit_bytes=DEFINITION_BYTES_MAX), str(path))
    keys = content if isinstance(content, dict) else {}
    return str(keys.get("runner") or runners.runner_of(keys))


def check(template: Template, runners: Runners) -> tuple[list[str], list[str]]:
    """List what is wrong with a template's options and its retry policy, and what is better avoided.

    Raises UsageError for a runner that cannot check them.
    """
    runner = runners.submitting(template.runner)
    if not isinstance(runner, ChecksTemplates):
        raise UsageError(
            f"runner {runner.name} cannot check templates", hint="see what would be submitted: qanat run NAME --dry-run"
        )
    problems = runner.problems(template.options)
    return [*problems, *retry_limits.problems(template, runner)], runner.warnings(template.options)


def key_problems(content: Mapping[str, Any], runners: Runners) -> list[str]:
    """List the options of a valid template that its runner does not take; none if that is unknown here."""
    try:
        runner = runners.submitting(content["runner"])
    except (UsageError, RunnerUnavailable):
        return []
    return runner.key_problems(content.get("options", {})) if isinstance(runner, ChecksTemplates) else []


def how_to_check(project: Project, runner: str, name: str | None) -> str:
    """Return the command that checks a template, given by name or file; empty for a template without options."""
    owners = [r for r, n in project.all_templates() if n == (name or DEFAULT)]
    if name is not None and files.is_file(Path(name)):
        owners = []
    elif runner not in owners:
        return ""
    which = f" --runner {shlex.quote(runner)}" if len(owners) > 1 else ""
    return f"qanat template show {shlex.quote(name or DEFAULT)}{which} --check"


def problems(project: Project, runners: Runners, paths: Sequence[Path]) -> list[Problem]:
    """List what keeps the templates in these files from being submitted, as far as the runner can tell by itself."""
    found = [
        _problem(project, path, template, text)
        for path, template, runner in _checked_templates(project, runners, paths)
        for text in runner.key_problems(template.options)
    ]
    return sorted(found, key=lambda each: (each.file, each.line))


def _problem(project: Project, path: Path, template: Template, text: str) -> Problem:
    source = project.paths.relative(path)
    lines: dict[KeyPath, int] = {}
    yaml_io.load(project.read(path, DEFINITION_BYTES_MAX), source, lines=lines)
    above = (template.runner, template.name) if path == project.paths.config else ("options",)
    key, _, problem = text.partition(": ")
    place = (*above, key) if key in template.options else above
    return Problem(source, yaml_io.line_of(lines, place), place, problem if key in template.options else text)


def warnings(project: Project, runners: Runners, paths: Sequence[Path]) -> list[str]:
    """List what is better avoided in the templates in these files, each warning once with its templates."""
    found: dict[str, list[str]] = {}
    for path, template, runner in _checked_templates(project, runners, paths):
        for warning in runner.warnings(template.options):
            found.setdefault(warning, []).append(f"{template.name} ({project.paths.relative(path)})")
    return [f"template{'s' * (len(names) > 1)} {', '.join(names)}: {text}" for text, names in found.items()]


def _checked_templates(
    project: Project, runners: Runners, paths: Sequence[Path]
) -> Iterator[tuple[Path, Template, ChecksTemplates]]:
    """Yield the templates that files define, each with its runner, unless that is missing or broken on this machine."""
    for path, template in _templates_in(project, set(paths)):
        try:
            runner = runners.submitting(template.runner)
        except (UsageError, RunnerUnavailable):
            continue
        if isinstance(runner, ChecksTemplates):
            yield path, template, runner


def _templates_in(project: Project, paths: set[Path]) -> Iterator[tuple[Path, Template]]:
    """Yield the templates that files define; broken files are reported elsewhere."""
    for runner, name in project.templates():
        path = project.paths.definition("template", name, runner)
        if path in paths:
            with contextlib.suppress(InputInvalid, NotFound):
                yield path, definitions.template_from(project.definition("template", name, runner))
    if project.paths.config in paths:
        with contextlib.suppress(InputInvalid):
            for runner, templates in project.config.templates.items():
                for name, options in templates.items():
                    yield project.paths.config, Template(name, runner, options)


def as_mapping(template: Template) -> dict[str, Any]:
    """Return a template as the mapping in which it is stored."""
    return definitions.ordered(
        {
            "name": template.name,
            "runner": template.runner,
            **({"description": template.description} if template.description else {}),
            **({"extends": list(template.extends)} if template.extends else {}),
            **({"when": {"host": list(template.hosts)}} if template.hosts else {}),
            "options": dict(template.options),
            **({"retry": template.retry.as_mapping()} if template.retry else {}),
            **({"transfer": template.transfer} if template.transfer is not None else {}),
        },
        "template",
    )


def as_text(template: Template) -> str:
    """Return a template as YAML, with comments on where its options come from if there are several places."""
    content, sources = as_mapping(template), sources_of(template)
    if not sources:
        return define.text_of(content)
    options = content.pop("options")
    inherited = {key: (content.pop(key), source.template) for source in sources for key in source.keys}
    origins = {key: source.template for source in sources for key in source.options}
    lines = ["options:" if options else "options: {}"]
    for key, value in options.items():
        lines += [f"  {line}" for line in _commented(key, value, origins[key])]
    for key, (value, origin) in inherited.items():
        lines += _commented(key, value, origin)
    lines += [f"# {source.template}: {source.described()}" for source in sources]
    return define.text_of(content) + "".join(f"{line}\n" for line in lines)


def _commented(key: str, value: Any, comment: str) -> list[str]:
    first, *rest = yaml_io.dump({key: value}).decode().splitlines()
    return [f"{first}  # {comment}", *rest]


def as_json(template: Template) -> dict[str, Any]:
    """Return a template as a mapping, with its pack, and the sources of what it has if there are several."""
    sources = [
        source.as_mapping() | ({"keys": list(source.keys)} if source.keys else {}) for source in sources_of(template)
    ]
    pack = template.sources[-1].pack if template.sources else None
    return as_mapping(template) | ({"pack": pack.name} if pack else {}) | ({"sources": sources} if sources else {})


def sources_of(template: Template) -> tuple[TemplateSource, ...]:
    """Return the sources of a template's options that are worth telling: a single file of the project is not."""
    tells = len(template.sources) > 1 or any(source.pack for source in template.sources)
    return template.sources if tells else ()
