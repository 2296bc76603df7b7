"""The definitions of one or the other side of a comparison, those that differ and those that do not."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from qanat.domain.experiment import titles_of
from qanat.domain.layout import DEFINITIONS, STATE
from qanat.domain.seeds import GUESSED
from qanat.errors import InputInvalid
from qanat.git.revisions import Range
from qanat.git.trees import Trees
from qanat.records.definitions import seeds_from
from qanat.records.index import Index
from qanat.usecases.project import DEFINITION_BYTES_MAX
from qanat.usecases.review.files import valid_definition

Content = Mapping[str, Any]


class Definitions:
    """Reads the definitions of both sides; None stands for one that does not exist, an empty one for an invalid one."""

    def __init__(self, index: Index, trees: Trees, span: Range) -> None:
        self._index = index
        self._trees = trees
        self._span = span
        self._known: dict[tuple[str | None, str, str], Content | None] = {}

    def in_head(self, kind: str, name: str) -> Content | None:
        """Return a definition in the head."""
        return self._read(self._span.head, kind, name)

    def in_base(self, kind: str, name: str) -> Content | None:
        """Return a definition in the base."""
        return None if self._span.base is None else self._read(self._span.base, kind, name)

    def experiment(self, name: str) -> Content:
        """Return an experiment in the head or, if it is gone, in the base; empty if there is none."""
        found = self.in_head("experiment", name)
        return (self.in_base("experiment", name) or {}) if found is None else found

    def is_renamed(self, old: str, new: str) -> bool:
        """Return whether an experiment has another name in the head: that one says so, or took its place."""
        now = self.in_head("experiment", new)
        if now is None:
            return False
        return old in now.get("formerly", ()) or self.in_head("experiment", old) is None

    def experiments(self) -> Sequence[str]:
        """List the names of the experiments in the head."""
        return self._trees.names(self._span.head, "experiment")

    def _read(self, commit: str | None, kind: str, name: str) -> Content | None:
        place = (commit, kind, name)
        if place not in self._known:
            self._known[place] = self._valid(commit, kind, f"{STATE}/{DEFINITIONS[kind]}/{name}.yaml")
        return self._known[place]

    def _valid(self, commit: str | None, kind: str, path: str) -> Content | None:
        try:
            if entry := self._trees.entry(commit, path):
                return valid_definition(self._index, self._trees.read(entry, DEFINITION_BYTES_MAX), kind, path)
        except InputInvalid:
            return {}
        return None


def directions(definition: Content) -> dict[str, str]:
    """Map an experiment's metrics to the direction that is better."""
    sources = definition.get("metrics", ())
    return {key: way for source in sources for key, way in source.get("better", {}).items()}


def titles(definition: Content) -> dict[str, str]:
    """Map an experiment's metrics to what a paper calls them."""
    return titles_of((source.get("label", {}), source.get("unit", {})) for source in definition.get("metrics", ()))


def seeds(definition: Content) -> tuple[str, ...]:
    """Return the names of an experiment's parameters that only tell repetitions apart."""
    named = seeds_from(definition)
    return GUESSED if named is None else named
