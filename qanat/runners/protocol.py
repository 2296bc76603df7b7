"""What a runner is, and the types that it needs; docs/runners.md builds one.

A runner deals with jobs only, not with records, git or terminals. It keeps nothing between calls, since the
next command may come from another process a week later.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from pathlib import Path
from typing import Any, Protocol, runtime_checkable

from qanat.domain.asked import Asked
from qanat.domain.job import (
    JobBatch,
    JobHandle,
    JobsBefore,
    JobSpec,
    JobStatus,
    Sightings,
    Submission,
)
from qanat.domain.retry_policy import RetryPolicy
from qanat.domain.run import State
from qanat.domain.shipment import Shipment
from qanat.runners.in_process import InProcessRunner

# What a runner in another package may rely on.
__all__ = [
    "Asked",
    "CanHold",
    "ChangesOptions",
    "ChecksTemplates",
    "ExplainsWaiting",
    "FollowsOutput",
    "HasLog",
    "InProcessRunner",
    "JobBatch",
    "JobHandle",
    "JobSpec",
    "JobStatus",
    "JobsBefore",
    "LeavesFiles",
    "LimitsTime",
    "MayRestart",
    "NamesLimits",
    "Prefetches",
    "QueuesAgain",
    "RetriesByItself",
    "RetryPolicy",
    "Runner",
    "Runners",
    "RunsBundles",
    "Sightings",
    "StartsImages",
    "State",
    "Submission",
    "SubmitsHeld",
    "TellsRequests",
    "TransfersFiles",
]


class Runner(Protocol):
    """A runner whose jobs proceed by themselves once they are submitted: what every such runner can do.

    `name` is the value of --runner, `title` the scheduler's name in sentences. Except for submitting, no call takes
    longer than a few seconds when the scheduler is down. What only some runners can do is in the protocols below:
    a runner offers one by having its methods.
    """

    name: str
    title: str

    def check(self) -> None:
        """Raise RunnerUnavailable if jobs cannot be submitted from here."""

    def render(self, batch: JobBatch) -> str:
        """Return what would be submitted, shortened unless `batch.in_full`; no side effects."""

    def submit(self, batch: JobBatch) -> Submission:
        """Submit jobs, all or none. Raises SubmitFailed if nothing was queued."""

    def find(self, intent: str, jobs: Sequence[int], since: str) -> Submission | None:
        """Find what was submitted with this intent for these groups; None if nothing was. Raises RunnerUnavailable.

        `since` is the earliest time (domain.times) at which it can have been submitted.
        """

    def poll(self, handles: Sequence[JobHandle]) -> Sightings:
        """Query all of them at once; a job that is not listed is unseen, never left out."""

    def cancel(self, handles: Sequence[JobHandle]) -> None:
        """Remove jobs; one that has ended is not an error. Raises RunnerUnavailable."""


@runtime_checkable
class ChecksTemplates(Protocol):
    """A runner that knows which options its scheduler takes."""

    def key_problems(self, options: Mapping[str, Any]) -> list[str]:
        """List keys of a template that the scheduler does not know or qanat sets itself; asks nobody."""

    def problems(self, options: Mapping[str, Any]) -> list[str]:
        """List what is wrong with a template's options, as far as can be known without submitting."""

    def warnings(self, options: Mapping[str, Any]) -> list[str]:
        """List what works but is better left out of a template; asks nobody."""


@runtime_checkable
class StartsImages(Protocol):
    """A runner whose scheduler itself starts jobs in the image of a container if their options ask for that.

    The image is JobBatch.image.
    """

    def image_in(self, options: Mapping[str, Any]) -> str | None:
        """Return the image that options name, empty if they only ask for one; None if they do not."""


@runtime_checkable
class TransfersFiles(Protocol):
    """A runner whose scheduler can bring files to machines that do not see the project, and results back.

    What jobs then get is JobBatch.shipment. Completion files count once the scheduler says that a job is over.
    """

    def shipment_problem(self, shipment: Shipment, folder: Path) -> str:
        """Return why this cannot be shipped to jobs whose results go to a folder; empty if it can. Asks nobody."""


@runtime_checkable
class FollowsOutput(Protocol):
    """A runner that can show what programs print on machines that do not see the project, before it comes back."""

    def output_command(self, handle: JobHandle, stream: str) -> list[str] | None:
        """Return the command that prints all of a running job's stdout or stderr, and what is added until it ends.

        None if there is no such command here.
        """


@runtime_checkable
class ChangesOptions(Protocol):
    """A runner whose runs can be retried with other options (`retry --set`)."""

    def changed(self, options: Mapping[str, Any], changes: Mapping[str, str]) -> dict[str, Any]:
        """Return the options with some replaced; `2x` multiplies the current value. Raises UsageError."""


@runtime_checkable
class NamesLimits(Protocol):
    """A runner that knows which options limit the memory and the time of a job (`retry:` with `memory` or `time`)."""

    def limit_keys(self, options: Mapping[str, Any]) -> Mapping[str, Sequence[str]]:
        """Return which of the options limit `memory`, and which `time`."""


@runtime_checkable
class NamesOptions(Protocol):
    """A runner whose scheduler has several spellings for an option, such as `-p` and `--partition`."""

    def option_name(self, key: str) -> str:
        """Return the one name of an option, by which a template replaces one that it inherits."""


