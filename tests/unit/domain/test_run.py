"""A run's state, times and groups, and how they follow from one another."""

from __future__ import annotations

import itertools
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from qanat.domain.run import Group, Run, State, count_states, described, lost, overall_state
from tests.support.strategies import groups, stable
from tests.unit.records.example import RUN

ENDED = [State.FINISHED, State.FAILED, State.CANCELLED, State.LOST]
GOING = [State.QUEUED, State.RUNNING, State.HELD]


def with_states(run: Run, *states: State) -> Run:
    """Return a run with one group in each of these states."""
    return replace(run, groups=tuple(Group(i, (), state) for i, state in enumerate(states)))


def test_four_states_are_ends_and_three_are_not() -> None:
    assert [state for state in State if state.ended] == ENDED
    assert [state for state in State if not state.ended] == GOING
    assert set(GOING) == State.LIVE


@pytest.mark.parametrize(
    ("states", "expected"),
    [
        ("queued", "queued"),
        ("queued queued", "queued"),
        ("running", "running"),
        ("held", "held"),
        ("queued running", "running"),
        ("queued held", "held"),
        ("running held", "running"),
        ("queued finished", "running"),
        ("queued failed", "running"),
        ("held finished", "held"),
        ("running lost", "running"),
        ("finished", "finished"),
        ("finished failed", "failed"),
        ("finished cancelled", "cancelled"),
        ("failed cancelled", "failed"),
        ("lost finished", "lost"),
        ("lost failed cancelled finished", "lost"),
    ],
)
def test_the_state_of_a_run_follows_from_its_groups(states: str, expected: str) -> None:
    assert overall_state(map(State, states.split())) == expected


@pytest.mark.parametrize("count", [1, 2, 3])
def test_a_run_has_ended_exactly_when_every_group_has(count: int) -> None:
    for states in itertools.product(State, repeat=count):
        assert overall_state(states).ended == all(state.ended for state in states)


@stable
@given(st.lists(st.sampled_from(State), min_size=1).flatmap(lambda s: st.tuples(st.just(s), st.permutations(s))))
def test_the_order_of_groups_does_not_matter(states: tuple[list[State], list[State]]) -> None:
    assert overall_state(states[0]) == overall_state(states[1])


@stable
@given(st.lists(st.sampled_from(State), min_size=1))
def test_a_run_with_any_group_that_did_not_finish_is_not_finished(states: list[State]) -> None:
    assert (overall_state(states) is State.FINISHED) == (set(states) == {State.FINISHED})


@pytest.mark.parametrize(("number", "uid"), [(4, "7f3a9c"), (999_999_999, "000000")])
def test_the_id_is_number_and_uid(number: int, uid: str) -> None:
    assert replace(RUN, number=number, uid=uid).id == f"{number}-{uid}"


@stable
@given(groups())
def test_a_run_starts_with_the_first_attempt_and_ends_with_its_last_group(groups: tuple[Group, ...]) -> None:
    run = replace(RUN, groups=groups)
    attempts = [attempt for group in run.groups for attempt in (group, *group.earlier)]
    starts = [attempt.started for attempt in attempts if attempt.started]
    ends = [group.ended for group in run.groups if group.ended]
    assert run.started == (min(starts) if starts else None)
    assert run.ended == (max(ends) if ends and run.state.ended else None)


def test_moments_of_different_precision_are_ordered() -> None:
    early, late = "2026-11-23T05:17:55+00:00", "2026-11-23T05:17:55.001+00:00"
    group = Group(0, (), State.FINISHED, started=late, ended=early)
    run = replace(RUN, groups=(group, replace(group, number=1, started=early, ended=late)))
    assert (run.started, run.ended) == (early, late)


def test_groups_are_replaced_by_number_and_others_stay() -> None:
    run = with_states(RUN, State.QUEUED, State.QUEUED, State.QUEUED)
    changed = replace(run.groups[1], state=State.FAILED)
    assert [g.state for g in run.with_groups({1: changed}).groups] == ["queued", "failed", "queued"]
    assert run.with_groups({}) is run


def test_a_lost_group_says_what_was_looked_at() -> None:
    group = lost(Group(3, ("--n", "1"), State.RUNNING, started="2026-11-23T05:17:55+00:00"), "no completion file")
    assert group.state is State.LOST
    assert group.reason == "how it ended is unknown: no completion file"
    assert group.started == "2026-11-23T05:17:55+00:00"


def test_groups_are_counted_by_state() -> None:
    groups = with_states(RUN, State.FAILED, State.FINISHED, State.FAILED).groups
    assert count_states(groups) == {State.FAILED: 2, State.FINISHED: 1}
    assert count_states(()) == {}


@pytest.mark.parametrize(
    ("state", "reason", "attempt", "expected"),
    [
        (State.FINISHED, "", 1, "finished"),
        (State.FAILED, "exit code 3", 2, "failed, attempt 2 (exit code 3)"),
        (State.CANCELLED, "cancelled by SIGTERM", 1, "cancelled by SIGTERM"),
        (State.HELD, "held by qanat", 2, "held by qanat, attempt 2"),
        (State.RUNNING, "ending", 1, "running (ending)"),
    ],
)
def test_a_reason_that_begins_with_the_state_is_shown_in_its_place(
    state: State, reason: str, attempt: int, expected: str
) -> None:
    assert described(state, reason, attempt) == expected
