"""The state of submitted runs: from completion files first, then from one query per scheduler for all the rest."""

from __future__ import annotations

import os
import signal
from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from qanat.domain.bundles import bundles
from qanat.domain.completion import COMPLETION
from qanat.domain.job import ENDING, JobHandle, JobStatus, Sightings
from qanat.domain.run import SCHEDULER, Group, Run, State, lost
from qanat.errors import QanatError, RunnerUnavailable
from qanat.records import attempt_notes, run_codec
from qanat.records.index import Index
from qanat.runners.protocol import MayRestart, Runner, Runners
from qanat.usecases.project import Project
from qanat.usecases.tracking import expected_start, last_seen, waiting
from qanat.usecases.tracking.bundled import Bundles
from qanat.usecases.tracking.group_states import GroupStates
from qanat.usecases.tracking.last_seen import LastSeen, Unanswered, brief_problem
from qanat.usecases.tracking.settle import owner_of
from qanat.usecases.tracking.submission import Job, jobs_of, submitted_options, with_submission


@dataclass(slots=True)
class PollResult:
    """Submitted runs as they are now, those whose jobs have just been found by their intent, and notes."""

    runs: list[Run] = field(default_factory=list)
    identified: list[Run] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    unanswered: list[Unanswered] = field(default_factory=list)


def poll_submitted(project: Project, index: Index, runs: Sequence[Run], runners: Runners) -> PollResult:
    """Return these runs, none of which has ended, as they are now; their records are not changed.

    If a scheduler does not answer, its runs are returned as last seen, with one note.
    """
    result = PollResult()
    by_runner: dict[str, list[Run]] = {}
    for run in runs:
        by_runner.setdefault(run.runner.name, []).append(run)
    remembered: dict[str, str] = {}
    for name, group in by_runner.items():
        memories = {run.id: last_seen.recall(index, run) for run in group}
        try:
            runner = runners.submitting(name)
        except QanatError as error:
            result.unanswered.append(Unanswered(error.message, group, memories))
            result.runs += [last_seen.or_memory(run, memories[run.id]) for run in group]
            remembered |= {run_codec.path_of(m.run): last_seen.serialise(m) for m in memories.values() if m}
            continue
        _Poll(project, runner, memories, result).add(group, remembered)
    index.remember_seen(remembered, project.clock.now())
    return result


