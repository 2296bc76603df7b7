"""Converting the runs of qanat 0.x to today's records, with the evidence in their storage directories."""

from __future__ import annotations

import json
import math
import re
import shlex
from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

from qanat.domain.experiment import CHECKOUT, PROJECT, Program
from qanat.domain.run import Code, Group, RequestedParameters, Run, RunnerChoice, SubmissionFacts
from qanat.domain.shortening import quoted
from qanat.errors import InputInvalid
from qanat.git import repository
from qanat.import_v0 import meanings
from qanat.import_v0.database import Row, V0Database
from qanat.import_v0.definitions import Content, Definitions, text
from qanat.import_v0.ends import group_ends
from qanat.import_v0.places import Places, Storage
from qanat.imports.remarks import NO_COMMIT, UNKNOWN_TIME, Remarks, usable_name
from qanat.records.numbers import COUNTED_MAX
from qanat.usecases.project import Project

_NULL = re.compile(r"(?<!\\)((?:\\\\)*)\\u0000")
# What qanat 0.x itself added to a job's description on HTCondor, beside the template's options.
_NOT_OPTIONS = frozenset(
    {"executable", "output", "error", "log", "should_transfer_files", "when_to_transfer_output", "batch_name"}
)
_SHA = re.compile(r"[0-9a-f]{7,64}\Z")
_FULL_SHA = re.compile(r"([0-9a-f]{40}|[0-9a-f]{64})\Z")


@dataclass(frozen=True, slots=True)
class ImportedRun:
    """A run and the comment on it; the comment is empty if nobody wrote one."""

    run: Run
    comment: str


