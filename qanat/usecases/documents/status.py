"""Whether what a document needs is fresh, and why not."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from qanat.domain.document import Dependency, Document
from qanat.domain.standing import ACTIVE, RESULTS
from qanat.errors import QanatError
from qanat.runners.protocol import Runners
from qanat.usecases.documents import exported, look
from qanat.usecases.documents.exported import Exported
from qanat.usecases.documents.look import Groups
from qanat.usecases.project import Project

FRESH, STALE, MISSING, RUNNING, BROKEN = "fresh", "stale", "missing", "running", "broken"


@dataclass(frozen=True, slots=True)
class DependencyStatus:
    """What there is of a dependency: its state, why it is not fresh, and what it would take to make it so.

    `to_run` counts the groups that would be run; without any, files are only copied, after the action if there is one.
    """

    dependency: Dependency
    state: str
    reasons: tuple[str, ...] = ()
    groups: Groups | None = None
    copied: Exported = field(default_factory=Exported)
    to_run: int = 0

    @property
    def runs(self) -> list[str]:
        """The ids of the runs that the copied files are from."""
        note = self.copied.note
        return list(dict.fromkeys(source.run for source in note.groups)) if note else []

    def as_mapping(self) -> dict[str, Any]:
        """Return what is known, for JSON."""
        one, note = self.dependency, self.copied.note
        files = [{"file": file.file, "run": file.run, "group": file.group} for file in note.files] if note else []
        return {
            "dependency": one.name,
            "experiment": one.experiment,
            "state": self.state,
            "reasons": list(self.reasons),
            "groups": len(self.groups.args) if self.groups else None,
            "to_run": self.to_run,
            "runs": self.runs,
            "files": files,
        }


def status_of(
    project: Project, runners: Runners, document: Document, dependency: Dependency, ignored: Sequence[str] = ()
) -> DependencyStatus:
    """Return the status of a dependency; nothing is started, and runs are taken as they are recorded.

    Copied files are enough for what has been run, even where the results are not.
    """
    copied = Exported()
    try:
        copied = exported.exported(project, document, dependency)
        groups = look.look(project, runners, document, dependency, (*ignored, RESULTS))
        if not groups.are_done:
            return _not_run(dependency, groups, copied)
        reasons = exported.why_stale(project, document, dependency, groups, copied)
        if not reasons:
            return DependencyStatus(dependency, FRESH, (), groups, copied)
        if RESULTS not in ignored:
            groups = look.look(project, runners, document, dependency, ignored)
            if not groups.are_done:
                return _not_run(dependency, groups, copied)
        return DependencyStatus(dependency, STALE, tuple(reasons), groups, copied)
    except QanatError as error:
        return DependencyStatus(dependency, BROKEN, (error.message,), None, copied)


def _not_run(dependency: Dependency, groups: Groups, copied: Exported) -> DependencyStatus:
    state = RUNNING if groups.active_runs else MISSING if groups.are_missing else STALE
    return DependencyStatus(dependency, state, tuple(groups.reasons), groups, copied, _to_run(groups))


def _to_run(groups: Groups) -> int:
    """Return how many groups would be run; those that are active would be waited for."""
    if groups.whole:
        return 0 if groups.active_runs else len(groups.args)
    return sum(standing.status not in ("done", ACTIVE) for standing in groups.standings)


def statuses(
    project: Project, runners: Runners, document: Document, ignored: Sequence[str] = ()
) -> list[DependencyStatus]:
    """Return the status of each dependency of a document; see status_of()."""
    return [status_of(project, runners, document, one, ignored) for one in document.dependencies]
