"""Reading the files that differ between two states by their kind; what cannot be read is reported and skipped."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import PurePosixPath
from typing import Any

from qanat.domain.changes import Definition
from qanat.domain.config import template_sections
from qanat.domain.layout import PLAN, kind_of
from qanat.domain.run import Run
from qanat.domain.shortening import quoted
from qanat.errors import InputInvalid, VersionTooNew
from qanat.git.trees import Difference, Entry, Trees
from qanat.records import environments, run_codec, schemas, yaml_io
from qanat.records.index import Index
from qanat.usecases.project import DEFINITION_BYTES_MAX, valid_content

BASE, HEAD = "base", "head"


@dataclass(frozen=True, slots=True)
class FileProblem:
    """A file that cannot be read on one side, and why, in a sentence that begins with its path."""

    file: str
    side: str
    problem: str


@dataclass(frozen=True, slots=True)
class Record:
    """A run, the mapping of its record in the newest version, and the version of the file."""

    run: Run
    content: Mapping[str, Any]
    version: int


@dataclass(slots=True)
class Sides:
    """The content of differing files on both sides; records by path, None if broken.

    `comments` maps paths of comments to whether each existed before and exists after. `too_new` has the paths of
    files that only a newer qanat can read, on either side.
    """

    old_definitions: list[Definition] = field(default_factory=list)
    new_definitions: list[Definition] = field(default_factory=list)
    old_records: dict[str, Record | None] = field(default_factory=dict)
    new_records: dict[str, Record | None] = field(default_factory=dict)
    comments: dict[str, tuple[bool, bool]] = field(default_factory=dict)
    problems: list[FileProblem] = field(default_factory=list)
    too_new: set[str] = field(default_factory=set)

    def contents(self) -> Iterator[Mapping[str, Any]]:
        """Yield the content of every definition and record on either side."""
        yield from (definition.content for definition in (*self.old_definitions, *self.new_definitions))
        yield from (r.content for r in (*self.old_records.values(), *self.new_records.values()) if r)


def read_sides(trees: Trees, index: Index, differences: Mapping[str, Difference]) -> Sides:
    """Read both sides of every file that differs."""
    sides = Sides()
    for path, difference in differences.items():
        kind = kind_of(path)
        if path.endswith(".md") and kind_of(f"{path.removesuffix('.md')}.yaml") == "run":
            sides.comments[path] = (difference.old is not None, difference.new is not None)
        elif kind is None:
            if difference.new:
                sides.problems.append(FileProblem(path, HEAD, f"{path}: is not expected here"))
        elif kind not in (
            *environments.FOLDERS,
            PLAN,
        ):  # records say which runs had which, and plans are read as they are
            _read_both(trees, index, sides, difference, kind)
    return sides


def _read_both(trees: Trees, index: Index, sides: Sides, difference: Difference, kind: str) -> None:
    limit = yaml_io.FILE_BYTES_MAX if kind == "run" else DEFINITION_BYTES_MAX
    found: list[bytes | None] = []
    for entry, side in ((difference.old, BASE), (difference.new, HEAD)):
        try:
            found.append(trees.read(entry, limit) if entry else None)
        except InputInvalid as error:
            found.append(None)
            _note(sides, entry.path if entry else "", kind, side, error)
    if found[0] == found[1]:
        return
    before = len(sides.old_definitions)
    for data, entry, side in zip(found, (difference.old, difference.new), (BASE, HEAD), strict=True):
        if entry is not None and data is not None:
            _take(index, sides, entry, data, kind, side)
    if difference.new and any(p.file == difference.new.path and p.side == HEAD for p in sides.problems[-2:]):
        # An unreadable file still exists.
        del sides.old_definitions[before:]
    for path in {entry.path for entry in (difference.old, difference.new) if entry} & sides.too_new:
        # One side alone does not show what changed.
        sides.old_records.pop(path, None)
        sides.new_records.pop(path, None)


def _note(sides: Sides, path: str, kind: str, side: str, error: InputInvalid) -> None:
    """Record what is wrong with a file, or that only a newer qanat can read it."""
    said = f"{error.message}; {error.hint}" if isinstance(error, VersionTooNew) else error.message
    sides.problems.append(FileProblem(path, side, said))
    if isinstance(error, VersionTooNew):
        sides.too_new.add(path)
    if kind == "run":
        _records(sides, side)[path] = None


def _take(index: Index, sides: Sides, entry: Entry, data: bytes, kind: str, side: str) -> None:
    """Add the content of a file to its side, or what is wrong with it."""
    path = entry.path
    try:
        if kind == "run":
            _records(sides, side)[path] = _record(data, path)
        else:
            content = valid_definition(index, data, kind, path)
            kept = sides.old_definitions if side == BASE else sides.new_definitions
            kept += _definitions(content, kind, path)
    except InputInvalid as error:
        _note(sides, path, kind, side, error)


def _records(sides: Sides, side: str) -> dict[str, Record | None]:
    return sides.old_records if side == BASE else sides.new_records


def _record(data: bytes, path: str) -> Record:
    written = yaml_io.load(data, path)
    content = schemas.current(written, "run", path)
    run = run_codec.from_mapping(content, path)
    if run_codec.path_of(run) != path:
        raise InputInvalid(f"{path}: id: {run.id} of {run.experiment} does not belong in this file")
    return Record(run, content, schemas.version_of(written, "run"))


def valid_definition(index: Index, data: bytes, kind: str, path: str) -> dict[str, Any]:
    """Return the mapping of a definition that follows its schema and has its file's name. Raises InputInvalid."""
    content = valid_content(index, data, kind, path)
    place = PurePosixPath(path)
    if kind != "config" and content["name"] != place.stem:
        raise InputInvalid(f"{path}: name: {quoted(content['name'])} is not the file name")
    if kind == "template" and content["runner"] != place.parts[2]:
        raise InputInvalid(f"{path}: runner: {quoted(content['runner'])} is not the folder name")
    return content


def _definitions(content: dict[str, Any], kind: str, path: str) -> Iterator[Definition]:
    """Yield the definition in a file; for settings, also the templates in them."""
    if kind != "config":
        yield Definition(kind, content["name"], path, content, content.get("runner", "") if kind == "template" else "")
        return
    sections = template_sections(content)
    yield Definition(kind, "config", path, {key: value for key, value in content.items() if key not in sections})
    for runner, templates in sections.items():
        for name, options in templates.items():
            yield Definition("template", name, path, {"options": options}, runner)
