"""What earlier groups say about one that is to run."""

from __future__ import annotations

import pytest

from qanat.domain.group_key import PARTS, total
from qanat.domain.run import State
from qanat.domain.standing import (
    ACTIVE,
    DONE,
    FAILED,
    NEW,
    EarlierGroup,
    Standing,
    counted_by_run,
    differing,
    status_of,
)

WANTED = {"code": "a", "command": "b", "arguments": "c", "data": "d"}


def earlier(key: str | None = None, **parts: str) -> EarlierGroup:
    """Return a group that has finished, with these parts of its key."""
    return EarlierGroup("4-7f3a9c", 0, State.FINISHED, {**WANTED, **parts}, key)


def test_the_same_parts_do_not_differ() -> None:
    assert differing(WANTED, earlier()) == ()


@pytest.mark.parametrize("part", PARTS)
def test_each_part_counts_unless_it_is_ignored(part: str) -> None:
    assert differing(WANTED, earlier(**{part: "x"})) == (part,)
    assert differing({**WANTED, part: "x"}, earlier()) == (part,)
    assert differing(WANTED, earlier(**{part: "x"}), [part]) == ()


def test_parts_are_in_the_order_of_a_key() -> None:
    assert differing(WANTED, earlier(environment="x", code="x", data="x")) == ("code", "data", "environment")


@pytest.mark.parametrize("part", ["code", "command", "data"])
def test_what_neither_knows_is_different(part: str) -> None:
    known = {name: value for name, value in WANTED.items() if name != part}
    assert differing(known, EarlierGroup("4-7f3a9c", 0, State.FINISHED, known)) == (part,)
    assert differing(known, EarlierGroup("4-7f3a9c", 0, State.FINISHED, known), [part]) == ()


def test_a_container_that_neither_has_is_no_difference() -> None:
    assert differing({**WANTED, "container": "x"}, earlier(container="x")) == ()
    assert differing({**WANTED, "container": "x"}, earlier()) == ("container",)


def test_a_group_whose_parts_are_unknown_is_known_by_its_key() -> None:
    unknown = EarlierGroup("4-7f3a9c", 0, State.FINISHED, {}, total(WANTED))
    assert differing(WANTED, unknown) == ()
    assert differing(WANTED, unknown, ["code"]) == ("command", "arguments", "data")
    assert differing({}, EarlierGroup("4-7f3a9c", 0, State.FINISHED, {}, None)) == (
        "code",
        "command",
        "arguments",
        "data",
    )


@pytest.mark.parametrize(
    ("state", "status"),
    [
        (State.FINISHED, DONE),
        (State.FAILED, FAILED),
        (State.CANCELLED, FAILED),
        (State.LOST, FAILED),
        (State.RUNNING, ACTIVE),
        (State.QUEUED, ACTIVE),
        (State.HELD, ACTIVE),
    ],
)
def test_a_state_tells_the_status(state: State, status: str) -> None:
    assert status_of(state) == status


def test_the_better_of_two_standings_says_more() -> None:
    order = [
        Standing(),
        Standing(NEW, "1-000000", 0, ("code", "data")),
        Standing(NEW, "1-000000", 0, ("code",)),
        Standing(NEW, "1-000000", 0, (), "its results are not here"),
        Standing(FAILED, "1-000000", 0),
        Standing(ACTIVE, "1-000000", 0),
        Standing(DONE, "1-000000", 0),
    ]
    for place, standing in enumerate(order):
        assert [standing.is_better_than(other) for other in order] == [place > other for other in range(len(order))]


def test_groups_are_counted_by_the_run_that_has_them() -> None:
    found = [Standing(DONE, "2-000000", 0), Standing(), Standing(DONE, "1-000000", 3), Standing(DONE, "2-000000", 1)]
    assert counted_by_run(found) == {"2-000000": [0, 3], "1-000000": [2]}


@pytest.mark.parametrize(
    ("differs", "unknown", "expected"),
    [
        (("environment",), ("environment",), True),
        (("code", "environment"), ("environment",), False),
        (("environment",), (), False),
        ((), (), False),
    ],
)
def test_only_what_is_not_known_yet_may_keep_a_group_from_being_done(
    differs: tuple[str, ...], unknown: tuple[str, ...], expected: bool
) -> None:
    assert Standing(NEW, "1-000000", 0, differs, unknown=unknown).may_be_done is expected


def test_json_has_what_is_known() -> None:
    assert Standing().as_mapping() == {"status": "new"}
    assert Standing(NEW, "1-000000", 2, ("code",), "code: a.py").as_mapping() == {
        "status": "new",
        "run": "1-000000",
        "run_group": 2,
        "differs": ["code"],
        "why": "code: a.py",
    }
