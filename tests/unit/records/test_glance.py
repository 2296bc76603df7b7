"""What a project's files show at a glance: names and descriptions, and never an error."""

from __future__ import annotations

import os
import random
import sys
from collections.abc import Sequence
from pathlib import Path

import pytest

from qanat import records
from qanat.records import glance
from qanat.records.glance import HEAD_BYTES, YAML_BYTES_MAX, RunFile
from qanat.records.paths import ProjectPaths


@pytest.fixture
def paths(tmp_path: Path) -> ProjectPaths:
    """Return the paths of a project in which nothing is yet."""
    return ProjectPaths(tmp_path)


def put(paths: ProjectPaths, path: str, text: str | bytes = "") -> Path:
    """Write a file below `.qanat`."""
    file = paths.state / path
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_bytes(text.encode() if isinstance(text, str) else text)
    return file


# ---- definitions


def test_definitions_are_listed_in_order_with_their_descriptions(paths: ProjectPaths) -> None:
    put(paths, "experiments/wine.yaml", "name: wine\ndescription: Red and white\n")
    put(paths, "experiments/iris.yaml", "name: iris\n")
    put(paths, "datasets/flowers.yaml", "description: Other things\n")
    assert glance.definitions(paths, "experiment") == [("iris", ""), ("wine", "Red and white")]
    assert glance.definitions(paths, "dataset") == [("flowers", "Other things")]
    assert glance.definitions(paths, "document") == []


def test_files_that_could_not_be_called_so_are_left_out(paths: ProjectPaths) -> None:
    for name in ("iris.yaml", "-x.yaml", "a b.yaml", "iris.yml", "yaml", ".yaml", "iris.yaml.orig"):
        put(paths, f"experiments/{name}")
    assert glance.definitions(paths, "experiment") == [("iris", "")]


# ---- descriptions


@pytest.mark.parametrize(
    ("line", "text"),
    [
        ("description: plain words", "plain words"),
        ("description:   spaces around  ", "spaces around"),
        ("description: 'it''s quoted'", "it's quoted"),
        ('description: "caf\\u00e9 \\"x\\""', 'café "x"'),
        ('description: "not closed', "not closed"),
        ("description: ''", ""),
        ("description: |\n  a block", ""),
        ("description: >-\n  folded", ""),
        ("description:", ""),
        ("  description: of an action", ""),
        ("other: description: x", ""),
        ("name: x", ""),
        ("description: 日本語", "日本語"),
    ],
)
def test_a_description_is_the_line_that_a_file_has(paths: ProjectPaths, line: str, text: str) -> None:
    file = put(paths, "datasets/x.yaml", f"schema: dataset/1\n{line}\npath: x\n")
    assert glance.description(file.parent, file.name) == text


def test_a_description_is_looked_for_only_at_the_beginning(paths: ProjectPaths) -> None:
    line = "description: here\n"
    inside = put(paths, "a.yaml", "#" * (HEAD_BYTES - len(line) - 1) + "\n" + line)
    beyond = put(paths, "b.yaml", "#" * HEAD_BYTES + "\n" + line)
    assert [glance.description(file.parent, file.name) for file in (inside, beyond)] == ["here", ""]


def test_a_description_that_is_not_utf_8_or_not_there_is_no_error(paths: ProjectPaths) -> None:
    broken = put(paths, "a.yaml", b"description: caf\xe9\n")
    os.mkfifo(paths.state / "pipe")
    there = (broken, paths.state / "gone", paths.state, paths.state / "pipe")
    found = [glance.description(path.parent, path.name) for path in there]
    assert found == ["caf\ufffd", "", "", ""]


# ---- templates and actions


def test_templates_are_those_of_files_and_of_the_settings_with_their_runners(paths: ProjectPaths) -> None:
    for path in ("htcondor/big", "slurm/big", "slurm/a", "elsewhere/x"):
        put(paths, f"templates/{path}.yaml")
    put(paths, "templates/loose.yaml")
    (paths.state / "templates/linked").symlink_to(paths.state / "templates/slurm")
    put(paths, "config.yaml", "slurm: {a: {}, set: {}, 'no name': {}}\nhtcondor: {gpu: {}}\nlogging: {x: {}}\n")
    assert glance.templates(paths, None) == [
        ("a", "slurm"),
        ("big", "htcondor"),
        ("big", "slurm"),
        ("gpu", "htcondor"),
        ("set", "slurm"),
        ("x", "elsewhere"),
    ]
    assert glance.templates(paths, "htcondor") == [("big", "htcondor"), ("gpu", "htcondor")]
    assert glance.templates(paths, "none") == []


def test_actions_are_those_of_the_experiment_with_their_descriptions(paths: ProjectPaths) -> None:
    put(paths, "experiments/iris.yaml", "actions:\n  plot: {description: Draw it}\n  count: {}\n  'no name': {}\n")
    put(paths, "experiments/wine.yaml", "name: wine\n")
    assert glance.actions(paths, "iris") == [("plot", "Draw it"), ("count", "")]
    assert glance.actions(paths, "wine") == glance.actions(paths, "none") == []


def test_a_name_that_is_none_is_not_looked_for(paths: ProjectPaths, tmp_path: Path) -> None:
    (tmp_path / "outside.yaml").write_text("actions: {plot: {description: x}}\n")
    (paths.state / "experiments").mkdir(parents=True)
    assert glance.actions(paths, "../../outside") == []


