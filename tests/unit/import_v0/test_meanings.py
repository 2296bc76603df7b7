"""Values of qanat 0.x in today's terms."""

from __future__ import annotations

import pytest

from qanat.domain.run import State
from qanat.import_v0 import meanings


@pytest.mark.parametrize(
    ("value", "moment"),
    [
        ("2023-06-29 13:17:58.000000", "2023-06-29T13:17:58+00:00"),
        ("2023-06-29 13:17:58.25", "2023-06-29T13:17:58.250+00:00"),
        ("2023-06-29T13:17:58+02:00", "2023-06-29T11:17:58+00:00"),
        (None, None),
        ("", None),
        ("yesterday", None),
        ("0001-01-01 00:00:00+14:00", None),
    ],
)
def test_a_moment_is_read_or_there_is_none(value: object, moment: str | None) -> None:
    assert meanings.timestamp(value) == moment


@pytest.mark.parametrize(
    ("parameters", "words"),
    [
        ({}, ()),
        ({"--n": "10", "pos_0": "a"}, ("a", "--n", "10")),
        ({f"pos_{i}": i for i in (10, 2, 0)}, ("0", "2", "10")),
        ({"--l": ["1", 2], "--x": 5.0}, ("--l", "1", "--l", "2", "--x", "5.0")),
        ({"--flag": None, "-s": True}, ("--flag", "-s", "True")),
        ({"second": 2, "first": 1}, ("2", "1")),
    ],
)
def test_parameters_become_the_words_that_were_run(parameters: dict[str, object], words: tuple[str, ...]) -> None:
    assert meanings.arguments(parameters) == words


def test_the_same_run_has_the_same_identity_and_another_has_another() -> None:
    uid, intent = meanings.identity(4, "iris", "abc")
    assert meanings.identity(4, "iris", "abc") == (uid, intent)
    assert (len(uid), len(intent)) == (6, 16)
    others = {meanings.identity(5, "iris", "abc"), meanings.identity(4, "wine", "abc")}
    assert (uid, intent) not in others


@pytest.mark.parametrize(
    ("status", "end"),
    [("finished", State.FINISHED), (" Error ", State.FAILED), ("cancelled", State.CANCELLED), ("running", None)],
)
def test_only_an_end_is_an_end(status: str, end: State | None) -> None:
    assert meanings.end_of(status) == end


def test_what_is_said_of_a_run_is_spread_over_its_groups() -> None:
    assert meanings.per_group(["a", None], 3) == ["a", "", ""]
    assert meanings.per_group("running", 2) == ["running", "running"]
    assert meanings.per_group(None, 1) == [""]
