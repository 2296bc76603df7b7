"""What a hook compares with what."""

from __future__ import annotations

from pathlib import Path

import pytest

from qanat.errors import GitRefused, InputInvalid, ProjectNotFound
from qanat.usecases.checks import scope
from qanat.usecases.checks.scope import Scope
from tests.support.world import World


def commit(world: World, name: str) -> str:
    """Commit a new file; return the commit."""
    world.write(name, name)
    world.git("add", name)
    world.git("commit", "--quiet", "--message", name)
    return world.head


def changed(found: Scope, *folders: str) -> list[str]:
    """List the files that differ."""
    return [change.path for change in found.changes(*folders)]


def test_the_next_commit_is_compared_with_head(world: World) -> None:
    head = world.head
    world.write("staged.txt", "")
    world.write("only/here.txt", "")
    world.git("add", "staged.txt")
    found = scope.scope_of(world.project)
    assert (found.bases, found.base_names, found.others, found.state.commit) == ((head,), ("HEAD",), (), None)
    assert changed(found) == ["staged.txt"]
    assert changed(found, "only", ".qanat") == []
    assert found.location == world.project.location


def test_the_first_commit_of_all_is_compared_with_nothing(world: World) -> None:
    world.git("checkout", "--quiet", "--orphan", "new")
    found = scope.scope_of(world.project)
    assert (found.bases, found.base_names) == ((None,), ("HEAD",))
    assert "train.sh" in changed(found)


def test_two_revisions_are_compared_since_the_first_left_the_second(world: World) -> None:
    start = world.head
    world.git("branch", "other")
    here = commit(world, "here.txt")
    world.git("checkout", "--quiet", "other")
    commit(world, "there.txt")
    found = scope.scope_of(world.project, "other", "main")
    assert (found.bases, found.state.commit, found.others) == ((start,), here, ())
    assert found.base_names == (start[:12],)
    assert changed(found) == ["here.txt"]


def test_the_second_revision_is_head_when_only_one_is_given(world: World) -> None:
    start = world.head
    head = commit(world, "here.txt")
    found = scope.scope_of(world.project, start)
    assert (found.bases, found.state.commit) == ((start,), head)


def test_revisions_without_a_common_ancestor_are_compared_as_they_are(world: World) -> None:
    main = world.head
    world.git("checkout", "--quiet", "--orphan", "new")
    new = commit(world, "new.txt")
    found = scope.scope_of(world.project, "main", "new")
    assert (found.bases, found.state.commit) == ((main,), new)


def test_what_is_no_commit_is_refused(world: World) -> None:
    with pytest.raises(GitRefused, match="'nothing' is not a commit"):
        scope.scope_of(world.project, "nothing")


def test_pre_commit_names_the_revisions_in_the_environment(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    start = world.head
    middle, last = commit(world, "one.txt"), commit(world, "two.txt")
    monkeypatch.setenv("PRE_COMMIT_FROM_REF", start)
    assert scope.scope_of(world.project).state.commit == last
    monkeypatch.setenv("PRE_COMMIT_TO_REF", middle)
    found = scope.scope_of(world.project)
    assert (found.bases, found.state.commit) == ((start,), middle)
    given = scope.scope_of(world.project, middle, last)
    assert (given.bases, given.state.commit) == ((middle,), last)


def test_a_merge_is_compared_with_both_sides(world: World) -> None:
    world.git("checkout", "--quiet", "-b", "other")
    other = commit(world, "there.txt")
    world.git("checkout", "--quiet", "main")
    head = commit(world, "here.txt")
    world.git("merge", "--quiet", "--no-commit", "other")
    found = scope.scope_of(world.project)
    assert (found.bases, found.others) == ((head,), (other,))


# ---- on a server


@pytest.fixture
def branch(world: World, tmp_path: Path) -> tuple[str, str]:
    """Create a branch from origin's main; return where it started, and its commit."""
    world.git("clone", "--quiet", "--bare", ".", str(tmp_path / "origin.git"))
    world.git("remote", "add", "origin", str(tmp_path / "origin.git"))
    world.git("fetch", "--quiet", "origin")
    start = world.head
    world.git("checkout", "--quiet", "-b", "work", "--no-track", "origin/main")
    return start, commit(world, "work.txt")


def test_a_server_compares_a_branch_also_with_where_it_left_its_target(
    world: World, branch: tuple[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    start, head = branch
    assert scope.scope_of(world.project).bases == (head,)
    monkeypatch.setenv("CI", "true")
    found = scope.scope_of(world.project)
    assert found.bases == (head, start)
    assert found.base_names == ("HEAD", start[:12])


@pytest.mark.parametrize("variable", ["GITHUB_BASE_REF", "CI_MERGE_REQUEST_TARGET_BRANCH_NAME"])
def test_a_server_may_name_the_target(
    world: World, branch: tuple[str, str], monkeypatch: pytest.MonkeyPatch, variable: str
) -> None:
    start, head = branch
    world.git("push", "--quiet", "origin", "HEAD~1:refs/heads/release")
    world.git("push", "--quiet", "origin", "HEAD:refs/heads/main")
    world.git("fetch", "--quiet", "origin")
    monkeypatch.setenv("CI", "true")
    assert scope.scope_of(world.project).bases == (head,)
    monkeypatch.setenv(variable, "release")
    assert scope.scope_of(world.project).bases == (head, start)


def test_a_target_that_is_not_here_is_done_without(
    world: World, branch: tuple[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CI", "true")
    monkeypatch.setenv("GITHUB_BASE_REF", "nothing")
    assert scope.scope_of(world.project).bases == (branch[1],)


def test_a_server_without_a_commit_yet_has_nothing_to_compare(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CI", "true")
    world.git("checkout", "--quiet", "--orphan", "new")
    assert scope.scope_of(world.project).bases == (None,)


def test_a_branch_with_no_target_is_compared_with_head_alone(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CI", "true")
    world.git("branch", "--move", "main", "alone")
    world.git("config", "init.defaultBranch", "nothing")
    assert scope.scope_of(world.project).bases == (world.head,)


# ---- where


def test_a_hook_needs_a_repository_and_no_project(world: World, tmp_path: Path) -> None:
    (world.root / "inner").mkdir()
    assert scope.project_at(world.root / "inner").root == world.root
    (world.root / ".qanat").rename(tmp_path / "away")
    assert scope.project_at(world.root).root == world.root
    with pytest.raises(ProjectNotFound, match="is not in a git repository"):
        scope.project_at(tmp_path)


def test_a_link_in_the_place_of_qanats_folder_is_refused(world: World, tmp_path: Path) -> None:
    (world.root / ".qanat").rename(tmp_path / "away")
    (world.root / ".qanat").symlink_to(tmp_path / "away")
    with pytest.raises(InputInvalid, match="is a symbolic link"):
        scope.project_at(world.root)


def test_names_count_from_the_root(world: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = world.root / "inner"
    folder.mkdir()
    (tmp_path / "link").symlink_to(world.root)
    monkeypatch.chdir(folder)
    words = ["a.txt", "../b.txt", str(world.root / "c.txt"), str(tmp_path / "link/d.txt")]
    assert scope.names_in(world.project, words) == ["inner/a.txt", "b.txt", "c.txt", "d.txt"]
