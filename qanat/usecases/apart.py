"""Which files of a project belong to its documents, and so are not code of its experiments."""

from __future__ import annotations

import posixpath
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Any, Protocol

from qanat.domain.apart import Apart
from qanat.domain.document import Document
from qanat.errors import InputInvalid, NotFound
from qanat.records import definitions

DEFINITION_BYTES_MAX = 2**20


class Definitions(Protocol):
    """What a project has, as far as it is needed here."""

    @property
    def root(self) -> Path:
        """The root of the project."""

    def names(self, kind: str) -> list[str]:
        """List the names of definitions of a kind."""

    def document(self, name: str) -> Document:
        """Return a document. Raises InputInvalid, NotFound."""

    def definition(self, kind: str, name: str) -> dict[str, Any]:
        """Return a definition. Raises InputInvalid, NotFound."""

    def has_file(self, path: Path) -> bool:
        """Return whether there is a regular file."""

    def read(self, path: Path, limit_bytes: int | None = None) -> bytes:
        """Return the bytes of a file. Raises InputInvalid, NotFound."""


def files_of_documents(project: Definitions) -> tuple[Apart, ...]:
    """Return the files of each document whose definition can be read."""
    programs = tuple(dict.fromkeys(_programs(project)))
    found = []
    for name in project.names("document"):
        with suppress(InputInvalid, NotFound):
            document = project.document(name)
            others = (path for path in document.may_be_from if _may_define(project, document, path))
            files = document.files
            found.append(replace(files, others=(*files.others, *others), programs=programs))
    return tuple(found)


def _may_define(project: Definitions, document: Document, path: str) -> bool:
    """Return whether a file is what a document was created from, or was it in earlier commits."""
    if not project.has_file(project.root / path):
        return True
    try:
        data = project.read(project.root / path, DEFINITION_BYTES_MAX)
    except (InputInvalid, NotFound):
        return False
    return document.is_defined_by(data.decode("utf-8", "replace"))


def _programs(project: Definitions) -> Iterator[str]:
    """Yield the programs of experiments and their actions, as far as the definitions can be read."""
    for name in project.names("experiment"):
        with suppress(InputInvalid, NotFound):
            experiment = definitions.experiment_from(project.definition("experiment", name))
            for program in (experiment.program, *(action.program for action in experiment.actions.values())):
                yield posixpath.normpath(program.executable)
