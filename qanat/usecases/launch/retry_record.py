"""Recording groups of an ended run that are about to start again, and undoing that."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

from qanat.domain.checkpoint import left_out
from qanat.domain.layout import group_folder
from qanat.domain.run import Run, State
from qanat.errors import QanatError, UsageError
from qanat.records import retries
from qanat.usecases.environment.kept import Kept
from qanat.usecases.launch import earlier_files
from qanat.usecases.project import Project
from qanat.usecases.tracking import notices, record
from qanat.usecases.tracking.find import Found


class RetriedMeanwhile(UsageError):
    """Another command has queued the groups since this one looked at the run."""


@dataclass(frozen=True, slots=True)
class Again:
    """Groups of an ended run that are about to start again; in `run`, they are queued."""

    project: Project
    found: Found
    run: Run
    numbers: tuple[int, ...]
    folder: Path
    environments: tuple[Kept, ...] = ()
    start_over: bool = False

    def write(self) -> Run:
        """Queue the groups in the record, and set aside what their last attempts left."""
        for file in self.environments:
            file.write(self.project)
        run, _ = record.update_record(self.project, self.found.record, self._queued)
        try:
            for number in self.numbers:
                earlier_files.set_aside(*self._last(number), self.project.sharing, self._stays(number))
        except QanatError:
            self.undo()
            raise
        return run

    def undo(self) -> None:
        """Restore the ends and files of the last attempts, if it was write() that queued the groups."""
        before = self.found.run
        for file in self.environments:
            file.take_back(self.project)
        now = record.load_record(self.project, self.found.record)
        if now.submission.intent != self.run.submission.intent:
            return
        # First what makes room for the record, where a disk is full.
        if not retries.read(self.project.location.private, before.id):
            notices.forget(self.project, before)  # its user knows of that end, unless its policy was to retry it
        run, _ = record.update_record(self.project, self.found.record, self._ended)
        if run.submission.intent == before.submission.intent:
            for number in self.numbers:
                earlier_files.put_back(self.project, *self._last(number))

    def _last(self, number: int) -> tuple[Path, int]:
        """Return the directory of a group, and the number of its last attempt."""
        groups = self.found.run.groups
        return group_folder(self.folder, number, len(groups)), groups[number].attempt

    def _queued(self, now: Run) -> Run:
        before = self.found.run
        if any(now.groups[n].attempt != before.groups[n].attempt for n in self.numbers) or not now.state.ended:
            raise RetriedMeanwhile(
                f"run {now.number} is being retried by another qanat", hint=f"see how it is doing: qanat show {now.id}"
            )
        return self._with(now, self.run)

    def _ended(self, now: Run) -> Run:
        is_ours = now.submission.intent == self.run.submission.intent
        return self._with(now, self.found.run) if is_ours else now

    def _stays(self, number: int) -> frozenset[str]:
        """Return what the next attempt of a group finds in its directory; one that has finished starts over."""
        before = self.found.run
        goes_on = not self.start_over and before.groups[number].state is not State.FINISHED
        return left_out(before.checkpoint) if goes_on else frozenset()

    def _with(self, now: Run, source: Run) -> Run:
        groups = {n: source.groups[n] for n in self.numbers}
        changed = now.with_groups(groups)
        return replace(
            changed, runner=source.runner, submission=source.submission, results_removed=source.results_removed
        )
