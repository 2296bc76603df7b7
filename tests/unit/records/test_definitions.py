"""Definitions, in today's form and in that of qanat 0.x."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given

from qanat.domain.experiment import Action, Dataset, Experiment, MetricSource, Program, Template
from qanat.records import definitions, schemas
from tests.support.strategies import json_values, stable

OLD = {
    "name": "summary_iris",
    "description": "Summary statistics",
    "path": "experiments/summary",
    "executable": "experiments/summary/iris.py",
    "executable_command": "python",
    "tags": ["Statistics"],
    "datasets": ["iris"],
    "actions": [
        {
            "plot": {
                "name": "plot",
                "executable": "plot.py",
                "executable_command": "python",
                "description": "Plot it",
            }
        },
        {"export": {"name": "export", "executable": "export.sh", "executable_command": "bash"}},
    ],
}


def test_a_full_experiment_becomes_values() -> None:
    content = {
        "schema": "experiment/1",
        "name": "train",
        "executable": "train.py",
        "executable_command": "python -u",
        "description": "Train",
        "path": "experiments",
        "tags": ["a"],
        "datasets": ["iris"],
        "workdir": "checkout",
        "actions": {"plot": {"executable": "plot.py", "executable_command": "python", "description": "Plot"}},
        "metrics": [{"file": "m.json", "keys": ["acc"], "better": {"acc": "higher"}}],
    }
    assert definitions.experiment_from(content) == Experiment(
        "train",
        Program("train.py", "python -u"),
        "Train",
        "experiments",
        ("a",),
        ("iris",),
        "checkout",
        {"plot": Action("plot", Program("plot.py", "python"), "Plot")},
        (MetricSource("m.json", ("acc",), {"acc": "higher"}),),
    )


def test_a_minimal_experiment_dataset_and_template_become_values() -> None:
    assert definitions.experiment_from({"name": "a", "executable": "a.sh"}) == Experiment("a", Program("a.sh"))
    assert definitions.dataset_from({"name": "a", "path": "d"}) == Dataset("a", "d")
    template = {"name": "two", "runner": "slurm", "options": {"--time": "1:00"}, "description": "x"}
    assert definitions.template_from(template) == Template("two", "slurm", {"--time": "1:00"}, "x")


def test_keys_are_ordered_as_in_the_schema_and_unknown_ones_come_last() -> None:
    content = {"zzz": 1, "executable": "a", "name": "b", "description": "c"}
    assert list(definitions.ordered(content, "experiment")) == ["schema", "name", "description", "executable", "zzz"]
    assert definitions.ordered(content, "experiment")["schema"] == "experiment/1"


def test_an_experiment_of_the_first_qanat_is_taken_over() -> None:
    adopted = definitions.convert_v0(OLD, "experiment")
    assert schemas.problems(adopted, "experiment") == []
    assert adopted["schema"] == "experiment/1"
    assert adopted["actions"] == {
        "plot": {"executable": "plot.py", "executable_command": "python", "description": "Plot it"},
        "export": {"executable": "export.sh", "executable_command": "bash"},
    }
    assert {key: adopted[key] for key in OLD if key != "actions"} == {k: v for k, v in OLD.items() if k != "actions"}


@pytest.mark.parametrize(
    "actions",
    [
        [{"name": "plot", "executable": "plot.py"}],
        [{"plot": {"executable": "plot.py"}}],
        {"plot": {"name": "plot", "executable": "plot.py"}},
    ],
)
def test_actions_are_taken_in_each_form_that_people_wrote(actions: Any) -> None:
    adopted = definitions.convert_v0({"name": "a", "executable": "a.sh", "actions": actions}, "experiment")
    assert adopted["actions"] == {"plot": {"executable": "plot.py"}}


def test_lists_that_were_left_empty_are_left_out() -> None:
    adopted = definitions.convert_v0({"name": "a", "path": "d", "tags": None, "description": None}, "dataset")
    assert adopted == {"schema": "dataset/1", "name": "a", "path": "d"}


def test_a_template_that_is_nothing_but_options_gets_its_place() -> None:
    assert definitions.convert_v0({"universe": "vanilla", "request_cpus": 2}, "template") == {
        "schema": "template/1",
        "options": {"universe": "vanilla", "request_cpus": 2},
    }
    whole = {"name": "two", "runner": "slurm", "options": {"--time": "1:00"}}
    assert definitions.convert_v0(whole, "template") == {"schema": "template/1", **whole}


@pytest.mark.parametrize("kind", ["experiment", "dataset", "template"])
def test_todays_form_is_left_as_it_is(kind: str) -> None:
    content = {"schema": f"{kind}/1", "tags": None, "actions": [{"x": {}}]}
    assert definitions.convert_v0(content, kind) is content


@pytest.mark.parametrize("actions", [[1], [{}], ["plot"], "plot", 5])
def test_actions_of_no_known_form_are_left_for_the_schema_to_refuse(actions: Any) -> None:
    adopted = definitions.convert_v0({"name": "a", "executable": "a.sh", "actions": actions}, "experiment")
    assert [problem.path for problem in schemas.problems(adopted, "experiment")] == [("actions",)]


@stable
@given(json_values())
def test_any_content_is_adopted_or_left_and_then_checked_without_an_error(content: Any) -> None:
    for kind in ("experiment", "dataset", "template", "config"):
        for whole in (content, {"name": "a", "actions": content, "options": content}):
            schemas.problems(definitions.convert_v0(whole, kind), kind)
