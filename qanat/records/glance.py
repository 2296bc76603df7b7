"""What a project's files show at a glance: their names, and one line of each. Nothing is checked, nothing raises.

This is for shell completion, which has to be fast; the command that uses a file reports what is wrong with it.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Mapping
from pathlib import Path
from typing import Any, NamedTuple

from qanat.domain.config import template_sections
from qanat.domain.layout import RUNS, RUNS_PER_FOLDER
from qanat.domain.names import name_problem
from qanat.errors import InputInvalid
from qanat.records.paths import ProjectPaths
from qanat.system import below

HEAD_BYTES = 4096
YAML_BYTES_MAX = 2**20
_HUNDRED = re.compile(r"(?:0|[1-9][0-9]{0,6})\Z")
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


def runs(root: Path, experiment: str | None, beginning: str, most: int) -> list[RunFile]:
    """List the records whose id starts with `beginning`, of one experiment if given, in no particular order.

    If there are more than `most`, they are the newest, and a few others: those that a shell must know to fill in what
    all of them begin with. All records of a number are listed, or none.
    """
    folders: dict[int, list[RunFolder]] = {}
    for name in _folders(root, RUNS):
        for hundred in below.names(root, f"{RUNS}/{name}") if experiment in (None, name) else ():
            if _HUNDRED.match(hundred) and _may_have(hundred, beginning):
                folders.setdefault(int(hundred), []).append((name, f"{RUNS}/{name}/{hundred}"))
    waiting = sorted(folders)
    found: list[RunFile] = []
    while waiting and len(found) <= most:
        found += _records_in(root, folders[waiting.pop()], beginning)
    return found + _others(root, folders, waiting, beginning)


RunFolder = tuple[str, str]
"""An experiment, and one of the folders of its records."""


def _may_have(hundred: str, beginning: str) -> bool:
    """Return whether a folder may have records whose ids start like this: their numbers start with its name."""
    digits, dash, _ = beginning.partition("-")
    if dash:
        return digits.isdecimal() and int(digits) // RUNS_PER_FOLDER == int(hundred)
    return hundred == "0" or hundred.startswith(digits) or digits.startswith(hundred)


def _records_in(root: Path, folders: Iterable[RunFolder], beginning: str) -> list[RunFile]:
    return [
        RunFile(name, folder, experiment)
        for experiment, folder in folders
        for name in below.names(root, folder)
        if name.startswith(beginning) and _RECORD.match(name)
    ]


def _others(
    root: Path, folders: Mapping[int, Iterable[RunFolder]], hundreds: Collection[int], beginning: str
) -> list[RunFile]:
    """List some of the records in these folders, which begin with nothing more in common than all of them."""
    found = _records_in(root, folders.get(0, ()), beginning) if 0 in hundreds else []
    ordered = sorted(filter(None, hundreds), key=str)
    first: list[RunFile] = []
    last: list[RunFile] = []
    while ordered and not (first := _records_in(root, folders[ordered[0]], beginning)):
        del ordered[0]
    while ordered and not (last := _records_in(root, folders[ordered[-1]], beginning)):
        del ordered[-1]
    if ordered and str(ordered[-1]).startswith(str(ordered[0])):
        # All names of folders begin with the first one, and only the records tell what comes after it.
        return found + [record for each in ordered for record in _records_in(root, folders[each], beginning)]
    return found + first + last


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
