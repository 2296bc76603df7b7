"""Texts without the secrets in them."""

from __future__ import annotations

import time
from dataclasses import dataclass

import pytest

from qanat.domain import redaction
from qanat.domain.run import State

TOKEN = "ghp_" + "a1B2" * 9


@dataclass(frozen=True)
class Report:
    """Something that others read."""

    text: str
    values: tuple[object, ...] = ()


@dataclass(frozen=True)
class Entry:
    """Something that is found by its id."""

    uid: str
    state: State
    text: str


def test_only_the_secret_is_replaced() -> None:
    assert redaction.redacted(f"a {TOKEN} b {TOKEN}, c") == "a [redacted] b [redacted], c"
    assert redaction.redacted("--lr 1 --password hunter --tag=a") == "--lr 1 --password [redacted] --tag=a"
    assert redaction.redacted("nothing") == "nothing"


def test_arguments_are_replaced_by_their_options() -> None:
    assert redaction.redacted_arguments(["--pass", "hunter2", "hunter2"]) == ["--pass", "[redacted]", "hunter2"]


def test_what_a_file_says_is_a_secret_is_left_out_elsewhere() -> None:
    known = redaction.secrets_in([{"password": "hunter2", "args": ["--auth", "ada:hunter3"]}, {"password": 123456}])
    assert known == {"hunter2", "ada:hunter3", "123456"}
    report = Report("it was hunter2", ({"x": "hunter2"}, ["hunter2"], 123456, 5, None))
    clean = redaction.without(report, known)
    assert clean == Report("it was [redacted]", ({"x": "[redacted]"}, ["[redacted]"], "[redacted]", 5, None))
    same = Report("nothing", ("a",))
    assert redaction.without(same, known) is same


def test_a_short_secret_does_not_spoil_other_texts() -> None:
    known = redaction.secrets_in([{"password": "a"}])
    assert redaction.without(("a", "a banana"), known) == ("[redacted]", "a banana")


def test_what_other_values_are_found_by_stays() -> None:
    known = redaction.secrets_in([{"password": "a1234f"}, {"password": "1234"}, {"password": "finished"}])
    run = Entry("a1234f", State.FINISHED, "see a1234f, 1234 and 71234")
    assert redaction.without(run, known) == Entry("a1234f", State.FINISHED, "see [redacted], [redacted] and 71234")


@pytest.mark.slow
def test_many_secrets_take_time_in_proportion_to_the_texts() -> None:
    known = redaction.secrets_in([{"args": [word for n in range(20_000) for word in ("--password", f"hunter{n}")]}])
    assert len(known) == 20_000
    begun = time.process_time()
    clean = redaction.without([f"hunter{n}" for n in range(20_000)], known)
    assert set(clean) == {"[redacted]"}
    redaction.without([f"group {n}: finished" for n in range(20_000)], known)
    assert time.process_time() - begun < 5  # on a busy machine
