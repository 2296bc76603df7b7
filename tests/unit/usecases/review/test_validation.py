"""Looking up a few files of a commit gives the same answers as listing all of them, as the hooks do."""

from __future__ import annotations

import pytest

from qanat.git import command, worktree
from qanat.git.staged import Staged
from qanat.usecases.checks.file_views import InGit
from qanat.usecases.review.validation import InCommit
from tests.support.world import World

PATHS = (
    *("train.sh", "data", "data/", "data/a.csv", "link", "untracked.py", "ignored.csv", "nowhere", "nowhere/x", "."),
    *("/etc", "../x", ".qanat/experiments/train.yaml", "data/../train.sh"),
)


@pytest.mark.parametrize("path", PATHS)
def test_a_few_files_of_a_commit_are_what_the_hooks_see(world: World, path: str) -> None:
    root = world.project.root
    world.write("data/a.csv", "1\n")
    world.write(".gitignore", "ignored.csv\n")
    (root / "link").symlink_to("train.sh")
    command.output(root, "add", "--all")
    command.output(root, "commit", "--quiet", "--message", "Data")
    world.write("untracked.py", "")
    world.write("ignored.csv", "")
    head = worktree.head(world.project.location)
    assert head
    one, other = InCommit(world.project, head), InGit(Staged(world.project.location, head))
    for question in ("is_link", "is_file", "is_executable", "exists"):
        assert getattr(one, question)(path) == getattr(other, question)(path), question
    if other.is_file(path) and path.startswith(".qanat"):
        assert one.read(path, 1_000) == other.read(path, 1_000)