@pytest.mark.parametrize(
    "content",
    [
        "actions: [plot]",
        "actions: plot",
        "- actions",
        "actions: {",
        "",
        b"\xff",
        "a: 1\na: 2",
        "#" * (YAML_BYTES_MAX + 1),
    ],
    ids=["a list", "a word", "no mapping", "not closed", "empty", "not text", "twice", "too large"],
)
def test_what_is_wrong_with_a_file_is_no_error(paths: ProjectPaths, content: str | bytes) -> None:
    put(paths, "experiments/iris.yaml", content)
    put(paths, "config.yaml", content)
    assert glance.actions(paths, "iris") == []
    assert glance.templates(paths, None) == []


def test_a_file_as_large_as_may_be_is_read(paths: ProjectPaths) -> None:
    text = "actions: {plot: {}}\n"
    put(paths, "experiments/iris.yaml", text + "#" * (YAML_BYTES_MAX - len(text)))
    assert glance.actions(paths, "iris") == [("plot", "")]


# ---- runs


@pytest.fixture
def filled(paths: ProjectPaths) -> ProjectPaths:
    """Return the paths of a project with four records, and with files that are none."""
    for path in ("iris/0/4-7f3a9c", "iris/0/41-b81e02", "iris/1/140-0d2b0d", "wine/0/4-b81e02"):
        put(paths, f"runs/{path}.yaml")
    for path in ("iris/0/4-7f3a9c.md", "iris/0/04-7f3a9c.yaml", "iris/0/4-7F3A9C.yaml", "iris/0/4-7f3a9c.yaml.tmp"):
        put(paths, f"runs/{path}")
    for path in ("iris/0/.4-7f3a9c.yaml", "iris/0/1234567890-7f3a9c.yaml", "iris/4-7f3a9c.yaml", "4-7f3a9c.yaml"):
        put(paths, f"runs/{path}")
    (paths.runs / "linked").symlink_to(paths.runs / "iris")
    return paths


def found(paths: ProjectPaths, experiment: str | None, beginning: str) -> list[tuple[str, str]]:
    """List experiment and file name of the runs that are found."""
    return sorted((run.experiment, run.name) for run in glance.runs(paths.root, experiment, beginning, 100))


def test_runs_are_the_records_whose_id_begins_so(filled: ProjectPaths) -> None:
    every = [
        ("iris", "140-0d2b0d.yaml"),
        ("iris", "4-7f3a9c.yaml"),
        ("iris", "41-b81e02.yaml"),
        ("wine", "4-b81e02.yaml"),
    ]
    assert found(filled, None, "") == every
    assert found(filled, None, "4") == every[1:]
    assert found(filled, None, "4-") == [every[1], every[3]]
    assert found(filled, None, "4-7f") == [every[1]]
    assert found(filled, None, "9") == []


def test_runs_of_one_experiment_are_listed_if_it_is_named(filled: ProjectPaths) -> None:
    assert found(filled, "wine", "") == [("wine", "4-b81e02.yaml")]
    assert found(filled, "none", "") == []


def test_a_run_says_where_its_record_is(filled: ProjectPaths) -> None:
    (run,) = glance.runs(filled.root, None, "140", 100)
    assert run == RunFile("140-0d2b0d.yaml", ".qanat/runs/iris/1", "iris")
    assert run.path == ".qanat/runs/iris/1/140-0d2b0d.yaml"


def test_a_project_without_records_has_no_runs(paths: ProjectPaths) -> None:
    assert glance.runs(paths.root, None, "", 100) == []


def test_yaml_is_loaded_only_when_it_is_needed(paths: ProjectPaths, monkeypatch: pytest.MonkeyPatch) -> None:
    put(paths, "experiments/iris.yaml", "description: 'it''s plain'\n")
    put(paths, "runs/iris/0/4-7f3a9c.yaml")
    # As if it were not installed, also for who has imported it before.
    monkeypatch.setitem(sys.modules, "qanat.records.yaml_io", None)
    monkeypatch.delattr(records, "yaml_io", raising=False)
    put(paths, "experiments/wine.yaml", 'description: "\\u00e9"\n')
    with pytest.raises(ImportError):
        glance.definitions(paths, "experiment")
    (paths.state / "experiments/wine.yaml").unlink()
    assert glance.definitions(paths, "experiment") == [("iris", "it's plain")]
    assert len(glance.runs(paths.root, None, "", 100)) == 1


def begins_with(names: Sequence[str]) -> str:
    """Return what all names begin with."""
    return os.path.commonprefix(names)  # noqa: RUF071  # names, not paths


@pytest.mark.parametrize("seed", range(20))
def test_of_many_runs_some_are_listed_that_have_no_more_in_common_than_all(tmp_path: Path, seed: int) -> None:
    choice = random.Random(seed)
    most = 10 ** choice.randrange(1, 7)
    names = {f"{choice.randrange(1, most + 1)}-{choice.randrange(2**24):06x}.yaml" for _ in range(60)}
    for name in names:
        experiment, hundred = choice.choice("ab"), int(name.partition("-")[0]) // 100
        file = tmp_path / f".qanat/runs/{experiment}/{hundred}/{name}"
        file.parent.mkdir(parents=True, exist_ok=True)
        file.touch()
    for beginning in ("", *(name[: choice.randrange(1, 8)] for name in sorted(names)[:8])):
        everything = [name for name in names if name.startswith(beginning)]
        listed = [run.name for run in glance.runs(tmp_path, None, beginning, 5)]
        assert begins_with(listed) == begins_with(everything)
        newest = sorted(everything, key=lambda name: -int(name.partition("-")[0]))[:5]
        assert set(newest) <= set(listed) <= set(everything)
