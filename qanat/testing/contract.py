"""What every runner that submits jobs must do."""

from __future__ import annotations

from qanat.testing.commands import CommandContract
from qanat.testing.jobs import JobContract


class RunnerContract(JobContract, CommandContract):
    """Tests for one runner, on its own and through qanat's commands. They need a working scheduler.

    A subclass returns the runner from make() and describes it with the attributes listed in Subject.
    """
