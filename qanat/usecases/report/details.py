"""What the page of a single run shows beyond its row: its command, its code, why it failed, its comment."""

from __future__ import annotations

import shlex
from collections.abc import Mapping
from contextlib import suppress
from typing import Any

from qanat.domain.experiment import Experiment
from qanat.domain.run import Group, Run, State, described
from qanat.domain.same_code import has_code
from qanat.domain.shortening import shortened
from qanat.errors import InputInvalid
from qanat.git import repository, worktree
from qanat.git.code_part import code_and_command
from qanat.usecases.project import Project
from qanat.usecases.runs.failures import failures
from qanat.usecases.tracking.find import read_comment

GROUPS_MAX = 100
FAILURES_MAX = 5
# How many groups may be looked at for what they said last, in all runs.
LOOKED_AT_MAX = 1_000
TEXT_MAX = 4_000


class Details:
    """Collects details of runs, with a limit for all of them together."""

    def __init__(self, project: Project, experiments: Mapping[str, Experiment]) -> None:
        self._project = project
        self._experiments = experiments
        self._left = LOOKED_AT_MAX
        self._head = worktree.head(project.location)
        self._tree = (
            repository.code_tree(repository.open_repository(project.location), self._head) if self._head else ""
        )
        self._keys: dict[str, tuple[str, str] | None] = {}

    def of(self, run: Run) -> dict[str, Any]:
        """Return the details of a run, without what is empty."""
        found = {
            "command": shortened(shlex.join(run.command), TEXT_MAX),
            "code": self._code(run),
            "storage": run.storage,
            "removed": run.results_removed,
            "rerun_of": run.rerun_of,
            "origin": str(run.origin) if run.origin else "",
            "template": run.runner.template,
            "options": {name: shortened(str(value), TEXT_MAX) for name, value in run.runner.options.items()},
            "outputs": _outputs(run),
            "groups": [_group(group) for group in run.groups[:GROUPS_MAX]],
            "failures": self._failures(run),
            "comment": self._comment(run),
        }
        return {key: value for key, value in found.items() if value}

    def _code(self, run: Run) -> list[str]:
        """List what there is to say about the code."""
        code, is_head = run.code, self._is_head(run)
        said = {
            f"branch {code.branch}": bool(code.branch),
            "snapshot of uncommitted changes": code.snapshot,
            "files changed while it ran": bool(code.changed_while_running),
            "same code as HEAD": is_head,
            "other code than HEAD": bool(self._head) and code.is_known and not is_head,
            "unknown": not code.is_known,
        }
        return [text for text, is_so in said.items() if is_so]

    def _is_head(self, run: Run) -> bool:
        """Return whether a run executed the code of HEAD."""
        return has_code(run, self._tree, None) or has_code(run, self._tree, self._key_of_head(run.experiment))

    def _key_of_head(self, name: str) -> tuple[str, str] | None:
        """Return the code and the command that keys of an experiment would have now; None if that is not known."""
        if name not in self._keys:
            experiment, self._keys[name] = self._experiments.get(name), None
            if self._head and experiment:
                with suppress(InputInvalid):
                    self._keys[name] = code_and_command(self._project.location, self._head, experiment)
        return self._keys[name]

    def _failures(self, run: Run) -> list[dict[str, Any]]:
        failed = sum(group.state is State.FAILED for group in run.groups)
        if not 0 < failed <= self._left:
            return []
        self._left -= failed
        return [
            {"groups": len(one.groups), "first": one.groups[0], "reason": one.reason, "lines": list(one.lines)}
            for one in failures(self._project, run)[:FAILURES_MAX]
        ]

    def _comment(self, run: Run) -> str:
        with suppress(InputInvalid):
            return shortened(read_comment(self._project, run), TEXT_MAX)
        return ""


def _group(group: Group) -> dict[str, Any]:
    found = {
        "args": shortened(shlex.join(group.args), TEXT_MAX),
        "job": group.job,
        "state": described(group.state, group.reason, group.attempt) if group.reason or group.attempt > 1 else "",
    }
    return {key: value for key, value in found.items() if value}


def _outputs(run: Run) -> list[int]:
    """Return how many files the groups left, and their size in bytes; nothing if that is not known."""
    known = [group.outputs for group in run.groups if group.outputs]
    return [sum(each.files for each in known), sum(each.bytes for each in known)] if known else []
