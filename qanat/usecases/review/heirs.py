"""The templates whose options change because one changes that they extend."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from qanat.domain.changes import ADDED, DefinitionChange
from qanat.git.revisions import Range
from qanat.git.trees import Trees
from qanat.records import definitions
from qanat.usecases.review.definitions import Definitions


def with_heirs(
    trees: Trees, span: Range, known: Definitions, changes: Sequence[DefinitionChange]
) -> list[DefinitionChange]:
    """Return changes of definitions, those of templates with the templates of the head that extend them."""
    runners = {c.definition.runner for c in changes if c.definition.kind == "template" and c.change != ADDED}
    extending = {runner: _extending(trees, span, known, runner) for runner in runners}
    return [
        replace(change, heirs=_heirs(change.definition.name, extending[change.definition.runner]))
        if change.definition.kind == "template" and change.definition.runner in runners
        else change
        for change in changes
    ]


def _extending(trees: Trees, span: Range, known: Definitions, runner: str) -> dict[str, tuple[str, ...]]:
    """Return what the templates of a runner extend, by their names, in the head."""
    found = {}
    for name in trees.names(span.head, "template", runner):
        if content := known.in_head("template", f"{runner}/{name}"):
            found[name] = definitions.template_from(dict(content)).extends
    return found


def _heirs(name: str, extending: Mapping[str, tuple[str, ...]]) -> tuple[str, ...]:
    """Return the templates that extend one, or another one that does."""
    found: dict[str, None] = {}
    added = [name]
    while added:
        added = [heir for heir, bases in extending.items() if heir not in found and set(bases) & set(added)]
        found |= dict.fromkeys(added)
    return tuple(sorted(heir for heir in found if heir != name))
