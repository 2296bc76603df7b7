"""Knowing which code runs: the commit of a clean tree, or of a dirty one that is committed or kept as a snapshot."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from qanat.domain.experiment import CHECKOUT
from qanat.domain.run import Code
from qanat.errors import GitRefused, UsageError
from qanat.git import command
from qanat.usecases.launch import code, past_code
from qanat.usecases.launch.code import Captured, Changes, Uncommitted
from tests.support.world import World


def nothing(_changes: Changes, wanted: Uncommitted) -> Uncommitted:
    """Answer nothing, as without a terminal."""
    return wanted


def capture(world: World, *, message: str | None = None, snapshot: bool = False, add: tuple[str, ...] = ()) -> Captured:
    """Capture the code, with what is to be done with changes."""
    return code.capture(world.project, Uncommitted(message, snapshot, add), nothing)


def tree_of(world: World, commit: str) -> str:
    """Return the id of a commit's tree."""
    return world.git("rev-parse", f"{commit}^{{tree}}")


def test_a_clean_tree_is_head(world: World) -> None:
    head = world.head
    found = capture(world)
    assert found == Captured(Code(head, tree_of(world, head), "main"), head, frozenset())
    assert capture(world, message="unused") == capture(world, snapshot=True) == found
    assert world.head == head


def test_a_detached_head_has_no_branch(world: World) -> None:
    world.git("checkout", "--quiet", "--detach")
    assert capture(world).code.branch is None


def test_records_are_no_change_and_no_code(world: World) -> None:
    before = capture(world).code
    world.submit()
    world.submit()
    world.write(".qanat/runs/train/0/9-aaaaaa.yaml", "")
    assert capture(world).code == before
    assert capture(world, snapshot=True).code == before
    assert past_code.at_commit(world.project, "HEAD").code == replace(before, workdir=CHECKOUT)
    assert world.recorded(2).code.commit == before.commit != world.head


def test_a_message_commits_everything_as_git_does(world: World) -> None:
    world.write("train.sh", "true\n")
    world.write("new.txt", "")
    found = capture(world, message="tried something", add=("new.txt",))
    assert world.git("log", "-1", "--format=%s") == "tried something"
    assert world.head == found.code.commit == found.head
    assert world.git("show", "--name-only", "--format=", "HEAD").split() == ["new.txt", "train.sh"]
    assert (found.code.snapshot, found.code.tree) == (False, tree_of(world, "HEAD"))
    assert world.git("status", "--porcelain") == ""


def test_a_snapshot_changes_neither_branch_nor_index_nor_file(world: World) -> None:
    world.write("train.sh", "true\n")
    world.write("new.txt", "new")
    world.write("staged.txt", "staged")
    world.git("add", "staged.txt")
    before = (world.git("status", "--porcelain"), world.head, world.git("ls-files", "--stage"))
    found = capture(world, snapshot=True)
    after = (world.git("status", "--porcelain"), world.head, world.git("ls-files", "--stage"))
    assert before == after
    assert found.code.snapshot
    assert world.git("show", f"{found.code.commit}:new.txt") == "new"
    assert world.git("show", f"{found.code.commit}:train.sh") == "true"
    assert world.git("rev-parse", f"{found.code.commit}^") == found.head == before[1]
    assert world.git("log", "-1", "--format=%s", found.code.commit) == "qanat: snapshot of the working tree"


def test_a_snapshot_of_a_run_has_a_ref_of_its_own(world: World) -> None:
    world.write("train.sh", "true\n")
    run = world.launch(uncommitted=Uncommitted(snapshot=True))
    assert world.git("rev-parse", f"refs/qanat/snapshots/{run.id}") == run.code.commit
    assert world.launch(revision="HEAD").code.snapshot is False
    assert len(world.git("for-each-ref", "refs/qanat").splitlines()) == 1


def test_somebody_is_asked_when_nothing_says_what_to_do(world: World) -> None:
    world.write("new.txt", "")
    world.write("train.sh", "true\n")
    asked: list[list[str]] = []

    def ask(changes: Changes, wanted: Uncommitted) -> Uncommitted:
        asked.append([*changes.lines, *(file.described for file in changes.untracked)])
        return replace(wanted, commit_message="asked", others_left_out=True)

    found = code.capture(world.project, Uncommitted(), ask)
    assert asked == [[" M train.sh", "?? new.txt", "new.txt (0 B)"]]
    assert world.git("log", "-1", "--format=%s %H") == f"asked {found.code.commit}"


