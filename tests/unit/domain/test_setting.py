"""What finished before and fails now, setting by setting."""

from __future__ import annotations

from dataclasses import replace

import pytest

from qanat.domain.circumstances import Circumstances
from qanat.domain.run import Group, Run, State
from qanat.domain.setting import Regression, as_text, key_of, regressions, respelled
from tests.unit.records.example import RUN

FINISHED, FAILED, LOST = State.FINISHED, State.FAILED, State.LOST


def a_run(number: int, *groups: tuple[str, State]) -> Run:
    ended = (
        Group(i, tuple(args.split()), state, exit_code=3 if state is FAILED else None)
        for i, (args, state) in enumerate(groups)
    )
    return replace(RUN, number=number, uid=f"{number:06x}", groups=tuple(ended))


def found(new: list[Run], old: list[Run]) -> tuple[Regression, ...]:
    keys = {key_of({"--n": n}) for n in "123"}
    return regressions(new, dict.fromkeys(keys, old))


def test_a_setting_that_finished_and_now_fails_is_found_with_its_parameters_and_the_cause() -> None:
    new = [a_run(7, ("--n 1 --seed 0", FAILED), ("--n 1 --seed 1", FINISHED), ("--n 2 --seed 0", FINISHED))]
    old = [a_run(2, ("--n 1 --seed 0", FINISHED)), a_run(3, ("--n 1 --seed 5", FINISHED))]
    (one,) = found(new, old)
    before = ("3-000003", "2-000002")
    other = Circumstances(environments=(RUN.environment, RUN.environment))
    assert one == Regression((("--n", "1"),), 1, 2, "exit code 3", ("7-000007",), before, RUN.experiment, other)


def test_what_never_finished_or_is_only_lost_is_no_regression() -> None:
    assert found([a_run(7, ("--n 1", FAILED))], [a_run(2, ("--n 1", FAILED), ("--n 2", FINISHED))]) == ()
    assert found([a_run(7, ("--n 1", LOST))], [a_run(2, ("--n 1", FINISHED))]) == ()


def test_the_latest_run_of_the_same_arguments_counts() -> None:
    old = [a_run(2, ("--n 1", FINISHED))]
    failed, mended = a_run(7, ("--n 1", FAILED)), a_run(8, ("--n 1", FINISHED))
    assert found([failed, mended], old) == ()
    (one,) = found([mended, failed], old)
    assert one.runs == ("7-000007",)


def test_a_setting_is_the_same_however_its_numbers_are_spelled() -> None:
    failed = a_run(8, ("--n 1.0 --seed 3", FAILED))
    (one,) = found([failed], [a_run(2, ("--n 1", FINISHED))])
    assert one.parameters == (("--n", "1.0"),)
    assert found([failed, a_run(9, ("--n 1 --seed 3.0", FINISHED))], [a_run(2, ("--n 1", FINISHED))]) == ()


@pytest.mark.parametrize(
    ("groups", "expected"),
    [
        (["--n 1", "--n 1.0", "--n 2"], [("n=1", "n=1.0")]),
        (["--n 1", "--n 1"], []),
        (["--n 1 --m a", "--n 1.0 --m b"], []),
        (["--n 1 --m a", "--n 1.0 --m a", "--n 1 --m b", "--n 1e0 --m b"], [("n=1", "n=1.0", "n=1e0")]),
        (["-n 1 --n 0.001", "-n 1 --n 1e-3"], [("--n=0.001", "--n=1e-3")]),
        (["1 x", "1. x"], [("pos_0=1", "pos_0=1.")]),
    ],
)
def test_values_that_make_one_setting_of_two_groups_are_found(groups: list[str], expected: list[tuple[str]]) -> None:
    assert respelled([group.split() for group in groups]) == expected


def test_parameters_are_written_as_assignments() -> None:
    assert as_text([("--lr", "0.1"), ("--fast", "")]) == "lr=0.1 fast"
    assert as_text([("-n", "1"), ("--n", "5")]) == "-n=1 --n=5"
