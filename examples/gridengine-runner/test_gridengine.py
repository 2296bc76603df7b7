"""Check that the runner does what every runner must do; these tests need a machine on which qsub works."""

from __future__ import annotations

from qanat_gridengine.runner import GridEngineRunner

from qanat.testing import RunnerContract


class TestGridEngine(RunnerContract):
    options = {"h_rt": "1:0:0"}
    waiting = {"-a": "203001010000"}
    impossible = {"no_such_resource": 1}
    refused = {"-N": "mine", "-t": "1-3"}

    def make(self) -> GridEngineRunner:
        """Return the runner."""
        return GridEngineRunner()
