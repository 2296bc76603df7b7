"""What needs the results of runs: other runs, definitions, documents, texts and links."""

from __future__ import annotations

import json
import os
import posixpath
import re
from collections.abc import Iterator, Mapping
from contextlib import suppress
from pathlib import Path

from qanat.domain.layout import DEFINITIONS, STATE
from qanat.domain.reference import OfBest, OfRun, Reference
from qanat.domain.references import LATEX, MARKS, SUFFIXES, language_of, references_in
from qanat.errors import InputInvalid, QanatError
from qanat.git import tracked
from qanat.records.index import Index
from qanat.system import below
from qanat.usecases.definitions import listing
from qanat.usecases.documents.uses import copied
from qanat.usecases.project import DEFINITION_BYTES_MAX, Project
from qanat.usecases.references.known_runs import KnownRuns
from qanat.usecases.references.texts import SIZE_BYTES_MAX, texts_of, values_beside

_ID = re.compile(rb"(?<![0-9a-f-])([1-9][0-9]{0,8}-[0-9a-f]{6})(?![0-9a-f-])")

# The first `id` in the JSON text of a record is that of the run.
_OWN = re.compile(r'"id": ?"([0-9a-f-]+)"')


class Places:
    """Finds runs by the paths of their results in other texts; `storages` has the paths in their records, by id."""

    def __init__(self, project: Project, storages: Mapping[str, str]) -> None:
        self._root = project.root
        results = project.config.result_dir
        self._by_path = {path: run for run, path in storages.items()}
        usual = rf"{re.escape(results)}/[^/\"\\\s]+/run_[0-9]+(?:-[0-9a-f]{{6}})?(?![0-9])"
        others = [re.escape(path) for path in self._by_path if not path.startswith(f"{results}/")]
        self._pattern = re.compile("|".join([usual, *(rf"{path}(?![\w.-])" for path in others)]))
        self._real = {os.path.realpath(project.root / path): run for run, path in storages.items()}

    def named_in(self, text: str) -> Iterator[str]:
        """Yield the ids of runs whose results a text names, which may contain their paths anywhere."""
        for path in set(self._pattern.findall(text)):
            if run := self._by_path.get(path) or self._by_path.get(path.rpartition("-")[0]):
                yield run

    def of(self, path: str) -> str:
        """Return the id of the run whose results a path is, or is in, once links are followed; empty without one."""
        real = Path(os.path.realpath(path))
        return next((run for one in (real, *real.parents) if (run := self._real.get(str(one)))), "")


def of_runs(index: Index, places: Places) -> dict[str, set[str]]:
    """Map each run to the runs whose results its record names, and to those that it came after."""
    needs: dict[str, set[str]] = {}
    for text in index.records():
        found = _OWN.search(text)
        own = found[1] if found else ""
        named = set(places.named_in(text)) - {own}
        if '"after"' in text:
            named |= {one["run"] for one in json.loads(text).get("after") or ()}
        if named:
            needs[own] = named
    return needs


def of_definitions(project: Project, places: Places) -> Iterator[tuple[str, str]]:
    """Yield runs whose results a definition names, with a sentence's end that says which one does."""
    for kind in ("experiment", "dataset", "document"):
        for name in project.names(kind):
            path = f"{STATE}/{DEFINITIONS[kind]}/{name}.yaml"
            text = below.read(project.root, path, DEFINITION_BYTES_MAX).decode(errors="replace")
            for run in places.named_in(text):
                yield run, f"{kind} {name} names them"
    datasets, _ = listing.each(project.names("dataset"), project.dataset)
    for dataset in datasets:
        if "://" not in dataset.path and (run := places.of(str(project.root / dataset.path))):
            yield run, f"dataset {dataset.name} is among them"


def of_links(project: Project, places: Places) -> Iterator[tuple[str, str]]:
    """Yield runs to whose results a link leads: one in git, at the top of the project, or beside results."""
    results = project.root / project.config.result_dir
    beside = [project.root, results, *_folders_in(results)]
    links = [entry.path for folder in beside for entry in _entries(folder) if entry.is_symlink()]
    for link in [*(str(project.root / path) for path in tracked.links(project.location)), *links]:
        if run := places.of(link):
            yield run, f"the link {project.paths.relative(Path(link))} leads to them"


def of_documents(project: Project) -> Iterator[tuple[str, str]]:
    """Yield runs of which documents have copies of files. Raises InputInvalid if a document cannot be read."""
    _, broken = listing.each(project.names("document"), project.document)
    if broken:
        raise InputInvalid(broken[0], hint="what it needs is not known, so correct it first")
    for name, run in copied(project):
        yield run, f"document {name} has copies of their files"


def of_texts(project: Project, known: KnownRuns) -> Iterator[tuple[str, str]]:
    """Yield runs that texts name or have pinned, but not those of tables and long means, whose values records have."""
    documents = project.names("document")
    paths = {text.path for name in documents for text in texts_of(project, project.document(name))}
    paths |= set(tracked.with_marks(project.location, MARKS, [f"*{suffix}" for suffix in SUFFIXES]))
    for path in sorted(paths):
        language = language_of(path)
        if not language or path.startswith(f"{STATE}/"):
            continue
        data = below.read(project.root, path, SIZE_BYTES_MAX)
        values = values_beside(project, documents, path) if language == LATEX else ""
        beside = [below.read(project.root, values, SIZE_BYTES_MAX)] if values and _is_file(project, values) else []
        ids = {match.decode() for each in (data, *beside) for match in _ID.findall(each)}
        found = references_in(data.decode(errors="replace"), language).references
        ids |= {run for reference in found for run in _of(reference, known)}
        for run in ids & known.runs.keys():
            yield run, f"{posixpath.normpath(path)} refers to it"


def _of(reference: Reference, known: KnownRuns) -> Iterator[str]:
    with suppress(QanatError):
        if isinstance(reference.target, OfRun):
            yield known.row(reference.target).run.id
        elif isinstance(reference.target, OfBest):
            yield known.best(reference.target, reference.options.get("better", "")).run.id


def _is_file(project: Project, path: str) -> bool:
    return below.has_file(project.root, path)


def _folders_in(folder: Path) -> list[Path]:
    return [Path(entry.path) for entry in _entries(folder) if entry.is_dir(follow_symlinks=False)]


def _entries(folder: Path) -> list[os.DirEntry[str]]:
    try:
        with os.scandir(folder) as found:
            return list(found)
    except OSError:
        return []
