"""Which texts have references: those of documents, and files that a user names."""

from __future__ import annotations

import os
import posixpath
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

from qanat.domain.document import Document
from qanat.domain.latex_references import VALUES, inputs
from qanat.domain.layout import STATE, is_inside
from qanat.domain.path_patterns import PathPatterns, path_patterns
from qanat.domain.references import LATEX, MARKS, SUFFIXES, language_of
from qanat.domain.shortening import quoted
from qanat.errors import InputInvalid, NotFound, UsageError
from qanat.system import below
from qanat.usecases.project import Project, suggestion
from qanat.usecases.references.sources import TextFile

SIZE_BYTES_MAX = 32 * 2**20
FILES_MAX = 10_000


def chosen_texts(project: Project, names: Sequence[str], start: Path) -> list[TextFile]:
    """Return the texts of the documents with these names, and files, relative to `start`; of all documents without.

    With a file in LaTeX come those that it inputs.

    Raises NotFound, InputInvalid, and UsageError if there are neither names nor documents.
    """
    documents = project.names("document")
    if not names and not documents:
        raise UsageError("there are no documents yet", hint="name a text: qanat document check paper.md")
    found: dict[str, TextFile] = {}
    for name in names or documents:
        if name in documents:
            texts = texts_of(project, project.document(name))
        else:
            texts = _with_inputs(project, _named(project, documents, name, start))
        for text in texts:
            found.setdefault(text.path, text)
    return list(found.values())


def texts_of(project: Project, document: Document) -> Iterator[TextFile]:
    """Yield the texts of a document in which there are references, by path. Raises InputInvalid."""
    top = "" if document.path == "." else document.path
    if not (project.root / top).is_dir():
        raise InputInvalid(f"document {document.name}: its folder {document.path} does not exist")
    values = posixpath.join(top, VALUES)
    for path in sorted(_matching(project, document, top, path_patterns(document.texts))):
        if language_of(path) and (data := _with_references(project, path)):
            yield TextFile(path, data, values if language_of(path) == LATEX else "", whole=True)


def _matching(project: Project, document: Document, top: str, patterns: PathPatterns) -> Iterator[str]:
    """Yield the files in the folder of a document that match its patterns, but for those that are exported to it."""
    waiting, count = [(top, patterns)], 0
    while waiting:
        folder, here = waiting.pop()
        for entry in below.entries(project.root, folder):
            path = posixpath.join(folder, entry.name)
            if entry.is_file and here.match(entry.name):
                count += 1
                if count > FILES_MAX:
                    raise InputInvalid(
                        f"document {document.name} has more than {FILES_MAX:,} texts",
                        hint=f"name fewer with: qanat document update {document.name} --text PATTERN",
                    )
                yield path
            elif entry.is_folder and (inner := here.inside(entry.name)) and path not in (document.exports, STATE):
                waiting.append((path, inner))


def _with_references(project: Project, path: str) -> bytes:
    """Return a text if there may be references in it, and nothing otherwise."""
    data = below.read(project.root, path, SIZE_BYTES_MAX)
    return data if any(mark in data for mark in MARKS) or b"/qanat" in data else b""


def _named(project: Project, documents: list[str], name: str, start: Path) -> TextFile:
    """Return the text that a user names. Raises NotFound if it is neither that nor a document."""
    path = Path(os.path.normpath(start / name))
    if not os.path.lexists(path):
        is_file = "/" in name or language_of(name)
        hint = "" if is_file else suggestion("document", name, documents)
        raise NotFound(f"{'text' if is_file else 'document'} {quoted(name)} does not exist", hint=hint)
    if not path.is_relative_to(project.root):
        path = path.parent.resolve() / path.name
    if not path.is_relative_to(project.root):
        raise UsageError(f"{name} is outside the project {project.root}", hint="run qanat in its project")
    relative = project.paths.relative(path)
    if not language_of(relative):
        if path.is_dir():
            raise UsageError(f"{name} is a folder", hint=f"name texts: {name}/*.md; or make it a document")
        raise UsageError(f"{name} is not a text with references", hint=f"known: {', '.join(SUFFIXES)}")
    data = below.read(project.root, relative, SIZE_BYTES_MAX)
    is_latex = language_of(relative) == LATEX
    return TextFile(relative, data, values_beside(project, documents, relative) if is_latex else "")


def _with_inputs(project: Project, main: TextFile) -> Iterator[TextFile]:
    """Yield a text, and in LaTeX the files below the root that it inputs, and these in turn; links are not followed.

    LaTeX looks for them from the folder in which it is started, which is that of the main text.
    """
    waiting, seen = [main], {main.path}
    while waiting:
        text = waiting.pop()
        yield text
        named = inputs(text.data.decode("utf-8", "replace")) if text.values else ()
        for name in reversed(named):
            for path in (posixpath.normpath(posixpath.join(main.folder, each)) for each in (f"{name}.tex", name)):
                if path in seen or len(seen) > FILES_MAX or not is_inside(path) or language_of(path) != LATEX:
                    continue
                seen.add(path)
                if below.has_file(project.root, path):
                    waiting.append(TextFile(path, below.read(project.root, path, SIZE_BYTES_MAX), main.values))
                    break


def values_beside(project: Project, documents: Iterable[str], path: str) -> str:
    """Return the file of values of a text in LaTeX: that of its document, the nearest one, or a new one beside it."""
    folders = [folder for folder in _folders(path) if project.has_file(project.root / folder / VALUES)]
    of_documents = []
    for name in documents:
        try:
            of_documents.append(posixpath.normpath(project.document(name).path))
        except (InputInvalid, NotFound):
            continue
    owned = [folder for folder in _folders(path) if (folder or ".") in of_documents]
    return posixpath.join((owned or folders or _folders(path))[0], VALUES)


def _folders(path: str) -> list[str]:
    """List the folders that a file is in, the innermost first; the root is an empty text."""
    found = []
    while path:
        path = posixpath.dirname(path)
        found.append(path)
    return found
