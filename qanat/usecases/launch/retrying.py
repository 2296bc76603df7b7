"""Retrying groups of submitted runs by the policy with which they were launched, once their runs have ended.

A record says which policy is in force, but starts nothing: only a run that this user's qanat submitted from here, and
noted, is retried automatically.
"""

from __future__ import annotations

import contextlib
import os
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path

from qanat.domain import pending_retry, times
from qanat.domain.pending_retry import PendingRetry
from qanat.domain.retry_policy import RetryPolicy, in_words, reasons
from qanat.domain.run import Group, Run
from qanat.errors import (
    InputInvalid,
    NotFound,
    QanatError,
    RecordEdited,
    RunnerUnavailable,
    SubmitFailed,
    SubmitUnknown,
    WriteFailed,
)
from qanat.records import retries
from qanat.records.index import Index
from qanat.records.retries import Noted
from qanat.runners.protocol import Runners
from qanat.usecases.launch import retry, retry_limits
from qanat.usecases.launch.code import Captured
from qanat.usecases.launch.options import LaunchOptions
from qanat.usecases.launch.retry_note import launched
from qanat.usecases.launch.retry_record import RetriedMeanwhile
from qanat.usecases.launch.view import AlreadyRun, DataReport, EnvironmentReport, Outcome
from qanat.usecases.project import Project
from qanat.usecases.tracking import edits, record
from qanat.usecases.tracking.find import Found
from qanat.usecases.tracking.refresh import Refreshed

# After a failure, the next try waits for PAUSE_S, and after each further one for twice as long.
FAILURES_MAX = 8
PAUSE_S = 30.0
# A record may be missing because another branch is checked out.
FORGOTTEN_S = 30 * 86_400.0
_PASSING = (RunnerUnavailable, SubmitFailed, WriteFailed)


def retry_due(project: Project, index: Index, result: Refreshed, runners: Runners, *, submits: bool = True) -> None:
    """Retry the groups of noted runs that are due, and add the runs to the result; no failure is raised.

    Groups that are due, but cannot be retried now, are in `retries`; without `submits`, so are all.
    """
    for noted in retries.of(project.location.private, str(project.root)):
        if run := result.live.get(noted.record):
            _add_pending(result, run, noted, pending_retry.ENDED)
            continue
        with retries.claimed(noted) as ours:
            if ours is not None:
                _Due(project, result, runners, ours).retry(submits=submits)
            elif noted.file.exists():
                _add_of_another(project, result, noted)
    if result.retried:
        index.sync()


