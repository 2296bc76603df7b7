"""Making the tests of a condition: what the value of a parameter, a metric or a field is compared with."""

from __future__ import annotations

import math
from datetime import datetime

from qanat.domain import amounts, condition_values
from qanat.domain.condition import Compared, invalid
from qanat.domain.condition_values import Test
from qanat.domain.run import State
from qanat.domain.shortening import quoted
from qanat.errors import UsageError


def metric_test(compared: Compared) -> Test:
    """Return the test of a metric. Raises UsageError, like all of these, for a value that it cannot have."""
    limit = condition_values.number(compared.value)
    if limit is None or compared.operator in ("~", "!~"):
        raise _wrong(
            compared, "a number", "a metric is compared with a number, such as metric.acc>0.9 or metric.loss=nan"
        )
    return condition_values.number_test(compared.operator, limit)


def parameter_test(compared: Compared, now: datetime) -> Test:
    """Return the test of a parameter."""
    test = condition_values.value_test(compared.operator, compared.value, now)
    if test is None:
        raise _wrong(compared, "a number, a duration or a date", "compare texts with =, != or ~")
    return test


def _wrong(compared: Compared, what: str, hint: str) -> UsageError:
    if compared.operator in ("~", "!~"):
        return invalid(f"{quoted(compared.name)} has no text for {quoted(compared.operator)}", compared.place, hint)
    return invalid(f"{quoted(compared.value)} is not {what}", compared.place, hint)


def text(compared: Compared, now: datetime) -> Test:
    """Return the test of a text."""
    if compared.operator in ("<", "<=", ">", ">="):
        raise invalid(
            f"{quoted(compared.name)} has texts, which have no order", compared.place, "compare them with =, != or ~"
        )
    return condition_values.text_test(compared.operator, compared.value)


def any_text(compared: Compared, now: datetime) -> Test:
    """Return a test of several texts, of which one must meet `=` or `~`, and none may meet what `!=` or `!~` negate."""
    is_negated = compared.operator.startswith("!")
    positive = compared.operator.removeprefix("!") if is_negated else compared.operator
    test = text(Compared(compared.name, positive, compared.value, compared.place), now)
    return lambda texts: any(test(text) for text in texts) is not is_negated


def state(compared: Compared, now: datetime) -> Test:
    """Return the test of a state."""
    states = [state.value for state in State]
    if compared.operator in ("=", "!=") and compared.value not in states:
        raise invalid(f"{quoted(compared.value)} is not a state", compared.place, f"states: {', '.join(states)}")
    return text(compared, now)


def commit(compared: Compared, now: datetime) -> Test:
    """Return the test of a commit or another digest: by its beginning."""
    if compared.operator not in ("=", "!="):
        return text(compared, now)
    start = compared.value.lower()
    return lambda found: (bool(start) and found.startswith(start)) is (compared.operator == "=")


def whole(compared: Compared, now: datetime) -> Test:
    """Return the test of a number."""
    limit = condition_values.number(compared.value)
    if limit is None or compared.operator in ("~", "!~"):
        raise _wrong(compared, "a number", f"for example: {compared.name}>=10")
    return condition_values.number_test(compared.operator, limit)


def run_number(compared: Compared, now: datetime) -> Test:
    """Return the test of a run's number and uid."""
    if "-" in compared.value.strip("-") and compared.operator in ("=", "!="):
        return lambda found: (f"{found[0]}-{found[1]}" == compared.value) is (compared.operator == "=")
    test = whole(compared, now)
    return lambda found: test(found[0])


def date(compared: Compared, now: datetime) -> Test:
    """Return the test of a timestamp."""
    span = condition_values.date(compared.value, now)
    if span is None or compared.operator in ("~", "!~"):
        raise _wrong(compared, "a date", condition_values.DATE_HINT)
    return condition_values.date_test(compared.operator, *span)


def duration(compared: Compared, now: datetime) -> Test:
    """Return the test of a duration in seconds."""
    seconds = condition_values.duration(compared.value)
    is_finite = seconds is not None and -math.inf < seconds < math.inf  # whole numbers may be too large for isfinite()
    if seconds is None or not is_finite or compared.operator in ("~", "!~"):
        raise _wrong(compared, "a duration", condition_values.DURATION_HINT)
    return condition_values.duration_test(compared.operator, seconds)


def size(compared: Compared, now: datetime) -> Test:
    """Return the test of a size in MiB."""
    limit = amounts.mib(compared.value)
    if limit is None or compared.operator in ("~", "!~"):
        raise _wrong(compared, "a size", amounts.SIZE_HINT)
    return condition_values.number_test(compared.operator, limit)
