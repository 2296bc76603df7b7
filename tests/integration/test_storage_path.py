"""Where results may go: `--storage-path` keeps away from the project, from other runs, and from what others own."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from tests.integration.life.copies import copy_of
from tests.support.sandbox import Sandbox

NEW = "use a new folder for each run"
OUTSIDE = f"{NEW}, outside of the project"


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Sandbox:
    """Return a project with an experiment, tracked code and links."""
    sandbox = Sandbox.make(tmp_path_factory.mktemp("built") / "project")
    sandbox.write("src/code.py", "")
    sandbox.write("src/inner/code.py", "")
    (sandbox.root / "tracked").symlink_to("../elsewhere")
    (sandbox.root / "inward").symlink_to("src")
    (sandbox.root.parent / "elsewhere").mkdir()
    sandbox.experiment("e", "echo hello")
    return sandbox


@pytest.fixture
def house(built: Sandbox, tmp_path: Path) -> Sandbox:
    """Return a copy of that project."""
    return copy_of(built, tmp_path / "copy")


def everything(house: Sandbox) -> list[str]:
    """List what is around the project, without what a look leaves in qanat's own folder."""
    found = (str(path) for path in house.root.parent.rglob("*"))
    return sorted(path for path in found if "/.git/" not in path and "/.qanat/cache" not in path)


@pytest.mark.parametrize("way", ["relative", "absolute", "dry run"])
@pytest.mark.parametrize(
    ("path", "problem"),
    [
        ("results", "is the result folder"),
        ("results/", "is the result folder"),
        ("results/mine", "lies in the result folder, where qanat itself creates a folder for each run"),
        ("results/mine/inner", "lies in the result folder, where qanat itself creates a folder for each run"),
        ("src/../results/mine", "lies in the result folder, where qanat itself creates a folder for each run"),
        (".", "is the project"),
        ("..", "contains the project"),
        ("../..", "contains the project"),
        (".git", "lies in .git"),
        (".git/x", "lies in .git"),
        (".GIT/x", "lies in .GIT"),
        (".qanat/foo", "lies in .qanat"),
        ("results/../data", "is not ignored by git"),
        ("out1", "is not ignored by git"),
        ("src/st", "is not ignored by git"),
        ("src", "contains src/code.py, which git tracks"),
        ("src/inner", "contains src/inner/code.py, which git tracks"),
        ("inward/inner", "contains src/inner/code.py, which git tracks"),
        ("inward/new", "is not ignored by git"),
        ("tracked/x", "leads through tracked, a symbolic link in git"),
    ],
)
def test_a_path_that_could_do_harm_is_refused(house: Sandbox, path: str, problem: str, way: str) -> None:
    before = everything(house)
    given = f"{house.root}/{path}" if way == "absolute" else path
    words = ["--dry-run"] if way == "dry run" else []
    result = house.qanat("run", "e", *words, "--storage_path", given, code=2)
    shown = os.path.normpath(house.root / path)
    assert result.err.startswith(f"qanat: --storage-path {shown} {problem}\n  hint: ")
    assert len(result.err.splitlines()) == 2
    assert OUTSIDE in result.err
    assert everything(house) == before


def test_the_hint_names_the_rule_that_gitignore_needs(house: Sandbox) -> None:
    result = house.qanat("run", "e", "--storage_path", "src/out 1", code=2)
    assert f"hint: add /src/out 1/ to .gitignore and commit that, or {OUTSIDE}\n" in result.err
    house.write(".gitignore", (house.root / ".gitignore").read_text() + "/src/out 1/\n")
    house.commit()
    house.qanat("run", "e", "--storage_path", "src/out 1")
    assert house.record()["storage"] == "src/out 1"
    assert house.status() == ""
    house.qanat("delete", "1", "--yes")
    assert not (house.root / "src/out 1").exists()


def test_home_and_root_are_refused_and_a_tilde_is_the_home(house: Sandbox, home: Path) -> None:
    for given, problem in (("~", "is your home directory"), (str(home), "is your home directory")):
        result = house.qanat("run", "e", "--storage_path", given, code=2)
        assert f"--storage-path {home} {problem}" in result.err or "contains the project" in result.err
    assert "contains the project" in house.qanat("run", "e", "--storage_path", "/", code=2).err
    house.qanat("run", "e", "--storage_path", "~/out of home")
    assert house.record()["storage"] == f"{home}/out of home"
    assert not (house.root / "~").exists()
    house.qanat("delete", "1", "--yes")
    assert not (home / "out of home").exists()


