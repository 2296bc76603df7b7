"""Commits that runs used and that no branch has after a squash or a rebase: said, kept, pushed and fetched."""

from __future__ import annotations

import shlex
from pathlib import Path

import pytest

from qanat.errors import UsageError
from qanat.usecases.merging import keep_commits
from qanat.usecases.project import open_project
from tests.support import clones
from tests.support.clones import Clones
from tests.support.sandbox import Sandbox, call

GONE = "and git eventually deletes such commits; protect them with: qanat keep"


@pytest.fixture
def two(tmp_path: Path) -> Clones:
    return clones.make(tmp_path)


def squashed(sandbox: Sandbox, *, how: str = "squash") -> str:
    """Run on a branch, squash it into main, and delete the branch; return the commit of the run."""
    sandbox.git("checkout", "--quiet", "-b", "feature")
    sandbox.write("work.txt", "work\n")
    commit = sandbox.commit("work")
    sandbox.qanat("run", "plain")
    sandbox.git("checkout", "--quiet", "main")
    sandbox.write("other.txt", "other\n")
    sandbox.commit("other work")
    if how == "squash":
        sandbox.git("merge", "--quiet", "--squash", "feature")
        sandbox.git("commit", "--quiet", "--message", "feature, squashed")
    else:
        sandbox.git("rebase", "--quiet", "main", "feature")
        sandbox.git("checkout", "--quiet", "main")
        sandbox.git("merge", "--quiet", "--ff-only", "feature")
    sandbox.git("branch", "--quiet", "-D", "feature")
    assert sandbox.record()["code"]["commit"] == commit
    return commit


def collect_garbage(sandbox: Sandbox) -> None:
    """Let git delete everything that no ref leads to, as it would some weeks later."""
    sandbox.git("reflog", "expire", "--expire=now", "--all")
    sandbox.git("gc", "--quiet", "--prune=now")


@pytest.mark.parametrize("how", ["squash", "rebase"])
def test_a_commit_that_a_merge_leaves_behind_is_said_and_can_be_kept(two: Clones, how: str) -> None:
    ada = two.ada
    assert ada.qanat("validate").err == ""
    commit = squashed(ada, how=how)
    run_id = ada.record()["id"]
    said = ada.qanat("validate")
    assert said.err == f"note: no branch contains the commit of run {run_id}, {GONE}\n"
    assert "no problem" in said.out
    assert ada.qanat("validate", "--strict", code=1).err == said.err
    assert ada.qanat("validate", ".qanat/config.yaml", "--strict").err == ""
    assert ada.qanat("validate", str(ada.record_files()[0]), "--strict", code=1).err == said.err
    assert ada.qanat("keep").out == f"Kept commit {commit[:10]} of {run_id}\n"
    assert ada.git("for-each-ref", "--format=%(refname) %(objectname)", "refs/qanat") == (
        f"refs/qanat/commits/{commit} {commit}"
    )
    assert ada.qanat("validate", "--strict").err == ""
    assert ada.qanat("keep").out == "nothing to keep: all commits of runs are on a branch or already kept\n"
    collect_garbage(ada)
    ada.qanat("rerun", "1")
    assert ada.record(2)["code"]["commit"] == commit


def test_a_commit_that_is_gone_is_said_with_how_to_fetch_it(two: Clones) -> None:
    ada = two.ada
    squashed(ada)
    collect_garbage(ada)
    fetch = "fetch it from where the run was launched: git fetch origin 'refs/qanat/*:refs/qanat/remotes/origin/*'"
    run_id = ada.record()["id"]
    before = "if the history was rewritten since, only a clone from before has it"
    said = f"note: this repository does not have the commit of run {run_id}; {fetch}; {before}\n"
    assert ada.qanat("validate").err == said
    result = ada.qanat("keep")
    assert (result.out.split(":")[0], result.err) == ("nothing to keep", f"note: 1 commit missing here; {fetch}\n")
    commit = ada.record()["code"]["commit"]
    for words in (("keep", "1"), ("rerun", "1")):
        said = f"qanat: commit {commit[:10]} of run 1 is not in this repository\n  hint: {fetch}\n"
        assert ada.qanat(*words, code=2).err == said


