"""Checking `.qanat/`: every problem of every file, ordered by line, and nothing is changed."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from qanat import __version__
from qanat.domain.run import Group, State
from qanat.records import run_codec
from qanat.usecases.checks import everything, validate
from qanat.usecases.checks.validate import Problem
from qanat.usecases.data import absent
from tests.support.world import World
from tests.unit.records.example import RUN

EXPERIMENT = "schema: experiment/1\nname: x\nexecutable: train.sh\n"
D = ".qanat/datasets/x.yaml"
DATASET = "schema: dataset/1\nname: x\npath: data.csv\n"
TEMPLATE = "schema: template/1\nname: x\nrunner: slurm\noptions: {--ntasks: 1}\n"
X = ".qanat/experiments/x.yaml"
RECORD = replace(RUN, experiment="train", number=4)
PLACE = run_codec.path_of(RECORD)


def check(world: World, *names: str) -> list[str]:
    """Check files, and list the problems, each as one line."""
    with world.project.index() as index:
        return [str(found) for found in validate.validate(world.project, index, [world.root / n for n in names])]


def of_text(world: World, path: str, text: str) -> list[str]:
    """Write a file and check it; list the problems without the file's name."""
    world.write(path, text)
    return [line.removeprefix(f"{path}:") for line in check(world, path)]


def test_what_a_project_begins_with_is_valid(world: World) -> None:
    names = [world.project.paths.relative(path) for path in everything.all_files(world.project)]
    assert names == [
        ".qanat/config.yaml",
        ".qanat/experiments/train.yaml",
        ".qanat/templates/htcondor/default.yaml",
        ".qanat/templates/slurm/default.yaml",
    ]
    assert check(world, *names) == []


def test_all_files_are_yaml_and_links_and_never_the_cache(world: World, tmp_path: Path) -> None:
    for path in (".qanat/cache/a.yaml", ".qanat/b.yml", ".qanat/c.md", ".qanat/experiments/cache/d.yaml"):
        world.write(path, "")
    (world.root / ".qanat/experiments/folder").symlink_to(tmp_path)
    (world.root / ".qanat/experiments/file.yaml").symlink_to(world.root / "train.sh")
    names = {world.project.paths.relative(path) for path in everything.all_files(world.project)}
    assert names >= {".qanat/b.yml", ".qanat/experiments/cache/d.yaml", ".qanat/experiments/folder"}
    assert ".qanat/experiments/file.yaml" in names
    assert not names & {".qanat/cache/a.yaml", ".qanat/c.md"}


@pytest.mark.parametrize("make", [os.mkfifo, Path.touch])
@pytest.mark.parametrize("place", [".qanat/runs", ".qanat/datasets"])
def test_what_is_in_the_place_of_a_folder_is_a_problem(
    world: World, place: str, make: Callable[[Path], object]
) -> None:
    make(world.root / place)
    assert everything.all_files(world.project)[-1] == world.root / place
    assert check(world, place) == [f"{place}:1: is not a folder"]


@pytest.mark.parametrize(
    ("path", "kind"),
    [
        (".qanat/config.yaml", "config"),
        (".qanat/experiments/a.yaml", "experiment"),
        (".qanat/datasets/a.yaml", "dataset"),
        (".qanat/documents/a.yaml", "document"),
        (".qanat/templates/slurm/a.yaml", "template"),
        (".qanat/runs/a/0/1-7f3a9c.yaml", "run"),
        (".qanat/runs/0/1-7f3a9c.yaml", None),
        (".qanat/runs/a/b/0/1-7f3a9c.yaml", None),
        (".qanat/config.yml", None),
        (".qanat/other.yaml", None),
        (".qanat/experiments/config.yaml", "experiment"),
        (".qanat/experiments/more/a.yaml", None),
        (".qanat/templates/a.yaml", None),
        (".qanat/other/a.yaml", None),
        ("experiments/a.yaml", None),
        ("a/.qanat/config.yaml", None),
    ],
)
def test_a_file_is_what_its_place_says(path: str, kind: str | None) -> None:
    assert validate.kind_of(path) == kind


# ---- any file


def test_a_file_has_no_problem_when_there_is_none(world: World) -> None:
    assert of_text(world, X, EXPERIMENT) == []
    assert check(world) == []


def test_files_are_checked_in_the_order_they_are_named(world: World) -> None:
    world.write(X, "- a\n")
    world.write(".qanat/datasets/x.yaml", "- a\n")
    assert [line.partition(":")[0] for line in check(world, X, ".qanat/datasets/x.yaml")] == [
        X,
        ".qanat/datasets/x.yaml",
    ]


