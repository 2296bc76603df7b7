"""Completion files: how a group ended."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from qanat.domain import times
from qanat.domain.completion import Completion, parse, signal_name, status_of
from qanat.domain.job import JobStatus
from qanat.domain.run import State
from tests.support.strategies import json_values, stable

END = "2026-11-23T05:17:55.000+00:00"


def test_a_file_says_attempt_and_status_and_its_own_time_is_the_end() -> None:
    assert parse('{"attempt": 2, "status": 0}\n', 0.0) == Completion(
        2, JobStatus(State.FINISHED, exit_code=0, ended="1970-01-01T00:00:00.000+00:00")
    )


def test_a_file_may_say_when_and_where_it_was() -> None:
    text = json.dumps({"attempt": 1, "status": 3, "ended": END, "host": "node7"})
    found = parse(f"{text}\n", 0.0)
    assert found
    assert found.status == JobStatus(State.FAILED, exit_code=3, reason="exit code 3", ended=END, host="node7")


@pytest.mark.parametrize(
    ("by", "state", "reason"),
    [
        ("cancelled", State.CANCELLED, "cancelled by qanat"),
        ("time limit of 90s", State.FAILED, "exceeded the time limit of 90s"),
    ],
)
def test_a_job_may_have_ended_a_group_itself(by: str, state: State, reason: str) -> None:
    """Whatever the program made of the signal."""
    found = [parse(json.dumps({"attempt": 1, "status": n, "by": by, "ended": END}) + "\n", 0.0) for n in (0, 143, 7)]
    assert [(f.status.state, f.status.reason, f.status.exit_code) for f in found if f] == [(state, reason, None)] * 3


def test_a_long_cause_is_shortened() -> None:
    found = parse(json.dumps({"attempt": 1, "status": 1, "by": f"time limit of {'9' * 5000}"}) + "\n", 0.0)
    assert found
    assert len(found.status.reason) < 100


@pytest.mark.parametrize(
    ("ended", "written", "end"),
    [
        ("2026-11-23T05:17:55+00:00", "2026-11-23T05:17:55.700+00:00", "2026-11-23T05:17:55.700+00:00"),
        ("2026-11-23T05:17:55+00:00", "2026-11-23T05:17:56.100+00:00", "2026-11-23T05:17:55+00:00"),
        (END, "2026-11-23T05:17:55.700+00:00", END),
    ],
)
def test_an_end_that_was_rounded_down_to_a_second_is_when_the_file_was_written(
    ended: str, written: str, end: str
) -> None:
    text = json.dumps({"attempt": 1, "status": 0, "started": "2026-11-23T05:17:55.400+00:00", "ended": ended})
    found = parse(f"{text}\n", times.parse(written).timestamp())
    assert found
    assert found.status.ended == end


@pytest.mark.parametrize(
    "text",
    [
        "",
        "\n",
        "{}\n",
        "[]}\n",
        '{"attempt": 1, "status": 0}',
        '{"attempt": 1, "stat',
        '{"attempt": 1}\n',
        '{"attempt": null, "status": 0}\n',
        '{"attempt": 1, "status": "x"}\n',
        '{"attempt": 1, "status": Infinity}\n',
        '{"attempt": 1, "status": NaN}\n',
        '"attempt status }\n',
        "[" * 100_000 + "}\n",
    ],
    ids=lambda text: text[:30],
)
def test_a_file_that_is_not_whole_says_nothing(text: str) -> None:
    assert parse(text, 0.0) is None


def test_every_part_of_a_whole_file_says_nothing() -> None:
    text = '{"attempt": 1, "status": 0}\n'
    assert [parse(text[:length], 0.0) for length in range(len(text))] == [None] * len(text)


@pytest.mark.parametrize(("key", "value"), [("ended", "yesterday"), ("ended", "2026-11-23"), ("ended", 5), ("host", 5)])
def test_what_a_record_could_not_hold_is_not_taken_from_a_file(key: str, value: object) -> None:
    found = parse(json.dumps({"attempt": 1, "status": 0, key: value}) + "\n", 0.0)
    assert found
    assert found.status == JobStatus(State.FINISHED, exit_code=0, ended=times.from_epoch(0))


@pytest.mark.parametrize(
    ("key", "value"), [("status", -1), ("status", 256), ("status", 10**30), ("attempt", 0), ("attempt", 10**6 + 1)]
)
def test_numbers_that_no_shell_writes_are_no_end(key: str, value: int) -> None:
    assert parse(json.dumps({"attempt": 1, "status": 0, key: value}) + "\n", 0.0) is None


@stable
@given(st.dictionaries(st.sampled_from(["attempt", "status", "by", "ended", "host"]), json_values(3)))
def test_any_content_is_an_end_that_a_record_can_hold_or_nothing(content: dict[str, object]) -> None:
    found = parse(json.dumps(content) + "\n", 0.0)
    if found:
        assert found.status.state in (State.FINISHED, State.FAILED)
        assert times.is_timestamp(found.status.ended)
        assert found.status.host is None or isinstance(found.status.host, str)


@pytest.mark.parametrize(
    ("status", "expected"),
    [
        (0, JobStatus(State.FINISHED, exit_code=0, ended=END)),
        (1, JobStatus(State.FAILED, exit_code=1, reason="exit code 1", ended=END)),
        (127, JobStatus(State.FAILED, exit_code=127, reason="exit code 127", ended=END)),
        (128, JobStatus(State.FAILED, exit_code=128, reason="exit code 128", ended=END)),
        (137, JobStatus(State.FAILED, signal=9, reason="ended by SIGKILL", ended=END)),
        (143, JobStatus(State.FAILED, signal=15, reason="ended by SIGTERM", ended=END)),
        (192, JobStatus(State.FAILED, signal=64, reason="ended by SIGRTMAX", ended=END)),
        (193, JobStatus(State.FAILED, exit_code=193, reason="exit code 193", ended=END)),
        (255, JobStatus(State.FAILED, exit_code=255, reason="exit code 255", ended=END)),
    ],
)
def test_an_exit_status_of_a_shell_stands_for_an_end(status: int, expected: JobStatus) -> None:
    assert status_of(status, ended=END) == expected


@pytest.mark.parametrize("status", [129, 130, 137, 143, 192])
def test_a_file_says_whether_an_exit_status_is_a_signal(status: int) -> None:
    texts = [f'{{"attempt": 1, "status": {status}, "by": "{by}"}}\n' for by in ("exit", "signal", "exit or signal")]
    statuses = [found.status for found in (parse(text, 0.0) for text in texts) if found]
    assert [(s.exit_code, s.signal) for s in statuses] == [(status, None), *[(None, status - 128)] * 2]
    assert statuses[0].reason == f"exit code {status}"
    assert [s.reason.partition(", ")[2] for s in statuses[1:]] == ["", f"or with exit code {status}"]
    assert parse(f'{{"attempt": 1, "status": {status}}}\n', 0.0) == parse(texts[1], 0.0)


@pytest.mark.parametrize(
    ("status", "by", "reason"),
    [
        (127, "start", "exit code 127: python was not found"),
        (126, "start", "exit code 126: python could not be executed"),
        (126, "directory", "exit code 126: its working directory cannot be entered"),
        (127, "exit", "exit code 127"),
        (127, "directory", "exit code 127"),
        (0, "start", ""),
    ],
)
def test_only_a_program_that_was_not_started_was_not_found(status: int, by: str, reason: str) -> None:
    found = parse(f'{{"attempt": 1, "status": {status}, "by": "{by}"}}\n', 0.0, "python")
    assert found
    assert (found.status.exit_code, found.status.reason) == (status, reason)


def test_of_a_path_the_program_or_its_interpreter_is_missing() -> None:
    found = parse('{"attempt": 1, "status": 127, "by": "start"}\n', 0.0, "./p.sh")
    assert found
    assert found.status.reason == "exit code 127: ./p.sh, or the interpreter in its first line, was not found"


def test_a_signal_without_a_name_is_called_by_its_number() -> None:
    assert signal_name(11) == "SIGSEGV"
    assert signal_name(40) == "signal 40"


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("started", "2026-11-23T05:17:55+01:00"),
        ("started", "20261123T051755+00:00"),
        ("ended", "2026-11-23T05:17:55.1234567+00:00"),
        ("ended", "2026-11-23T05:17+00:00"),
        ("host", "a\0"),
        ("host", "\ud800"),
        ("host", "n" * 256),
        ("by", "time limit of \0"),
    ],
)
def test_what_a_record_could_not_hold_is_left_out(key: str, value: str) -> None:
    without = {"attempt": 1, "status": 3, "by": "exit"}
    content = without | {key: value}
    known = {**without, "by": ""} if key == "by" else without
    assert parse(json.dumps(content) + "\n", 7.0) == parse(json.dumps(known) + "\n", 7.0)
