"""What the record of a submitted run knows about its jobs."""

from __future__ import annotations

from dataclasses import replace

from qanat.domain.job import JobHandle, Submission
from qanat.domain.run import Group, Run
from qanat.usecases.project import Project


def with_submission(run: Run, submission: Submission) -> Run:
    """Return a run with the jobs in a runner's answer."""
    jobs = {number: replace(run.groups[number], job=name) for number, name in submission.jobs.items()}
    facts = replace(run.submission, details={**run.submission.details, **submission.details})
    return replace(run.with_groups(jobs), submission=facts)


def handle_of(project: Project, run: Run, group: Group) -> JobHandle:
    """Return the handle that identifies the job of a group."""
    facts = run.submission
    details = {**facts.details, "folder": str(project.storage_of(run))}
    details |= {"submitted": facts.submitted} if facts.submitted else {}
    return JobHandle(facts.intent, group.number, group.job, details)
