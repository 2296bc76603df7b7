"""Where records are committed, when they are not, and how omitted ones are committed later."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.support.gates import Gates
from tests.support.invariants import violations
from tests.support.sandbox import Sandbox, call, wait_until


@pytest.fixture
def plain(sandbox: Sandbox) -> Sandbox:
    """Return a project with an experiment and a user's file."""
    sandbox.write("notes.txt", "one\n")
    sandbox.experiment("plain", "exit 0\n")
    return sandbox


@pytest.fixture
def gates(plain: Sandbox) -> Gates:
    return Gates(plain)


def end(gates: Gates, process: subprocess.Popen[str]) -> str:
    """Let a run end; return its stderr."""
    gates.open()
    err = process.communicate(timeout=60)[1]
    assert process.returncode == 0, err
    return str(err)


def path_of(sandbox: Sandbox, number: int = 1) -> str:
    record = sandbox.record(number)
    return f".qanat/runs/{record['experiment']}/0/{record['id']}.yaml"


def listed(sandbox: Sandbox, experiment: str) -> list[str]:
    return [record["state"] for record in sandbox.qanat("experiment", "status", experiment, "--json").json]


def test_a_record_is_one_commit_by_the_user_with_nothing_else_in_it(plain: Sandbox) -> None:
    head = plain.git("rev-parse", "HEAD")
    plain.qanat("run", "plain", env={"GIT_AUTHOR_NAME": "Grace Hopper", "GIT_AUTHOR_EMAIL": "grace@example.org"})
    said = plain.git("log", "-1", "--format=%P|%an|%ae|%s")
    assert said == f"{head}|Grace Hopper|grace@example.org|qanat: run 1 of plain finished"
    assert plain.record()["author"] == "Grace Hopper <grace@example.org>"
    machine = f".qanat/environments/machines/{plain.record()['machine']}.yaml"
    added = plain.git("diff", "--name-status", "HEAD~1", "HEAD").splitlines()
    assert added == [f"A\t{machine}", f"A\t{path_of(plain)}"]
    assert plain.git("reflog", "-1", "--format=%gs") == "commit: qanat: run 1 of plain finished"
    assert violations(plain) == []


def test_a_record_comes_on_top_of_what_was_committed_meanwhile(gates: Gates) -> None:
    plain = gates.sandbox
    process = gates.start()
    plain.write("later.txt", "1\n")
    plain.git("add", "later.txt")
    plain.git("commit", "--quiet", "--message", "later")
    head = plain.git("rev-parse", "HEAD")
    end(gates, process)
    assert plain.git("rev-parse", "HEAD~1") == head
    assert violations(plain) == []


def test_what_is_staged_stays_staged_to_the_last_hunk(gates: Gates) -> None:
    plain = gates.sandbox
    process = gates.start()
    plain.write("notes.txt", "one\ntwo\n")
    plain.git("add", "notes.txt")
    plain.write("notes.txt", "one\ntwo\nthree\n")
    plain.write("gone.txt", "1\n")
    plain.git("add", "--intent-to-add", "gone.txt")
    before = (plain.git("diff", "--cached"), plain.git("diff"))
    end(gates, process)
    assert (plain.git("diff", "--cached"), plain.git("diff")) == before
    assert plain.git("show", "HEAD:notes.txt") == "one"
    assert len(plain.committed_records()) == 1


# ---- another branch, no branch


def test_a_record_goes_to_the_branch_of_its_launch_and_is_not_in_the_way_of_going_back(gates: Gates) -> None:
    plain = gates.sandbox
    process = gates.start()
    plain.git("checkout", "--quiet", "-b", "other")
    other = plain.git("rev-parse", "HEAD")
    err = end(gates, process)
    assert "not committed" not in err
    assert plain.git("rev-parse", "other") == other
    assert plain.records() == []
    assert plain.status() == ""
    assert len(plain.committed_records("main")) == 1
    assert listed(plain, "wait") == []
    plain.git("checkout", "--quiet", "main")
    assert plain.record()["state"] == "finished"
    assert listed(plain, "wait") == ["finished"]
    assert violations(plain) == []


def test_a_record_that_was_committed_while_it_ran_is_brought_up_to_date_where_it_is_checked_out(gates: Gates) -> None:
    """As after `git add --all` in the middle of a run, followed by a new branch."""
    plain = gates.sandbox
    process = gates.start()
    plain.commit("everything")
    plain.git("checkout", "--quiet", "-b", "other")
    end(gates, process)
    assert plain.status() == ""
    assert plain.record()["state"] == "finished"
    ended = plain.git("show", f"other:{path_of(plain)}")
    assert "state: finished" in ended
    # And where it was launched: settled there by itself it would differ, and the two could not be merged.
    assert plain.git("show", f"main:{path_of(plain)}") == ended
    plain.git("checkout", "--quiet", "main")
    assert plain.qanat("status").err == ""
    plain.git("merge", "--quiet", "--no-edit", "other")
    assert violations(plain) == []