def test_another_runs_directory_is_refused_whether_it_is_there_or_not(house: Sandbox) -> None:
    out = house.root.parent / "out"
    house.qanat("run", "e", "--storage_path", str(out / "a"))
    run = house.record()["id"]
    for path, problem, hint in (
        (out / "a", "is not an empty folder", NEW),
        (out / "a/inner", f"lies in the results of run {run}", OUTSIDE),
        (out, "is not an empty folder", NEW),
    ):
        result = house.qanat("run", "e", "--storage_path", str(path), code=2)
        assert result.err == f"qanat: --storage-path {path} {problem}\n  hint: {hint}\n"
    (out / "a").rename(house.root.parent / "moved")
    out.rmdir()
    for path, how in ((out, "contains"), (out / "a", "is"), (out / "a/inner", "lies in")):
        result = house.qanat("run", "e", "--storage_path", str(path), code=2)
        assert result.err.startswith(f"qanat: --storage-path {path} {how} the storage directory of run {run}\n")


def test_two_runs_at_once_do_not_get_nested_directories(house: Sandbox) -> None:
    out = house.root.parent / "out"
    started = [
        house.start("run", "e", "--storage_path", str(path)) for path in (out, out / "inner", out / "inner/most")
    ]
    codes = sorted(process.wait() for process in started)
    for process in started:
        process.communicate()
    assert codes.count(0) >= 1
    storages = [Path(record["storage"]) for record in house.records()]
    assert len(storages) == codes.count(0)
    assert not any(a != b and a.is_relative_to(b) for a in storages for b in storages)


def test_a_folder_that_existed_is_written_into_and_never_removed(house: Sandbox) -> None:
    mine = house.root.parent / "mine"
    mine.mkdir()
    house.qanat("run", "e", "--storage_path", str(mine))
    house.qanat("retry", "1", "--group", "0")
    assert (mine / "attempts/1/stdout.txt").exists()
    result = house.qanat("delete", "1", "--yes")
    assert (
        f"kept {mine}: it existed before the run; if only this run needs it, remove it yourself: rm -r {mine}"
        in result.err
    )
    assert (mine / "stdout.txt").exists()
    assert house.records() == []


def test_a_folder_that_was_created_is_removed_and_its_parents_stay(house: Sandbox) -> None:
    out = house.root.parent / "new/deep"
    house.qanat("run", "e", "--storage_path", str(out))
    house.qanat("delete", "1", "--yes")
    assert not out.exists()
    assert out.parent.is_dir()


@pytest.mark.parametrize("kind", ["the folder for results", "the folder of the experiment"])
def test_results_are_not_written_through_a_link_in_git(house: Sandbox, kind: str) -> None:
    link = house.root / ("results" if "for results" in kind else "results/e")
    link.parent.mkdir(exist_ok=True)
    link.symlink_to(house.root.parent / "elsewhere")
    name = str(link.relative_to(house.root))
    house.git("add", "--force", name)
    house.git("commit", "--quiet", "--message", "a link")
    result = house.qanat("run", "e", code=2)
    assert f"{name} is a symbolic link in git, and results would be written where it leads" in result.err
    assert f"hint: remove it from git: git rm --cached -- {name}\n" in result.err
    assert list((house.root.parent / "elsewhere").iterdir()) == []


def test_results_behind_a_link_of_the_users_are_removed_there(house: Sandbox) -> None:
    scratch = house.root.parent / "scratch"
    scratch.mkdir()
    (house.root / "results").symlink_to(scratch)
    house.qanat("run", "e")
    house.qanat("run", "e")
    house.qanat("delete", "1", "--yes")
    assert [path.name for path in (scratch / "e").iterdir()] == ["run_2"]
    assert (house.root / "results").is_symlink()


def test_a_run_that_cannot_start_leaves_what_was_there_and_nothing_else(house: Sandbox) -> None:
    mine = house.root.parent / "mine"
    mine.mkdir()
    (house.root / ".git/refs/qanat").touch()  # no snapshot can be kept
    house.write("e.sh", "echo changed")
    for path in (mine, house.root.parent / "new/deep"):
        house.qanat("run", "e", "--snapshot", "--storage_path", str(path), code=None)
    assert list(mine.iterdir()) == []
    assert not (house.root.parent / "new").exists()
    assert house.records() == []
