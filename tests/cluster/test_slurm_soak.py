"""Several runs at once on a real cluster, with its controller stopped, and jobs held, released, requeued, cancelled."""

from __future__ import annotations

import pytest

from tests.cluster.slurm_project import OnSlurm
from tests.cluster.slurm_soak import Soak

pytestmark = pytest.mark.xdist_group("another slurm")

RUNS, GROUPS, EVENTS, SEED, LONGEST_S = 3, 25, 50, 5, 3.0


def test_whatever_happens_to_jobs_their_records_tell_the_truth_in_the_end(on_either: OnSlurm) -> None:
    """A small one of `python -m benchmarks.soak slurm`."""
    soak = Soak(on_either, SEED, LONGEST_S)
    soak.submit(RUNS, GROUPS)
    done = soak.live(EVENTS, [(1 / 3, soak.stop_controller), (1 / 2, soak.let_go)])
    assert soak.settle() == []
    assert done > EVENTS // 2
    assert sum(soak.happened[what] for what in ("hold", "requeue", "cancel", "cancel group")) > 5
