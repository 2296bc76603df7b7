"""Importing the runs of another tool: what would come is planned first, then all of it is written in one commit.

A run is imported once, by its id in that tool: one that has a record is left alone, and one whose record was deleted
stays deleted unless it is named.
"""

from __future__ import annotations

import contextlib
import json
import re
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from typing import Any

from qanat.domain.experiment import UNKNOWN_PROGRAM, Program
from qanat.domain.layout import RUNS
from qanat.domain.long_work import tracked
from qanat.domain.names import check_name
from qanat.domain.run import Run
from qanat.domain.shortening import quoted
from qanat.errors import InputInvalid, UsageError
from qanat.git import commits, history, lock, worktree
from qanat.imports import tools, values
from qanat.imports.remarks import Remarks, usable_name
from qanat.imports.stored import Listed, Source, StoredRun
from qanat.imports.writing import Writer, Written, uid_of
from qanat.records import definition_text, definitions, run_codec
from qanat.usecases.definitions.define import check_case
from qanat.usecases.project import Project
from qanat.usecases.tracking import counting, record
from qanat.usecases.tracking.find import comment_path

_RECORD = re.compile(r"[1-9][0-9]*-([0-9a-f]{6})\.yaml\Z")


@dataclass(frozen=True, slots=True)
class Wanted:
    """What to import: a tool and its source, the experiment that all runs go to (by default, as that tool files them).

    With `runs`, only those whose ids in that tool begin so. `unended` are runs that have no end, which are left out
    otherwise.
    """

    tool: str
    source: str
    experiment: str | None = None
    runs: Sequence[str] = ()
    with_files: bool = False
    unended: bool = False


@dataclass
class Plan:
    """What an import brings: runs, each with its experiment, and the definitions of new experiments.

    `here` counts the runs that are here already; `problems` are sentences on what cannot be read.
    """

    wanted: Wanted
    source: Source
    runs: list[tuple[StoredRun, str]] = field(default_factory=list)
    new: dict[str, dict[str, Any]] = field(default_factory=dict)
    here: int = 0
    problems: list[str] = field(default_factory=list)
    remarks: Remarks = field(default_factory=Remarks)
    written: list[Run] = field(default_factory=list)
    commit: str | None = None


def plan_import(project: Project, wanted: Wanted) -> Plan:
    """Read what a source has; nothing is written. Raises InputInvalid, UsageError, or what is missing to read it."""
    if wanted.experiment:
        check_name("experiment", wanted.experiment)
    plan = Plan(wanted, tools.open_source(wanted.tool, wanted.source, project.root))
    known, deleted = _known(project, wanted.tool), _deleted(project)
    for listed in tracked(plan.source.runs(), "runs read"):
        _add(plan, listed, known, deleted)
    plan.problems += plan.source.problems()
    if wanted.runs and not (plan.runs or plan.here or plan.problems):
        ids = " or ".join(map(quoted, wanted.runs))
        raise UsageError(
            f"no run of {wanted.source} has an id that begins with {ids}", hint="list all with --dry-run alone"
        )
    _choose_experiments(project, plan)
    return plan


def _add(plan: Plan, listed: Listed, known: dict[str, int], deleted: Collection[str]) -> None:
    wanted = plan.wanted
    if wanted.runs and not listed.id.startswith(tuple(wanted.runs)):
        return
    if (groups := known.get(values.text(listed.id))) is not None:
        plan.here += 1
        if listed.groups > groups:
            plan.remarks.add("has more groups by now, which are left out: delete it here to import it again", listed.id)
        return
    if uid_of(wanted.tool, listed.id) in deleted and not wanted.runs:
        plan.remarks.add("left out: it was deleted here after an earlier import (--run imports it again)", listed.id)
        return
    try:
        stored = listed.read()
    except InputInvalid as error:
        plan.problems.append(error.message)
        return
    if not wanted.unended and any(group.state is None for group in stored.groups):
        plan.remarks.add("left out: it has not ended (--unended imports it as lost)", listed.id)
        return
    plan.runs.append((stored, ""))


def _known(project: Project, tool: str) -> dict[str, int]:
    """Return the ids, in that tool, of the runs that are here, each with the number of its groups."""
    found = {}
    with project.index() as index:
        index.sync()
        for text in index.records():
            content = json.loads(text) if '"origin"' in text else {}
            if (origin := content.get("origin")) and origin["tool"] == tool:
                found[origin["id"]] = len(content["groups"])
    return found


def _deleted(project: Project) -> set[str]:
    """Return the uids of the runs whose records were deleted."""
    names = (path.rpartition("/")[2] for path in history.deleted_files(project.location, RUNS))
    return {found[1] for name in names if (found := _RECORD.match(name))}


