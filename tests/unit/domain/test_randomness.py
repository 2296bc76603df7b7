"""Telling random characters from words."""

from __future__ import annotations

import pytest

from qanat.domain.randomness import is_mixed, is_random

HEX = "a8f5f167f44f4964" + "e6c998dee827110c"


@pytest.mark.parametrize("value", [HEX, "Q1w2" + "E3r4T5y6U7i8", f"key-{HEX}", f"a/{HEX}"])
def test_random_is_long_and_mixed(value: str) -> None:
    assert is_random(value)


@pytest.mark.parametrize(
    "value",
    [
        "a1" * 16,
        HEX[:15],
        "1234567890123456",
        "summary_statistics_of_iris",
        "MyExperimentWithALongName",
        "reserved_special_token_12",
        "vit_b16_224_in21k_ft1k",
        "20260101T120000Z_run_of_iris",
        f"{HEX[:20]} {HEX}",
    ],
)
def test_words_numbers_and_dates_are_not_random(value: str) -> None:
    assert not is_random(value)


def test_mixed_is_no_word_with_a_number() -> None:
    assert is_mixed("abc123def456")
    assert not is_mixed("baseline2")
    assert not is_mixed("extra_id_0")