def test_an_empty_answer_refuses_the_run_with_the_changes(world: World) -> None:
    world.write("train.sh", "true\n")
    with pytest.raises(UsageError) as error:
        capture(world)
    assert error.value.message == "there are uncommitted changes:\n   M train.sh"
    assert error.value.hint == "commit them (--commit-message TEXT), or run a snapshot of them (--snapshot)"


def test_at_most_twenty_changes_are_listed(world: World) -> None:
    for number in range(22):
        world.write(f"{number:02}.txt", "")
    tree = code.runnable_tree(world.project)
    assert code.changed_files(tree) == [*(f"?? {number:02}.txt" for number in range(20)), "… and 2 more"]
    (world.root / "20.txt").unlink()
    assert code.changed_files(code.runnable_tree(world.project))[20:] == ["… and 1 more"]
    (world.root / "21.txt").unlink()
    assert len(code.changed_files(code.runnable_tree(world.project))) == 20


@pytest.mark.parametrize("message", ["", " \n"])
def test_an_empty_message_is_refused_whether_there_are_changes_or_not(world: World, message: str) -> None:
    for _ in range(2):
        with pytest.raises(UsageError, match="--commit-message is empty") as error:
            capture(world, message=message)
        assert error.value.hint == "describe the changes"
        world.write("train.sh", "true\n")


def test_a_hook_that_changes_files_again_is_told(world: World) -> None:
    world.write(".git/hooks/post-commit", "#!/bin/sh\necho >hooked.txt\n").chmod(0o755)
    world.write("train.sh", "true\n")
    with pytest.raises(GitRefused, match=r"(?s)^committed, but .*\?\? hooked\.txt") as error:
        capture(world, message="work")
    assert error.value.hint == "see git status"
    assert world.git("log", "-1", "--format=%s") == "work"


def test_the_changes_of_a_merge_are_not_committed_by_qanat(world: World) -> None:
    world.write(".git/MERGE_HEAD", world.head)
    assert capture(world, message="unused").code.commit == world.head
    world.write("train.sh", "true\n")
    with pytest.raises(GitRefused, match=r"the repository is in the middle of a merge$") as error:
        capture(world, message="work")
    assert error.value.hint == "finish it first"
    assert capture(world, snapshot=True).code.snapshot


@pytest.mark.parametrize(
    ("file", "message", "hint"),
    [
        ("MERGE_HEAD", "the repository is in the middle of a merge: ", "finish or abort it: git merge --abort"),
        (
            "CHERRY_PICK_HEAD",
            "the repository is in the middle of a cherry-pick: ",
            "finish or abort it: git cherry-pick",
        ),
        ("rebase-apply/applying", "the repository is in the middle of an am session: ", "finish or abort it: git am "),
        ("", "", "resolve them, then: git add train.sh"),
    ],
)
def test_nothing_runs_from_a_conflict(world: World, file: str, message: str, hint: str) -> None:
    blob = world.git("rev-parse", "HEAD:train.sh")
    world.git("rm", "--quiet", "--cached", "train.sh")
    sides = "".join(f"100644 {blob} {stage}\ttrain.sh\n" for stage in (1, 2, 3))
    command.output(world.root, "update-index", "--index-info", stdin=sides.encode())
    if file:
        world.write(f".git/{file}", world.head)
    with pytest.raises(GitRefused) as error:
        capture(world, snapshot=True)
    assert error.value.message == f"{message}train.sh has conflicts"
    assert error.value.hint.startswith(hint)


def test_nothing_runs_without_a_commit(world: World) -> None:
    world.git("checkout", "--quiet", "--orphan", "new")
    with pytest.raises(GitRefused, match="the repository has no commits yet") as error:
        capture(world)
    assert error.value.hint == "commit your files: git add --all && git commit"


@pytest.mark.parametrize(
    ("words", "name", "typed"), [({"message": "work"}, "inner", "inner"), ({"snapshot": True}, "in;rm x", "'in;rm x'")]
)
def test_changes_inside_a_submodule_can_be_held_by_no_commit(
    world: World, tmp_path: Path, words: dict[str, object], name: str, typed: str
) -> None:
    world.git("init", "--quiet", str(tmp_path / "inner"))
    world.git("-C", str(tmp_path / "inner"), "commit", "--quiet", "--allow-empty", "--message", "inner")
    world.git("submodule", "--quiet", "add", str(tmp_path / "inner"), name)
    world.commit()
    world.write(f"{name}/new.txt", "")
    with pytest.raises(GitRefused, match=f"the submodule {name} has uncommitted changes") as error:
        capture(world, **words)  # type: ignore[arg-type]
    assert error.value.hint == f"commit them there first: git -C {typed} commit"


def test_who_commits_is_asked_of_git(world: World) -> None:
    assert code.check_committer(world.project) == "Ada Lovelace <ada@example.org>"


