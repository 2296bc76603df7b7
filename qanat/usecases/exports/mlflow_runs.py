"""Runs in MLflow: a run there for each group, below one for the run if it has several."""

from __future__ import annotations

import math
import os
import shlex
import tempfile
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath

from qanat.domain import times
from qanat.domain.condition_values import same_number
from qanat.domain.data import DataState
from qanat.domain.run import Group, Run, described
from qanat.domain.shortening import QUOTED_MAX, quoted, shortened
from qanat.errors import RunnerUnavailable, UsageError
from qanat.usecases.exports import mlflow_names as names
from qanat.usecases.exports.names import digest, image_name, name_of
from qanat.usecases.exports.request import Exported, ExportRequest
from qanat.usecases.exports.results import ResultFile
from qanat.usecases.exports.selection import ExportedRun, Selection
from qanat.usecases.exports.tracking_server import DIGEST, PARENT, Dataset, Known, Server, Value, answering
from qanat.usecases.review import pages

TRACKING_URI = "MLFLOW_TRACKING_URI"
INFINITE = "MLflow's databases cannot hold infinite numbers, and have ±1.797e308 in their place"
CREATED, UPDATED, UNCHANGED = "created", "updated", "unchanged"


def export(selection: Selection, request: ExportRequest, output: Path) -> Exported:
    """Write runs to MLflow; what is there as it would be written is left alone, unless that is forced."""
    uri = request.tracking_uri or os.environ.get(TRACKING_URI, "")
    if not uri:
        raise UsageError(
            "nothing says where MLflow keeps its runs",
            hint=f"--tracking-uri sqlite:///mlflow.db, the address of a server, or set {TRACKING_URI}",
        )
    server = Server(uri)
    done = Exported(request.format, server.shown, counts=dict.fromkeys((CREATED, UPDATED, UNCHANGED), 0))
    page = pages.find(selection.project.location)
    writing = _Writing(selection, request, server, done, page.root if page else "")
    with answering(server.shown):
        for one in selection.runs(done):
            writing.add(one)
    return done


@dataclass(frozen=True, slots=True)
class _Entry:
    """A run of MLflow as it should be; `group` is None for that of a whole run."""

    group: Group | None
    name: str
    status: str
    started_ms: int
    ended_ms: int | None
    parameters: Mapping[str, str]
    tags: Mapping[str, str]