class _Poll:
    """One poll of the runs of one scheduler."""

    def __init__(
        self, project: Project, runner: Runner, memories: dict[str, LastSeen | None], result: PollResult
    ) -> None:
        self._project = project
        self._clock = project.clock
        self._runner = runner
        self._memories = memories
        self._result = result
        self._states = GroupStates(project, runner.title, memories)
        self._bundles = Bundles(project, self._states)

    def add(self, runs: Sequence[Run], remembered: dict[str, str]) -> None:
        """Add the runs as they are now to the result, and those still active to what is remembered."""
        named = [self._with_jobs(run) for run in runs]
        found = [self._with_completions(run) for run in named]
        jobs = {run.id: jobs_of(self._project, run, _open(run)) for run in found}
        killed = {
            run.id: jobs_of(self._project, run, _killed(run, before)) for run, before in zip(found, named, strict=True)
        }
        asked_about = [job for of_run in (*jobs.values(), *killed.values()) for job in of_run]
        seen = _poll(self._runner, [job.handle for job in asked_about])
        seen = replace(seen, statuses=expected_start.in_reasons(seen.statuses, self._clock.now()))
        current = [
            self._add_causes(self._combined(run, jobs[run.id], seen), before, killed[run.id], seen)
            for run, before in zip(found, named, strict=True)
        ]
        asked: dict[str, str] = {}
        if not seen.problem:
            current, asked = waiting.explain(self._project, self._runner, current, self._memories)
        current = [self._with_earlier(run, before) for run, before in zip(current, named, strict=True)]
        self._result.runs += current
        for run in current:
            memory, unseen = self._memories[run.id], self._states.unseen[run.id]
            if not seen.problem:
                memory = LastSeen(self._clock.now(), run, unseen, asked.get(run.id, ""))
            if memory and not run.state.ended:
                remembered[run_codec.path_of(run)] = last_seen.serialise(memory)
        open_runs = [run for run in found if jobs[run.id]]
        if seen.problem and open_runs:
            problem = f"{self._runner.title} did not answer ({brief_problem(seen.problem)})"
            self._result.unanswered.append(Unanswered(problem, open_runs, self._memories))

    # ---- submissions that were cut short

    def _with_jobs(self, run: Run) -> Run:
        """Find the jobs of a run whose submission was cut short, or establish that there are none."""
        missing = [g.number for g in run.groups if not g.state.ended and g.job is None]
        if not missing:
            return run
        begun = run.submission.submitted or run.created
        try:
            numbers = list(bundles(missing, run.submission.per_job))
            submission = self._runner.find(run.submission.intent, numbers, begun)
        except RunnerUnavailable as error:
            remark = f"it is not known yet whether run {run.number} was submitted"
            self._result.unanswered.append(Unanswered(brief_problem(error.message), [run], remark=remark))
            return run
        if submission is not None:
            run = with_submission(run, submission, missing)
            self._result.identified.append(run)
            return run
        return self._without_jobs(run, missing)

    def _without_jobs(self, run: Run, missing: Sequence[int]) -> Run:
        """Return a run that the scheduler does not know: after a grace period, nothing was submitted.

        A group with a completion file was submitted, and the scheduler has forgotten it.
        """
        run = self._with_completions(run)
        missing = [number for number in missing if not run.groups[number].state.ended]
        if not missing:
            return run
        if run.host != os.uname().nodename:
            self._result.notes.append(
                f"whether run {run.number} of {run.experiment} was submitted can be determined only on {run.host}"
            )
            return run
        if owner := owner_of(self._project, run):
            what = f"whether run {run.number} of {run.experiment} was submitted can be determined only by {owner}"
            self._result.notes.append(what)
            return run
        since = [self._states.unseen[run.id].setdefault(number, self._clock.now()) for number in missing]
        if self._states.age_s(min(since)) < self._states.grace.submit_s:
            return run
        return run.with_groups({n: self._never_submitted(run, run.groups[n]) for n in missing})

    def _never_submitted(self, run: Run, group: Group) -> Group:
        """Return a group whose job the scheduler does not know: never submitted, unless its output exists."""
        own = self._states.own(run, group)
        if (own / "stdout.txt").exists():
            return lost(group, f"no {COMPLETION} in {own.name}, and {self._runner.title} does not know its job")
        why = "nothing was submitted: qanat was killed before that"
        note = f"run {run.number} of {run.experiment}: {why}"
        self._result.notes += [note] if note not in self._result.notes else []
        return replace(group, state=State.CANCELLED, reason=why, ended=self._clock.now(), source=SCHEDULER)

    # ---- what files and the scheduler report

    def _with_completions(self, run: Run) -> Run:
        """Return a run with the ends from completion files, unless the scheduler may start its programs again.

        Files that are transferred arrive one by one, so they count once the scheduler says that a job is over.
        """
        if run.runner.transfer:
            return run
        if run.submission.per_job is not None:
            return self._bundles.with_completions(run)
        options = submitted_options(self._runner, run.runner, reruns=run.checkpoint is None)
        if isinstance(self._runner, MayRestart) and self._runner.may_run_again(options):
            return run
        ends = ((g, self._states.completion(run, g)) for g in run.groups if not g.state.ended)
        return run.with_groups({g.number: self._states.ended(run, g, status) for g, status in ends if status})

    def _combined(self, run: Run, jobs: Sequence[Job], seen: Sightings) -> Run:
        """Combine what the scheduler reports now with what was seen before."""
        changed: dict[int, Group] = {}
        for of_run in jobs:
            status = seen.statuses[of_run.handle]
            if run.submission.per_job is not None:
                changed |= self._bundles.combined(run, of_run, status, seen.problem)
            else:
                group = of_run.groups[0]
                changed[group.number] = self._states.combined(run, group, status, seen.problem)
        return run.with_groups(changed)

    def _add_causes(self, run: Run, before: Run, killed: Sequence[Job], seen: Sightings) -> Run:
        """Return a run with the scheduler's reasons for killing programs, once it gives them, in its groups."""
        pairs = {n: (run.groups[n], seen.statuses[job.handle]) for job in killed for n in [job.groups[0].number]}
        return run.with_groups({n: self._with_cause(g, before.groups[n], status) for n, (g, status) in pairs.items()})

    def _with_cause(self, group: Group, before: Group, status: JobStatus) -> Group:
        if status.state is None or status.state.ended:
            return replace(group, reason=f"{group.reason}, {status.cause}") if status.cause else group
        if self._states.age_s(group.ended) < self._states.grace.file_s:
            return replace(before, state=State.RUNNING, reason=ENDING)
        return group

    def _with_earlier(self, run: Run, before: Run) -> Run:
        """Return a run with how attempts ended that were made since the record was written."""
        open_groups = [g for g in run.groups if not before.groups[g.number].state.ended]
        again = [g for g in open_groups if run.checkpoint or _may_be_later(g, before.groups[g.number])]
        return run.with_groups({g.number: self._with_ends(run, g, before.groups[g.number]) for g in again})

    def _with_ends(self, run: Run, group: Group, before: Group) -> Group:
        # A scheduler may not say how often it has started a job, and a group may continue in the same one.
        counts = run.checkpoint is not None or (group.state.ended and group.is_hearsay)
        return attempt_notes.with_ends(self._states.own(run, group), before, group, run.command, counts=counts)


def _poll(runner: Runner, handles: Sequence[JobHandle]) -> Sightings:
    if not handles:
        return Sightings({})
    try:
        return runner.poll(handles)
    except RunnerUnavailable as error:
        return Sightings({handle: JobStatus(None) for handle in handles}, error.message)


def _may_be_later(group: Group, before: Group) -> bool:
    """Return whether a group may have had more attempts than its record says."""
    return group.attempt > before.attempt or (group.state.ended and group.is_hearsay)


def _open(run: Run) -> list[int]:
    return [group.number for group in run.groups if not group.state.ended and group.job is not None]


def _killed(run: Run, before: Run) -> list[int]:
    """List the groups of which a completion file has just shown a SIGKILL, for which the scheduler may have a reason.

    What a scheduler says about a job of several groups need not be about this one.
    """
    if run.submission.per_job is not None:
        return []
    killed = (g for g in run.groups if g.signal == signal.SIGKILL and g.job is not None)
    return [group.number for group in killed if not before.groups[group.number].state.ended]
