"""Reading the curves of a run, also while its programs write them."""

from __future__ import annotations

import json
from collections.abc import Iterable
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, TypeVar

import pytest
from hypothesis import given
from hypothesis import strategies as st

from qanat.domain import curves, long_work
from qanat.domain.few_rows import LastRows
from qanat.domain.metric_problems import CHANGED
from qanat.domain.run import Group, State
from qanat.domain.series_rows import Row
from qanat.errors import InputInvalid, UsageError
from qanat.records import series
from qanat.records.measured import SERIES
from qanat.records.series import BLOCK_BYTES
from qanat.usecases import complete_names
from qanat.usecases.runs import curves as usecase
from qanat.usecases.runs.curves import GroupCurves, RunCurves
from qanat.usecases.runs.whole_curves import curves_of
from tests.support.strategies import stable
from tests.support.world import World

T = TypeVar("T")


def lines(*rows: dict[str, Any]) -> str:
    """Return rows as JSON lines."""
    return "".join(f"{json.dumps(row)}\n" for row in rows)


def steps(first: int, last: int) -> list[dict[str, Any]]:
    """Return a row for each step."""
    return [{"step": step, "loss": step / 2} for step in range(first, last)]


class Written:
    """A submitted run of one group that is running, its curves, and the files that its program writes."""

    def __init__(self, world: World, *patterns: str) -> None:
        world.submit()
        (self.job,) = world.scheduler.of(0)
        self.job.starts()
        self.folder: Path = self.job.spec.storage
        self.folder.mkdir(parents=True, exist_ok=True)
        self.world = world
        self.curves = RunCurves(world.project, world.find(), [0], patterns)

    def write(self, text: str, name: str = "metrics.jsonl") -> None:
        """Write more to a file."""
        with (self.folder / name).open("a") as file:
            file.write(text)

    def rows(self) -> list[Row]:
        """Return the rows that are there now."""
        self.curves.names()
        return [*self.curves.rows(0)]

    def new_rows(self) -> list[Row]:
        """Return the rows that are new."""
        self.curves.update(self.world.find())
        return [row for _, rows in self.curves.new_rows() for row in rows]


def test_rows_are_those_of_all_files_and_of_two_with_the_same_name_the_first_counts(world: World) -> None:
    run = Written(world)
    assert (run.curves.names(), run.rows()) == ([], [])
    run.write(lines({"step": 1, "loss": 3}, {"step": 2, "loss": 2}, {"step": 2, "acc": 0.5}))
    run.write("step,loss,val\n2,9,7\n3,9,6\n", "metrics.csv")
    assert run.rows() == [Row(1, {"loss": 3}), Row(2, {"loss": 2, "acc": 0.5, "val": 7}), Row(3, {"val": 6})]
    assert run.curves.names_of(0) == ["loss", "acc", "val"]


def test_the_experiment_says_which_files_and_names(world: World) -> None:
    world.experiment("true", metrics=[{"file": "out.jsonl", "keys": ["loss"]}])
    run = Written(world)
    run.write(lines({"step": 1, "loss": 3, "acc": 1}), "out.jsonl")
    run.write(lines({"step": 1, "other": 3}))
    assert run.rows() == [Row(1, {"loss": 3})]
    curves = RunCurves(world.project, world.find(), [0], ["acc"])
    assert curves.names() == []
    with pytest.raises(UsageError, match="no curve is called 'acc'") as caught:
        curves.check_names()
    assert caught.value.hint == "the files of the run have it, but the keys of its experiment do not"


def test_steps_that_go_back_are_in_order_and_their_later_values_count(world: World) -> None:
    run = Written(world)
    many = BLOCK_BYTES // 20
    run.write(lines(*steps(0, many), *({"step": step, "loss": 0} for step in range(many - 2, many + 1))))
    found = run.rows()
    assert [row.step for row in found] == [*range(many + 1)]
    assert [row.values["loss"] for row in found[-4:]] == [(many - 3) / 2, 0, 0, 0]


@stable
@given(
    st.lists(st.tuples(st.integers(0, 5), st.dictionaries(st.sampled_from("abc"), st.floats(), max_size=3))),
    st.lists(st.tuples(st.integers(0, 5), st.integers(0, 9))),
    st.sampled_from([30, BLOCK_BYTES]),
)
def test_the_rows_of_any_files_have_the_points_of_their_curves(
    written: list[tuple[int, dict[str, float]]], others: list[tuple[int, int]], block: int
) -> None:
    with TemporaryDirectory() as name, pytest.MonkeyPatch.context() as patch:
        patch.setattr(series, "BLOCK_BYTES", block)
        folder = Path(name)
        (folder / "metrics.jsonl").write_text(lines(*({"step": step, **values} for step, values in written)))
        (folder / "metrics.csv").write_text("".join(["step,c,d\n", *(f"{step},{n},{n}\n" for step, n in others)]))
        read = GroupCurves(folder, SERIES)
        read.names(ended=True)
        rows = [*read.rows(ended=True)]
        once = GroupCurves(folder, SERIES)
        last = once.few_rows(partial(LastRows, 100), ended=True)
        curves, _ = curves_of(Group(0, (), State.FINISHED), folder, ())
    assert [row.step for row in rows] == sorted({row.step for row in rows})
    assert repr(last.rows()) == repr(rows[-100:])
    assert sorted(once.seen) == sorted(read.seen)
    found = {(name, row.step, repr(value)) for row in rows for name, value in row.values.items()}
    points = ((name, *point) for name, curve in curves.items() for point in zip(curve.steps, curve.values, strict=True))
    assert found == {(name, step, repr(value)) for name, step, value in points}


