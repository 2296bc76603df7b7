"""The conditions that the page in a browser has to read as `--where` does; tests/browser has the other side."""

from __future__ import annotations

import json
from typing import Any

import pytest

from qanat.domain import times
from qanat.domain.condition import parse
from qanat.domain.facts import GroupFacts, Row, RunFacts
from qanat.domain.json_text import from_named
from qanat.domain.search import Names, search
from qanat.errors import UsageError
from tests.support.shared_conditions import CASES, NOW, RUNS


def facts(run: dict[str, Any]) -> RunFacts:
    """Return the facts about a run of the file."""
    groups = tuple(
        GroupFacts(
            group["number"],
            group["state"],
            group["started"],
            group["ended"],
            group.get("host"),
            group.get("parameters", {}),
            from_named(group.get("metrics", {})),
            from_named(group.get("curves", {})),
        )
        for group in run["groups"]
    )
    datasets = dict(text.split(": ") for text in run.get("data", []))
    return RunFacts(
        run["number"],
        run["id"].split("-")[1],
        run["experiment"],
        run.get("description", ""),
        tuple(run.get("tags", [])),
        run["created"],
        run["started"],
        run["ended"],
        0.0,
        run["author"],
        run["runner"],
        run["commit"],
        "",
        run["state"],
        datasets,
        [],
        run.get("environment"),
        [],
        [],
        groups,
    )


@pytest.mark.parametrize("case", CASES, ids=json.dumps)
def test_a_condition_is_met_by_the_runs_that_the_shared_table_names(case: dict[str, Any]) -> None:
    runs = [facts(run) for run in RUNS]
    names = Names.of(group for run in runs for group in run.groups)
    try:
        if "duration" in case["where"]:  # an active run lasts until now, which is another time in the table
            runs = [run if run.ended else run._replace(ended=NOW, state="finished") for run in runs]
        meets = search(parse(case["where"]), names, times.parse(NOW))
        found: dict[str, Any] = {"meets": [run.number for run in runs if meets(Row(run))]}
    except UsageError as error:
        found = {"error": error.message}
    assert {"where": case["where"], **found} == case
