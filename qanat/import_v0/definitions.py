"""Converting the experiments, datasets, templates and settings of qanat 0.x to today's files."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from qanat.domain.experiment import UNKNOWN_PROGRAM
from qanat.domain.key_path import in_words
from qanat.domain.layout import is_inside
from qanat.domain.shortening import quoted
from qanat.errors import InputInvalid, UsageError
from qanat.import_v0.database import Row, V0Database
from qanat.imports.remarks import Remarks, usable_name
from qanat.records import definitions, schemas, yaml_io
from qanat.system import files
from qanat.usecases.checks.validate import reference_problems
from qanat.usecases.launch.templates import DEFAULT
from qanat.usecases.project import DEFINITION_BYTES_MAX, Project

# The runners of qanat 0.x, whose templates were in the settings.
RUNNERS = ("htcondor", "slurm")
Templates = Mapping[str, Mapping[str, Any]]
SETTINGS = ("result_dir", "default_editor", "logging")

Content = dict[str, Any]


@dataclass
class Definitions:
    """What qanat 0.x defined: contents by the ids of their rows, templates, and settings (None: keep them)."""

    experiments: dict[int, Content] = field(default_factory=dict)
    datasets: dict[int, Content] = field(default_factory=dict)
    templates: list[Content] = field(default_factory=list)
    config: Content | None = None

    def by_kind(self) -> Iterable[tuple[str, Content]]:
        """Yield everything that becomes a file of its own, each with its kind."""
        yield from (("dataset", content) for content in self.datasets.values())
        yield from (("experiment", content) for content in self.experiments.values())
        yield from (("template", content) for content in self.templates)


def text(value: object) -> str:
    """Return a value of the database as text, without null characters, which no file can hold; empty for NULL."""
    if isinstance(value, bytes):
        value = value.decode("utf-8", "replace")
    return "" if value is None else str(value).replace("\0", "")


def convert(project: Project, database: V0Database, settings: Content, remarks: Remarks) -> Definitions:
    """Convert what the database and the settings define; remark on whatever cannot be converted."""
    found = Definitions()
    tables = database.tables
    tags = {row["id"]: text(row["name"]) for row in tables["tags"]}
    for row in tables["tags"]:
        if text(row["description"]).strip():
            remarks.add(f"tag {text(row['name'])}: its description is not imported: {text(row['description'])}")
    for row in tables["datasets"]:
        _add_dataset(project, found, row, tags_of(tables["datasets_tags"], "dataset_id", row["id"], tags), remarks)
    for row in tables["experiments"]:
        own_tags = tags_of(tables["experiments_tags"], "experiment_id", row["id"], tags)
        _add_experiment(project, found, row, own_tags, tables, remarks)
    _add_templates(found, settings, remarks)
    for kind, content in found.by_kind():
        for key, problem in reference_problems(project, kind, content):
            if key[:1] != ("datasets",):  # the datasets are not written yet
                remarks.add(f"{kind} {content['name']}: {problem}; qanat validate reports it until it is fixed")
    return found


def tags_of(links: list[Row], key: str, number: object, tags: dict[Any, str]) -> list[str]:
    """List the tags linked to a row, each once."""
    found = (tags.get(link["tag_id"], "") for link in links if link[key] == number)
    return [tag for tag in dict.fromkeys(found) if tag]


def _add_dataset(project: Project, found: Definitions, row: Row, tags: list[str], remarks: Remarks) -> None:
    name = _named("dataset", row, [c["name"] for c in found.datasets.values()], remarks)
    if not text(row["path"]):
        remarks.add(f"dataset {name} was left out: it has no path")
        return
    content = {"name": name, "description": text(row["description"]), "path": _within(project, text(row["path"]))}
    found.datasets[row["id"]] = definitions.ordered(_without_empty(content | {"tags": tags}), "dataset")


def _add_experiment(
    project: Project, found: Definitions, row: Row, tags: list[str], tables: dict[str, list[Row]], remarks: Remarks
) -> None:
    name = _named("experiment", row, [c["name"] for c in found.experiments.values()], remarks)
    links = [link["dataset_id"] for link in tables["datasets_experiments"] if link["experiment_id"] == row["id"]]
    datasets = [found.datasets[number]["name"] for number in dict.fromkeys(links) if number in found.datasets]
    if len(datasets) < len(set(links)):
        remarks.add(f"experiment {name}: one of its datasets was not imported")
    content = {
        "name": name,
        "description": text(row["description"]),
        "path": _within(project, text(row["path"])),
        **_program(project, row, f"experiment {name}", remarks),
        "tags": tags,
        "datasets": datasets,
        "actions": _actions(project, [a for a in tables["actions"] if a["experiment_id"] == row["id"]], name, remarks),
    }
    found.experiments[row["id"]] = definitions.ordered(_without_empty(content), "experiment")


def _actions(project: Project, rows: list[Row], experiment: str, remarks: Remarks) -> Content:
    actions: Content = {}
    for row in rows:
        name = _named("action", row, actions, remarks)
        program = _program(project, row, f"action {name} of experiment {experiment}", remarks)
        actions[name] = _without_empty({"description": text(row["description"]), **program})
    return actions


def _program(project: Project, row: Row, whose: str, remarks: Remarks) -> Content:
    executable = _within(project, text(row["executable"]))
    if not executable:
        remarks.add(f"{whose}: has no executable; {quoted(UNKNOWN_PROGRAM)} stands in for it")
    return {"executable": executable or UNKNOWN_PROGRAM, "executable_command": text(row["executable_command"])}


def _named(kind: str, row: Row, taken: Iterable[str], remarks: Remarks) -> str:
    old = text(row["name"])
    name = usable_name(old, f"{kind}_{row['id']}", set(taken))
    if name != old:
        remarks.add(f"{kind} {quoted(old)} is called {name} here")
    return name


def _within(project: Project, path: str) -> str:
    """Return a path relative to the project's root if it is inside, and unchanged otherwise."""
    inside = os.path.isabs(path) and Path(path).is_relative_to(project.root)  # noqa: PTH117
    return Path(path).relative_to(project.root).as_posix() if inside else path


