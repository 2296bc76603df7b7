"""Finding a submit template by what a person calls it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from qanat.domain.experiment import Template
from qanat.errors import InputInvalid, NotFound, UsageError
from qanat.records import definitions
from qanat.usecases.define import read_input
from qanat.usecases.project import Project, suggestion

DEFAULT = "default"
CONFIGURED = ("htcondor", "slurm")


def find_template(project: Project, runner: str, name: str | None) -> Template:
    """Give a template: a file's, then one of `.qanat/templates/<runner>/`, then one of the settings.

    Without a name it is `default`, and no options at all where there is none. Raises NotFound with the names
    that there are, InputInvalid for one that is broken or for another runner.
    """
    wanted = name or DEFAULT
    path = Path(wanted)
    if name is not None and path.is_file():
        content = read_input("template", path, {"name": path.stem, "runner": runner})
        return _for_runner(definitions.template_from(content), runner, wanted)
    if (runner, wanted) in project.templates():
        return definitions.template_from(project.definition("template", wanted, runner))
    configured = project.config.get(runner, {})
    if wanted in configured:
        return Template(wanted, runner, configured[wanted])
    if name is None:
        return Template(DEFAULT, runner, {})
    known = sorted({n for r, n in project.templates() if r == runner} | set(configured))
    raise NotFound(
        f"there is no template {name!r} for {runner}, and no such file", hint=suggestion("template", name, known)
    )


def _for_runner(template: Template, runner: str, source: str) -> Template:
    if template.runner != runner:
        raise InputInvalid(f"{source}: is a template for {template.runner}, not for {runner}")
    return template


def find_by_name(project: Project, name: str, runner: str | None) -> Template:
    """Give a template whose runner may be left out when only one runner has one of this name.

    Raises NotFound when none has, UsageError when several have.
    """
    if runner is not None:
        return find_template(project, runner, name)
    owners = {r for r, n in project.templates() if n == name}
    owners |= {r for r in CONFIGURED if name in project.config.get(r, {})}
    if len(owners) == 1:
        return find_template(project, owners.pop(), name)
    if not owners:
        known = sorted({n for _, n in project.templates()})
        raise NotFound(f"there is no template {name!r}", hint=suggestion("template", name, known))
    raise UsageError(f"{' and '.join(sorted(owners))} both have a template {name!r}", hint="say which: --runner NAME")


def as_mapping(template: Template) -> dict[str, Any]:
    """Give a template as the mapping that it is stored as."""
    return definitions.ordered(
        {
            "name": template.name,
            "runner": template.runner,
            **({"description": template.description} if template.description else {}),
            "options": dict(template.options),
        },
        "template",
    )
