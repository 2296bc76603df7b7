"""Circles of documents: one that needs, on the way, a file that is copied or built for itself."""

from __future__ import annotations

import posixpath
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from qanat.domain import document
from qanat.domain.document import Document
from qanat.domain.key_path import KeyPath
from qanat.domain.layout import is_inside
from qanat.errors import InputInvalid
from qanat.records import schemas, yaml_io
from qanat.usecases.checks.file_views import Files
from qanat.usecases.project import DEFINITION_BYTES_MAX, Project


def problems(project: Project, content: Mapping[str, Any], state: Files) -> list[tuple[KeyPath, str]]:
    """List the dependencies of a document that lead back to it, each with the way."""
    start = document.document_from(content)
    found = _Documents(project, state, {start.name: start})
    problems: list[tuple[KeyPath, str]] = []
    for place, dependency in enumerate(start.dependencies):
        for path in found.paths_of(dependency):
            for owner in found.owners(path):
                if way := found.way(owner, start.name, (f"{start.name} needs {path}",)):
                    problems.append((("dependencies", place), f"is part of a circle: {', '.join(way)}"))
    return problems[:1]


@dataclass
class _Documents:
    """The documents of a state, read when they are needed; `known` are those that have been read."""

    project: Project
    state: Files
    known: dict[str, Document | None] = field(default_factory=dict)

    def way(self, name: str, start: str, way: tuple[str, ...], seen: frozenset[str] = frozenset()) -> tuple[str, ...]:
        """Return how a document leads to another one, after the way to itself; empty if it does not."""
        if name == start:
            return (*way, f"which is of {start}")
        here = self._document(name)
        if here is None or name in seen:
            return ()
        for dependency in here.dependencies:
            for path in self.paths_of(dependency):
                for owner in self.owners(path):
                    further = (*way, f"{name} needs {path}")
                    if found := self.way(owner, start, further, seen | {name}):
                        return found
        return ()

    def owners(self, path: str) -> list[str]:
        """List the documents for which a file is copied or built."""
        names = dict.fromkeys([*self.known, *self.project.names("document")])
        return [name for name in names if (one := self._document(name)) and _is_of(path, one)]

    def paths_of(self, dependency: document.Dependency) -> Iterator[str]:
        """Yield the files that a dependency needs besides code: parameters, programs and data."""
        if isinstance(dependency.parameters, str):
            yield posixpath.normpath(dependency.parameters)
        definition = self._mapping("experiment", self.project.names_of(dependency.experiment)[0])
        actions = definition.get("actions", {})
        for parts in (definition, actions.get(dependency.action, {})):
            if "executable" in parts:
                yield posixpath.normpath(parts["executable"])
        for name in definition.get("datasets", ()):
            path = self._mapping("dataset", name).get("path", "/")
            if is_inside(path):
                yield posixpath.normpath(path)

    def _document(self, name: str) -> Document | None:
        if name not in self.known:
            content = self._mapping("document", name)
            self.known[name] = document.document_from(content) if content else None
        return self.known[name]

    def _mapping(self, kind: str, name: str) -> dict[str, Any]:
        return mapping(self.state, self.project.paths.relative(self.project.paths.definition(kind, name)), kind)


def _is_of(path: str, one: Document) -> bool:
    built = posixpath.normpath(posixpath.join(one.path, one.output)) if one.output else None
    return path in (built, one.exports) or path.startswith(f"{one.exports}/")


def mapping(state: Files, file: str, kind: str) -> dict[str, Any]:
    """Return what a definition has; nothing if it is missing or broken, which is reported with its own file."""
    if not state.is_file(file):
        return {}
    try:
        content = schemas.current(yaml_io.load(state.read(file, DEFINITION_BYTES_MAX), file), kind, file)
    except InputInvalid:
        return {}
    return content if not schemas.problems(content, kind) else {}
