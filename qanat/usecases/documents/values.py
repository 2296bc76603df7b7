"""References in the texts of a document: the file of values that its build reads, and what is wrong with them."""

from __future__ import annotations

import posixpath
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

from qanat.domain.document import Document
from qanat.domain.latex_references import VALUES
from qanat.domain.reference import Kind
from qanat.domain.references import LATEX, language_of
from qanat.errors import QanatError, UsageError
from qanat.runners.protocol import Runners
from qanat.usecases.documents.at_revisions import runs_at_revisions
from qanat.usecases.launch.freshness import Freshness
from qanat.usecases.launch.looking import refreshed
from qanat.usecases.project import Project
from qanat.usecases.references.check import Checked, check, write
from qanat.usecases.references.doubts import RunDoubts
from qanat.usecases.references.judging import WRITTEN, Judge, Judged, Problem, Verdict
from qanat.usecases.references.known_runs import KnownRuns
from qanat.usecases.references.said import said
from qanat.usecases.references.sources import TextFile, WorkingTree
from qanat.usecases.references.texts import texts_of
from qanat.usecases.tracking.refresh import Refreshed


@dataclass(frozen=True, slots=True)
class Doubts:
    """What is wrong with the references of a document, each with file and line, and what to do about it."""

    problems: Sequence[str] = ()
    hint: str = ""


@dataclass(frozen=True, slots=True)
class CheckRequest:
    """What to check of texts, and whether to write what they should say, as the options of `qanat document check` say.

    Raises UsageError if conditions are to choose again without being written.
    """

    ignored: tuple[str, ...] = ()
    writes: bool = False
    repin: bool = False
    asks_fresh: bool = True

    def __post_init__(self) -> None:
        if self.repin and not self.writes:
            raise UsageError("--repin requires --write", hint="the report already names what has changed")


@dataclass(frozen=True, slots=True)
class CheckedTexts:
    """What was found in texts, the paths that were written, and notes for the user.

    Problems that were mended by writing are no longer among those of references.
    """

    found: Checked
    written: Sequence[str] = ()
    notes: Sequence[str] = ()

    @property
    def left(self) -> list[Judged]:
        """The references with problems."""
        return [one for one in self.found.judged if one.problems]


@contextmanager
def _judging(project: Project, runners: Runners, request: CheckRequest) -> Iterator[tuple[Judge, Refreshed]]:
    """Yield what judges references, also by whether their runs are fresh, or are as a document needs them."""
    with refreshed(project, runners) as (index, result):
        freshness = Freshness(project, index, runners, request.ignored) if request.asks_fresh else None
        known = KnownRuns.of(project, index, result, freshness)
        fresh = runs_at_revisions(project, runners, request.ignored) if freshness else ()
        yield Judge(known, RunDoubts(known, fresh), repin=request.repin), result


def check_texts(project: Project, runners: Runners, texts: Sequence[TextFile], request: CheckRequest) -> CheckedTexts:
    """Check the references in texts, with runs as they are now; raises WriteFailed."""
    with _judging(project, runners, request) as (judge, result):
        found = check(WorkingTree(project), judge, texts)
        unreadable = judge.known.index.unreadable() if found.choose else []
    damaged = []
    if unreadable:
        count = len(unreadable)
        of = "1 run, whose record is" if count == 1 else f"{count:,} runs, whose records are"
        damaged.append(f"conditions do not choose {of} damaged: {unreadable[0]}; see: qanat validate")
    written = write(project, found) if request.writes else []
    for one in found.judged if request.writes else ():
        if one.value is not None:
            one.problems = [p for p in one.problems if p.verdict not in WRITTEN or p.hint]
    return CheckedTexts(found, written, [*result.notes, *damaged])


def write_values(project: Project, runners: Runners, document: Document, ignored: Sequence[str] = ()) -> Doubts:
    """Write what the references in LaTeX stand for, and return what is wrong with those of all texts.

    What conditions chose stays pinned, and the texts themselves are not changed.
    """
    texts = list(texts_of(project, document))
    if not texts:
        return Doubts()
    found = check_texts(project, runners, texts, CheckRequest(tuple(ignored))).found
    changes = {path: change for path, change in found.changes.items() if path.endswith(VALUES)}
    write(project, Checked(changes=changes))
    return _doubts(document, found, is_compiled=True)


def doubts(
    project: Project, runners: Runners, documents: Sequence[Document], ignored: Sequence[str] = ()
) -> list[Doubts]:
    """Return what is wrong with the references of each document, also with those that compiling it would write."""
    found: dict[str, Doubts] = {}
    texts: dict[str, list[TextFile]] = {}
    for one in documents:
        with _doubted(found, one):
            texts[one.name] = list(texts_of(project, one))
    if any(texts.values()):
        # Runs are read once for all.
        with _judging(project, runners, CheckRequest(tuple(ignored))) as (judge, _):
            for one in documents:
                with _doubted(found, one):
                    checked = check(WorkingTree(project), judge, texts.get(one.name, ()))
                    found.setdefault(one.name, _doubts(one, checked, is_compiled=False))
    return [found.get(one.name, Doubts()) for one in documents]


@contextmanager
def _doubted(found: dict[str, Doubts], document: Document) -> Iterator[None]:
    """Note that the texts of a document cannot be checked."""
    try:
        yield
    except QanatError as error:
        found[document.name] = Doubts((error.message,), error.hint)


def _doubts(document: Document, found: Checked, *, is_compiled: bool) -> Doubts:
    # What is built says what the texts say.
    built = posixpath.normpath(posixpath.join(document.path, document.output or "")) if document.compile else ""
    left = [
        (one, problem)
        for one in found.wrong
        if one.file != built
        for problem in one.problems
        if problem.verdict.is_wrong and not (is_compiled and _is_in_values(one, problem))
    ]
    hint = f"see: qanat document check {document.name}" if left else ""
    by_hand = [pair for pair in left if not _is_in_values(*pair)]
    if left and not by_hand:
        hint = f"bring the values up to date with: qanat document compile {document.name}"
    elif any(problem.verdict in WRITTEN and not problem.hint for _, problem in by_hand):
        hint = f"write what the texts should say with: qanat document check {document.name} --write"
    return Doubts([f"{one.first.file}:{one.first.line}: {one.sentence}" for one in said(left, by_hint=False)], hint)


def _is_in_values(one: Judged, problem: Problem) -> bool:
    """Return whether the file of values will be right; texts in Markdown and figures are written by a check only."""
    if problem.verdict not in WRITTEN or one.value is None:
        return False
    if one.kind == Kind.FIGURE and problem.verdict is Verdict.DIFFERS:
        return False
    return one.file.endswith(VALUES) or language_of(one.file) == LATEX