@dataclass(frozen=True, slots=True)
class _Due:
    """A noted run that is not active, and where to report what becomes of it."""

    project: Project
    result: Refreshed
    runners: Runners
    noted: Noted

    def retry(self, *, submits: bool) -> None:
        """Retry the groups that are due; a run of which none is has ended for good, and is forgotten."""
        try:
            run = record.load_record(self.project, self.noted.record)
        except (InputInvalid, NotFound):
            self._forget_if_old()
            return
        if not run.state.ended:
            self.result.live[self.noted.record] = run  # another command has just retried it
            return
        if not (numbers := due(run, self.noted)):
            retries.forget(self.project.location.private, run.id)
            return
        if (until := self._paused()) or not submits:
            _add_pending(self.result, run, self.noted, until or pending_retry.NEXT_LOOK)
            return
        try:
            self._check_own(run)
            # Before the start: whatever happens then, no group gets more attempts than the policy allows.
            retries.write(self.noted.with_attempt(numbers), self.project.sharing)
            self._start(run, numbers)
        except RetriedMeanwhile:
            self._leave_to_another()
        except SubmitUnknown as error:
            self.result.notes.append(f"{_named(run)}: {error.message}")
            self.result.retried.append(self.noted.record)
        except _PASSING as error:
            self._failed(run, error)
        except Exception as error:  # noqa: BLE001  # a bug here must not keep every command from its work
            self._give_up(run, error)

    def _check_own(self, run: Run) -> None:
        """Raise RecordEdited unless this qanat launched what the record describes, and wrote how that ended.

        What came with a pull is committed, and so good enough for a retry by hand, but its jobs would be a stranger's.
        """
        path = self.noted.record
        is_own = edits.is_own(self.project, path, edits.read(self.project, path))
        if not is_own or launched(self.project, run) != self.noted.launch:
            raise RecordEdited(f"{path}, or a dataset of it, is not as at the launch")

    def _start(self, run: Run, numbers: Sequence[int]) -> None:
        found = Found(run, self.noted.record, self.project.storage_of(run))
        view = _Notes()
        runner, lacked = self.runners.submitting(run.runner.name), [run.groups[number] for number in numbers]
        runner.check()
        factors, limit = self.noted.policy.more(lacked), run.submission.time_limit
        more = retry_limits.changes(runner, run.runner.options, self._of_jobs(factors, run, lacked))
        limit = retry_limits.of_groups(limit, factors)
        options = LaunchOptions(
            run.runner.name, max_running=run.submission.max_running, allow_secrets=True, time_limit=limit
        )
        live = list(self.result.live.values())
        with _environment(self.noted.variables):
            known = (self.project, found, numbers, live, options, more)
            outcome = retry.retry(*known, runners=self.runners, view=view, by_policy=True)
        self.result.live[self.noted.record] = outcome.run
        self.result.retried.append(self.noted.record)
        what = described(outcome.run, run, numbers, self.noted.policy, more, limit)
        self.result.notes += [what, *(f"{_named(run)}: {line}" for line in (*view.lines, *outcome.notes))]

    def _of_jobs(self, factors: Mapping[str, str], run: Run, lacked: Sequence[Group]) -> dict[str, str]:
        """Return the factors for options of jobs, without that for time if groups exceeded only limits of their own."""
        by_scheduler = self.noted.policy.more([group for group in lacked if group.is_hearsay])
        own = run.submission.time_limit is not None and "time" not in by_scheduler
        return {key: factor for key, factor in factors.items() if not (own and key == "time")}

    def _paused(self) -> str:
        """Return until when nobody tries again after a failure; empty if the pause is over."""
        if not self.noted.failures or self.noted.last is None:
            return ""
        pause_s, now = PAUSE_S * 2 ** (self.noted.failures - 1), self.project.clock.now()
        waited_s = times.seconds_between(self.noted.last, now) or 0.0
        return pending_retry.tried_after(times.moved(now, pause_s - waited_s), now) if waited_s < pause_s else ""

    def _failed(self, run: Run, error: QanatError) -> None:
        """Note that nothing could be submitted; after FAILURES_MAX times, nobody tries again."""
        failures = self.noted.failures + 1
        if failures >= FAILURES_MAX:
            self._give_up(run, error)
            return
        now = self.project.clock.now()
        noted = replace(self.noted, failures=failures, last=now, problem=error.message)
        with contextlib.suppress(WriteFailed):
            retries.write(noted, self.project.sharing)
        later = times.moved(now, PAUSE_S * 2 ** (failures - 1))
        _add_pending(self.result, run, noted, pending_retry.tried_after(later, now))
        what = f"{_named(run)}: its groups could not be retried: {error.message}"
        self.result.notes.append(f"{what}; a later command tries again")

    def _leave_to_another(self) -> None:
        """Count no attempt: a user has just retried the run by hand, which the note on it still follows."""
        if now := retries.read(self.project.location.private, self.noted.file.name):
            with contextlib.suppress(WriteFailed):
                retries.write(replace(now, given=self.noted.given), self.project.sharing)
        run = record.load_record(self.project, self.noted.record)
        if not run.state.ended:
            self.result.live[self.noted.record] = run

    def _give_up(self, run: Run, error: Exception) -> None:
        from qanat.usecases.tracking import bug_report  # most retries can be submitted

        retries.forget(self.project.location.private, run.id)
        what = f"{_named(run)}: its groups are not retried: {bug_report.in_one(error)}"
        self.result.notes.append(f"{what}; to do so yourself: qanat retry {run.number}")

    def _forget_if_old(self) -> None:
        with contextlib.suppress(OSError):
            if time.time() - self.noted.file.stat().st_mtime > FORGOTTEN_S:
                self.noted.file.unlink()


