"""Whether groups can continue later in further attempts, as their experiment asks for it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from qanat.errors import UsageError

if TYPE_CHECKING:
    from qanat.domain.checkpoint import Checkpoint
    from qanat.domain.run import RunnerChoice
    from qanat.runners.protocol import Runners


def check(checkpoint: Checkpoint | None, choice: RunnerChoice, runners: Runners) -> None:
    """Raise UsageError for options of a scheduler that contradict a checkpoint.

    A runner that is not known to queue jobs again has its groups continue in the same job.
    """
    if checkpoint is None or runners.is_in_process(choice.name):
        return
    if choice.transfer:
        raise UsageError(
            "checkpoint cannot be used for jobs that do not see the project: each attempt has a new folder",
            hint="remove checkpoint from the experiment, or use machines with a shared disk",
        )
    from qanat.runners.protocol import QueuesAgain  # most experiments have none

    runner = runners.submitting(choice.name)
    if isinstance(runner, QueuesAgain) and (problems := runner.again_problems(choice.options)):
        which = f"template {choice.template}: " if choice.template else ""
        raise UsageError(
            f"{which}{problems[0]}, which `checkpoint` of the experiment asks for",
            hint="remove the option from the template, or checkpoint from the experiment",
        )