class Runs:
    """Converts the runs of a database one by one; remarks on whatever cannot be kept unchanged."""

    def __init__(
        self, project: Project, database: V0Database, found: Definitions, places: Places, remarks: Remarks
    ) -> None:
        self._project = project
        self._tables = database.tables
        self._definitions = found
        self._places = places
        self._remarks = remarks
        self._numbers: set[int] = set()
        self._codes: dict[str, tuple[str, str] | None] = {}

    def convert(self, progress: Callable[[int, int], None]) -> list[ImportedRun]:
        """Convert all runs; `progress` is called with the number of runs done and the total."""
        rows = self._tables["runs_of_experiments"]
        found = []
        for place, row in enumerate(rows, 1):
            if run := self._convert(row):
                found.append(run)
            progress(place, len(rows))
        return found

    def _convert(self, row: Row) -> ImportedRun | None:
        number, experiment = row["id"], self._definitions.experiments.get(row["experiment_id"])
        if type(number) is not int or not 0 < number <= COUNTED_MAX:
            self._remarks.add(f"run {number}: left out: that is not a run number")
            return None
        if number in self._numbers:
            self._remarks.add("the database has it twice; the second one was left out", number)
            return None
        self._numbers.add(number)
        if experiment is None:
            self._remarks.add("left out: its experiment is not in the database", number)
            return None
        storage = self._places.find(text(row["storage_path"]), self._old_name(row), experiment["name"], number)
        run = self._run(row, experiment, storage)
        return ImportedRun(run, storage.comment(text(row["comment_file"])))

    def _old_name(self, row: Row) -> str:
        return next(text(e["name"]) for e in self._tables["experiments"] if e["id"] == row["experiment_id"])

    def _run(self, row: Row, experiment: Content, storage: Storage) -> Run:
        number, old_name = row["id"], self._old_name(row)
        uid, intent = meanings.identity(number, old_name, text(row["commit_sha"]))
        program = Program(
            text(storage.info.get("executable")) or experiment["executable"],
            text(storage.info.get("executable_command")) or experiment.get("executable_command", ""),
        )
        args = self._arguments(row, storage)
        choice, left = self._runner(row, storage)
        if old_name != experiment["name"]:
            left["experiment"] = old_name
        groups = group_ends(row, storage, args, self._remarks)
        if (metric := self._metric(row, len(groups), left)) is not None:
            groups = [replace(groups[0], metrics={"metric": metric})]
        return Run(
            number=number,
            uid=uid,
            experiment=experiment["name"],
            description=text(row["description"]),
            tags=tuple(self._tags_of_runs[number]),
            created=self._created(row, storage, groups),
            author="",
            host="",
            code=self._code(row, storage),
            command=_command_of(program),
            datasets=self._datasets(experiment),
            requested=_requested(row, args),
            runner=choice,
            storage=storage.written,
            submission=SubmissionFacts(intent, details=storage.jobs()),
            groups=tuple(groups),
            imported=left,
        )

    # ---- parameters

    @cached_property
    def _groups_of_runs(self) -> dict[Any, list[Row]]:
        found: dict[Any, list[Row]] = defaultdict(list)
        for row in self._tables["groups_of_parameters"]:
            found[row["run_id"]].append(row)
        return found

    @cached_property
    def _tags_of_runs(self) -> dict[Any, list[str]]:
        names = {row["id"]: text(row["name"]) for row in self._tables["tags"]}
        found: dict[Any, list[str]] = defaultdict(list)
        for link in self._tables["runs_tags"]:
            tag = names.get(link["tag_id"], "")
            if tag and tag not in found[link["run_id"]]:
                found[link["run_id"]].append(tag)
        return found

    def _arguments(self, row: Row, storage: Storage) -> list[tuple[str, ...]]:
        """Return the arguments of each group, from the database or else from the files beside the results."""
        rows = self._groups_of_runs[row["id"]]
        listed = storage.info.get("groups_of_parameters")
        from_info = listed if isinstance(listed, list) else []
        count = len(rows) or len(from_info) or 1
        found = []
        for group in range(count):
            parameters = _mapping(rows[group]["values"]) if group < len(rows) else None
            if parameters is None and group < len(from_info) and isinstance(from_info[group], dict):
                parameters = from_info[group]
            if parameters is None:
                parameters = storage.parameters(group, count)
            if parameters is None:
                self._remarks.add("the parameters of a group are unknown", row["id"])
            found.append(meanings.arguments(parameters or {}))
        return found

    # ---- runner

    def _runner(self, row: Row, storage: Storage) -> tuple[RunnerChoice, Content]:
        """Return the runner with its options, and the runner's parameters that are not options of it."""
        name = usable_name(text(row["runner"]) or "local", "unknown", ())
        given = {key.lstrip("-"): value for key, value in (_mapping(row["runner_params"]) or {}).items()}
        template = given.pop("submit_template", None)
        options: Content = storage.submitted(_NOT_OPTIONS)
        if name == "local" and str(given.get("n_threads", "")).isdecimal():
            options["n_threads"] = int(given.pop("n_threads"))
        left: Content = {"runner_params": given} if given else {}
        if text(row["container_path"]):
            left["container"] = text(row["container_path"])
            self._remarks.add("it ran in a container, which its record names but rerun does not use", row["id"])
        if name != (text(row["runner"]) or "local"):
            self._remarks.add(f"its runner {quoted(text(row['runner']))} is called {name} here", row["id"])
        return RunnerChoice(name, None if template is None else str(template), options), left

    def _metric(self, row: Row, groups: int, left: Content) -> float | None:
        """Return the run's metric if it is a number and there is only one group to have it; otherwise None."""
        recorded = text(row["metric"])
        try:
            value = float(recorded)
        except ValueError:
            value = math.nan
        if groups == 1 and math.isfinite(value):
            return value
        if recorded:
            left["metric"] = recorded
        return None

    # ---- code, data, timestamps

    def _code(self, row: Row, storage: Storage) -> Code:
        recorded = text(row["commit_sha"]) or text(storage.info.get("commit_sha"))
        if recorded not in self._codes:
            opened = repository.open_repository(self._project.location)
            self._codes[recorded] = repository.commit_and_code(opened, recorded) if _SHA.match(recorded) else None
        workdir = CHECKOUT if ".qanat/cache/" in text(storage.info.get("working_directory")) else PROJECT
        known = self._codes[recorded]
        if known:
            return Code(*known, branch=None, workdir=workdir)
        if _FULL_SHA.match(recorded):
            self._remarks.add("its commit is not in this repository, so it cannot be run again", row["id"])
            return Code(recorded, NO_COMMIT, branch=None, workdir=workdir)
        problem = (
            f"its commit is recorded as {quoted(recorded)}, which is not a commit here"
            if recorded
            else "it has no commit"
        )
        self._remarks.add(f"{problem}; zeros stand in for it", row["id"])
        return Code(NO_COMMIT, NO_COMMIT, branch=None, workdir=workdir)

    def _datasets(self, experiment: Content) -> dict[str, str]:
        paths = {content["name"]: content["path"] for content in self._definitions.datasets.values()}
        return {name: paths[name] for name in experiment.get("datasets", ())}

    def _created(self, row: Row, storage: Storage, groups: list[Group]) -> str:
        times = [meanings.timestamp(row["launched"]), *(g.started for g in groups), *(g.ended for g in groups)]
        if known := next((time for time in times if time), meanings.timestamp(row["finished"])):
            return known
        self._remarks.add("its launch time is unknown; 1970 stands in for it", row["id"])
        return UNKNOWN_TIME


def _command_of(program: Program) -> tuple[str, ...]:
    try:
        return program.command_line()
    except InputInvalid:  # an unclosed quote
        return (*program.command.split(), program.executable)


def _requested(row: Row, args: list[tuple[str, ...]]) -> RequestedParameters:
    """Return the requested parameters, which qanat 0.x kept only in expanded form."""
    if file := text(row["param_file"]):
        return RequestedParameters(param_file=file)
    if len(args) == 1:
        return RequestedParameters(args[0])
    return RequestedParameters(groups=tuple(shlex.join(arguments) for arguments in args))


def _mapping(value: object) -> dict[str, Any] | None:
    """Parse a mapping that was stored as JSON; None if it is not one."""
    try:
        # JSON can contain null characters and lone surrogates, which no file can.
        found = json.loads(_NULL.sub(r"\1", text(value)))
        found = json.loads(json.dumps(found, ensure_ascii=False).encode("utf-8", "replace"))
    except (ValueError, RecursionError):
        return None
    return found if isinstance(found, dict) else None
