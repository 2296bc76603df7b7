"""What the record of a submitted run knows of its jobs."""

from __future__ import annotations

from dataclasses import replace

from qanat.domain.job import JobHandle, Submission
from qanat.domain.run import Group, Run
from qanat.usecases.project import Project


def with_submission(run: Run, submission: Submission) -> Run:
    """Give a run with the jobs that a runner answered."""
    jobs = {number: replace(run.groups[number], job=name) for number, name in submission.jobs.items()}
    facts = replace(run.submission, details={**run.submission.details, **submission.details})
    return replace(run.with_groups(jobs), submission=facts)


def handle_of(project: Project, run: Run, group: Group) -> JobHandle:
    """Give what finds the job of a group again."""
    facts = run.submission
    details = {**facts.details, "folder": str(project.storage_of(run))}
    details |= {"submitted": facts.submitted} if facts.submitted else {}
    return JobHandle(facts.intent, group.number, group.job, details)
