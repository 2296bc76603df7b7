"""Bundles: which groups share a job, and how a scheduler numbers them."""

from __future__ import annotations

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from qanat.domain.bundles import bundles, by_job, number_of
from qanat.domain.run import Group


@given(st.sets(st.integers(0, 10_000), min_size=1), st.integers(1, 200))
def test_every_group_is_in_one_bundle_and_the_number_of_each_is_its_own(numbers: set[int], per_job: int) -> None:
    found = bundles(sorted(numbers), per_job)
    assert list(itertools.chain.from_iterable(found.values())) == sorted(numbers)
    assert len(found) == -(-len(numbers) // per_job)
    assert list(found) == sorted(found)
    assert all(number == number_of(groups[0], per_job) for number, groups in found.items())


@pytest.mark.parametrize("per_job", [None, 0, -3])
def test_without_bundles_a_group_has_a_job_with_its_number(per_job: int | None) -> None:
    """A record may say anything."""
    assert bundles([2, 7], per_job) == {2: (2,), 7: (7,)}
    assert number_of(7, per_job) == 7


def test_groups_of_a_job_name_it() -> None:
    groups = [Group(0, (), job="4_0"), Group(1, ()), Group(2, (), job="4_1"), Group(3, (), job="4_0")]
    assert {name: [g.number for g in of_job] for name, of_job in by_job(groups).items()} == {"4_0": [0, 3], "4_1": [2]}
