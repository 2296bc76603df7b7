"""How much two words differ."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from qanat.domain.spelling import LENGTH_MAX, distance

WORDS = st.text("ab-", max_size=8)


@pytest.mark.parametrize(
    ("a", "b", "letters"),
    [
        ("dry-run", "dry-run", 0),
        ("dry-rnu", "dry-run", 1),
        ("dryrun", "dry-run", 1),
        ("dry-runn", "dry-run", 1),
        ("drx-run", "dry-run", 1),
        ("rdy-rnu", "dry-run", 2),
        ("", "abc", 3),
        ("x" * (LENGTH_MAX + 1), "x", LENGTH_MAX),
    ],
)
def test_letters_are_counted_that_have_to_change(a: str, b: str, letters: int) -> None:
    assert distance(a, b) == distance(b, a) == letters


@given(WORDS, WORDS)
def test_words_are_the_same_only_without_any_difference(a: str, b: str) -> None:
    assert (distance(a, b) == 0) == (a == b)
    assert abs(len(a) - len(b)) <= distance(a, b) <= max(len(a), len(b))
