"""A run and its groups, as in its record, and how a run's state follows from its groups."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import Any, ClassVar

from qanat.domain import times
from qanat.domain.attempts import AttemptState, Earlier, combine
from qanat.domain.checkpoint import Checkpoint
from qanat.domain.container import Container
from qanat.domain.data import DataState
from qanat.domain.group_key import UNKNOWN, SharedKey
from qanat.domain.measured import CurveSummary, Measured
from qanat.domain.order import After
from qanat.domain.origin import Origin
from qanat.domain.outputs import Outputs
from qanat.domain.retry_policy import RetryPolicy
from qanat.domain.template_source import TemplateSource
from qanat.domain.used import Used


class State(StrEnum):
    """The state of a group or a run."""

    QUEUED = "queued"
    RUNNING = "running"
    HELD = "held"
    FINISHED = "finished"
    FAILED = "failed"
    CANCELLED = "cancelled"
    LOST = "lost"

    LIVE: ClassVar[frozenset[State]]

    @property
    def ended(self) -> bool:
        """Whether the state is final unless the group is retried."""
        return self not in _LIVE


_LIVE = frozenset({State.QUEUED, State.RUNNING, State.HELD})
State.LIVE = _LIVE


@dataclass(frozen=True, slots=True)
class Code:
    """The code that ran: `tree` is the commit's tree without run records, so the same code has the same tree.

    `untracked` are files that lay beside it, which git neither tracked nor ignored: the first 20.
    """

    commit: str
    tree: str
    branch: str | None
    snapshot: bool = False
    workdir: str = "project"
    changed_while_running: bool | None = None
    untracked: tuple[str, ...] = ()

    @property
    def is_known(self) -> bool:
        """Whether anybody recorded the commit: in runs that were imported, zeros stand for one that nobody did."""
        return self.commit.strip("0") != ""


@dataclass(frozen=True, slots=True)
class RequestedParameters:
    """The parameters as they were requested; their expansion is in the groups.

    `already_run` counts groups that were left out because other runs have them, by the ids of these.
    """

    args: tuple[str, ...] = ()
    groups: tuple[str, ...] = ()
    ranges: tuple[str, ...] = ()
    param_file: str | None = None
    parameters_file: str | None = None
    already_run: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class RunnerChoice:
    """The runner's name, the template's name and the options as submitted, and what is retried automatically, if any.

    `sources` are the templates that the options come from, if there are several, or if they came with a pack.
    With `transfer`, its jobs do not see the project's disk; None means that nobody has said so yet.
    """

    name: str
    template: str | None = None
    options: Mapping[str, Any] = field(default_factory=dict)
    retry: RetryPolicy | None = None
    sources: tuple[TemplateSource, ...] = ()
    transfer: bool | None = None


@dataclass(frozen=True, slots=True)
class SubmissionFacts:
    """What the record keeps about the latest start of jobs, to identify them later.

    `intent` is a random mark that the jobs carry. `submitted` is the time just before a scheduler was called; `pid` and
    `process_start` belong to the qanat process that watches a local run. `checkout` is the folder that the jobs work
    in, None for the project's own. `inputs` are paths that git does not track, `max_running` is how many jobs may
    run at once. Where a job has several groups, `per_job` is how many, `at_once` how many of them run at the same time,
    and `time_limit` (domain.time_limits) for how long each may run. `changed` holds the template's options that a retry
    replaced, `data` and `environment` what these were then if they differed from those of the launch. `details` are the
    runner's own: the JSON values of its answer (domain.job.Submission), which only that runner reads.
    """

    intent: str
    submitted: str | None = None
    pid: int | None = None
    process_start: str | None = None
    checkout: str | None = None
    max_running: int | None = None
    per_job: int | None = None
    at_once: int | None = None
    time_limit: str | None = None
    changed: Mapping[str, str] = field(default_factory=dict)
    inputs: tuple[str, ...] = ()
    data: tuple[DataState, ...] = ()
    environment: str | None = None
    details: Mapping[str, Any] = field(default_factory=dict)


SCHEDULER = "scheduler"


@dataclass(frozen=True, slots=True)
class Group:
    """One execution of the program with one list of arguments; `started` and `ended` are timestamps (domain.times).

    `key` says what was executed (domain.group_key); None if that is not known. `machine` is the hash of the one it ran
    on, if that is not the run's. `earlier` says how the attempts before this one ended, as far as that is known.
    `source` is SCHEDULER if only the scheduler has said how it ended, which a completion file may correct. `used` is
    what the last attempt used, once that has ended. `outputs` is None if it left no files, or if that is not known.
    """

    number: int
    args: tuple[str, ...]
    state: State = State.QUEUED
    job: str | None = None
    exit_code: int | None = None
    signal: int | None = None
    reason: str = ""
    started: str | None = None
    ended: str | None = None
    host: str | None = None
    machine: str | None = None
    attempt: int = 1
    earlier: tuple[Earlier, ...] = ()
    source: str | None = None
    used: Used | None = None
    metrics: Mapping[str, float] = field(default_factory=dict)
    curves: Mapping[str, CurveSummary] = field(default_factory=dict)
    curve_files: Mapping[str, str] = field(default_factory=dict)
    outputs: Outputs | None = None
    key: str | None = None

    @property
    def measured(self) -> Measured:
        """What its program measured."""
        return Measured(self.metrics, self.curves, self.curve_files)

    def with_measured(self, measured: Measured) -> Group:
        """Return the group with what its program measured."""
        return replace(self, metrics=measured.metrics, curves=measured.curves, curve_files=measured.curve_files)

    def again(self, earlier: tuple[Earlier, ...], attempt: int | None = None) -> Group:
        """Return the group as it waits for another attempt, by default the next one, after these."""
        number = self.attempt + 1 if attempt is None else attempt
        return Group(self.number, self.args, attempt=number, earlier=earlier, machine=self.machine, key=self.key)

    def ends(self, options: Mapping[str, Any]) -> tuple[Earlier, ...]:
        """Return how its attempts ended, including this one, which has ended and was made with these options set."""
        this = Earlier(
            self.attempt,
            AttemptState(self.state.value),
            self.exit_code,
            self.signal,
            self.reason,
            self.started,
            self.ended,
            self.host,
            options,
            self.used,
        )
        return combine(self.attempt + 1, self.earlier, [this])

    @property
    def is_hearsay(self) -> bool:
        """Whether no completion file has told how the group ended."""
        return self.source == SCHEDULER or self.state is State.LOST

    @property
    def has_run(self) -> bool:
        """Whether it has ended and was really started; a cancelled or lost group may never have been."""
        known = self.started is not None or self.exit_code is not None
        return self.state.ended and (known or self.state is State.FINISHED)


@dataclass(frozen=True, slots=True)
class Run:
    """One launch of an experiment.

    `data` says what its datasets and inputs were then, `key` what its groups have in common of their keys, `container`
    what its programs worked in, None if in none, `checkpoint` when its groups continue later, None if they do not.
    `after` are the runs that had to end first. `environment` and `machine` are the hashes by which
    `.qanat/environments/` has the software that they found, and the machine of a local run; None if that is unknown.
    `imported` holds what a qanat 0.x run had and no other field holds, `origin` where one of another tool came from.
    `results_removed` is when its results were removed; None if they were not.
    """

    number: int
    uid: str
    experiment: str
    description: str
    tags: tuple[str, ...]
    created: str
    author: str
    host: str
    code: Code
    command: tuple[str, ...]
    datasets: Mapping[str, str]
    requested: RequestedParameters
    runner: RunnerChoice
    storage: str
    submission: SubmissionFacts
    groups: tuple[Group, ...]
    rerun_of: str | None = None
    after: tuple[After, ...] = ()
    data: tuple[DataState, ...] = ()
    key: SharedKey = UNKNOWN
    environment: str | None = None
    machine: str | None = None
    imported: Mapping[str, Any] = field(default_factory=dict)
    container: Container | None = None
    checkpoint: Checkpoint | None = None
    origin: Origin | None = None
    results_removed: str | None = None

    @property
    def id(self) -> str:
        """The full id, such as 4-7f3a9c."""
        return f"{self.number}-{self.uid}"

    @property
    def machines(self) -> list[str]:
        """The hashes of the machines that its groups ran on, as far as they are known, each once."""
        return list(dict.fromkeys(found for group in self.groups if (found := group.machine or self.machine)))

    @property
    def state(self) -> State:
        """The run's state, derived from its groups."""
        return overall_state(group.state for group in self.groups)

    @property
    def started(self) -> str | None:
        """When the first attempt at any of its groups started."""
        starts = (start for group in self.groups for start in (group.started, *(end.started for end in group.earlier)))
        return min(filter(None, starts), default=None)

    @property
    def ended(self) -> str | None:
        """When the last group ended; None until all have."""
        if not self.state.ended:
            return None
        return max((g.ended for g in self.groups if g.ended), default=None)

    @property
    def attempts(self) -> int:
        """How many attempts a group may have by the run's retry policy; 0 if it has none."""
        return self.policy.attempts if self.policy else 0

    @property
    def policy(self) -> RetryPolicy | None:
        """The policy by which its groups are retried: they get no more attempts than a checkpoint allows."""
        policy = self.runner.retry
        return policy.within(self.checkpoint.attempts) if policy and self.checkpoint else policy

    def set_for(self, group: Group) -> Mapping[str, str]:
        """Return the options that the last retry set, if it made the latest attempt at this group, which has ended."""
        seen, facts = group.ended or group.started, self.submission
        # A group that the retry left out had ended before it.
        is_of_it = group.attempt > 1 and seen and facts.submitted and times.parse(seen) >= times.parse(facts.submitted)
        return facts.changed if is_of_it else {}

    def with_groups(self, changed: Mapping[int, Group]) -> Run:
        """Return the same run with the groups of these numbers replaced."""
        return replace(self, groups=tuple(changed.get(g.number, g) for g in self.groups)) if changed else self


