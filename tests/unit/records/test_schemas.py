"""How a file violates its schema, as sentences."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from qanat import __version__
from qanat.errors import EXIT_USAGE, InputInvalid, VersionTooNew
from qanat.records import migrations, run_codec, schemas, yaml_io
from tests.support.packages import ROOT
from tests.support.strategies import json_values, stable
from tests.unit.records.example import RUN

RECORD = yaml_io.load(run_codec.encode(RUN), "record")
ENDS = "out_of_memory, timeout, node_failure, preempted, failed"


def sentences(content: Any, kind: str) -> list[str]:
    """Return problems as `key: problem`."""
    return [f"{'.'.join(map(str, p.path))}: {p.problem}" for p in schemas.problems(content, kind)]


def refusal(content: Any, kind: str) -> InputInvalid:
    """Return the error with which a version is refused."""
    with pytest.raises(InputInvalid) as caught:
        schemas.check_version(content, kind, "a.yaml")
    assert caught.value.exit_code == EXIT_USAGE
    return caught.value


@pytest.mark.parametrize(("kind", "version"), schemas.every())
def test_every_version_of_a_kind_has_a_schema(kind: str, version: int) -> None:
    name = f"{kind}/{version}"
    assert schemas.schema(kind, version)["properties"]["schema"]["const"] == schemas.name_of(kind, version) == name


@pytest.mark.parametrize("kind", schemas.KINDS)
def test_the_schema_of_a_kind_is_that_of_the_newest_version(kind: str) -> None:
    assert [version for every, version in schemas.every() if every == kind][-1] == migrations.newest(kind)
    assert schemas.schema(kind)["properties"]["schema"]["const"] == schemas.name_of(kind)


def test_content_is_checked_with_the_schema_that_it_names() -> None:
    older = {**RECORD, "schema": "run/1", "submission": {"intent": "ab", "cluster": 4651}}
    assert sentences(older, "run") == []
    assert sentences({**older, "schema": "run/2"}, "run") == [
        "submission.cluster: unknown key; known: intent, submitted, pid, process_start, checkout, max_running,"
        " per_job, at_once, time_limit, changed, inputs, data, environment, details"
    ]


def test_a_record_has_no_problem() -> None:
    assert schemas.problems(RECORD, "run") == []


@pytest.mark.parametrize("content", [{"schema": "run/2"}, {"schema": "run/1"}, {}, {"schema": None}, None, [], "run/1"])
def test_versions_up_to_the_newest_and_none_at_all_are_taken(content: Any) -> None:
    schemas.check_version(content, "run", "a.yaml")


@pytest.mark.parametrize("version", ["3", "10", "99999999999999999999999"])
def test_a_newer_version_is_refused_with_what_to_install(version: str) -> None:
    error = refusal({"schema": f"run/{version}"}, "run")
    assert isinstance(error, VersionTooNew)
    assert error.message == f"a.yaml is run/{version}, and this qanat {__version__} reads up to run/2"
    assert error.hint == "install a newer qanat; its README says how"


@pytest.mark.parametrize(
    "declared",
    [
        "dataset/1",
        "run",
        "run/",
        "run/x",
        "run/0",
        "run/01",
        "run/-1",
        "run/1\n",
        "run/\u0662",
        "",
        1,
        [],
        {"a": 1},
        "x" * 99,
    ],
)
def test_another_kind_and_what_is_no_version_are_refused(declared: Any) -> None:
    error = refusal({"schema": declared}, "run")
    said = {"[]": "a list", "{'a': 1}": "a mapping", repr("x" * 99): f"'{'x' * 56}…'"}.get(repr(declared))
    assert error.message == f"a.yaml: schema {said or repr(declared)} is not run/2"
    assert error.hint == "write schema: run/2"


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        ({"schema": "dataset/1", "path": "d"}, ["name: is missing"]),
        ({"schema": "dataset/1"}, ["name: is missing", "path: is missing"]),
        (
            {"schema": "dataset/1", "name": "a", "path": "d", "pth": 1},
            [
                "pth: unknown key; known: schema, name, description, path, track, command, check, writable, transfer, "
                "tags"
            ],
        ),
        ({"schema": "dataset/1", "name": "a", "path": 5}, ["path: 5 is not text"]),
        ({"schema": "dataset/1", "name": "a", "path": None}, ["path: nothing is not text"]),
        ({"schema": "dataset/1", "name": "a", "path": ""}, ["path: is empty"]),
        ({"schema": "dataset/1", "name": "a", "path": "d", "tags": "x"}, ["tags: 'x' is not a list"]),
        ({"schema": "dataset/1", "name": "a", "path": "d", "tags": ["x", "x"]}, ["tags: has the same item twice"]),
        ({"schema": "dataset/1", "name": "a", "path": "d", "tags": ["x", ["y"]]}, ["tags.1: a list is not text"]),
        ({"schema": "dataset/2", "name": "a", "path": "d"}, ["schema: 'dataset/2' is not dataset/1"]),
        ([], [": a list is not a mapping"]),
    ],
)
def test_each_problem_is_a_key_and_a_sentence(content: Any, expected: list[str]) -> None:
    assert sentences(content, "dataset") == expected


@pytest.mark.parametrize(
    ("key", "value", "expected"),
    [
        ("seed", 3, "seed: 3 is not text or a list"),
        ("seed", ["--s", "--s"], "seed: has the same item twice"),
        ("seed", "", "seed: is empty"),
        ("baseline", {"metric": "acc", "tolerance": "1e1%"}, "baseline.tolerance: '1e1%' does not look like 1%"),
        ("baseline", {"metric": "acc", "tolerance": True}, "baseline.tolerance: true is not a number or text"),
        ("baseline", {"metric": "acc", "tolerance": -1}, "baseline.tolerance: -1 is less than the minimum of 0"),
        ("baseline", [{"metric": "acc"}, {"where": "n>1"}], "baseline.1.metric: is missing"),
        ("checkpoint", {"attempts": 3}, "checkpoint: has none of exit_code, file"),
        ("checkpoint", {"exit_code": 0}, "checkpoint.exit_code: 0 is less than the minimum of 1"),
        ("checkpoint", {"file": "../a"}, "checkpoint.file: '../a' does not look like checkpoint/again"),
        ("checkpoint", "85", "checkpoint: '85' is not a whole number or a mapping"),
        (
            "retry",
            {"when": [{"exit_code": 300}], "times": 1},
            "retry.when.0.exit_code: 300 is greater than the maximum of 255",
        ),
        (
            "retry",
            {"when": ["oom"], "times": 1},
            f"retry.when.0: 'oom' is not one of {ENDS} or exit_code: 75",
        ),
        (
            "retry",
            {"when": [7], "times": 1},
            f"retry.when.0: 7 is not one of {ENDS} or exit_code: 75",
        ),
    ],
)
def test_a_problem_of_a_value_of_several_types_is_that_of_its_type(key: str, value: object, expected: str) -> None:
    content = {"schema": "experiment/1", "name": "iris", "executable": "iris.py", key: value}
    assert sentences(content, "experiment") == [expected]


def test_a_name_that_cannot_be_used_says_why() -> None:
    content = {"schema": "dataset/1", "name": "a/b", "path": "d"}
    (sentence,) = sentences(content, "dataset")
    assert sentence.startswith("name: 'a/b' may contain only letters")


def test_problems_of_a_record_name_group_and_key() -> None:
    groups = [{**RECORD["groups"][0], "state": "done"}, {**RECORD["groups"][1], "exit_code": "0"}]
    found = sentences({**RECORD, "groups": groups}, "run")
    assert found == [
        "groups.0.state: 'done' is not one of queued, running, held, finished, failed, cancelled, lost",
        "groups.1.exit_code: '0' is not a whole number",
    ]


def test_problems_come_in_the_order_of_their_places() -> None:
    groups = [{**RECORD["groups"][0], "group": i, "state": 5} for i in range(12)]
    paths = [problem.path for problem in schemas.problems({**RECORD, "groups": groups}, "run")]
    assert paths == sorted(paths, key=lambda path: path[1])


ODD = (None, True, -1, 10**6, 1.5, "", "odd", [], [10**6], ["odd", "odd"], {}, {"odd": 1}, {"exit_code": 10**6})
EXAMPLES = sorted(
    file for file in (ROOT / "tests/data/schemas/valid").glob("*/*.yaml") if file.stem not in ("minimal",)
)


def places(content: Any, path: tuple[str | int, ...] = ()) -> Iterator[tuple[str | int, ...]]:
    """Yield the places of all values in a content; of the items of a list, only the first."""
    inner = (
        content.items() if isinstance(content, dict) else enumerate(content[:1] if isinstance(content, list) else ())
    )
    for key, value in inner:
        yield (*path, key)
        yield from places(value, (*path, key))


@pytest.mark.slow
@pytest.mark.parametrize("file", EXAMPLES, ids=lambda file: f"{file.parent.name}/{file.stem}")
def test_whatever_is_in_the_place_of_a_value_its_problems_are_one_line_each(file: Path) -> None:
    kind = file.parent.name.partition(".")[0]
    content = yaml_io.load(file.read_bytes(), file.name)
    for *above, last in places(content):
        inner = content
        for key in above:
            inner = inner[key]
        kept = inner[last]
        for odd in ODD:
            inner[last] = odd
            assert all(problem.problem and "\n" not in problem.problem for problem in schemas.problems(content, kind))
        inner[last] = kept


@stable
@given(st.sampled_from(schemas.KINDS), json_values())
def test_any_content_has_problems_that_are_one_line_each(kind: str, content: Any) -> None:
    for problem in schemas.problems(content, kind):
        assert problem.problem
        assert "\n" not in problem.problem
        assert len(problem.problem) < 1000