def _choose_experiments(project: Project, plan: Plan) -> None:
    """Choose the experiment of every run, and define those that do not exist."""
    existing, chosen = project.names("experiment"), dict[str, str]()
    for place, (stored, _) in enumerate(plan.runs):
        old = stored.experiment
        if old not in chosen:
            chosen[old] = plan.wanted.experiment or usable_name(old, plan.wanted.tool, set(chosen.values()))
            if chosen[old] != old:
                plan.remarks.add(f"experiment {quoted(old)} is called {chosen[old]} here")
        name = chosen[old]
        plan.runs[place] = (stored, name)
        if name not in existing and name not in plan.new:
            check_case("experiment", name, [*existing, *plan.new, *project.former_names])
            plan.new[name] = _definition(project, plan.wanted.tool, name, stored)


def _definition(project: Project, tool: str, name: str, stored: StoredRun) -> dict[str, Any]:
    """Return the definition of an experiment, with the program that its runs name if that is a file of the project."""
    program = stored.program
    is_here = program and project.has_file(project.root / program)
    content = {
        "name": name,
        "description": f"Imported from {tool}.",
        "executable": program if is_here else UNKNOWN_PROGRAM,
        **({"executable_command": "python"} if is_here and program.endswith(".py") else {}),
    }
    return definitions.ordered(content, "experiment")


# ---- writing


def look_ahead(project: Project, plan: Plan) -> None:
    """Read all that an import would write, so that what it would change or leave out is known; nothing is written."""
    writer = _writer(project, plan)
    coming = []
    for stored, experiment in tracked(plan.runs, "runs read"):
        try:
            writer.look_at(stored, experiment)
            coming.append((stored, experiment))
        except InputInvalid as error:
            _leave_out(plan, stored, error)
    plan.runs = coming
    _keep_experiments(plan, {experiment for _, experiment in coming})


def _writer(project: Project, plan: Plan) -> Writer:
    now, wanted, programs = project.clock.now(), plan.wanted, _programs(project, plan)
    return Writer(project, wanted.tool, plan.source.shown, now, wanted.with_files, plan.remarks, programs)


def _leave_out(plan: Plan, stored: StoredRun, error: InputInvalid) -> None:
    plan.problems.append(error.message)
    plan.remarks.forget(stored.id)


def _keep_experiments(plan: Plan, used: Collection[str]) -> None:
    """Forget new experiments that get no run."""
    plan.new = {name: content for name, content in plan.new.items() if name in used}


def carry_out(project: Project, plan: Plan) -> None:
    """Write and commit an import. What was written is removed again if that fails, or is interrupted."""
    with lock.held(project.location):
        counting.begin(project)
    writer = _writer(project, plan)
    done: list[Written] = []
    numbers: dict[str, int] = {}
    files: dict[str, bytes] = {}
    try:
        for stored, experiment in tracked(plan.runs, "runs imported"):
            try:
                done.append(writer.write(stored, experiment))
                numbers[stored.id] = numbers[done[-1].run.id] = done[-1].run.number
            except InputInvalid as error:
                _leave_out(plan, stored, error)
        _keep_experiments(plan, {written.run.experiment for written in done})
        if done:
            _commit(project, plan, done, files)
        plan.remarks.rename(numbers)
    except BaseException:
        for written in reversed(done):
            writer.take_back(written)
            record.remove_record(project, written.run)
        for path in files:
            project.remove(project.root / path)
        raise


def _programs(project: Project, plan: Plan) -> dict[str, Program]:
    """Return the programs of the experiments of these runs, as far as they can be read."""
    found = {}
    for name in dict.fromkeys(name for _, name in plan.runs):
        if content := plan.new.get(name):
            found[name] = Program(content["executable"], content.get("executable_command", ""))
        else:
            with contextlib.suppress(InputInvalid):
                found[name] = project.experiment(name).program
    return found


def _commit(project: Project, plan: Plan, done: Sequence[Written], files: dict[str, bytes]) -> None:
    """Write the records, comments and definitions, which are added to `files`, and commit them together."""
    for name, content in plan.new.items():
        place = project.paths.definition("experiment", name, "")
        files[project.paths.relative(place)] = definition_text.encode(project.paths, "experiment", content, place)
    for written in done:
        if written.comment:
            files[comment_path(written.run)] = f"{written.comment}\n".encode()
    for path, data in files.items():
        project.write(project.root / path, data)
    for written in tracked(done, "records written"):
        run, notes = record.create_record(project, written.run)
        for note in notes:
            plan.remarks.add(note)
        plan.written.append(run)
        files[run_codec.path_of(run)] = project.read(project.root / run_codec.path_of(run))
    branch = worktree.checked_out(project.location)
    if not project.config.records_are_manual and branch is not None:
        with lock.held(project.location) as held:
            message = _message(plan)
            plan.commit = commits.commit_files(held, branch, files, message, checked_out=True)


def _message(plan: Plan) -> str:
    count = len(plan.written)
    runs = f"{count:,} run{'' if count == 1 else 's'}"
    return f"qanat: import {runs} from {plan.wanted.tool}\n\nSource: {plan.source.shown}\n"
