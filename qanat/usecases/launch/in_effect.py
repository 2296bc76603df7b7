"""The settings in effect: those of the settings' file, defaults for the others, and every template."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from qanat.domain.redaction import redacted_arguments
from qanat.records import definitions, user_settings, yaml_io
from qanat.runners.protocol import Runners
from qanat.usecases.launch import templates
from qanat.usecases.project import Project


@dataclass(frozen=True, slots=True)
class Setting:
    """A setting in effect: its keys, outermost first, and the file that it comes from, empty for a default."""

    path: tuple[str, ...]
    value: Any
    source: str


def settings_in_effect(project: Project, runners: Runners) -> list[Setting]:
    """List the settings in effect, and the options of every template below its runner's name, sorted by key.

    Those of the user are among them.
    """
    written = project.settings
    file = project.paths.relative(project.paths.config)
    plain = definitions.config_mapping(project.config)
    if "logging" in written:  # it has no effect, but users of qanat 0.x look for it
        plain["logging"] = written["logging"]
    found = [Setting((key,), value, file if key in written else "") for key, value in plain.items()]
    for template, source in templates.with_sources(project, runners):
        found.append(Setting((template.runner, template.name), dict(template.options), source))
    return sorted([*found, *of_user()], key=lambda setting: setting.path)


def of_user() -> list[Setting]:
    """List the settings of this user, without secrets; none without a file. Raises InputInvalid."""
    if not (known := user_settings.notify()):
        return []
    ways = {"command": redacted_arguments(known.command), "apprise": known.services}
    value = {key: way for key, way in ways.items() if way} | {"when": [*known.when]}
    if known.after_s:
        value["after"] = user_settings.load()["notify"]["after"]
    return [Setting(("notify",), value, str(user_settings.path()))]


def as_yaml(settings: list[Setting]) -> str:
    """Return settings as the text of a settings' file, with a comment on each that comes from elsewhere."""
    lines: list[str] = []
    for setting in settings:
        *section, key = setting.path
        if section and f"{section[0]}:" not in lines:
            lines.append(f"{section[0]}:")
        first, *rest = yaml_io.dump({key: setting.value}).decode().splitlines()
        indent = "  " * len(section)
        lines += [f"{indent}{first}  # {setting.source or 'default'}", *(f"{indent}{line}" for line in rest)]
    return "\n".join(lines)


def as_mapping(settings: list[Setting]) -> dict[str, Any]:
    """Return settings as a mapping, with `sources`: the file of each by its dotted key, null for a default."""
    found: dict[str, Any] = {}
    for setting in settings:
        section = found
        for key in setting.path[:-1]:
            section = section.setdefault(key, {})
        section[setting.path[-1]] = setting.value
    return found | {"sources": {".".join(setting.path): setting.source or None for setting in settings}}
