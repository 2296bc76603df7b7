"""What HTCondor itself does of a retry policy: it reruns programs by their exit codes, and removes jobs that it holds.

A job that takes too much memory or time is held, and would stay so until somebody releases it, with the same limits. If
the policy has it retried, HTCondor is told to remove it instead; qanat then submits it with higher limits.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from qanat.domain.retry_policy import FAILED, OUT_OF_MEMORY, TIMEOUT, RetryPolicy
from qanat.runners.htcondor import keys

# By reason, conditions on the ads of held jobs. Source: the manual's "Job ClassAd Attributes", HoldReasonCode: 34 is
# for memory, 46 and 47 for durations. The policy of a job (3), a machine (21) or the schedd (26) holds for memory if
# the subcode is 102, as the metaknob HOLD_IF_MEMORY_EXCEEDED has it.
_HOLDS = {
    OUT_OF_MEMORY: (
        "HoldReasonCode == 34",
        "(HoldReasonSubCode == 102 && (HoldReasonCode == 3 || HoldReasonCode == 21 || HoldReasonCode == 26))",
    ),
    TIMEOUT: ("HoldReasonCode == 46", "HoldReasonCode == 47"),
}
REMOVE = "periodic_remove"
# What a user says about exits stays as it is.
_ON_EXIT = frozenset({"max_retries", "retry_until", "success_exit_code", "on_exit_hold", "on_exit_remove"})


def with_policy(options: Mapping[str, Any], policy: RetryPolicy, attempt: int) -> dict[str, Any]:
    """Return options with which HTCondor does what it can for jobs whose next attempt has this number."""
    return {**options, **_reruns(options, policy, attempt), **_removal(options, policy)}


def _reruns(options: Mapping[str, Any], policy: RetryPolicy, attempt: int) -> dict[str, Any]:
    left = policy.attempts - attempt
    if left <= 0 or any(keys.canonical_name(key) in _ON_EXIT for key in options):
        return {}
    if FAILED in policy.when:
        return {"max_retries": left}
    if not policy.exit_codes:
        return {}
    # After a signal, ExitCode is undefined.
    until = " && ".join(f"ExitCode =!= {code}" for code in policy.exit_codes)
    return {"max_retries": left, "retry_until": {"expr": until}}


def _removal(options: Mapping[str, Any], policy: RetryPolicy) -> dict[str, Any]:
    named = [hold for reason, holds in _HOLDS.items() if {reason, FAILED} & {*policy.when} for hold in holds]
    if not named:
        return {}
    condition = f"JobStatus == 5 && ({' || '.join(named)})"
    key = next((key for key in options if keys.canonical_name(key) == REMOVE), REMOVE)
    own = keys.submit_value(key, options[key]) if key in options else ""
    return {key: {"expr": f"({own}) || ({condition})" if own else condition}}


def ended_by(reason: str, code: Any, subcode: Any) -> bool:
    """Return whether a job was removed, for this reason, because it was held with this code; see with_policy()."""
    return "PeriodicRemove" in reason and (code in (34, 46, 47) or (subcode == 102 and code in (3, 21, 26)))
