"""Write `skeleton.json`: all commands with their options, from the program itself."""

from __future__ import annotations

import json

import click

from qanat.cli.completion.skeleton import FILE, Bones
from qanat.cli.lazy import LazyGroup
from qanat.cli.program import qanat

# What a value names, by the name of its parameter; an argument NAME depends on its group.
COMPLETES = {
    "run": "runs",
    "runs": "runs",
    "experiment": "experiments",
    "action_name": "actions",
    "dependency": "dependencies",
    "dependencies": "dependencies",
    "datasets": "datasets",
    "extends": "templates",
    "pack": "packs",
    "starting_point": "starting_points",
    "view": "views",
    "names": "texts",
    "place": "texts",
    "source": "file",
    "runner": "runners",
    "engine": "engines",
    "submit_template": "templates",
    "where": "conditions",
    "columns": "columns",
    "sort": "columns",
    "curves": "curves",
    "better": "metrics",
    "label": "metrics",
    "unit": "metrics",
    "only": "metrics",
    "named_baselines": "metrics",
    "baseline_where": "conditions",
}
NAMES = {"dataset": "datasets", "template": "templates", "view": "views", "document": "documents"}


def describe(command: click.Command, line: str = "", path: tuple[str, ...] = ()) -> Bones:
    """Describe a command as in the file; `line` is its line in the help of its group."""
    with click.Context(command, info_name=path[-1] if path else "qanat") as ctx:
        bones: Bones = {"help": line, "params": [_describe(p, path) for p in command.get_params(ctx)]}
        if names := getattr(command, "names", 0):
            bones["names"] = names
        if isinstance(command, click.Group):
            lines = _help_lines(command)
            bones["commands"] = {
                name: describe(inner, lines.get(name) or inner.get_short_help_str(limit=200), (*path, name))
                for name in command.list_commands(ctx)
                if (inner := command.get_command(ctx, name)) and not inner.hidden
            }
    return bones


def _help_lines(group: click.Group) -> dict[str, str]:
    sections = group.help_lines() if isinstance(group, LazyGroup) else {}
    return {name: line for lines in sections.values() for name, line in lines.items()}


def _describe(parameter: click.Parameter, path: tuple[str, ...]) -> Bones:
    bone: Bones = {"name": parameter.name}
    if isinstance(parameter, click.Option):
        is_flag = bool(parameter.is_flag or parameter.count)
        bone |= {"opts": [*parameter.opts, *parameter.secondary_opts], "help": parameter.help or ""}
        marks = (("flag", is_flag), ("multiple", parameter.multiple), ("hidden", parameter.hidden))
        bone |= {key: True for key, on in marks if on}
    if parameter.nargs != 1:
        bone["nargs"] = parameter.nargs
    if completes := completed_by(parameter, path):
        bone["completes"] = completes
    return bone


def completed_by(parameter: click.Parameter, path: tuple[str, ...]) -> str | list[str]:
    """Return what completes the value of a parameter: files, choices, or names of this kind; empty for nothing."""
    kind = parameter.type
    if isinstance(kind, click.Choice):
        return [str(choice) for choice in kind.choices]
    if isinstance(kind, click.Path):
        return "file" if kind.file_okay else "dir"
    if isinstance(parameter, click.Option) and parameter.is_flag:
        return ""
    if isinstance(parameter, click.Argument) and parameter.name == "name":
        return NAMES.get(path[0], "experiments")
    if isinstance(parameter, click.Argument) and parameter.human_readable_name == "RUN...":
        return "runs"
    return COMPLETES.get(str(parameter.name), "")


def text() -> str:
    """Return the skeleton of the program as JSON."""
    return json.dumps(describe(qanat), ensure_ascii=False, indent=1) + "\n"


if __name__ == "__main__":
    with open(FILE, "w", encoding="utf-8") as file:  # noqa: PTH123
        file.write(text())