def _add_pending(result: Refreshed, run: Run, noted: Noted, until: str) -> None:
    """Add the groups of a run that are due to those that a later command retries."""
    if numbers := due(run, noted):
        groups = {number: run.groups[number].attempt + 1 for number in numbers}
        result.retries[noted.record] = PendingRetry(
            run.id, run.number, groups, noted.policy.attempts, until, noted.problem
        )


def _add_of_another(project: Project, result: Refreshed, noted: Noted) -> None:
    """Add the groups of a run that another command is about to retry."""
    with contextlib.suppress(InputInvalid, NotFound):
        _add_pending(result, record.load_record(project, noted.record), noted, pending_retry.BY_ANOTHER)


def due(run: Run, noted: Noted) -> list[int]:
    """List the groups of a run that are to have another attempt, by the note on it and not by its record."""
    return [group.number for group in run.groups if noted.is_due(group)]


def described(
    now: Run,
    before: Run,
    numbers: Sequence[int],
    policy: RetryPolicy,
    changes: Mapping[str, str],
    limit: str | None = None,
) -> str:
    """Return a sentence on groups that are retried: why, which attempt this is, and with which options and limit."""
    last = [before.groups[number] for number in numbers]
    words = {in_words(word) for group in last for word in reasons(group)}
    words |= {f"exit code {group.exit_code}" for group in last if group.exit_code is not None and not reasons(group)}
    more = [f"{key} {now.runner.options[key]}" for key in changes]
    values = ", ".join([*more, *([f"{limit} for each group"] if limit else [])])
    which = f"group {numbers[0]} is" if len(numbers) == 1 else f"{len(numbers):,} groups are"
    attempts = sorted({now.groups[number].attempt for number in numbers})
    attempt = f"attempt {attempts[0]} of {policy.attempts}" if len(attempts) == 1 else "another attempt"
    why = f" ({', '.join(sorted(words))})" if words else ""
    return f"{_named(now)}: {which} retried{why}: {attempt}{f', with {values}' if values else ''}"


def _named(run: Run) -> str:
    return f"run {run.number} of {run.experiment}"


@contextmanager
def _environment(variables: Mapping[str, str | None]) -> Iterator[None]:
    """Have these variables set as they were at the launch; None stands for one that was not set."""
    before = {name: os.environ.get(name) for name in variables}
    _set(variables)
    try:
        yield
    finally:
        _set(before)


def _set(variables: Mapping[str, str | None]) -> None:
    for name, value in variables.items():
        if value is None:
            os.environ.pop(name, None)
        else:
            os.environ[name] = value


@dataclass(frozen=True, slots=True)
class _Notes:
    """Collects what a launch would show, as sentences; the run itself is reported by the caller."""

    lines: list[str] = field(default_factory=list)

    def begins(self, run: Run, folder: Path) -> None:
        """Note nothing."""

    def changed(self, group: object) -> None:
        """Note nothing."""

    def passing(self) -> None:
        """Note nothing."""

    def waits(self, reason: str) -> None:
        """Report nothing."""

    def captured(self, captured: Captured) -> None:
        """Note nothing: the code is that of the run."""

    def data(self, report: DataReport) -> None:
        """Note in what the data differ from those of the launch."""
        self.lines.extend([*report.lines, *report.problems])

    def environment(self, report: EnvironmentReport) -> None:
        """Note in what the environment differs from that of the launch."""
        self.lines.append(str(report))

    def already_run(self, report: AlreadyRun) -> None:
        """Note nothing."""

    def note(self, text: str) -> None:
        """Note nothing: it was said at the launch."""

    def container(self, difference: str) -> None:
        """Note how the image differs from that of the launch."""
        self.lines.append(difference)

    def submitted(self, outcome: Outcome) -> None:
        """Note nothing."""

    def seen(self, run: Run, notes: Sequence[str]) -> None:
        """Note nothing: nobody waits."""
