"""Files of documents, which are not code of experiments: texts, what was copied for them, parameters, what is built."""

from __future__ import annotations

import posixpath
from collections.abc import Sequence
from dataclasses import dataclass

from qanat.domain import figures
from qanat.domain.latex_references import STYLE, VALUES
from qanat.domain.path_patterns import path_patterns
from qanat.domain.references import language_of

# What references in LaTeX need beside the texts.
OF_REFERENCES = (VALUES, STYLE)
# What belongs to texts wherever it is, by its suffix: what LaTeX reads, and figures.
OF_TEXTS = (".bib", ".bst", ".cls", ".sty", ".pdf", *(f".{suffix}" for suffix in figures.TYPES))
# What LaTeX and its companions leave; elsewhere than in the folder of a document, such files may be data.
LEFT_BY_LATEX = (
    *(".aux", ".bbl", ".bcf", ".blg", ".fdb_latexmk", ".fls", ".idx", ".ilg", ".ind", ".lof", ".log", ".lot", ".nav"),
    *(".out", ".run.xml", ".snm", ".synctex.gz", ".toc", ".vrb", ".xdv"),
)


@dataclass(frozen=True, slots=True)
class Apart:
    """The files of a document: patterns of its texts and its output in its folder, and all files in `exports`.

    What belongs to texts by its suffix is among them, too, such as a bibliography or a log of LaTeX.
    `parameters` are its files of parameters: what they say is among the arguments of groups. `others` are single files,
    such as the one that the document was created from. `programs` are those of experiments, which are code wherever.
    Paths are from the root of the project, and as normpath() leaves them; patterns are relative to the folder.
    """

    folder: str
    texts: tuple[str, ...]
    exports: str
    parameters: tuple[str, ...] = ()
    others: tuple[str, ...] = ()
    programs: tuple[str, ...] = ()

    def has(self, path: str) -> bool:
        """Return whether a file is one of these."""
        if path in self.parameters or path in self.others or path.startswith(f"{self.exports}/"):
            return True
        if path in self.programs:
            return False
        inner = path if self.folder == "." else path.removeprefix(f"{self.folder}/")
        if inner == path and self.folder != ".":
            return False
        wanted = path_patterns(self.texts)
        *names, last = inner.split("/")
        if last in OF_REFERENCES:
            return True
        # The whole project may have data with such suffixes.
        if last.lower().endswith((*OF_TEXTS, *LEFT_BY_LATEX)) and (self.folder != "." or not names):
            return True
        for name in names:
            wanted = wanted.inside(name)
        return bool(wanted) and wanted.match(last)

    def may_have(self, folder: str) -> bool:
        """Return whether there may be such files in a folder or below it."""
        return any(_are_on_one_way(folder, own) for own in (self.folder, self.exports, *self.parameters, *self.others))


def _are_on_one_way(one: str, other: str) -> bool:
    if "." in (one, other):
        return True
    return posixpath.commonpath([one, other]) in (one, other)


def is_apart(path: str, documents: Sequence[Apart]) -> bool:
    """Return whether a file is one of any document."""
    return any(one.has(path) for one in documents)


def is_of_texts(path: str) -> bool:
    """Return whether a file is a text, or belongs to one by its suffix, wherever it is."""
    return bool(language_of(path)) or path.endswith(VALUES) or path.lower().endswith(OF_TEXTS)
