"""What groups used of what was asked for them, and what would have been enough."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from statistics import median
from typing import Any

from qanat.domain import times
from qanat.domain.asked import Asked
from qanat.domain.facts import GroupFacts, RunFacts
from qanat.domain.retry_policy import OUT_OF_MEMORY, TIMEOUT
from qanat.domain.run import State
from qanat.domain.used import NAMES

# What memory and time should be, compared with the largest use, and with what was asked for where it was too little.
ROOM, MORE = 1.2, 1.5
# A program that is busy with a fifth of another CPU hardly needs it.
CPU_ROOM = 0.2
# What programs do in their first second says nothing of their use of CPUs, unless that is all they do, again and again.
CPUS_LEAST_S = 1.0
MEMORY_LEAST_MIB, TIME_LEAST_S = 128, 300
# Up to how much, and to which multiples it is rounded up.
_MEMORY_STEPS = ((1024, 64), (16_384, 256), (math.inf, 1024))
_TIME_STEPS = ((3_600, 300), (36_000, 900), (math.inf, 3_600))


@dataclass(frozen=True, slots=True)
class Amount:
    """The largest and the median of what groups used of something."""

    largest: float
    median: float

    def unused(self, asked: float | None) -> float | None:
        """Return which part of what was asked for no group used; None if nothing was."""
        return max(0.0, 1 - self.largest / asked) if asked else None


@dataclass(frozen=True, slots=True)
class Efficiency:
    """What the groups of runs used that asked for the same with the same template, in one experiment.

    `runs` are their ids, newest first, and `options` those of the newest. `asked` is for a job of `per_job` groups, of
    which `at_once` run at the same time. `groups` counts the groups that ran. Of what they and their earlier attempts
    used, `amounts` has `cpus` (busy on average), `memory_mib`, `time_s`, `gpu_memory_mib` and `gpu_percent`, as far as
    they are known. `lacked` counts groups that were ended because they needed more, by the reasons of
    domain.retry_policy. Of the CPU time, in hours, `cpu_h_asked` is None if no number of CPUs was asked for.
    """

    experiment: str
    runner: str
    template: str | None
    options: Mapping[str, Any]
    asked: Asked
    per_job: int
    at_once: int
    runs: tuple[str, ...]
    groups: int
    amounts: Mapping[str, Amount]
    cpu_h: float
    cpu_h_asked: float | None
    lacked: Mapping[str, int]

    @property
    def turns(self) -> int:
        """How many groups of a job run one after another."""
        return math.ceil(self.per_job / self.at_once)

    @property
    def share(self) -> Asked:
        """What was asked for each group."""
        return _share(self.asked, self.at_once, self.turns)

    @property
    def fitting(self) -> Asked:
        """What would have been enough for a job; None for what is not known."""
        memory = self._with_room("memory_mib", self.at_once, self.asked.memory_mib, OUT_OF_MEMORY)
        time_s = self._with_room("time_s", self.turns, self.asked.time_s, TIMEOUT)
        return Asked(
            self._cpus(),
            max(MEMORY_LEAST_MIB, _rounded_up(memory, _MEMORY_STEPS)) if memory else None,
            max(TIME_LEAST_S, _rounded_up(time_s, _TIME_STEPS)) if time_s else None,
            self.asked.gpus or (self.at_once if "gpu_memory_mib" in self.amounts else None),
        )

    def _cpus(self) -> int | None:
        if "cpus" not in self.amounts:
            return None
        busy = max(1, math.ceil(self.amounts["cpus"].largest * self.at_once - CPU_ROOM))
        return min(busy, math.ceil(self.asked.cpus or busy))

    def _with_room(self, name: str, times: int, asked: float | None, word: str) -> float:
        used = self.amounts[name].largest * times if name in self.amounts else 0.0
        return max(used * ROOM, (asked or used) * MORE) if self.lacked.get(word) else used * ROOM


def efficiencies(runs: Iterable[RunFacts], asked_of: Callable[[RunFacts], Asked]) -> list[Efficiency]:
    """Return what groups used, for each experiment, template and request, in the order of the runs: newest first."""
    together: dict[tuple[Any, ...], list[RunFacts]] = {}
    for run in runs:
        if any(map(_has_run, run.groups)):
            key = (run.experiment, run.runner, run.template, run.per_job, run.at_once, asked_of(run))
            together.setdefault(key, []).append(run)
    return [_efficiency(several, asked) for (*_, asked), several in together.items()]


def _efficiency(runs: Sequence[RunFacts], asked: Asked) -> Efficiency:
    groups = [group for run in runs for group in run.groups if _has_run(group)]
    attempts = [attempt for group in groups for attempt in (*group.earlier, (group.started, group.ended, group.used))]
    pairs = [(_span(started, ended), _used(used, "cpu_s")) for started, ended, used in attempts]
    known = [(span, cpu_s) for span, cpu_s in pairs if span and cpu_s is not None]
    values: dict[str, list[float]] = {"cpus": _busy(known)}
    values["memory_mib"] = _each(attempts, "memory_mib")
    values["time_s"] = [span for span, _ in pairs if span is not None]
    values |= {name: _each(attempts, name) for name in ("gpu_memory_mib", "gpu_percent")}
    lacked = {word: sum(word in group.lacked for group in groups) for word in (OUT_OF_MEMORY, TIMEOUT)}
    newest = runs[0]
    cpus = asked.cpus / newest.at_once if asked.cpus else None
    return Efficiency(
        newest.experiment,
        newest.runner,
        newest.template,
        newest.options,
        asked,
        newest.per_job,
        newest.at_once,
        tuple(run.id for run in runs),
        len(groups),
        {name: Amount(max(each), median(each)) for name, each in values.items() if each},
        math.fsum(cpu_s for _, cpu_s in known) / 3600,
        math.fsum(span for span, _ in known) * cpus / 3600 if cpus else None,
        {word: count for word, count in lacked.items() if count},
    )


def _share(asked: Asked, at_once: int, turns: int) -> Asked:
    cpus, memory_mib, time_s, gpus = asked.cpus, asked.memory_mib, asked.time_s, asked.gpus
    return Asked(
        cpus / at_once if cpus else None,
        memory_mib / at_once if memory_mib else None,
        time_s / turns if time_s else None,
        gpus / at_once if gpus else None,
    )


def _has_run(group: GroupFacts) -> bool:
    return group.started is not None and group.state != State.LOST and group.state not in State.LIVE


def _busy(known: Sequence[tuple[float, float]]) -> list[float]:
    """Return how many CPUs were busy, by times and CPU times: of groups that all took little time, the average."""
    if long := [cpu_s / span for span, cpu_s in known if span >= CPUS_LEAST_S]:
        return long
    total = math.fsum(span for span, _ in known)
    return [math.fsum(cpu_s for _, cpu_s in known) / total] if total >= CPUS_LEAST_S else []


def _span(started: str | None, ended: str | None) -> float | None:
    return times.seconds_between(started, ended) if ended else None


def _used(used: Sequence[float | None], name: str) -> float | None:
    return used[NAMES.index(name)] if used else None


def _each(attempts: Iterable[Sequence[Any]], name: str) -> list[float]:
    return [found for *_, used in attempts if (found := _used(used, name)) is not None]


def _rounded_up(number: float, steps: Sequence[tuple[float, int]]) -> int:
    step = next(step for most, step in steps if number <= most)
    return math.ceil(number / step) * step
