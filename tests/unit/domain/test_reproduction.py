"""How a rerun compares with the run that it repeats, from files as they are and from what was recorded of them."""

from __future__ import annotations

import math

import pytest

from qanat.domain.outputs import OutputFile, Outputs
from qanat.domain.reproduction import (
    BY_SIZE,
    DIFFERENT,
    EQUAL,
    IDENTICAL,
    MISSING,
    NOT_IN_FIRST,
    NOT_IN_SECOND,
    Comparison,
    FileVerdict,
    ValueVerdict,
    compare_to_list,
    compare_to_record,
    compare_values,
)
from qanat.domain.run import Group, State

RTOL = 1e-6
DONE = Group(0, (), State.FINISHED, exit_code=0)
ONE, OTHER = "1" * 64, "2" * 64


def values(first: float | None, again: float | None) -> list[ValueVerdict]:
    sides = [Group(0, (), metrics={} if value is None else {"acc": value}) for value in (first, again)]
    return compare_values(*sides, RTOL)


@pytest.mark.parametrize(
    ("first", "again", "verdict"),
    [
        (0.5, 0.5, IDENTICAL),
        (1, 1.0, IDENTICAL),
        (math.nan, math.nan, IDENTICAL),
        (math.inf, math.inf, IDENTICAL),
        (0.5, 0.5 + 1e-9, EQUAL),
        (0.0, -0.0, EQUAL),
        (0.5, 0.6, DIFFERENT),
        (math.inf, -math.inf, DIFFERENT),
        (math.nan, 1.0, DIFFERENT),
        (None, 1.0, MISSING),
        (1.0, None, MISSING),
    ],
)
def test_a_metric_is_identical_equal_different_or_missing(
    first: float | None, again: float | None, verdict: str
) -> None:
    assert [value.verdict for value in values(first, again)] == [verdict]


def test_another_end_is_a_difference_and_the_same_failure_is_none() -> None:
    failed = Group(0, (), State.FAILED, exit_code=3, reason="exit code 3")
    assert compare_values(failed, failed, RTOL) == []
    assert compare_values(DONE, failed, RTOL) == [
        ValueVerdict(0, "state", DIFFERENT, "finished", "failed (exit code 3)")
    ]


LISTED = {name: OutputFile(name, 1, ONE) for name in ("a", "b")}


def test_a_file_that_is_gone_is_compared_with_its_recorded_digest() -> None:
    seen = [FileVerdict("a", MISSING, NOT_IN_FIRST), FileVerdict("b", DIFFERENT, "b: 1 and 2")]
    same, other = OutputFile("a", 1, ONE), OutputFile("a", 1, OTHER)
    assert compare_to_list(LISTED, {"a": same}, seen, {"a"}) == [FileVerdict("a", IDENTICAL), seen[1]]
    (gone, _) = compare_to_list(LISTED, {"a": other}, seen, {"a"})
    assert gone == FileVerdict("a", DIFFERENT, "its SHA-256 is not the recorded one")


def test_a_file_that_is_gone_on_both_sides_was_left_by_the_first_run_only() -> None:
    assert compare_to_list(LISTED, {}, [], {"a"}) == [FileVerdict("a", MISSING, NOT_IN_SECOND)]


def test_files_that_were_not_hashed_are_compared_by_size() -> None:
    listed = {"a": OutputFile("a", 2**30, None)}
    for size, expected in (
        (2**30, FileVerdict("a", IDENTICAL, BY_SIZE)),
        (1, FileVerdict("a", DIFFERENT, "1 B, was 1.1 GB")),
    ):
        assert compare_to_list(listed, {"a": OutputFile("a", size, ONE)}, [], {"a"}) == [expected]


def test_what_came_later_and_printed_text_that_was_removed_do_not_count() -> None:
    seen = [
        FileVerdict("notes.txt", MISSING, NOT_IN_SECOND),
        FileVerdict("stdout.txt", MISSING, NOT_IN_FIRST),
        FileVerdict("new", MISSING, NOT_IN_FIRST),
        FileVerdict("stderr.txt", DIFFERENT),
    ]
    assert compare_to_list(LISTED, {}, seen, ()) == [seen[2], seen[3]]


RECORDED = Outputs(3, 1_258_291, "0" * 32)


@pytest.mark.parametrize(
    ("again", "verdict", "detail"),
    [
        (RECORDED, IDENTICAL, ""),
        (Outputs(3, 1_258_291, "1" * 32), DIFFERENT, "3 files, 1.3 MB, with other content"),
        (Outputs(1, 12, "1" * 32), DIFFERENT, "1 file, 12 B, was 3 files, 1.3 MB"),
        (None, DIFFERENT, "no files, was 3 files, 1.3 MB"),
    ],
)
def test_without_any_list_the_digest_in_the_record_is_compared(
    again: Outputs | None, verdict: str, detail: str
) -> None:
    assert compare_to_record("group_1", RECORDED, again) == FileVerdict("group_1", verdict, detail, 3, is_group=True)


def test_a_digest_of_sizes_alone_says_so() -> None:
    recorded = Outputs(3, 2**40, "0" * 32, by_size=1)
    assert compare_to_record(".", recorded, recorded).detail == "1 of them by size only"


def test_only_what_is_identical_in_everything_is_identical() -> None:
    assert Comparison((FileVerdict("a", IDENTICAL),), tuple(values(1, 1))).is_identical
    assert not Comparison((FileVerdict("a", EQUAL),), ()).is_identical
    assert Comparison((FileVerdict("a", EQUAL),), tuple(values(1, 1))).is_equal
    assert not Comparison((FileVerdict("a", EQUAL),), tuple(values(1, 2))).is_equal
    assert not Comparison((), tuple(values(1, 2))).is_identical
