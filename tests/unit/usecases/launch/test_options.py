"""How a run is to be started, and whether the chosen runner can do that."""

from __future__ import annotations

import pytest

from qanat.domain.run import RunnerChoice
from qanat.errors import UsageError
from qanat.usecases.launch.options import LaunchOptions, check_options, choose
from tests.support.world import World


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
    assert LaunchOptions(n_threads=chosen).like(earlier).n_threads == expected


def test_options_have_to_fit_the_runner(world: World) -> None:
    check_options(LaunchOptions(fail_fast=True), world)
    check_options(LaunchOptions("world", template="big", max_running=1), world)
    with pytest.raises(UsageError, match="--submit-template cannot be used with runner local") as error:
        check_options(LaunchOptions(template="big"), world)
    assert error.value.hint == "add --runner world"
    with pytest.raises(UsageError, match="--fail-fast cannot be used with runner world") as error:
        check_options(LaunchOptions("world", fail_fast=True), world)
    assert error.value.hint == "it is for local runs"


def test_the_record_says_how_many_threads_only_where_there_are_groups(world: World) -> None:
    options = LaunchOptions(n_threads=3)
    assert choose(world.project, options, 1, world) == RunnerChoice("local", None, {})
    assert choose(world.project, options, 2, world) == RunnerChoice("local", None, {"n_threads": 3})
