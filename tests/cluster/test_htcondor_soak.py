"""Several runs at once on a real pool, with its schedd killed and jobs held, released, removed and evicted."""

from __future__ import annotations

import pytest

from tests.cluster.htcondor_project import OnPool
from tests.cluster.htcondor_soak import Soak

pytestmark = pytest.mark.xdist_group("another htcondor")

RUNS, GROUPS, EVENTS, SEED, LONGEST_S = 4, 20, 40, 5, 3.0


def test_whatever_happens_to_jobs_their_records_tell_the_truth_in_the_end(on_pool: OnPool) -> None:
    """A small one of `python -m benchmarks.soak htcondor`."""
    soak = Soak(on_pool, SEED, LONGEST_S)
    soak.submit(RUNS, GROUPS)
    done = soak.live(EVENTS, soak.outages())
    assert soak.settle() == []
    assert done > EVENTS // 2
    assert soak.happened["hold"]
    assert soak.happened["cancel"]
