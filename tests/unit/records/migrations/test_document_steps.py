"""The step from document/1, and the form of qanat 0.x, to today's documents."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from qanat.domain.document import document_from, problems
from qanat.records import definitions, schemas, yaml_io
from qanat.records.migrations.document import document_1_to_2

PAPER = Path(__file__).resolve().parents[4] / "tests/data/records/v1/document/paper.yaml"
OLD = {"schema": "document/1", "name": "p", "path": "papers/iris", "compile_script": "papers/iris/build.sh"}


def of_dependency(**parts: Any) -> Any:
    """Return what a dependency of document/1 is today."""
    old = {"experiment_name": "train", "run_args_file": "params.yaml", **parts}
    return document_1_to_2({**OLD, "experiment_dependencies": [old]})["dependencies"][0]


def test_a_document_of_an_earlier_version_says_the_same() -> None:
    new = schemas.current(yaml_io.load(PAPER.read_bytes(), PAPER.name), "document", PAPER.name)
    assert schemas.problems(new, "document") == []
    assert list(problems(new)) == []
    found = document_from(new)
    assert (found.compile, found.view) == (("bash", "-e", "build.sh"), ("bash", "view.sh"))
    assert (found.name, found.path, found.exports, found.tags) == (
        "iris_paper",
        "papers/iris",
        "papers/iris/exports",
        ("paper", "iris"),
    )
    plots, train = found.dependencies
    assert (plots.name, plots.parameters, plots.runner, plots.template) == (
        "summary_iris",
        "papers/iris/params/summary.yaml",
        "htcondor",
        "two_cpus",
    )
    assert (plots.container, plots.revision) == (
        "images/python.sif",
        "eac4a826bbbfc2700f4dd2f860acd802f62bd5b6",
    )
    assert (plots.action, plots.action_arguments) == ("plot", ("--format", "pdf", "--title", "All flowers"))
    assert plots.files == ("means.pdf", "tables/means.tex")
    assert plots.whole
    assert (train.runner, train.container, train.revision, train.action, train.whole) == (
        "local",
        None,
        None,
        None,
        False,
    )


@pytest.mark.parametrize(
    ("script", "command", "expected"),
    [
        ("papers/iris/build.sh", "", ["./build.sh"]),
        ("papers/iris/sub/build.sh", "", ["sub/build.sh"]),
        ("tools/build.sh", "bash", ["bash", "../../tools/build.sh"]),
        ("papers/iris/build.sh", "bash 'open", ["bash 'open", "build.sh"]),
        ("/opt/build", "", ["/opt/build"]),
    ],
)
def test_programs_are_named_from_the_folder_of_the_document(script: str, command: str, expected: list[str]) -> None:
    assert document_1_to_2({**OLD, "compile_script": script, "compile_command": command})["compile"] == expected


@pytest.mark.parametrize(
    ("words", "template", "options"),
    [
        ("--submit_template=two --n-threads 4 --wait True", "two", {"n_threads": 4}),
        ("--gpu True --retry 2", None, {"gpu": True, "retry": 2}),
        ("--n_threads many --foo", None, {"n_threads": "many", "foo": ""}),
        ("'open", None, {"'open": ""}),
    ],
)
def test_options_of_a_run_get_their_keys(words: str, template: str | None, options: dict[str, Any]) -> None:
    found = of_dependency(runner_params=words)
    assert (found.get("template"), found["options"]) == (template, options)


def test_an_option_that_no_document_has_is_a_problem() -> None:
    content = document_1_to_2(
        {**OLD, "experiment_dependencies": [{"experiment_name": "a", "runner_params": "--foo 1"}]}
    )
    assert list(problems(content)) == [
        (
            ("dependencies", 0, "options", "foo"),
            "unknown key; known: n_threads, max_running, per_job, time_limit, retry, gpu",
        )
    ]


@pytest.mark.parametrize("content", [{}, {"experiment_dependencies": 5}, {**OLD, "path": 3}, {"compile_script": []}])
def test_what_is_no_document_passes_through(content: dict[str, Any]) -> None:
    assert document_1_to_2(content)["schema"] == "document/2"


def test_a_document_of_qanat_0_was_built_in_its_folder_with_make_by_default() -> None:
    old = {"name": "p", "path": "papers", "compile_script": "paper.pdf", "view_script": None}
    new = definitions.convert_v0(old, "document")
    assert new == {"schema": "document/2", "name": "p", "path": "papers", "compile": ["make", "paper.pdf"]}
    named = {**old, "compile_script": "papers/build.sh", "compile_script_command": "bash"}
    assert definitions.convert_v0(named, "document")["compile"] == ["bash", "build.sh"]
