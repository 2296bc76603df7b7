"""Progress files, read from their first and last bytes."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from qanat.domain.progress import fraction
from tests.support.strategies import stable


def read(content: bytes, tail_bytes: int = 65_536) -> float | None:
    """Read a file from its first bytes and this many last ones."""
    return fraction(content[:256], content[-tail_bytes:], len(content))


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
        (b"20\n", 0.0),
        (b"20\n1\n1\n", 0.1),
        (b"20\r\n5\r\n", 0.25),
        (b" 20 \n20\n", 1.0),
        (b"2.5\n1\n", 0.4),
        (b"count_total: 20\n5\n", 0.25),
        (b"count_total = 20\n5\n", 0.25),
        (b"total=20\n5\n", 0.25),
        (b"50%\n", 0.5),
        (b"epoch 1: 7.5 %\nepoch 2: 50 %\n", 0.5),
        (b"250%\n", 1.0),
        (b"step 3/20\nstep 4 / 20\n", 0.2),
        (b"30/20\n", 1.0),
    ],
)
def test_a_file_that_says_how_far_it_is(content: bytes, expected: float) -> None:
    assert read(content) == pytest.approx(expected)


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"\n",
        b"half of it",
        b"count_total=\n1\n",
        b"count_total=0\n1\n",
        b"count_total=x\n",
        b"\xff\xfe",
        b"20",
        b"1\n1\n1\n",
        b"5\n10\n15\n",
        b"0\n1\n",
        b"4/0\n",
        b"-20\n1\n",
        b"nan\n1\n",
        b"at 20\n1\n",
    ],
)
def test_a_file_that_says_nothing(content: bytes) -> None:
    assert read(content) is None


def test_a_percentage_and_the_word_at_the_end_need_only_the_end() -> None:
    assert read(b"tqdm\n" + b" 1%|" * 100 + b" 98%|\r 99%|", tail_bytes=20) == pytest.approx(0.99)
    assert read(b"count_total=9\n" + b"1\n" * 100 + b"finished\n", tail_bytes=20) == 1.0


@pytest.mark.parametrize("line", [b"1\n", b"0.25\n", b"1\r\n", b"  2.5  \n"])
@pytest.mark.parametrize("tail_bytes", [100, 1_000])
def test_a_sum_over_more_than_the_end_is_estimated_from_the_end(line: bytes, tail_bytes: int) -> None:
    head = b"count_total=%d\n" % (float(line) * 10_000)
    assert read(head + line * 4_000, tail_bytes) == pytest.approx(0.4, abs=0.01)
    assert read(head + line * 20_000, tail_bytes) == 1.0


@pytest.mark.parametrize("missing_bytes", range(1, 20))
def test_a_first_line_that_is_cut_does_not_count(missing_bytes: int) -> None:
    content = b"count_total=1000\n" + b"1\n" * 100
    assert read(content, len(content) - missing_bytes) == pytest.approx(0.1, abs=0.001)


def test_an_estimate_without_a_whole_line_is_nothing_done() -> None:
    assert read(b"count_total=9\n" + b"1" * 1_000, tail_bytes=100) == 0.0


@stable
@given(
    st.sampled_from(
        [b"", b"tqdm\n", b"5\n", b"%", b"/", b"count_total=5\n", b"count_total=nan\n", b"count_total=inf\n"]
    ),
    st.binary(),
)
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
