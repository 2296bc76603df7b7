"""The rows that the page in a browser has to pool as `compare --pool` does; tests/browser has the other side."""

from __future__ import annotations

import json
from typing import Any

import pytest

from qanat.domain.comparison import Grouping, Row, compare, pools_of
from qanat.domain.facts import RunFacts
from qanat.domain.json_text import from_named
from qanat.domain.statistics import statistic
from tests.support.shared_pools import CASES, RUNS, SEEDS, WRITTEN
from tests.unit.domain.test_shared_conditions import facts


def facts_on(run: dict[str, Any]) -> RunFacts:
    """Return the facts about a run with its code and its data."""
    return facts({**run, "data": [f"iris: {run.get('on', 0)}"]})._replace(
        tree=run["commit"], rerun_of=run.get("repeats")
    )


def row_of(row: Row) -> dict[str, Any]:
    """Return a row as the shared cases have it."""
    count = f"{row.groups} of {row.groups + len(row.unfinished)}" if row.unfinished else str(row.groups)
    less = {name: f" (n={s.count})" if s.count < row.groups else "" for name, s in row.metrics.items()}
    metrics = {name: f"{s}{less[name]}" for name, s in row.metrics.items()}
    return {"runs": [int(run.partition("-")[0]) for run in row.runs], "n": count, **metrics}


@pytest.mark.parametrize("case", CASES, ids=lambda case: str(case["by"]))
def test_groups_are_pooled_as_the_shared_cases_say(case: dict[str, Any]) -> None:
    by = None if case["by"] == "settings" else f"--{case['by']}"
    grouping = Grouping(by=by, pool=True, seeds=SEEDS)
    found = compare([facts_on(run) for run in RUNS], better={}, grouping=grouping)
    assert [row_of(row) for row in found.rows] == [row for row in case["rows"] if not row["n"].startswith("0")]
    absent = [row for row in case["rows"] if row["n"].startswith("0")]
    assert [{"runs": [2], "n": f"0 of {one.groups}"} for one in found.absent] == absent


def test_runs_have_the_same_code_and_data_as_the_shared_cases_say() -> None:
    pools = pools_of([facts_on(run) for run in RUNS])
    said = {run["id"]: (run["commit"], run.get("on", 0)) for run in RUNS if run["id"] in pools}
    assert pools == said
    assert "5-00000a" not in pools


@pytest.mark.parametrize(("values", "text"), WRITTEN, ids=json.dumps)
def test_means_and_deviations_are_written_as_the_shared_cases_say(values: list[Any], text: str) -> None:
    assert str(statistic(from_named(values))) == text
