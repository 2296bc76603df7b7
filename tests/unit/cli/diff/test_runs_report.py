"""The section on new runs: what is above the table, which values are marked, which rows are kept."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from types import MappingProxyType

import pytest

from qanat.cli.diff import runs_report
from qanat.cli.diff.blocks import Bars, Best, Block, Items, Section, Table
from qanat.cli.diff.markdown import markdown
from qanat.cli.diff.names import Names
from qanat.cli.diff.report import Report, report
from qanat.cli.diff.text import text
from qanat.domain import setting
from qanat.domain.baseline import Rule, judge
from qanat.domain.new_runs import summarise
from qanat.domain.parameters import ON
from qanat.domain.run import Run, State
from qanat.domain.seeds import GUESSED
from qanat.domain.setting import Parameters
from qanat.git.revisions import Range
from qanat.usecases.review.state import StateChanges
from tests.unit.domain.test_comparison import a_run

RANGE = Range("a" * 40, "main", "b" * 40, "work", "b" * 40, "a" * 40)


def changes(
    runs: Sequence[Run], better: dict[str, str] | None = None, others: dict[Parameters, list[Run]] | None = None
) -> StateChanges:
    """Return a comparison in which these runs are new."""
    return StateChanges(
        range=RANGE,
        base_has_state=True,
        head_has_state=True,
        warnings=(),
        problems=(),
        definitions=(),
        moved={},
        experiments=(summarise("iris", runs, better or {}, others or {}),),
        programs={},
        stale=(),
        verdicts=(),
        how=MappingProxyType({run.id: "new" for run in runs}),
        other_code=(),
        other_changes=(),
        replaced=(),
        migrated=0,
        left_out=0,
        hidden_groups=0,
    )


def section(found: StateChanges) -> Section:
    return runs_report.section(found.experiments[0], found, Names(found))


def items(found: StateChanges) -> list[str]:
    return ["".join(item) for block in section(found).blocks if isinstance(block, Items) for item in block.items]


def table(blocks: Sequence[Block]) -> Table:
    return next(block for block in blocks if isinstance(block, Table))


def test_parameters_that_do_not_vary_are_above_the_table_once() -> None:
    assert "parameters: lr=0.3, steps=9, fast" in items(
        changes([a_run(4, ("--lr 0.3 --steps 9 --fast", {"acc": 0.9}))])
    )
    some = items(changes([a_run(4, ("--n 1 --fast", {"acc": 1}), ("--n 1", {"acc": 2}))]))
    assert some[1:3] == ["all groups: n=1", f"fast: (none), {ON}"]
    sweep = changes([a_run(4, *((f"--n {n} --lr 0.3", {"acc": n}) for n in (1, 2)))])
    assert items(sweep)[1:3] == ["all groups: lr=0.3", "n: 1, 2"]
    assert ["".join(header) for header in table(section(sweep).blocks).headers] == ["n", "Runs", "Groups", "acc"]


def test_a_row_has_the_parameters_that_tell_it_from_settings_without_results() -> None:
    run = a_run(4, *((f"--n {n} --m 3 --seed {seed}", {"acc": n}) for n in (1, 2) for seed in (0, 1)))
    failed = run.with_groups({i: replace(run.groups[i], state=State.FAILED, metrics={}) for i in (2, 3)})
    found = table(section(changes([failed])).blocks)
    assert ["".join(header) for header in found.headers] == ["n", "Runs", "Groups", "acc"]
    assert [row[0] for row in found.rows] == [("1",)]


def marked(values: Sequence[float]) -> list[int]:
    """Return the positions of the values that are marked as best."""
    found = changes([a_run(4, *((f"--n {n}", {"acc": value}) for n, value in enumerate(values)))], {"acc": "higher"})
    rows = table(section(found).blocks).rows
    return [i for i, row in enumerate(rows) if any(isinstance(part, Best) for part in row[-1])]


def test_ties_are_marked_only_where_they_tell_rows_apart() -> None:
    assert marked([1, 2]) == [1]
    assert marked([1, 2, 2, 0]) == [1, 2]
    assert marked([2, 2]) == []
    assert marked([2, 2, 1]) == []


def test_the_best_and_the_worst_rows_are_kept_where_not_all_fit() -> None:
    found = changes([a_run(4, *((f"--n {n}", {"acc": n % 50}) for n in range(100, 200)))], {"acc": "higher"})
    order = table(section(found).blocks).order
    values = [(100 + place) % 50 for place in order]
    assert values[:6] == [49, 0, 49, 0, 48, 1]
    assert sorted(order) == list(range(100))
    written = markdown(Report(("From",), ("x",), section(found).blocks), limit_bytes=2_000)
    assert "more rows between the best and the worst" in written
    assert "| `149` |" in written
    assert "| `100` |" in written


def test_rows_without_a_number_are_the_first_to_go() -> None:
    found = changes([a_run(4, *((f"--n {i}", {"acc": v}) for i, v in enumerate((float("nan"), 1, 3, 2))))])
    assert table(section(found).blocks).order == (2, 1, 3, 0)


def compared(new: Sequence[float], old: Sequence[float]) -> str:
    """Return the cell of a metric whose values were others before, each with a seed of its own."""
    runs = [
        a_run(n, *((f"--seed {n}{i}", {"acc": v}) for i, v in enumerate(values)), tree=tree)
        for n, values, tree in ((4, new, "a" * 40), (2, old, "b" * 40))
    ]
    found = changes([runs[0]], {"acc": "higher"}, {(): [runs[1]]})
    return "".join(table(section(found).blocks).rows[0][2])


def test_an_earlier_value_is_beside_the_new_one_with_its_spread_and_count() -> None:
    assert compared([0.9, 0.92, 0.94], [0.5, 0.52, 0.54]) == "0.920 ± 0.020 (was 0.520 ± 0.020, n = 3: +0.400, better)"
    assert compared([0.5, 0.52, 0.54], [0.9, 0.92, 0.94]).endswith("n = 3: -0.400, worse)")
    assert compared([0.6, 0.8, 0.7], [0.5, 0.75, 0.8]).endswith("+0.02, p = 0.89)")
    assert compared([0.9], [0.6]) == "0.9 (was 0.6: +0.3)"
    assert compared([0.9, 0.9], [0.9, 0.9]) == "0.9 (unchanged)"


def test_a_row_says_how_many_of_its_groups_failed_and_is_not_better_then() -> None:
    new = a_run(4, *((f"--seed {i}", {"acc": 0.9 + i / 100}) for i in range(4)), tree="b" * 40)
    old = a_run(2, *((f"--seed 1{i}", {"acc": 0.5 + i / 100}) for i in range(3)))
    new = new.with_groups({3: replace(new.groups[3], state=State.FAILED, exit_code=1, metrics={})})
    row = table(section(changes([new], {"acc": "higher"}, {(): [old]})).blocks).rows[0]
    assert ["".join(cell) for cell in row[1:3]] == [
        "3, 1 failed",
        "0.910 ± 0.010 (was 0.510 ± 0.010, n = 3: +0.400, significant)",
    ]


def test_the_data_of_runs_are_a_column_where_they_differ() -> None:
    first, second = a_run(4, ("--n 1", {"acc": 1})), a_run(5, ("--n 1", {"acc": 2}), tree="b" * 40)
    runs = [replace(first, datasets={"iris": "data/a"}), replace(second, datasets={"iris": "data/b"})]
    found = table(section(changes(runs)).blocks)
    place = ["".join(header) for header in found.headers].index("Data")
    assert ["".join(row[place]) for row in found.rows] == ["data/a", "data/b"]
    assert ("Data",) not in table(section(changes([runs[0]])).blocks).headers


def test_a_baseline_of_other_groups_is_told_from_the_earlier_values() -> None:
    new, old = a_run(4, ("--n 1", {"acc": 1}), tree="b" * 40), a_run(2, ("--n 1", {"acc": 2}))
    found = changes([new], {}, {(("--n", "1"),): [old]})

    def noted(chosen: Run, where: str = "tag=baseline") -> list[str]:
        rows = setting.pooled([chosen], GUESSED).rows
        verdict = judge("iris", Rule("acc", where), "higher", [new], rows, GUESSED)
        assert verdict.behind
        return [item for item in items(replace(found, verdicts=(verdict,))) if "baseline" in item]

    assert noted(a_run(1, ("--n 1", {"acc": 3}))) == [
        "earlier values are of the latest groups with the same parameters; "
        "the baseline for acc is of those that meet tag=baseline"
    ]
    assert noted(old) == noted(a_run(1, ("--n 1", {"acc": 3})), where="") == []


def test_columns_that_give_way_are_those_of_the_report_not_parameters_of_their_names() -> None:
    runs = [a_run(n, (f"--Commit {n}", {"acc": n}), tree=tree * 40) for n, tree in ((4, "b"), (5, "c"))]
    found = table(section(changes(runs, {}, {(("--Commit", "4"),): [a_run(2, ("--Commit 4", {"acc": 1}))]})).blocks)
    headers = ["".join(header) for header in found.headers]
    assert headers == ["Commit", "Runs", "Groups", "Commit", "acc", "Compared with"]
    assert found.flexible == (3, 5)


@pytest.mark.parametrize(
    ("count", "left_out", "hidden"),
    [
        (1, "1 earlier record was not", "1 new group that the condition excludes is not"),
        (2, "2 earlier records were not", "2 new groups that the condition excludes are not"),
    ],
)
def test_what_a_report_leaves_out_is_counted(count: int, left_out: str, hidden: str) -> None:
    found = replace(changes([a_run(4, ("--n 1", {"acc": 1}))]), left_out=count, hidden_groups=count)
    said = text(report(found), None).splitlines()
    assert said[-2:] == [f"{left_out} compared, since there are too many.", f"{hidden} shown."]


def test_what_is_wrong_comes_before_what_changed_and_what_came_out() -> None:
    found = report(changes([a_run(4, ("--n 1", {"acc": 1}))]), ["a.yaml:2: is not YAML"])
    kinds = [type(block) for block in found.blocks]
    assert kinds == [Items, Section]
    assert found.blocks[0] == Items((("a.yaml:2: is not YAML",),), warning=True)


def test_metrics_have_their_titles_in_headings_and_charts() -> None:
    found = changes([a_run(1, ("--n 1", {"acc": 1.0, "loss": 1.0}), ("--n 2", {"acc": 2.0, "loss": 1.0}))])
    runs = replace(found.experiments[0], titles={"acc": "Accuracy (%)"}, directions={"acc": "higher"})
    blocks = runs_report.section(runs, found, Names(found)).blocks
    (table,) = (block for block in blocks if isinstance(block, Table))
    assert ["".join(header) for header in table.headers] == [
        "n",
        "Runs",
        "Groups",
        "Accuracy (%) (higher is better)",
        "loss",
    ]
    assert [block.metric for block in blocks if isinstance(block, Bars)] == ["Accuracy (%)"]
