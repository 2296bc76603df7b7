"""The options that a retry policy changes: by its factors, whatever they are called for the runner."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from qanat.domain import time_limits
from qanat.domain.experiment import Template
from qanat.domain.retry_policy import RetryPolicy
from qanat.domain.run import RunnerChoice
from qanat.errors import UsageError
from qanat.runners.protocol import ChangesOptions, NamesLimits, Runner, Runners


def problems(template: Template, runner: Runner) -> list[str]:
    """List why the factors of a template's policy cannot be applied to its options."""
    if template.retry and template.retry.contradiction:
        return [template.retry.contradiction]
    try:
        if template.retry:
            check(template.retry, template.options, runner, template.name)
    except UsageError as error:
        return [error.message.removeprefix(f"template {template.name}: ")]
    return []


def check(policy: RetryPolicy, options: Mapping[str, Any], runner: Runner, template: str | None = None) -> None:
    """Raise UsageError if the factors of a policy cannot be applied to options.

    That of an experiment is for any options, so there may be nothing to multiply; `template` names the one that has
    the policy.
    """
    factors = {key: factor for key, factor in (("memory", policy.memory), ("time", policy.time)) if factor}
    if template and factors and not isinstance(runner, NamesLimits):
        raise UsageError(
            f"template {template}: runner {runner.name} does not say which options limit memory and time",
            hint=f"remove {' and '.join(factors)} from its retry",
        )
    for key, factor in factors.items():
        found = changes(runner, options, {key: factor})
        if template and not found:
            raise UsageError(
                f"template {template}: retry.{key} is {factor}, but no option of the template limits the {key}",
                hint=f"set the limit in its options, or remove retry.{key}",
            )
        for option in found:
            _check_amount(key, option, factor, options, runner)


def without_effect(choice: RunnerChoice, runners: Runners, limit_of_groups: str | None = None) -> list[str]:
    """Return a sentence on each factor of a policy that has nothing to multiply in the options of a run.

    Nobody limits the memory of a run of this machine, so nothing is said of that. `limit_of_groups` is the time limit
    of groups that share a job.
    """
    policy = choice.retry
    if policy is None:
        return []
    if runners.is_in_process(choice.name):
        lacks = policy.time and time_limits.KEY not in choice.options
        return [f"{_factor('time', policy.time)}: the run has no time limit (--time-limit)"] if lacks else []
    runner = runners.submitting(choice.name)
    factors = {"memory": policy.memory, "time": None if limit_of_groups else policy.time}
    where = f"no option of template {choice.template} limits" if choice.template else "no option limits"
    return [
        f"{_factor(key, factor)}: {where} the {key}"
        for key, factor in factors.items()
        if factor and not changes(runner, choice.options, {key: factor})
    ]


def _factor(key: str, factor: str | None) -> str:
    return f"retry.{key}, which is {factor}, has no effect"


def _check_amount(key: str, option: str, factor: str, options: Mapping[str, Any], runner: Runner) -> None:
    try:
        if isinstance(runner, ChangesOptions):
            runner.changed(options, {option: factor})
    except UsageError:
        raise UsageError(
            f"retry.{key} is {factor}, but {option}: {options[option]} cannot be multiplied",
            hint="write an amount or a time there, such as 2GB or 1:00:00",
        ) from None


def changes(runner: Runner, options: Mapping[str, Any], factors: Mapping[str, str]) -> dict[str, str]:
    """Return what to change in options, as for `retry --set`; what they do not limit stays without a limit."""
    if not (isinstance(runner, NamesLimits) and isinstance(runner, ChangesOptions)):
        return {}
    keys = runner.limit_keys(options)
    return {option: factor for key, factor in factors.items() for option in keys.get(key, ())}


def of_groups(limit: str | None, factors: Mapping[str, str]) -> str | None:
    """Return the limit that each of several groups in a job has for its next attempt; None if it stays as it was."""
    return time_limits.multiplied(limit, factors["time"]) if limit and "time" in factors else None
