"""Why HTCondor holds jobs, in plain terms. Source: the manual's "Job ClassAd Attributes", HoldReasonCode."""

from __future__ import annotations

from typing import Any

# The code of every hold that a user asked for.
_BY_USER = 1
_MEANINGS = {
    5: "an expression that may hold it has no value",
    6: "its program could not be started",
    7: "its output file could not be opened",
    8: "its input file could not be opened",
    12: "its results could not be transferred back",
    13: "its input could not be transferred",
    14: "its directory cannot be used",
    16: "its input is being copied to the access point",
    20: "the time at which it was to start has passed",
    22: "its event log cannot be written",
    23: "the account that it is to run as cannot be used",
    24: "no shadow on the access point can run it",
    27: "an expression of the access point that may hold it has no value",
    32: "its input is larger than it may be",
    33: "its results are larger than they may be",
    34: "took more memory, or more of something else, than it requested",
    35: "its container image cannot be used",
    36: "its checkpoint could not be saved",
    45: "its machine cannot start containers",
    46: "exceeded the time limit",
    47: "exceeded the time limit",
}
# The policy of a job (3), a machine (21) or the access point (26) holds for these if the subcode says so, as the
# metaknobs HOLD_IF_…_EXCEEDED have it.
_POLICIES = frozenset({3, 21, 26, 34})
_EXCEEDED = {
    101: "used more CPUs than it requested",
    102: "took more memory than it requested",
    104: "took more disk space than it requested",
}


def in_words(reason: str, code: Any, subcode: Any) -> str:
    """Return why a job is held: `exceeded the time limit (The job exceeded …, HTCondor's code 46)`.

    `reason` is HTCondor's text. What a user wrote stands alone, as does a reason that has no other here.
    """
    if code in (None, _BY_USER):
        return reason
    numbers = f"HTCondor's code {code}{f', subcode {subcode}' if subcode else ''}"
    words = _EXCEEDED.get(subcode) if code in _POLICIES else None
    words = words or _MEANINGS.get(code)
    return f"{words} ({reason}, {numbers})" if words else f"{reason}, {numbers}"
