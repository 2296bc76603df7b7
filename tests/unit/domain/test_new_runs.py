"""New runs summarised, each row of their results next to its latest baseline."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace

import pytest

from qanat.domain.circumstances import Circumstances
from qanat.domain.container import Container
from qanat.domain.new_runs import Delta, NewRuns, parameters_to_compare, summarise
from qanat.domain.parameters import ON
from qanat.domain.run import Group, Run, State
from qanat.domain.setting import Parameters, key_of
from tests.unit.domain.test_comparison import a_run
from tests.unit.records.example import RUN

OLD, NEW, NEWER = "a" * 40, "b" * 40, "c" * 40


def at(run: Run, day: int) -> Run:
    return replace(run, created=f"2026-11-{day:02}T10:00:00+00:00")


def beside(new: Sequence[Run], old: Sequence[Run], better: dict[str, str] | None = None) -> NewRuns:
    """Summarise new runs next to all of these old ones."""
    others: dict[Parameters, Sequence[Run]] = dict.fromkeys(parameters_to_compare(new), old)
    return summarise("iris", new, better or {}, others)


def ended(number: int, *groups: Group) -> Run:
    return replace(RUN, number=number, uid=f"{number:06x}", groups=groups)


def test_a_row_is_compared_with_the_latest_groups_that_had_the_same_parameters_but_for_the_seed() -> None:
    new = [a_run(9, *((f"--n 1 --seed {s}", {"acc": 0.5 + s / 10}) for s in (0, 1)), tree=NEW)]
    old = [
        at(a_run(1, ("--n 1 --seed 7", {"acc": 0.1}), tree=OLD), 1),
        at(a_run(2, ("--n 1 --seed 7", {"acc": 0.3}), ("--n 2", {"acc": 9}), tree=NEWER), 3),
        at(a_run(3, ("--n 1 --seed 8", {"acc": 0.5}), tree=NEWER), 2),
    ]
    (before,) = beside(new, old, {"acc": "higher"}).before
    assert before is not None
    assert before.row.runs == ("2-000002", "3-000003")
    assert before.deltas["acc"].before.mean == pytest.approx(0.4)
    assert (before.deltas["acc"].difference.value, before.deltas["acc"].better) == (pytest.approx(0.15), None)


def measured(number: int, middle: float, tree: str) -> Run:
    """Return a run of three seeds whose values have a standard deviation of 0.1."""
    return a_run(number, *((f"--n 1 --seed {number + s}", {"acc": middle + s / 10}) for s in (-1, 0, 1)), tree=tree)


@pytest.mark.parametrize(
    ("direction", "new", "expected"),
    [("higher", 2, True), ("higher", 0, False), ("lower", 0, True), ("lower", 2, False), (None, 2, None)],
)
def test_a_difference_is_better_or_worse_only_where_it_is_known_which_way(
    direction: str | None, new: float, expected: bool | None
) -> None:
    found = beside([measured(20, new, NEW)], [measured(10, 1, OLD)], {"acc": direction} if direction else {})
    (before,) = found.before
    assert before is not None
    assert before.deltas["acc"].better is expected


@pytest.mark.parametrize(("new", "old"), [(1.1, 1.0), (0.9, 1.0)])
def test_a_difference_within_the_spread_is_neither_better_nor_worse(new: float, old: float) -> None:
    (before,) = beside([measured(20, new, NEW)], [measured(10, old, OLD)], {"acc": "higher"}).before
    assert before is not None
    assert before.deltas["acc"].better is None
    assert before.deltas["acc"].difference.p is not None


def crashed(run: Run, *places: int) -> Run:
    """Return a run of which these groups failed without results."""
    failed = {i: replace(run.groups[i], state=State.FAILED, exit_code=1, metrics={}) for i in places}
    return run.with_groups(failed)


@pytest.mark.parametrize(("new", "expected"), [(3, None), (-1, False)])
def test_a_setting_of_which_groups_failed_is_never_better_but_may_be_worse(new: float, expected: bool | None) -> None:
    found = beside([crashed(measured(20, new, NEW), 2)], [measured(10, 1, OLD)], {"acc": "higher"})
    (before,) = found.before
    assert before is not None
    assert (found.failed, before.deltas["acc"].better) == ((1,), expected)
    assert before.deltas["acc"].difference.is_significant


@pytest.mark.parametrize(("places", "expected"), [((), {0}), ((2,), set())])
def test_a_row_of_which_groups_failed_is_not_the_best_nor_is_another_one(
    places: tuple[int, ...], expected: set[int]
) -> None:
    new = [crashed(measured(20, 3, NEW), *places), measured(30, 1, NEWER)]
    found = beside(new, [], {"acc": "higher"})
    assert found.failed == (len(places), 0)
    assert found.results.best["acc"] == expected


def test_only_the_latest_groups_of_a_setting_and_its_code_count_as_failed() -> None:
    first = crashed(measured(20, 3, NEW), 1, 2)
    again = a_run(21, ("--n 1 --seed 20", {"acc": 3.0}), tree=NEW)
    fixed = measured(22, 3, NEWER)
    elsewhere = crashed(a_run(23, ("--n 2 --seed 1", {"acc": 1}), ("--n 2 --seed 2", {"acc": 1}), tree=NEWER), 0)
    found = beside([first, again, fixed, elsewhere], [measured(10, 1, OLD)], {"acc": "higher"})
    assert [(row.tree, row.groups) for row in found.results.rows] == [(NEW, 2), (NEWER, 3), (NEWER, 1)]
    assert found.failed == (1, 0, 1)


def test_single_values_have_no_spread_beyond_which_one_is_better() -> None:
    found = beside([a_run(2, ("--n 1", {"acc": 2}))], [a_run(1, ("--n 1", {"acc": 1}))], {"acc": "higher"})
    (before,) = found.before
    assert before is not None
    assert (before.deltas["acc"].better, before.deltas["acc"].difference.p) == (None, None)


def test_a_row_says_in_what_its_container_differs_from_the_earlier_one() -> None:
    old, new = (a_run(n, ("--n 1", {"acc": 1}), tree=tree) for n, tree in ((1, OLD), (2, NEW)))
    one, two = (Container("a.sif", "apptainer", identity) for identity in ("sha256:1", "sha256:2"))
    named = replace(one, image="b.sif")
    pairs = ((None, None), (one, one), (one, named), (None, one), (one, two), (one, replace(two, image="b.sif")))
    found = [beside([replace(new, container=b)], [replace(old, container=a)]).before[0] for a, b in pairs]
    said = ["", "", "", "a.sif, was none", "a.sif sha256:2, was sha256:1", "b.sif, was a.sif"]
    assert [before.other.container for before in found if before] == said


def test_a_row_says_whether_its_environment_is_another_one() -> None:
    old, new = (a_run(n, ("--n 1", {"acc": 1}), tree=tree) for n, tree in ((1, OLD), (2, NEW)))
    one, two = "1" * 16, "2" * 16
    pairs = ((None, None), (one, one), (None, one), (one, two))
    found = [beside([replace(new, environment=b)], [replace(old, environment=a)]).before[0] for a, b in pairs]
    assert [before.other.is_other_environment for before in found if before] == [False, False, False, True]


def test_a_row_names_the_earlier_seeds_if_they_are_others() -> None:
    new = a_run(2, ("--n 1 --seed 0", {"acc": 1}), ("--n 1 --seed 1.0", {"acc": 1}), tree=NEW)
    for seeds, said in ((("0", "1"), ()), (("10", "9"), ("9", "10")), (("0", "1", "2"), ("0", "1", "2"))):
        old = a_run(1, *((f"--n 1 --seed {seed}", {"acc": 1}) for seed in seeds), tree=OLD)
        (before,) = beside([new], [old]).before
        assert before is not None
        assert before.other_seeds == said


def test_a_setting_that_fails_now_says_in_what_the_run_in_which_it_finished_differs() -> None:
    image = Container("a.sif", "apptainer", "sha256:1")
    old = replace(a_run(1, ("--n 1", {"acc": 1}), tree=OLD), container=image)
    new = replace(crashed(a_run(2, ("--n 1", {"acc": 1}), tree=OLD), 0), container=replace(image, identity="sha256:2"))
    (found,) = beside([new], [old]).regressions
    assert found.other == Circumstances(container="a.sif sha256:2, was sha256:1")


def test_a_row_says_in_what_its_data_differ_from_the_earlier_ones() -> None:
    old, new = (replace(a_run(n, ("--n 1", {"acc": 1}), tree=tree), data=()) for n, tree in ((1, OLD), (2, NEW)))
    moved = beside([replace(new, datasets={"iris": "b"})], [replace(old, datasets={"iris": "a"})])
    same = beside([replace(new, datasets={"iris": "a"})], [replace(old, datasets={"iris": "a"})])
    assert [[str(d) for d in b.other.data] for b in (*moved.before, *same.before) if b] == [["iris: b, was a"], []]


def test_the_same_value_and_one_that_is_no_number_are_neither_better_nor_worse() -> None:
    new = a_run(2, ("--n 1", {"acc": 1, "loss": math.nan}))
    (before,) = beside([new], [a_run(1, ("--n 1", {"acc": 1, "loss": 1}))], {"acc": "higher", "loss": "lower"}).before
    assert before is not None
    assert [before.deltas[name].better for name in ("acc", "loss")] == [None, None]
    assert isinstance(before.deltas["acc"], Delta)


def test_nothing_is_compared_with_other_parameters_other_metrics_or_groups_that_failed() -> None:
    new = [a_run(9, ("--n 1", {"acc": 1}), tree=NEW)]
    failed = replace(a_run(1, ("--n 1", {"acc": 1})), number=3)
    failed = failed.with_groups({0: replace(failed.groups[0], state=State.FAILED)})
    old = [a_run(1, ("--n 2", {"acc": 1})), a_run(2, ("--n 1", {"loss": 1})), failed]
    assert beside(new, old).before == (None,)


def test_an_earlier_run_without_the_metric_does_not_hide_an_older_one_that_has_it() -> None:
    new = [a_run(9, ("--n 1", {"acc": 1}), tree=NEWER)]
    old = [at(a_run(2, ("--n 1", {"time": 1}), tree=NEW), 2), at(a_run(1, ("--n 1", {"acc": 3}), tree=OLD), 1)]
    (before,) = beside(new, old).before
    assert before is not None
    assert before.row.runs == ("1-000001",)


def test_parameters_that_vary_are_listed_in_the_order_of_numbers() -> None:
    found = beside(
        [a_run(1, *((f"--n {n} --lr 0.1 --seed 3", {}) for n in (10, 9, 100))), a_run(2, ("--n 9 --x", {}))], []
    )
    assert found.varying == {"n": ("9", "10", "100"), "lr": ("0.1", ""), "seed": ("3", ""), "x": ("", ON)}
    assert found.shared == {}


def test_parameters_that_all_groups_share_are_listed_once_with_their_value() -> None:
    found = beside([a_run(1, ("--n 1 --lr 0.1 --fast", {})), a_run(2, ("--n 2 --lr 0.1 --fast", {}))], [])
    assert found.shared == {"lr": "0.1", "fast": ""}


def test_what_ended_badly_is_grouped_by_its_cause_the_most_frequent_first() -> None:
    lost = "how it ended is unknown: no completion.json in group_{0} and no process {1}"
    first = ended(
        4,
        Group(0, (), State.FAILED, exit_code=1, reason="exit code 1"),
        Group(1, (), State.LOST, reason=lost.format(1, 4711)),
        Group(2, (), State.LOST, reason=lost.format(2, 4712)),
        Group(3, (), State.FAILED, exit_code=2, reason="exit code 2"),
        Group(4, (), State.FAILED, signal=9),
        Group(5, (), State.RUNNING),
        Group(6, (), State.CANCELLED),
    )
    second = ended(5, Group(0, (), State.LOST, reason=lost.format(0, 12)))
    found = beside([first, second], []).failures
    assert [(f.state.value, f.cause, f.count) for f in found] == [
        ("lost", lost.format(1, 4711), 3),
        ("failed", "exit code 1", 1),
        ("failed", "exit code 2", 1),
        ("failed", "signal 9", 1),
        ("cancelled", "", 1),
    ]
    assert dict(found[0].groups) == {first.id: 2, second.id: 1}


def test_durations_are_those_of_groups_that_ended() -> None:
    def lasting(number: int, seconds: int | None) -> Group:
        end = None if seconds is None else f"2026-11-23T10:00:{seconds:02}+00:00"
        return Group(number, (), State.FINISHED, started="2026-11-23T10:00:00+00:00", ended=end)

    found = beside([ended(1, lasting(0, 1), lasting(1, 2), lasting(2, 9), lasting(3, None))], []).durations
    assert found is not None
    assert (found.shortest, found.median, found.longest) == (1, 2, 9)
    assert beside([ended(1, Group(0, ()))], []).durations is None


def test_only_groups_that_measured_something_are_worth_a_search() -> None:
    run = a_run(1, ("--n 1 --seed 1", {"acc": 1}), ("--n 2", {}))
    assert parameters_to_compare([run]) == {(("--n", "1"),)}
    assert key_of({"--seed": "1", "b": "2", "a": "1"}) == (("a", "1"), ("b", "2"))


def test_the_seeds_of_an_experiment_share_a_row_and_are_compared_with_others() -> None:
    new = [a_run(9, *((f"--n 1 --fold {f}", {"acc": f / 10}) for f in (0, 1)), tree=NEW)]
    old = [a_run(1, *((f"--n 1 --fold {f}", {"acc": f / 20}) for f in (2, 3)), tree=OLD)]
    others: dict[Parameters, Sequence[Run]] = dict.fromkeys(parameters_to_compare(new, ["--fold"]), old)
    assert list(others) == [(("--n", "1"),)]
    found = summarise("iris", new, {}, others, ["--fold"])
    (before,) = found.before
    assert (len(found.results.rows), before and before.deltas["acc"].before.count) == (1, 2)


def test_a_run_and_its_repetition_are_one_row_in_which_each_seed_counts_once() -> None:
    seeds = [(f"--n 1 --seed {s}", {"acc": s / 10}) for s in (0, 1)]
    (row,) = beside([a_run(1, *seeds), a_run(2, *seeds)], []).results.rows
    assert (row.groups, len(row.repeated), row.metrics["acc"].count) == (2, 2, 2)
