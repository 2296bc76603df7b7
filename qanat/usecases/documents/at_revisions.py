"""Runs that documents need of earlier code, which are fresh whatever the code is now."""

from __future__ import annotations

from collections.abc import Sequence

from qanat.domain.standing import DONE, RESULTS
from qanat.errors import QanatError
from qanat.runners.protocol import Runners
from qanat.usecases.documents.look import look
from qanat.usecases.project import Project


def runs_at_revisions(project: Project, runners: Runners, ignored: Sequence[str] = ()) -> set[str]:
    """Return the ids of runs that have done what documents need of a fixed revision; broken documents need nothing."""
    found: set[str] = set()
    for name in project.names("document"):
        try:
            document = project.document(name)
            for one in document.dependencies:
                if one.revision is not None:
                    groups = look(project, runners, document, one, (*ignored, RESULTS))
                    found |= {standing.run for standing in groups.standings if standing.status == DONE}
        except QanatError:
            continue
    return found
