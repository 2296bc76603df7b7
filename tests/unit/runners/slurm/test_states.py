"""Every state of Slurm as a state of qanat."""

from __future__ import annotations

import pytest

from qanat.domain.run import State
from qanat.runners.slurm.states import status_of


@pytest.mark.parametrize(
    ("state", "reason", "ours", "kept"),
    [
        ("PENDING", "None", State.QUEUED, ""),
        ("PENDING", "Priority", State.QUEUED, "other jobs come first (Priority)"),
        ("PENDING", "Resources", State.QUEUED, "what it requests is in use (Resources)"),
        ("PENDING", "BeginTime", State.QUEUED, "it is not to start yet (BeginTime)"),
        ("PENDING", "QOSUsageThreshold", State.QUEUED, "its QOS has been used too much (QOSUsageThreshold)"),
        (
            "PENDING",
            "PartitionTimeLimit",
            State.QUEUED,
            "it requests more time than its partition allows (PartitionTimeLimit)",
        ),
        (
            "PENDING",
            "ReqNodeNotAvail, UnavailableNodes:node[7-9]",
            State.QUEUED,
            "a node that it needs is down, drained or reserved (ReqNodeNotAvail, UnavailableNodes:node[7-9])",
        ),
        (
            "PENDING",
            "QOSMaxWallDurationPerJobLimit",
            State.QUEUED,
            "it requests more than a job may have (QOSMaxWallDurationPerJobLimit)",
        ),
        ("PENDING", "AReasonOfTomorrow", State.QUEUED, "AReasonOfTomorrow"),
        (
            "PENDING",
            "JobArrayTaskLimit",
            State.QUEUED,
            "as many jobs of its array are running as may run at once (JobArrayTaskLimit)",
        ),
        ("RUNNING", "PartitionTimeLimit", State.RUNNING, ""),
        ("PENDING", "JobHeldUser", State.HELD, "held by its user (JobHeldUser)"),
        (
            "PENDING",
            "launch_failed_requeued_held",
            State.HELD,
            "held since it could not be started (launch_failed_requeued_held)",
        ),
        (
            "PENDING",
            "JobHoldMaxRequeue",
            State.HELD,
            "held since it was started again too often (JobHoldMaxRequeue)",
        ),
        ("CONFIGURING", "None", State.QUEUED, ""),
        ("RUNNING", "None", State.RUNNING, ""),
        ("COMPLETING", "None", State.RUNNING, ""),
        ("SUSPENDED", "None", State.HELD, "suspended (SUSPENDED)"),
        ("REQUEUED", "None", State.QUEUED, ""),
        ("REQUEUE_HOLD", "JobHeldAdmin", State.HELD, "queued again, and held (REQUEUE_HOLD, JobHeldAdmin)"),
        ("SPECIAL_EXIT", "JobHeldUser", State.HELD, "held for how it ended (SPECIAL_EXIT, JobHeldUser)"),
        ("COMPLETED", "None", State.FINISHED, ""),
        ("FAILED", "NonZeroExitCode", State.FAILED, "FAILED, NonZeroExitCode"),
        ("CANCELLED by 1000", "None", State.CANCELLED, "cancelled by user 1000 (CANCELLED)"),
        ("CANCELLED+", "", State.CANCELLED, "cancelled (CANCELLED)"),
        ("CANCELLED by 1000", "Priority", State.CANCELLED, "cancelled by user 1000 (CANCELLED)"),
        ("TIMEOUT", "TimeLimit", State.FAILED, "exceeded the time limit (TIMEOUT)"),
        ("OUT_OF_MEMORY", "OutOfMemory", State.FAILED, "took more memory than it requested (OUT_OF_MEMORY)"),
        ("NODE_FAIL", "NodeDown", State.FAILED, "its node failed (NODE_FAIL)"),
        ("PREEMPTED", "None", State.FAILED, "had to make room for another job (PREEMPTED)"),
        ("BOOT_FAIL", "None", State.FAILED, "its node did not start (BOOT_FAIL)"),
        ("DEADLINE", "DeadLine", State.FAILED, "did not end before its deadline (DEADLINE)"),
        ("REVOKED", "None", State.CANCELLED, "cancelled (REVOKED)"),
        (
            "CANCELLED",
            "DependencyNeverSatisfied",
            State.CANCELLED,
            "cancelled (CANCELLED, DependencyNeverSatisfied)",
        ),
        ("A_STATE_OF_TOMORROW", "None", None, ""),
    ],
)
def test_a_state_is_mapped_with_slurms_reason(state: str, reason: str, ours: State | None, kept: str) -> None:
    status = status_of(state, reason)
    assert (status.state, status.reason) == (ours, kept)


def test_accountings_exit_code_is_a_code_or_a_signal() -> None:
    failed = status_of("FAILED", "", "3:0")
    assert (failed.exit_code, failed.signal, failed.reason) == (3, None, "FAILED, exit code 3")
    killed = status_of("FAILED", "", "0:9")
    assert (killed.exit_code, killed.signal, killed.reason) == (None, 9, "FAILED, SIGKILL")
    assert status_of("COMPLETED", "", "0:0").exit_code == 0


@pytest.mark.parametrize(
    ("state", "cause"),
    [
        ("OUT_OF_MEMORY", "took more memory than it requested (OUT_OF_MEMORY)"),
        ("NODE_FAIL", "its node failed (NODE_FAIL)"),
        ("FAILED", ""),
        ("CANCELLED", ""),
        ("RUNNING", ""),
    ],
)
def test_an_end_that_is_slurms_doing_has_a_cause(state: str, cause: str) -> None:
    assert status_of(state).cause == cause


def test_a_running_job_that_is_held_for_its_next_start_has_no_reason() -> None:
    assert status_of("RUNNING", "JobHeldUser").reason == ""


@pytest.mark.parametrize(
    ("word", "meaning"),
    [
        ("AssocMaxCpuPerJobLimit", "it requests more than a job may have"),
        ("QOSMaxMemoryPerNode", "it requests more than a job may have"),
        ("QOSMinCpuNotSatisfied", "it requests less than a job must have"),
        ("QOSMaxJobsPerUserLimit", "its user already has as much as a user may have at once"),
        ("AssocGrpCPUMinutesLimit", "its account already has as much as it may have at once"),
        ("AssocMaxJobsLimit", "its account already has as much as it may have at once"),
        ("MaxMemPerAccount", "its account already has as much as it may have at once"),
        ("QOSGrpNodeLimit", "its QOS is used as much as it may be at once"),
        ("QOSResourceLimit", "its QOS is used as much as it may be at once"),
    ],
)
def test_limits_of_accounts_users_and_qualities_of_service_are_told_apart(word: str, meaning: str) -> None:
    assert status_of("PENDING", word).reason == f"{meaning} ({word})"
