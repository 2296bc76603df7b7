"""What every runner that jobs are submitted to must do."""

from __future__ import annotations

from qanat.testing.commands import CommandContract
from qanat.testing.jobs import JobContract


class RunnerContract(JobContract, CommandContract):
    """Tests for one runner, on its own and through qanat's commands; a scheduler has to be there.

    A subclass gives the runner in make(), and says of it what Subject lists.
    """
