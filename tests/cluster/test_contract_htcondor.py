"""The HTCondor runner does what every runner must do, on a real pool."""

from __future__ import annotations

import os
from collections.abc import Iterator

import pytest

from qanat.runners.htcondor.runner import HTCondorRunner
from qanat.testing import RunnerContract
from tests.cluster.htcondor_pool import Pool

pytestmark = pytest.mark.xdist_group("third htcondor")


class TestHTCondor(RunnerContract):
    options = {"request_cpus": 1, "request_memory": "16MB"}
    waiting = {"request_cpus": 100_000}
    impossible = {"universe": "no such universe"}
    refused = {"executable": "/bin/true", "queue": 2}

    @pytest.fixture(autouse=True)
    def in_pool(self, pool: Pool, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
        """Let this process and its children find the pool; in the end nothing is left in the queue."""
        monkeypatch.setenv("CONDOR_CONFIG", str(pool.config))
        monkeypatch.setenv("PATH", str(pool.programs / "bin"), prepend=os.pathsep)
        yield
        pool.tool("condor_rm", "-all", check=False)
        pool.tool("condor_rm", "-all", "-forcex", check=False)

    def make(self) -> HTCondorRunner:
        """Return the runner."""
        return HTCondorRunner()

    def make_unreachable(self, patch: pytest.MonkeyPatch) -> None:
        """Hide every configuration."""
        patch.setenv("CONDOR_CONFIG", "/nonexistent")