def test_after_a_rewrite_of_the_history_the_commit_with_the_same_code_is_named(two: Clones) -> None:
    ada = two.ada
    ada.qanat("run", "plain")
    old = ada.record()["code"]["commit"]
    run_id = ada.record()["id"]
    rewrite = ("filter-branch", "--force", "--env-filter", "GIT_AUTHOR_NAME=Somebody", "--", "--all")
    ada.git("-c", "advice.x=true", *rewrite)
    for ref in ada.git("for-each-ref", "--format=%(refname)", "refs/original", "refs/remotes").splitlines():
        ada.git("update-ref", "-d", ref)
    collect_garbage(ada)
    now = ada.git("log", "--format=%H", "--skip=1", "-1")
    note = ada.qanat("validate").err
    assert f"does not have the commit of run {run_id}, which a squash or a rewrite of the history has replaced" in note
    assert note.endswith(f"; the same code is in commit {now[:10]}\n")
    said = f"qanat: commit {old[:10]} of run 1 is not in this repository\n"
    assert ada.qanat("rerun", "1", code=2).err == f"{said}  hint: the same code is in commit {now[:10]}\n"


def test_commits_of_named_runs_are_kept_also_while_a_branch_has_them(two: Clones) -> None:
    ada = two.ada
    ada.qanat("run", "plain")
    commit = ada.record()["code"]["commit"]
    assert ada.qanat("keep", "1").out == f"Kept commit {commit[:10]} of {ada.record()['id']}\n"
    assert ada.git("rev-parse", f"refs/qanat/commits/{commit}") == commit


def test_before_a_merged_branch_is_deleted_its_commits_can_be_kept(two: Clones) -> None:
    ada = two.ada
    ada.git("checkout", "--quiet", "-b", "feature")
    commit = ada.commit("work")
    ada.qanat("run", "plain")
    assert "nothing to keep" in ada.qanat("keep").out
    assert f"Kept commit {commit[:10]} of" in ada.qanat("keep", "--not-in", "main").out
    assert "nothing to keep" in ada.qanat("keep", "--not-in", "main").out
    result = ada.qanat("keep", "--not-in", "mian", code=2)
    assert (
        result.err == "qanat: 'mian' is not a commit of this repository\n  hint: list commits with: git log --oneline\n"
    )


def test_many_runs_are_named_in_one_sentence(two: Clones) -> None:
    ada = two.ada
    squashed(ada)
    text = ada.record_files()[0].read_text()
    run_id = ada.record()["id"]
    for number in range(2, 9):
        ada.write(f".qanat/runs/plain/0/{number}-00000{number}.yaml", text.replace(run_id, f"{number}-00000{number}"))
    ada.commit("more")
    said = ada.qanat("validate", code=1).err
    assert said.startswith("note: no branch contains the commit of runs ")
    assert said.count("-") == 5
    assert " and 3 more, and git" in said


def test_a_shallow_clone_says_nothing_of_what_it_cannot_know(two: Clones, tmp_path: Path) -> None:
    squashed(two.ada)
    two.ada.git("push", "--quiet", "origin", "main")
    call(["git", "clone", "--quiet", "--depth=1", f"file://{two.hub}", "shallow"], tmp_path)
    shallow = Sandbox(tmp_path / "shallow")
    assert shallow.qanat("validate", "--strict").err == ""
    assert "nothing to keep" in shallow.qanat("keep").out


# ---- remotes


def test_kept_commits_and_snapshots_get_to_another_clone(two: Clones) -> None:
    ada, bob = two.ada, two.bob
    commit = squashed(ada)
    ada.write("work.txt", "more work\n")
    ada.qanat("run", "plain", "--snapshot")
    ada.git("checkout", "--quiet", "work.txt")
    snapshot = ada.record(2)["code"]["commit"]
    ada.git("push", "--quiet")
    bob.git("pull", "--quiet")
    assert "this repository does not have the commits of runs" in bob.qanat("validate").err
    result = ada.qanat("keep", "--push", code=2)
    assert "qanat: no remote is configured for kept commits\n" in result.err
    assert "hint: configure one with: qanat hooks install --remote origin" in result.err
    for clone in (ada, bob):
        project = open_project(clone.root)
        assert keep_commits.set_up_remote(project, "origin")
        assert not keep_commits.set_up_remote(project, "origin")
    assert "Pushed kept commits to origin\n" in ada.qanat("keep", "--push").out
    said = bob.qanat("rerun", "1", code=2).err
    assert said.endswith("hint: fetch it from where the run was launched: git fetch origin\n")
    bob.git("fetch", "--quiet")
    assert bob.qanat("validate", "--strict").err == ""
    for number, expected in ((1, commit), (2, snapshot)):
        bob.qanat("rerun", str(number))
        assert bob.record(number + 2)["code"]["commit"] == expected
    # What Bob has from there is not pushed back under another name; his own is.
    bob.qanat("keep", "--push")
    names = call(["git", "for-each-ref", "--format=%(refname)", "refs/qanat"], two.hub).out.splitlines()
    snapshots = {f"refs/qanat/snapshots/{clone.record(n)['id']}" for clone, n in ((ada, 2), (bob, 4))}
    assert set(names) == {f"refs/qanat/commits/{commit}", *snapshots}


