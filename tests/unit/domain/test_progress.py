"""Progress files, read from their first and last bytes."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from qanat.domain.progress import fraction
from tests.support.strategies import stable


def read(content: bytes, *, whole: bool = True) -> float | None:
    """Read a small file, of which first and last bytes are all there are."""
    return fraction(content[:256], content, whole)


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (b"count_total=10\n", 0.0),
        (b"count_total=10\n1\n1\n", 0.2),
        (b"count_total=10\n2.5\n2.5", 0.5),
        (b"count_total=4\n1\nnonsense\n1\n", 0.5),
        (b"count_total=4\n10\n", 1.0),
        (b"count_total=4\n-3\n", 0.0),
        (b"count_total=4\n1\nfinished", 1.0),
        (b"count_total=4\r\n1\r\n", 0.25),
        (b"tqdm\n", 0.0),
        (b"tqdm\n  3%|3 | 3/100\r 45%|45 | 45/100\r", 0.45),
        (b"tqdm\n100%|##| 10/10 [00:01<00:00]\n", 1.0),
        (b"tqdm\n 12%|\nfinished\n", 1.0),
        (b"finished", 1.0),
    ],
)
def test_a_file_that_says_how_far_it_is(content: bytes, expected: float) -> None:
    assert read(content) == pytest.approx(expected)


@pytest.mark.parametrize(
    "content",
    [b"", b"\n", b"half of it", b"count_total=\n1\n", b"count_total=0\n1\n", b"count_total=x\n", b"50%\n", b"\xff\xfe"],
)
def test_a_file_that_says_nothing(content: bytes) -> None:
    assert read(content) is None


def test_a_sum_needs_the_whole_file_and_a_percentage_only_its_end() -> None:
    assert fraction(b"count_total=9\n1\n", b"1\n1\n", whole=False) is None
    assert fraction(b"tqdm\n 1%", b" 98%|\r 99%|", whole=False) == pytest.approx(0.99)
    assert fraction(b"count_total=9\n1\n", b"1\n1\nfinished\n", whole=False) == 1.0


@stable
@given(st.sampled_from([b"", b"tqdm\n", b"count_total=5\n", b"count_total=nan\n", b"count_total=inf\n"]), st.binary())
def test_any_bytes_give_a_share_or_nothing(begin: bytes, rest: bytes) -> None:
    found = read(begin + rest)
    assert found is None or 0.0 <= found <= 1.0


@stable
@given(
    st.sampled_from([b"5", b"nan", b"inf", b"-inf", b"1e300"]),
    st.lists(st.sampled_from([b"nan", b"inf", b"-inf", b"1e308", b"-1"])),
)
def test_numbers_that_are_none_give_a_share_all_the_same(total: bytes, numbers: list[bytes]) -> None:
    found = read(b"count_total=" + total + b"\n" + b"\n".join(numbers))
    assert found is not None
    assert 0.0 <= found <= 1.0
