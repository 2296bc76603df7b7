"""A run and its record."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from qanat import __version__
from qanat.domain.json_text import to_json
from qanat.domain.measured import CurveSummary, Point
from qanat.domain.names import name_problem
from qanat.domain.run import Run, RunnerChoice
from qanat.errors import EXIT_USAGE, InputInvalid, VersionTooNew
from qanat.records import run_codec, schemas, yaml_io
from tests.support.strategies import accepted_or_refused, json_values, runs, stable
from tests.unit.records.example import RECORD, RUN

FILE = ".qanat/runs/summary_iris/0/4-7f3a9c.yaml"
GONE = object()


def mapping(**changes: Any) -> dict[str, Any]:
    """Return the example's record with keys replaced; `a__b` is key b in a, GONE takes a key away."""
    content: dict[str, Any] = yaml_io.load(run_codec.encode(RUN), FILE)
    for path, value in changes.items():
        *parents, key = path.split("__")
        place: Any = content
        for parent in parents:
            place = place[int(parent) if isinstance(place, list) else parent]
        if value is GONE:
            del place[key]
        else:
            place[key] = value
    return content


def refusal(content: Any) -> InputInvalid:
    """Return the error with which a record is refused."""
    with pytest.raises(InputInvalid) as caught:
        run_codec.from_mapping(content, FILE)
    assert caught.value.exit_code == EXIT_USAGE
    return caught.value


# ---- round trip


@stable
@given(runs())
def test_a_run_comes_back_from_its_record_as_it_was_and_the_record_passes_its_schema(run: Run) -> None:
    data = run_codec.encode(run)
    assert run_codec.decode(data, FILE) == run
    assert schemas.problems(yaml_io.load(data, FILE), "run") == []


@pytest.mark.slow
@stable
@given(runs())
def test_another_yaml_reader_finds_the_same_in_a_record(run: Run) -> None:
    data = run_codec.encode(run)
    other = yaml.safe_load(data)
    ours = yaml_io.load(data, FILE)
    assert list(other) == list(ours)
    for key in ("id", "description", "tags", "author", "command", "datasets", "parameters", "storage", "state"):
        assert other[key] == ours[key]
    assert [group["args"] for group in other["groups"]] == [list(group.args) for group in run.groups]
    assert other["created"].isoformat() == yaml.safe_load(f"[{run.created}]")[0].isoformat()


def test_a_record_reads_well() -> None:
    assert run_codec.encode(RUN).decode() == RECORD + (
        "- {group: 0, args: [--n, '10', --seed, '0'], job: '18', state: finished, exit_code: 0,"
        " started: 2026-11-23T05:17:56.001+00:00, ended: 2026-11-23T05:18:01.250+00:00, metrics: {acc: 0.93}}\n"
        "- {group: 1, args: [--n, '10', --seed, '1'], job: '19', state: failed, signal: 9, reason: ended by SIGKILL,"
        " started: 2026-11-23T05:17:56.002+00:00, ended: 2026-11-23T05:18:00.000+00:00}\n"
    )


def test_a_group_that_ends_changes_its_own_line_and_those_of_the_run() -> None:
    going = replace(RUN, groups=(RUN.groups[0], replace(RUN.groups[1], reason="")))
    pairs = zip(run_codec.encode(going).splitlines(), run_codec.encode(RUN).splitlines(), strict=True)
    assert [new[:10] for old, new in pairs if old != new] == [b"- {group: "]


def test_the_path_of_a_record_follows_from_the_run() -> None:
    assert run_codec.path_of(RUN) == FILE


def test_what_is_not_given_is_not_written() -> None:
    text = run_codec.encode(RUN).decode()
    for key in (
        "changed_while_running",
        "template",
        "rerun_of",
        "after",
        "param_file",
        "parameters_file",
        "attempt",
        "host: null",
    ):
        assert key not in text


def test_text_that_is_not_unicode_is_refused_before_anything_is_written() -> None:
    with pytest.raises(InputInvalid, match="cannot be represented in YAML"):
        run_codec.encode(replace(RUN, description="\udcff"))


# ---- what is no record


def test_a_newer_record_is_refused_with_what_to_install() -> None:
    error = refusal(mapping(schema="run/3"))
    assert isinstance(error, VersionTooNew)
    assert error.message == f"{FILE} is run/3, and this qanat {__version__} reads up to run/2"
    assert error.hint == "install a newer qanat; its README says how"


