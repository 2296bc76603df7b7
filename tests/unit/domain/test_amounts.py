"""Amounts of memory and of time, as they are written and read."""

from __future__ import annotations

import pytest

from qanat.domain import amounts


@pytest.mark.parametrize(
    ("text", "mib"),
    [
        ("512", 512),
        ("512M", 512),
        ("4G", 4096),
        ("4GB", 4096),
        ("4GiB", 4096),
        (" 1.5 gb ", 1536),
        ("2T", 2**21),
        ("1P", 2**30),
        ("1024K", 1),
        ("1048576B", 1),
        ("0", 0),
        ("", None),
        ("4 apples", None),
        ("-1G", None),
        ("1e3", None),
        ("9" * 16, None),
        ("ifThenElse(NumJobStarts > 0, 8192, 4096)", None),
    ],
)
def test_units_are_powers_of_1024_and_a_mere_number_is_in_mib(text: str, mib: float | None) -> None:
    assert amounts.mib(text) == mib


@pytest.mark.parametrize(
    ("mib", "shown"),
    [(0, "0 MiB"), (310, "310 MiB"), (1023, "1023 MiB"), (1536, "1.5 GiB"), (12_700, "12.4 GiB"), (2**20 * 3, "3 TiB")],
)
def test_memory_is_written_in_the_unit_in_which_it_is_short(mib: float, shown: str) -> None:
    assert amounts.shown_mib(mib) == shown


@pytest.mark.parametrize(
    ("seconds", "shown"),
    [(0, "0 s"), (3.25, "3.2 s"), (45, "45 s"), (720, "12 min"), (7200, "2 h"), (5400, "1.5 h"), (129_600, "1.5 days")],
)
def test_time_is_written_in_the_unit_in_which_it_is_short(seconds: float, shown: str) -> None:
    assert amounts.shown_span(seconds) == shown
