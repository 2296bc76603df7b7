"""The keys of groups: the same for what executes the same, wherever and however it is started."""

from __future__ import annotations

from typing import Any

import pytest

from qanat.domain.run import Run
from qanat.errors import InputInvalid
from tests.support.world import World
from tests.unit.usecases.data.datasets import dataset
from tests.unit.usecases.launch.test_rerun import again, retried


def keys(run: Run) -> list[str | None]:
    """List the keys of a run's groups."""
    return [group.key for group in run.groups]


def test_what_is_no_part_of_a_key_leaves_it_as_it_is(world: World) -> None:
    first = world.launch("a", "b")
    others = [
        world.launch("a", "b"),
        world.launch("a", "b", tags=("t",), description="d", storage_path=world.root.parent / "elsewhere"),
        world.launch("a", "b", revision="HEAD"),
        world.launch(groups=("a b", "c"), n_threads=2),
        world.launch("a", "b", runner="world"),
        again(world),
    ]
    assert first.groups[0].key
    assert {run.groups[0].key for run in others} == {first.groups[0].key}
    assert {run.key for run in others} == {first.key}
    assert world.recorded(1) == first


def test_definitions_count_for_what_they_come_to(world: World) -> None:
    first = world.launch()
    dataset(world, "rain", "s3://rain")
    world.set(untracked="note")
    assert keys(world.launch()) == keys(first)
    content = "schema: experiment/1\nname: train\nexecutable: train.sh\nexecutable_command: sh -e\n"
    world.commit(**{".qanat/experiments/train.yaml": content})
    other = world.launch()
    assert (other.key.code == first.key.code, other.key.command == first.key.command) == (True, False)


def test_any_other_code_makes_another_key(world: World) -> None:
    first = world.launch()
    world.commit(**{"README.md": "text"})
    second = world.launch()
    assert first.key.code != second.key.code
    assert (first.key.command, first.key.data) == (second.key.command, second.key.data)


@pytest.mark.parametrize("paths", [["src/", "lib/a.sh"], ["./src", "lib/../lib/a.sh", "src"]])
def test_code_can_be_narrowed_to_paths_and_the_program(world: World, paths: list[str]) -> None:
    world.commit(**{"src/x/b.sh": "1\n", "lib/a.sh": "1\n", "lib/other.sh": "1\n"})
    world.experiment("exit 0\n", code={"paths": paths})
    first = world.launch()
    world.commit(**{"README.md": "text", "lib/other.sh": "2\n"})
    assert keys(world.launch()) == keys(first)
    for path in ("src/x/b.sh", "lib/a.sh", "train.sh"):
        world.commit(**{path: "exit 0 \n"})
        (path_changed,) = keys(world.launch())
        assert path_changed not in keys(first)
        world.git("checkout", "--quiet", "HEAD~2", "--", path)
        world.git("commit", "--quiet", "--message", "back")
    (world.root / "src/x/b.sh").chmod(0o755)
    world.git("commit", "--quiet", "--all", "--message", "mode")
    assert keys(world.launch()) != keys(first)


def test_the_whole_repository_can_be_named(world: World) -> None:
    first = world.launch()
    world.experiment("exit 0\n", code={"paths": ["."]})
    second = world.launch()
    world.experiment("exit 0\n")
    assert world.launch().key.code == second.key.code != first.key.code


@pytest.mark.parametrize(
    ("path", "message"),
    [
        ("../outside", r"experiment train: code: paths: \.\./outside is not inside the project"),
        ("/etc", r"/etc is not inside the project"),
        ("gone", r"code: paths: gone does not exist"),
        ("local", r"code: paths: local is not in commit [0-9a-f]{10}"),
    ],
)
def test_paths_of_code_are_those_of_files_in_git(world: World, path: str, message: str) -> None:
    world.commit(**{".gitignore": "/local\n/results\n.qanat/cache/\n"})
    world.write("local", "")
    world.experiment("exit 0\n", code={"paths": [path]})
    with pytest.raises(InputInvalid, match=message):
        world.launch()
    assert not list(world.root.glob(".qanat/runs/*/*/*"))


@pytest.mark.parametrize("keywords", [{}, {"revision": "HEAD"}])
def test_data_of_the_project_are_the_same_in_a_checkout(world: World, keywords: dict[str, Any]) -> None:
    world.commit(**{"data/a.csv": "1\n"})
    dataset(world, "rain", "data")
    world.experiment("exit 0\n", datasets=["rain"])
    first = world.launch(**keywords)
    assert keys(world.launch()) == keys(first) != [None]
    world.commit(**{"data/a.csv": "2\n"})
    assert world.launch().key.data != first.key.data


def test_data_that_cannot_be_read_leave_no_key(world: World) -> None:
    dataset(world, "rain", "rain", track="command", command="false")
    world.write("rain/a", "")
    world.experiment("exit 0\n", datasets=["rain"])
    run = world.launch()
    assert (run.key.data, keys(run)) == (None, [None])
    assert run.key.code


def test_the_parameters_file_counts_with_its_content(world: World) -> None:
    file = world.root.parent / "p.toml"
    file.write_text("a = 1\n")
    first = world.launch(parameters_file=file)
    assert keys(again(world)) == keys(first)
    file.write_text("a = 2\n")
    assert keys(world.launch(parameters_file=file)) != keys(first)


def test_a_retry_has_the_key_of_the_data_that_it_reads(world: World) -> None:
    world.commit(**{".gitignore": "*.bin\nresults/\n.qanat/cache/\n"})
    world.write("a.bin", "1")
    world.write("b.bin", "1")
    world.experiment("exit 1\n")
    first = world.launch(groups=("a.bin", "b.bin"))
    assert keys(retried(world)) == keys(first)
    world.write("a.bin", "2")
    second = retried(world)
    assert (second.key, second.groups[1].key) == (first.key, first.groups[1].key)
    assert second.groups[0].key not in (first.groups[0].key, None)
    assert keys(world.launch(groups=("a.bin", "b.bin"))) == keys(second)
