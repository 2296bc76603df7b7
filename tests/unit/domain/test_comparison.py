"""Comparing runs: which groups form a row, what is shown of them, and which row is best."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace

import pytest

from qanat.domain.comparison import Comparison, Grouping, parameters_of
from qanat.domain.comparison import compare as compare_facts
from qanat.domain.data import DataState
from qanat.domain.facts import facts_of
from qanat.domain.group_key import SharedKey
from qanat.domain.run import Group, Run, State
from qanat.domain.statistics import HIGHER, LOWER
from tests.unit.records.example import RUN


def a_run(number: int, *groups: tuple[str, dict[str, float]], tree: str = "a" * 40, experiment: str = "iris") -> Run:
    """Return a run with a finished group for each pair of arguments and metrics."""
    made = tuple(
        Group(i, tuple(words.split()), State.FINISHED, exit_code=0, metrics=metrics)
        for i, (words, metrics) in enumerate(groups)
    )
    code = replace(RUN.code, tree=tree, commit=tree)
    return replace(RUN, number=number, uid=f"{number:06x}", experiment=experiment, code=code, groups=made)


def compare(runs: Sequence[Run], *, better: dict[str, str], grouping: Grouping | None = None) -> Comparison:
    """Compare runs by the facts about them."""
    return compare_facts(map(facts_of, runs), better=better, grouping=grouping)


def means(found: Comparison, metric: str) -> list[float]:
    return [row.metrics[metric].mean for row in found.rows]


def test_groups_that_differ_only_in_the_seed_are_one_row_with_mean_and_deviation() -> None:
    run = a_run(1, *((f"--n {n} --seed {s}", {"acc": n + s / 10}) for n in (1, 2) for s in (0, 1, 2)))
    found = compare([run], better={})
    assert found.parameters == ("--n",)
    assert [(row.parameters["--n"], row.groups) for row in found.rows] == [("1", 3), ("2", 3)]
    assert [str(row.metrics["acc"]) for row in found.rows] == ["1.10 ± 0.10", "2.10 ± 0.10"]


@pytest.mark.parametrize("seed", ["--seed", "--random_seed", "--random-seed"])
def test_a_seed_has_several_names(seed: str) -> None:
    run = a_run(1, (f"{seed} 1", {"acc": 1.0}), (f"{seed} 2", {"acc": 2.0}))
    found = compare([run], better={})
    assert (len(found.rows), found.parameters) == (1, ())


def test_each_run_has_rows_of_its_own_unless_runs_are_pooled() -> None:
    runs = [a_run(n, (f"--n 1 --seed {n}", {"acc": float(n)})) for n in (1, 2, 3)]
    assert [row.runs for row in compare(runs, better={}).rows] == [("1-000001",), ("2-000002",), ("3-000003",)]
    (row,) = compare(runs, better={}, grouping=Grouping(pool=True)).rows
    assert row.runs == ("1-000001", "2-000002", "3-000003")
    assert (row.groups, row.metrics["acc"].mean, row.metrics["acc"].deviation) == (3, 2.0, 1.0)
    assert (row.seeds, row.metrics["acc"].by_seed) == (("1", "2", "3"), {"1": 1.0, "2": 2.0, "3": 3.0})


def test_pooled_runs_have_the_same_code_if_their_keys_or_their_trees_say_so() -> None:
    runs = [a_run(n, (f"--n 1 --seed {n}", {"acc": float(n)}), tree=tree * 40) for n, tree in enumerate("abcdc")]
    key = SharedKey(code="1" * 32, command="2" * 32)
    first, labelled = (replace(run, key=key) for run in runs[:2])
    other, commanded = replace(runs[2], key=replace(key, code="3" * 32)), replace(runs[3], key=SharedKey("1" * 32, "4"))
    without = runs[4]
    found = compare([first, labelled, other, commanded, without], better={}, grouping=Grouping(pool=True))
    assert [row.runs for row in found.rows] == [(first.id, labelled.id), (other.id, without.id), (commanded.id,)]
    assert [row.tree[0] for row in found.rows] == ["a", "c", "d"]


def test_a_seed_of_identical_runs_counts_once_the_one_that_finished_last() -> None:
    first, again = (a_run(n, *((f"--lr 1 --seed {s}", {"acc": s + n / 10}) for s in (0, 1))) for n in (1, 2))
    later = replace(again.groups[0], ended="2026-11-23T13:00:00+01:00")
    earlier = replace(again.groups[1], ended="2026-11-23T10:00:00+00:00")
    first = first.with_groups({i: replace(first.groups[i], ended="2026-11-23T11:30:00+00:00") for i in (0, 1)})
    again = again.with_groups({0: later, 1: earlier})
    (row,) = compare([first, again], better={}, grouping=Grouping(pool=True)).rows
    assert (row.groups, row.repeated) == (2, ((first.id, 0), (again.id, 1)))
    assert row.metrics["acc"].by_seed == {"0": 0.2, "1": 1.1}
    assert row.members == ((again.id, 0), (first.id, 1))


def test_the_commit_of_a_row_is_that_of_its_first_run_that_counts() -> None:
    key = SharedKey(code="c", command="p")
    runs = [replace(a_run(n, ("--n 1 --seed 0", {"acc": n}), tree=f"{n}" * 40), key=key) for n in (1, 2)]
    (row,) = compare(runs, better={}, grouping=Grouping(pool=True)).rows
    assert (row.runs, row.commit, row.commits) == ((runs[1].id,), "2" * 40, ("2" * 40,))


def test_groups_without_a_seed_are_repetitions_that_all_count() -> None:
    runs = [a_run(n, ("--n 1", {"acc": float(n)})) for n in (1, 2, 3)]
    (row,) = compare(runs, better={}, grouping=Grouping(pool=True)).rows
    assert (row.groups, row.repeated, row.seeds) == (3, (), (None, None, None))


def test_other_code_is_never_pooled() -> None:
    runs = [a_run(1, ("--n 1", {"acc": 1.0})), a_run(2, ("--n 1", {"acc": 2.0}), tree="b" * 40)]
    for grouping in (Grouping(pool=True), Grouping(by="--n", pool=True)):
        assert means(compare(runs, better={}, grouping=grouping), "acc") == [1.0, 2.0]


def test_runs_whose_data_certainly_differ_are_never_pooled() -> None:
    state = DataState("iris", "hash", id="sha256:" + "a" * 64)
    of_data = (state, replace(state, id="sha256:" + "b" * 64), state)
    runs = [
        replace(a_run(n, (f"--n 1 --seed {n}", {"acc": float(n)})), datasets={"iris": "data"}, data=(data,))
        for n, data in enumerate(of_data, 1)
    ]
    unknown = replace(a_run(4, ("--n 1 --seed 4", {"acc": 4.0})), datasets={"iris": "data"}, data=())
    found = compare([*runs, unknown], better={}, grouping=Grouping(pool=True))
    assert [row.seeds for row in found.rows] == [("1", "3", "4"), ("2",)]


def test_names_as_typed_tell_parameters_apart() -> None:
    run = a_run(1, ("-n 1 --n 5", {"acc": 1.0}), ("-n 2 --n 5", {"acc": 2.0}), ("--n 5", {"acc": 3.0}))
    found = compare([run], better={})
    assert (found.parameters, means(found, "acc")) == (("-n",), [1.0, 2.0, 3.0])


def test_an_option_without_a_value_is_other_than_none() -> None:
    run = a_run(1, ("--n 5 --fast", {"acc": 1.0}), ("--n 5", {"acc": 2.0}))
    found = compare([run], better={})
    assert (found.parameters, [row.parameters.get("--fast") for row in found.rows]) == (("--fast",), ["", None])


def test_an_experiment_says_which_parameters_are_seeds() -> None:
    run = a_run(1, *((f"--seed {s} --fold {f}", {"acc": float(s)}) for s in (1, 2) for f in (1, 2)))
    found = compare([run], better={}, grouping=Grouping(seeds={"iris": ["--fold"]}))
    assert (found.parameters, found.seeds, len(found.rows)) == (("--seed",), {"iris": ("--fold",)}, 2)
    both = compare([run], better={}, grouping=Grouping(seeds={"iris": ["fold", "seed"]}))
    assert both.rows[0].seeds[:2] == ("fold=1 seed=1", "fold=2 seed=1")
    none = compare([run], better={}, grouping=Grouping(seeds={"iris": []}))
    assert (len(none.rows), none.seeds) == (4, {})
    assert compare([run], better={}, grouping=Grouping(seeds={"other": []})).seeds == {"iris": ("--seed",)}


def test_rows_can_be_told_apart_by_a_seed() -> None:
    run = a_run(1, *((f"--n 1 --seed {s}", {"acc": float(s)}) for s in (1, 2)))
    found = compare([run], better={}, grouping=Grouping(over="--seed"))
    assert (found.parameters, len(found.rows), found.seeds) == (("--seed",), 2, {})


@pytest.mark.parametrize("other", [{"tree": "b" * 40}, {"experiment": "other"}], ids=str)
def test_other_code_and_another_experiment_are_rows_of_their_own(other: dict[str, str]) -> None:
    found = compare([a_run(1, ("--n 1", {"acc": 1.0})), a_run(2, ("--n 1", {"acc": 2.0}), **other)], better={})
    assert means(found, "acc") == [1.0, 2.0]


@pytest.mark.parametrize("state", [state for state in State if state is not State.FINISHED])
def test_a_group_that_has_not_finished_does_not_count(state: State) -> None:
    # A program that is asked to end may do so with exit code 0, and is cancelled all the same.
    run = a_run(1, ("--n 1", {"acc": 1.0}), ("--n 2", {"acc": 2.0}))
    found = compare([run.with_groups({1: replace(run.groups[1], state=state)})], better={})
    assert means(found, "acc") == [1.0]


def test_only_parameters_that_differ_are_shown_and_a_missing_one_differs() -> None:
    run = a_run(1, ("--n 1 --lr 3", {}), ("--n 1 --lr 4", {}), ("--n 1 --lr 4 --fast", {}))
    assert compare([run], better={}).parameters == ("--lr", "--fast")


def test_rows_may_be_grouped_by_one_parameter() -> None:
    run = a_run(1, *((f"--n {n} --lr {lr}", {"acc": float(n * lr)}) for n in (1, 2) for lr in (1, 3)))
    found = compare([run], better={}, grouping=Grouping(by="--n"))
    assert found.parameters == ("--n",)
    assert [dict(row.parameters) for row in found.rows] == [{"--n": "1"}, {"--n": "2"}]
    assert means(found, "acc") == [2.0, 4.0]


def test_the_parameter_of_the_grouping_is_shown_also_when_it_has_one_value() -> None:
    found = compare(
        [a_run(1, ("--n 1", {"acc": 1.0}), ("--n 1 --lr 2", {"acc": 2.0}))], better={}, grouping=Grouping(by="--n")
    )
    assert (found.parameters, len(found.rows)) == (("--n",), 1)


def test_without_a_sort_the_order_is_that_of_the_runs() -> None:
    found = compare([a_run(n, (f"--n {n}", {"acc": float(n)})) for n in (2, 3, 1)], better={"acc": HIGHER})
    assert means(found, "acc") == [2.0, 3.0, 1.0]


def test_the_best_row_of_each_metric_is_known_and_equal_ones_share_it() -> None:
    groups = [
        ("--n 1", {"acc": 1.0, "loss": 3.0, "time": 1.0}),
        ("--n 2", {"acc": 2.0, "loss": 2.0, "time": 2.0}),
        ("--n 3", {"acc": 2.0, "loss": math.nan}),
    ]
    found = compare([a_run(1, *groups)], better={"acc": HIGHER, "loss": LOWER})
    assert found.best == {"acc": {1, 2}, "loss": {1}}


def test_where_there_is_nothing_to_choose_from_nothing_is_best() -> None:
    assert compare([a_run(1, ("--n 1", {"acc": 1.0}))], better={"acc": HIGHER}).best == {}


def test_a_row_whose_groups_have_not_all_finished_is_not_best() -> None:
    """They might be worse; that the next row is best, though, is not known either."""
    groups = [(f"--n {n} --seed {s}", {"acc": float(n)}) for n in (1, 2) for s in (0, 1, 2)]
    run = a_run(1, *groups)
    assert compare([run], better={"acc": HIGHER}).best == {"acc": {1}}
    assert compare([failing(run, 5)], better={"acc": HIGHER}).best == {"acc": set()}
    assert compare([failing(run, 0)], better={"acc": HIGHER}).best == {"acc": {1}}


def test_a_metric_that_only_some_groups_have_is_over_those() -> None:
    run = a_run(1, ("--seed 1", {"acc": 1.0}), ("--seed 2", {}), ("--seed 3", {"acc": 3.0}))
    (row,) = compare([run], better={}).rows
    assert (row.groups, row.metrics["acc"].count, row.metrics["acc"].mean) == (3, 2, 2.0)


def test_parameters_are_named_as_typed_and_several_words_are_one_value() -> None:
    assert parameters_of(Group(0, ("x", "--lr", "1", "--names", "a", "b", "--fast"))) == {
        "pos_0": "x",
        "--lr": "1",
        "--names": "a b",
        "--fast": "",
    }


def test_spellings_of_a_number_are_one_setting_and_the_first_is_shown() -> None:
    spelled = [a_run(n, (f"--lr {lr} --seed {n}", {"acc": float(n)})) for n, lr in enumerate(("0.3", "0.30", "3e-1"))]
    (row,) = compare(spelled, better={}, grouping=Grouping(pool=True)).rows
    assert (row.parameters["--lr"], row.groups) == ("0.3", 3)
    other = a_run(4, ("--lr 0.1 --n 1.0", {"acc": 1.0}), ("--lr 0.10 --n 1", {"acc": 1.0}), ("--lr x", {"acc": 1.0}))
    by_lr = compare([*spelled, other], better={}, grouping=Grouping(by="--lr", pool=True))
    assert [(row.parameters["--lr"], row.groups) for row in by_lr.rows] == [("0.3", 3), ("0.1", 2), ("x", 1)]
    assert compare([spelled[0], spelled[1]], better={}).parameters == ()


def test_a_seed_counts_once_however_its_number_is_spelled() -> None:
    run = a_run(1, ("--lr 0.1 --seed 1", {"acc": 1.0}), ("--lr 0.10 --seed 01", {"acc": 2.0}))
    (row,) = compare([run], better={}).rows
    assert (row.groups, len(row.repeated)) == (1, 1)


def failing(run: Run, *numbers: int) -> Run:
    return run.with_groups({i: replace(run.groups[i], state=State.FAILED, exit_code=3) for i in numbers})


def test_groups_that_did_not_finish_are_counted_in_their_row_or_without_one() -> None:
    run = a_run(1, *((f"--n {n} --seed {s}", {"acc": 1.0}) for n in (1, 2) for s in (0, 1)))
    found = compare([failing(run, 1, 2, 3)], better={})
    assert [(row.groups, row.unfinished) for row in found.rows] == [(1, ((run.id, 1),))]
    assert [(one.runs, one.parameters, one.groups) for one in found.absent] == [((run.id,), {"--n": "2"}, 2)]
    assert compare([failing(run, 0, 1, 2, 3)], better={}).absent == ()


def test_a_seed_that_finished_in_another_run_of_the_row_is_not_missing() -> None:
    first, again = (a_run(n, *((f"--n 1 --seed {s}", {"acc": 1.0}) for s in (0, 1))) for n in (1, 2))
    (row,) = compare([failing(first, 1), again], better={}, grouping=Grouping(pool=True)).rows
    assert (row.groups, row.unfinished) == (2, ())


def test_rows_of_one_parameter_name_the_others_in_which_their_groups_differ() -> None:
    groups = [(f"--lr {lr} --m {m} --seed {s}", {"acc": 1.0}) for lr in (1, 2) for m in ("0", "0.5") for s in (0, 1)]
    run = a_run(1, *groups, ("--lr 3 --m 1 --seed 0", {"acc": 1.0}), ("--lr 3 --m 1.0 --seed 1", {"acc": 1.0}))
    assert [row.mixed for row in compare([run], better={}, grouping=Grouping(by="--lr")).rows] == [("--m",)] * 2 + [()]
    assert {row.mixed for row in compare([run], better={}, grouping=Grouping(by="--seed")).rows} == {("--lr", "--m")}
    assert {row.mixed for row in compare([run], better={}).rows} == {()}


def test_a_single_value_is_not_best_beside_means_nor_is_a_mean_beside_it() -> None:
    runs = [a_run(1, *((f"--n 1 --seed {s}", {"acc": 0.5}) for s in (0, 1))), a_run(2, ("--n 2", {"acc": 0.9}))]
    assert compare(runs, better={"acc": HIGHER}).best == {}
    assert compare([runs[0], a_run(3, *(("--n 3", {"acc": 0.9}),) * 2)], better={"acc": HIGHER}).best == {"acc": {1}}


@pytest.mark.parametrize("bad", [math.nan, math.inf])
def test_a_number_is_best_beside_one_that_is_not_finite(bad: float) -> None:
    runs = [a_run(1, ("--n 1", {"err": bad})), a_run(2, ("--n 2", {"err": 1.0}))]
    assert compare(runs, better={"err": LOWER}).best == {"err": {1}}
    assert compare([a_run(n, ("", {"err": math.nan})) for n in (1, 2)], better={"err": LOWER}).best == {}
