"""Spellings of values: equal numbers are the same exactly, and texts stay as they are."""

from __future__ import annotations

import pytest

from qanat.domain.equal_values import canonical, canonical_parameters


@pytest.mark.parametrize(
    "spellings",
    [
        ("0.3", "0.30", "3e-1", ".3", "+0.3", "00.3", "3E-1", "300e-3", "0.03e+1"),
        ("1", "1.0", "1.", "1e0", "01", "10e-1"),
        ("0", "-0", "0.0", "0e7", ".0"),
        ("-1500", "-1.5e3", "-15e2"),
        ("1 20", "1.0 2e1"),
    ],
)
def test_equal_numbers_are_the_same(spellings: tuple[str, ...]) -> None:
    assert len({canonical(text) for text in spellings}) == 1


def test_numbers_that_are_one_float_are_different() -> None:
    assert float("9007199254740993") == float("9007199254740992")
    assert canonical("9007199254740993") != canonical("9007199254740992")
    assert canonical("0.1") != canonical("0.1000000000000000055")
    assert canonical("1e400") != canonical("1e500")
    assert canonical("1") != canonical("-1")


@pytest.mark.parametrize(
    "text", ["", ".", "-", "e5", "1_0", "0x10", "v1.0", "1.0.0", "nan", "1 a", "1,2", "\u0661", "True"]
)
def test_a_text_stays_as_typed(text: str) -> None:
    assert canonical(text) == text


def test_parameters_are_in_the_order_of_their_names() -> None:
    assert canonical_parameters({"--n": "2.0", "--fast": "", "--lr": "0.10"}) == (
        ("--fast", ""),
        ("--lr", "1e-1"),
        ("--n", "2"),
    )
