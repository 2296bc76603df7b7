"""Conditions for finding runs, and the runs that meet them."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from qanat.domain.run import Group, Run, RunnerChoice, State
from qanat.domain.search import number, parse
from qanat.errors import UsageError
from tests.support.strategies import accepted_or_refused, runs, stable, texts, words
from tests.unit.records.example import RUN


def with_args(*groups: str) -> Run:
    """Return a run whose groups have these arguments."""
    return replace(RUN, groups=tuple(Group(i, tuple(text.split()), State.FINISHED) for i, text in enumerate(groups)))


@pytest.mark.parametrize(
    ("condition", "args", "met"),
    [
        ("--lr=0.1", "--lr 0.1", True),
        ("lr=0.1", "--lr 0.1", True),
        ("lr==0.1", "--lr 0.1", True),
        ("lr = 0.1", "--lr 0.1", True),
        ("lr=0.10", "--lr 0.1", True),
        ("lr=1e-1", "--lr 0.1", True),
        ("lr=0.1", "--lr=0.1", True),
        ("lr=0.1", "-lr 0.1", True),
        ("lr=0.1", "--lr 0.2", False),
        ("lr=0.1", "--slr 0.1", False),
        ("lr!=0.1", "--lr 0.2", True),
        ("lr!=0.1", "--lr 0.1", False),
        ("lr!=0.1", "--n 1", False),
        ("lr<0.01", "--lr 0.001", True),
        ("lr<0.01", "--lr 0.01", False),
        ("lr<=0.01", "--lr 0.01", True),
        ("lr>0.01", "--lr 1", True),
        ("lr>0.01", "--lr -1", False),
        ("lr>=1", "--lr 1", True),
        ("lr<9", "--lr 10", False),
        ("lr<9", "--lr small", False),
        ("lr<9", "--n 1", False),
        ("loss=huber", "--loss huber", True),
        ("loss!=huber", "--loss mse", True),
        ("loss=", "--loss", True),
        ("names=a b", "--names a b", True),
        ("names=a=b", "--names a=b", True),
        ("pos_0=train", "train --n 1", True),
        ("pos_1=fast", "train fast", True),
        ("model.depth>2", "--model.depth 3", True),
        ("batch-size=3", "--batch-size 3", True),
        ("--fast", "--fast", True),
        ("--fast", "--faster", False),
        ("-f", "-f 3", True),
    ],
)
def test_a_condition_on_a_parameter(condition: str, args: str, met: bool) -> None:
    assert parse(condition).meets(with_args(args)) is met


def test_one_group_of_many_is_enough() -> None:
    assert parse("n>2").meets(with_args("--n 1", "--n 3"))
    assert not parse("n>3").meets(with_args("--n 1", "--n 3"))


@pytest.mark.parametrize(
    ("condition", "met"),
    [
        ("tag:paper", True),
        ("tag:pap", False),
        ("tag:", False),
        ("state:failed", True),
        ("state:finished", False),
        ("runner:htcondor", True),
        ("runner:local", False),
        ("commit:eac4a82", True),
        ("commit:EAC4", True),
        ("commit:ac4a", False),
        ("commit:", False),
        ("experiment:summary_iris", True),
        ("experiment:summary", False),
        ("text:figure 2", True),
        ("text:PAPER", True),
        ("text:nothing", False),
        ("Figure", True),
        ("pape", True),
        ("figure 3", False),
        ("after:2026-11-23", True),
        ("after:2026-11-24", False),
        ("before:2026-11-24", True),
        ("before:2026-11-23", False),
        ("after:2026-11-23T05:17:55+00:00", True),
        ("before:2026-11-23T05:17:55+00:00", False),
        ("after:2026-11-23T07:17:56+02:00", False),
    ],
)
def test_a_condition_on_the_run(condition: str, met: bool) -> None:
    run = replace(RUN, tags=("paper", "v2"), description="For Figure 2", runner=RunnerChoice("htcondor"))
    assert parse(condition).meets(run) is met


def test_a_condition_keeps_what_was_typed() -> None:
    assert parse("  lr < 0.1 ").text == "lr < 0.1"


@pytest.mark.parametrize(
    ("text", "message", "hint"),
    [
        ("state:done", "'done' is not a state", "states: queued, running, held, finished, failed, cancelled, lost"),
        ("after:yesterday", "'yesterday' is not a date", "write it as 2026-11-23 or 2026-11-23T05:17"),
        ("before:", "'' is not a date", "write it as 2026-11-23 or 2026-11-23T05:17"),
    ],
)
def test_a_condition_that_cannot_be_read(text: str, message: str, hint: str) -> None:
    with pytest.raises(UsageError) as raised:
        parse(text)
    assert (raised.value.message, raised.value.hint) == (message, hint)


@pytest.mark.parametrize("date", ["0001-01-01", "9999-12-31", "0001-01-01T00:00:00+14:00"])
def test_a_date_at_the_end_of_all_days_is_a_date_or_none(date: str) -> None:
    with accepted_or_refused(UsageError, f"'{date}' is not a date"):
        parse(f"after:{date}").meets(RUN)


@stable
@given(texts, runs())
def test_any_text_is_a_condition_that_runs_meet_or_not_or_is_refused(text: str, run: Run) -> None:
    with accepted_or_refused(UsageError, ""):
        assert parse(text).meets(run) in (True, False)


@stable
@given(st.from_regex(r"[a-z][a-z_]{0,8}", fullmatch=True), words)
def test_a_run_is_found_by_any_value_of_any_parameter(name: str, value: str) -> None:
    run = replace(RUN, groups=(Group(0, (f"--{name}={value}",)),))
    assert parse(f"--{name}={value}").meets(run) or value != value.strip() or number(value) != number(value)