def _without_empty(content: Content) -> Content:
    return {key: value for key, value in content.items() if value not in ("", [], {})}


# ---- settings


def read_settings(path: Path) -> Content:
    """Read a config.yaml of qanat 0.x or of today; empty if there is none. Raises InputInvalid."""
    if not files.is_file(path):
        return {}
    content = yaml_io.load(files.read(path, limit_bytes=DEFINITION_BYTES_MAX), str(path))
    if content is not None and not isinstance(content, dict):
        raise InputInvalid(f"{path}: is not a mapping", hint="move it away, or correct it")
    return content or {}


def converted_settings(settings: Content, remarks: Remarks) -> Content:
    """Return the settings in today's form, without the templates, which become files of their own."""
    kept: Content = {}
    for key, value in settings.items():
        if key in RUNNERS:
            continue
        content = {"schema": schemas.name_of("config"), key: value}
        if key == "result_dir" and not is_inside(text(value)):
            remarks.add(f"setting result_dir: {text(value)} is not inside the project; results is used instead")
        elif schemas.problems(content, "config"):
            remarks.add(f"setting {key}: {text(value)} is not imported")
        else:
            kept[key] = value
    return definitions.ordered(kept, "config")


def compare_settings(settings: Content, here: Content, remarks: Remarks) -> None:
    """Remark on settings that differ from this project's own, which stay unchanged."""
    for key, value in settings.items():
        if key not in RUNNERS and key != "schema" and here.get(key) != value:
            remarks.add(f"setting {key} was {text(value)}; this project keeps its own settings")


def _add_templates(found: Definitions, settings: Content, remarks: Remarks) -> None:
    for runner in RUNNERS:
        templates = settings.get(runner)
        if not isinstance(templates, dict | None):
            remarks.add(f"setting {runner}: {text(templates)} is not a mapping of templates")
        names: list[str] = []
        for old, options in templates.items() if isinstance(templates, dict) else ():
            name = _named(f"{runner} template", {"name": old, "id": len(names) + 1}, names, remarks)
            content = definitions.ordered({"name": name, "runner": runner, "options": options or {}}, "template")
            if wrong := schemas.problems(content, "template"):
                where = in_words(wrong[0].path)
                remarks.add(f"{runner} template {old} was left out: {where}: {wrong[0].problem}")
                continue
            names.append(name)
            found.templates.append(content)


# ---- what already exists


def already_defined(project: Project, kind: str, content: Content, default_templates: Templates) -> bool:
    """Return whether a definition already exists with this content. Raises UsageError if its content differs.

    A default template unchanged since `qanat init` counts as not existing.
    """
    runner = content.get("runner", "") if kind == "template" else ""
    path = project.paths.definition(kind, content["name"], runner)
    if not files.exists(path):
        return False
    source = project.paths.relative(path)
    written = yaml_io.load(files.read(path, limit_bytes=DEFINITION_BYTES_MAX), source)
    there = schemas.current(written, kind, source)
    if there == content:
        return True
    made_by_init = kind == "template" and content["name"] == DEFAULT and isinstance(there, dict)
    if made_by_init and there.get("options") == default_templates.get(runner):
        return False
    raise UsageError(
        f"{source} already exists and differs from the qanat 0.x definition",
        hint="rename one of the two, or move the file away, and import again",
    )
