"""What HTCondor is told of a retry policy."""

from __future__ import annotations

from typing import Any

import pytest

from qanat.domain.retry_policy import RetryPolicy
from qanat.runners.htcondor import keys, retries
from qanat.runners.htcondor.runner import HTCondorRunner

BY_POLICY = " || ".join(f"HoldReasonCode == {code}" for code in (3, 21, 26))
MEMORY = f"HoldReasonCode == 34 || (HoldReasonSubCode == 102 && ({BY_POLICY}))"
TIME = "HoldReasonCode == 46 || HoldReasonCode == 47"


def told(options: dict[str, Any], policy: RetryPolicy, attempt: int = 1) -> dict[str, str]:
    """Return what is submitted beside these options, as HTCondor reads it."""
    found = retries.with_policy(options, policy, attempt)
    assert keys.key_problems(found) == []
    return {key: keys.submit_value(key, value) for key, value in found.items() if options.get(key) != value}


def test_exit_codes_are_retried_by_htcondor_itself() -> None:
    policy = RetryPolicy(2, exit_codes=(75, 85))
    assert told({}, policy) == {"max_retries": "2", "retry_until": "ExitCode =!= 75 && ExitCode =!= 85"}


@pytest.mark.parametrize(("attempt", "found"), [(1, {"max_retries": "2"}), (2, {"max_retries": "1"}), (3, {}), (4, {})])
def test_a_later_attempt_has_fewer_left(attempt: int, found: dict[str, str]) -> None:
    assert {k: v for k, v in told({}, RetryPolicy(2, ("failed",)), attempt).items() if k != "periodic_remove"} == found


def test_jobs_that_are_to_get_more_are_removed_instead_of_held() -> None:
    assert told({}, RetryPolicy(2, ("out_of_memory",))) == {"periodic_remove": f"JobStatus == 5 && ({MEMORY})"}
    assert told({}, RetryPolicy(2, ("timeout",))) == {"periodic_remove": f"JobStatus == 5 && ({TIME})"}
    assert told({}, RetryPolicy(2, ("failed",))) == {
        "max_retries": "2",
        "periodic_remove": f"JobStatus == 5 && ({MEMORY} || {TIME})",
    }


def test_conditions_of_a_template_stay_in_force() -> None:
    options = {"Periodic_Remove": "NumJobStarts > 9", "on_exit_remove": "ExitCode == 0"}
    assert told(options, RetryPolicy(2, ("timeout",), (75,))) == {
        "Periodic_Remove": f"(NumJobStarts > 9) || (JobStatus == 5 && ({TIME}))"
    }


def test_nothing_is_told_of_what_htcondor_does_not_know() -> None:
    assert told({"request_memory": "1GB"}, RetryPolicy(2, ("node_failure", "preempted"))) == {}


def test_limits_are_found_however_they_are_spelled() -> None:
    options = {"Request_Memory": "1GB", "request_disk": "1GB", "ALLOWED_JOB_DURATION": 60}
    assert HTCondorRunner().limit_keys(options) == {"memory": ["Request_Memory"], "time": ["ALLOWED_JOB_DURATION"]}
