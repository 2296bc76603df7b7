"""Refusing to commit, or to keep in a snapshot, a secret that somebody wrote into a tracked file."""

from __future__ import annotations

from collections import Counter

from qanat.domain.findings import Finding
from qanat.errors import InputInvalid, UsageError
from qanat.git import staged
from qanat.git.staged import Staged
from qanat.git.worktree import WorkTree
from qanat.system import files
from qanat.usecases.checks.rules import no_secrets
from qanat.usecases.project import Project

_BYTES_MAX = no_secrets.LOOKED_AT_BYTES_MAX


def check_tracked(project: Project, tree: WorkTree) -> None:
    """Raise UsageError for a changed file with what looks like a secret that its last commit does not have."""
    found: dict[str, list[Finding]] = {}
    for change in tree.changes:
        if change.letters != "??" and (here := _in_work_tree(project, change.path)):
            found[change.path] = here
    for path, here in found.items():
        before = Counter(finding.problem for finding in _in_last_commit(project, tree.commit, path))
        for finding in here:
            before[finding.problem] -= 1
            if before[finding.problem] < 0:
                what = finding.problem.removeprefix("this ")
                raise UsageError(
                    f"{path}, line {finding.line}: this {what}, and would be kept in git",
                    hint="let the program read it from the environment; or, if it is not a secret, use --allow-secrets",
                )


def _in_work_tree(project: Project, path: str) -> list[Finding]:
    file = project.root / path
    if file.is_symlink() or not file.is_file():
        return []
    try:
        return list(no_secrets.in_file(path, files.read(file, limit_bytes=_BYTES_MAX)))
    except InputInvalid:
        return []


def _in_last_commit(project: Project, commit: str | None, path: str) -> list[Finding]:
    entries = Staged(project.location, commit).entries([path]) if commit else {}
    blobs = [entry.blob for entry in entries.values() if entry.mode not in (staged.LINK, staged.SUBMODULE)]
    contents = staged.contents(project.location, blobs, _BYTES_MAX)
    return [finding for _, data in contents for finding in no_secrets.in_file(path, data)]
