"""Timestamps and durations, in records and for display."""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from qanat.domain import times
from tests.support.strategies import stable, texts, timestamps

MOMENT = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}(\.[0-9]{1,6})?\+00:00\Z")


@pytest.fixture
def zone(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[str], None]]:
    """Yield a function that moves this process to a time zone; it is back home afterwards."""

    def move(name: str) -> None:
        monkeypatch.setenv("TZ", name)
        time.tzset()

    yield move
    monkeypatch.undo()
    time.tzset()


def test_the_present_has_the_form_of_records() -> None:
    before = datetime.now(UTC).replace(microsecond=0)
    for moment in (times.now(), times.now_exact()):
        assert MOMENT.match(moment)
        assert before <= times.parse(moment) <= datetime.now(UTC)
    assert len(times.now_exact()) == len("2026-11-23T05:17:55.123+00:00")


def test_a_timestamp_becomes_a_moment_in_utc() -> None:
    assert times.from_epoch(0) == "1970-01-01T00:00:00.000+00:00"
    assert times.from_epoch(2**62) == "9999-12-31T00:00:00.000+00:00"
    assert times.from_epoch(-(2**62)) == "0001-01-01T00:00:00.000+00:00"
    assert times.from_epoch(1_700_000_000.25) == "2023-11-14T22:13:20.250+00:00"


@stable
@given(timestamps())
def test_a_moment_is_one_and_has_the_form_of_the_schema(moment: str) -> None:
    assert times.is_timestamp(moment)
    assert MOMENT.match(moment)


@pytest.mark.parametrize(
    "value", ["", "now", "2026-11-23", "2026-11-23T05:17:55", "2026-13-01T00:00:00+00:00", 5, None]
)
def test_what_has_no_time_zone_or_is_no_time_is_no_moment(value: object) -> None:
    assert not times.is_timestamp(value)


@stable
@given(texts)
def test_any_text_is_a_moment_or_not_and_never_an_error(text: str) -> None:
    assert times.is_timestamp(text) in (True, False)


def test_text_that_is_no_moment_is_a_value_error() -> None:
    with pytest.raises(ValueError):
        times.parse("yesterday")


def test_a_moment_is_written_in_the_zone_of_the_machine(zone: Callable[[str], None]) -> None:
    moment = "2026-11-23T23:17:55.900+00:00"
    zone("UTC")
    assert times.local(moment) == "2026-11-23 23:17:55"
    zone("UTC-9")  # POSIX counts to the west: this is nine hours ahead
    assert times.local(moment) == "2026-11-24 08:17:55"
    assert times.local(None) == ""
    assert times.local("") == ""


@pytest.mark.parametrize(
    ("moment", "name"), [("0001-01-01T00:00:00+00:00", "UTC+5"), ("9999-12-31T23:59:59+00:00", "UTC-9")]
)
def test_a_moment_at_the_end_of_time_is_written_all_the_same(
    zone: Callable[[str], None], moment: str, name: str
) -> None:
    zone(name)
    assert times.local(moment).endswith(moment[4:19].replace("T", " "))


def test_seconds_are_counted_between_two_moments() -> None:
    start, end = "2026-11-23T05:00:00+00:00", "2026-11-23T05:01:00.500+00:00"
    assert times.seconds_between(start, end) == 60.5
    assert times.seconds_between("2026-11-23T06:00:00+01:00", end) == 60.5
    assert times.seconds_between(None, end) is None


def test_a_clock_that_was_set_back_gives_no_negative_duration() -> None:
    assert times.seconds_between("2026-11-23T05:00:01+00:00", "2026-11-23T05:00:00+00:00") == 0


def test_without_an_end_it_is_counted_until_now() -> None:
    start = times.from_epoch(time.time() - 100)
    seconds = times.seconds_between(start, None)
    assert seconds is not None
    assert seconds >= 100


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (None, ""),
        (0, "0.0s"),
        (0.84, "0.8s"),
        (9.94, "9.9s"),
        (9.97, "10s"),
        (42.4, "42s"),
        (59.4, "59s"),
        (59.7, "1:00"),
        (60, "1:00"),
        (187, "3:07"),
        (3599.6, "1:00:00"),
        (7387, "2:03:07"),
        (86_399, "23:59:59"),
        (93_787, "1d 02:03:07"),
        (100 * 86_400, "100d 00:00:00"),
    ],
)
def test_durations_are_written_for_people(seconds: float | None, text: str) -> None:
    assert times.duration(seconds) == text


@stable
@given(st.floats(0, 1e9))
def test_no_duration_shows_sixty_seconds_or_minutes(seconds: float) -> None:
    clock = times.duration(seconds).rpartition(" ")[2].rstrip("s")
    assert "60" not in clock.split(":")


@pytest.mark.parametrize(
    ("started", "ended", "shown"),
    [
        ("2026-11-23T05:00:00+00:00", "2026-11-23T05:00:03.200+00:00", "3.2s"),
        ("2026-11-23T05:00:00.400+00:00", "2026-11-23T05:00:00+00:00", "0.0s"),
        ("2026-11-23T05:03:07+00:00", "2026-11-23T05:00:00+00:00", ""),
        (None, "2026-11-23T05:00:00+00:00", ""),
        ("2026-11-23T05:00:00+00:00", None, ""),
    ],
)
def test_how_long_something_took_is_unknown_if_it_ended_before(
    started: str | None, ended: str | None, shown: str
) -> None:
    assert times.took(started, ended) == shown


def test_a_text_has_the_same_time_everywhere(zone: Callable[[str], None]) -> None:
    zone("Asia/Kolkata")
    assert times.utc("2026-11-23T05:17:55.123+00:00") == "2026-11-23 05:17:55 UTC"
    assert times.utc(None) == ""
