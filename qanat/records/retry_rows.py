"""Reading the retry policy of a record."""

from __future__ import annotations

from typing import Any

from qanat.domain.retry_policy import EXIT_CODE, TIMES_MAX, RetryPolicy
from qanat.records.record_reader import Reader


def read(row: Reader) -> RetryPolicy:
    """Return the policy that a mapping describes. Raises InputInvalid."""
    for each in row.take("when", list):
        if not isinstance(each, str) and not _names_exit_codes(each):
            raise row.wrong("when", "has a value that is neither a reason nor exit codes")
    if not 1 <= row.take("times", int) <= TIMES_MAX:
        raise row.wrong("times", f"is not between 1 and {TIMES_MAX}")
    factors = {key: row.optional(key, str) for key in ("memory", "time")}
    return RetryPolicy.from_mapping({"times": row.take("times", int), "when": row.take("when", list), **factors})


def _names_exit_codes(content: Any) -> bool:
    if not isinstance(content, dict) or EXIT_CODE not in content:
        return False
    codes = content[EXIT_CODE]
    return type(codes) is int or (isinstance(codes, list) and all(type(code) is int for code in codes))
