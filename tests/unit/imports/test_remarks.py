"""Remarks on an import, and the names that it makes valid."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from qanat.domain.names import name_problem
from qanat.imports.remarks import Remarks, run_numbers, usable_name


@pytest.mark.parametrize(
    ("name", "usable"),
    [
        ("summary_iris", "summary_iris"),
        ("Été à la mer", "Ete_a_la_mer"),
        ("../../etc/passwd", "etc_passwd"),
        ("two cpus", "two_cpus"),
        ("日本", "thing_1"),
        ("", "thing_1"),
        ("--help", "help"),
        ("x" * 101, "x" * 100),
    ],
)
def test_a_name_stays_like_itself(name: str, usable: str) -> None:
    assert usable_name(name, "thing_1", ()) == usable


@given(st.lists(st.text(), max_size=5))
def test_every_name_becomes_one_that_can_be_used_and_no_two_the_same(names: list[str]) -> None:
    taken: list[str] = []
    for name in names:
        taken.append(usable_name(name, "thing", taken))
    assert [name for name in taken if name_problem(name)] == []
    assert len(set(taken)) == len(taken)


def test_remarks_name_their_runs_once_and_neighbours_together() -> None:
    remarks = Remarks()
    for run in (7, 1, 2, 3, 3):
        remarks.add("gone", run)
    remarks.add("changed")
    remarks.add("gone", 9)
    assert remarks.lines() == ["runs 1-3, 7, 9: gone", "changed"]
    assert run_numbers([4]) == "run 4"


def test_runs_of_other_tools_are_named_by_their_ids_and_not_all_of_them() -> None:
    remarks = Remarks()
    for run in "abcdefg":
        remarks.add("is running", run)
    assert remarks.lines() == ["runs a, b, c, d, e and 2 more: is running"]
