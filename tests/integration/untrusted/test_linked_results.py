"""A program that puts a link in the place of its results gets nothing written where the link leads."""

from __future__ import annotations

import shlex
import shutil
from pathlib import Path

import pytest

from tests.support.sandbox import Sandbox

# The program's last argument is the directory of its group.
PLACES = {
    "the run's": ('"$3"', "results/mean/run_1"),
    "the experiment's": ('"$(dirname "$3")"', "results/mean"),
    "the folder for results": ('"$(dirname "$(dirname "$3")")"', "results"),
}


@pytest.fixture
def target(tmp_path: Path) -> Path:
    """Return a folder of somebody else's."""
    (tmp_path / "target").mkdir()
    return tmp_path / "target"


def files_in(folder: Path) -> list[Path]:
    """List the files in a folder."""
    return [path for path in folder.rglob("*") if not path.is_dir()]


@pytest.mark.parametrize(("place", "named"), PLACES.values(), ids=PLACES)
def test_the_end_of_a_run_is_not_written_through_a_link(sandbox: Sandbox, target: Path, place: str, named: str) -> None:
    program = f'mkdir -p "$1/run_1" "$1/mean/run_1"; place={place}; rm -r "$place"; ln -s "$1" "$place"\n'
    sandbox.experiment("mean", program)
    said = sandbox.qanat("run", "mean", str(target), code=None).err
    assert f"run_1/info.yaml: {sandbox.root}/{named} is a symbolic link" in said
    assert not [path for path in files_in(target) if path.name != "completion.json"]


@pytest.mark.parametrize("place", ["group_1", "group_1/attempts"])
def test_a_retry_of_a_group_writes_nothing_through_a_link(sandbox: Sandbox, target: Path, place: str) -> None:
    sandbox.experiment("mean", "exit 1\n")
    sandbox.qanat("run", "mean", "-R", "--seed 0,1", code=1)
    link = sandbox.root / "results/mean/run_1" / place
    shutil.rmtree(link, ignore_errors=True)
    link.symlink_to(target)
    said = sandbox.qanat("retry", "1", "--group", "1", code=1).err
    assert f"{link} is a symbolic link" in said
    assert "hint: remove the link, or replace it with what it points to" in said
    assert files_in(target) == []
    assert [group.get("attempt", 1) for group in sandbox.record(1)["groups"]] == [1, 1]
    link.unlink()
    link.mkdir()
    sandbox.qanat("retry", "1", "--group", "1", code=1)
    assert [group.get("attempt", 1) for group in sandbox.record(1)["groups"]] == [1, 2]


def test_an_action_is_not_noted_through_a_link(sandbox: Sandbox, target: Path) -> None:
    swap = {"executable": "swap.sh", "executable_command": "sh"}
    sandbox.write("swap.sh", f'rm -r "$2"; ln -s {shlex.quote(str(target))} "$2"\n')
    sandbox.experiment("mean", "exit 0\n", actions={"swap": swap})
    sandbox.qanat("run", "mean")
    said = sandbox.qanat("action", "mean", "swap", "1", code=None).err
    folder = sandbox.root / "results/mean/run_1"
    assert f"cannot write {folder}/actions.yaml: {folder} is a symbolic link" in said
    assert files_in(target) == []
