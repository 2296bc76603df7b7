"""What the record of a submitted run knows of its jobs."""

from __future__ import annotations

from dataclasses import replace

from qanat.domain.job import JobHandle, Submission
from qanat.domain.run import Group, Run
from qanat.usecases.project import Project


def with_submission(run: Run, submission: Submission) -> Run:
    """Give a run with the jobs that a runner answered."""
    jobs = {number: replace(run.groups[number], job=name) for number, name in submission.jobs.items()}
    return replace(run.with_groups(jobs), submission={**run.submission, **submission.details})


def handle_of(project: Project, run: Run, group: Group) -> JobHandle:
    """Give what finds the job of a group again."""
    details = {**run.submission, "folder": str(project.storage_of(run))}
    return JobHandle(str(run.submission.get("intent", "")), group.number, group.job, details)
