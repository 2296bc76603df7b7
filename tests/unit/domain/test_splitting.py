"""Arguments are split as shlex does it, and long ones in proportion to their length."""

from __future__ import annotations

import shlex
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from qanat.domain.splitting import split
from tests.support.strategies import stable


@stable
@given(st.text(st.sampled_from("ab'\"\\ \t\n\r\x0b#$é;"), max_size=12))
def test_a_line_is_split_as_shlex_splits_it(text: str) -> None:
    try:
        expected = shlex.split(text)
    except ValueError as error:
        with pytest.raises(ValueError, match=str(error)):
            split(text)
    else:
        assert split(text) == expected


@pytest.mark.slow
@pytest.mark.parametrize("piece", ["x", "'", '"', "\\", " x", "''", '"\\"', "é"])
def test_a_long_line_takes_little_time(piece: str) -> None:
    begun = time.process_time()
    for end in ("", "'", '"'):
        try:
            split(piece * (1_000_000 // len(piece)) + end)
        except ValueError:
            continue
    assert time.process_time() - begun < 6