def test_patterns_choose_names_and_one_that_no_curve_has_is_an_error_with_the_nearest(world: World) -> None:
    run = Written(world, "val.*", "los")
    run.curves.check_names()
    run.write(lines({"step": 1, "loss": 3, "val": {"acc": 1, "f1": 2}}))
    assert run.rows() == [Row(1, {"val.acc": 1, "val.f1": 2})]
    with pytest.raises(UsageError, match=r"no curve is called 'los'") as caught:
        run.curves.check_names()
    assert caught.value.hint == "did you mean 'loss'?"


def test_a_pattern_that_is_near_to_no_name_is_answered_with_all_of_them(world: World) -> None:
    run = Written(world, "zzz")
    run.write(lines({"b": 1, "a": 2}))
    run.curves.names()
    with pytest.raises(UsageError) as caught:
        run.curves.check_names()
    assert caught.value.hint == "available: 'a', 'b'"


def test_new_rows_come_once_and_the_last_line_when_the_program_has_ended(world: World) -> None:
    run = Written(world)
    assert run.new_rows() == []
    run.write(lines(*steps(0, 2)) + '{"step": 2, ')
    assert [row.step for row in run.new_rows()] == [0, 1]
    run.write('"loss": 1}\n{"step": 3, "loss": 7}')
    assert [row.step for row in run.new_rows()] == [2]
    run.job.ends()
    assert run.new_rows() == [Row(3, {"loss": 7})]
    assert [*run.curves.new_rows()] == []


def test_a_file_that_is_replaced_is_read_again_and_what_is_left_out_is_said(world: World) -> None:
    run = Written(world)
    run.write(lines(*steps(0, 5)))
    run.new_rows()
    file = run.folder / "metrics.jsonl"
    file.write_text(lines({"step": 9, "loss": 1}) + "broken\n")
    assert run.new_rows() == [Row(9, {"loss": 1})]
    again = "was replaced or truncated, and was read again from its beginning"
    assert run.curves.problems() == [f"{file}: {again}", f"{file}: line 2 is broken, and was left out"]


def test_a_file_that_has_changed_since_the_end_of_its_group_is_said(world: World) -> None:
    world.experiment("""for last; do :; done; echo '{"loss": 1}' >"$last/metrics.jsonl\"""")
    world.launch(groups=("1", "2", "3"))
    found = world.find()
    files = [found.group_folder(number) / "metrics.jsonl" for number in (0, 1, 2)]
    for path in files[:2]:
        path.write_text(lines({"loss": 2}))
    for numbers, others in ([0, 1, 2], "; the same in 1 other group"), ([0, 2], ""), ([2], None):
        curves = RunCurves(world.project, found, numbers)
        curves.names()
        assert curves.problems() == []  # nothing has been read for display
        assert [row.step for number in numbers for row in curves.rows(number)] == [1] * len(numbers)
        assert curves.problems() == ([] if others is None else [f"{files[0]}: {CHANGED}{others}"])


def test_groups_that_wait_are_not_read(world: World) -> None:
    world.submit(2)
    found = world.find()
    found.folder.mkdir(parents=True, exist_ok=True)
    assert [*RunCurves(world.project, found, [0, 1]).new_rows()] == []


def test_the_curves_of_a_run_are_completed(world: World, tmp_path: Path) -> None:
    assert complete_names.curves(world.root, "1") == []
    world.experiment("""for last; do :; done; echo '{"loss": 1, "acc": 2}' >"$last/metrics.jsonl\"""")
    run = world.launch()
    world.look()
    for word in ("1", run.id):
        assert complete_names.curves(world.root, word) == [("loss", ""), ("acc", "")]
    for word in ("", "2", "x", "1-000000"):
        assert complete_names.curves(world.root, word) == []
    assert complete_names.curves(tmp_path.parent, "1") == []


def test_results_that_are_gone_are_an_error(world: World) -> None:
    run = Written(world)
    run.folder.rename(run.folder.with_name("moved"))
    with pytest.raises(InputInvalid, match="the results of run 1 are missing"):
        RunCurves(world.project, world.find(), [0])


def test_curves_that_do_not_fit_into_memory_are_only_streamed(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(curves, "VALUES_MAX", 10)
    monkeypatch.setattr(series, "BLOCK_BYTES", 64)
    run = Written(world)
    run.write(lines(*steps(0, 20)))
    assert len(run.rows()) == 20
    run.write(lines(*steps(3, 5)))
    with pytest.raises(InputInvalid, match="has more than 20,000,000 values, which do not fit into memory"):
        run.rows()


def test_the_reading_of_a_large_file_is_shown(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(usecase, "_MIB", BLOCK_BYTES)
    run = Written(world)
    run.write(lines(*steps(0, 10_000)))
    shown: list[tuple[str, int]] = []

    def show(items: Iterable[T], what: str) -> Iterable[T]:
        for done, item in enumerate(items):
            shown.append((what, done))
            yield item

    with long_work.shown_by(show):
        run.curves.names()
    assert shown == [("groups read", 0), *[("MiB of metrics.jsonl read", done) for done in range(len(shown) - 1)]]
    assert len(shown) == 1 + (run.folder / "metrics.jsonl").stat().st_size // BLOCK_BYTES
