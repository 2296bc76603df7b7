"""The states of groups whose jobs have several: a scheduler knows the job, files know the groups."""

from __future__ import annotations

from dataclasses import replace

from qanat.domain import bundles, completion
from qanat.domain.completion import STOPPED
from qanat.domain.job import JobStatus
from qanat.domain.run import SCHEDULER, Group, Run, State
from qanat.records import cancelled_groups, storage
from qanat.usecases.project import Project
from qanat.usecases.tracking.group_states import GroupStates
from qanat.usecases.tracking.submission import Job


class Bundles:
    """The groups of bundled runs of one scheduler; with_completions() comes first for each run."""

    def __init__(self, project: Project, states: GroupStates) -> None:
        self._clock = project.clock
        self._states = states
        self._starts: dict[str, dict[int, list[str]]] = {}
        self._cancelled: dict[str, dict[int, str]] = {}

    def with_completions(self, run: Run) -> Run:
        """Return a run with the ends from completion files, which are not looked for where no group has begun.

        A job begins its groups in order, and none of them again that has ended.
        """
        folder, intent = self._states.folder(run), run.submission.intent
        self._cancelled[run.id] = cancelled_groups.read(folder, intent, len(run.groups))
        self._starts[run.id] = {}
        changed: dict[int, Group] = {}
        for of_job in bundles.by_job(run.groups).values():
            changed |= self._look(run, [group for group in of_job if not group.state.ended])
        unnamed = [group for group in run.groups if group.job is None and not group.state.ended]
        return run.with_groups(changed | self._look(run, unnamed))

    def _look(self, run: Run, groups: list[Group]) -> dict[int, Group]:
        """Return those of a job's groups that have left an end; note which of the others have begun."""
        changed = {}
        for group in groups:
            if status := self._states.completion(run, group):
                changed[group.number] = self._states.ended(run, group, status)
            elif starts := storage.read_starts(self._states.own(run, group)):
                self._starts[run.id][group.number] = starts
            elif group.number not in self._cancelled[run.id] and group.job is not None:
                break
        return changed

    def combined(self, run: Run, job: Job, status: JobStatus, problem: str) -> dict[int, Group]:
        """Return the groups of a job that have left no end, by their numbers, as the job's status has them."""
        left = [group for group in job.groups if not group.state.ended]
        starts = self._starts[run.id]
        if not problem and (status.state is None or status.state.ended):
            starts |= {group.number: storage.read_starts(self._states.own(run, group)) for group in left}
        began = len(left) < len(job.groups) or any(starts.get(group.number) for group in left)
        return {
            group.number: self._group(run, group, status, problem, starts.get(group.number, []), others_began=began)
            for group in left
        }

    def _group(
        self, run: Run, group: Group, status: JobStatus, problem: str, starts: list[str], *, others_began: bool
    ) -> Group:
        cancelled = self._cancelled[run.id].get(group.number)
        if cancelled and not (starts and self._may_run(run, group)):
            return self._not_started_again(run, group, cancelled, starts)
        now = self._states.combined(run, group, bundles.status_in_job(group, status, starts), problem)
        if not (now.state.ended and now.is_hearsay):
            return now
        if cancelled:
            return self._not_started_again(run, group, cancelled, starts)
        now = bundles.end_in_job(now, status, began=bool(starts), others_began=others_began)
        return now if now.state is State.LOST else replace(now, ended=now.ended or self._clock.now(), source=SCHEDULER)

    def _may_run(self, run: Run, group: Group) -> bool:
        """Return whether a group that its job has begun with has not been stopped together with that job."""
        return storage.read_completion(self._states.own(run, group), name=STOPPED) is None

    def _not_started_again(self, run: Run, group: Group, cancelled: str, starts: list[str]) -> Group:
        """Return a group that was cancelled and does not run: its job leaves it out from then on."""
        status = JobStatus(
            State.CANCELLED,
            reason=completion.CANCELLED_REASON,
            started=starts[-1] if starts else None,
            ended=max([cancelled, *starts]),
            restarts=max(len(starts) - 1, 0),
        )
        return self._states.heard(run, group, status)
