"""Jobs: what a runner starts, what identifies a job later, and what is known about it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from qanat.domain.attempts import AttemptState, Earlier, combine
from qanat.domain.checkpoint import Checkpoint
from qanat.domain.run import Group, State
from qanat.domain.sharing import UNSHARED, Sharing
from qanat.domain.shipment import Shipment
from qanat.domain.used import Used

# What stands for the copy of a parameters file in a program's arguments, and the variable that has its path.
PARAMETERS_FILE = "{parameters_file}"
PARAMETERS_VARIABLE = "QANAT_PARAMETERS_FILE"
# The reason of a group whose program has ended, or is about to, though its end is not certain yet.
ENDING = "ending"


@dataclass(frozen=True, slots=True)
class JobSpec:
    """One group as a job: its command, working directory, storage directory and extra environment variables.

    `info` is the content of its group_info.yaml; empty if there is none. `sharing` says who may use what it leaves.
    `checkpoint` says when it continues later, if it may. `time_limit` (domain.time_limits) is enforced by a runner that
    watches its jobs itself, and in a job that works through several groups. Those are `bundled`, and `group` is then
    the number of the bundle (domain.bundles), everything else is that of its first group.
    """

    group: int
    command: tuple[str, ...]
    workdir: Path
    storage: Path
    environment: Mapping[str, str] = field(default_factory=dict)
    attempt: int = 1
    info: str = ""
    sharing: Sharing = UNSHARED
    time_limit: str | None = None
    bundled: tuple[JobSpec, ...] = ()
    checkpoint: Checkpoint | None = None


@dataclass(frozen=True, slots=True)
class JobHandle:
    """What identifies a job from another process: the run's intent, the group, and the runner's name for the job.

    Of a job of several groups, `group` is the number of the bundle, as in its JobSpec.
    `job` is its name in Submission.jobs, None as long as it is unknown. `details` are those of the Submission, with
    `folder`, the run's storage directory, and `submitted`, the earliest time at which it can have been submitted.
    """

    intent: str
    group: int
    job: str | None = None
    details: Mapping[str, Any] = field(default_factory=dict, hash=False)  # a mapping has no hash


@dataclass(frozen=True, slots=True)
class JobsBefore:
    """Active jobs of one earlier run that have to end first: all of them without a failure, or with `any` end."""

    handles: tuple[JobHandle, ...]
    any: bool = False


JOBS_SHOWN = 5


@dataclass(frozen=True, slots=True)
class JobBatch:
    """Jobs that are submitted together.

    `name` is what a scheduler lists them under, `intent` identifies them later, `folder` is the run's storage
    directory, `options` are the template's, `max_running` is how many may run at once (None: no limit). `image` is what
    the scheduler itself is to start them in, empty for nothing. `held` jobs do not start before they are released
    (runners.protocol.SubmitsHeld); they wait for the jobs in `after`, as far as these are the same runner's. `shipment`
    is what they get if their machines do not see the project; the paths in their commands are then those of their own
    folders (domain.shipment), and `storage` is where what they leave comes back to. A job of several groups runs
    `at_once` of them at once. Unless it is `in_full`, a batch that is only shown may be shortened: to its first
    JOBS_SHOWN jobs, without their scripts.
    """

    run_id: str
    name: str
    intent: str
    folder: Path
    options: Mapping[str, Any]
    jobs: tuple[JobSpec, ...]
    max_running: int | None = None
    image: str = ""
    held: bool = False
    after: tuple[JobsBefore, ...] = ()
    shipment: Shipment | None = None
    at_once: int = 1
    in_full: bool = True


@dataclass(frozen=True, slots=True)
class Submission:
    """A runner's answer: the job of each group by group number, and details that identify them (JSON values)."""

    jobs: Mapping[int, str]
    details: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class JobStatus:
    """What is known about a job. `state` None means unseen: not listed by the runner, which says nothing about its end.

    Timestamps are as in domain.times, such as 2026-11-23T05:17:55+00:00. A job that ended by itself has `ended`; from
    then on its completion file, which may appear late on a shared disk, is waited for. `restarts` counts how often
    the scheduler has started the job again. `expected` is when it expects to start a queued job, and `used` is what a
    job used that has ended.
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
    expected: str | None = None
    used: Used | None = None


@dataclass(frozen=True, slots=True)
class JobStarted:
    """A job has started."""

    handle: JobHandle
    timestamp: str


@dataclass(frozen=True, slots=True)
class JobEnded:
    """A job has ended, or will never start."""

    group: int
    status: JobStatus


@dataclass(frozen=True, slots=True)
class JobContinues:
    """An attempt at a job has ended like this, and another one follows."""

    group: int
    status: JobStatus


# What a runner that watches its jobs itself reports; None is the passing of time.
JobEvent = JobStarted | JobContinues | JobEnded | None


@dataclass(frozen=True, slots=True)
class Sightings:
    """A runner's answer about jobs; `problem` says why it knows nothing about the unseen ones."""

    statuses: Mapping[JobHandle, JobStatus]
    problem: str = ""


def apply_status(group: Group, status: JobStatus) -> Group:
    """Return the group updated with its job's status; an unseen job changes nothing."""
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
        source=None,
        used=status.used if status.state.ended else None,
    )


def apply_start(group: Group, event: JobStarted) -> Group:
    """Return the group as of the start of its job."""
    return replace(group, state=State.RUNNING, job=event.handle.job, started=event.timestamp)


def apply_continuation(group: Group, status: JobStatus) -> Group:
    """Return the group as of the end of an attempt after which it continues."""
    end = Earlier(
        group.attempt,
        AttemptState.CHECKPOINT,
        status.exit_code,
        status.signal,
        status.reason,
        status.started or group.started,
        status.ended,
        status.host,
    )
    return group.again(combine(group.attempt + 1, group.earlier, [end]))


def command(
    program: Sequence[str],
    args: Sequence[str],
    storage: Path,
    datasets: Sequence[str],
    parameters_file: Path | None = None,
) -> tuple[str, ...]:
    """Return a group's command line: program, arguments, `--storage_path`, one `--dataset_path` per dataset.

    In the arguments, `{parameters_file}` stands for the run's copy of its parameters file.
    """
    if parameters_file:
        args = [argument.replace(PARAMETERS_FILE, str(parameters_file)) for argument in args]
    paths = [part for path in datasets for part in ("--dataset_path", path)]
    return (*program, *args, "--storage_path", str(storage), *paths)