@pytest.mark.parametrize(
    ("changes", "problem"),
    [
        ({"schema": "dataset/1"}, "schema 'dataset/1' is not run/2"),
        ({"schema": GONE}, "schema: is missing"),
        ({"schema": 5}, "schema 5 is not run/2"),
        ({"id": GONE}, "id: is missing"),
        ({"id": 4}, "id: is not text"),
        ({"id": "4"}, "id: '4' is not a run id"),
        ({"id": "04-7f3a9c"}, "id: '04-7f3a9c' is not a run id"),
        ({"id": "0-7f3a9c"}, "id: '0-7f3a9c' is not a run id"),
        ({"id": "4-/../.."}, "id: '4-/../..' is not a run id"),
        ({"id": "4-7F3A9C"}, "id: '4-7F3A9C' is not a run id"),
        ({"id": "4-7f3a9c\n"}, "id: '4-7f3a9c\\n' is not a run id"),
        ({"id": "1234567890-7f3a9c"}, "id: '1234567890-7f3a9c' is not a run id"),
        ({"experiment": "../../x"}, f"experiment: '../../x' {name_problem('../../x')}"),
        ({"experiment": ""}, "experiment: '' is empty"),
        ({"description": None}, "description: is not text"),
        ({"tags": "a"}, "tags: is not a list"),
        ({"tags": [1]}, "tags: is not a list of strings"),
        ({"created": "yesterday"}, "created: 'yesterday' is not a timestamp such as 2026-11-23T05:17:55+00:00"),
        (
            {"created": "2026-11-23T05:17:55"},
            "created: '2026-11-23T05:17:55' is not a timestamp such as 2026-11-23T05:17:55+00:00",
        ),
        ({"code": []}, "code: is not a mapping"),
        ({"code__commit": GONE}, "code.commit: is missing"),
        ({"code__snapshot": "no"}, "code.snapshot: is not true or false"),
        ({"code__branch": 5}, "code.branch: is not text"),
        ({"command": ["python", 3]}, "command: is not a list of strings"),
        ({"datasets": {"iris": None}}, "datasets: has a value that is not a string"),
        ({"parameters__args": None}, "parameters.args: is not a list"),
        ({"runner__options": []}, "runner.options: is not a mapping"),
        ({"submission": "x"}, "submission: is not a mapping"),
        ({"submission__intent": GONE}, "submission.intent: is missing"),
        ({"submission__pid": "17"}, "submission.pid: is not a whole number"),
        (
            {"submission__submitted": "now"},
            "submission.submitted: 'now' is not a timestamp such as 2026-11-23T05:17:55+00:00",
        ),
        ({"submission__checkout": 5}, "submission.checkout: is not text"),
        ({"submission__inputs": "data"}, "submission.inputs: is not a list"),
        ({"submission__changed": {"mem": 2}}, "submission.changed: has a value that is not a string"),
        ({"submission__details": []}, "submission.details: is not a mapping"),
        ({"imported": "x"}, "imported: is not a mapping"),
        ({"groups": GONE}, "groups: is missing"),
        ({"groups": {}}, "groups: is not a list"),
        ({"groups": []}, "groups: is empty"),
        ({"groups": [1]}, "groups.0: is not a mapping"),
        ({"groups__1__state": "done"}, "groups.1.state: 'done' is not a state"),
        (
            {"groups__1__earlier": [{"attempt": 1, "state": "held"}]},
            "groups.1.earlier.0.state: 'held' is not how an attempt ends",
        ),
        (
            {"groups__1__earlier": [{"attempt": 1, "state": "lost"}]},
            "groups.1.earlier: does not list attempts before this one, in their order",
        ),
        ({"checkpoint": {"exit_code": 85, "attempts": 0}}, "checkpoint.attempts: 0 is not from 1 to 1,000"),
        ({"checkpoint": {"exit_code": 85}}, "checkpoint.attempts: is missing"),
        (
            {"checkpoint": {"file": "a/../../b", "attempts": 2}},
            "checkpoint.file: 'a/../../b' is not a path in a storage directory",
        ),
        ({"groups__1__state": True}, "groups.1.state: is not text"),
        ({"groups__1__group": "1"}, "groups.1.group: is not a whole number"),
        ({"groups__1__group": True}, "groups.1.group: is not a whole number"),
        ({"groups__1__args": ["a", 5]}, "groups.1.args: is not a list of strings"),
        ({"groups__1__exit_code": "0"}, "groups.1.exit_code: is not a whole number"),
        ({"groups__0__ended": "later"}, "groups.0.ended: 'later' is not a timestamp such as 2026-11-23T05:17:55+00:00"),
        ({"groups__0__metrics": {"acc": "good"}}, "groups.0.metrics: has a value that is not a number"),
        ({"groups__0__metrics": {"acc": True}}, "groups.0.metrics: has a value that is not a number"),
    ],
)
def test_a_wrong_record_is_refused_with_its_file_and_key(changes: dict[str, Any], problem: str) -> None:
    assert refusal(mapping(**changes)).message == f"{FILE}: {problem}"