@runtime_checkable
class LimitsTime(Protocol):
    """A runner whose scheduler ends or holds jobs that run too long (`--time-limit`)."""

    def limited(self, options: Mapping[str, Any], seconds: int) -> dict[str, Any]:
        """Return the options with this limit in place of any other."""


@runtime_checkable
class TellsRequests(Protocol):
    """A runner that knows what options ask for (`qanat efficiency`, and `qanat show`)."""

    def asked(self, options: Mapping[str, Any]) -> Asked:
        """Return what a job with these options may use; asks nobody."""

    def asking(self, options: Mapping[str, Any], wanted: Asked) -> dict[str, Any]:
        """Return the options with this in place of what they ask for; what is None stays."""


@runtime_checkable
class RunsBundles(Protocol):
    """A runner whose jobs may work through several groups (`--per-job`), as the scripts of job_script do.

    For the runner, a bundle is a job like any other, whose `group` is the number of the bundle.
    """

    runs_bundles: bool


@runtime_checkable
class MayRestart(Protocol):
    """A runner whose scheduler can start a program again that has ended."""

    def may_run_again(self, options: Mapping[str, Any]) -> bool:
        """Return whether the scheduler may do so with these options."""


@runtime_checkable
class RetriesByItself(Protocol):
    """A runner whose scheduler itself can do a part of what a retry policy says."""

    def with_policy(self, options: Mapping[str, Any], policy: RetryPolicy, attempt: int) -> dict[str, Any]:
        """Return the options to submit for that, for jobs of which none has had as many attempts as this one."""


@runtime_checkable
class QueuesAgain(Protocol):
    """A runner whose scheduler queues a job again if its group is to continue later (JobSpec.checkpoint)."""

    def again_problems(self, options: Mapping[str, Any]) -> list[str]:
        """List options that contradict it; asks nobody."""


@runtime_checkable
class CanHold(Protocol):
    """A runner whose scheduler can hold jobs."""

    def hold(self, handles: Sequence[JobHandle]) -> None:
        """Hold jobs that have not started; others continue. Raises RunnerUnavailable."""

    def release(self, handles: Sequence[JobHandle]) -> None:
        """Release held jobs. Raises RunnerUnavailable."""


@runtime_checkable
class SubmitsHeld(CanHold, Protocol):
    """A runner whose submit() keeps jobs from starting until release() if JobBatch.held asks for that."""

    def hand_over(self, batch: JobBatch, handles: Sequence[JobHandle], command: Sequence[str]) -> bool:
        """Leave it to the scheduler to release these held jobs of a batch once those before them have ended.

        `command` does so whenever it is run in the project, on any machine that has it, as often as one likes; it ends
        when nothing is left to do. False: the scheduler cannot, so that only qanat does.
        """


@runtime_checkable
class ReleasesAtOnce(SubmitsHeld, Protocol):
    """A runner whose hand_over() releases jobs, since its scheduler itself starts none too early.

    They may be held and released again, and still start in order.
    """

    releases_at_once: bool


@runtime_checkable
class ExplainsWaiting(Protocol):
    """A runner that can find out why a job waits, which takes longer than a poll."""

    def why_waiting(self, handles: Sequence[JobHandle]) -> dict[JobHandle, str]:
        """Return briefly why each of these queued jobs waits; empty if that is unknown. May take a few seconds."""


@runtime_checkable
class HasLog(Protocol):
    """A runner whose scheduler keeps notes on jobs."""

    def scheduler_log(self, folder: Path, handles: Sequence[JobHandle]) -> str:
        """Return what the scheduler noted about jobs, as text; folder is the run's storage directory."""


@runtime_checkable
class Prefetches(Protocol):
    """A runner that can begin early with what submit() will need."""

    def prefetch(self) -> None:
        """Begin it, without waiting for it."""


@runtime_checkable
class LeavesFiles(Protocol):
    """A runner that leaves files of its own in storage directories, beside those of the programs.

    `generated_files` are the names of these files and folders, in the run's directory or in a group's.
    """

    generated_files: frozenset[str]


class Runners(Protocol):
    """Where use cases get runners from."""

    def submitting_names(self) -> list[str]:
        """List the runners for submitting, including those in installed packages."""

    def is_in_process(self, name: str) -> bool:
        """Return whether the process that starts this runner's jobs also watches them."""

    def local(self) -> InProcessRunner:
        """Return the runner that knows the processes of this machine."""

    def in_process(self, name: str, slots: int) -> InProcessRunner:
        """Return a runner that runs `slots` jobs at once here. Raises UsageError if there is none with this name."""

    def submitting(self, name: str) -> Runner:
        """Return a runner for submitting and polling.

        Raises UsageError if there is none with this name, RunnerUnavailable if it cannot be loaded.
        """

    def default_templates(self) -> Mapping[str, Mapping[str, Any]]:
        """Return the options of the template `default` of a new project, by runner."""

    def option_name(self, name: str, key: str) -> str:
        """Return a scheduler's own name of an option, however it is spelled; the key itself if the runner is gone."""

    def runner_of(self, keys: Collection[str]) -> str:
        """Return the runner that a template is for, judged by its options' names."""

    def generated_files(self, name: str) -> frozenset[str]:
        """Return the names of files that a runner leaves in storage directories; empty if the runner is gone."""
