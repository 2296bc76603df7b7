"""The steps of run records."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

_QANATS_OWN = ("intent", "submitted", "pid", "process_start", "checkout", "max_running", "changed", "inputs")
# Version 1 does not define `submitted`: a runner of another package may have used the key for something else.
_TIMESTAMP = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}(\.[0-9]{1,6})?\+00:00\Z")


def run_1_to_2(record: Mapping[str, Any]) -> dict[str, Any]:
    """Return a run/1 record as run/2: keys of the runner go below `submission.details`, those of an import to the top.

    In run/1 the runner's own keys lie beside those of qanat in `submission`, and `submission.first_qanat` holds what
    a run that was imported from qanat 0.x had and no other key has a place for. In run/2 that is `imported`.
    """
    migrated = {**record, "schema": "run/2"}
    submission = record.get("submission")
    if not isinstance(submission, dict):
        return migrated
    facts = {key: submission[key] for key in _QANATS_OWN if key in submission and _is_qanats(key, submission[key])}
    details = {key: value for key, value in submission.items() if key not in facts}
    if isinstance(details.get("first_qanat"), dict):
        # `groups` comes last in a record, so that everything else can be seen without scrolling.
        groups = {"groups": migrated.pop("groups")} if "groups" in migrated else {}
        migrated |= {"imported": details.pop("first_qanat"), **groups}
    return migrated | {"submission": {**facts, **({"details": details} if details else {})}}


def _is_qanats(key: str, value: object) -> bool:
    return key != "submitted" or (isinstance(value, str) and _TIMESTAMP.match(value) is not None)
