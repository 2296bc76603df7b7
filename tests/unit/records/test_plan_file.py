"""Files of plans: they come back as they were written, and edits are found."""

from __future__ import annotations

import hashlib
import json
from dataclasses import replace
from typing import Any

import pytest

from qanat.domain.checkpoint import Checkpoint
from qanat.domain.container import Container
from qanat.domain.data import DataState
from qanat.domain.environment import Environment, Interpreter
from qanat.domain.group_key import SharedKey
from qanat.domain.run_plan import PlannedKey, RunPlan
from qanat.domain.standing import DONE, NEW, Standing
from qanat.errors import InputInvalid, VersionTooNew
from qanat.records import plan_file, schemas, yaml_io

KEY = "5f1b4fa2c0dedf51b85da65f7a0c9e31"
PLAN = RunPlan(
    experiment="train",
    created="2026-11-23T05:17:55+00:00",
    options={"range-param": ["--seed 0 2 1"], "needed": True},
    arguments=("--fast", "ü"),
    commit="eac4a826bbbfc2700f4dd2f860acd802f62bd5b6",
    command=("sh", "train.sh"),
    datasets={"rain": "rain"},
    data=(DataState("rain", "stat", files=2, bytes=5, newest="2026-11-22T10:00:00+00:00"),),
    key=SharedKey(KEY, KEY, None, environment=KEY),
    groups=(
        PlannedKey(("--seed", "0"), KEY, Standing(DONE, "4-7f3a9c", 0)),
        PlannedKey(("--seed", "1"), None, Standing(NEW, "4-7f3a9c", 1, ("code",), "code: a.sh")),
    ),
)

ENVIRONMENT = Environment(
    Interpreter("python", "3.12.4", "CPython", "venv"),
    f"sha256:{'1' * 64}",
    {"numpy": "2.1.0"},
    {"cuda": "11.8 h3"},
    {"uv.lock": f"sha256:{'2' * 64}"},
    ("gcc/12",),
    {"TZ": "UTC"},
    {"liba.so.1": f"sha256:{'3' * 64}"},
)
CONTAINER = Container("a.sif", "apptainer", "sha256:1", ("/data:ro",), gpu=True, options=("--cleanenv",))


@pytest.mark.parametrize(
    "words", [{}, {"environment": ENVIRONMENT}, {"container": CONTAINER}, {"checkpoint": Checkpoint(85)}]
)
def test_a_plan_comes_back_and_passes_its_schema(words: dict[str, Any]) -> None:
    plan = replace(PLAN, **words)
    data = plan_file.encode(plan)
    assert plan_file.decode(data, "p.yaml") == plan
    assert schemas.problems(yaml_io.load(data, "p.yaml"), "plan") == []


def test_the_digest_is_that_of_plain_json() -> None:
    content = plan_file.to_mapping(PLAN)
    rest = {key: value for key, value in content.items() if key not in ("schema", "digest")}
    text = json.dumps(rest, sort_keys=True, separators=(",", ":"))
    assert content["digest"] == hashlib.sha256(text.encode()).hexdigest()


@pytest.mark.parametrize(
    ("before", "after"), [("train\n", "other\n"), ("--fast", "--slow"), ("status: done", "status: new")]
)
def test_an_edited_plan_is_refused(before: str, after: str) -> None:
    text = plan_file.encode(PLAN).decode()
    assert before in text
    with pytest.raises(InputInvalid, match=r"p\.yaml was edited: its digest does not match"):
        plan_file.decode(text.replace(before, after, 1).encode(), "p.yaml")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("schema: plan/1\n", r"p\.yaml: .*is missing"),
        ("schema: run/2\n", "schema 'run/2' is not plan/1"),
        ("- a\n", "is not a mapping"),
    ],
)
def test_what_is_no_plan_is_refused(text: str, message: str) -> None:
    with pytest.raises(InputInvalid, match=message):
        plan_file.decode(text.encode(), "p.yaml")


def test_a_plan_of_a_newer_version_is_not_called_invalid() -> None:
    with pytest.raises(VersionTooNew):
        plan_file.decode(b"schema: plan/9\n", "p.yaml")
