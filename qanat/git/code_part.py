"""What the code in a commit is, as a part of the keys of groups (domain.group_key)."""

from __future__ import annotations

import posixpath
from collections.abc import Sequence

from qanat.domain import group_key
from qanat.domain.experiment import WHOLE, Experiment
from qanat.git import content, repository
from qanat.git.location import Location


def code_part(location: Location, commit: str, paths: Sequence[str], program: str) -> str:
    """Return the digest of the code in a commit: of all of it, or of what is at these paths and the program."""
    if not paths or WHOLE in paths:
        opened = repository.open_repository(location)
        return group_key.digest(group_key.CODE, f"tree {repository.tree_without_state(opened, commit)}")
    named = sorted({*paths, posixpath.normpath(program)})
    found = content.entries(location, commit, named)
    return group_key.digest(group_key.CODE, *(f"{entry or 'absent'} {path}" for path, entry in found.items()))


def code_and_command(location: Location, commit: str, experiment: Experiment) -> tuple[str, str]:
    """Return these parts of the keys that runs of an experiment would have with the code in a commit."""
    command = experiment.program.command_line()
    code = code_part(location, commit, experiment.code_paths, command[-1])
    return code, group_key.digest(group_key.COMMAND, *command)
