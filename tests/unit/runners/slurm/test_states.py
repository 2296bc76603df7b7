"""Every state of Slurm as a state of qanat."""

from __future__ import annotations

import pytest

from qanat.domain.run import State
from qanat.runners.slurm.states import status_of


@pytest.mark.parametrize(
    ("state", "reason", "ours", "kept"),
    [
        ("PENDING", "None", State.QUEUED, ""),
        ("PENDING", "Priority", State.QUEUED, "Priority: other jobs come first"),
        ("PENDING", "Resources", State.QUEUED, "Resources: what it requests is in use"),
        ("PENDING", "BeginTime", State.QUEUED, "BeginTime"),
        (
            "PENDING",
            "PartitionTimeLimit",
            State.QUEUED,
            "PartitionTimeLimit: it requests more time than its partition allows",
        ),
        (
            "PENDING",
            "ReqNodeNotAvail, UnavailableNodes:node[7-9]",
            State.QUEUED,
            "ReqNodeNotAvail, UnavailableNodes:node[7-9]: a node that it needs is down, drained or reserved",
        ),
        (
            "PENDING",
            "QOSMaxWallDurationPerJobLimit",
            State.QUEUED,
            "QOSMaxWallDurationPerJobLimit: it requests more than a job may have",
        ),
        ("PENDING", "QOSMaxJobsPerUserLimit", State.QUEUED, "QOSMaxJobsPerUserLimit"),
        ("RUNNING", "PartitionTimeLimit", State.RUNNING, ""),
        ("PENDING", "JobHeldUser", State.HELD, "JobHeldUser"),
        ("PENDING", "launch_failed_requeued_held", State.HELD, "launch_failed_requeued_held"),
        ("CONFIGURING", "None", State.QUEUED, ""),
        ("RUNNING", "None", State.RUNNING, ""),
        ("COMPLETING", "None", State.RUNNING, ""),
        ("SUSPENDED", "None", State.HELD, "SUSPENDED"),
        ("REQUEUED", "None", State.QUEUED, ""),
        ("REQUEUE_HOLD", "JobHeldAdmin", State.HELD, "REQUEUE_HOLD, JobHeldAdmin"),
        ("SPECIAL_EXIT", "JobHeldUser", State.HELD, "SPECIAL_EXIT, JobHeldUser"),
        ("COMPLETED", "None", State.FINISHED, ""),
        ("FAILED", "NonZeroExitCode", State.FAILED, "FAILED, NonZeroExitCode"),
        ("CANCELLED by 1000", "None", State.CANCELLED, "CANCELLED by 1000"),
        ("CANCELLED+", "", State.CANCELLED, "CANCELLED"),
        ("CANCELLED by 1000", "Priority", State.CANCELLED, "CANCELLED by 1000"),
        ("TIMEOUT", "TimeLimit", State.FAILED, "exceeded the time limit, TIMEOUT"),
        ("OUT_OF_MEMORY", "OutOfMemory", State.FAILED, "OUT_OF_MEMORY, OutOfMemory"),
        ("NODE_FAIL", "NodeDown", State.FAILED, "NODE_FAIL, NodeDown"),
        ("PREEMPTED", "None", State.FAILED, "PREEMPTED"),
        ("BOOT_FAIL", "None", State.FAILED, "BOOT_FAIL"),
        ("DEADLINE", "DeadLine", State.FAILED, "DEADLINE, DeadLine"),
        ("REVOKED", "None", State.CANCELLED, "REVOKED"),
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
        ("OUT_OF_MEMORY", "OUT_OF_MEMORY"),
        ("NODE_FAIL", "NODE_FAIL"),
        ("FAILED", ""),
        ("CANCELLED", ""),
        ("RUNNING", ""),
    ],
)
def test_an_end_that_is_slurms_doing_has_a_cause(state: str, cause: str) -> None:
    assert status_of(state).cause == cause


def test_a_running_job_that_is_held_for_its_next_start_has_no_reason() -> None:
    assert status_of("RUNNING", "JobHeldUser").reason == ""
