"""Which files of a project belong to its documents, and so are not code of its experiments."""

from __future__ import annotations

import posixpath
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Any, Protocol

from qanat.domain import figures
from qanat.domain.apart import OF_REFERENCES, Apart
from qanat.domain.document import Document
from qanat.domain.layout import STATE, is_for_results
from qanat.domain.reference import Kind
from qanat.domain.references import LATEX, MARKS, SUFFIXES, language_of, references_in
from qanat.domain.text_lines import file_text
from qanat.errors import InputInvalid, NotFound
from qanat.git import worktree
from qanat.git.location import Location
from qanat.records import definitions
from qanat.system import below

DEFINITION_BYTES_MAX = 2**20
TEXT_BYTES_MAX = 2**22
TEXTS_MAX = 1_000
FIGURES = (".pdf", *(f".{suffix}" for suffix in figures.TYPES))


class Definitions(Protocol):
    """What a project has, as far as it is needed here."""

    @property
    def root(self) -> Path:
        """The root of the project."""

    @property
    def location(self) -> Location:
        """Its repository."""

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
    """Return the files of each document whose definition can be read, and with the first, what texts elsewhere have.

    These are texts with references to runs as they are now, and their figures and values, unless they are programs.
    """
    programs = tuple(dict.fromkeys(_programs(project)))
    found: list[Apart] = []
    for name in project.names("document"):
        with suppress(InputInvalid, NotFound):
            document = project.document(name)
            others = (path for path in document.may_be_from if _may_define(project, document, path))
            files = document.files
            found.append(replace(files, others=(*files.others, *others), programs=programs))
    if found:
        elsewhere = [path for path in dict.fromkeys(_elsewhere(project)) if path not in programs]
        found[0] = replace(found[0], others=(*found[0].others, *elsewhere))
    return tuple(found)


def _elsewhere(project: Definitions) -> Iterator[str]:
    """Yield the texts in which there are references, wherever they are, and what qanat writes for them."""
    texts = [path for path in worktree.tracked_with(project.location, SUFFIXES, MARKS) if language_of(path)]
    for path in texts[:TEXTS_MAX]:
        if path.startswith(f"{STATE}/"):
            continue
        with suppress(InputInvalid):
            text = file_text(below.read(project.root, path, TEXT_BYTES_MAX)).text
            references = references_in(text, language_of(path)).references
            folder = posixpath.dirname(path)
            if references:
                yield path
            if references and language_of(path) == LATEX:
                yield from (posixpath.join(folder, name) for name in OF_REFERENCES)
            for one in references:
                figure = posixpath.normpath(posixpath.join(folder, one.file))
                if one.kind is Kind.FIGURE and figure.lower().endswith(FIGURES) and is_for_results(figure):
                    yield figure


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
