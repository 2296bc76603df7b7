"""The columns of tables of runs and groups, and the order of rows."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace

import pytest

from qanat.domain.facts import Row, RunFacts, facts_of, rows_of
from qanat.domain.measured import CurveSummary, Point
from qanat.domain.run import Group, State
from qanat.domain.run_columns import all_columns, chosen_columns, default_columns, shared_parameters, sorted_rows
from qanat.domain.search import Names
from qanat.errors import UsageError
from tests.unit.records.example import RUN


def a_run(number: int, *groups: tuple[str, dict[str, float]], experiment: str = "train") -> RunFacts:
    """Return a run with a group for each pair of arguments and metrics."""
    made = tuple(
        Group(i, tuple(args.split()), State.FINISHED, metrics=metrics) for i, (args, metrics) in enumerate(groups)
    )
    return facts_of(replace(RUN, number=number, experiment=experiment, tags=(), groups=made))


def names_of(runs: Sequence[RunFacts]) -> Names:
    return Names.of(group for run in runs for group in run.groups)


def order(runs: Sequence[RunFacts], *keys: str, by_group: bool = False) -> list[tuple[int, int | None]]:
    """Return the numbers of runs and groups in the order of these keys."""
    found = sorted_rows(rows_of(runs, by_group=by_group), keys, names_of(runs))
    return [(row.run.number, row.group.number if row.group else None) for row in found]


def usual(runs: Sequence[RunFacts], *, by_group: bool = False, more: bool = False) -> list[str]:
    """Return the headings of the columns that these runs have by default."""
    rows = rows_of(runs, by_group=by_group)
    return [c.heading for c in default_columns(rows, names_of(runs), by_group=by_group, more=more)]


def chosen(runs: Sequence[RunFacts], *texts: str) -> list[str]:
    return [column.heading for column in chosen_columns(texts, names_of(runs))]


ONE, TWO = a_run(1, ("--lr 0.1 --n 3", {"acc": 0.9})), a_run(2, ("--lr 0.2 --n 3", {"acc": 0.8}))
SWEEP = a_run(3, ("--lr 10", {"acc": 0.1}), ("--lr 9", {"acc": math.nan}), ("--lr x", {"acc": 0.95}), ("", {}))


def test_by_default_there_are_the_parameters_that_differ_and_all_metrics() -> None:
    assert usual([ONE, TWO]) == ["run", "lr", "acc"]
    assert usual([ONE]) == ["run", "lr", "n", "acc"]
    assert usual([ONE, TWO], by_group=True, more=True)[:4] == ["run", "group", "lr", "acc"]
    assert usual([ONE, TWO], more=True)[3:] == ["state", "duration", "date", "tag", "description"]
    assert usual([]) == ["run"]


def test_parameters_are_shared_that_are_the_same_in_some_runs_but_not_in_all_of_their_experiment() -> None:
    others = [a_run(3, ("--lr 0.2 --n 4 --seed 1", {})), a_run(4, ("--k 1", {}), experiment="test")]
    among = rows_of([ONE, TWO, *others], by_group=False)
    names = names_of([ONE, TWO, *others])

    def shared(*runs: RunFacts) -> list[str]:
        return [c.heading for c in shared_parameters(rows_of(runs, by_group=False), among, names)]

    assert shared(ONE, TWO) == ["n"]
    assert shared(TWO, others[0]) == ["lr"]
    assert shared(ONE) == shared() == []


def test_an_experiment_is_shown_if_there_are_several() -> None:
    assert usual([ONE, a_run(2, ("--lr 0.1 --n 3", {}), experiment="test")]) == ["run", "experiment", "acc"]


def test_an_option_that_only_some_have_tells_them_apart() -> None:
    assert usual([a_run(1, ("--fast", {})), a_run(2, ("", {}))]) == ["run", "fast"]


def test_names_that_are_taken_are_told_apart() -> None:
    run = a_run(1, ("-n 1 --n 2 --state on --lr 1", {"lr": 0.5, "date": 7, "acc": 1}))
    assert usual([run]) == ["run", "-n", "--n", "parameter.state", "lr", "metric.lr", "metric.date", "acc"]
    headings = usual([run])
    assert chosen([run], *headings) == headings
    run = a_run(1, ("--id 5 --tags x", {"number": 1}))
    assert usual([run]) == ["run", "parameter.id", "parameter.tags", "metric.number"]


def test_columns_are_chosen_by_name_or_pattern_in_this_order_and_once() -> None:
    run = a_run(1, ("--lr 1 --model.depth 3 -n 1 --n 2", {"acc": 1, "test.acc": 2, "test.loss": 3}))
    assert chosen([run], "acc", "run", "lr", "acc") == ["acc", "run", "lr"]
    assert chosen([run], "metric.*", "acc") == ["acc", "test.acc", "test.loss"]
    assert chosen([run], "test.*", "parameter.m*") == ["test.acc", "test.loss", "model.depth"]
    assert chosen([run], "tags", "created", "host", "run.state") == ["tags", "created", "host", "run.state"]
    assert chosen([run], "n") == ["-n", "--n"]
    assert chosen([run], "group", "--lr", "metric.acc") == ["group", "lr", "acc"]


def test_a_run_has_its_number_and_its_full_id_in_columns_of_their_own() -> None:
    (row,) = rows_of([ONE], by_group=False)
    columns = chosen_columns(["run", "id", "number", "id"], names_of([ONE]))
    assert [(c.heading, c.values(row)) for c in columns] == [("run", (ONE.id,)), ("id", (ONE.id,)), ("number", (1,))]


@pytest.mark.parametrize(
    ("text", "message", "hint"),
    [
        ("acuracy", "no run has the parameter or metric 'acuracy'", "did you mean metric.acc?"),
        ("metric.lr", "no run has the metric 'lr'", "available: metric.acc"),
        ("x*", "no column matches 'x*'", "for example: --columns 'run,lr,metric.*'"),
    ],
)
def test_a_column_that_there_is_not_is_refused(text: str, message: str, hint: str) -> None:
    with pytest.raises(UsageError) as raised:
        chosen([ONE], text)
    assert (raised.value.message, raised.value.hint) == (message, hint)


def test_rows_are_sorted_as_numbers_and_then_as_texts_and_last_come_those_without_a_number() -> None:
    assert order([SWEEP], "lr", by_group=True) == [(3, 1), (3, 0), (3, 2), (3, 3)]
    assert order([SWEEP], "-lr", by_group=True) == [(3, 2), (3, 0), (3, 1), (3, 3)]
    assert order([SWEEP], "acc", by_group=True) == [(3, 0), (3, 2), (3, 1), (3, 3)]
    assert order([SWEEP], "-metric.acc", by_group=True) == [(3, 2), (3, 0), (3, 1), (3, 3)]


def test_a_run_with_several_values_is_sorted_by_the_one_that_comes_first() -> None:
    assert [n for n, _ in order([ONE, TWO, SWEEP], "acc")] == [3, 2, 1]
    assert [n for n, _ in order([ONE, TWO, SWEEP], "-acc")] == [3, 1, 2]


def test_rows_that_are_equal_keep_their_order_and_are_sorted_by_the_next_key() -> None:
    runs = [a_run(3, ("--n 1 --m 2", {})), a_run(2, ("--n 1 --m 1", {})), a_run(1, ("--n 2 --m 1", {}))]
    assert [n for n, _ in order(runs, "n")] == [3, 2, 1]
    assert [n for n, _ in order(runs, "-n")] == [1, 3, 2]
    assert [n for n, _ in order(runs, "m", "-n")] == [1, 2, 3]
    assert [n for n, _ in order(runs, "run")] == [1, 2, 3]
    assert [n for n, _ in order(runs, "--n", "-run")] == [3, 2, 1]


def test_infinite_values_are_the_first_and_the_last() -> None:
    runs = [a_run(n, ("", {"acc": value})) for n, value in enumerate((math.nan, math.inf, 0.0, -math.inf, 10**300))]
    assert [n for n, _ in order(runs, "acc")] == [3, 2, 4, 1, 0]


def test_every_column_takes_a_value_from_every_row() -> None:
    runs = [ONE, SWEEP]
    for row in (*rows_of(runs, by_group=True), *rows_of(runs, by_group=False)):
        for column in all_columns(names_of(runs), by_group=True):
            assert isinstance(column.values(row), tuple)
    assert Row(ONE).groups == ONE.groups


def test_what_curves_came_to_is_a_column_if_it_is_named() -> None:
    curve = CurveSummary(last=Point(2, 9), min=Point(0.5, 3), max=Point(4, 1), count=9)
    group = Group(0, ("--lr", "1"), State.FINISHED, metrics={"loss": 2, "acc": 1}, curves={"loss": curve})
    runs = [facts_of(replace(RUN, number=number, tags=(), groups=(group,))) for number in (1, 2)]
    assert usual(runs) == ["run", "loss", "acc"]
    assert chosen(runs, "metric.loss.min", "loss") == ["loss.min", "loss"]
    assert chosen(runs, "loss.*") == ["loss.last", "loss.min", "loss.max", "loss.count"]
    assert chosen(runs, "metric.*.max") == ["loss.max"]
    assert chosen(runs, "metric.*") == ["loss", "acc"]
    (column,) = chosen_columns(["loss.max"], names_of(runs))
    assert [column.values(row) for row in rows_of([runs[0], ONE], by_group=False)] == [(4,), ()]
    assert order([runs[0], ONE], "-loss.max") == [(1, None), (1, None)]
