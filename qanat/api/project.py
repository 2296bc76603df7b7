"""An open project, as a Python object."""

from __future__ import annotations

import warnings
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Literal, overload

from qanat.api.checking import Check
from qanat.api.comparing import Comparison, compare_runs
from qanat.api.documents import HasDocuments
from qanat.api.exporting import Exports
from qanat.api.opened import Opened
from qanat.api.plans import Plans
from qanat.api.progress import Shown
from qanat.api.runs import Run, Runs, word, words
from qanat.api.spelling import for_python, listed
from qanat.domain import condition
from qanat.domain import run as records
from qanat.domain.condition import Compared, Condition
from qanat.usecases import project as projects
from qanat.usecases.launch.looking import refreshed
from qanat.usecases.runs.compare import CompareRequest
from qanat.usecases.runs.rows import matching_runs
from qanat.usecases.tracking.find import find_run

if TYPE_CHECKING:
    from qanat.usecases.runs.reproduction import Basis


def open(path: str | Path = ".") -> Project:  # qanat.open(".") reads well
    """Open the project that contains path. Raises qanat.errors.ProjectNotFound if there is none."""
    with for_python():
        return Project(Opened(projects.open_project(Path(path))))


class Project(Plans, Exports, HasDocuments):
    """An open project."""

    def __init__(self, opened: Opened) -> None:
        self._opened = opened

    def __repr__(self) -> str:
        return f"<Project {str(self.path)!a}>"

    @property
    def path(self) -> Path:
        """Its top folder."""
        return self._opened.project.root

    def runs(
        self,
        experiment: str | None = None,
        *,
        state: str | None = None,
        tag: str | None = None,
        where: str | Sequence[str] = (),
    ) -> Runs:
        """Return the runs that meet a condition, newest first.

        `where` is a condition as for `qanat runs --where`, such as "lr<0.01 and metric.acc>0.9 or tag=paper", or a list
        of conditions, all of which must be met. Warns of each record that cannot be read, such as one that a newer
        qanat wrote. Raises UsageError for an invalid condition, also if no run has a parameter or metric of this name,
        and NotFound for an experiment that is neither defined nor has runs.
        """
        project = self._opened.project
        with for_python():
            wanted = _condition([where] if isinstance(where, str) else where, state, tag)
            with refreshed(project, self._opened.runners) as (index, result):
                found = matching_runs(project, index, result, wanted, experiment=experiment)
                unreadable = index.unreadable(experiment)
                is_known = bool(found or index.summaries(experiment=experiment, newest=1))
            for problem in unreadable:
                warnings.warn(problem, stacklevel=2)
            if experiment is not None and not is_known:
                project.experiment(experiment)
        return Runs([Run.of(self._opened, run) for run in found])

    def run(self, run: str | int) -> Run:
        """Return one run by its number or id. Raises NotFound, or UsageError if several runs have the number."""
        project = self._opened.project
        with for_python(), refreshed(project, self._opened.runners) as (index, result):
            return Run.of(self._opened, find_run(project, index, result, str(run)).run)

    def compare(
        self,
        runs: Run | str | int | Iterable[Run | str | int] = (),
        *,
        where: str | Sequence[str] = (),
        pool: bool = False,
        baseline: Run | str | int | None = None,
        metrics: Sequence[str] = (),
        group_by: str | None = None,
        sort: str | Sequence[str] = (),
        better: Mapping[str, str] | None = None,
    ) -> Comparison:
        """Compare these runs, or all, like `qanat compare`; return the rows.

        The keywords are the options of `qanat compare`: `where` is a condition or a list of conditions, `baseline` a
        run or a condition, `metrics` lists the values of --metric, `sort` is a name or a list of names, and `better`
        maps metrics to "higher" or "lower".
        Warns of runs that do not exist, unless none does, and of groups that do not count. Raises UsageError if there
        is nothing to compare, and for an unknown name.
        """
        several = [runs] if isinstance(runs, Run | str | int) else runs
        names, base = [word(run) for run in several], None if baseline is None else word(baseline)
        keys = [sort] if isinstance(sort, str) else sort
        request = CompareRequest(better or {}, group_by, keys, only=listed("metrics", metrics), pool=pool)
        with for_python():
            return compare_runs(self._opened, names, [where] if isinstance(where, str) else where, base, request)

    def launch(
        self,
        experiment: str,
        args: Sequence[object] = (),
        *,
        groups: Sequence[str] = (),
        ranges: Sequence[str] = (),
        param_file: str | Path | None = None,
        parameters_file: str | Path | None = None,
        runner: str = "local",
        template: str | None = None,
        n_threads: int = 1,
        fail_fast: bool = False,
        max_running: int | None = None,
        per_job: int | None = None,
        retry: int | None = None,
        wait: bool = False,
        cancel_on_interrupt: bool = False,
        detach: bool = False,
        time_limit: str | None = None,
        storage_path: str | Path | None = None,
        tags: Sequence[str] = (),
        description: str = "",
        commit_message: str | None = None,
        snapshot: bool = False,
        add: Sequence[str | Path] = (),
        allow_secrets: bool = False,
        commit_sha: str | None = None,
        in_place: bool = False,
        needed: bool = False,
        ignore: Sequence[str] = (),
        many: bool = False,
        container: str | Path | Mapping[str, object] | None = None,
        after: Sequence[Run | str | int] = (),
        on_progress: Shown = None,
    ) -> Run:
        """Run an experiment and record it, like `qanat run`; return the run.

        `args` are the program's arguments, converted with str(). The keywords are the options of `qanat run`: `groups`,
        `ranges`, `tags`, `add`, `ignore` and `after` (runs, or texts like "4:any") list values, `template` is --submit-
        template, and `many` is --yes. A local run has ended when this returns, and its output is in files below its
        `path`. If a program fails, nothing is raised: see `state`. A submitted run has ended only with wait=True, and
        with detach=True a local one continues by itself: see Run.wait(). With needed=True, if nothing is left to run,
        the newest run with some groups is returned. `on_progress` is called in this thread with a Progress when groups
        start or end, or a submitted run is polled. Its exceptions are raised once the run is recorded. True draws a
        line, as it does in a notebook by default, and False nothing. KeyboardInterrupt cancels a local run, and is
        raised once that is recorded; in other threads, use the run's cancel(). Raises the errors of `qanat run`.
        """
        from qanat.api import launching  # only needed to start runs
        from qanat.usecases.launch.options import LaunchOptions

        opened, named = self._opened, (args, groups, ranges, tags, param_file, parameters_file, storage_path, container)
        request = launching.request(experiment, *named, description=description, many=many)
        ends = (wait, cancel_on_interrupt, max_running, allow_secrets, detach, time_limit, per_job, retry)
        options = LaunchOptions(runner, template, n_threads, fail_fast, *ends)
        with for_python():
            changes = launching.uncommitted(opened, commit_message, add, snapshot=snapshot, allow_secrets=allow_secrets)
            only = launching.needed_only(listed("ignore", ignore), needed=needed)
            request = replace(request, revision=commit_sha, uncommitted=changes, in_place=in_place, needed=only)
            return Run.of(opened, launching.launch(opened, request, options, on_progress, words(after)))

    @overload
    def rerun(
        self,
        run: Run | str | int,
        *,
        check: Literal[True],
        rtol: float = ...,
        runner: str | None = ...,
        template: str | None = ...,
        n_threads: int | None = ...,
        fail_fast: bool = ...,
        max_running: int | None = ...,
        per_job: int | None = ...,
        retry: int | None = ...,
        cancel_on_interrupt: bool = ...,
        time_limit: str | None = ...,
        container: str | Path | Mapping[str, object] | None = ...,
        head: bool = ...,
        commit_message: str | None = ...,
        snapshot: bool = ...,
        add: Sequence[str | Path] = ...,
        allow_secrets: bool = ...,
        on_progress: Shown = ...,
    ) -> Check: ...

    @overload
    def rerun(
        self,
        run: Run | str | int,
        groups: Sequence[int] = ...,
        *,
        check: Literal[False] = ...,
        failed: bool = ...,
        head: bool = ...,
        commit_message: str | None = ...,
        snapshot: bool = ...,
        add: Sequence[str | Path] = ...,
        runner: str | None = ...,
        template: str | None = ...,
        n_threads: int | None = ...,
        fail_fast: bool = ...,
        max_running: int | None = ...,
        per_job: int | None = ...,
        retry: int | None = ...,
        wait: bool = ...,
        cancel_on_interrupt: bool = ...,
        detach: bool = ...,
        time_limit: str | None = ...,
        container: str | Path | Mapping[str, object] | None = ...,
        allow_secrets: bool = ...,
        needed: bool = ...,
        ignore: Sequence[str] = ...,
        after: Sequence[Run | str | int] = ...,
        on_progress: Shown = ...,
    ) -> Run: ...

    def rerun(
        self,
        run: Run | str | int,
        groups: Sequence[int] = (),
        *,
        check: bool = False,
        rtol: float = 1e-9,
        failed: bool = False,
        head: bool = False,
        commit_message: str | None = None,
        snapshot: bool = False,
        add: Sequence[str | Path] = (),
        runner: str | None = None,
        template: str | None = None,
        n_threads: int | None = None,
        fail_fast: bool = False,
        max_running: int | None = None,
        per_job: int | None = None,
        retry: int | None = None,
        wait: bool = False,
        cancel_on_interrupt: bool = False,
        detach: bool = False,
        time_limit: str | None = None,
        container: str | Path | Mapping[str, object] | None = None,
        allow_secrets: bool = False,
        needed: bool = False,
        ignore: Sequence[str] = (),
        after: Sequence[Run | str | int] = (),
        on_progress: Shown = None,
    ) -> Run | Check:
        """Repeat a run as a new one, with the same code and parameters, like `qanat rerun`; return the new run.

        With `groups`, only these are repeated; with failed=True, only those (of them) that did not finish. With
        head=True, the code is as it is now, and not the commit of the first run. Other keywords are those of launch();
        by default, the run uses the same runner as the first one. With check=True, a whole run is repeated, and the new
        run waited for and compared: numbers are equal up to the relative difference `rtol`. The Check that is returned
        has both runs and what differs. Raises UsageError if no group is left to repeat.
        """
        from qanat.api import launching  # only needed to start runs
        from qanat.usecases.launch.options import LaunchOptions

        with for_python():
            found, live = launching.find(self._opened, word(run))
            basis = None
            if check:
                launching.check_asked(some_groups=failed or bool(groups), detach=detach, needed=needed)
                basis = launching.basis(self._opened, found)
            there = runner or found.run.runner.name
            ends = (wait or check, cancel_on_interrupt, max_running, allow_secrets, detach, time_limit, per_job, retry)
            options = LaunchOptions(there, template, n_threads, fail_fast, *ends)
            numbers = launching.chosen_groups(found, groups, failed=failed) if failed or groups else []
            changes = launching.uncommitted(
                self._opened, commit_message, add, snapshot=snapshot, allow_secrets=allow_secrets
            )
            only = launching.needed_only(listed("ignore", ignore), needed=needed)
            repeat = launching.Repeat(numbers, head, changes, only, launching.container_from(container), words(after))
            again = launching.rerun(self._opened, found, live, options, repeat, on_progress)
            return Run.of(self._opened, again) if basis is None else _checked(self._opened, basis, again, rtol)

    def retry(
        self,
        run: Run | str | int,
        groups: Sequence[int] = (),
        *,
        failed: bool = False,
        changes: Mapping[str, str] | None = None,
        start_over: bool = False,
        template: str | None = None,
        n_threads: int | None = None,
        fail_fast: bool = False,
        max_running: int | None = None,
        per_job: int | None = None,
        retry: int | None = None,
        wait: bool = False,
        cancel_on_interrupt: bool = False,
        detach: bool = False,
        time_limit: str | None = None,
        allow_secrets: bool = False,
        on_progress: Shown = None,
    ) -> Run:
        """Retry groups of a run, like `qanat retry`; return the run.

        By default, and with failed=True among `groups`, those that failed, were cancelled or are lost. `changes`
        replace options for the scheduler, such as {"mem": "2x"}; with `start_over`, no group continues from its
        checkpoint. Other keywords are those of launch().
        """
        from qanat.api import launching  # only needed to start runs
        from qanat.usecases.launch.options import LaunchOptions

        with for_python():
            found, live = launching.find(self._opened, word(run), retries_due=False)
            numbers = launching.chosen_groups(found, groups, failed=failed)
            there = found.run.runner.name
            ends = (wait, cancel_on_interrupt, max_running, allow_secrets, detach, time_limit, per_job, retry)
            options = LaunchOptions(there, template, n_threads, fail_fast, *ends)
            known = (self._opened, found, live, numbers, changes or {}, options, on_progress)
            retried = launching.retry(*known, start_over=start_over)
            return Run.of(self._opened, retried)


def _condition(where: Sequence[str], state: str | None, tag: str | None) -> Condition:
    named = {"state": state, "tag": tag}
    parts = [condition.parse(text) for text in where]
    return condition.all_of([*parts, *(Compared(name, "=", value) for name, value in named.items() if value)])


def _checked(opened: Opened, basis: Basis, again: records.Run, rtol: float) -> Check:
    """Return how a rerun compares. Raises InputInvalid if it has been cancelled or is lost."""
    from qanat.api import launching  # only needed to start runs

    verdict = launching.verdict(opened, basis, again, rtol)
    first, now, found = Run.of(opened, basis.run), Run.of(opened, again), verdict.found
    is_same = found.is_identical, found.is_equal
    return Check(first, now, *is_same, found.files, found.values, basis.notes, verdict.causes)
