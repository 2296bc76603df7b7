"""Jobs: what a runner starts, what finds one again, what is known of it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from qanat.domain.run import Group, State


@dataclass(frozen=True, slots=True)
class JobSpec:
    """One group as a job: its words, where it works, where its files go, and what it finds in its environment.

    `info` is what its group_info.yaml says; empty where it has none.
    """

    group: int
    command: tuple[str, ...]
    workdir: Path
    storage: Path
    environment: Mapping[str, str] = field(default_factory=dict)
    attempt: int = 1
    info: str = ""


@dataclass(frozen=True, slots=True)
class JobHandle:
    """What finds a job again: the run's intent, the group, and what the runner calls it.

    `job` is its name in Submission.jobs, None while nobody has told it. `details` are those of the Submission, with
    `folder`, the run's storage directory, and `submitted`, the moment before which it cannot have been submitted.
    """

    intent: str
    group: int
    job: str | None = None
    details: Mapping[str, Any] = field(default_factory=dict, hash=False)  # a mapping has no hash


@dataclass(frozen=True, slots=True)
class JobBatch:
    """Jobs that are submitted together.

    `name` is what a scheduler lists them under, `intent` finds them again, `folder` is the run's storage
    directory, `options` are the template's, `max_running` is how many may run at the same time (None: any).
    """

    run_id: str
    name: str
    intent: str
    folder: Path
    options: Mapping[str, Any]
    jobs: tuple[JobSpec, ...]
    max_running: int | None = None


@dataclass(frozen=True, slots=True)
class Submission:
    """What a runner answered: the job of each group by its number, and details that find them again (JSON values)."""

    jobs: Mapping[int, str]
    details: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class JobStatus:
    """What is known of a job. `state` None means unseen: the runner does not know it, which says nothing of its end.

    Moments are as in domain.times, such as 2026-11-23T05:17:55+00:00. A job that has come to an end of its own has
    `ended`: its completion file, which may come later over a shared disk, is waited for from then on. `restarts` is
    how many times the scheduler has started the job again.
    """

    state: State | None
    exit_code: int | None = None
    signal: int | None = None
    reason: str = ""
    started: str | None = None
    ended: str | None = None
    host: str | None = None
    restarts: int = 0
    cause: str = ""


@dataclass(frozen=True, slots=True)
class JobStarted:
    """A job has begun; moment as in domain.times."""

    handle: JobHandle
    moment: str


@dataclass(frozen=True, slots=True)
class JobEnded:
    """A job has ended, or will never begin."""

    group: int
    status: JobStatus


@dataclass(frozen=True, slots=True)
class Sightings:
    """What a runner knows of jobs; `problem` says why it could not be asked about those that are unseen."""

    statuses: Mapping[JobHandle, JobStatus]
    problem: str = ""


def apply(group: Group, status: JobStatus) -> Group:
    """Give the group with what is known of its job; an unseen job changes nothing."""
    if status.state is None:
        return group
    return replace(
        group,
        state=status.state,
        exit_code=status.exit_code,
        signal=status.signal,
        reason=status.reason,
        started=status.started or group.started,
        ended=status.ended if status.state.ended else None,
        host=status.host or group.host,
        attempt=group.attempt + status.restarts,
    )


def begin(group: Group, event: JobStarted) -> Group:
    """Give the group as it is once its job has begun."""
    return replace(group, state=State.RUNNING, job=event.handle.job, started=event.moment)


def command(program: Sequence[str], args: Sequence[str], storage: Path, datasets: Sequence[Path]) -> tuple[str, ...]:
    """Give the words of a group: program, its arguments, `--storage_path`, one `--dataset_path` for each dataset."""
    paths = [word for path in datasets for word in ("--dataset_path", str(path))]
    return (*program, *args, "--storage_path", str(storage), *paths)
