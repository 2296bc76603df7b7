"""Running an action of an experiment on the results of a run."""

from __future__ import annotations

import shlex
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from qanat.domain.experiment import Action, Experiment
from qanat.domain.names import check_text, nearest
from qanat.domain.redaction import redacted_arguments
from qanat.domain.shortening import quoted
from qanat.errors import InputInvalid, NotFound, RunnerUnavailable, reason
from qanat.git import history, worktree
from qanat.records import storage, yaml_io
from qanat.system import files, folders
from qanat.usecases.project import Project
from qanat.usecases.results import place
from qanat.usecases.results.proof import Proof
from qanat.usecases.runs import attended
from qanat.usecases.tracking.find import Found, check_group, check_results, results_missing


@dataclass(frozen=True, slots=True)
class ActionPlan:
    """An action to run: its full command, the directory it works on, and the diff of its program since the run.

    It is noted in the directory if qanat made that for the run: at `notes`, to which no link may lead by then.
    """

    action: Action
    command: tuple[str, ...]
    folder: Path
    difference: str
    notes: Path | None


def _update(experiment: Experiment, action: str) -> str:
    return f"qanat experiment update {experiment.name} --action {shlex.quote(action)}"


def plan_action(
    project: Project, experiment: Experiment, name: str, found: Found, group: int | None, args: Sequence[str]
) -> ActionPlan:
    """Check an action and build its command. Raises NotFound or InputInvalid."""
    action = experiment.actions.get(name)
    if action is None:
        close = nearest(name, experiment.actions) or sorted(experiment.actions)
        hint = f"available: {', '.join(close)}" if close else f"add one: {_update(experiment, f'{name}=COMMAND')}"
        raise NotFound(f"experiment {experiment.name} has no action {quoted(name)}", hint=hint)
    if not files.is_file(project.root / action.program.executable):
        raise InputInvalid(
            f"action {name}: executable {action.program.executable} does not exist",
            hint=f"correct it with: {_update(experiment, f'{name}=COMMAND')}",
        )
    check_results(found)
    folder = found.folder if group is None else found.group_folder(check_group(found, group))
    if not files.is_folder(folder):
        raise results_missing(found, folder)
    place.check_way(project, found.run, folder)
    command = (*action.program.command_line(), *map(check_text, args), "--storage_path", str(folder))
    difference = history.diff(project.location, found.run.code.commit, action.program.executable)
    own = folders.plain(found.folder) / folder.relative_to(found.folder) / storage.ACTIONS
    notes = own if Proof(project).may_be_written(found.run) else None
    return ActionPlan(action, command, folder, difference, notes)


def run_action(project: Project, plan: ActionPlan) -> int:
    """Run an action in the project, on this terminal; note it in the run's own directory, and return its exit code.

    For a program killed by signal N, that is 128 + N. Raises RunnerUnavailable if it cannot be started, WriteFailed if
    it cannot be noted.
    """
    begun = project.clock.now()
    before = _files(plan.folder)
    try:
        code = attended.run(plan.command, cwd=project.root)
    except OSError as error:
        raise RunnerUnavailable(f"{plan.command[0]} could not be started: {reason(error)}") from None
    if plan.notes:
        line = _line(project, plan, begun, code, made=sorted(_files(plan.folder) - before - {storage.ACTIONS}))
        folders.append(plan.notes, line, sharing=project.sharing)
    return code


def _files(folder: Path) -> set[str]:
    """Return the paths of the files in a directory whose names are UTF-8; others cannot be recorded."""
    names = (path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file())
    return {name for name in names if name.encode(errors="ignore").decode() == name}


def _line(project: Project, plan: ActionPlan, begun: str, code: int, *, made: list[str]) -> bytes:
    """Return a line for the directory's list of actions: time, commit, command, exit code and new files."""
    row = {
        "at": begun,
        "action": plan.action.name,
        "commit": worktree.head(project.location),
        "command": redacted_arguments(plan.command),
        "exit_code": code,
        "made": made,
    }
    return yaml_io.dump({"actions": [row]}, flow=frozenset({"actions"})).split(b"\n", 1)[1]
