"""What a project's files show at a glance: their names, and one line of each. Nothing is checked, nothing raises.

This is for shell completion, which has to be fast; the command that uses a file reports what is wrong with it.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any, NamedTuple

from qanat.domain.config import template_sections
from qanat.domain.layout import RUNS
from qanat.domain.names import name_problem
from qanat.errors import InputInvalid
from qanat.records.paths import ProjectPaths
from qanat.system import below

HEAD_BYTES = 4096
YAML_BYTES_MAX = 2**20
_RECORD = re.compile(r"[1-9][0-9]{0,8}-[0-9a-f]{6}\.yaml\Z")
_DESCRIPTION = re.compile(r"^description: (.+)$", re.MULTILINE)


class RunFile(NamedTuple):
    """A record by the location of its file; `name` is `<number>-<uid>.yaml`."""

    name: str
    folder: str
    experiment: str

    @property
    def path(self) -> str:
        """The path of the file from the root of the project."""
        return f"{self.folder}/{self.name}"


def definitions(paths: ProjectPaths, kind: str) -> list[tuple[str, str]]:
    """List the names of definitions of a kind, in order, each with its description."""
    return [(name, description(paths.root, file)) for name, file in _yaml_files(paths, paths.folder(kind))]


def templates(paths: ProjectPaths, runner: str | None) -> list[tuple[str, str]]:
    """List the names of templates (of one runner, if given), including those in the settings, each with its runner."""
    folders = _folders(paths.root, paths.relative(paths.folder("template")))
    found = [(name, r) for r in folders for name, _ in _yaml_files(paths, paths.folder("template") / r)]
    configured = template_sections(_mapping(paths, paths.config))
    found += [(name, r) for r, section in configured.items() for name in section if not name_problem(name)]
    return sorted({(name, r) for name, r in found if runner in (None, r)})


def actions(paths: ProjectPaths, experiment: str) -> list[tuple[str, str]]:
    """List the names of an experiment's actions, each with its description."""
    if name_problem(experiment):
        return []
    found = _mapping_in(_mapping(paths, paths.definition("experiment", experiment)), "actions")
    return [(n, str(_mapping_in(found, n).get("description", ""))) for n in found if not name_problem(n)]


def dependencies(paths: ProjectPaths, document: str) -> list[tuple[str, str]]:
    """List the names of a document's dependencies, each with its experiment."""
    if name_problem(document):
        return []
    rows = _mapping(paths, paths.definition("document", document)).get("dependencies")
    found = [row for row in rows if isinstance(row, dict)] if isinstance(rows, list) else []
    pairs = [(str(row.get("name") or row.get("experiment")), str(row.get("experiment"))) for row in found]
    return [pair for pair in pairs if not name_problem(pair[0])]


def runs(root: Path, experiment: str | None, beginning: str) -> list[RunFile]:
    """List the records whose id starts with `beginning`, of one experiment if given, in no particular order."""
    found = []
    for name in _folders(root, RUNS):
        for hundred in _folders(root, f"{RUNS}/{name}") if experiment in (None, name) else ():
            folder = f"{RUNS}/{name}/{hundred}"
            records = [n for n in below.names(root, folder) if n.startswith(beginning) and _RECORD.match(n)]
            found += [RunFile(record, folder, name) for record in records]
    return found


def description(root: Path, path: str) -> str:
    """Return the first line of the description at the beginning of a file; empty if there is none."""
    try:
        found = _DESCRIPTION.search(below.head(root, path, HEAD_BYTES).decode("utf-8", "replace"))
    except InputInvalid:
        return ""
    return _unquoted(found[1].strip()) if found else ""


def _unquoted(text: str) -> str:
    if text[0] == "'":
        return text[1:].removesuffix("'").replace("''", "'")
    if text[0] == '"':
        return str(_parsed(text.encode(), "") or text.strip('"\\'))
    return "" if text[0] in "|>" else text


def _yaml_files(paths: ProjectPaths, folder: Path) -> list[tuple[str, str]]:
    """List names and paths of the YAML files in a folder whose names are valid, in order."""
    place = paths.relative(folder)
    files = [entry.name for entry in below.entries(paths.root, place) if entry.is_file and entry.name.endswith(".yaml")]
    found = ((file.removesuffix(".yaml"), f"{place}/{file}") for file in files)
    return sorted((name, path) for name, path in found if not name_problem(name))


def _folders(root: Path, folder: str) -> list[str]:
    return [entry.name for entry in below.entries(root, folder) if entry.is_folder]


def _mapping(paths: ProjectPaths, path: Path) -> dict[str, Any]:
    try:
        content = _parsed(below.read(paths.root, paths.relative(path), YAML_BYTES_MAX), str(path))
    except InputInvalid:
        return {}
    return content if isinstance(content, dict) else {}


def _parsed(data: bytes, source: str) -> Any:
    from qanat.records import yaml_io  # 20 ms, and most completions need no YAML

    try:
        return yaml_io.load(data, source)
    except InputInvalid:
        return None


def _mapping_in(content: dict[str, Any], key: str) -> dict[str, Any]:
    inner = content.get(key)
    return inner if isinstance(inner, dict) else {}
