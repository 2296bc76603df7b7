"""Starting runs whose jobs are held until other runs have ended, and cancelling those that will never start.

Every command that looks at runs does so, but only for runs that this user's qanat has noted when it submitted them
(records.orders), and only if it wrote the records of the others itself.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from qanat.domain.intents import is_made_for
from qanat.domain.job import JobHandle
from qanat.domain.order import After
from qanat.domain.run import Run, State
from qanat.errors import InputInvalid, NotFound, QanatError
from qanat.records import orders
from qanat.records.index import Index
from qanat.records.orders import Waiting
from qanat.runners.protocol import CanHold, Runner, Runners
from qanat.usecases.project import Project
from qanat.usecases.runs.cancel import open_jobs
from qanat.usecases.tracking import edits, record
from qanat.usecases.tracking.refresh import Refreshed
from qanat.usecases.tracking.submission import Job

_NOT_STARTED = (State.QUEUED, State.HELD)


def keep_order(project: Project, index: Index, result: Refreshed, runners: Runners) -> None:
    """Release or cancel the jobs of runs that wait for others, as far as these have ended; adds notes for the user."""
    _Turn(project, index, result, runners).act()


class _Turn:
    """One look at all runs that wait. `cancelled` are those that are being cancelled, which the next ones wait for."""

    def __init__(self, project: Project, index: Index, result: Refreshed, runners: Runners) -> None:
        self._project, self._index, self._result, self._runners = project, index, result, runners
        self._private = project.location.private
        self._live = {run.id: run for run in result.live.values()}
        self._cancelled: dict[str, Run] = {}

    def act(self) -> None:
        """Release or cancel what can be."""
        for waiting in orders.all_waiting(self._private, str(self._project.root)):
            run = self._result.live.get(waiting.record)
            if run and not run.state.ended and run.submission.intent == waiting.intent:
                self._weigh(waiting, run)
            elif self._is_over(waiting):
                orders.forget(self._private, waiting.run_id)
        for name in dict.fromkeys(run.runner.name for run in self._cancelled.values()):
            self._cancel(name, [run for run in self._cancelled.values() if run.runner.name == name])

    def _is_over(self, waiting: Waiting) -> bool:
        """Return whether the jobs of a note have ended, as the record says by now: another command may submit others.

        A record may also be missing because another branch is checked out.
        """
        try:
            now = record.load_record(self._project, waiting.record)
        except NotFound:
            return orders.is_old(self._private, waiting.run_id)
        except InputInvalid:
            return False
        return now.state.ended or now.submission.intent != waiting.intent

    def _weigh(self, waiting: Waiting, run: Run) -> None:
        states = [(one, self._state(one)) for one in waiting.after]
        if any(state is not None and one.is_broken(state) for one, state in states):
            self._cancelled[run.id] = run
        elif all(state is not None and one.is_met(state) for one, state in states):
            self._release(waiting, run)
        elif stranger := next((one for one, state in states if state is None and one.run not in self._live), None):
            what = f"run {run.number} waits for run {stranger.number}, whose end this qanat did not record"
            self._result.notes.append(f"{what}; to start it: qanat release {run.number}")

    def _state(self, one: After) -> State | None:
        """Return the state of a run; None if it is not known, or known from a record that qanat did not write here."""
        if one.run in self._cancelled:
            return State.CANCELLED
        if one.run in self._live:
            state = self._live[one.run].state
            return None if state.ended else state
        for row in self._index.numbered(one.number):
            if row.id == one.run and row.path in self._result.pending:
                return State.QUEUED  # it will be retried
            if row.id == one.run and self._is_own(row.path):
                return State(row.state)
        return None

    def _is_own(self, path: str) -> bool:
        try:
            return edits.is_own(self._project, path, edits.read(self._project, path))
        except (InputInvalid, NotFound):
            return False

    def _release(self, waiting: Waiting, run: Run) -> None:
        """Release the jobs of a run, unless the user holds them."""
        try:
            runner = self._runners.submitting(run.runner.name)
            if isinstance(runner, CanHold) and not waiting.kept and (handles := list(self._not_started(run))):
                runner.release(handles)
        except QanatError as error:
            self._result.notes.append(f"run {run.number} may start, but could not be released: {error.message}")
            return
        if all(group.job for group in run.groups if not group.state.ended):
            orders.forget(self._private, run.id)

    def _cancel(self, name: str, runs: Sequence[Run]) -> None:
        try:
            runner: Runner = self._runners.submitting(name)
            if handles := [handle for run in runs for handle in self._handles(run)]:
                runner.cancel(handles)
        except QanatError as error:
            numbers = ", ".join(str(run.number) for run in runs)
            self._result.notes.append(f"what run {numbers} waits for did not end as required: {error.message}")

    def _not_started(self, run: Run) -> Iterator[JobHandle]:
        jobs = self._jobs(run)
        return (job.handle for job in jobs if all(group.state in _NOT_STARTED for group in job.groups))

    def _handles(self, run: Run) -> list[JobHandle]:
        return [job.handle for job in self._jobs(run)]

    def _jobs(self, run: Run) -> list[Job]:
        return open_jobs(self._project, run) if is_made_for(run.submission.intent, run.id) else []
