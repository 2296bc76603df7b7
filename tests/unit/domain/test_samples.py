"""Which groups are the same sample."""

from __future__ import annotations

import pytest

from qanat.domain.facts import facts_of
from qanat.domain.samples import repeated_runs
from tests.unit.domain.test_comparison import a_run


def repeated(reruns: dict[int, int]) -> dict[str, str]:
    """Return what repeated_runs() finds for runs with these numbers that repeat others."""
    made = {number: facts_of(a_run(number)) for number in (*reruns, *reruns.values())}
    runs = [made[number]._replace(rerun_of=made[of].id) for number, of in reruns.items()]
    return {run.partition("-")[0]: of.partition("-")[0] for run, of in repeated_runs(runs).items()}


def test_a_rerun_of_a_rerun_repeats_the_first_run_in_any_order() -> None:
    assert repeated({9: 7, 7: 4, 8: 4, 6: 5}) == {"9": "4", "7": "4", "8": "4", "6": "5"}
    assert repeated({7: 4, 8: 4, 9: 7}) == {"7": "4", "8": "4", "9": "4"}


def test_records_that_claim_to_repeat_each_other_are_one_sample() -> None:
    assert repeated({1: 2, 2: 3, 3: 1, 4: 2}) == dict.fromkeys("1234", "1")


@pytest.mark.slow
def test_a_long_chain_of_reruns_is_followed_once() -> None:
    assert set(repeated({number: number - 1 for number in range(20_000, 0, -1)}).values()) == {"0"}
