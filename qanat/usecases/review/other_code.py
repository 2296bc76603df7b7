"""Which runs of a branch executed other code than its head has."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from qanat.domain import group_key
from qanat.domain.layout import STATE
from qanat.domain.run import Run
from qanat.errors import InputInvalid
from qanat.git.code_part import code_part
from qanat.git.location import Location
from qanat.git.revisions import Range
from qanat.git.trees import Trees
from qanat.records.definitions import experiment_from
from qanat.usecases.review.definitions import Content

COMMITS_EXPLAINED = 20


@dataclass(frozen=True, slots=True)
class OtherCode:
    """Runs with the same code, other than the head's: a commit of it, their ids, and the files that differ.

    `files` is None if the commit is missing from this repository, or too many commits have been compared already.
    """

    commit: str
    tree: str
    snapshot: bool
    runs: tuple[str, ...]
    files: tuple[str, ...] | None


def other_code(
    location: Location,
    trees: Trees,
    span: Range,
    runs: Mapping[str, Sequence[Run]],
    experiments: Mapping[str, Content],
) -> list[OtherCode]:
    """Group the runs of experiments whose code is not the head's by their code.

    It is the same if the tree of the commit or, in their keys, the code and the command are the same.
    """
    tree = trees.code_tree(span.tip) if span.tip and any(runs.values()) else None
    if tree is None:
        return []
    by_tree: dict[str, list[Run]] = {}
    for name, own in runs.items():
        others = [run for run in own if run.code.tree != tree]
        known = _code_and_command(location, str(span.tip), experiments.get(name, {})) if others else None
        for run in others:
            if known is None or (run.key.code, run.key.command) != known:
                by_tree.setdefault(run.code.tree, []).append(run)
    found = []
    for place, alike in enumerate(by_tree.values()):
        code, ids = alike[0].code, tuple(run.id for run in alike)
        files = _differing(trees, code.commit, str(span.tip)) if place < COMMITS_EXPLAINED else None
        found.append(OtherCode(code.commit, code.tree, code.snapshot, ids, files))
    return found


def _code_and_command(location: Location, commit: str, definition: Content) -> tuple[str, str] | None:
    """Return these parts of the keys that runs of an experiment would have with this commit; None if it is invalid."""
    if not definition:
        return None
    experiment = experiment_from(dict(definition))
    try:
        command = experiment.program.command_line()
    except InputInvalid:
        return None
    code = code_part(location, commit, experiment.code_paths, command[-1])
    return code, group_key.digest(group_key.COMMAND, *command)


def _differing(trees: Trees, old: str, new: str) -> tuple[str, ...] | None:
    """List the files that differ, those of qanat only if there are no others; None if a commit is missing."""
    files = trees.differing_code(old, new)
    if files is None:
        return None
    return tuple([path for path in files if not path.startswith(f"{STATE}/")] or files)
