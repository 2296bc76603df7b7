"""What may still change in a record, and what may not."""

from __future__ import annotations

import math
from typing import Any

import pytest

from qanat.domain import frozen
from qanat.domain.frozen import KeyPath

EARLY, LATE, LATER = (f"2026-11-23T05:17:{s}+00:00" for s in (50, 55, 59))
DONE: dict[str, Any] = {"group": 0, "args": ["1"], "state": "finished", "exit_code": 0, "started": EARLY, "ended": LATE}
FAILED = {**DONE, "group": 1, "state": "failed", "exit_code": 3}
AGAIN = {**FAILED, "state": "finished", "exit_code": 0, "ended": LATER, "attempt": 2}
LOST = {"group": 1, "args": ["1"], "state": "lost", "reason": "nobody knows"}
RUNNING = {"group": 1, "args": ["1"], "state": "running"}


def record(*groups: dict[str, Any], **keys: Any) -> dict[str, Any]:
    """Return a made-up record."""
    made = {
        "id": "1-000000",
        "experiment": "e",
        "tags": [],
        "code": {"commit": "a", "snapshot": False},
        "runner": {"name": "slurm", "options": {}},
        "submission": {"intent": "aa"},
        "state": "failed",
        "started": EARLY,
        "ended": LATE,
        "groups": list(groups),
    }
    return made | keys


ENDED = record(DONE, FAILED)
RETRIED = {
    "state": "finished",
    "ended": LATER,
    "submission": {"intent": "bb"},
    "runner": {"name": "slurm", "options": {"m": 2}},
}
GOING = record(DONE, RUNNING, state="running", ended=None)


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (ENDED, ENDED),
        (ENDED, ENDED | {"tags": ["a"]}),
        (ENDED, record(DONE, AGAIN, **RETRIED)),
        (ENDED, record(DONE, AGAIN | {"state": "queued", "started": None, "ended": None}, state="queued", ended=None)),
        (GOING, record(DONE, FAILED, code={"commit": "a", "snapshot": False, "changed_while_running": True})),
        (record(DONE, LOST), record(DONE, FAILED)),
        (record(DONE | {"metrics": {"a": math.nan}}), record(DONE | {"metrics": {"a": float("nan")}}, tags=["a"])),
    ],
)
def test_what_may_follow(before: dict[str, Any], after: dict[str, Any]) -> None:
    assert frozen.violations([before], after) == []


@pytest.mark.parametrize(
    ("before", "after", "places"),
    [
        (ENDED, ENDED | {"state": "finished"}, [("state",)]),
        (ENDED, ENDED | {"experiment": "f"}, [("experiment",)]),
        (ENDED, ENDED | {"extra": 1}, [("extra",)]),
        (ENDED, {k: v for k, v in ENDED.items() if k != "started"}, [("started",)]),
        (ENDED, ENDED | {"submission": {"intent": "bb"}}, [("submission", "intent")]),
        (ENDED, ENDED | {"code": {"commit": "b", "snapshot": False}}, [("code", "commit")]),
        (ENDED, record(DONE, FAILED | {"exit_code": 0}), [("groups", 1, "exit_code")]),
        (ENDED, record(DONE), [("groups",)]),
        (
            ENDED,
            record(FAILED, DONE),
            [
                ("groups", 0, "group"),
                ("groups", 0, "state"),
                ("groups", 0, "exit_code"),
                ("groups", 1, "group"),
                ("groups", 1, "state"),
                ("groups", 1, "exit_code"),
            ],
        ),
        (ENDED, record(DONE, AGAIN | {"args": ["2"]}, **RETRIED), [("groups", 1, "args")]),
        (ENDED, record(DONE, AGAIN, **RETRIED) | {"ended": LATE}, [("ended",)]),
        (ENDED, record(DONE, AGAIN, **RETRIED) | {"runner": {"name": "local", "options": {}}}, [("runner", "name")]),
        (ENDED, ENDED | {"groups": "none"}, [("groups",)]),
        (GOING, GOING | {"experiment": "f"}, [("experiment",)]),
        (GOING, record(DONE, RUNNING | {"args": ["9"]}, state="running", ended=None), [("groups", 1, "args")]),
        (GOING, GOING | {"code": {"commit": "b", "snapshot": False}}, [("code", "commit")]),
    ],
)
def test_what_may_not(before: dict[str, Any], after: dict[str, Any], places: list[KeyPath]) -> None:
    assert set(places) <= set(frozen.violations([before], after))


def test_a_record_may_be_of_another_experiment_when_it_moved_with_it() -> None:
    assert frozen.violations([ENDED], ENDED | {"experiment": "f"}, moved=True) == []


def test_in_a_merge_each_group_may_come_from_either_side() -> None:
    ours, theirs = record(DONE, LOST), record(LOST | {"group": 0}, FAILED)
    assert frozen.violations([ours, theirs], record(DONE, FAILED)) == []
    assert frozen.violations([GOING, ENDED], ENDED) == []
    assert frozen.violations([ours, theirs], record(DONE, FAILED | {"exit_code": 5, "args": ["7"]})) != []
