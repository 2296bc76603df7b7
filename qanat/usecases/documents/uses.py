"""Which documents need an experiment, or have copies of files of a run."""

from __future__ import annotations

from collections.abc import Collection, Iterator

from qanat.domain.document import Document
from qanat.usecases.definitions import listing
from qanat.usecases.documents import exported
from qanat.usecases.project import Project


def _documents(project: Project) -> list[Document]:
    return listing.each(project.names("document"), project.document)[0]


def needing(project: Project, experiment: str) -> list[str]:
    """List the documents that need an experiment, by this very name; broken ones are skipped."""
    documents = _documents(project)
    return [one.name for one in documents if any(each.experiment == experiment for each in one.dependencies)]


def with_copies_of(project: Project, runs: Collection[str]) -> Iterator[tuple[str, str]]:
    """Yield documents with copies of files of runs, as their notes say, and the id of one of these runs."""
    named = set()
    for document, run in copied(project):
        if run in runs and document not in named:
            named.add(document)
            yield document, run


def copied(project: Project) -> Iterator[tuple[str, str]]:
    """Yield documents, and the ids of the runs of whose files they have copies, as their notes say."""
    for document in _documents(project):
        for dependency in document.dependencies:
            note = exported.note_in(project, document.folder_of(dependency))
            for run in dict.fromkeys(source.run for source in note.groups) if note else ():
                yield document.name, run