def test_every_problem_of_a_file_is_listed_in_the_order_of_its_lines(world: World) -> None:
    text = "schema: experiment/1\nzebra: 1\ntags: one\nname: x\nexecutable: ''\n"
    assert [line.split(": ")[:2] for line in of_text(world, X, text)] == [
        ["2", "zebra"],
        ["3", "tags"],
        ["5", "executable"],
    ]


def test_a_place_where_qanat_keeps_nothing_is_told(world: World) -> None:
    (found,) = of_text(world, ".qanat/x.yaml", EXPERIMENT)
    assert found.startswith("1: is not expected here")


def test_a_link_is_told_wherever_it_is(world: World) -> None:
    for path in (X, ".qanat/experiments/x.txt"):
        (world.root / path).symlink_to(world.root / ".qanat/experiments/train.yaml")
        assert check(world, path) == [f"{path}:1: is a symbolic link"]


def test_a_file_that_lies_behind_a_link_is_told_by_its_own_place(world: World, tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to(world.root / ".qanat")
    world.write(X, "- a\n")
    with world.project.index() as index:
        (found,) = validate.validate(world.project, index, [tmp_path / "link/experiments/x.yaml"])
    assert (found.file, found.line, found.problem) == (X, 1, "a list is not a mapping")


def test_what_is_no_yaml_is_told_with_its_line(world: World) -> None:
    (found,) = of_text(world, X, "name: x\nname: y\n")
    assert found == "2: duplicate key 'name'"


def test_a_file_that_is_not_there_is_told(world: World) -> None:
    (found,) = check(world, X)
    assert found == f"{X}:1: no such file or directory"


def test_a_version_that_is_not_known_is_told_with_the_line_of_the_schema(world: World) -> None:
    (found,) = of_text(world, X, "name: x\nschema: experiment/9\n")
    too_new = f"is experiment/9, and this qanat {__version__} reads up to experiment/1"
    assert found == f"2: {too_new}; install a newer qanat; its README says how"
    (found,) = of_text(world, X, "name: x\nschema: dataset/1\n")
    assert found.startswith("2: schema 'dataset/1' is not experiment/1")


def test_a_definition_may_be_four_mebibytes_and_a_record_more(world: World) -> None:
    (found,) = of_text(world, X, "#" * (4 * 2**20 + 1))
    assert found == "1: is larger than 4 MiB"
    text = run_codec.encode(RECORD).decode()
    assert of_text(world, PLACE, text + "#" * (4 * 2**20)) == []


def test_a_comment_that_cannot_be_shown_is_told(world: World) -> None:
    comment = PLACE.replace(".yaml", ".md")
    assert of_text(world, comment, "fine\n") == []
    (found,) = of_text(world, comment, "#" * (4 * 2**20 + 1))
    assert found == "1: is larger than 4 MiB"
    assert world.root / comment in everything.all_files(world.project)


def test_bytes_that_passed_are_remembered_and_others_are_not(world: World) -> None:
    of_text(world, X, EXPERIMENT)
    with world.project.index() as index:
        assert index.passed("experiment/1", EXPERIMENT.encode())
    of_text(world, X, f"{EXPERIMENT}zebra: 1\n")
    with world.project.index() as index:
        assert not index.passed("experiment/1", f"{EXPERIMENT}zebra: 1\n".encode())


def test_bytes_that_are_remembered_are_still_checked_for_what_schemas_cannot_say(world: World) -> None:
    text = EXPERIMENT.replace("train.sh", "gone.sh")
    for _ in range(2):
        assert of_text(world, X, text) == ["3: executable: gone.sh does not exist"]


def test_a_problem_is_one_line_whatever_is_in_its_key(world: World) -> None:
    assert str(Problem("a\n.yaml", 3, ("k\n",), "is wrong")) == "a\\n.yaml:3: k\\n: is wrong"
    assert str(Problem("a.yaml", 3, (), "is wrong")) == "a.yaml:3: is wrong"


# ---- what schemas cannot say


@pytest.mark.parametrize(
    ("path", "text", "expected"),
    [
        (X, EXPERIMENT.replace("name: x", "name: y"), "2: name: 'y' is not the file name, 'x'"),
        (X, EXPERIMENT.replace("train.sh", "gone.sh"), "3: executable: gone.sh does not exist"),
        (X, EXPERIMENT.replace("train.sh", "../train.sh"), "3: executable: ../train.sh is not inside the project"),
        (X, EXPERIMENT.replace("train.sh", "/bin/sh"), "3: executable: /bin/sh is not inside the project"),
        (X, f"{EXPERIMENT}metrics:\n- file: ../m.json\n", "5: file in item 1 of metrics: ../m.json is not inside the"),
        (X, f"{EXPERIMENT}metrics:\n- file: /x/m.csv\n", "5: file in item 1 of metrics: /x/m.csv is not inside the"),
        (X, EXPERIMENT.replace("train.sh", ".qanat"), "3: executable: .qanat is not a file"),
        (X, f'{EXPERIMENT}executable_command: "sh \'x"\n', "4: executable_command: no closing quotation"),
        (X, f"{EXPERIMENT}actions:\n  p:\n    executable: gone\n", "6: actions.p.executable: gone does not exist"),
        (X, f"{EXPERIMENT}datasets:\n- gone\n", "5: item 1 of datasets: dataset 'gone' does not exist"),
        (X, f"{EXPERIMENT}formerly: [train]\n", "4: item 1 of formerly: 'train' is the name of another experiment"),
        (D, DATASET, "3: path: data.csv does not exist"),
        (D, DATASET.replace("data.csv", "smb://a"), "3: path: smb://a is a URL of an unknown kind, smb"),
        (D, f"{DATASET}track: command\n", "1: command: is missing, with track: command"),
        (D, f"{DATASET}track: command\ncommand: ' '\n", "5: command: is empty"),
        (D, f'{DATASET}track: command\ncommand: "sh \'x"\n', "5: command: no closing quotation"),
        (D, f"{DATASET}command: sh\n", "4: command: requires track: command"),
        (
            D,
            f"{DATASET}check: false\ntrack: hash\n",
            "5: track: must be none or command: with check: false, the data are not looked at",
        ),
        (
            D,
            f"{DATASET.replace('data.csv', 's3://b')}track: stat\n",
            "4: track: must be none or command: a URL is not looked at",
        ),
        (
            ".qanat/datasets/x.yaml",
            DATASET.replace("name: x", "name: y"),
            "2: name: 'y' is not the file name, 'x'",
        ),
        (
            ".qanat/templates/htcondor/x.yaml",
            TEMPLATE,
            "3: runner: 'slurm' is not the folder name, 'htcondor'",
        ),
        (
            ".qanat/config.yaml",
            "schema: config/1\nresult_dir: ..\n",
            "2: result_dir: '..' is not a folder inside the project",
        ),
    ],
)
def test_what_is_named_has_to_be_there(world: World, path: str, text: str, expected: str) -> None:
    assert any(problem.startswith(expected) for problem in of_text(world, path, text))


def test_what_is_named_and_there_is_no_problem(world: World) -> None:
    world.write("data.csv", "1\n")
    world.write("plot.py", "")
    assert of_text(world, D, DATASET) == []
    assert of_text(world, D, f"{DATASET.replace('data.csv', '/nowhere')}check: false\n") == []
    assert of_text(world, D, f"{DATASET.replace('data.csv', 's3://b')}track: command\ncommand: sh\n") == []
    text = f"{EXPERIMENT}datasets: [x]\nactions:\n  p: {{executable: plot.py, executable_command: python3 -u}}\n"
    assert of_text(world, X, f"{text}formerly: [before]\n") == []
    assert of_text(world, ".qanat/templates/slurm/x.yaml", TEMPLATE) == []
    assert of_text(world, ".qanat/config.yaml", "schema: config/1\n") == []


@pytest.mark.parametrize(
    ("ignored", "path"),
    [("", "/nowhere/data"), ("", "../data"), ("", "~/nowhere"), ("data/\n", "data"), ("*.csv\n", "./data.csv")],
)
def test_data_that_a_clone_cannot_have_are_no_problem(world: World, ignored: str, path: str) -> None:
    world.write(".gitignore", ignored)
    assert of_text(world, D, DATASET.replace("data.csv", path)) == []
    assert of_text(world, D, f"{DATASET.replace('data.csv', path)}track: command\n") == [
        "1: command: is missing, with track: command"
    ]
    (note,) = absent.warnings(world.project, None)
    why = "git ignores it" if ignored else "it is outside of the repository"
    assert note.startswith(f"dataset x: {path} does not exist here, and {why}, so it is not part of a clone; ")
    assert absent.warnings(world.project, {X}) == []
    content = {"name": "x", "path": path}
    assert validate.reference_problems(world.project, "dataset", content) == [(("path",), f"{path} does not exist")]


def test_data_that_git_is_meant_to_have_are_a_problem_where_they_are_missing(world: World) -> None:
    assert of_text(world, D, DATASET) == ["3: path: data.csv does not exist"]
    world.commit(**{"data.csv": "1\n"})
    world.write(".gitignore", "*.csv\n")
    (world.root / "data.csv").unlink()
    assert of_text(world, D, DATASET) == ["3: path: data.csv does not exist"]
    assert absent.warnings(world.project, None) == []
    world.write(D, "name: [")
    assert absent.warnings(world.project, None) == []


def test_a_name_that_another_experiment_had_is_told(world: World) -> None:
    definition = (world.root / ".qanat/experiments/train.yaml").read_text()
    world.write(".qanat/experiments/train.yaml", definition + "formerly: [x]\n")
    assert of_text(world, X, EXPERIMENT) == ["2: name: experiment 'train' was formerly called 'x'"]


def test_a_name_that_two_experiments_had_is_told(world: World) -> None:
    definition = (world.root / ".qanat/experiments/train.yaml").read_text()
    world.write(".qanat/experiments/train.yaml", definition + "formerly: [older, old]\n")
    assert of_text(world, X, f"{EXPERIMENT}formerly: [old]\n") == [
        "4: item 1 of formerly: 'train' was also called 'old'"
    ]
    assert check(world, ".qanat/experiments/train.yaml") == [
        ".qanat/experiments/train.yaml:5: item 2 of formerly: 'x' was also called 'old'"
    ]


def test_references_are_those_of_the_work_tree_by_default(world: World) -> None:
    content = {"name": "x", "executable": "gone.sh", "datasets": []}
    assert validate.reference_problems(world.project, "experiment", content) == [
        (("executable",), "gone.sh does not exist")
    ]
    assert validate.reference_problems(world.project, "dataset", {"path": "train.sh"}) == []
    problems = validate.reference_problems(world.project, "dataset", {"path": "gone"})
    assert problems == [(("path",), "gone does not exist")]
    assert validate.reference_problems(world.project, "document", {"path": "gone"}) == problems


# ---- records


def test_a_record_that_is_right_has_no_problem(world: World) -> None:
    assert of_text(world, PLACE, run_codec.encode(RECORD).decode()) == []


def test_a_record_belongs_in_its_place(world: World) -> None:
    path = ".qanat/runs/train/0/5-7f3a9c.yaml"
    assert of_text(world, path, run_codec.encode(RECORD).decode()) == [f"2: id: 4-7f3a9c of train belongs in {PLACE}"]


def test_groups_are_numbered_from_zero(world: World) -> None:
    groups = (Group(0, (), State.FINISHED), Group(2, (), State.FINISHED))
    text = run_codec.encode(replace(RECORD, groups=groups)).decode()
    (found,) = of_text(world, PLACE, text)
    assert found.endswith(": groups: are not numbered 0, 1, 2, …")


def test_the_state_of_a_record_follows_from_its_groups(world: World) -> None:
    text = run_codec.encode(RECORD).decode().replace("\nstate: failed", "\nstate: finished")
    line = text.index("\nstate: ") and text[: text.index("\nstate: ")].count("\n") + 2
    expected = f"{line}: state: 'finished' does not match the groups, whose states give 'failed'"
    assert of_text(world, PLACE, text) == [expected]


def test_an_experiment_that_there_never_was_is_told(world: World) -> None:
    run = replace(RECORD, experiment="never")
    path = run_codec.path_of(run)
    text = run_codec.encode(run).decode()
    assert of_text(world, path, text) == ["3: experiment: experiment 'never' does not exist and never did"]
    world.write(".qanat/experiments/never.yaml", EXPERIMENT.replace("name: x", "name: never"))
    assert of_text(world, path, text) == []
    world.git("add", "--all")
    world.git("commit", "--quiet", "--message", "never")
    world.git("rm", "--quiet", "--force", ".qanat/experiments/never.yaml")
    assert of_text(world, path, text) == []


def test_a_record_may_have_a_name_that_its_experiment_had(world: World) -> None:
    definition = (world.root / ".qanat/experiments/train.yaml").read_text()
    world.write(".qanat/experiments/train.yaml", definition + "formerly: [old]\n")
    run = replace(RECORD, experiment="old")
    assert of_text(world, run_codec.path_of(run), run_codec.encode(run).decode()) == []


@pytest.mark.parametrize("moment", ["2026-99-23T05:17:56.001+00:00", "2026-11-23T05:17:56.001"])
def test_what_no_record_can_hold_is_told_with_its_place(world: World, moment: str) -> None:
    text = run_codec.encode(RECORD).decode().replace("created: 2026-11-23T05:17:55+00:00", f"created: {moment}")
    (found,) = of_text(world, PLACE, text)
    assert found.startswith("6: created: ")
