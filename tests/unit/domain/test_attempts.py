"""How earlier attempts at a group ended."""

from __future__ import annotations

from dataclasses import replace

from qanat.domain.attempts import EARLIER_MAX, AttemptState, Earlier, combine
from qanat.domain.run import Group, State
from tests.unit.records.example import RUN

ENDS = [Earlier(number, AttemptState.STOPPED, signal=15) for number in range(1, 200)]
ENDED = replace(RUN.groups[1], attempt=2)


def test_the_latest_attempts_are_kept_in_their_order() -> None:
    assert combine(200, ENDS[100:], ENDS[:100]) == tuple(ENDS[-EARLIER_MAX:])
    assert combine(3, reversed(ENDS)) == tuple(ENDS[:2])


def test_of_two_ends_of_one_attempt_the_one_with_more_evidence_counts() -> None:
    lost, failed = Earlier(1, AttemptState.LOST), Earlier(1, AttemptState.FAILED, exit_code=3)
    assert combine(2, [lost], [failed]) == combine(2, [failed], [lost]) == (failed,)


def test_a_group_that_has_ended_tells_how() -> None:
    (end,) = replace(RUN.groups[1]).ends({"mem": "2x"})
    assert (end.attempt, end.described, end.signal) == (1, "failed (ended by SIGKILL)", 9)
    assert (end.started, end.ended) == (RUN.groups[1].started, RUN.groups[1].ended)
    assert end.options == {"mem": "2x"}


def test_the_options_of_an_attempt_are_those_of_the_retry_that_made_it() -> None:
    facts = replace(RUN.submission, changed={"mem": "2x"}, submitted="2026-11-23T05:17:55+00:00")
    run = replace(RUN, submission=facts)
    assert run.set_for(ENDED) == {"mem": "2x"}
    assert run.set_for(replace(ENDED, attempt=1)) == {}
    assert run.set_for(replace(ENDED, ended="2026-11-23T05:17:50+00:00")) == {}
    assert run.set_for(Group(1, (), State.CANCELLED, attempt=2)) == {}
    assert RUN.set_for(ENDED) == {}