@pytest.mark.parametrize("content", [[], "text", 5])
def test_what_is_no_mapping_is_no_record(content: Any) -> None:
    assert refusal(content).message == f"{FILE}: the file: is not a mapping"


def test_bytes_that_are_no_yaml_are_refused_with_their_line() -> None:
    with pytest.raises(InputInvalid) as caught:
        run_codec.decode(b"schema: run/1\nid: ]", FILE)
    assert caught.value.message.startswith(f"{FILE}:2: is not YAML")


def test_a_record_with_an_unknown_key_is_read() -> None:
    assert run_codec.from_mapping(mapping() | {"new_key": 1}, FILE) == RUN


# ---- anything at all


@stable
@given(st.binary(max_size=200))
def test_any_bytes_are_refused_with_a_sentence(data: bytes) -> None:
    with pytest.raises(InputInvalid):
        run_codec.decode(data, FILE)


@stable
@given(runs(), st.data())
def test_a_record_that_was_cut_or_overwritten_is_a_run_or_a_sentence(run: Run, data: st.DataObject) -> None:
    whole = run_codec.encode(run)
    begin = data.draw(st.integers(0, len(whole)))
    end = data.draw(st.sampled_from([begin, len(whole)]) | st.integers(begin, len(whole)))
    changed = whole[:begin] + data.draw(st.binary(max_size=4)) + whole[end:]
    with accepted_or_refused(InputInvalid, FILE):
        assert run_codec.decode(changed, FILE).id


@stable
@given(st.sampled_from(sorted(mapping())), json_values())
def test_a_record_with_any_value_in_any_place_is_a_run_or_a_sentence(key: str, value: Any) -> None:
    with accepted_or_refused(InputInvalid, FILE):
        run_codec.from_mapping({**mapping(), key: value}, FILE)


@stable
@given(st.sampled_from(sorted(mapping()["groups"][0])), json_values())
def test_a_group_with_any_value_in_any_place_is_a_group_or_a_sentence(key: str, value: Any) -> None:
    content = mapping()
    content["groups"][0][key] = value
    with accepted_or_refused(InputInvalid, FILE):
        run_codec.from_mapping(content, FILE)


def test_options_of_any_runner_come_back() -> None:
    run = replace(RUN, runner=RunnerChoice("slurm", "two_cpus", {"--time": "1-00:00:00", "--cpus-per-task": 2}))
    assert run_codec.decode(run_codec.encode(run), FILE) == run


def test_curves_come_back_from_the_index_with_numbers_that_json_does_not_have() -> None:
    curve = CurveSummary(Point(math.nan, 3), Point(-math.inf, 2), Point(math.inf, 1.5), 3)
    run = RUN.with_groups({0: replace(RUN.groups[0], curves={"NaN": curve})})
    assert repr(run_codec.from_index(to_json(run_codec.to_mapping(run)))) == repr(run)


@pytest.mark.parametrize("pair", [[1], [1, 2, 3], [1, "2"], [True, 2], 5])
def test_a_point_of_a_curve_is_a_value_and_its_step(pair: Any) -> None:
    curve = {"last": [1, 2], "min": pair, "max": [1, 2], "count": 1}
    what = "is not a value and its step" if isinstance(pair, list) else "is not a list"
    assert refusal(mapping(groups__0__curves={"loss": curve})).message == f"{FILE}: groups.0.curves.loss.min: {what}"
