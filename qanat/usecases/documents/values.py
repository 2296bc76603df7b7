"""References in the texts of a document: the file of values that its build reads, and what is wrong with them."""

from __future__ import annotations

import posixpath
from collections.abc import Sequence
from dataclasses import dataclass

from qanat.domain.document import Document
from qanat.domain.latex_references import VALUES
from qanat.domain.reference import Kind
from qanat.domain.references import LATEX, language_of
from qanat.errors import QanatError
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
from qanat.usecases.references.sources import WorkingTree
from qanat.usecases.references.texts import texts_of


@dataclass(frozen=True, slots=True)
class Doubts:
    """What is wrong with the references of a document, each with file and line, and what to do about it."""

    problems: Sequence[str] = ()
    hint: str = ""


def judge_of(known: KnownRuns, runners: Runners, ignored: Sequence[str] = (), *, repin: bool = False) -> Judge:
    """Return what judges references, also by whether their runs are fresh, or are as a document needs them."""
    fresh = runs_at_revisions(known.project, runners, ignored) if known.freshness else ()
    return Judge(known, RunDoubts(known, fresh), repin=repin)


def write_values(project: Project, runners: Runners, document: Document, ignored: Sequence[str] = ()) -> Doubts:
    """Write what the references in LaTeX stand for, and return what is wrong with those of all texts.

    What conditions chose stays pinned, and the texts themselves are not changed.
    """
    found = _checked(project, runners, document, ignored)
    changes = {path: change for path, change in found.changes.items() if path.endswith(VALUES)}
    write(project, Checked(changes=changes))
    return _doubts(document, found)


def doubts(project: Project, runners: Runners, document: Document, ignored: Sequence[str] = ()) -> Doubts:
    """Return what is wrong with the references of a document, but for what compiling it would write."""
    try:
        return _doubts(document, _checked(project, runners, document, ignored))
    except QanatError as error:
        return Doubts((error.message,), error.hint)


def _checked(project: Project, runners: Runners, document: Document, ignored: Sequence[str]) -> Checked:
    texts = list(texts_of(project, document))
    if not texts:
        return Checked()
    with refreshed(project, runners) as (index, result):
        known = KnownRuns.of(project, index, result, Freshness(project, index, runners, tuple(ignored)))
        return check(WorkingTree(project), judge_of(known, runners, ignored), texts)


def _doubts(document: Document, found: Checked) -> Doubts:
    # What is built says what the texts say.
    built = posixpath.normpath(posixpath.join(document.path, document.output or "")) if document.compile else ""
    left = [
        (one, problem)
        for one in found.wrong
        if one.file != built
        for problem in one.problems
        if problem.verdict.is_wrong and not _is_in_values(one, problem)
    ]
    hint = f"see: qanat document check {document.name}" if left else ""
    if any(problem.verdict in WRITTEN and not problem.hint for _, problem in left):
        hint = f"write what the texts should say with: qanat document check {document.name} --write"
    return Doubts([f"{one.first.file}:{one.first.line}: {one.sentence}" for one in said(left, by_hint=False)], hint)


def _is_in_values(one: Judged, problem: Problem) -> bool:
    """Return whether the file of values will be right; texts in Markdown and figures are written by a check only."""
    if problem.verdict not in WRITTEN or one.value is None:
        return False
    if one.kind == Kind.FIGURE and problem.verdict is Verdict.DIFFERS:
        return False
    return one.file.endswith(VALUES) or language_of(one.file) == LATEX
