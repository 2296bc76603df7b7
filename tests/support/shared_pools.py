"""Runs whose groups Python and the page in a browser have to pool alike, and how both write what comes of them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

_CONTENT = json.loads((Path(__file__).parents[1] / "data/pools.json").read_text())
RUNS: list[dict[str, Any]] = []
"""The runs as a report has them, the oldest first."""
SEEDS: dict[str, list[str]] = _CONTENT["seeds"]
CASES: list[dict[str, Any]] = _CONTENT["cases"]
"""Each has `by`, a parameter or `settings`, and the rows, in which a metric that is left out has no value."""
WRITTEN: list[tuple[list[Any], str]] = _CONTENT["written"]
"""Values, and how their mean and deviation are written."""


def run_of(short: dict[str, Any]) -> dict[str, Any]:
    """Return a run that says only what matters, with everything that a report has."""
    number = short["number"]
    at = {key: f"2026-11-{number:02}T1{hour}:00:00+00:00" for hour, key in enumerate(("created", "started", "ended"))}
    groups = [
        {"number": i, "state": "finished", "started": at["started"], "ended": at["ended"], **group}
        for i, group in enumerate(short["groups"])
    ]
    usual = {"id": f"{number}-00000a", "experiment": "train", "author": "Ada <a@example.org>", "runner": "local"}
    state = "finished" if all(group["state"] == "finished" for group in groups) else "failed"
    return {**usual, **at, "state": state, "commit": str(short.get("code", 0)) * 40, **short, "groups": groups}


RUNS += map(run_of, _CONTENT["runs"])
