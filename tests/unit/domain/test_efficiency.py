"""What groups used of what was asked for, and what would have been enough."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from qanat.domain import times
from qanat.domain.asked import Asked
from qanat.domain.attempts import AttemptState, Earlier
from qanat.domain.efficiency import Efficiency, efficiencies
from qanat.domain.facts import RunFacts, facts_of
from qanat.domain.run import Group, RunnerChoice, State
from qanat.domain.used import Used
from tests.unit.records.example import RUN

HOUR = 3600
START = "2026-11-20T00:00:00+00:00"
OUT_OF_MEMORY = "exit code 137: OUT_OF_MEMORY"
TIMEOUT = "TIMEOUT"


def group(hours: float, used: Used | None, state: State = State.FINISHED, **facts: Any) -> Group:
    """Return a group that took some hours."""
    seconds = round(hours * HOUR)
    ended = times.from_epoch(times.parse(START).timestamp() + seconds)
    return Group(0, (), state, started=START, ended=ended, used=used, **facts)


def run(*groups: Group, number: int = 4, template: str = "default") -> RunFacts:
    """Return a run of Slurm with these groups."""
    numbered = tuple(replace(each, number=place) for place, each in enumerate(groups))
    choice = RunnerChoice("slurm", template, {"--mem": "4G"})
    return facts_of(replace(RUN, number=number, groups=numbered, runner=choice))


def only(asked: Asked, *groups: Group) -> Efficiency:
    """Return what these groups used of what each asked for."""
    (found,) = efficiencies([run(*groups)], lambda _: asked)
    return found


def test_the_largest_the_median_and_what_nobody_used() -> None:
    asked = Asked(4, 4096, 8 * HOUR)
    groups = [group(hours, Used(hours * HOUR * 1.1, mib)) for hours, mib in ((1, 100), (2, 1024), (4, 500))]
    found = only(asked, *groups)
    assert (found.groups, found.runs, found.options) == (3, ("4-7f3a9c",), {"--mem": "4G"})
    memory, time, cpus = (found.amounts[name] for name in ("memory_mib", "time_s", "cpus"))
    assert (memory.largest, memory.median, memory.unused(asked.memory_mib)) == (1024, 500, 0.75)
    assert (time.largest, time.median, time.unused(asked.time_s)) == (4 * HOUR, 2 * HOUR, 0.5)
    assert cpus.largest == pytest.approx(1.1)
    assert found.cpu_h == pytest.approx(7.7)
    assert found.cpu_h_asked == 28


@pytest.mark.parametrize(
    ("used_mib", "fits_mib"),
    [(1, 128), (107, 192), (310, 384), (800, 960), (1000, 1280), (5000, 6144), (20_000, 24_576), (None, None)],
)
def test_memory_has_room_and_is_rounded_up(used_mib: int | None, fits_mib: int | None) -> None:
    assert only(Asked(), group(1, Used(1, used_mib))).fitting.memory_mib == fits_mib


@pytest.mark.parametrize(("hours", "fits_s"), [(0.001, 300), (0.2, 900), (1, 4500), (10, 12 * HOUR), (11.1, 14 * HOUR)])
def test_time_has_room_and_is_rounded_up(hours: float, fits_s: int) -> None:
    assert only(Asked(), group(hours, None)).fitting.time_s == fits_s


@pytest.mark.parametrize(
    ("busy", "asked", "fits"),
    [(0.0, 4, 1), (0.98, 4, 1), (1.2, 4, 1), (1.3, 4, 2), (3.9, 4, 4), (6.0, 4, 4), (6.0, None, 6)],
)
def test_cpus_are_those_that_were_busy(busy: float, asked: int | None, fits: int) -> None:
    assert only(Asked(asked), group(1, Used(busy * HOUR))).fitting.cpus == fits


def test_too_little_memory_or_time_leads_to_more_than_was_asked_for() -> None:
    asked = Asked(1, 4096, HOUR)
    lacking = [
        group(0.5, Used(1, 3000), State.FAILED, reason=OUT_OF_MEMORY),
        group(1, Used(1, 10), State.FAILED, reason=TIMEOUT),
    ]
    found = only(asked, *lacking, group(0.1, Used(1, 20)))
    assert found.lacked == {"out_of_memory": 1, "timeout": 1}
    assert found.fitting == Asked(1, 6144, 5400)
    unknown = only(Asked(), replace(lacking[0], used=None))
    assert unknown.fitting.memory_mib is None


def test_use_of_cpus_in_less_than_a_second_says_nothing() -> None:
    found = only(Asked(4), group(0.5 / HOUR, Used(0.01, 300)))
    assert "cpus" not in found.amounts
    assert found.fitting.cpus is None


def test_of_groups_that_all_take_little_time_the_average_counts() -> None:
    ended = START.replace("+00:00", ".800+00:00")
    found = only(Asked(4), *(replace(group(1, Used(cpu_s, 300)), ended=ended) for cpu_s in (0.4, 1.6, 1.6)))
    assert found.amounts["cpus"].largest == pytest.approx(1.5)
    assert found.fitting.cpus == 2


def test_gpus_are_asked_for_if_they_were_asked_for_or_used() -> None:
    used = group(1, Used(1, 300, 8000, 40))
    assert only(Asked(), group(1, Used(1, 300))).fitting.gpus is None
    assert (only(Asked(), used).fitting.gpus, only(Asked(gpus=2), used).fitting.gpus) == (1, 2)


def test_groups_that_have_not_run_or_are_lost_do_not_count() -> None:
    left_out = [Group(0, (), State.CANCELLED), group(9, None, State.RUNNING), group(9, None, State.LOST)]
    assert only(Asked(), group(1, None), *left_out).groups == 1
    assert efficiencies([run(*left_out)], lambda _: Asked()) == []


def test_runs_count_together_that_asked_for_the_same_with_the_same_template() -> None:
    runs = [
        run(group(1, None), number=9),
        run(group(1, None), number=8, template="big"),
        run(group(2, None), group(2, None), number=7),
        run(group(1, None), number=6),
    ]
    found = efficiencies(runs, lambda facts: Asked(2 if facts.number == 6 else 1))
    assert [each.runs for each in found] == [("9-7f3a9c", "7-7f3a9c"), ("8-7f3a9c",), ("6-7f3a9c",)]
    assert found[0].groups == 3


def test_groups_that_share_a_job_share_what_it_asked_for() -> None:
    facts = run(*(group(1, Used(HOUR, 1000)) for _ in range(4)))._replace(per_job=10, at_once=4)
    (found,) = efficiencies([facts], lambda _: Asked(8, 16_384, 6 * HOUR, 4))
    assert found.share == Asked(2, 4096, 2 * HOUR, 1)
    assert (found.cpu_h, found.cpu_h_asked) == (4, 8)
    assert found.fitting == Asked(4, 4864, 13_500, 4)
    (other,) = efficiencies([facts._replace(at_once=1)], lambda _: Asked(1, 16_384, 20 * HOUR))
    assert other.fitting == Asked(1, 1280, 12 * HOUR)


def test_earlier_attempts_of_a_group_count_too() -> None:
    stopped = Earlier(1, AttemptState.STOPPED, started=START, ended="2026-11-20T08:00:00+00:00", used=Used(HOUR, 2000))
    lost = Earlier(2, AttemptState.LOST, started="2026-11-20T09:00:00+00:00")
    found = only(Asked(1), group(1, Used(HOUR, 1000), attempt=3, earlier=(stopped, lost)))
    assert (found.groups, found.cpu_h, found.cpu_h_asked) == (1, 2, 9)
    assert (found.amounts["memory_mib"].largest, found.amounts["time_s"].largest) == (2000, 8 * HOUR)
