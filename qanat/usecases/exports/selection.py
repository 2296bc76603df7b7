"""The runs of an export, one after the other: as they are now, without secrets, with their results and curves."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cached_property

from qanat.domain.experiment import Experiment
from qanat.domain.facts import RunFacts
from qanat.domain.figures import suffix_of
from qanat.domain.long_work import tracked
from qanat.domain.path_patterns import PathPatterns, path_patterns
from qanat.domain.redaction import secrets_in, without
from qanat.domain.run import Group, Run
from qanat.domain.series_rows import Row
from qanat.domain.shortening import quoted
from qanat.errors import InputInvalid, NotFound
from qanat.records import measured, run_codec, storage
from qanat.records.index import Index
from qanat.runners.protocol import Runners
from qanat.usecases.exports.request import Exported, ExportRequest
from qanat.usecases.exports.results import ResultFile, Results, is_match
from qanat.usecases.project import Project
from qanat.usecases.results.proof import Proof
from qanat.usecases.runs import rows
from qanat.usecases.runs.curves import RunCurves
from qanat.usecases.runs.experiments import experiments_of
from qanat.usecases.tracking.find import Found
from qanat.usecases.tracking.refresh import Refreshed

# What is said of several runs at once.
ELSEWHERE = "no files of {runs}: nothing shows that qanat made the directory"
GONE = "no files of {runs}: the results are not here"
REMOVED = "no files of {runs}: the results were removed"
ACTIVE = "exported as it is now, before its end: {runs}"
LISTED_MAX = 20


@dataclass(frozen=True)
class ExportedRun:
    """A run without secrets, under the name that its experiment has now, and where its results and curves are."""

    run: Run
    experiment: Experiment | None
    results: Results
    _project: Project
    _found: Found

    def curves(self, number: int) -> Iterator[Row]:
        """Yield the rows of the curves of a group as its program wrote them: a step, and values by name."""
        if self.results.folder is None:
            return
        try:
            for _, found in RunCurves(self._project, self._found, [number]).new_rows():
                yield from found
        except InputInvalid as error:
            self.results.notes.append(error.message)

    def check(self, files: Iterable[ResultFile]) -> None:
        """Note which of these files with numbers have changed, for an export that copies no files."""
        sources = self.experiment.metrics if self.experiment else ()
        used = (*(sources or storage.DEFAULT_METRICS), *measured.series_sources(sources))
        names = {source.file for source in used}
        self.results.check(file for file in files if file.path in names)

    def is_figure(self, file: ResultFile) -> bool:
        """Return whether a file is a figure of the experiment."""
        return bool(suffix_of(file.name)) and is_match(self._figures, file.path)

    def unit(self, metric: str) -> str:
        """Return the unit of a metric, or of what it came to; empty if the experiment names none."""
        sources = self.experiment.metrics if self.experiment else ()
        return next((source.unit[metric] for source in sources if metric in source.unit), "")

    @cached_property
    def _figures(self) -> PathPatterns:
        return path_patterns(self.experiment.figures if self.experiment else ())


class Selection:
    """The chosen runs, newest first, with an index that is up to date."""

    def __init__(
        self, project: Project, index: Index, refreshed: Refreshed, runners: Runners, request: ExportRequest
    ) -> None:
        """Choose runs; errors as for rows.chosen_facts(), and NotFound without any."""
        self.project = project
        self._index, self._refreshed, self._runners, self._request = index, refreshed, runners, request
        self._proof = Proof(project)
        self._without: defaultdict[str, list[int]] = defaultdict(list)
        words, condition = request.runs, request.condition
        self.facts = rows.chosen_facts(project, index, refreshed, words, condition, experiment=request.experiment)
        if not self.facts:
            raise NotFound("no run meets the condition, so nothing was exported", hint="see the runs with: qanat runs")
        found = experiments_of(project, (facts.experiment for facts in self.facts.values()))
        self._experiments: dict[str, Experiment] = without(found, frozenset())

    def runs(self, exported: Exported) -> Iterator[ExportedRun]:
        """Yield the runs, and count them in what was exported; what cannot be exported is noted there."""
        has_files = False
        for path, facts in self.facts.items():
            try:
                run = self._refreshed.live.get(path) or run_codec.from_index(self._index.record(path), path)
            except NotFound:
                exported.note(f"run {facts.number} has been deleted meanwhile")
                continue
            one = self._one(path, run, facts)
            yield one
            exported.runs += 1
            exported.groups += len(run.groups)
            for note in one.results.notes:
                exported.note(note)
            has_files |= one.results.has_any
        if self._request.files and not has_files:
            exported.note(f"no file matches {' or '.join(map(quoted, self._request.files))}")
        for why, numbers in self._without.items():
            exported.note(why.format(runs=_numbered(numbers)))

    @cached_property
    def _ticks(self) -> Iterator[int]:
        count = sum(len(facts.groups) for facts in self.facts.values())
        return iter(tracked(range(count), "groups exported"))

    def groups(self, run: Run) -> Iterator[Group]:
        """Yield the groups of a run, whose number is shown as they are dealt with."""
        for group in run.groups:
            next(self._ticks, None)
            yield group

    @property
    def title(self) -> str:
        """What the runs are, in short: `Run 4 of train`, `12 runs of train`."""
        runs = [*self.facts.values()]
        names = {run.experiment for run in runs}
        of = next(iter(names)) if len(names) == 1 else self.project.root.name
        return f"Run {runs[0].number} of {of}" if len(runs) == 1 else f"{len(runs):,} runs of {of}"

    def _one(self, path: str, run: Run, facts: RunFacts) -> ExportedRun:
        clean: Run = without(run, secrets_in([run_codec.to_mapping(run)]))
        clean = replace(clean, experiment=facts.experiment)
        folder, is_elsewhere = self._proof.readable(run)
        if is_elsewhere:
            self._without[ELSEWHERE].append(run.number)
        elif folder is None and any(group.has_run for group in run.groups):
            self._without[REMOVED if run.results_removed else GONE].append(run.number)
        if not run.state.ended:
            self._without[ACTIVE].append(run.number)
        generated = self._runners.generated_files(run.runner.name)
        results = Results(run, folder, self._request.files, generated)
        found = Found(run, path, folder or self.project.storage_of(run))
        return ExportedRun(clean, self._experiments.get(facts.experiment), results, self.project, found)


def _numbered(numbers: Sequence[int]) -> str:
    more = f" and {len(numbers) - LISTED_MAX:,} more" if len(numbers) > LISTED_MAX else ""
    return f"run{'s' if len(numbers) > 1 else ''} {', '.join(map(str, numbers[:LISTED_MAX]))}{more}"
