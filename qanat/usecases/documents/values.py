"""The file of values of a document in LaTeX, which its build reads."""

from __future__ import annotations

from qanat.domain.document import Document
from qanat.domain.latex_references import VALUES
from qanat.runners.protocol import Runners
from qanat.usecases.launch.looking import refreshed
from qanat.usecases.project import Project
from qanat.usecases.references.check import Checked, check, write
from qanat.usecases.references.judging import WRITTEN, Judge
from qanat.usecases.references.known_runs import KnownRuns
from qanat.usecases.references.sources import WorkingTree
from qanat.usecases.references.texts import texts_of


def write_values(project: Project, runners: Runners, document: Document) -> list[str]:
    """Write what the references in LaTeX stand for, and list what is wrong with these, each with file and line.

    What conditions chose stays pinned, and the texts themselves are not changed.
    """
    texts = [text for text in texts_of(project, document) if text.values]
    if not texts:
        return []
    with refreshed(project, runners) as (index, result):
        found = check(WorkingTree(project), Judge(KnownRuns.of(project, index, result), lambda _: ()), texts)
    changes = {path: change for path, change in found.changes.items() if path.endswith(VALUES)}
    write(project, Checked(changes=changes))
    return [
        f"{one.file}:{one.line}: {problem.sentence}"
        for one in found.wrong
        for problem in one.problems
        if problem.verdict not in WRITTEN or one.value is None
    ]