@dataclass
class _Writing:
    selection: Selection
    request: ExportRequest
    server: Server
    done: Exported
    repository: str
    experiments: dict[str, str] = field(default_factory=dict)

    def add(self, one: ExportedRun) -> None:
        """Write a run and its groups."""
        run = one.run
        name = self.request.mlflow_experiment or run.experiment
        if name not in self.experiments:
            self.experiments[name] = self.server.experiment(name)
        experiment = self.experiments[name]
        known = self.server.runs_of(experiment, run.id)
        parent = ""
        if len(run.groups) > 1:
            whole = _Entry(None, _title(run), *_times(run), {}, self._tags(run, None))
            parent = self._write(one, whole, experiment, known.get(""))
        for group in self.selection.groups(run):
            title = f"{_title(run)}, group {group.number}" if parent else _title(run)
            tags = self._tags(run, group) | ({PARENT: parent} if parent else {})
            entry = _Entry(group, title, *_times(run, group), names.parameters_of(group.args), tags)
            self._write(one, entry, experiment, known.get(str(group.number)))

    def _write(self, one: ExportedRun, entry: _Entry, experiment: str, known: Known | None) -> str:
        """Write a run of MLflow, unless it is there, and return its id."""
        files = one.results.of(entry.group.number) if entry.group and not self.request.without_results else []
        mark = digest(entry, files, one.results.folder is not None)
        if known and known.digest == mark and not self.request.force:
            self.done.counts[UNCHANGED] += 1
            return known.id
        self.done.counts[UPDATED if known else CREATED] += 1
        there = known or self.server.create(experiment, entry.name, entry.started_ms, entry.tags)
        changed = [name for name, value in there.parameters.items() if entry.parameters.get(name, value) != value]
        if changed:
            self.done.note(f"run {one.run.number}: MLflow keeps parameters as they were first: {', '.join(changed)}")
        new = {name: value for name, value in entry.parameters.items() if name not in there.parameters}
        self.server.log(there.id, new, entry.tags if known else {})
        if entry.group:
            values = self._values(one, entry.group, entry.started_ms)
            self.server.log_values(there.id, self._noted(values))
            self.server.log_data(there.id, [_dataset(state) for state in _data(one.run)])
            if self.request.without_results:
                one.check(one.results.of(entry.group.number))
            self._upload(one, there.id, files)
        self.server.end(there.id, entry.status, entry.ended_ms)
        # Last, so that an export that was interrupted is continued.
        self.server.log(there.id, {}, {DIGEST: mark})
        return there.id

    def _upload(self, one: ExportedRun, run: str, files: list[ResultFile]) -> None:
        called = names.files_for(file.name for file in files)
        for file in files:
            path = PurePosixPath(called[file.name])
            if str(path) != file.name:
                self.done.note(
                    f"{shortened(file.name, QUOTED_MAX)} is called {shortened(str(path), QUOTED_MAX)} in MLflow"
                )
            with tempfile.TemporaryDirectory(prefix="qanat-export-") as folder:
                copied = Path(folder, path.name)
                with copied.open("wb") as target:
                    copy = one.results.copy(file, target)
                if copy is None:
                    continue
                try:
                    with answering(self.server.shown):
                        self.server.log_file(run, copied, "" if path.parent == PurePosixPath() else str(path.parent))
                except RunnerUnavailable as error:
                    self.done.note(f"{shortened(file.name, QUOTED_MAX)} could not be uploaded: {error.message}")
                    continue
            self.done.files += 1
            self.done.bytes += copy.bytes

    def _values(self, one: ExportedRun, group: Group, started_ms: int) -> Iterator[Value]:
        """Yield the metrics of a group and its curves, each value of which has the time of the group's start.

        A program need not say when it wrote a value. With a time that never changes, no value is written twice.
        A metric that differs from the end of its curve is a later value at the last step, so that MLflow shows it.
        """
        taken = _metrics(group)
        ends: dict[str, tuple[int, float]] = {}  # the step and the value that MLflow shows
        for place, row in enumerate(one.curves(group.number)):
            step = names.step_of(row.step, place)
            if step != row.step:
                self.done.note("MLflow has whole numbers as steps, so curves with other steps have those of their rows")
            for name, value in row.values.items():
                if name not in ends or (step, value) >= ends[name]:
                    ends[name] = step, value
                yield taken.get(name) or names.name_for(name), value, started_ms, step
        for name, called in taken.items():
            if name not in ends and name in group.curves:
                last = group.curves[name].last
                ends[name] = names.step_of(last.step, 0), last.value
                yield called, last.value, started_ms, ends[name][0]
            if name not in group.metrics:
                continue
            value = group.metrics[name]
            if name not in ends:
                yield called, value, started_ms, 0
            elif not same_number(value, ends[name][1]):
                yield called, value, started_ms + 1, ends[name][0]

    def _noted(self, values: Iterable[Value]) -> Iterator[Value]:
        for value in values:
            if math.isinf(value[1]):
                self.done.note(INFINITE)
            yield value

    def _renamed(self, group: Group) -> str:
        """Return, as a tag keeps it, which metrics are called otherwise in MLflow, which is noted."""
        others = {called: name for name, called in _metrics(group).items() if called != name}
        for called, name in others.items():
            self.done.note(f"metric {quoted(name)} is called {called} in MLflow")
        return names.noted(others, [*others], [*others.values()])

    def _tags(self, run: Run, group: Group | None) -> dict[str, str]:
        state, reason = (group.state, group.reason) if group else (run.state, "")
        found = {
            names.RUN: run.id,
            names.GROUP: "" if group is None else str(group.number),
            names.STATE: described(state, reason, group.attempt if group else 1),
            "qanat.runner": run.runner.name,
            names.COMMAND: shlex.join([*run.command, *(group.args if group else ())]),
            "qanat.key": (group.key if group else None) or "",
            "qanat.environment": run.environment or "",
            "qanat.container": f"{image_name(run.container.image)} {run.container.identity}" if run.container else "",
            "mlflow.note.content": run.description,
            "mlflow.user": name_of(run.author),
            names.PROGRAM: run.command[-1],
            "mlflow.source.type": "LOCAL" if run.runner.name == "local" else "JOB",
            "mlflow.source.git.commit": run.code.commit,
            "mlflow.source.git.repoURL": self.repository,
            names.TAGS: names.noted(
                run.tags, {names.tag_for(tag) for tag in run.tags}, {names.TAG + t for t in run.tags}
            ),
            names.METRICS: self._renamed(group) if group else "",
            **{names.tag_for(tag): "true" for tag in run.tags},
        }
        return {name: names.value_for(value, names.TAG_MAX) for name, value in found.items() if value}


def _metrics(group: Group) -> dict[str, str]:
    """Return what MLflow calls the metrics and the curves of a group."""
    return names.names_for([*group.metrics, *(name for name in group.curves if name not in group.metrics)])


def _title(run: Run) -> str:
    return f"Run {run.number}"


def _times(run: Run, group: Group | None = None) -> tuple[str, int, int | None]:
    """Return the status of a run or a group, and when it started and ended, in milliseconds."""
    of = group or run
    return names.status_of(of.state), _ms(of.started or run.created), _ms(of.ended) if of.ended else None


def _ms(time: str) -> int:
    return int(times.parse(time).timestamp() * 1000)


def _data(run: Run) -> list[DataState]:
    known = {state.name for state in run.data}
    return [*run.data, *(DataState(name, "") for name in run.datasets if name not in known)]


def _dataset(state: DataState) -> Dataset:
    value = state.id.partition(":")[2] or digest(*state.as_mapping().items())
    return Dataset(
        shortened(state.name, names.DATASET_NAME_MAX), value[: names.DATASET_DIGEST_MAX], state.identity or state.name
    )
