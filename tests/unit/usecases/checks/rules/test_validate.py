"""The rule validate: changed files follow their schemas as committed, and nothing names what was deleted."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from qanat.records import run_codec
from qanat.usecases.checks.rules import validate
from qanat.usecases.checks.scope import scope_of
from tests.support.world import World
from tests.unit.records.example import RUN

TRAIN = ".qanat/experiments/train.yaml"
DATA = ".qanat/datasets/data.yaml"
EXPERIMENT = "schema: experiment/1\nname: {}\nexecutable: train.sh\n"
DATASET = "schema: dataset/1\nname: data\npath: data.csv\n"


def check(world: World, *names: str, since: str | None = None) -> list[str]:
    """List the findings, each as one line."""
    return [str(finding) for finding in validate.check(scope_of(world.project, since), names)]


def commit(world: World, **files: str) -> None:
    """Commit the definition of a dataset with its data."""
    world.write("data.csv", "1\n")
    world.write(DATA, DATASET)
    for path, text in files.items():
        world.write(path, text)
    world.git("add", "--all")
    world.git("commit", "--quiet", "--message", "data")


def told(path: str, line: int, problem: str) -> str:
    """Return the line for a problem of a definition."""
    return f"{path}:{line}: validate: {problem}; fix it, then: git add {path}"


def test_a_file_that_keeps_to_its_schema_is_fine(world: World) -> None:
    assert check(world, TRAIN, ".qanat/config.yaml") == []


def test_nothing_to_check_makes_nothing(world: World, tmp_path: Path) -> None:
    world.git("rm", "-rq", "--cached", ".qanat")
    world.git("commit", "--quiet", "--message", "away")
    (world.root / ".qanat").rename(tmp_path / "away")
    from qanat.usecases.checks.scope import project_at

    assert validate.check(scope_of(project_at(world.root)), []) == []
    assert not (world.root / ".qanat").exists()


def test_a_problem_has_its_line_its_key_and_a_remedy(world: World) -> None:
    world.write(TRAIN, EXPERIMENT.format("other"))
    world.git("add", "--all")
    assert check(world, TRAIN) == [told(TRAIN, 2, "name: 'other' is not the file name, 'train'")]


def test_a_problem_without_a_key_has_none(world: World) -> None:
    path = ".qanat/my file.yaml"
    world.write(path, "a: 1\n")
    world.git("add", "--all")
    (found,) = check(world, path)
    assert found.startswith(f"{path}:1: validate: is not expected here")
    assert found.endswith("; fix it, then: git add '.qanat/my file.yaml'")


def test_a_record_is_not_for_people_to_correct(world: World) -> None:
    run = replace(RUN, experiment="never")
    path = run_codec.path_of(run)
    world.write(path, run_codec.encode(run).decode())
    world.git("add", "--all")
    (found,) = check(world, path)
    assert found.endswith("; records are written by qanat: restore what it wrote, or repeat the run")


def test_what_is_staged_counts_and_not_what_lies_on_disk(world: World) -> None:
    good = (world.root / TRAIN).read_text()
    world.write(TRAIN, EXPERIMENT.format("other"))
    assert check(world, TRAIN) == []
    world.git("add", "--all")
    world.write(TRAIN, good)
    assert len(check(world, TRAIN)) == 1


def test_what_is_named_has_to_be_in_git_or_ignored(world: World) -> None:
    world.write("new.sh", "")
    world.write(TRAIN, EXPERIMENT.format("train").replace("train.sh", "new.sh"))
    world.git("add", TRAIN)
    assert check(world, TRAIN) == [told(TRAIN, 3, "executable: new.sh is not tracked by git")]
    world.git("add", "new.sh")
    cannot = "executable: new.sh is not executable; chmod +x it, or set executable_command"
    assert check(world, TRAIN) == [told(TRAIN, 3, cannot)]
    world.git("update-index", "--chmod=+x", "new.sh")
    assert check(world, TRAIN) == []


def test_a_file_that_git_has_not_is_read_from_disk_and_one_that_is_nowhere_is_passed_over(world: World) -> None:
    path = ".qanat/experiments/new.yaml"
    assert check(world, path) == []
    world.write(path, "- a\n")
    assert check(world, path) == [told(path, 1, "a list is not a mapping")]
    (world.root / path).unlink()
    (world.root / path).symlink_to("nowhere")
    assert check(world, path) == [told(path, 1, "is a symbolic link")]


# ---- what has gone


def test_a_program_that_goes_is_missed_by_what_names_it(world: World) -> None:
    world.git("rm", "--quiet", "train.sh")
    assert check(world) == [told(TRAIN, 3, "executable: train.sh no longer exists")]


def test_the_program_of_an_action_that_goes_is_missed(world: World) -> None:
    text = (world.root / TRAIN).read_text()
    world.write("plot.py", "")
    world.write(TRAIN, f"{text}actions:\n  plot:\n    executable: plot.py\n")
    world.git("add", "--all")
    world.git("commit", "--quiet", "--message", "plot")
    world.git("rm", "--quiet", "plot.py")
    assert check(world) == [told(TRAIN, 7, "actions.plot.executable: plot.py no longer exists")]


def test_a_dataset_that_goes_is_missed(world: World) -> None:
    text = (world.root / TRAIN).read_text()
    commit(world)
    world.write(TRAIN, f"{text}datasets: [data]\n")
    world.git("commit", "-aqm", "datasets")
    world.git("rm", "--quiet", DATA)
    assert check(world) == [told(TRAIN, 5, "item 1 of datasets: dataset 'data' no longer exists")]


@pytest.mark.parametrize("path", ["data.csv", "folder/", "folder"])
def test_data_that_go_are_missed(world: World, path: str) -> None:
    world.write("folder/a.csv", "1\n")
    world.write("folder/b.csv", "1\n")
    commit(world)
    commit(world, **{DATA: DATASET.replace("data.csv", path), "more.txt": ""})
    first = path if path == "data.csv" else "folder/a.csv"
    world.git("rm", "--quiet", first)
    if path != "data.csv":
        assert check(world) == []
        world.git("rm", "--quiet", "folder/b.csv")
    assert check(world) == [told(DATA, 3, f"path: {path.rstrip('/')} no longer exists")]


def test_data_that_stay_on_disk_are_not_missed(world: World) -> None:
    commit(world)
    world.git("rm", "--quiet", "--cached", "data.csv")
    assert check(world) == []


def test_a_file_whose_name_only_begins_like_the_data_is_not_missed(world: World) -> None:
    world.write("data.csv.gz", "")
    commit(world)
    world.git("rm", "--quiet", "data.csv.gz")
    assert check(world) == []


def test_what_is_checked_itself_is_not_told_twice(world: World) -> None:
    text = (world.root / TRAIN).read_text()
    world.write(TRAIN, f"{text}tags: [a]\n")
    world.git("add", "--all")
    world.git("rm", "--quiet", "train.sh")
    assert check(world, TRAIN) == [told(TRAIN, 3, "executable: train.sh does not exist")]


def test_a_definition_that_goes_itself_misses_nothing(world: World) -> None:
    world.git("rm", "--quiet", "train.sh", TRAIN)
    assert check(world) == []


@pytest.mark.parametrize("text", ["a: [\n", "- a\n", "executable: [a]\nactions: 5\ndatasets: 5\n", "actions: {p: 5}\n"])
def test_a_definition_that_makes_no_sense_is_another_matter(world: World, text: str) -> None:
    world.write(TRAIN, text)
    world.git("commit", "-aqm", "nonsense")
    world.git("rm", "--quiet", "train.sh")
    assert check(world) == []


def test_only_what_has_gone_since_is_missed(world: World) -> None:
    start = world.head
    world.git("rm", "--quiet", "train.sh")
    world.git("commit", "--quiet", "--message", "gone")
    assert check(world) == []
    assert check(world, since=start) == [told(TRAIN, 3, "executable: train.sh no longer exists")]
