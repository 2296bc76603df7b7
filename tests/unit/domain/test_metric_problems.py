"""Why numbers of a file, or those that were asked for, are not in the record."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import pytest

from qanat.domain.metric_problems import (
    SENTENCES_MAX,
    MetricProblem,
    in_several_files,
    left_out,
    meant,
    missing,
    sentences,
)
from qanat.domain.metrics import LONG_NAMES, METRICS_MAX, NAME_MAX, VALUES_MAX


@pytest.mark.parametrize(
    ("content", "keys", "said"),
    [
        ({"acc": 0.5, "inner": {"loss": 1}}, (), ""),
        ([0.5], (), "is a list, not a mapping of names to numbers"),
        (0.5, (), "is a single value, not a mapping of names to numbers"),
        (None, (), "is empty"),
        ({"acc": 1, "k" * (NAME_MAX + 1): 2}, (), LONG_NAMES),
        ({"a": {str(i): 1 for i in range(VALUES_MAX + 1)}}, ("a.0",), "has more than 100,000 values, and the others"),
        ({"acc": "high"}, (), "'acc' is not a number, and was left out"),
        ({"acc": "high"}, ("loss",), ""),
        ({"acc": "0.5"}, (), "'acc' is a number in quotes, and was left out"),
        ({"a": "1", "b": "NaN"}, ("b", "a"), "'b', 'a' are numbers in quotes, and were left out"),
        ({"loss": [3, 2.5]}, (), "'loss' is a list of numbers (a curve belongs in metrics.jsonl), and was left out"),
        (
            {"a": [1], "b": [[1]], "c": []},
            ("a", "b"),
            "'a' is a list of numbers (a curve belongs in metrics.jsonl), and was left out; 'b' is not a number,",
        ),
        ({"a": "x", "b": {"c": True}, "d": 1}, (), "'a', 'b.c' are not numbers, and were left out"),
        (dict.fromkeys("abcde"), (), "'a', 'b', 'c' and 2 more are not numbers, and were left out"),
        ({"a.b": 1, "a": {"b": 2}}, (), "'a.b' is there more than once; the last value counts"),
        ({"a.b": 1, "a": {"b": 2}}, ("c",), ""),
        ({"a.b": "x", "a": {"b": 2}}, (), ""),
    ],
)
def test_what_is_left_out_is_said(content: Any, keys: tuple[str, ...], said: str) -> None:
    assert left_out(content, keys).startswith(said)
    assert bool(left_out(content, keys)) == bool(said)


def test_numbers_beyond_those_that_a_record_takes_are_counted() -> None:
    many = {str(number): number for number in range(METRICS_MAX + 1)}
    what = "has 1,001 numbers, of which the record has 1,000; choose them with keys in the experiment"
    assert left_out(many, ()) == what
    assert left_out(many, ("1000", "1")) == ""


@pytest.mark.parametrize(
    ("asked", "names", "said"),
    [
        ((), ["acc"], ""),
        (("acc",), ["acc"], ""),
        (("acuracy",), ["loss", "accuracy"], "has no 'acuracy' (did you mean 'accuracy'?)"),
        (("test", "f1"), ["test.loss", "acc"], "has no 'test' (did you mean 'test.loss'?), no 'f1'"),
        (tuple("abcde"), [], "has no 'a', no 'b', no 'c', and 2 more are missing"),
    ],
)
def test_names_that_were_asked_for_are_missing_with_the_nearest(
    asked: tuple[str, ...], names: list[str], said: str
) -> None:
    assert missing(asked, names) == said


def test_a_name_that_is_not_near_to_any_is_no_guess() -> None:
    assert meant("acc", ["loss", "test.acc.mean"]) == ""


def test_a_number_that_two_files_have_is_named_if_it_is_not_the_same() -> None:
    said = "'a', 'b' are in an earlier file, too, with another value, which does not count"
    assert in_several_files({"a": 1, "b": math.nan, "c": 2}, {"a": 2, "b": 0.5, "c": 2}) == said
    assert in_several_files({"a": math.nan}, {"a": math.nan, "b": math.nan}) == ""


def test_alike_problems_of_several_groups_are_one_sentence() -> None:
    problems = [MetricProblem(Path(f"group_{n}/m.json"), "m.json", "is empty") for n in range(3)]
    other = MetricProblem(Path("group_1/n.json"), "n.json", "is empty")
    assert sentences([*problems, other]) == [
        "group_0/m.json: is empty; the same in 2 other groups",
        "group_1/n.json: is empty",
    ]
    assert sentences(problems[1:], are_all=False) == ["group_1/m.json: is empty; the same in at least 1 other group"]


def test_problems_beyond_some_are_counted() -> None:
    many = [MetricProblem(Path(f"{n}.json"), f"{n}.json", "is empty") for n in range(SENTENCES_MAX + 2)]
    *_, last = found = sentences(many)
    assert (len(found), last) == (SENTENCES_MAX + 1, "2 more problems with files of metrics")
