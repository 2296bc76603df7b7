"""What a project's files show at a glance: their names, and one line of each. Nothing is checked, nothing raises.

This is for shell completion, which has to be fast; the command that uses a file reports what is wrong with it.
"""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import Any, NamedTuple

from qanat.domain.config import template_sections
from qanat.domain.layout import RUNS
from qanat.domain.names import name_problem
from qanat.errors import InputInvalid
from qanat.records.paths import ProjectPaths
from qanat.system import files

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
        """The path of the file."""
        return f"{self.folder}/{self.name}"


def definitions(paths: ProjectPaths, kind: str) -> list[tuple[str, str]]:
    """List the names of definitions of a kind, in order, each with its description."""
    return [(name, description(file)) for name, file in _yaml_files(str(paths.folder(kind)))]


def templates(paths: ProjectPaths, runner: str | None) -> list[tuple[str, str]]:
    """List the names of templates (of one runner, if given), including those in the settings, each with its runner."""
    folders = [entry.name for entry in _entries(str(paths.folder("template"))) if entry.is_dir(follow_symlinks=False)]
    found = [(name, r) for r in folders for name, _ in _yaml_files(str(paths.folder("template") / r))]
    configured = template_sections(_mapping(paths.config))
    found += [(name, r) for r, section in configured.items() for name in section if not name_problem(name)]
    return sorted({(name, r) for name, r in found if runner in (None, r)})


def actions(paths: ProjectPaths, experiment: str) -> list[tuple[str, str]]:
    """List the names of an experiment's actions, each with its description."""
    if name_problem(experiment):
        return []
    found = _mapping_in(_mapping(paths.definition("experiment", experiment)), "actions")
    return [(n, str(_mapping_in(found, n).get("description", ""))) for n in found if not name_problem(n)]


def runs(root: Path, experiment: str | None, beginning: str) -> list[RunFile]:
    """List the records whose id starts with `beginning`, of one experiment if given, in no particular order."""
    found = []
    for folder in _entries(f"{root}/{RUNS}"):
        if experiment in (None, folder.name) and folder.is_dir(follow_symlinks=False):
            for hundred in _entries(folder.path):
                names = [name for name in _names(hundred.path) if name.startswith(beginning) and _RECORD.match(name)]
                found += [RunFile(name, hundred.path, folder.name) for name in names]
    return found


def description(path: str) -> str:
    """Return the first line of the description at the beginning of a file; empty if there is none."""
    try:
        with files.open_for_reading(Path(path)) as file:
            found = _DESCRIPTION.search(file.read(HEAD_BYTES).decode("utf-8", "replace"))
    except OSError:
        return ""
    return _unquoted(found[1].strip()) if found else ""


def _unquoted(text: str) -> str:
    if text[0] == "'":
        return text[1:].removesuffix("'").replace("''", "'")
    if text[0] == '"':
        return str(_parsed(text.encode(), "") or text.strip('"\\'))
    return "" if text[0] in "|>" else text


def _yaml_files(folder: str) -> list[tuple[str, str]]:
    """List names and paths of the YAML files in a folder whose names are valid, in order."""
    found = (
        (entry.name.removesuffix(".yaml"), entry.path) for entry in _entries(folder) if entry.name.endswith(".yaml")
    )
    return sorted((name, path) for name, path in found if not name_problem(name))


def _entries(folder: str) -> list[os.DirEntry[str]]:
    try:
        with os.scandir(folder) as entries:
            return list(entries)
    except OSError:
        return []


def _names(folder: str) -> list[str]:
    try:
        return os.listdir(folder)  # noqa: PTH208  # three times as fast
    except OSError:
        return []


def _mapping(path: Path) -> dict[str, Any]:
    try:
        content = _parsed(files.read(path, limit_bytes=YAML_BYTES_MAX), str(path))
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