def lost(group: Group, looked_at: str) -> Group:
    """Return the group with its end unknown; `looked_at` says where qanat looked for it."""
    return replace(group, state=State.LOST, reason=f"how it ended is unknown: {looked_at}")


def overall_state(states: Iterable[State]) -> State:
    """Derive a run's state: active while any group is; then the worst end of its groups."""
    present = set(states)
    if present == {State.QUEUED}:
        return State.QUEUED
    active = present & _LIVE
    if State.RUNNING in active:
        return State.RUNNING
    if State.HELD in active:
        return State.HELD
    if active:
        return State.RUNNING if len(present) > 1 else State.QUEUED
    for state in (State.LOST, State.FAILED, State.CANCELLED):
        if state in present:
            return state
    return State.FINISHED


def described(state: State, reason: str, attempt: int = 1, attempts: int = 0) -> str:
    """Return a state with its reason, which may begin with it: `failed (exit code 3)`, but `cancelled by SIGTERM`.

    `attempts` is how many attempts there may be by a retry policy, 0 if there is none.
    """
    total = f" of {attempts}" if attempts >= attempt else ""
    number = f", attempt {attempt}{total}" if attempt > 1 else ""
    if reason.startswith(f"{state} "):
        return f"{reason}{number}"
    return f"{state}{number}{f' ({reason})' if reason else ''}"


def count_states(groups: Sequence[Group]) -> dict[State, int]:
    """Count the groups in each state that occurs."""
    counts: dict[State, int] = {}
    for group in groups:
        counts[group.state] = counts.get(group.state, 0) + 1
    return counts
