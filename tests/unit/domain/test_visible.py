r"""What is left of a text from a file: nothing that a terminal acts on, hides or reorders, and every letter.

Tests here write such characters as escapes, so that an editor shows them.
"""

from __future__ import annotations

import json
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from qanat.domain.visible import escaped, escaped_json
from tests.support.hostile import HOSTILE, LEGITIMATE, acting
from tests.support.strategies import stable

MIXED = st.text(
    st.sampled_from("a1#क\u06cc葛❤👩\u0301\u200c\u200d\ufe0e\ufe0f\u20e3\u061c\u180b\U000e0061\U000e0100\ud800\x1b\n")
)


@pytest.mark.parametrize("text", HOSTILE)
def test_what_acts_on_a_terminal_is_escaped(text: str) -> None:
    shown = escaped(text)
    assert not acting(shown)
    assert "\\" in shown
    assert shown.startswith("a")
    assert shown.endswith("b")


@pytest.mark.parametrize("text", LEGITIMATE)
def test_writing_of_every_script_stays_as_it_is(text: str) -> None:
    assert escaped(text) == text
    assert escaped_json(text) == text


@stable
@given(MIXED)
def test_escaped_text_is_not_escaped_again(text: str) -> None:
    once = escaped(text)
    assert escaped(once) == once
    assert "\n" not in once
    assert "\x1b" not in once


@stable
@given(MIXED)
def test_escaped_json_has_the_same_content(text: str) -> None:
    written = escaped_json(json.dumps(text, ensure_ascii=False))
    assert json.loads(written) == text
    assert escaped(written) == written


def test_a_joiner_belongs_only_to_what_it_joins() -> None:
    assert escaped("pass\u200dword") == r"pass\u200dword"
    assert escaped("👩\u200d\u200d💻") == r"👩\u200d\u200d💻"
    assert escaped("👩\u200dx") == r"👩\u200dx"
    assert escaped("x\ufe0f\u200d👩") == r"x\ufe0f\u200d👩"
    assert escaped("😀\ufe0f\ufe0e\ufe0f") == "😀\ufe0f" + r"\ufe0e\ufe0f"
    assert escaped("葛\U000e0100\U000e0101") == "葛\U000e0100" + r"\U000e0101"
    assert escaped("1\ufe0f") == r"1\ufe0f"


@pytest.mark.slow
@pytest.mark.parametrize("character", ["\x00", "\x1b", "\u200d", "👩\u200d", "\ufe0f", "a"])
def test_a_long_text_takes_time_in_proportion(character: str) -> None:
    def seconds(length: int) -> float:
        begun = time.process_time()
        escaped(character * length)
        return time.process_time() - begun

    assert seconds(400_000) < 12 * seconds(100_000) + 0.1
