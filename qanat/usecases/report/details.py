"""What the page of a single run shows beyond its row: its command, its code, why it failed, its comment."""

from __future__ import annotations

import shlex
from contextlib import suppress
from typing import Any

from qanat.domain.run import Group, Run, State, described
from qanat.domain.shortening import shortened
from qanat.errors import InputInvalid
from qanat.git import repository, worktree
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

    def __init__(self, project: Project) -> None:
        self._project = project
        self._left = LOOKED_AT_MAX
        self._head = _code_of_head(project)

    def of(self, run: Run) -> dict[str, Any]:
        """Return the details of a run, without what is empty."""
        found = {
            "command": shortened(shlex.join(run.command), TEXT_MAX),
            "code": self._code(run),
            "storage": run.storage,
            "rerun_of": run.rerun_of,
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
        code = run.code
        said = {
            f"branch {code.branch}": bool(code.branch),
            "snapshot of uncommitted changes": code.snapshot,
            "files changed while it ran": bool(code.changed_while_running),
            "same code as HEAD": code.tree == self._head,
            "other code than HEAD": bool(self._head) and code.tree != self._head,
        }
        return [text for text, is_so in said.items() if is_so]

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


def _code_of_head(project: Project) -> str:
    """Return the tree of HEAD without records; empty in a repository without commits."""
    head = worktree.head(project.location)
    return repository.code_tree(repository.open_repository(project.location), head) if head else ""


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
