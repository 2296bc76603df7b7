"""Runs in real containers on real schedulers."""

from __future__ import annotations

import pytest

from tests.cluster.container_engines import INSIDE, Engines, family
from tests.cluster.htcondor_project import OnPool
from tests.cluster.on_cluster import OnCluster, wait_until
from tests.cluster.slurm_project import OnSlurm


def _runs_inside(cluster: OnCluster, image: str) -> None:
    """Submit a run in a container."""
    cluster.experiment("inside", INSIDE)
    cluster.submit("inside", "--container", image, "-R", "pos_0 0,3")
    first, second = cluster.wait_for_states("finished", "failed")
    assert (first["exit_code"], second["exit_code"]) == (0, 3)
    assert (cluster.storage("inside", 1, 0) / "seen.txt").exists()
    assert cluster.shown()["container"]["image"] == image


def _ends_inside(cluster: OnCluster, image: str) -> None:
    """Submit a run in a container, and cancel it."""
    cluster.submit("inside", "--container", image, "wait")
    out = cluster.storage("inside", 2) / "stdout.txt"
    wait_until(lambda: out.exists() and "begun" in out.read_text())
    cluster.qanat("cancel", "2")
    cluster.wait_for_states("cancelled", run=2)
    wait_until(lambda: family(cluster.record(2)) == [])
    assert "got TERM" in out.read_text()


@pytest.mark.xdist_group("slurm")
def test_containers_run_and_end_on_slurm(on_slurm: OnSlurm, engines: Engines) -> None:
    _runs_inside(on_slurm, str(engines.root))
    _ends_inside(on_slurm, str(engines.root))


@pytest.mark.xdist_group("slurm")
def test_podman_runs_on_slurm(on_slurm: OnSlurm, engines: Engines) -> None:
    _runs_inside(on_slurm, "localhost/tiny")


@pytest.mark.xdist_group("htcondor")
def test_containers_run_and_end_on_htcondor(on_pool: OnPool, engines: Engines) -> None:
    _runs_inside(on_pool, str(engines.root))
    _ends_inside(on_pool, str(engines.root))