# ---- code that changes


def changed(world: World, captured: Captured) -> bool:
    """Return whether the code has changed since it was captured."""
    return code.changed_since(world.project, captured)


def test_code_that_is_as_it_was_has_not_changed(world: World) -> None:
    captured = capture(world)
    assert not changed(world, captured)
    world.submit()
    assert not changed(world, captured)
    world.write("untracked.txt", "")
    assert not changed(world, captured)


@pytest.mark.parametrize("how", ["edited", "deleted", "committed", "staged"])
def test_code_that_is_not_as_it_was_has_changed(world: World, how: str) -> None:
    captured = capture(world)
    if how == "deleted":
        (world.root / "train.sh").unlink()
    else:
        world.write("train.sh", "true\n")
    if how == "committed":
        world.commit()
    if how == "staged":
        world.git("add", "train.sh")
    assert changed(world, captured)


def test_code_that_is_touched_or_changed_back_has_not_changed(world: World) -> None:
    captured = capture(world)
    (world.root / "train.sh").touch()
    assert not changed(world, captured)
    world.write("train.sh", "true\n")
    world.commit()
    world.write("train.sh", 'echo "$@"\n')
    assert not changed(world, captured)


def test_a_new_file_that_is_committed_changes_none_that_was_there(world: World) -> None:
    captured = capture(world)
    world.commit(**{"new.txt": ""})
    assert not changed(world, captured)


def test_a_snapshot_knows_the_files_that_git_does_not_track(world: World) -> None:
    world.write("new.txt", "1")
    captured = capture(world, snapshot=True)
    assert not changed(world, captured)
    world.write("new.txt", "2")
    assert changed(world, captured)


def test_changes_that_a_snapshot_has_are_none_until_they_change(world: World) -> None:
    world.write("train.sh", "true\n")
    captured = capture(world, snapshot=True)
    assert not changed(world, captured)
    world.write("train.sh", "false\n")
    assert changed(world, captured)


# ---- code of commits


def test_the_code_of_a_commit_runs_in_a_checkout(world: World) -> None:
    before = world.head
    world.commit(**{"new.txt": ""})
    found = past_code.at_commit(world.project, "HEAD~1")
    assert found == Captured(Code(before, tree_of(world, before), "main", workdir="checkout"), before, frozenset())
    assert past_code.at_commit(world.project, before[:8]) == found


def test_a_commit_that_is_not_here_says_what_can_be_done(world: World) -> None:
    with pytest.raises(GitRefused, match="'nothing' is not a commit of this repository") as error:
        past_code.at_commit(world.project, "nothing")
    assert error.value.hint == "list commits with: git log --oneline"
    with pytest.raises(GitRefused) as error:
        past_code.at_commit(world.project, "0" * 40)
    assert error.value.hint == "fetch it from where the run was launched: git fetch"


def test_code_may_be_run_in_a_checkout_instead(world: World) -> None:
    captured = capture(world)
    assert past_code.in_checkout(captured).code.workdir == "checkout"
    assert past_code.in_checkout(captured).code.commit == captured.code.commit


def test_the_work_tree_holds_the_code_of_a_run_or_does_not(world: World) -> None:
    there = capture(world).code
    assert past_code.is_checked_out(world.project, there)
    assert past_code.as_checked_out(world.project, there) == Captured(there, there.commit, frozenset())
    world.submit()
    assert past_code.is_checked_out(world.project, there)
    world.write("env/pyvenv.cfg", "")
    world.write("__pycache__/lib.pyc", "")
    assert past_code.is_checked_out(world.project, there)
    world.write("new.txt", "")
    assert not past_code.is_checked_out(world.project, there)
    world.commit()
    assert not past_code.is_checked_out(world.project, there)
    world.git("checkout", "--quiet", "--orphan", "new")
    assert not past_code.is_checked_out(world.project, there)


def test_the_code_of_a_run_has_changed_with_the_tracked_files(world: World) -> None:
    there = capture(world).code
    world.submit()
    world.write("new.txt", "")
    assert not past_code.has_changed(world.project, there)
    world.write("train.sh", "exit 1\n")
    assert past_code.has_changed(world.project, there)
    kept = capture(world, snapshot=True).code
    assert not past_code.has_changed(world.project, kept)
    world.commit()
    assert past_code.has_changed(world.project, there)
    assert not past_code.has_changed(world.project, kept)
    world.write("train.sh", "exit 2\n")
    assert past_code.has_changed(world.project, kept)
    with pytest.raises(GitRefused):
        past_code.has_changed(world.project, replace(kept, commit="0" * 40))
