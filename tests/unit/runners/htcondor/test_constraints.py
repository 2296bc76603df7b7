"""Naming the jobs on which a schedd is to act."""

from __future__ import annotations

import pytest

from qanat.domain.job import JobHandle
from qanat.runners.htcondor.constraints import SPANS_MAX, constraints

INTENT = '(QanatIntent == "c0ffee")'


def of(*procs: int, cluster: int = 7) -> list[JobHandle]:
    return [JobHandle("c0ffee", proc, f"{cluster}.{proc}") for proc in procs]


def test_neighbours_are_named_together_and_what_makes_jobs_only_when_all_are_meant_that_are_to_come() -> None:
    (said,) = constraints(of(0, 1, 4), all_of_them=False)
    total = "ifThenElse(TotalSubmitProcs =?= undefined, QanatJobs, TotalSubmitProcs)"
    to_come = f"ProcId =?= undefined && JobMaterializeNextProcId >= 4 && {total} <= 5"
    assert said.partition(" && (QanatIntent")[0] == (
        f"(ClusterId == 7 && ((ProcId >= 0 && ProcId <= 1) || (ProcId >= 4 && ProcId <= 4) || ({to_come})))"
    )


def test_of_a_whole_run_what_makes_its_jobs_is_always_meant() -> None:
    (said,) = constraints(of(0), all_of_them=True)
    assert "|| (ProcId =?= undefined))" in said


def test_only_idle_jobs_are_meant_of_those_to_hold_and_what_makes_jobs() -> None:
    (said,) = constraints(of(0, 1, 4), all_of_them=True, idle=True)
    assert said.partition(" && (QanatIntent")[0] == (
        "(ClusterId == 7 && ((ProcId >= 0 && ProcId <= 1 && JobStatus == 1)"
        " || (ProcId >= 4 && ProcId <= 4 && JobStatus == 1) || (ProcId =?= undefined)))"
    )


def test_however_many_spans_there_are_nothing_else_is_named() -> None:
    procs = range(0, 4 * SPANS_MAX, 2)
    said = constraints(of(*procs), all_of_them=False)
    assert len(said) == 3
    assert all(text.startswith("(ClusterId == 7 && (") and "QanatIntent" in text for text in said)
    for proc in procs:
        assert sum(f"(ProcId >= {proc} && ProcId <= {proc})" in text for text in said) == 1


@pytest.mark.parametrize("all_of_them", [True, False])
def test_each_cluster_is_named_by_itself(all_of_them: bool) -> None:
    said = constraints([*of(0), *of(3, cluster=8)], all_of_them=all_of_them)
    assert [text.partition(" &&")[0] for text in said] == ["(ClusterId == 7", "(ClusterId == 8"]
