from __future__ import annotations

import pytest

from qanat.domain.shortening import QUOTED_MAX, quoted, shortened


@pytest.mark.parametrize(
    ("text", "most", "end_cut", "start_cut"),
    [("", 3, "", ""), ("abc", 3, "abc", "abc"), ("abcd", 3, "ab…", "…cd"), ("abcd", 1, "…", "…")],
)
def test_a_text_has_at_most_as_many_characters(text: str, most: int, end_cut: str, start_cut: str) -> None:
    assert shortened(text, most) == end_cut
    assert shortened(text, most, cut_start=True) == start_cut


def test_a_value_in_a_message_is_quoted_and_cut() -> None:
    assert [quoted("it's"), quoted("a\nb"), quoted(5), quoted(["a"])] == ['"it\'s"', r"'a\nb'", "5", "['a']"]
    assert quoted("x" * 1_000) == repr("x" * (QUOTED_MAX - 1) + "…")
    assert len(quoted(list(range(1_000)))) == QUOTED_MAX
