"""How a run is to be started, and whether the chosen runner can do that."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pytest

from qanat.domain.run import RunnerChoice
from qanat.errors import InputInvalid, UsageError
from qanat.usecases.launch.options import LaunchOptions, check_options, choose, limited
from tests.support.scheduler import Scheduler
from tests.support.world import World
from tests.unit.records.example import RUN


def test_by_default_a_run_is_one_of_this_machine_group_by_group() -> None:
    options = LaunchOptions()
    assert (options.runner, options.slots, options.wait, options.fail_fast) == ("local", 1, False, False)
    assert LaunchOptions(n_threads=3).slots == 3


@pytest.mark.parametrize(
    ("chosen", "earlier", "expected"),
    [
        (None, RunnerChoice("local", None, {"n_threads": 4}), 4),
        (2, RunnerChoice("local", None, {"n_threads": 4}), 2),
        (None, RunnerChoice("local", None, {}), None),
        (None, RunnerChoice("local", None, {"n_threads": "4"}), None),
        (None, RunnerChoice("world", None, {"n_threads": 4}), None),
        (2, RunnerChoice("world", None, {"n_threads": 4}), 2),
    ],
)
def test_a_run_again_has_as_many_threads_as_the_run_had(
    chosen: int | None, earlier: RunnerChoice, expected: int | None
) -> None:
    assert LaunchOptions(n_threads=chosen).like(replace(RUN, runner=earlier)).n_threads == expected


@pytest.mark.parametrize(
    ("chosen", "earlier", "expected"),
    [
        (None, RunnerChoice("local", None, {"time_limit": "2h"}), "2h"),
        ("none", RunnerChoice("local", None, {"time_limit": "2h"}), "none"),
        (None, RunnerChoice("local", None, {"time_limit": 2}), None),
        (None, RunnerChoice("world", None, {"time_limit": "2h"}), None),
    ],
)
def test_a_run_again_has_the_time_limit_that_the_run_had(
    chosen: str | None, earlier: RunnerChoice, expected: str | None
) -> None:
    assert LaunchOptions(time_limit=chosen).like(replace(RUN, runner=earlier)).time_limit == expected


def test_the_time_limit_of_a_local_run_is_in_its_record(world: World) -> None:
    assert choose(world.project, LaunchOptions(time_limit="2h"), 1, world).options == {"time_limit": "2h"}
    world.set(local={"time_limit": "1d"})
    assert choose(world.project, LaunchOptions(), 1, world).options == {"time_limit": "1d"}
    assert choose(world.project, LaunchOptions(time_limit="none"), 1, world).options == {}


def test_a_time_limit_has_a_unit(world: World) -> None:
    with pytest.raises(InputInvalid, match="'90' is not a time limit") as error:
        check_options(LaunchOptions(time_limit="90"), world)
    assert error.value.hint == "write it as 90s, 30m, 2h, 1d12h or 1:30:00"


class Limiting(Scheduler):
    """A scheduler that ends jobs that run too long."""

    def limited(self, options: Mapping[str, Any], seconds: int) -> dict[str, Any]:
        """Return the options with a limit."""
        return {**options, "minutes": seconds // 60}


def test_a_scheduler_gets_the_time_limit_as_an_option_of_its_own(world: World) -> None:
    options = LaunchOptions("world", time_limit="2h")
    with pytest.raises(UsageError, match=r"^--time-limit cannot be used with runner world$") as error:
        choose(world.project, options, 1, world)
    assert error.value.hint == "set the limit in a template"
    world.scheduler = Limiting(world.clock)
    assert choose(world.project, options, 1, world).options == {"minutes": 120}
    with pytest.raises(UsageError, match=r"^--time-limit none cannot be used with runner world$"):
        choose(world.project, LaunchOptions("world", time_limit="none"), 1, world)


def test_options_have_to_fit_the_runner(world: World) -> None:
    check_options(LaunchOptions(fail_fast=True), world)
    check_options(LaunchOptions("world", template="big", max_running=1), world)
    check_options(LaunchOptions("world", detach=True), world)
    check_options(LaunchOptions(wait=True, cancel_on_interrupt=True), world)
    with pytest.raises(UsageError, match="--submit-template cannot be used with runner local") as error:
        check_options(LaunchOptions(template="big"), world)
    assert error.value.hint == "add --runner world"
    with pytest.raises(UsageError, match="--max-running cannot be used with runner local") as error:
        check_options(LaunchOptions(max_running=2), world)
    assert error.value.hint == "use -j N"
    with pytest.raises(UsageError, match="--fail-fast cannot be used with runner world") as error:
        check_options(LaunchOptions("world", fail_fast=True), world)
    assert error.value.hint == "it is for local runs"
    check_options(LaunchOptions("world", n_threads=1), world)
    with pytest.raises(UsageError, match="--n-threads cannot be used with runner world") as error:
        check_options(LaunchOptions("world", n_threads=2), world)
    assert error.value.hint == "use --max-running N, or let each job run several groups: --per-job N"


def test_jobs_of_several_groups_are_for_schedulers_whose_runner_knows_them(world: World) -> None:
    with pytest.raises(UsageError, match="--per-job cannot be used with runner local") as error:
        check_options(LaunchOptions(per_job=4), world)
    assert error.value.hint == "use -j N"
    with pytest.raises(UsageError, match="--per-job is 0"):
        check_options(LaunchOptions("world", per_job=0), world)
    check_options(LaunchOptions("world", per_job=4, n_threads=2), world)
    options = LaunchOptions("world", per_job=4, time_limit="2h")
    before = choose(world.project, LaunchOptions("world"), 1, world)
    assert choose(world.project, options, 1, world) == before
    with pytest.raises(UsageError, match="--per-job cannot be used for jobs that do not see the project") as error:
        limited(replace(before, transfer=True), options, world)
    assert error.value.hint == "each group is a job of its own: --per-job 1"
    world.scheduler = _Single(world.clock)
    assert choose(world.project, LaunchOptions("world", per_job=1), 1, world) == before
    with pytest.raises(UsageError, match="--per-job cannot be used with runner world"):
        choose(world.project, options, 1, world)


class _Single(Scheduler):
    """A runner with scripts of its own, which know one group."""

    @property
    def runs_bundles(self) -> bool:  # type: ignore[override]
        raise AttributeError


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        (LaunchOptions("world"), (100, 4, "1h")),
        (LaunchOptions("world", per_job=10), (10, 4, "1h")),
        (LaunchOptions("world", per_job=10, n_threads=1, time_limit="none"), (10, 1, "none")),
        (LaunchOptions("world", per_job=1), (1, None, None)),
        (LaunchOptions("other"), (None, None, None)),
        (LaunchOptions(), (None, None, None)),
    ],
)
def test_a_run_again_has_as_many_groups_per_job_as_the_run_had(
    options: LaunchOptions, expected: tuple[int | None, int | None, str | None]
) -> None:
    facts = replace(RUN.submission, per_job=100, at_once=4, time_limit="1h")
    again = options.like(replace(RUN, runner=RunnerChoice("world"), submission=facts))
    assert (again.per_job, again.n_threads, again.time_limit) == expected


def test_options_that_would_have_no_effect_are_refused(world: World) -> None:
    with pytest.raises(UsageError, match="--detach cannot be used with --wait") as error:
        check_options(LaunchOptions(detach=True, wait=True), world)
    assert error.value.hint.startswith("without either, ")
    with pytest.raises(UsageError, match="--cancel-on-interrupt requires --wait") as error:
        check_options(LaunchOptions("world", cancel_on_interrupt=True), world)
    assert error.value.hint == "without it, qanat ends once the jobs are queued"


def test_the_record_says_how_many_threads_only_where_there_are_groups(world: World) -> None:
    options = LaunchOptions(n_threads=3)
    assert choose(world.project, options, 1, world) == RunnerChoice("local", None, {})
    assert choose(world.project, options, 2, world) == RunnerChoice("local", None, {"n_threads": 3})