def test_an_ended_record_is_changed_on_no_other_branch_than_the_one_that_is_checked_out(plain: Sandbox) -> None:
    plain.qanat("run", "plain")
    plain.git("checkout", "--quiet", "-b", "other")
    main = plain.git("rev-parse", "main")
    plain.qanat("tag", "1", "add", "good")
    assert plain.git("rev-parse", "main") == main
    assert "tags: [good]" in plain.git("show", f"other:{path_of(plain)}")
    assert plain.status() == ""


def test_a_record_committed_while_it_ran_stays_in_the_work_tree_of_a_detached_head(gates: Gates) -> None:
    plain = gates.sandbox
    process = gates.start()
    plain.commit("everything")
    plain.git("checkout", "--quiet", "--detach")
    end(gates, process)
    assert plain.record()["state"] == "finished"
    assert "state: finished" in plain.git("show", f"main:{path_of(plain)}")
    assert plain.status() == f" M {path_of(plain)}"


def test_a_head_that_was_detached_meanwhile_does_not_keep_the_record_from_its_branch(gates: Gates) -> None:
    plain = gates.sandbox
    process = gates.start()
    plain.git("checkout", "--quiet", "--detach")
    head = plain.git("rev-parse", "HEAD")
    assert "not committed" not in end(gates, process)
    assert plain.git("rev-parse", "HEAD") == head
    assert len(plain.committed_records("main")) == 1
    plain.git("checkout", "--quiet", "main")
    assert violations(plain) == []


def _merging(plain: Sandbox) -> Callable[[], object]:
    plain.git("merge", "--no-commit", "--no-ff", "other")
    return lambda: plain.git("commit", "--quiet", "--no-edit")


def _rebasing(plain: Sandbox) -> Callable[[], object]:
    plain.git("-c", "sequence.editor=sed -i s/^pick/edit/", "rebase", "--quiet", "--interactive", "HEAD~1")
    return lambda: plain.git("rebase", "--continue")


def _cherry_picking(plain: Sandbox) -> Callable[[], object]:
    plain.git("cherry-pick", "conflict", code=1)
    return lambda: plain.git("cherry-pick", "--abort")


@pytest.mark.parametrize(
    ("begin", "operation"), [(_merging, "merge"), (_rebasing, "rebase"), (_cherry_picking, "cherry-pick")]
)
def test_in_the_middle_of_something_the_record_is_left_and_said_and_comes_in_later(
    gates: Gates, begin: Callable[[Sandbox], Callable[[], object]], operation: str
) -> None:
    plain = gates.sandbox
    for branch, file in (("other", "theirs.txt"), ("conflict", "notes.txt")):
        plain.git("checkout", "--quiet", "-b", branch)
        plain.write(file, f"{branch}\n")
        plain.commit(branch)
        plain.git("checkout", "--quiet", "main")
    plain.write("notes.txt", "ours\n")
    plain.commit("ours")
    process = gates.start()
    go_on = begin(plain)
    head = plain.git("rev-parse", "HEAD")
    sentence = f"the record of run 1 was saved, but not committed: the repository is in the middle of a {operation}"
    assert f"note: {sentence}\n" in end(gates, process)
    assert plain.record()["state"] == "finished"
    assert plain.qanat("status").err == f"note: {sentence}\n"
    assert plain.git("rev-parse", "HEAD") == head
    go_on()
    assert plain.git("symbolic-ref", "--short", "HEAD") == "main"
    assert plain.qanat("status").err == ""
    assert len(plain.committed_records("main")) == 1
    assert violations(plain) == []


def test_a_branch_that_is_gone_leaves_the_record_until_it_is_back(gates: Gates) -> None:
    plain = gates.sandbox
    plain.git("checkout", "--quiet", "-b", "topic")
    process = gates.start()
    plain.git("checkout", "--quiet", "main")
    plain.git("branch", "--quiet", "-D", "topic")
    sentence = "note: the record of run 1 was saved, but not committed: branch topic no longer exists\n"
    assert sentence in end(gates, process)
    assert plain.record()["state"] == "finished"
    assert plain.qanat("status").err == sentence
    assert plain.committed_records() == set()
    plain.git("branch", "topic")
    assert plain.qanat("status").err == ""
    assert len(plain.committed_records("topic")) == 1
    assert plain.status() == ""


