"""Finding what has been run already: groups of ended runs that executed the same, and whose results are here."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from qanat.domain import group_key
from qanat.domain.container import Container
from qanat.domain.data import DataState
from qanat.domain.experiment import Experiment
from qanat.domain.group_key import CODE, COMMAND, CONTAINER, DATA, ENVIRONMENT, SharedKey
from qanat.domain.intents import may_be_of
from qanat.domain.run import Run, State
from qanat.domain.standing import DONE, FAILED, NEW, RESULTS, EarlierGroup, Standing, differing, status_of
from qanat.errors import QanatError
from qanat.git import repository
from qanat.git.code_part import code_part
from qanat.records import data_rows, environments, run_codec
from qanat.records.index import Index
from qanat.usecases.checks.validate import validate
from qanat.usecases.environment import recorded
from qanat.usecases.launch import differences
from qanat.usecases.launch.findings import Findings
from qanat.usecases.project import Project
from qanat.usecases.runs.kept_results import why_not_kept
from qanat.usecases.tracking import edits

if TYPE_CHECKING:
    from qanat.runners.protocol import Runners


# What a retry may change. If it has, the record has the key of the group, but not its parts.
RETRIED = (DATA, ENVIRONMENT)


@dataclass(frozen=True, slots=True)
class Wanted:
    """Groups that are to run: their experiment, command, arguments, datasets and container, and what was found.

    `ignored` are the parts of the key that do not count, with RESULTS that the results need not be here.
    """

    experiment: Experiment
    command: tuple[str, ...]
    groups: Sequence[tuple[str, ...]]
    datasets: Mapping[str, str]
    found: Findings
    container: Container | None = None
    ignored: tuple[str, ...] = ()

    @property
    def data(self) -> Sequence[DataState]:
        """What the data are."""
        return self.found.data

    @property
    def paths_of_data(self) -> Collection[str]:
        """The paths of the datasets that are compared as data, or not at all."""
        known = {state.name for state in self.data if state.is_identified}
        return [path for name, path in self.datasets.items() if name in known or DATA in self.ignored]


def standings(project: Project, index: Index, runners: Runners, wanted: Wanted) -> list[Standing]:
    """Return what earlier runs of the experiment say about each group, the newest of several that say the same.

    A group of a run counts for one group. Runs are taken as the index has them.
    """
    search = _Search(project, index, runners, wanted)
    for text in index.records(experiment=wanted.experiment.name):
        if not search.pending:
            break
        if '"key"' in text:
            search.look_at(run_codec.mapping_from_index(text))
    keys = (group_key.total(search.parts[args]) for args in wanted.groups)
    return [replace(search.explained(found), key=key) for found, key in zip(search.found, keys, strict=True)]


@dataclass(frozen=True)
class _Record:
    """The record of a run, and what is in it."""

    content: dict[str, Any]

    @cached_property
    def run(self) -> Run:
        """The run."""
        return run_codec.from_mapping(self.content, self.content["id"])

    @cached_property
    def inputs(self) -> dict[str, DataState]:
        """What its arguments named, by their names."""
        return group_key.inputs_of(data_rows.read(self.content.get("data"), self.content["id"], "data"))


@dataclass
class _Search:
    """The search for groups; `pending` are the places of those that are not known to be done, by their arguments."""

    project: Project
    index: Index
    runners: Runners
    wanted: Wanted
    found: list[Standing] = field(default_factory=list)
    pending: dict[tuple[str, ...], list[int]] = field(default_factory=dict)
    parts: dict[tuple[str, ...], dict[str, str]] = field(default_factory=dict)
    records: dict[str, _Record] = field(default_factory=dict)
    codes: dict[str, str | None] = field(default_factory=dict)
    of_data_only: dict[str, bool] = field(default_factory=dict)
    distrusted: dict[str, str] = field(default_factory=dict)
    retried: set[tuple[str, int | None]] = field(default_factory=set)

    def __post_init__(self) -> None:
        self.found = [Standing() for _ in self.wanted.groups]
        inputs = group_key.inputs_of(self.wanted.data)
        for place, args in enumerate(self.wanted.groups):
            self.pending.setdefault(args, []).append(place)
            self.parts[args] = group_key.parts_of(self.wanted.found.key, args, inputs)

    def look_at(self, content: dict[str, Any]) -> None:
        """Compare the groups of a record with those that are wanted."""
        if not content.get("key"):
            return
        record = _Record(content)
        for row in content["groups"]:
            args = tuple(row["args"])
            if args in self.pending:
                self._compare(record, row, args)

    def _compare(self, record: _Record, row: dict[str, Any], args: tuple[str, ...]) -> None:
        earlier = self._earlier(record, row, args)
        differs = differing(self.parts[args], earlier, self.wanted.ignored)
        if not differs and CODE not in self.wanted.ignored and not self._has_code(record.content, args):
            differs = (CODE,)
        if CODE in differs and self._is_other_data(record.content, args):
            differs = tuple(part for part in differs if part != CODE)
        status = NEW if differs else status_of(earlier.state)
        why = self._distrust(record.run, earlier) if status == DONE else ""
        status = NEW if why else status
        if status == FAILED and earlier.state is not State.FAILED:
            why = earlier.state.value
        standing = Standing(status, earlier.run, earlier.number, differs, why)
        places = self.pending[args]
        if standing.status == DONE:
            self.found[places.pop(0)] = standing
            if not places:
                del self.pending[args]
            return
        for place in places:
            if standing.is_better_than(self.found[place]):
                self.found[place] = standing
                self.records[earlier.run] = record

    def _earlier(self, record: _Record, row: dict[str, Any], args: tuple[str, ...]) -> EarlierGroup:
        """Return a group of a record, without the parts of its key that a retry has changed."""
        content, recorded = record.content, SharedKey(**record.content["key"])
        known = group_key.key_of(recorded, args, record.inputs) == row.get("key")
        shared = replace(recorded, code=self._code(content, recorded.code))
        parts = group_key.parts_of(shared, args, record.inputs)
        if not known:
            self.retried.add((content["id"], row["group"]))
            parts = {part: found for part, found in parts.items() if part not in RETRIED}
        return EarlierGroup(content["id"], row["group"], State(row["state"]), parts, row.get("key"))

    def _has_code(self, content: dict[str, Any], args: tuple[str, ...]) -> bool:
        """Return whether the commit of a run has the code that is wanted, whatever keys its record has."""
        return self._code(content, content["key"].get("code")) == self.parts[args].get(CODE)

    def _code(self, content: dict[str, Any], recorded: str | None) -> str | None:
        """Return the part of the code of a run by its commit, whatever its record says; None without the commit.

        The code may have been another part of the repository for it.
        """
        commit, experiment = content["code"]["commit"], self.wanted.experiment
        if recorded is None:
            return None
        if commit not in self.codes:
            known = commit in repository.open_repository(self.project.location)
            program = content["command"][-1]
            self.codes[commit] = code_part(self.project.location, commit, experiment, program) if known else None
        return self.codes[commit]

    def _is_other_data(self, content: dict[str, Any], args: tuple[str, ...]) -> bool:
        """Return whether the code of a run differs from what is wanted only in data, which are another part of keys."""
        commit, now = content["code"]["commit"], self.wanted.found.commit
        recorded = self._code(content, content["key"].get("code"))
        if now is None or None in (recorded, self.parts[args].get(CODE)):
            return False
        if content["command"][-1] != self.wanted.command[-1]:
            return False
        if commit not in self.of_data_only:
            about = self.project, self.wanted.experiment, commit, now, self.wanted.paths_of_data
            self.of_data_only[commit] = differences.is_of_data_only(*about)
        return self.of_data_only[commit]

    def _distrust(self, run: Run, earlier: EarlierGroup) -> str:
        """Return why a group that has finished cannot be relied on; empty if it can."""
        if run.id not in self.distrusted:
            self.distrusted[run.id] = next(self._problems(run), "")
        if why := self.distrusted[run.id]:
            return why
        if RESULTS in self.wanted.ignored:
            return ""
        left_by_runner = self.runners.generated_files(run.runner.name)
        return why_not_kept(self.project.storage_of(run), run, earlier.number, left_by_runner)

    def _problems(self, run: Run) -> Iterator[str]:
        if run.code.changed_while_running:
            yield "files changed while it was running"
        if not may_be_of(run.submission.intent, run.id):
            yield "its record was copied from another run"
        path = run_codec.path_of(run)
        try:
            edits.check_unedited(self.project, path, edits.read(self.project, path))
        except QanatError as error:
            yield error.message
        for problem in validate(self.project, self.index, [self.project.root / Path(path)]):
            yield f"its record is invalid: {problem.what}"

    # ---- in what the nearest group differs

    def explained(self, standing: Standing) -> Standing:
        """Return a standing that says how the group differs from the nearest one."""
        if not standing.differs:
            return standing
        before = self._before[standing.run]
        changed = RETRIED if (standing.run, standing.group) in self.retried else ()
        told = [part for part in standing.differs if part not in changed]
        said = [before[part] for part in told]
        if len(said) < len(standing.differs):
            said.append("retried with other data, or in another environment")
        unknown = (ENVIRONMENT,) if ENVIRONMENT in told and self._is_environment_unknown else ()
        return replace(standing, why="; ".join(said), unknown=unknown)

    @property
    def _is_environment_unknown(self) -> bool:
        """Whether a look, which starts no program, cannot tell the environment, as no earlier run has found it so."""
        return self.wanted.found.environment is None and not self.wanted.container

    @cached_property
    def _before(self) -> dict[str, dict[str, str]]:
        """For the runs that are nearest, how each part that differs does so."""
        nearest: dict[str, set[str]] = {}
        for standing in self.found:
            if standing.differs:
                nearest.setdefault(standing.run, set()).update(standing.differs)
        return {run: dict(self._described(run, parts)) for run, parts in nearest.items()}

    def _described(self, run: str, parts: set[str]) -> Iterator[tuple[str, str]]:
        before = self.records[run].run
        for part in parts:
            how = self._how(part, before)
            yield part, f"{part}: {how}" if how else f"another {part}"

    def _how(self, part: str, before: Run) -> str:
        wanted = self.wanted
        if part == CODE:
            if wanted.found.commit is None:
                return differences.uncommitted(wanted.found.changed)
            about = before.code.commit, wanted.found.commit, wanted.paths_of_data
            return differences.code(self.project, wanted.experiment, *about)
        if part == COMMAND:
            return differences.command(before.command, wanted.command)
        if part == DATA:
            return differences.data(before, wanted)
        if part == CONTAINER:
            return differences.container(before.container, wanted.container)
        return self._how_environment_differs(before)

    def _how_environment_differs(self, before: Run) -> str:
        if self._is_environment_unknown:
            return "not known before the program starts"
        now = self.wanted.found.environment
        if now is None:
            return ""
        if before.key.environment is None:
            return "" if before.container else "not recorded then"
        earlier = recorded.read(self.project, before.environment)
        return differences.environment(earlier, environments.decode(now.data, now.path))
