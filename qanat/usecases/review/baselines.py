"""Finding the latest runs of one side that have the same parameters as new runs of the other.

Records that are the same in the working tree come from the index; only those that differ are read from git.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import cached_property
from itertools import islice
from typing import Any

from qanat.domain import facts, new_runs, times
from qanat.domain.comparison import parameters_of
from qanat.domain.facts import RunFacts
from qanat.domain.layout import RUNS
from qanat.domain.run import Group, Run, State
from qanat.domain.seeds import GUESSED
from qanat.domain.setting import Parameters, key_of
from qanat.errors import InputInvalid
from qanat.git.trees import Difference, Entry, Trees
from qanat.records import run_codec, yaml_io
from qanat.records.index import Index

READ_FROM_GIT_MAX = 1_000
KEPT_OF_EACH = 10
_LOOKS = (1_000, 4_000, None)
_GROUPS = '"groups": '


class Baselines:
    """The runs of one side; `from_here` returns the records in which it differs from the index."""

    def __init__(self, index: Index, trees: Trees, from_here: Callable[[], Mapping[str, Difference]]) -> None:
        self._index = index
        self._trees = trees
        self._from_here = from_here
        self.left_out = 0

    @cached_property
    def _here(self) -> Mapping[str, Difference]:
        """Computed when the first runs are needed: on many branches, there is nothing to compare."""
        return self._from_here()

    def find(
        self, names: Iterable[str], runs: Sequence[Run], seeds: Sequence[str] = GUESSED
    ) -> dict[Parameters, list[Run]]:
        """Map settings to runs of an experiment, by its names, with which these runs can be compared.

        For each, the newest runs are returned (KEPT_OF_EACH from the index); `left_out` counts the records that were
        too many to read.
        """
        wanted = new_runs.parameters_to_compare(runs, seeds)
        if not wanted:
            return {}
        found: dict[Parameters, list[Run]] = {}
        seen = {run.id for run in runs}
        for run in (run for name in names for run in (*self._from_git(name), *self._from_index(name, wanted, seeds))):
            if run.id not in seen:
                seen.add(run.id)
                for key in {key_of(parameters_of(group), seeds) for group in run.groups} & wanted:
                    found.setdefault(key, []).append(run)
        return found

    def newest(self, names: Iterable[str]) -> Run | None:
        """Return the newest run of an experiment, by its names, that has results; None if none has."""
        found = (run for name in names for run in (*self._first(self._from_git(name)), *self._first(self._kept(name))))
        return max(found, key=lambda run: (times.parse(run.created), run.number), default=None)

    def facts(self, names: Iterable[str]) -> list[RunFacts]:
        """Return what conditions need to know of all runs of an experiment, by its names."""
        here, found = self._here, []
        for name in names:
            found += [facts.facts_of(run) for run in self._from_git(name)]
            texts = [text for path, text in self._index.facts(experiment=name) if path not in here]
            found += facts.from_texts(texts)
        return list({run.id: run for run in found}.values())

    @staticmethod
    def _first(runs: Iterable[Run]) -> list[Run]:
        return list(islice((run for run in runs if any(g.state is State.FINISHED for g in run.groups)), 1))

    def _kept(self, experiment: str) -> Iterator[Run]:
        """Yield the runs that are also in the working tree, newest first."""
        seen = 0
        here = self._here  # reads the index
        for newest in (KEPT_OF_EACH, *_LOOKS):
            rows = self._index.summaries_with_records(experiment=experiment, newest=newest)
            found = list(islice(rows, seen, None))
            seen += len(found)
            yield from (run_codec.from_index(text, row.path) for row, text in found if row.path not in here)
            if newest is None or seen < newest:
                return

    def _from_git(self, experiment: str) -> Iterator[Run]:
        folder = f"{RUNS}/{experiment}/"
        entries = [d.old for path, d in self._here.items() if path.startswith(folder) and d.old]
        entries.sort(key=_number, reverse=True)
        self.left_out += max(0, len(entries) - READ_FROM_GIT_MAX)
        for entry in entries[:READ_FROM_GIT_MAX]:
            if run := self._read(entry):
                yield run

    def _read(self, entry: Entry) -> Run | None:
        """Return the run of a record; None if it is broken, which is reported elsewhere."""
        if not entry.path.endswith(".yaml"):
            return None
        try:
            run = run_codec.decode(self._trees.read(entry, yaml_io.FILE_BYTES_MAX), entry.path)
        except InputInvalid:
            return None
        return run if run_codec.path_of(run) == entry.path else None

    def _from_index(self, experiment: str, wanted: set[Parameters], seeds: Sequence[str]) -> Iterator[Run]:
        """Yield the newest runs until there are enough for each; mostly, the first batch is enough."""
        missing = dict.fromkeys(wanted, KEPT_OF_EACH)
        seen = 0
        for newest in _LOOKS:
            rows = self._index.summaries_with_records(experiment=experiment, newest=newest)
            found = list(islice(rows, seen, None))
            seen += len(found)
            for row, text in found:
                keys = missing.keys() & _keys(text, seeds) if row.path not in self._here else ()
                if keys:
                    _count(missing, keys)
                    yield run_codec.from_index(text, row.path)
                if not missing:
                    return
            if newest is None or seen < newest:
                return


def _count(missing: dict[Parameters, int], keys: Iterable[Parameters]) -> None:
    for key in keys:
        missing[key] -= 1
        if not missing[key]:
            del missing[key]


def _keys(text: str, seeds: Sequence[str]) -> Iterator[Parameters]:
    """Yield the parameters of the finished groups in a record's JSON text."""
    for row in _group_rows(text):
        if row["state"] == State.FINISHED:
            yield key_of(parameters_of(Group(0, tuple(row["args"]))), seeds)


def _group_rows(text: str) -> list[dict[str, Any]]:
    """Return the groups in a record's JSON text; if they come last, as in every record, nothing else is parsed."""
    start = text.rfind(_GROUPS) + len(_GROUPS)
    if text.startswith("[", start):
        rows, end = _decoder.raw_decode(text, start)
        if text[end:] == "}":
            return list(rows)
    return list(json.loads(text)["groups"])


_decoder = json.JSONDecoder()


def _number(entry: Entry) -> int:
    """Return the number at the start of a record's name, by which records are sorted; -1 for any other name."""
    digits = entry.path.rpartition("/")[2].partition("-")[0]
    return int(digits) if digits.isascii() and digits.isdigit() and len(digits) < 10 else -1
