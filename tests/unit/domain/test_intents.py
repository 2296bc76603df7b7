"""An intent belongs to one run."""

from __future__ import annotations

from qanat.domain.intents import is_made_for, may_be_of, new_intent


def test_an_intent_is_made_for_one_run_and_for_no_other() -> None:
    intent = new_intent("4-7f3a9c")
    assert is_made_for(intent, "4-7f3a9c")
    for other in ("4-7f3a9d", "5-7f3a9c", "47-f3a9c", "", "4-7f3a9c "):
        assert not is_made_for(intent, other)
        assert not may_be_of(intent, other)


def test_two_intents_of_a_run_differ_and_are_short_hex() -> None:
    one, other = new_intent("4-7f3a9c"), new_intent("4-7f3a9c")
    assert one != other
    assert (len(one), len(other)) == (24, 24)
    assert int(one, 16) != int(other, 16)


def test_what_is_not_an_intent_is_made_for_no_run() -> None:
    for text in ("", "ab", "9c41d2e07ab35f68", new_intent("4-7f3a9c")[:-1], "é" * 24):
        assert not is_made_for(text, "4-7f3a9c")


def test_jobs_of_an_earlier_qanat_are_still_looked_for() -> None:
    assert may_be_of("9c41d2e07ab35f68", "4-7f3a9c")
