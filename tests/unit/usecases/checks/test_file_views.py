"""The files of a project as they are on disk, or as the next commit will have them."""

from __future__ import annotations

from pathlib import Path

import pytest

from qanat.errors import InputInvalid
from qanat.git.staged import Staged
from qanat.usecases.checks.file_views import Files, InGit, OnDisk
from tests.support.world import World


@pytest.fixture
def staged(world: World) -> InGit:
    """Stage one of each, and view what the next commit will have."""
    world.write("staged.txt", "staged")
    world.write("folder/inner.txt", "inner")
    world.write("ignored.log", "ignored")
    world.write(".gitignore", "*.log\n")
    (world.root / "link").symlink_to("nowhere")
    world.git("add", "--all")
    world.git("update-index", "--add", "--cacheinfo", f"160000,{world.git('rev-parse', 'HEAD')},vendor")
    world.write("vendor/deep/file.txt", "vendor")
    world.write("untracked.txt", "untracked")
    world.write("staged.txt", "changed since")
    (world.root / "link").unlink()
    return InGit(Staged(world.project.location))


@pytest.fixture
def on_disk(world: World) -> OnDisk:
    (world.root / "link").symlink_to("nowhere")
    return OnDisk(world.root)


def test_on_disk_what_is_there_is_there(on_disk: OnDisk) -> None:
    assert on_disk.read("train.sh", 100) == b'echo "$@"\n'
    assert (on_disk.is_file("train.sh"), on_disk.is_file(".qanat"), on_disk.is_file("gone")) == (True, False, False)
    assert (on_disk.exists("train.sh"), on_disk.exists(".qanat"), on_disk.exists("gone")) == (True, True, False)
    assert (on_disk.is_link("link"), on_disk.is_link("train.sh")) == (True, False)
    assert on_disk.absence("gone") == "does not exist"
    assert on_disk.absence(".qanat") == "is not a file"


@pytest.mark.parametrize("view", ["staged", "on_disk"])
def test_a_file_that_is_too_large_is_refused(view: str, request: pytest.FixtureRequest) -> None:
    files: Files = request.getfixturevalue(view)
    size = len(files.read("train.sh", 100))
    assert len(files.read("train.sh", size)) == size
    with pytest.raises(InputInvalid, match=r"train\.sh: is larger than 0 MiB"):
        files.read("train.sh", size - 1)


def test_in_git_what_is_staged_counts(staged: InGit) -> None:
    assert staged.read("staged.txt", 100) == b"staged"
    assert staged.read("folder/inner.txt", 100) == b"inner"
    assert set(staged.entries) >= {"staged.txt", "folder/inner.txt", "link", "vendor", ".gitignore"}
    assert "untracked.txt" not in staged.entries


def test_bytes_that_were_fetched_together_are_the_same(staged: InGit) -> None:
    staged.fetch(["staged.txt", "gone", "folder/inner.txt"])
    assert staged.read("staged.txt", 100) == b"staged"
    assert staged.read("train.sh", 100) == b'echo "$@"\n'
    with pytest.raises(InputInvalid, match=r"staged\.txt: is larger than 0 MiB"):
        staged.read("staged.txt", 5)


def test_bytes_that_were_fetched_are_not_read_again(staged: InGit, world: World) -> None:
    staged.fetch(["staged.txt"])
    blob = staged.entries["staged.txt"].blob
    (world.root / ".git/objects" / blob[:2] / blob[2:]).unlink()
    assert staged.read("staged.txt", 100) == b"staged"


def test_what_git_has_not_is_read_from_disk(staged: InGit, world: World) -> None:
    assert staged.read("untracked.txt", 100) == b"untracked"
    with pytest.raises(InputInvalid, match="no such file"):
        staged.read("gone", 100)


def test_a_link_of_gits_is_one_though_nothing_is_on_disk(staged: InGit, world: World) -> None:
    assert staged.is_link("link")
    assert not staged.is_link("staged.txt")
    (world.root / "untracked-link").symlink_to("nowhere")
    assert staged.is_link("untracked-link")


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("staged.txt", True),
        ("link", True),
        ("vendor", False),
        ("vendor/deep/file.txt", True),
        ("vendor/deep/gone.txt", False),
        ("ignored.log", True),
        ("untracked.txt", False),
        ("folder", False),
        ("gone.log", False),
        ("gone", False),
    ],
)
def test_a_file_is_one_of_gits_or_one_that_git_is_not_to_have(staged: InGit, path: str, expected: bool) -> None:
    assert staged.is_file(path) is expected


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("staged.txt", True),
        ("folder", True),
        ("folder/", True),
        ("fold", False),
        ("untracked.txt", True),
        ("gone", False),
    ],
)
def test_what_exists_is_in_git_or_on_disk(staged: InGit, world: World, path: str, expected: bool) -> None:
    assert staged.exists(path) is expected
    for file in (world.root / "folder").iterdir():
        file.unlink()
    (world.root / "folder").rmdir()
    assert staged.exists(path) is expected


def test_why_there_is_no_file_is_said(staged: InGit) -> None:
    assert staged.absence("untracked.txt") == "is not tracked by git"
    assert staged.absence("gone") == "does not exist"


def test_a_commit_is_viewed_as_it_is(staged: InGit, world: World) -> None:
    view = InGit(Staged(world.project.location, world.head))
    assert "staged.txt" not in view.entries
    assert view.read("train.sh", 100) == b'echo "$@"\n'
    assert not Path(world.root / "nowhere").exists()
