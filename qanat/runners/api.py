"""What a runner in another package imports: the protocol, its defaults, job scripts, and the errors to raise.

Nothing else in qanat is stable; docs/runners.md builds a runner on this module alone.
"""

from __future__ import annotations

from qanat.domain.retry_policy import RetryPolicy
from qanat.domain.run import State
from qanat.domain.shipment import Shipment
from qanat.errors import RunnerUnavailable, SubmitFailed, SubmitUnknown, UsageError
from qanat.runners.protocol import (
    Asked,
    CanHold,
    ChangesOptions,
    ChecksTemplates,
    ExplainsWaiting,
    FollowsOutput,
    HasLog,
    JobBatch,
    JobHandle,
    JobsBefore,
    JobSpec,
    JobStatus,
    LeavesFiles,
    LimitsTime,
    MayRestart,
    NamesLimits,
    NamesOptions,
    Prefetches,
    QueuesAgain,
    ReleasesAtOnce,
    RetriesByItself,
    Runner,
    RunsBundles,
    Sightings,
    StartsImages,
    Submission,
    SubmitsHeld,
    TellsRequests,
    TransfersFiles,
)
from qanat.runners.submitting import cancellations, job_script, option_changes
from qanat.runners.submitting.defaults import RunnerDefaults
from qanat.system import programs

__all__ = [
    "Asked",
    "CanHold",
    "ChangesOptions",
    "ChecksTemplates",
    "ExplainsWaiting",
    "FollowsOutput",
    "HasLog",
    "JobBatch",
    "JobHandle",
    "JobSpec",
    "JobStatus",
    "JobsBefore",
    "LeavesFiles",
    "LimitsTime",
    "MayRestart",
    "NamesLimits",
    "NamesOptions",
    "Prefetches",
    "QueuesAgain",
    "ReleasesAtOnce",
    "RetriesByItself",
    "RetryPolicy",
    "Runner",
    "RunnerDefaults",
    "RunnerUnavailable",
    "RunsBundles",
    "Shipment",
    "Sightings",
    "StartsImages",
    "State",
    "Submission",
    "SubmitFailed",
    "SubmitUnknown",
    "SubmitsHeld",
    "TellsRequests",
    "TransfersFiles",
    "UsageError",
    "cancellations",
    "job_script",
    "option_changes",
    "programs",
]
