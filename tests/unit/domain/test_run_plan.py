"""How the groups of a run have drifted from those of a plan."""

from __future__ import annotations

from qanat.domain.run_plan import DRIFTS_SHOWN, drifted_groups


def test_the_same_groups_have_not_drifted() -> None:
    assert drifted_groups([("--a", "1"), ()], [("--a", "1"), ()]) == []


def test_another_number_of_groups_is_said() -> None:
    assert drifted_groups([()], [(), ()]) == ["2 groups, 1 was planned"]
    assert drifted_groups([(), ()], [()]) == ["1 group, 2 were planned"]


def test_each_other_group_is_named() -> None:
    assert drifted_groups([("--a", "1"), ("b",)], [("--a", "2"), ("b",)]) == ["group 0: '--a 2', '--a 1' was planned"]


def test_the_first_of_many_are_named() -> None:
    found = drifted_groups([("1",)] * 9, [("2",)] * 9)
    assert (len(found), found[-1]) == (DRIFTS_SHOWN + 1, "and 4 more groups")