def test_the_command_that_is_named_brings_a_commit_also_where_nothing_is_set_up(two: Clones) -> None:
    squashed(two.ada)
    two.ada.git("push", "--quiet")
    keep_commits.set_up_remote(open_project(two.ada.root), "origin")
    two.ada.qanat("keep", "--push")
    two.bob.git("pull", "--quiet")
    said = two.bob.qanat("rerun", "1", code=2).err
    call(shlex.split(said.rpartition("launched: ")[2]), two.bob.root)
    two.bob.qanat("rerun", "1")


def test_push_and_fetch_without_words_do_what_they_did(two: Clones) -> None:
    """The same steps end the same way in a clone that is set up and in one that is not."""
    seen = {}
    for name, clone in (("plain", two.bob), ("set up", two.ada)):
        if name == "set up":
            clone.git("pull", "--quiet")
            assert keep_commits.set_up_remote(open_project(clone.root), "origin")
        before = call(["git", "for-each-ref"], two.hub).out
        clone.git("checkout", "--quiet", "-b", "feature", "origin/main", "--no-track")
        clone.commit("work")
        refused = call(["git", "push"], clone.root, code=128).err  # no upstream: nothing is pushed
        assert call(["git", "for-each-ref"], two.hub).out == before
        clone.git("checkout", "--quiet", "main")
        clone.write("main.txt", name)
        head = clone.commit("main")
        said = call(["git", "push"], clone.root).err
        assert call(["git", "rev-parse", "main"], two.hub).out.strip() == head
        clone.git("commit", "--quiet", "--amend", "--message", "again")
        call(["git", "push", "--force-with-lease"], clone.root)
        refs = call(["git", "for-each-ref", "--format=%(refname)"], two.hub).out
        clone.git("fetch", "--quiet", "--prune")
        branches = clone.git("branch", "--remotes", "--format=%(refname)")
        seen[name] = (refused, len(said.splitlines()), refs)
        assert set(branches.split()) <= {"refs/remotes/origin/main", "refs/remotes/origin/HEAD"}
    assert seen["plain"] == seen["set up"]


def test_pruning_removes_nothing_that_was_not_pushed_yet(two: Clones) -> None:
    ada = two.ada
    keep_commits.set_up_remote(open_project(ada.root), "origin")
    commit = squashed(ada)
    ada.write("work.txt", "dirty\n")
    ada.qanat("run", "plain", "--snapshot")
    ada.qanat("keep")
    ada.git("config", "fetch.prune", "true")
    ada.git("fetch", "--quiet", "--prune", "--all")
    names = ada.git("for-each-ref", "--format=%(refname)", "refs/qanat").splitlines()
    assert names == [f"refs/qanat/commits/{commit}", f"refs/qanat/snapshots/{ada.record(2)['id']}"]


def test_a_push_that_fails_is_said_and_nothing_that_is_kept_is_lost(two: Clones) -> None:
    ada = two.ada
    keep_commits.set_up_remote(open_project(ada.root), "origin")
    commit = squashed(ada)
    two.hub.rename(two.hub.with_name("moved.git"))
    result = ada.qanat("keep", "--push", code=2)
    assert result.err.startswith("qanat: git push failed: ")
    assert ada.git("rev-parse", f"refs/qanat/commits/{commit}") == commit


def test_a_remote_that_is_not_there_is_named(two: Clones) -> None:
    project = open_project(two.ada.root)
    with pytest.raises(UsageError, match="remote 'orgin' does not exist") as refused:
        keep_commits.set_up_remote(project, "orgin")
    assert refused.value.hint == "available: origin"
    two.ada.git("remote", "remove", "origin")
    with pytest.raises(UsageError) as refused:
        keep_commits.set_up_remote(project, "origin")
    assert refused.value.hint == "git remote add NAME URL"
