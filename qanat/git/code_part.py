"""What the code in a commit is, as a part of the keys of groups (domain.group_key)."""

from __future__ import annotations

import posixpath
from collections.abc import Sequence
from typing import TYPE_CHECKING

from qanat.domain import group_key
from qanat.domain.apart import Apart, is_apart
from qanat.domain.experiment import WHOLE, Experiment
from qanat.domain.layout import STATE
from qanat.git import content, repository
from qanat.git.location import Location

if TYPE_CHECKING:
    import pygit2


def code_part(location: Location, commit: str, experiment: Experiment, program: str) -> str:
    """Return the digest of the code of an experiment in a commit: of all of it, or of what is at its paths.

    The program that is named is part of it, and the files of documents are not.
    """
    paths = experiment.code_paths
    if not paths or WHOLE in paths:
        opened = repository.open_repository(location)
        if experiment.apart:
            return group_key.digest(group_key.CODE, *_without(opened, commit, experiment.apart, program))
        return group_key.digest(group_key.CODE, f"tree {repository.tree_without_state(opened, commit)}")
    named = sorted({*paths, posixpath.normpath(program)})
    found = content.entries(location, commit, named)
    return group_key.digest(group_key.CODE, *(f"{entry or 'absent'} {path}" for path, entry in found.items()))


def _without(opened: pygit2.Repository, commit: str, apart: Sequence[Apart], program: str) -> list[str]:
    """List what a commit has without the files of documents, whole folders where there are none of these."""
    import pygit2

    found: list[str] = []
    waiting = [("", opened[commit].peel(pygit2.Tree))]
    while waiting:
        folder, tree = waiting.pop()
        for entry in tree:
            path = f"{folder}{entry.name}"
            if path == STATE:
                continue
            if isinstance(entry, pygit2.Tree) and any(one.may_have(path) for one in apart):
                waiting.append((f"{path}/", entry))
            elif path == posixpath.normpath(program) or isinstance(entry, pygit2.Tree) or not is_apart(path, apart):
                found.append(f"{entry.filemode:o} {entry.id} {path}")
    return sorted(found)


def code_and_command(location: Location, commit: str, experiment: Experiment) -> tuple[str, str]:
    """Return these parts of the keys that runs of an experiment would have with the code in a commit."""
    command = experiment.program.command_line()
    code = code_part(location, commit, experiment, command[-1])
    return code, group_key.digest(group_key.COMMAND, *command)
