"""Which ends of groups a retry policy applies to, and what the next attempt gets more of."""

from __future__ import annotations

from typing import Any

import pytest

from qanat.domain import retry_policy, time_limits
from qanat.domain.completion import status_of
from qanat.domain.job import JobStatus, apply_status
from qanat.domain.retry_policy import RetryPolicy
from qanat.domain.run import Group, State
from qanat.runners.htcondor import evidence
from qanat.runners.slurm import states

WHOLE = {
    "when": ["out_of_memory", "timeout", {"exit_code": [75, 85]}],
    "times": 2,
    "memory": "2x",
    "time": "1.5x",
}


def policy(*when: Any, times: int = 2, **factors: str) -> RetryPolicy:
    """Return a policy as it is written."""
    return RetryPolicy.from_mapping({"when": list(when), "times": times, **factors})


def ended(status: JobStatus, attempt: int = 1) -> Group:
    """Return a group that ended like this."""
    return apply_status(Group(0, (), attempt=attempt), status)


def failed(reason: str = "", code: int | None = None, attempt: int = 1) -> Group:
    """Return a group that failed."""
    return Group(0, (), State.FAILED, exit_code=code, reason=reason, attempt=attempt)


def test_a_policy_is_stored_as_it_is_written() -> None:
    assert RetryPolicy.from_mapping(WHOLE).as_mapping() == WHOLE
    assert policy("failed").as_mapping() == {"when": ["failed"], "times": 2}


def test_exit_codes_may_be_one_or_several() -> None:
    assert policy({"exit_code": 75}, {"exit_code": [85, 75]}).exit_codes == (75, 85)


def test_a_policy_is_read_as_a_sentence() -> None:
    assert str(RetryPolicy.from_mapping(WHOLE)) == (
        "up to 3 attempts, after out of memory (memory 2x), timeout (time 1.5x) or exit code 75 or 85"
    )
    assert str(policy("failed", "failed", times=1)) == "up to 2 attempts, after any failure"
    assert str(policy("timeout")) == "up to 3 attempts, after timeout"
    among = "up to 3 attempts, after any failure, timeout (time 2x) among them"
    assert str(policy("failed", "timeout", "preempted", {"exit_code": 3}, time="2x")) == among


def test_a_factor_that_never_applies_contradicts_the_rest() -> None:
    said = "retry.time is 2x, but retry.when does not name timeout"
    assert policy("out_of_memory", memory="2x", time="2x").contradiction == said
    for good in (policy("timeout", time="2x"), policy("failed", memory="2x", time="2x"), policy("timeout")):
        assert good.contradiction == ""


def test_a_checkpoint_bounds_the_attempts_of_a_policy() -> None:
    assert policy("failed", times=2).within(20) == policy("failed", times=2)
    assert policy("failed", times=5).within(3) == policy("failed", times=2)
    assert policy("failed").within(1) is None


@pytest.mark.parametrize(
    ("status", "reasons"),
    [
        (states.status_of("OUT_OF_MEMORY", "", "0:125"), {"out_of_memory"}),
        (states.status_of("TIMEOUT", "TimeLimit", "0:15"), {"timeout"}),
        (states.status_of("NODE_FAIL", "", "1:0"), {"node_failure"}),
        (states.status_of("BOOT_FAIL"), {"node_failure"}),
        (states.status_of("PREEMPTED", "", "0:15"), {"preempted"}),
        (states.status_of("FAILED", "NonZeroExitCode", "75:0"), set()),
        (states.status_of("DEADLINE"), set()),
        (states.status_of("CANCELLED by 1000", "", "0:15"), set()),
        (JobStatus(State.FAILED, signal=9, reason="ended by SIGKILL, OUT_OF_MEMORY"), {"out_of_memory"}),
        (JobStatus(State.FAILED, reason=time_limits.exceeded("2s")), {"timeout"}),
        (status_of(0, ended=""), set()),
    ],
)
def test_the_words_of_schedulers_are_reasons(status: JobStatus, reasons: set[str]) -> None:
    assert retry_policy.reasons(ended(status)) == reasons


@pytest.mark.parametrize(
    ("code", "reasons"),
    [(34, {"out_of_memory"}), (3, {"out_of_memory"}), (46, {"timeout"}), (47, {"timeout"}), (6, set()), (340, set())],
)
def test_the_codes_of_htcondor_are_reasons(code: int, reasons: set[str]) -> None:
    held = evidence._hold_reason("memory usage exceeded request_memory", code, 102)
    assert retry_policy.reasons(failed(held)) == reasons


def test_an_exit_code_is_no_reason_of_a_scheduler() -> None:
    chosen = policy({"exit_code": [75]}, "timeout")
    assert chosen.applies_to(failed("exit code 75", 75))
    assert not chosen.applies_to(failed("exit code 74", 74))
    assert not policy("timeout", "out_of_memory", "preempted", "node_failure").applies_to(failed("exit code 75", 75))


def test_every_failure_is_meant_by_failed_and_nothing_else() -> None:
    states_of_groups = {state for state in State if policy("failed").applies_to(Group(0, (), state, exit_code=75))}
    assert states_of_groups == {State.FAILED}
    assert not policy({"exit_code": [75]}).applies_to(Group(0, (), State.CANCELLED, exit_code=75))


@pytest.mark.parametrize(
    ("why", "when", "applies"),
    [
        (": its node failed (NODE_FAIL)", "node_failure", True),
        (": its node failed (NODE_FAIL)", "failed", True),
        (": its node failed (NODE_FAIL)", "timeout", False),
        (": exceeded the time limit (TIMEOUT)", "timeout", True),
        ("", "failed", False),
    ],
)
def test_a_group_that_never_began_is_retried_for_what_ended_its_job(why: str, when: str, applies: bool) -> None:
    group = Group(0, (), State.CANCELLED, reason=f"not started, since its job 812_3 had ended{why}")
    assert policy(when).applies_to(group) == applies


def test_the_time_that_a_job_lacked_is_given_to_groups_that_it_did_not_begin() -> None:
    reason = "not started, since its job 812_3 had ended: exceeded the time limit (TIMEOUT)"
    assert policy("timeout", time="2x").more([Group(0, (), State.CANCELLED, reason=reason)]) == {"time": "2x"}


def test_a_group_is_due_until_it_has_had_all_its_attempts() -> None:
    chosen = policy("failed", times=2)
    assert [chosen.is_due(failed(attempt=attempt)) for attempt in (1, 2, 3, 4)] == [True, True, False, False]


def test_the_next_attempt_gets_more_of_what_groups_lacked() -> None:
    chosen = policy("failed", memory="2x", time="1.5x")
    memory, time, code = failed("OUT_OF_MEMORY"), failed("exceeded the time limit, TIMEOUT"), failed("exit code 1", 1)
    assert chosen.more([code]) == {}
    assert chosen.more([code, memory]) == {"memory": "2x"}
    assert chosen.more([memory, time]) == {"memory": "2x", "time": "1.5x"}
    assert policy("out_of_memory").more([memory]) == {}