def test_a_branch_that_another_work_tree_has_checked_out_is_not_moved_under_it(gates: Gates) -> None:
    plain = gates.sandbox
    linked = Sandbox(plain.root.parent / "linked")
    process = gates.start()
    plain.git("checkout", "--quiet", "-b", "other")
    plain.git("worktree", "add", "--quiet", str(linked.root), "main")
    sentence = "the record of run 1 was saved, but not committed: main is checked out in another worktree"
    assert f"note: {sentence}\n" in end(gates, process)
    assert linked.status() == ""
    plain.git("worktree", "remove", str(linked.root))
    assert plain.qanat("status").err == ""
    assert len(plain.committed_records("main")) == 1
    assert plain.status() == ""


def test_each_work_tree_looks_after_its_own_runs(gates: Gates) -> None:
    plain = gates.sandbox
    linked = Gates.__new__(Gates)
    linked.sandbox, linked.experiment = Sandbox(plain.root.parent / "linked"), "wait"
    plain.git("worktree", "add", "--quiet", "-b", "side", str(linked.sandbox.root))
    process = linked.start()
    process.kill()
    process.communicate()
    gates.open()
    linked.ended()
    assert plain.qanat("status").err == ""
    assert plain.status() == ""
    linked.sandbox.qanat("status")
    assert linked.sandbox.record()["state"] == "finished"
    assert len(plain.committed_records("side")) == 1
    assert linked.sandbox.status() == ""
    linked.sandbox.qanat("validate")


# ---- healing


@pytest.mark.parametrize("reset", ["--soft", "--mixed"])
def test_a_record_that_was_left_staged_or_untracked_is_committed_by_the_next_command(
    plain: Sandbox, reset: str
) -> None:
    plain.write("mine.txt", "1\n")
    plain.qanat("run", "plain", "--snapshot")
    plain.qanat("run", "plain", "--snapshot")
    plain.git("reset", "--quiet", reset, "HEAD~2")
    plain.git("add", "mine.txt")
    plain.qanat("status")
    assert len(plain.committed_records()) == 2
    assert plain.git("log", "-1", "--format=%s") == "qanat: 2 runs recorded"
    assert violations(plain, git_status="A  mine.txt") == []


def test_a_record_that_head_has_from_when_it_ran_is_brought_up_to_date(gates: Gates) -> None:
    plain = gates.sandbox
    process = gates.start()
    plain.commit("everything")
    process.kill()
    process.communicate()
    gates.open()
    gates.ended()
    plain.qanat("status")
    assert "state: finished" in plain.git("show", f"HEAD:{path_of(plain)}")
    assert violations(plain) == []


def test_a_record_that_ended_and_was_edited_by_hand_is_not_committed_behind_the_users_back(plain: Sandbox) -> None:
    plain.qanat("run", "plain")
    plain.qanat("run", "plain")
    file = plain.root / path_of(plain)
    file.write_text(file.read_text().replace("state: finished", "state: failed"))
    head = plain.git("rev-parse", "HEAD")
    plain.qanat("status")
    assert plain.status() == f" M {path_of(plain)}"
    plain.git("add", path_of(plain))
    (plain.root / path_of(plain, 2)).unlink()
    plain.qanat("experiment", "status", "plain")
    assert sorted(line[:2] for line in plain.status().splitlines()) == [" D", "M "]
    assert plain.git("rev-parse", "HEAD") == head


@pytest.mark.parametrize("lock", ["index.lock", "refs/heads/main.lock"])
def test_somebody_elses_lock_is_waited_for(gates: Gates, lock: str) -> None:
    plain = gates.sandbox
    process = gates.start()
    path = plain.root / ".git" / lock
    path.touch()
    gates.open()
    wait_until(lambda: plain.record()["state"] == "finished")
    assert plain.committed_records() == set()
    assert process.poll() is None
    path.unlink()
    assert "not committed" not in end(gates, process)
    assert violations(plain) == []


# ---- signing


