"""How a run is to be started, and whether the chosen runner supports that."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from qanat.domain import time_limits
from qanat.domain.retry_policy import TIMES_MAX, RetryPolicy, with_times
from qanat.domain.run import Run, RunnerChoice, SubmissionFacts
from qanat.domain.shortening import quoted
from qanat.errors import UsageError
from qanat.usecases.project import Project

if TYPE_CHECKING:
    from qanat.runners.protocol import Runners

LOCAL = "local"


@dataclass(frozen=True, slots=True)
class LaunchOptions:
    """How a run is started: with which runner and template, and what happens until it ends.

    `template` is a name or a file. `n_threads` is how many groups run at once, here or in each job; None means as many
    as in the run that is repeated, or 1. `max_running` limits the jobs of a submitted run, `per_job` is how many groups
    each of them works through; None means as in the run that is repeated, or 1. `wait` watches a run until it ends, and
    `cancel_on_interrupt` then makes Ctrl-C cancel it. `allow_secrets` records what looks like a secret. `detach` has a
    run of this machine watched by a process that outlives this one. `time_limit` (domain.time_limits) is for how long a
    group may run, or NONE; None means for as long as in the run that is repeated, or as the settings say. `retry` is
    how many more attempts a group gets by itself; None means as the template or the experiment says.
    """

    runner: str = LOCAL
    template: str | None = None
    n_threads: int | None = None
    fail_fast: bool = False
    wait: bool = False
    cancel_on_interrupt: bool = False
    max_running: int | None = None
    allow_secrets: bool = False
    detach: bool = False
    time_limit: str | None = None
    per_job: int | None = None
    retry: int | None = None

    @property
    def slots(self) -> int:
        """How many groups run at once, here or in each job."""
        return self.n_threads or 1

    @property
    def bundles(self) -> bool:
        """Whether a job has several groups."""
        return (self.per_job or 1) > 1

    def facts(self) -> SubmissionFacts:
        """Return what a record keeps about how jobs are submitted."""
        facts = SubmissionFacts("", max_running=self.max_running)
        if not self.bundles:
            return facts
        limit = self.time_limit if self.time_limit != time_limits.NONE else None
        return replace(facts, per_job=self.per_job, at_once=self.slots if self.slots > 1 else None, time_limit=limit)

    def like(self, earlier: Run) -> LaunchOptions:
        """Return these options, by default with what an earlier run of the same runner had.

        That is how many groups run at once, how many a job has, and the time limit that qanat sets for each of them.
        """
        if earlier.runner.name != self.runner:
            return self
        if self.runner == LOCAL:
            same = earlier.runner.options
            threads, limit = same.get("n_threads"), same.get(time_limits.KEY)
        else:
            facts = earlier.submission
            if self.per_job == 1 or not (self.per_job or facts.per_job):
                return self
            threads, limit = facts.at_once, facts.time_limit
        return replace(
            self,
            n_threads=self.n_threads or (threads if isinstance(threads, int) else None),
            time_limit=self.time_limit or (limit if isinstance(limit, str) else None),
            per_job=self.per_job or earlier.submission.per_job,
        )


def check_options(options: LaunchOptions, runners: Runners) -> None:
    """Raise UsageError for options that contradict each other or would have no effect, and for numbers below 1."""
    numbers = {"--n-threads": options.n_threads, "--max-running": options.max_running, "--per-job": options.per_job}
    for name, number in numbers.items():
        # Python callers can pass anything.
        if number is not None and (not isinstance(number, int) or number < 1):
            raise UsageError(f"{name} is {quoted(number)}", hint="use a whole number, 1 or more")
    if options.time_limit not in (None, time_limits.NONE):
        time_limits.seconds(options.time_limit)
    if options.retry is not None and not 0 <= options.retry <= TIMES_MAX:
        raise UsageError(f"--retry is {options.retry}", hint=f"use a whole number from 0 to {TIMES_MAX}")
    if options.detach and options.wait:
        raise UsageError(
            "--detach cannot be used with --wait",
            hint="without either, qanat waits for the end of a local run, and not for that of a submitted one",
        )
    if options.cancel_on_interrupt and not options.wait:
        raise UsageError(
            "--cancel-on-interrupt requires --wait", hint="without it, qanat ends once the jobs are queued"
        )
    _check_supported(options, runners)


def _check_supported(options: LaunchOptions, runners: Runners) -> None:
    """Raise UsageError for options that the runner does not support."""
    unsupported = f"cannot be used with runner {options.runner}"
    if runners.is_in_process(options.runner):
        if options.template:
            others = " or ".join(runners.submitting_names())
            raise UsageError(f"--submit-template {unsupported}", hint=f"add --runner {others}")
        for name in ("--max-running",) * bool(options.max_running) + ("--per-job",) * bool(options.per_job):
            raise UsageError(f"{name} {unsupported}", hint="use -j N")
        return
    if options.fail_fast:
        raise UsageError(f"--fail-fast {unsupported}", hint="it is for local runs")
    if options.slots > 1 and not options.bundles:
        hint = "use --max-running N, or let each job run several groups: --per-job N"
        raise UsageError(f"--n-threads {unsupported}", hint=hint)


def choose(
    project: Project, options: LaunchOptions, groups: int, runners: Runners, retry: RetryPolicy | None = None
) -> RunnerChoice:
    """Return the runner, template and options to record.

    `retry` is the policy of the experiment, which that of a template replaces. Raises RunnerUnavailable if nothing can
    be started here, NotFound or UsageError for an unknown or invalid template.
    """
    if runners.is_in_process(options.runner):
        runners.in_process(options.runner, options.slots).check()
        threads = {"n_threads": options.slots} if groups > 1 else {}
        limit = options.time_limit or project.config.time_limit
        choice = RunnerChoice(options.runner, None, {**threads, **limits(limit)}, with_times(retry, options.retry))
        _check_factors(choice.retry)
        return choice
    # A local run starts without them.
    from qanat.runners.protocol import ChecksTemplates
    from qanat.usecases.launch import templates

    runner = runners.submitting(options.runner)
    template = templates.find_template(project, options.runner, options.template, runners)
    if isinstance(runner, ChecksTemplates) and (found := runner.key_problems(template.options)):
        raise UsageError(
            f"template {template.name}: {found[0]}",
            hint=templates.how_to_check(project, options.runner, options.template),
        )
    policy, sources = template.retry or retry, templates.sources_of(template)
    choice = RunnerChoice(options.runner, template.name, dict(template.options), policy, sources, template.transfer)
    choice = limited(choice, options, runners)
    _check_factors(choice.retry)
    if choice.retry:
        from qanat.usecases.launch import retry_limits  # most runs have no policy

        retry_limits.check(choice.retry, choice.options, runner, template.name if template.retry else None)
    return choice


def notes_on_retries(choice: RunnerChoice, options: LaunchOptions, runners: Runners) -> list[str]:
    """Return sentences on what the retry policy of a run says without effect."""
    if choice.retry is None:
        return []
    from qanat.usecases.launch import retry_limits  # most runs have no policy

    return retry_limits.without_effect(choice, runners, options.time_limit if options.bundles else None)


def limits(time_limit: str) -> dict[str, str]:
    """Return the options of a local run with this time limit."""
    return {} if time_limit == time_limits.NONE else {time_limits.KEY: time_limit}


def _check_factors(policy: RetryPolicy | None) -> None:
    """Raise UsageError if a policy has a factor for an end after which nothing is retried."""
    if policy and policy.contradiction:
        raise UsageError(policy.contradiction, hint="name it there, or remove the factor")


def limited(choice: RunnerChoice, options: LaunchOptions, runners: Runners) -> RunnerChoice:
    """Return what a scheduler is given, with the time limit and the retries that are asked for. Raises UsageError.

    A scheduler does not know the groups of a job that has several, so its options do not limit them.
    """
    choice = replace(choice, retry=with_times(choice.retry, options.retry))
    if options.bundles:
        _check_bundles(choice, runners)
        return choice
    if options.time_limit is None:
        return choice
    from qanat.runners.protocol import LimitsTime

    runner = runners.submitting(choice.name)
    if options.time_limit == time_limits.NONE or not isinstance(runner, LimitsTime):
        which = "none " if options.time_limit == time_limits.NONE else ""
        raise UsageError(
            f"--time-limit {which}cannot be used with runner {choice.name}", hint="set the limit in a template"
        )
    return replace(choice, options=runner.limited(choice.options, time_limits.seconds(options.time_limit)))


def _check_bundles(choice: RunnerChoice, runners: Runners) -> None:
    """Raise UsageError if a job of this runner cannot have several groups."""
    from qanat.runners.protocol import RunsBundles

    hint = "each group is a job of its own: --per-job 1"
    if choice.transfer:
        raise UsageError("--per-job cannot be used for jobs that do not see the project", hint=hint)
    if not isinstance(runners.submitting(choice.name), RunsBundles):
        raise UsageError(f"--per-job cannot be used with runner {choice.name}", hint=hint)
