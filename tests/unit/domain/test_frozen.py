"""What may still change in a record, and what may not."""

from __future__ import annotations

import math
from typing import Any

import pytest

from qanat.domain import frozen
from qanat.domain.frozen import KeyPath

EARLY, LATE, NEXT, LATER = (f"2026-11-23T05:17:{s}+00:00" for s in (50, 55, 57, 59))
DONE: dict[str, Any] = {"group": 0, "args": ["1"], "state": "finished", "exit_code": 0, "started": EARLY, "ended": LATE}
FAILED = {**DONE, "group": 1, "state": "failed", "exit_code": 3}
AGAIN = {**FAILED, "state": "finished", "exit_code": 0, "started": NEXT, "ended": LATER, "attempt": 2}
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
QUEUED = record(
    DONE,
    {"group": 1, "args": ["1"], "state": "queued", "attempt": 2},
    state="queued",
    ended=None,
    submission=RETRIED["submission"],
    runner=RETRIED["runner"],
)
HEARSAY = {"group": 1, "args": ["1"], "state": "cancelled", "job": "812_1", "started": EARLY, "ended": LATE}


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (ENDED, ENDED),
        (ENDED, ENDED | {"tags": ["a"]}),
        (ENDED, ENDED | {"results": {"removed": LATER}}),
        (ENDED | {"results": {"removed": NEXT}}, ENDED | {"results": {"removed": LATER}}),
        (ENDED | {"results": {"removed": NEXT}}, record(DONE, AGAIN, **RETRIED)),
        (ENDED, record(DONE, AGAIN, **RETRIED)),
        (ENDED, QUEUED),
        (QUEUED, record(DONE, AGAIN, **RETRIED)),
        (record(DONE, LOST), record(DONE, LOST | {"state": "cancelled", "attempt": 3, "exit_code": 0})),
        (record(DONE, HEARSAY), record(DONE, HEARSAY | {"state": "finished", "exit_code": 0, "metrics": {"acc": 1.0}})),
        (record(DONE, HEARSAY), record(DONE, HEARSAY | {"state": "failed", "signal": 9})),
        (QUEUED, QUEUED | {"submission": {"intent": "bb", "details": {"jobs": ["8"]}}}),
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
        (ENDED | {"results": {"removed": LATER}}, ENDED, [("results",)]),
        (GOING, GOING | {"results": {"removed": LATER}}, [("results",)]),
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
        # an attempt that was made up
        (ENDED, record(DONE, FAILED | {"attempt": 2, "metrics": {"acc": 0.99}}, **RETRIED), [("groups", 1, "started")]),
        (ENDED, record(DONE, AGAIN | {"started": EARLY}, **RETRIED), [("groups", 1, "started")]),
        (ENDED, record(DONE, AGAIN | {"started": "2026-11-22T05:17:57+00:00"}, **RETRIED), [("groups", 1, "started")]),
        (ENDED, record(DONE, AGAIN | {"started": "soon"}, **RETRIED), [("groups", 1, "started")]),
        (ENDED, record(DONE, AGAIN | {"ended": "2026-11-22T05:17:57+00:00"}, **RETRIED), [("groups", 1, "ended")]),
        (ENDED, record(DONE, AGAIN, **RETRIED | {"submission": {"intent": "aa"}}), [("submission", "intent")]),
        (ENDED, record(DONE, AGAIN | {"started": None, "metrics": {"acc": 1}}, **RETRIED), [("groups", 1, "metrics")]),
        (ENDED, record(DONE | {"metrics": {"acc": 1}}, AGAIN, **RETRIED), [("groups", 0, "metrics")]),
        (ENDED, record(DONE, AGAIN | {"started": None, "curves": {"a": {}}}, **RETRIED), [("groups", 1, "curves")]),
        (ENDED, record(DONE | {"curves": {"a": {}}}, AGAIN, **RETRIED), [("groups", 0, "curves")]),
        (
            ENDED,
            record(DONE, AGAIN | {"started": None, "outputs": {"files": 1}}, **RETRIED),
            [("groups", 1, "outputs")],
        ),
        (ENDED, record(DONE | {"outputs": {"files": 1}}, AGAIN, **RETRIED), [("groups", 0, "outputs")]),
        (
            record(DONE, FAILED | {"job": "812_1"}),
            record(DONE, AGAIN | {"job": "812_1"}, **RETRIED),
            [("groups", 1, "job")],
        ),
        (record(DONE, AGAIN), record(DONE, AGAIN | {"attempt": 1}), [("groups", 1, "attempt")]),
        # an end that was found later
        (record(DONE, LOST), record(DONE, LOST | {"metrics": {"acc": 1.0}}), [("groups", 1, "metrics")]),
        (record(DONE, LOST | {"job": "8_1"}), record(DONE, FAILED | {"job": "8_2"}), [("groups", 1, "job")]),
        (record(DONE, LOST), record(DONE, FAILED | {"ended": "2026-11-22T05:17:50+00:00"}), [("groups", 1, "ended")]),
        (record(DONE, LOST), record(DONE, FAILED, submission={"intent": "bb"}), [("submission", "intent")]),
        (
            record(DONE, LOST),
            record(DONE, FAILED, runner={"name": "slurm", "options": {"m": 2}}),
            [("runner", "options")],
        ),
        (record(DONE, HEARSAY), record(DONE, HEARSAY | {"metrics": {"acc": 1.0}}), [("groups", 1, "metrics")]),
        (record(DONE, HEARSAY), record(DONE, HEARSAY | {"state": "finished"}), [("groups", 1, "state")]),
        # groups that had ended in a run that goes on
        (
            GOING,
            record(DONE | {"metrics": {"acc": 1.0}}, RUNNING, state="running", ended=None),
            [("groups", 0, "metrics")],
        ),
        (QUEUED, record(DONE | {"exit_code": 3}, AGAIN, **RETRIED), [("groups", 0, "exit_code")]),
        (QUEUED, record(DONE, RUNNING, state="running", ended=None), [("groups", 1, "attempt")]),
        (GOING, GOING | {"submission": {"intent": "bb"}}, [("submission", "intent")]),
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


