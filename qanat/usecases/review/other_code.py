"""Which runs of a branch executed other code than its head has."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from qanat.domain.run import Run
from qanat.domain.same_code import has_code
from qanat.errors import InputInvalid
from qanat.git.code_part import code_and_command
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
        others = [run for run in own if run.code.is_known and not has_code(run, tree, None)]
        known = _code_and_command(location, str(span.tip), experiments.get(name, {})) if others else None
        for run in others:
            if not has_code(run, tree, known):
                by_tree.setdefault(run.code.tree, []).append(run)
    found = []
    for place, alike in enumerate(by_tree.values()):
        code, ids = alike[0].code, tuple(run.id for run in alike)
        files = trees.differing_code(code.commit, str(span.tip)) if place < COMMITS_EXPLAINED else None
        found.append(OtherCode(code.commit, code.tree, code.snapshot, ids, None if files is None else tuple(files)))
    return found


def _code_and_command(location: Location, commit: str, definition: Content) -> tuple[str, str] | None:
    """Return these parts of the keys that runs of an experiment would have with this commit; None if it is invalid."""
    try:
        return code_and_command(location, commit, experiment_from(dict(definition))) if definition else None
    except InputInvalid:
        return None
