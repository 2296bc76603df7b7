"""What a report says of an earlier run besides its code."""

from __future__ import annotations

from qanat.cli.diff.circumstances_report import clauses
from qanat.domain.circumstances import Circumstances
from qanat.domain.data import Difference
from qanat.domain.meanings import plain


def test_all_that_differs_follows_the_name_of_the_earlier_run() -> None:
    assert clauses(Circumstances()) == ()
    data = (Difference("iris", "blob 1, was 2"),)
    found = clauses(Circumstances(data, "b.sif, was a.sif", ("1", "2"), ("mine 2, was 1",)))
    assert plain(found) == (
        ", on other data: iris: blob 1, was 2, in another container: b.sif, was a.sif"
        ", in another environment: mine 2, was 1"
    )
    assert plain(clauses(Circumstances(environments=("1", "2")))) == ", in another environment"
