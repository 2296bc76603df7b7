"""What the record of a submitted run knows about its jobs."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from qanat.domain import bundles
from qanat.domain.job import JobHandle, Submission
from qanat.domain.run import Group, Run, RunnerChoice
from qanat.usecases.project import Project

if TYPE_CHECKING:
    from qanat.runners.protocol import Runner


@dataclass(frozen=True, slots=True)
class Job:
    """A job of a run, and the groups that it has; usually one."""

    handle: JobHandle
    groups: tuple[Group, ...]


def with_submission(run: Run, submission: Submission, numbers: Sequence[int]) -> Run:
    """Return a run with the jobs in a runner's answer, which works through the groups with these numbers."""
    of_jobs = bundles.bundles(numbers, run.submission.per_job)
    jobs = {n: name for number, name in submission.jobs.items() for n in of_jobs.get(number, ())}
    facts = replace(run.submission, details={**run.submission.details, **submission.details})
    named = {number: replace(run.groups[number], job=name) for number, name in jobs.items()}
    return replace(run.with_groups(named), submission=facts)


def submitted_options(
    runner: Runner, choice: RunnerChoice, *, attempt: int = 1, reruns: bool = True
) -> Mapping[str, Any]:
    """Return the options that are submitted: those in the record, and what the scheduler does of the retry policy.

    `attempt` is the lowest number of an attempt that is submitted. Without `reruns`, the scheduler must not run a job
    again: it has several groups, or queues itself again.
    """
    if choice.retry is None:
        return choice.options
    from qanat.runners.protocol import RetriesByItself  # a local run starts without it

    if not isinstance(runner, RetriesByItself):
        return choice.options
    return runner.with_policy(choice.options, choice.retry, attempt if reruns else choice.retry.attempts)


def jobs_of(project: Project, run: Run, numbers: Iterable[int] | None = None) -> list[Job]:
    """List the jobs of some groups of a run, or of all, each with all its groups."""
    facts = run.submission
    details = {**facts.details, "folder": str(project.storage_of(run))}
    details |= {"submitted": facts.submitted} if facts.submitted else {}
    if facts.per_job is None:
        chosen = run.groups if numbers is None else [run.groups[number] for number in numbers]
        return [Job(JobHandle(facts.intent, g.number, g.job, details), (g,)) for g in chosen if g.job is not None]
    found = bundles.by_job(run.groups)
    names = found if numbers is None else dict.fromkeys(run.groups[number].job for number in numbers)
    named = [(name, found[name]) for name in names if name is not None]
    first = ((bundles.number_of(groups[0].number, facts.per_job), name, tuple(groups)) for name, groups in named)
    return [Job(JobHandle(facts.intent, number, name, details), groups) for number, name, groups in first]
