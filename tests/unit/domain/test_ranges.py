"""Ranges: half-open like Python's range, exact in decimals, counted without being listed."""

from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from qanat.domain.ranges import Progression, progression
from qanat.errors import EXIT_USAGE, InputInvalid
from tests.support.strategies import accepted_or_refused, stable

steps = st.integers(-50, 50).filter(bool)


def words(start: str, stop: str, step: str) -> list[str]:
    """List the values of a range."""
    return list(progression(start, stop, step, where="here"))


def refusal(start: str, stop: str, step: str) -> InputInvalid:
    """Return the error with which a range is refused."""
    with pytest.raises(InputInvalid) as caught:
        progression(start, stop, step, where="here")
    assert caught.value.exit_code == EXIT_USAGE
    return caught.value


@stable
@given(st.integers(-1000, 1000), st.integers(-1000, 1000), steps)
def test_whole_numbers_are_those_of_pythons_range(start: int, stop: int, step: int) -> None:
    expected = [str(number) for number in range(start, stop, step)]
    if expected:
        assert words(str(start), str(stop), str(step)) == expected
    else:
        assert "no value lies between" in refusal(str(start), str(stop), str(step)).message


@stable
@given(st.integers(-(10**25), 10**25), steps, st.integers(1, 40))
def test_whole_numbers_of_any_size_stay_whole(start: int, step: int, count: int) -> None:
    stop = start + step * count
    assert words(str(start), str(stop), str(step)) == [str(number) for number in range(start, stop, step)]


@stable
@given(st.decimals(-1000, 1000, places=3), st.decimals(-10, 10, places=3).filter(bool), st.integers(1, 60))
def test_decimals_are_exact_and_leave_stop_out(start: Decimal, step: Decimal, count: int) -> None:
    found = words(str(start), str(start + step * count), str(step))
    assert [Decimal(word) for word in found] == [start + step * i for i in range(count)]


@stable
@given(st.decimals(-100, 100, places=2), st.decimals(-100, 100, places=2), st.decimals(-9, 9, places=2).filter(bool))
def test_a_range_holds_start_and_every_step_before_stop(start: Decimal, stop: Decimal, step: Decimal) -> None:
    assume((stop - start) * step > 0)
    found = [Decimal(word) for word in words(str(start), str(stop), str(step))]
    assert found[0] == start
    assert abs(found[-1] - start) < abs(stop - start) <= abs(found[-1] + step - start)


def test_a_tenth_has_ten_values_and_none_is_off_by_a_bit() -> None:
    assert words("0", "1", "0.1") == ["0.0", "0.1", "0.2", "0.3", "0.4", "0.5", "0.6", "0.7", "0.8", "0.9"]


@pytest.mark.parametrize(
    ("start", "stop", "step", "expected"),
    [
        ("0", "3", "1", ["0", "1", "2"]),
        ("5", "51", "10", ["5", "15", "25", "35", "45"]),
        ("3", "0", "-1", ["3", "2", "1"]),
        ("1", "0", "-0.25", ["1.00", "0.75", "0.50", "0.25"]),
        ("-2", "2", "2", ["-2", "0"]),
        ("0", "0.05", "0.1", ["0.0"]),
        ("0", "1e3", "250", ["0", "250", "500", "750"]),
        ("1e-4", "1e-3", "4e-4", ["0.0001", "0.0005", "0.0009"]),
        ("1e-20", "3e-20", "1e-20", ["1E-20", "2E-20"]),
        (" 1", "+3 ", "1", ["1", "2"]),
        ("-0", "2", "1", ["0", "1"]),
        (".5", "2.", "1", ["0.5", "1.5"]),
    ],
)
def test_documented_and_odd_ranges(start: str, stop: str, step: str, expected: list[str]) -> None:
    assert words(start, stop, step) == expected


@pytest.mark.parametrize("step", ["0", "0.0", "-0", "0e5"])
def test_a_step_of_zero_is_refused(step: str) -> None:
    error = refusal("0", "10", step)
    assert error.message == "here: the step is 0"
    assert error.hint == "use a step such as 1 or -1"


@pytest.mark.parametrize(
    ("start", "stop", "step"), [("0", "0", "1"), ("5", "0", "1"), ("0", "5", "-1"), ("1", "1.0", "2")]
)
def test_a_range_without_a_value_is_refused(start: str, stop: str, step: str) -> None:
    error = refusal(start, stop, step)
    assert error.message == f"here: no value lies between {start} and {stop} in steps of {step}"
    assert error.hint == "a range includes its start, but not its stop"


@pytest.mark.parametrize(
    "word",
    [
        "",
        "x",
        "nan",
        "NaN",
        "sNaN",
        "inf",
        "-Infinity",
        "1_000",
        "0x10",
        "1,5",
        "\u0661",
        "\u096b",
        "1e99999999",
        "1 2",
        "½",
    ],
)
@pytest.mark.parametrize("place", [0, 1, 2])
def test_what_is_no_plain_finite_number_is_refused_in_every_place(word: str, place: int) -> None:
    bounds = ["1", "3", "1"]
    bounds[place] = word
    error = refusal(*bounds)
    assert error.message == f"here: {word!r} is not a number"
    assert error.hint.startswith("use a start, a stop and a step (--seed 0 10 1)")


@stable
@given(st.text(max_size=12), st.text(max_size=12), st.text(max_size=12))
def test_any_three_words_are_a_range_or_a_sentence(start: str, stop: str, step: str) -> None:
    with accepted_or_refused(InputInvalid, "here: "):
        assert len(progression(start, stop, step, where="here")) > 0


def test_a_billion_values_are_counted_and_picked_without_being_listed() -> None:
    billion = progression("0", "1e9", "1", where="here")
    assert len(billion) == 10**9
    assert billion[10**9 - 1] == "999999999"
    assert billion[5:8] == ["5", "6", "7"]
    assert billion[::500_000_000] == ["0", "500000000"]


@pytest.mark.parametrize("index", [-1, 3])
def test_a_place_outside_a_range_is_an_index_error(index: int) -> None:
    with pytest.raises(IndexError):
        progression("0", "3", "1", where="here")[index]


def test_a_range_of_more_values_than_can_be_counted_is_refused() -> None:
    error = refusal("0", "1e30", "1")
    assert error.message == "here: has too many values"
    assert error.hint == "use a larger step"


@pytest.mark.parametrize(
    ("start", "stop", "step"), [("0", "1e900000", "1"), ("0.1", "1e80", "1e79"), ("0", "1", "1e-70")]
)
def test_a_range_that_sixty_digits_do_not_hold_is_refused_and_not_rounded(start: str, stop: str, step: str) -> None:
    assert (
        refusal(start, stop, step).message
        == f"here: {start} {stop} {step} has more digits than qanat can represent exactly"
    )


def test_a_progression_is_a_sequence() -> None:
    few = progression("0", "30", "10", where="here")
    assert isinstance(few, Progression)
    assert "20" in few
    assert "30" not in few
    assert list(reversed(few)) == ["20", "10", "0"]
    assert few.index("10") == 1
