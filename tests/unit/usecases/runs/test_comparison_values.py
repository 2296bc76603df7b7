"""Comparisons as plain values, and the verdicts in them."""

from __future__ import annotations

import pytest

from qanat.domain.against_baseline import Baseline, against_baseline
from qanat.domain.comparison import compare
from qanat.domain.facts import facts_of
from qanat.domain.run import Run
from qanat.domain.statistics import HIGHER, LOWER
from qanat.usecases.runs import comparison_values
from qanat.usecases.runs.compare import Compared, CompareRequest
from tests.unit.domain.test_comparison import a_run, failing

RUN = a_run(1, *((f"--n {n} --seed {s}", {"acc": n + s / 100}) for n in (1, 2) for s in range(4)))


def compared(run: Run, direction: str) -> Compared:
    """Return the comparison of n=2 with n=1."""
    found = compare([facts_of(run)], better={"acc": direction})
    baseline = Baseline("n=1", {(run.id, number) for number in range(4)}, whole=True)
    against = against_baseline(found, baseline, {})
    return Compared(found, CompareRequest(), {}, {"acc": direction}, against)


@pytest.mark.parametrize(
    ("failed", "direction", "verdict"),
    [
        ((), HIGHER, "better"),
        ((), LOWER, "worse"),
        ((7,), HIGHER, "significant"),
        ((7,), LOWER, "worse"),
        ((0,), HIGHER, "better"),
        ((0,), LOWER, "significant"),
    ],
)
def test_a_row_with_groups_that_did_not_finish_is_not_called_better_than_another(
    failed: tuple[int, ...], direction: str, verdict: str
) -> None:
    found = compared(failing(RUN, *failed), direction)
    assert found.verdicts(1) == {"acc": verdict}
    assert found.verdicts(0) == {}
    row = comparison_values.as_mappings(found)[1]
    better = {"better": True, "worse": False}.get(verdict)
    assert (row["metrics"]["acc"]["difference"]["verdict"], row["metrics"]["acc"]["difference"]["better"]) == (
        verdict,
        better,
    )
    assert row["unfinished"] == len([number for number in failed if number > 3])
