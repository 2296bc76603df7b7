"""Compiling a document: run what is missing or stale, run actions, copy files, and build it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Protocol

from qanat.domain.document import Dependency, Document
from qanat.domain.key_path import in_words
from qanat.errors import InputInvalid, QanatError, UsageError
from qanat.runners.protocol import Runners
from qanat.usecases.checks.validate import reference_problems
from qanat.usecases.documents import building
from qanat.usecases.documents.copying import Copying, check_replaceable
from qanat.usecases.documents.gathering import Gathering, RunsView, Starting
from qanat.usecases.documents.look import Member
from qanat.usecases.documents.status import BROKEN, FRESH, STALE, DependencyStatus, status_of
from qanat.usecases.documents.values import Doubts, write_values
from qanat.usecases.launch.code import Ask
from qanat.usecases.launch.looking import refreshed
from qanat.usecases.project import Project
from qanat.usecases.runs.action import ActionPlan


class NotFresh(QanatError):
    """What a document needs has not been run, and is not to be run now."""


class CompileView(RunsView, Protocol):
    """Shows what a compilation does."""

    def acting(self, dependency: Dependency, plan: ActionPlan) -> None:
        """Called before an action is run."""

    def copied(self, dependency: Dependency, folder: str, count: int) -> None:
        """Called when files have been copied."""

    def doubted(self, doubts: Doubts) -> None:
        """Called with what is wrong with references in texts."""

    def building(self, command: Sequence[str]) -> None:
        """Called before the command that builds the document is run."""

    def built(self, output: bytes) -> None:
        """Called with what that command prints."""


@dataclass(frozen=True, slots=True)
class How:
    """How a document is compiled.

    `only` names the dependencies that are looked at. With `no_run`, nothing is launched; with `overwrite`, files that
    were edited or that others put among the copied ones are lost. `arguments` are added to the command.
    """

    starting: Starting = field(default_factory=Starting)
    only: tuple[str, ...] = ()
    no_run: bool = False
    overwrite: bool = False
    arguments: tuple[str, ...] = ()


def looked_at(project: Project, runners: Runners, document: Document, how: How) -> list[DependencyStatus]:
    """Return the status of what is to be compiled, with runs as they are now. Raises NotFound for an unknown name."""
    with refreshed(project, runners):
        pass
    return _looked_at(project, runners, document, how)


def all_looked_at(
    project: Project, runners: Runners, documents: Sequence[Document], how: How
) -> list[tuple[Document, list[DependencyStatus]]]:
    """Return the status of what each document needs, with runs as they are now."""
    with refreshed(project, runners):
        pass
    return [(one, _looked_at(project, runners, one, how)) for one in documents]


def _looked_at(project: Project, runners: Runners, document: Document, how: How) -> list[DependencyStatus]:
    chosen = [document.dependency(name) for name in how.only] or document.dependencies
    broken = _broken(project, document)
    return [
        DependencyStatus(one, BROKEN, broken[one.name])
        if one.name in broken
        else status_of(project, runners, document, one, how.starting.ignored)
        for one in chosen
    ]


def _broken(project: Project, document: Document) -> dict[str, tuple[str, ...]]:
    """Return what is wrong with the dependencies of a document, by their names."""
    found: dict[str, tuple[str, ...]] = {}
    for path, problem in reference_problems(project, "document", project.definition("document", document.name)):
        if path[0] == "dependencies":
            name, key = document.dependencies[int(path[1])].name, in_words(path[2:])
            found[name] = (*found.get(name, ()), f"{key}: {problem}" if key else problem)
    return found


def compile_document(
    project: Project, document: Document, how: How, *, runners: Runners, ask: Ask, view: CompileView
) -> None:
    """Get what a document needs, copy its files, and run the command that builds it.

    What is fresh is left as it is, so that a compilation that was stopped continues where it was. Raises QanatError;
    the files of a dependency are then the old ones or the new ones, and the document is not built.
    """
    if how.arguments and not document.compile:
        raise UsageError(f"document {document.name} has no command to build it", hint="set one with --compile")
    building.check_is_installed(document)
    found = looked_at(project, runners, document, how)
    left = [one for one in found if one.state != FRESH]
    for one in left:
        if one.state == BROKEN:
            raise InputInvalid(f"dependency {one.dependency.name}: {one.reasons[0]}")
        if not how.overwrite:
            check_replaceable(document, one.dependency, one.copied)
    if how.no_run:
        members = _there(document, left)
    else:
        gathering = Gathering(project, runners, document, how.starting, ask, view)
        members = gathering.members([one.dependency for one in left])
    for one in left:
        dependency = one.dependency
        copying = Copying(project, runners, document, dependency, partial(view.acting, dependency))
        note = copying.copy(members[dependency.name], one.copied)
        view.copied(dependency, document.folder_of(dependency), len(note.files))
    view.doubted(write_values(project, runners, document, how.starting.ignored))
    if document.compile:
        view.building((*document.compile, *how.arguments))
        building.build(project, document, how.arguments, view.built)


def _there(document: Document, left: Sequence[DependencyStatus]) -> dict[str, tuple[Member, ...]]:
    """Return the groups of dependencies that need no run. Raises NotFresh for another one."""
    found = {}
    for one in left:
        if one.state != STALE or one.groups is None or not one.groups.are_done:
            reason = f": {one.reasons[0]}" if one.reasons else ""
            raise NotFresh(
                f"dependency {one.dependency.name} is {one.state}{reason}",
                hint=f"run what is missing with: qanat document compile {document.name}",
            )
        found[one.dependency.name] = one.groups.members
    return found