@pytest.fixture
def signing(plain: Sandbox) -> Sandbox:
    """Return a project whose commits are signed with an SSH key."""
    if not shutil.which("ssh-keygen"):
        pytest.skip("ssh-keygen is not there")
    key = plain.root.parent / "key"
    call(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", str(key)], plain.root.parent)
    signers = plain.root.parent / "signers"
    signers.write_text(f"ada@example.org {key.with_suffix('.pub').read_text()}")
    for name, value in {
        "gpg.format": "ssh",
        "user.signingKey": str(key),
        "gpg.ssh.allowedSignersFile": str(signers),
        "commit.gpgSign": "true",
    }.items():
        plain.git("config", name, value)
    return plain


def test_records_are_signed_where_commits_are(signing: Sandbox) -> None:
    signing.qanat("run", "plain")
    signing.git("verify-commit", "HEAD")
    assert signing.git("log", "-1", "--format=%G?|%s") == "G|qanat: run 1 of plain finished"
    assert violations(signing) == []


def test_a_record_that_cannot_be_signed_is_left_and_said_and_nobody_is_asked(signing: Sandbox) -> None:
    key = Path(signing.git("config", "user.signingKey"))
    call(["ssh-keygen", "-q", "-p", "-N", "a passphrase", "-P", "", "-f", str(key)], signing.root)
    head = signing.git("rev-parse", "HEAD")
    result = signing.qanat("run", "plain")
    sentence = "note: the record of run 1 was saved, but not committed: the commit of the record could not be signed ("
    assert sentence in result.err
    assert "commit it yourself; git said: " in result.err
    assert signing.git("rev-parse", "HEAD") == head
    assert signing.record()["state"] == "finished"
    signing.git("config", "commit.gpgSign", "false")
    assert signing.qanat("status").err == ""
    assert violations(signing) == []


@pytest.mark.parametrize(("works", "signed"), [(True, True), (False, False)])
def test_a_signing_program_of_ones_own_is_used(plain: Sandbox, works: bool, signed: bool) -> None:
    """git calls the program, which writes a signature to stdout and reports it on its status channel."""
    program = plain.root.parent / "sign"
    sign = 'cat >/dev/null\necho "[GNUPG:] SIG_CREATED D" >&2\necho "-----BEGIN PGP SIGNATURE-----"\n'
    program.write_text(f"#!/bin/sh\n{sign if works else 'echo no key here >&2; exit 2'}\n")
    program.chmod(0o755)
    plain.git("config", "gpg.program", str(program))
    plain.git("config", "commit.gpgSign", "true")
    result = plain.qanat("run", "plain")
    assert ("could not be signed" in result.err) is not signed
    assert ("gpgsig -----BEGIN PGP SIGNATURE-----" in plain.git("cat-file", "commit", "HEAD")) is signed
    assert len(plain.committed_records()) == int(signed)


# ---- repositories of other shapes


def _split_index(plain: Sandbox) -> None:
    plain.git("update-index", "--split-index")


def _sparse_cone(plain: Sandbox) -> None:
    plain.git("sparse-checkout", "set", "--cone", "--sparse-index", "kept", ".qanat/experiments")


def _sparse_patterns(plain: Sandbox) -> None:
    plain.git("sparse-checkout", "set", "--no-cone", "/*.*", "/kept/", "/.qanat/", "!/.qanat/runs/")


def _index_version_4(plain: Sandbox) -> None:
    plain.git("config", "feature.manyFiles", "true")
    plain.git("update-index", "--index-version", "4", "--untracked-cache")


def _packed(plain: Sandbox) -> None:
    plain.git("pack-refs", "--all")
    plain.git("gc", "--quiet")


def _deep_and_shallow(plain: Sandbox) -> None:
    origin = plain.root.with_name("origin")
    plain.root.rename(origin)
    call(["git", "clone", "--quiet", "--depth", "1", f"file://{origin}", str(plain.root)], origin)


def _separate_git_dir(plain: Sandbox) -> None:
    plain.git("init", "--quiet", "--separate-git-dir", str(plain.root.parent / "the git folder"))


@pytest.mark.parametrize(
    "change",
    [_split_index, _sparse_cone, _sparse_patterns, _index_version_4, _packed, _deep_and_shallow, _separate_git_dir],
)
def test_repositories_of_other_shapes_work(plain: Sandbox, change: Callable[[Sandbox], None]) -> None:
    for folder in ("kept", "left out"):
        for number in range(3):
            plain.write(f"{folder}/{number}.txt", f"{number}\n")
    plain.commit("folders")
    change(plain)
    tracked = plain.git("ls-files")
    plain.qanat("run", "plain")
    plain.write("kept/1.txt", "changed\n")
    assert plain.qanat("run", "plain", code=2).err.splitlines()[1] == "   M kept/1.txt"
    plain.qanat("run", "plain", "--snapshot")
    snapshot = plain.record(2)["code"]["commit"]
    assert plain.git("show", f"{snapshot}:kept/1.txt") == "changed"
    assert plain.git("show", f"{snapshot}:left out/1.txt") == "1"
    plain.qanat("run", "plain", "--commit-message", "changed")
    assert plain.git("show", "HEAD:left out/2.txt") == "2"
    assert plain.status() == ""
    assert len(plain.committed_records()) == 3
    assert [record["state"] for record in plain.records()] == ["finished"] * 3
    assert not any("changed_while_running" in record["code"] for record in plain.records())
    machines = plain.git("ls-files", ".qanat/environments/machines").splitlines()
    assert len(machines) == 1
    assert set(plain.git("ls-files").splitlines()) == {*tracked.splitlines(), *plain.committed_records(), *machines}
    assert plain.git("fsck", "--no-dangling", "--no-progress") == ""
    plain.qanat("validate")
