"""The table of runs: what is under each heading."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import pytest
from rich.cells import cell_len

from qanat.cli.terminal.marks import MARKS
from qanat.cli.terminal.run_table import run_table
from qanat.domain.columns import RunSummary, columns
from qanat.domain.run import State
from qanat.usecases.runs.listing import RunLine
from tests.unit.records.example import RUN

ONE = replace(RUN, description="first try", tags=("a", "b"), groups=RUN.groups[:1])
SUMMARY = RunSummary(".qanat/runs/summary_iris/0/4-7f3a9c.yaml", *(c.take(ONE) for c in columns().values()))


def line(progress: float | None = None, **changes: Any) -> RunLine:
    """Return a line of a table of runs, with some of its values replaced; each run has a record of its own."""
    made = SUMMARY._replace(**changes)
    return RunLine(made._replace(path=f"{made.experiment}/{made.id}"), progress)


def column(heading: str, *lines: RunLine) -> list[str]:
    """Return the cells under a heading, which must be there."""
    head, *rows = run_table(lines, None)
    start = cell_len(head[: head.index(heading)])
    after = head[head.index(heading) + len(heading) :]
    width = cell_len(heading) + len(after) - len(after.lstrip()) if after else 1000
    return [_part(row, start, start + width) for row in rows]


def _part(row: str, start: int, end: int) -> str:
    """Return what stands between two columns of the terminal."""
    ends = [cell_len(row[: place + 1]) for place in range(len(row))]
    return "".join(character for character, at in zip(row, ends, strict=True) if start < at <= end).strip()


def headings(lines: Sequence[RunLine]) -> list[str]:
    """Return the headings of a table."""
    return [part.strip() for part in run_table(lines, None)[0].split("    ")]


def test_a_run_is_a_row_under_its_headings(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("qanat.domain.times.local", lambda moment: moment)
    assert run_table([line(1.0)], None) == (
        "🆔 ID    💬 Description    📁 Path                       🖥 Runner    📆 Launch date               "
        "⏱ Duration    🔍 Status      🏷 Tags    ⏳ Progress",
        "4        first try         results/summary_iris/run_4    local       2026-11-23T05:17:55+00:00    "
        "5.2s          🏁 finished    a, b      100 %",
    )


def test_no_runs_are_no_table() -> None:
    assert run_table([], 80) == ()


def test_a_column_without_values_is_left_out() -> None:
    assert "🏷 Tags" not in headings([line(tags="[]"), line(uid="b81e02", tags="[]")])
    assert column("🏷 Tags", line(tags="[]"), line(uid="b81e02", tags='["a, b", "c"]')) == ["", "a, b, c"]


def test_a_run_that_has_not_started_has_its_launch_date_and_no_duration(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("qanat.domain.times.local", lambda moment: moment)
    waiting = line(started=None, ended=None, state="queued")
    assert column("📆 Launch date", waiting) == ["2026-11-23T05:17:55+00:00"]
    assert "⏱ Duration" not in headings([waiting])


def test_a_run_whose_end_is_not_known_has_no_duration_and_a_running_one_has_that_until_now() -> None:
    lost, running = (
        line(ended=None, state="lost"),
        line(number=5, ended=None, state="running", started="2026-01-01T00:00:00+00:00"),
    )
    assert column("⏱ Duration", lost, running, line(number=6))[::2] == ["", "5.2s"]
    assert column("⏱ Duration", running)[0] != ""


def test_of_a_run_that_ended_before_it_started_it_is_not_known_how_long_it_took() -> None:
    set_back = line(started="2026-11-23T06:00:00+00:00", ended="2026-11-23T05:00:00+00:00")
    assert column("⏱ Duration", set_back) == ["\N{EN DASH}"]


@pytest.mark.parametrize("state", list(State))
def test_every_state_has_a_mark(state: State) -> None:
    assert column("🔍 Status", line(state=state.value)) == [f"{MARKS[state]} {state.value}"]


def test_runs_that_share_a_number_are_listed_with_their_whole_ids() -> None:
    assert column("🆔 ID", line(), line(uid="b81e02"), line(number=5)) == ["4-7f3a9c", "4-b81e02", "5"]


def test_the_experiment_is_shown_when_runs_are_of_several() -> None:
    assert "🔖 Experiment" not in headings([line(), line(number=5)])
    assert column("🔖 Experiment", line(), line(number=5, experiment="wine")) == ["summary_iris", "wine"]


def test_parameters_that_vary_are_shown_in_place_of_an_empty_description() -> None:
    runs = [
        line(number=1, description="", parameters='{"lr": "0.1", "n": "5", "verbose": ""}'),
        line(number=2, description="", parameters='{"lr": "0.2", "n": "5"}'),
        line(number=3, description="first try", parameters='{"lr": "0.3", "n": "5"}'),
    ]
    assert column("💬 Description", *runs) == ["lr=0.1 verbose", "lr=0.2", "first try"]
    assert column("💬 Description", runs[0]) == ["lr=0.1 n=5 verbose"]
    assert column("💬 Description", runs[2]) == ["first try"]


def test_runs_of_other_experiments_and_of_a_shared_number_keep_their_own_parameters() -> None:
    runs = [
        line(number=1, description="", parameters='{"lr": "0.1"}'),
        line(number=1, description="", uid="b81e02", parameters='{"lr": "0.2"}'),
        line(number=1, description="", experiment="wine", parameters='{"lr": "0.1"}'),
    ]
    assert column("💬 Description", *runs) == ["lr=0.1", "lr=0.2", "lr=0.1"]


def test_runs_that_differ_in_nothing_have_no_description() -> None:
    runs = [line(number=n, description="", parameters='{"lr": "0.1"}') for n in (1, 2)]
    assert "💬 Description" not in headings(runs)


@pytest.mark.parametrize(
    ("progress", "groups", "finished", "text"),
    [(0.0, 1, 0, "0 %"), (0.456, 1, 0, "46 %"), (None, 10, 3, "3/10"), (1.0, 10, 10, "10/10 100 %")],
)
def test_progress_is_groups_and_a_percentage(progress: float | None, groups: int, finished: int, text: str) -> None:
    assert column("⏳ Progress", line(progress, groups=groups, groups_finished=finished)) == [text]
    assert "⏳ Progress" not in headings([line(None, groups=1, groups_finished=0)])


def test_a_path_is_cut_at_its_start_and_no_line_is_longer_than_the_terminal() -> None:
    (_, row) = run_table([line(storage="a/" * 40 + "run_4", description="")], 110)
    assert "…/a/a/" in row
    assert "/a/run_4  " in row
    assert cell_len(row) <= 110


@pytest.mark.parametrize(
    ("state", "failed", "text"),
    [("running", 0, "▶ running"), ("running", 1_200, "▶ running, 1,200 failed"), ("failed", 3, "❌ failed")],
)
def test_failures_of_an_active_run_are_counted_beside_its_state(state: str, failed: int, text: str) -> None:
    assert column("🔍 Status", line(None, state=state, groups_failed=failed)) == [text]
