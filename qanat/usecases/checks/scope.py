"""What a hook compares: the next commit, or an existing one, with what came before it."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from qanat.domain.layout import STATE
from qanat.errors import GitRefused, ProjectNotFound, UsageError
from qanat.git import location, repository, revisions, staged, worktree
from qanat.git.location import Location
from qanat.git.staged import Change, Staged
from qanat.usecases.project import Project, refuse_links

# What to do about a file that only a newer qanat can read, beside installing one: pre-commit has its own.
UPDATE_HOOKS = "with pre-commit: pre-commit autoupdate"
_FROM, _TO = "PRE_COMMIT_FROM_REF", "PRE_COMMIT_TO_REF"
# The variables in which the two large servers name the target of a pull or merge request.
_TARGETS = ("GITHUB_BASE_REF", "CI_MERGE_REQUEST_TARGET_BRANCH_NAME")


@dataclass(frozen=True)
class Scope:
    """A state to check, and the commits that it must follow (None: nothing came before).

    `others` are commits that are being merged into the first base; what comes from them does not count as a change.
    """

    project: Project
    state: Staged
    bases: tuple[str | None, ...]
    others: tuple[str, ...] = ()

    @property
    def location(self) -> Location:
        """Where the repository is."""
        return self.project.location

    def changes(self, *folders: str) -> list[Change]:
        """List what differs from the first base, below these folders or everywhere."""
        return self.state.changes_since(self.bases[0], *folders)

    @cached_property
    def base_names(self) -> tuple[str, ...]:
        """What to call each base in a message."""
        head = worktree.head(self.location)
        return tuple("HEAD" if base == head else (base or "")[:12] for base in self.bases)


def project_at(start: Path) -> Project:
    """Return the repository in which a hook runs as a project, even without `.qanat/`. Raises ProjectNotFound."""
    found = location.find(start.resolve())
    if found is None:
        raise ProjectNotFound(f"{start} is not in a git repository")
    if (found.root / STATE).is_dir():
        refuse_links(found.root / STATE)
    return Project(found)


def scope_of(project: Project, from_ref: str | None = None, to_ref: str | None = None) -> Scope:
    """Determine what is to be compared with what.

    With two revisions, given or named by pre-commit in the environment, the second is compared with its merge base
    with the first. Otherwise the next commit is compared with HEAD and, if a server checks a branch (`CI` is set),
    also with the point where the branch left its target. Raises GitRefused for a revision that is not a commit.
    """
    environment = os.environ
    from_ref = from_ref or environment.get(_FROM)
    to_ref = to_ref or environment.get(_TO)
    if from_ref:
        return _between(project, from_ref, to_ref or "HEAD")
    head = worktree.head(project.location)
    bases = [head, *(_target(project, environment) if environment.get("CI") and head else ())]
    others = tuple(staged.merged_in(project.location))
    return Scope(project, Staged(project.location), tuple(dict.fromkeys(bases)), others)


def names_in(project: Project, files: Sequence[str]) -> list[str]:
    """Return files named on the command line by their paths relative to the project's root."""
    names = []
    for file in files:
        path = Path(os.path.normpath(Path.cwd() / file))
        path = path if path.is_relative_to(project.root) else path.parent.resolve() / path.name
        names.append(project.paths.relative(path))
    return names


def _between(project: Project, from_ref: str, to_ref: str) -> Scope:
    opened = repository.open_repository(project.location)
    try:
        found = revisions.parse(project.location, opened, f"{from_ref}...{to_ref}")
    except GitRefused:
        found = revisions.parse(project.location, opened, f"{from_ref}..{to_ref}")
    return Scope(project, Staged(project.location, found.head), (found.base,))


def _target(project: Project, environment: Mapping[str, str]) -> list[str]:
    """Return the commit at which a branch left its target; empty if that is unknown."""
    opened = repository.open_repository(project.location)
    named = next((environment[name] for name in _TARGETS if environment.get(name)), None)
    with suppress(GitRefused, UsageError):
        between = f"origin/{named}...HEAD" if named else None
        base = revisions.parse(project.location, opened, between).base
        return [base] if base else []
    return []
