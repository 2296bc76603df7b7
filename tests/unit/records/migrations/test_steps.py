"""Each step from one version of a schema to the next, and the way up through all of them."""

from __future__ import annotations

import copy
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from qanat.domain.run import Run
from qanat.errors import InputInvalid, VersionTooNew
from qanat.records import migrations, run_codec, schemas, yaml_io
from qanat.records.migrations.run import run_1_to_2
from tests.support.strategies import json_values, mappings, runs, stable
from tests.unit.records.example import RUN

RECORD: dict[str, Any] = yaml_io.load(run_codec.encode(RUN), "record")


def in_1(**submission: Any) -> dict[str, Any]:
    """Return a run/1 record with this submission."""
    return {**RECORD, "schema": "run/1", "submission": submission}


def migrated(**submission: Any) -> Any:
    """Return what a submission of run/1 is in run/2."""
    return run_1_to_2(in_1(**submission))["submission"]


# ---- run/1 to run/2


def test_keys_of_the_runner_go_below_details_and_those_of_qanat_stay() -> None:
    known = {
        "intent": "ab",
        "submitted": "2026-11-23T05:17:55+00:00",
        "pid": 5,
        "process_start": "a:1",
        "checkout": "c",
        "max_running": 2,
        "changed": {"mem": "2x"},
        "inputs": ["data"],
    }
    assert migrated(cluster=4651, **known, schedd="submit01") == {
        **known,
        "details": {"cluster": 4651, "schedd": "submit01"},
    }
    assert migrated(**known) == known


def test_what_came_from_an_import_stands_above_the_groups() -> None:
    new = run_1_to_2(in_1(intent="ab", first_qanat={"container": "a.sif"}))
    assert new["submission"] == {"intent": "ab"}
    assert new["imported"] == {"container": "a.sif"}
    assert list(new)[-2:] == ["imported", "groups"]


@pytest.mark.parametrize(
    ("submission", "details"),
    [
        # A runner of another package may have had keys of these names.
        ({"details": {"queue": "all.q"}}, {"details": {"queue": "all.q"}}),
        ({"submitted": "yesterday"}, {"submitted": "yesterday"}),
        ({"submitted": 5}, {"submitted": 5}),
        ({"submitted": "2026-11-23T05:17:55+00:00\n"}, {"submitted": "2026-11-23T05:17:55+00:00\n"}),
        ({"first_qanat": "x"}, {"first_qanat": "x"}),
    ],
)
def test_a_key_that_means_something_else_is_the_runners(submission: Any, details: Any) -> None:
    new = run_1_to_2(in_1(intent="ab", **submission))
    assert new["submission"] == {"intent": "ab", "details": details}
    assert "imported" not in new
    assert schemas.problems(new, "run") == []


def test_everything_else_stays_in_its_order() -> None:
    old = in_1(intent="ab", cluster=1)
    new = run_1_to_2(old)
    assert list(new) == list(old)
    assert {k: v for k, v in new.items() if k not in ("schema", "submission")} == {
        k: v for k, v in old.items() if k not in ("schema", "submission")
    }
    assert new["schema"] == "run/2"


def test_a_step_leaves_what_it_is_given_alone() -> None:
    old = in_1(intent="ab", cluster=1, first_qanat={"a": {"b": 1}})
    before = copy.deepcopy(old)
    run_1_to_2(old)
    assert old == before


@stable
@given(runs(), mappings())
def test_a_valid_record_stays_valid_and_nothing_is_lost(run: Run, own: dict[str, Any]) -> None:
    old = yaml_io.load(run_codec.encode(run), "a") | {"schema": "run/1"}
    new_in_2 = ("imported", "data", "environment", "machine", "key", "container", "after", "checkpoint", "origin")
    for key in (*new_in_2, "results"):
        old.pop(key, None)
    new_in_group = ("curves", "curve_files", "outputs", "key", "machine", "earlier", "used")
    old["groups"] = [{k: v for k, v in row.items() if k not in new_in_group} for row in old["groups"]]
    old["parameters"].pop("already_run", None)
    for new_in_runner in ("retry", "sources", "transfer"):
        old["runner"].pop(new_in_runner, None)
    facts = {key: value for key, value in old["submission"].items() if key not in ("details", "data", "environment")}
    old["submission"] = {**own, **facts}
    assert schemas.problems(old, "run") == []
    new = run_1_to_2(old)
    assert schemas.problems(new, "run") == []
    back = {**new["submission"].get("details", {}), **new["submission"]}
    assert back.keys() - {"details"} == old["submission"].keys() - {"details"}
    assert all(back[key] == old["submission"][key] for key in facts)


@stable
@given(st.dictionaries(st.sampled_from(["schema", "submission", "groups", "imported", "x"]), json_values()))
def test_what_is_no_record_passes_through_a_step(content: dict[str, Any]) -> None:
    new = run_1_to_2(content)
    assert new["schema"] == "run/2"
    if not isinstance(content.get("submission"), dict):
        assert {**new, "schema": content.get("schema")} == {**content, "schema": content.get("schema")}


# ---- the way up


def test_a_record_is_read_in_any_version() -> None:
    old = in_1(intent="ab", cluster=4651)
    run = run_codec.from_mapping(old, "a")
    assert (run.submission.intent, run.submission.details) == ("ab", {"cluster": 4651})
    assert run_codec.from_mapping(run_1_to_2(old), "a") == run


def test_the_newest_version_is_taken_as_it_is() -> None:
    assert schemas.current(RECORD, "run", "a") is RECORD
    assert schemas.current([], "run", "a") == []


@pytest.mark.parametrize("kind", [kind for kind in schemas.KINDS if kind not in migrations.STEPS])
def test_a_kind_without_steps_has_one_version(kind: str) -> None:
    content = {"schema": f"{kind}/1"}
    assert migrations.newest(kind) == 1
    assert schemas.current(content, kind, "a") is content
    with pytest.raises(VersionTooNew, match=f"a is {kind}/2, and this qanat .* reads up to {kind}/1"):
        schemas.current({"schema": f"{kind}/2"}, kind, "a")


def test_several_steps_are_taken_one_after_the_other(monkeypatch: pytest.MonkeyPatch) -> None:
    def add(number: int) -> migrations.Step:
        return lambda content: {**content, "schema": f"dataset/{number}", "steps": [*content.get("steps", ()), number]}

    monkeypatch.setitem(migrations.STEPS, "dataset", (add(2), add(3)))
    assert schemas.name_of("dataset") == "dataset/3"
    for version, steps in ((1, [2, 3]), (2, [3])):
        found = schemas.current({"schema": f"dataset/{version}"}, "dataset", "a")
        assert found == {"schema": "dataset/3", "steps": steps}
    assert schemas.current({"schema": "dataset/3"}, "dataset", "a") == {"schema": "dataset/3"}
    with pytest.raises(InputInvalid, match="schema 'run/1' is not dataset/3"):
        schemas.current({"schema": "run/1"}, "dataset", "a")
