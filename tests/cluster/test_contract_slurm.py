"""The Slurm runner does what every runner must do, on a real cluster."""

from __future__ import annotations

import pytest

from qanat.runners.slurm.runner import SlurmRunner
from qanat.testing import RunnerContract
from tests.cluster.slurm_cluster import Cluster

pytestmark = pytest.mark.xdist_group("fourth slurm")


class TestSlurm(RunnerContract):
    options = {"--mem": "10M", "time": "1:00:00"}
    waiting = {"begin": "now+1hour"}
    impossible = {"partition": "nope"}
    refused = {"--job-name": "mine", "array": "0-3"}

    @pytest.fixture(autouse=True)
    def in_cluster(self, slurm: Cluster, monkeypatch: pytest.MonkeyPatch) -> None:
        """Let this process and its children find the cluster."""
        for name, value in slurm.environment.items():
            monkeypatch.setenv(name, value)

    def make(self) -> SlurmRunner:
        """Return the runner."""
        return SlurmRunner()
