"""Results stay out of git, whatever their folder is called and however it is linked."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from qanat.domain.layout import ignore_rule, is_for_results
from qanat.errors import InputInvalid, WriteFailed
from qanat.usecases.launch.code import Uncommitted
from qanat.usecases.project import open_project
from tests.support.world import World


def with_results_in(world: World, folder: str) -> None:
    """Set the folder for results."""
    world.write(".qanat/config.yaml", f"schema: config/1\nresult_dir: {folder!r}\n")
    world.commit()


def ignore(world: World, line: str) -> None:
    """Replace the rule for results in `.gitignore` by another one."""
    kept = [rule for rule in (world.root / ".gitignore").read_text().splitlines() if "results" not in rule]
    world.write(".gitignore", "\n".join([*kept, line, ""]))
    world.commit()


def exclude(world: World) -> list[str]:
    """List the repository's own rules for what git is to ignore."""
    return (world.root / ".git/info/exclude").read_text().splitlines()


@pytest.mark.parametrize(
    "folder", ["out", "./out/", "deep/er/out", "a[1]*?", "with space", "ends in space ", "#x", "!y"]
)
def test_a_folder_that_is_not_ignored_becomes_so_and_nothing_in_it_is_committed(world: World, folder: str) -> None:
    with_results_in(world, folder)
    run = world.launch()
    assert (world.root / run.storage / "stdout.txt").is_file()
    assert world.git("status", "--porcelain") == ""
    world.write("train.sh", "true\n")
    world.launch(uncommitted=Uncommitted("message"))
    world.git("add", "--all")
    assert world.git("ls-files", "--", f":(literal){Path(folder)}") == ""
    assert len([line for line in exclude(world) if line.startswith("/")]) == 1


@pytest.mark.parametrize("line", ["/results", "/results/", "results/", "res*", "results"])
def test_a_folder_that_is_ignored_needs_no_rule(world: World, line: str) -> None:
    ignore(world, line)
    before = (world.root / ".git/info").exists()
    world.launch()
    assert (world.root / ".git/info").exists() == before
    assert world.git("status", "--porcelain") == ""


@pytest.mark.parametrize("line", ["/results/", "results/", ""])
def test_a_link_in_the_place_of_the_folder_is_ignored_too(world: World, tmp_path: Path, line: str) -> None:
    ignore(world, line)
    (tmp_path / "scratch").mkdir()
    (world.root / "results").symlink_to(tmp_path / "scratch")
    run = world.launch()  # the link alone makes the tree dirty for git, and not for qanat
    assert run.storage == "results/train/run_1"
    assert (tmp_path / "scratch/train/run_1/stdout.txt").is_file()
    assert world.git("status", "--porcelain") == ""
    world.write("train.sh", "true\n")
    assert world.launch(uncommitted=Uncommitted(snapshot=True)).storage == "results/train/run_2"
    assert world.git("log", "--all", "--format=", "--name-only", "--", "results") == ""


def test_a_link_above_the_folder_is_ignored(world: World, tmp_path: Path) -> None:
    with_results_in(world, "big/out")
    (tmp_path / "scratch").mkdir()
    (world.root / "big").symlink_to(tmp_path / "scratch")
    assert world.launch().storage == "big/out/train/run_1"
    assert exclude(world)[-1] == "/big"
    assert world.git("status", "--porcelain") == ""


def test_a_link_to_nothing_is_told_with_what_to_create(world: World, tmp_path: Path) -> None:
    (world.root / "results").symlink_to(tmp_path / "not there")
    with pytest.raises(InputInvalid, match=r"results is a link to .*/not there, which does not exist") as error:
        world.launch()
    assert error.value.hint == f"create it: mkdir -p '{tmp_path}/not there'"


def test_where_files_are_tracked_only_runs_are_ignored(world: World) -> None:
    with_results_in(world, "src")
    world.commit(**{"src/code.py": ""})
    world.launch()
    assert exclude(world)[-1] == "/src/*/run_*"
    world.write("src/new.py")
    assert world.git("status", "--porcelain") == "?? src/new.py"


def test_a_storage_directory_inside_the_project_must_be_ignored(world: World) -> None:
    with pytest.raises(InputInvalid, match="exp/st is not ignored by git") as error:
        world.launch(storage_path=world.root / "exp/st")
    assert error.value.hint.startswith("add /exp/st/ to .gitignore and commit that, or use a new folder for each run, ")
    world.write(".git/info/exclude", "/exp/st/\n")
    run = world.launch(storage_path=world.root / "exp/st")
    assert run.storage == "exp/st"
    assert world.git("status", "--porcelain") == ""


def test_a_storage_directory_elsewhere_needs_no_rule(world: World, tmp_path: Path) -> None:
    run = world.launch(storage_path=tmp_path / "elsewhere")
    assert run.storage == str(tmp_path / "elsewhere")
    assert not (world.root / ".git/info").exists() or "elsewhere" not in "".join(exclude(world))


def test_a_rule_that_cannot_be_written_stops_the_run_and_leaves_nothing(world: World) -> None:
    with_results_in(world, "out")
    shutil.rmtree(world.root / ".git/info", ignore_errors=True)
    (world.root / ".git/info").touch()
    with pytest.raises(WriteFailed, match="info/exclude"):
        world.launch()
    assert list((world.root / "out").glob("*/*")) == []
    assert list(world.root.glob(".qanat/runs/*/*/*")) == []


@pytest.mark.parametrize("folder", ["~/out", "~", "~ada/out", "a\nb", "../out", "/out", ".", ".git/x", ".qanat/x"])
def test_some_folders_are_not_for_results(world: World, folder: str) -> None:
    assert not is_for_results(folder)
    with_results_in(world, "x")
    world.write(".qanat/config.yaml", f'schema: config/1\nresult_dir: "{folder}"\n'.replace("a\nb", r"a\nb"))
    with pytest.raises(InputInvalid, match="is not a folder inside the project") as error:
        _ = open_project(world.root).config
    assert error.value.hint.endswith("ln -s /scratch/me results")


def test_a_rule_is_no_pattern() -> None:
    assert [ignore_rule(path) for path in ("a/b/", "a[1]", "b ", "c*?\\")] == [
        "/a/b",
        r"/a\[1\]",
        "/b\\ ",
        r"/c\*\?\\",
    ]