def test_in_a_merge_each_side_may_have_retried_a_group() -> None:
    before = record(FAILED | {"group": 0}, FAILED)
    ours = record(AGAIN | {"group": 0}, FAILED, ended=LATER, submission={"intent": "bb"})
    theirs = record(FAILED | {"group": 0}, AGAIN, ended=LATER, submission={"intent": "cc"})
    times = {"started": NEXT, "ended": LATER}
    merged = record(AGAIN | {"group": 0}, AGAIN, state="finished", submission={"intent": "cc"}, **times)
    for side in (ours, theirs):
        assert frozen.violations([before], side) == []
    assert frozen.violations([ours, theirs], merged) == []
    better = {**AGAIN, "metrics": {"acc": 1.0}}
    assert frozen.violations([ours, theirs], merged | {"groups": [AGAIN | {"group": 0}, better]}) != []


# ---- earlier attempts

FIRST = {"attempt": 1, **{key: FAILED[key] for key in ("state", "exit_code", "started", "ended")}}
SECOND = {"attempt": 2, "state": "stopped", "signal": 15}
THIRD = AGAIN | {"attempt": 3, "earlier": [FIRST, SECOND]}
FULL = [{"attempt": number, "state": "stopped"} for number in range(1, 101)]


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (FAILED, AGAIN | {"earlier": [FIRST]}),
        (FAILED, AGAIN | {"earlier": [FIRST | {"options": {"mem": "2x"}}]}),
        (FAILED, THIRD),
        (LOST, FAILED | {"attempt": 2, "earlier": [SECOND | {"attempt": 1}]}),
        (RUNNING, THIRD),
        (RUNNING | {"attempt": 2, "earlier": [FIRST]}, THIRD),
        (
            RUNNING | {"attempt": 101, "earlier": FULL},
            RUNNING | {"attempt": 102, "earlier": [*FULL[1:], {"attempt": 101}]},
        ),
    ],
)
def test_the_ends_of_earlier_attempts_may_be_added(old: dict[str, Any], new: dict[str, Any]) -> None:
    changes = {} if old is RUNNING or old.get("state") == "running" or old is LOST else RETRIED
    before = record(DONE, old, **({"state": "running", "ended": None} if old.get("state") == "running" else {}))
    ended = {} if new["state"] != "running" else {"state": "running", "ended": None}
    times = {"ended": new["ended"]} if new.get("ended") else {}
    assert frozen.violations([before], record(DONE, new, **changes | times | ended)) == []


@pytest.mark.parametrize(
    ("old", "new"),
    [
        # it is not what the group had
        (FAILED, AGAIN | {"earlier": [FIRST | {"exit_code": 4}]}),
        (FAILED, AGAIN | {"earlier": [FIRST | {"reason": "bad luck"}]}),
        # one that was known changes or is gone
        (THIRD, THIRD | {"earlier": [FIRST, SECOND | {"signal": 9}]}),
        (THIRD, THIRD | {"earlier": [FIRST]}),
        (THIRD, {key: value for key, value in THIRD.items() if key != "earlier"}),
        (RUNNING | {"attempt": 2, "earlier": [FIRST]}, RUNNING | {"attempt": 2}),
        (RUNNING | {"attempt": 2, "earlier": [FIRST]}, RUNNING | {"attempt": 2, "earlier": "none"}),
        (RUNNING | {"attempt": 101, "earlier": FULL}, RUNNING | {"attempt": 102, "earlier": FULL[1:]}),
        # one is made up
        (AGAIN, AGAIN | {"earlier": [FIRST]}),
        (RUNNING | {"attempt": 3, "earlier": [SECOND]}, RUNNING | {"attempt": 3, "earlier": [FIRST, SECOND]}),
    ],
)
def test_the_ends_of_earlier_attempts_may_not_change(old: dict[str, Any], new: dict[str, Any]) -> None:
    assert ("groups", 1, "earlier") in frozen.violations([record(DONE, old)], record(DONE, new))


def test_a_merge_combines_what_each_side_knows_of_earlier_attempts() -> None:
    ours, theirs = ({**THIRD, "earlier": [end]} for end in (FIRST, SECOND))
    sides = [record(DONE, side, ended=LATER, state="finished") for side in (ours, theirs)]
    assert frozen.violations(sides, record(DONE, THIRD, ended=LATER, state="finished")) == []
    none = record(DONE, {**THIRD, "earlier": []}, ended=LATER, state="finished")
    assert frozen.violations(sides, none) == [("groups", 1, "earlier")]
