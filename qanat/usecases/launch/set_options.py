"""Other options for a retry than those of the run (`--set`)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from qanat.domain.run import RunnerChoice
from qanat.errors import UsageError
from qanat.runners.protocol import ChangesOptions, ChecksTemplates, Runner


def changed(runner: Runner, choice: RunnerChoice, changes: Mapping[str, str]) -> RunnerChoice:
    """Return what jobs are submitted with, with some options replaced.

    Raises UsageError for an option that the scheduler does not have, and for a value that cannot be.
    """
    if not isinstance(runner, ChangesOptions):
        raise UsageError(f"runner {runner.name} cannot change options of a run", hint="leave out --set")
    problems = runner.key_problems({**choice.options, **changes}) if isinstance(runner, ChecksTemplates) else []
    for text in problems:
        key, _, problem = text.partition(": ")
        if problem and key in changes and key not in choice.options:
            known = f"; the run has {', '.join(choice.options)}" if choice.options else ""
            raise UsageError(f"--set {key}: {problem}", hint=f"name an option as in a template{known}")
    return replace(choice, options=runner.changed(choice.options, changes))
