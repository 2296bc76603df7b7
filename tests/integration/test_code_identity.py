"""Which code ran: commits, snapshots of dirty trees, and changes during a run."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any

import pytest

from tests.support.gates import Gates
from tests.support.invariants import violations
from tests.support.sandbox import Sandbox, call
from tests.support.terminal import DOWN, ENTER, Terminal


@pytest.fixture
def plain(sandbox: Sandbox) -> Sandbox:
    """Return a project with an experiment, a few tracked files, and ignored ones."""
    sandbox.write(".gitignore", (sandbox.root / ".gitignore").read_text() + "*.key\n")
    sandbox.write("kept.txt", "kept\n")
    sandbox.write("lib/part.py", "1\n")
    sandbox.experiment("plain", "cat kept.txt\n")
    sandbox.write("secret.key", "do not tell\n")
    return sandbox


@pytest.fixture
def dirty(plain: Sandbox) -> Sandbox:
    """Return the same with changes of every kind: staged, not staged, staged and changed again, untracked, deleted."""
    plain.write("kept.txt", "changed\n")
    plain.write("staged.txt", "staged\n")
    plain.git("add", "staged.txt")
    plain.write("twice.txt", "staged\n")
    plain.git("add", "twice.txt")
    plain.write("twice.txt", "and changed again\n")
    plain.write("new/deep/file é.txt", "untracked\n")
    (plain.root / "lib/part.py").unlink()
    return plain


def files_at(sandbox: Sandbox, commit: str) -> set[str]:
    names = sandbox.git("ls-tree", "-r", "-z", "--name-only", commit).split("\0")
    return {name for name in names if name and not name.startswith(".qanat/")}


def user_state(sandbox: Sandbox) -> dict[str, Any]:
    """Return the user's state: what is staged, git's status, the branch, and the bytes of every file."""
    digests = {}
    for path in sorted(p for p in sandbox.root.rglob("*") if p.is_file()):
        relative = path.relative_to(sandbox.root).as_posix()
        if not relative.startswith((".git/", "results/", ".qanat/runs/", ".qanat/environments/", ".qanat/cache/")):
            digests[relative] = hashlib.sha256(path.read_bytes()).hexdigest()
    return {
        "staged": sandbox.git("diff", "--cached", "--", ".", ":!.qanat/runs", ":!.qanat/environments"),
        "status": sandbox.status(),
        "branch": sandbox.git("symbolic-ref", "HEAD"),
        "files": digests,
    }


def snapshot_refs(sandbox: Sandbox) -> list[str]:
    return sandbox.git("for-each-ref", "--format=%(refname)", "refs/qanat").splitlines()


def test_a_run_on_a_clean_tree_has_the_commit_and_its_branch(plain: Sandbox) -> None:
    head = plain.git("rev-parse", "HEAD")
    plain.git("branch", "-m", "topic/one")
    plain.qanat("run", "plain")
    assert plain.record()["code"] == {
        "commit": head,
        "tree": plain.record()["code"]["tree"],
        "branch": "topic/one",
        "snapshot": False,
        "workdir": "project",
    }
    assert snapshot_refs(plain) == []


def test_neither_option_matters_on_a_clean_tree(plain: Sandbox) -> None:
    head = plain.git("rev-parse", "HEAD")
    plain.qanat("run", "plain", "--snapshot")
    plain.qanat("run", "plain", "--commit-message", "not needed")
    codes = [record["code"] for record in plain.records()]
    assert [code["snapshot"] for code in codes] == [False, False]
    assert codes[0]["commit"] == head
    assert plain.git("log", "--format=%s").count("not needed") == 0


def test_the_tree_is_the_same_for_the_same_code_and_another_for_other_code(plain: Sandbox) -> None:
    plain.qanat("run", "plain")
    plain.qanat("run", "plain")
    plain.write("kept.txt", "other\n")
    plain.qanat("run", "plain", "--snapshot")
    plain.commit("other")
    plain.qanat("run", "plain")
    plain.write("kept.txt", "kept\n")
    plain.commit("back again")
    plain.qanat("run", "plain")
    codes = [record["code"] for record in plain.records()]
    commits, trees = ([code[key] for code in codes] for key in ("commit", "tree"))
    assert commits[0] == commits[1]
    assert len(set(commits)) == 4
    assert trees[0] == trees[1] == trees[4]
    assert trees[2] == trees[3]
    assert trees[0] != trees[2]
    assert plain.git("ls-tree", "-r", "--name-only", trees[4], ".qanat/runs") == ""
    assert plain.git("ls-tree", "-r", "--name-only", trees[4], ".qanat/experiments") != ""


@pytest.mark.parametrize("change", ["tracked", "staged", "untracked", "deleted"])
def test_without_a_terminal_a_dirty_tree_is_refused_and_nothing_is_written(plain: Sandbox, change: str) -> None:
    path = {"tracked": "kept.txt", "staged": "kept.txt", "untracked": "fresh.sh", "deleted": "kept.txt"}[change]
    plain.write(path, "changed\n")
    if change == "staged":
        plain.git("add", path)
    if change == "deleted":
        (plain.root / path).unlink()
    before = user_state(plain)
    result = plain.qanat("run", "plain", code=2)
    letters = {"tracked": " M", "staged": "M ", "untracked": "??", "deleted": " D"}[change]
    hint = "commit them (--commit-message TEXT), or run a snapshot of them (--snapshot)"
    if change == "untracked":
        hint = (
            "commit them (--commit-message TEXT, and --add FILE for each untracked file), run a snapshot of them"
            " (--snapshot), or list files that are not code in .gitignore"
        )
    assert result.err == (f"qanat: there are uncommitted changes:\n  {letters} {path}\n  hint: {hint}\n")
    assert result.out == ""
    assert user_state(plain) == before
    assert plain.records() == []
    assert not (plain.root / "results").exists()
    assert snapshot_refs(plain) == []


def test_records_do_not_make_a_tree_dirty(plain: Sandbox) -> None:
    gates = Gates(plain)
    process = gates.start()
    assert plain.status().splitlines() == ["?? .qanat/environments/", "?? .qanat/runs/"]
    plain.qanat("run", "plain")
    assert "snapshot" not in plain.qanat("run", "plain").err
    gates.open()
    process.communicate(timeout=60)
    assert {record["code"]["snapshot"] for record in plain.records()} == {False}
    assert violations(plain) == []


# ---- committing first


def test_commit_message_commits_tracked_and_named_files_and_runs_that(dirty: Sandbox) -> None:
    parent = dirty.git("rev-parse", "HEAD")
    message = "Try a change\n\nBecause of this."
    result = dirty.qanat("run", "plain", "--commit-message", message, "--add", "new/deep/file é.txt")
    assert result.out == "changed\n"
    code = dirty.record()["code"]
    assert not code["snapshot"]
    assert dirty.git("log", "-1", "--format=%P|%B", code["commit"]) == f"{parent}|Try a change\n\nBecause of this."
    assert files_at(dirty, code["commit"]) == {
        ".gitattributes",
        ".gitignore",
        "kept.txt",
        "plain.sh",
        "staged.txt",
        "twice.txt",
        "new/deep/file é.txt",
    }
    assert dirty.git("show", f"{code['commit']}:twice.txt") == "and changed again"
    assert dirty.git("rev-parse", "HEAD~1") == code["commit"]
    assert dirty.status() == ""


def test_commit_message_runs_the_users_hooks_and_a_hook_that_refuses_stops_the_run(dirty: Sandbox) -> None:
    hook = dirty.write(".git/hooks/pre-commit", "#!/bin/sh\necho refused by my hook >&2\nexit 1\n", executable=True)
    head = dirty.git("rev-parse", "HEAD")
    result = dirty.qanat("run", "plain", "--commit-message", "Try", "--add", "new", code=2)
    assert result.err == (
        "qanat: git commit failed: refused by my hook\n"
        "  hint: nothing was committed, and what you have staged is as it was\n"
    )
    assert dirty.git("rev-parse", "HEAD") == head
    assert dirty.records() == []
    hook.write_text('#!/bin/sh\ntouch "$(git rev-parse --git-dir)/hook-was-here"\n')
    dirty.qanat("run", "plain", "--commit-message", "Try", "--add", "new")
    assert (dirty.root / ".git/hook-was-here").exists()
    assert dirty.record()["state"] == "finished"


def test_a_hook_that_makes_the_tree_dirty_again_stops_the_run(dirty: Sandbox) -> None:
    """The run would be recorded with a commit that is not what runs."""
    dirty.write(".git/hooks/post-commit", "#!/bin/sh\necho formatted >kept.txt\n", executable=True)
    result = dirty.qanat("run", "plain", "--commit-message", "Try", "--add", "new", code=2)
    assert result.err == (
        "qanat: committed, but there are uncommitted changes again, perhaps made by a git hook:\n"
        "   M kept.txt\n"
        "  hint: see git status\n"
    )
    assert dirty.records() == []


# ---- snapshots


def test_a_snapshot_holds_the_dirty_tree_and_changes_nothing_of_the_users(dirty: Sandbox) -> None:
    before = user_state(dirty)
    head = dirty.git("rev-parse", "HEAD")
    result = dirty.qanat("run", "plain", "--snapshot")
    assert result.out == "changed\n"
    assert user_state(dirty) == before
    record = dirty.record()
    code = record["code"]
    assert f"snapshot {code['commit'][:10]}" in result.err
    assert code["snapshot"] is True
    assert code["branch"] == "main"
    assert snapshot_refs(dirty) == [f"refs/qanat/snapshots/{record['id']}"]
    assert dirty.git("rev-parse", snapshot_refs(dirty)[0]) == code["commit"]
    assert dirty.git("log", "-1", "--format=%P", code["commit"]) == head
    assert files_at(dirty, code["commit"]) == {
        ".gitattributes",
        ".gitignore",
        "kept.txt",
        "plain.sh",
        "staged.txt",
        "twice.txt",
        "new/deep/file é.txt",
    }
    assert dirty.git("show", f"{code['commit']}:twice.txt") == "and changed again"
    # Only the record, and the machine that it names, came to the branch, on top of what was there.
    assert dirty.git("rev-parse", "HEAD~1") == head
    assert dirty.git("diff", "--name-only", "HEAD~1", "HEAD").splitlines() == [
        f".qanat/environments/machines/{record['machine']}.yaml",
        f".qanat/runs/plain/0/{record['id']}.yaml",
    ]
    assert violations(dirty, git_status=before["status"]) == []


def test_a_snapshot_outlives_the_garbage_collection_and_can_be_looked_at(dirty: Sandbox) -> None:
    dirty.qanat("run", "plain", "--snapshot")
    commit = dirty.record()["code"]["commit"]
    dirty.git("reflog", "expire", "--expire=now", "--all")
    dirty.git("gc", "--quiet", "--prune=now")
    assert dirty.git("show", f"{commit}:kept.txt") == "changed"


def test_the_same_dirty_tree_has_the_same_tree_twice(dirty: Sandbox) -> None:
    dirty.qanat("run", "plain", "--snapshot")
    dirty.qanat("run", "plain", "--snapshot")
    first, second = [record["code"] for record in dirty.records()]
    assert first["tree"] == second["tree"]
    assert len(snapshot_refs(dirty)) == 2


def test_ignored_files_never_come_into_git(dirty: Sandbox) -> None:
    dirty.write(".git/info/exclude", "private/\n")
    dirty.write("private/token.txt", "nor this\n")
    dirty.qanat("run", "plain", "--snapshot")
    dirty.qanat("run", "plain", "--commit-message", "Try", "--add", "new")
    for secret in ("do not tell\n", "nor this\n"):
        blob = call(["git", "hash-object", "--stdin"], dirty.root, stdin=secret).out.strip()
        assert dirty.git("cat-file", "-e", blob, code=None) == ""
        objects = dirty.git("cat-file", "--batch-all-objects", "--batch-check=%(objectname)").splitlines()
        assert blob not in objects
    assert "results/plain/run_1/stdout.txt" not in dirty.git("log", "--all", "--name-only", "--format=")


@pytest.mark.parametrize("option", ["--snapshot", "--commit-message=Try"])
def test_changes_inside_a_submodule_are_refused_since_no_commit_can_hold_them(
    plain: Sandbox, tmp_path: Path, option: str
) -> None:
    other = tmp_path / "library"
    call(["git", "init", "--quiet", str(other)], tmp_path)
    (other / "code.py").write_text("1\n")
    call(["git", "add", "code.py"], other)
    call(["git", "commit", "--quiet", "--message", "library"], other)
    plain.git("submodule", "--quiet", "add", str(other), "library")
    plain.commit("with a library")
    plain.write("library/code.py", "2\n")
    words = option.split("=")
    result = plain.qanat("run", *words, "plain", code=2)
    assert result.err == (
        "qanat: the submodule library has uncommitted changes\n  hint: commit them there first: git -C library commit\n"
    )
    call(["git", "commit", "--quiet", "--all", "--message", "two"], plain.root / "library")
    plain.qanat("run", *words, "plain")
    expected = call(["git", "rev-parse", "HEAD"], plain.root / "library").out.strip()
    assert plain.git("rev-parse", f"{plain.record()['code']['commit']}:library") == expected


# ---- asking


@pytest.mark.parametrize(("downs", "snapshot"), [(0, False), (1, True)])
def test_at_a_terminal_the_changes_are_listed_and_asked_about(dirty: Sandbox, downs: int, snapshot: bool) -> None:
    with Terminal(dirty.root, "run", "plain") as terminal:
        terminal.see("There are uncommitted changes:")
        terminal.see(" M kept.txt")
        terminal.see("?? new/")
        terminal.see("What do you want to do with them?")
        terminal.press(*([DOWN] * downs), ENTER)
        if not snapshot:
            terminal.answer("Commit message:", "Said at the terminal")
            terminal.see("Commit new/deep/file é.txt (10 B)? (Y/n)")
            terminal.press(ENTER)
        terminal.see("Run 1 of plain finished")
    code = dirty.record()["code"]
    assert code["snapshot"] is snapshot
    subject = "qanat: snapshot of the working tree" if snapshot else "Said at the terminal"
    assert dirty.git("log", "-1", "--format=%s", code["commit"]) == subject


def test_at_a_terminal_one_may_stop(dirty: Sandbox) -> None:
    before = user_state(dirty)
    with Terminal(dirty.root, "run", "plain") as terminal:
        terminal.see("What do you want to do with them?")
        terminal.press(DOWN, DOWN, ENTER)
        terminal.see("qanat: aborted")
    assert user_state(dirty) == before
    assert dirty.records() == []


# ---- changes while a run goes on


@pytest.fixture
def gates(plain: Sandbox) -> Gates:
    return Gates(plain)


def end(gates: Gates, process: Any) -> dict[str, Any]:
    gates.open()
    assert process.wait(timeout=60) == 0
    process.communicate()
    code: dict[str, Any] = gates.sandbox.record()["code"]
    return code


@pytest.mark.parametrize("change", ["edited", "deleted", "made executable", "edited and committed", "another branch"])
def test_a_tracked_file_that_changes_while_a_run_goes_on_is_said_in_the_record(gates: Gates, change: str) -> None:
    plain = gates.sandbox
    plain.git("branch", "before", "HEAD~1")
    process = gates.start()
    match change:
        case "edited":
            plain.write("kept.txt", "changed\n")
        case "deleted":
            (plain.root / "lib/part.py").unlink()
        case "made executable":
            (plain.root / "kept.txt").chmod(0o755)
        case "edited and committed":
            plain.write("kept.txt", "changed\n")
            plain.git("commit", "--quiet", "--all", "--message", "changed")
        case "another branch":
            plain.git("checkout", "--quiet", "before")
    gates.open()
    assert process.wait(timeout=60) == 0
    process.communicate()
    plain.git("checkout", "--quiet", "--force", "main")
    assert plain.record()["code"]["changed_while_running"] is True


@pytest.mark.parametrize("change", ["nothing", "a new file", "an ignored file", "a commit of a new file", "a touch"])
def test_what_does_not_change_a_tracked_file_is_not_a_change(gates: Gates, change: str) -> None:
    plain = gates.sandbox
    process = gates.start()
    match change:
        case "a new file":
            plain.write("fresh.sh", "1\n")
        case "an ignored file":
            plain.write("secret.key", "another\n")
        case "a commit of a new file":
            plain.write("fresh.sh", "1\n")
            plain.commit("fresh")
        case "a touch":
            (plain.root / "kept.txt").touch()
    assert "changed_while_running" not in end(gates, process)


def test_records_of_other_runs_that_move_head_meanwhile_are_not_a_change(gates: Gates) -> None:
    plain = gates.sandbox
    process = gates.start()
    head = plain.git("rev-parse", "HEAD")
    plain.qanat("run", "plain")
    plain.qanat("run", "plain")
    assert plain.git("rev-parse", "HEAD~2") == head
    assert "changed_while_running" not in end(gates, process)


@pytest.mark.parametrize("path", ["kept.txt", "fresh.sh", "folder/fresh.sh"])
def test_a_file_of_a_snapshot_that_changes_while_the_run_goes_on_is_said(gates: Gates, path: str) -> None:
    """Also one that git does not track: it is in the snapshot."""
    plain = gates.sandbox
    plain.write(path, "dirty\n")
    process = gates.start("--snapshot")
    plain.write(path, "DIRTY\n")
    assert end(gates, process)["changed_while_running"] is True


def test_a_snapshot_whose_files_stay_is_not_changed(gates: Gates) -> None:
    plain = gates.sandbox
    plain.write("kept.txt", "dirty\n")
    plain.write("folder/fresh.sh", "dirty\n")
    process = gates.start("--snapshot")
    plain.git("add", "kept.txt")
    plain.write("folder/later.txt", "1\n")
    assert "changed_while_running" not in end(gates, process)
    assert plain.status() == "M  kept.txt\n?? folder/"
