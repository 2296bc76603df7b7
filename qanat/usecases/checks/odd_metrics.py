"""Metrics that are not finite numbers: an honest result of a run that diverged, but worth knowing."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterator
from typing import Any

from qanat.domain.json_text import NAMES
from qanat.domain.layout import record_path
from qanat.records.index import Index

RUNS_NAMED = 5
METRICS_NAMED = 3


def warnings(index: Index, records: Collection[str] | None = None) -> list[str]:
    """List the runs with such metrics, of all or of these records, a sentence each; beyond some, they are counted."""
    index.sync_once()
    found = list(_described(index, records))
    more = len(found) - RUNS_NAMED
    return [*found[:RUNS_NAMED], *([f"{more:,} more runs have metrics that are not finite"] if more > 0 else [])]


def _described(index: Index, records: Collection[str] | None) -> Iterator[str]:
    for text in index.records_with_odd_metrics():
        names = _names(record := json.loads(text))
        number, _, uid = record["id"].partition("-")
        if records is None or record_path(record["experiment"], int(number), uid) in records:
            listed = ", ".join(names[:METRICS_NAMED]) + (", …" if len(names) > METRICS_NAMED else "")
            are = "is" if len(names) == 1 else "are"
            yield f"run {number} of {record['experiment']}: {listed} {are} not finite in some group"


def _names(record: dict[str, Any]) -> list[str]:
    values = (pair for group in record["groups"] for pair in group.get("metrics", {}).items())
    return list(dict.fromkeys(name for name, value in values if value in NAMES))
