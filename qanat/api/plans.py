"""Plans of runs for review, as Python objects."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING

from qanat.api.opened import Opened
from qanat.api.spelling import for_python, listed

if TYPE_CHECKING:
    from qanat.domain.run_plan import RunPlan


@dataclass(frozen=True, slots=True)
class PlannedGroup:
    """A group that a run would have.

    `status` says whether an earlier run has it: done, failed, active or new. `run` is the id of that run, or of the
    nearest one, `run_group` the number of its group there, and `why` how that differs.
    """

    number: int
    args: tuple[str, ...]
    key: str | None
    status: str
    run: str
    run_group: int | None
    why: str


@dataclass(frozen=True, slots=True)
class Plan:
    """What a run would execute: `commit` has its code, `key` the parts that its groups share of their keys."""

    experiment: str
    commit: str
    key: Mapping[str, str]
    digest: str
    groups: tuple[PlannedGroup, ...]
    _plan: RunPlan = field(repr=False, compare=False)
    _opened: Opened = field(repr=False, compare=False)

    @classmethod
    def of(cls, opened: Opened, plan: RunPlan) -> Plan:
        """Return the plan of a run."""
        from qanat.usecases.launch import planning  # only for plans

        groups = tuple(
            PlannedGroup(n, g.args, g.key, g.standing.status, g.standing.run, g.standing.group, g.standing.why)
            for n, g in enumerate(plan.groups)
        )
        digest = planning.as_mapping(plan)["digest"]
        return cls(plan.experiment, plan.commit, plan.key.as_mapping(), digest, groups, plan, opened)

    def save(self, path: str | Path) -> None:
        """Write the plan into a new file, for `qanat run --plan`; a file that has it already stays.

        Raises UsageError for a file with anything else, and WriteFailed.
        """
        from qanat.usecases.launch import planning

        with for_python():
            planning.write(self._opened.project, self._plan, Path(path))


class Plans:
    """What an open project can plan."""

    _opened: Opened

    def plan(
        self,
        experiment: str,
        args: Sequence[object] = (),
        *,
        groups: Sequence[str] = (),
        ranges: Sequence[str] = (),
        param_file: str | Path | None = None,
        parameters_file: str | Path | None = None,
        container: str | Path | None = None,
        runner: str = "local",
        template: str | None = None,
        tags: Sequence[str] = (),
        description: str = "",
        commit_sha: str | None = None,
        needed: bool = False,
        ignore: Sequence[str] = (),
        many: bool = False,
    ) -> Plan:
        """Return what a run of an experiment would execute, like `qanat plan`; nothing is run.

        The keywords are those of launch(). Raises its errors, and GitRefused for uncommitted changes of the code.
        """
        from qanat.api import launching  # only needed to start or plan runs
        from qanat.usecases.launch.options import LaunchOptions
        from qanat.usecases.launch.previewing import plan_for_review

        lists, files = (args, groups, ranges, tags), (param_file, parameters_file, None, container)
        request = launching.request(experiment, *lists, *files, description=description, many=many)
        with for_python():
            only = launching.needed_only(listed("ignore", ignore), needed=needed)
            request = replace(request, revision=commit_sha, needed=only)
            options = LaunchOptions(runner, template)
            opened = self._opened
            return Plan.of(opened, plan_for_review(opened.project, request, options, opened.runners))
