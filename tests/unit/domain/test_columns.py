"""The columns of a listing of runs, from which everything that lists runs is made."""

from __future__ import annotations

import json
from dataclasses import replace

from qanat.domain.columns import Form, RunSummary, columns, numbers
from qanat.domain.run import Group, State
from tests.unit.records.example import RUN

RECORD = ".qanat/runs/summary_iris/0/4-7f3a9c.yaml"
NOW = replace(RUN, tags=("a", "b, c"), description="first try")
SUMMARY = RunSummary(RECORD, *(column.take(NOW) for column in columns().values()))


def test_a_summary_has_what_its_columns_take_from_a_run() -> None:
    assert SUMMARY._asdict() == {
        "path": RECORD,
        "number": 4,
        "uid": "7f3a9c",
        "experiment": "summary_iris",
        "parameters": '{"n": "10", "seed": "0,1"}',
        "description": "first try",
        "storage": "results/summary_iris/run_4",
        "runner": "local",
        "created": "2026-11-23T05:17:55+00:00",
        "started": "2026-11-23T05:17:56.001+00:00",
        "ended": "2026-11-23T05:18:01.250+00:00",
        "paused_ms": 0,
        "state": "failed",
        "tags": '["a", "b, c"]',
        "groups": 2,
        "groups_ended": 2,
        "groups_failed": 1,
        "groups_finished": 1,
    }
    assert SUMMARY.id == "4-7f3a9c"


def test_only_the_path_is_no_column() -> None:
    assert ("path", *columns()) == RunSummary._fields


def test_the_headings_are_the_tutorials_in_its_order() -> None:
    shown = {name: column for name, column in columns().items() if column.heading}
    assert [column.heading for column in shown.values() if not column.when_mixed] == [
        "🆔 ID",
        "💬 Description",
        "📁 Path",
        "🖥 Runner",
        "📆 Launch date",
        "⏱ Duration",
        "🔍 Status",
        "🏷 Tags",
        "⏳ Progress",
    ]
    assert [name for name, column in shown.items() if column.when_mixed] == ["experiment"]


def test_the_last_columns_to_be_left_out_are_id_state_and_description() -> None:
    shown = [column for column in columns().values() if column.heading]
    assert [column.heading for column in sorted(shown, key=lambda column: column.rank)] == [
        "🆔 ID",
        "🔍 Status",
        "💬 Description",
        "🔖 Experiment",
        "🏷 Tags",
        "⏱ Duration",
        "⏳ Progress",
        "📆 Launch date",
        "🖥 Runner",
        "📁 Path",
    ]
    assert len({column.rank for column in shown}) == len(shown)


def test_every_form_is_that_of_a_column() -> None:
    assert {column.form for column in columns().values()} == set(Form)


def test_columns_of_whole_numbers_are_sorted_as_numbers() -> None:
    assert numbers() == {"number", "paused_ms", "groups", "groups_ended", "groups_failed", "groups_finished"}


def test_a_run_that_is_active_is_summed_up_as_it_is_now() -> None:
    groups = (RUN.groups[0], Group(1, ("--n", "11"), State.RUNNING))
    now = replace(NOW, number=5, groups=groups, tags=("new",), description="changed")
    changed = SUMMARY.as_of(now)
    assert {name for name in RunSummary._fields if getattr(changed, name) != getattr(SUMMARY, name)} == {
        "description",
        "ended",
        "state",
        "tags",
        "groups_ended",
        "groups_failed",
    }
    assert (changed.state, changed.ended, changed.groups_ended, changed.tags) == ("running", None, 1, '["new"]')


def test_json_has_every_column_and_lists_as_lists() -> None:
    found = json.loads(json.dumps(SUMMARY.as_mapping()))
    assert list(found) == ["id", *columns()]
    assert found["id"] == "4-7f3a9c"
    assert found["tags"] == ["a", "b, c"]
    assert found["parameters"] == {"n": "10", "seed": "0,1"}
    assert (found["number"], found["description"], found["groups"]) == (4, "first try", 2)
