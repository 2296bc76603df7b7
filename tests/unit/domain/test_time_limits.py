"""Time limits: what may be typed, and what it means."""

from __future__ import annotations

import pytest

from qanat.domain import time_limits
from qanat.errors import InputInvalid


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("90s", 90),
        ("30m", 1_800),
        ("2h", 7_200),
        ("1d12h", 129_600),
        ("1h30m15s", 5_415),
        ("1:30:00", 5_400),
        ("1-12:00:00", 129_600),
    ],
)
def test_a_time_limit_is_a_number_of_seconds(text: str, seconds: int) -> None:
    assert time_limits.seconds(text) == seconds
    assert time_limits.seconds(time_limits.as_clock(seconds)) == seconds


@pytest.mark.parametrize("text", ["", "90", "0s", "1:30", "2 h", "h", "-1h", "1.5h", "2h\n", "none", "٣h"])
def test_anything_else_is_refused(text: str) -> None:
    with pytest.raises(InputInvalid, match="is not a time limit"):
        time_limits.seconds(text)
