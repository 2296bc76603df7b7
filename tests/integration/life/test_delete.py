"""Deleting runs: what is deleted, what is asked, which numbers are never reused, and how to restore a record."""

from __future__ import annotations

import os
import shlex
import subprocess
from pathlib import Path

import pytest

from tests.integration.life.copies import copy_of
from tests.integration.life.endings import exit_code
from tests.support.gates import Gates
from tests.support.invariants import violations
from tests.support.sandbox import Sandbox, call
from tests.support.terminal import Terminal


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Sandbox:
    """Return a project with three runs."""
    sandbox = Sandbox.make(tmp_path_factory.mktemp("built") / "my project")
    sandbox.experiment("hello", 'echo hello; head -c 2000 /dev/zero >"$2/out.bin"')
    for _ in range(3):
        sandbox.qanat("run", "hello")
    return sandbox


@pytest.fixture
def ran(built: Sandbox, tmp_path: Path) -> Sandbox:
    """Return a copy of that project for one test."""
    return copy_of(built, tmp_path / "copy")


def storage(sandbox: Sandbox, run: int) -> Path:
    return sandbox.root / f"results/hello/run_{run}"


def numbers(sandbox: Sandbox) -> list[int]:
    return [int(record["id"].partition("-")[0]) for record in sandbox.records()]


def command_to_restore(out: str) -> list[str]:
    """Return the command in the output of delete, as a shell would parse it."""
    (line,) = [line for line in out.splitlines() if line.startswith("Deleted")]
    return shlex.split(line.partition("restore its record with: ")[2])


def test_record_comment_and_results_go_in_one_commit_and_nothing_else(ran: Sandbox) -> None:
    ran.qanat("comment", "2", "-m", "bad")
    ran.write("staged.txt", "x")
    ran.git("add", "staged.txt")
    head = ran.git("rev-parse", "HEAD")
    record = ran.record_files()[1]
    result = ran.qanat("delete", "2", "1", "--yes")
    assert f"Run 2 of hello will be deleted: {record.relative_to(ran.root)} and results/hello/run_2 (" in result.out
    assert "kB)" in result.out
    assert ran.git("rev-parse", "HEAD~1") == head
    assert ran.git("log", "-1", "--format=%s") == "qanat: runs 2, 1 deleted"
    changed = ran.git("show", "--name-status", "--format=", "HEAD").splitlines()
    assert [line[:2] for line in changed] == ["D\t"] * 3
    assert numbers(ran) == [3]
    assert [storage(ran, n).exists() for n in (1, 2, 3)] == [False, False, True]
    assert ran.status() == "A  staged.txt"
    assert violations(ran, git_status="A  staged.txt") == []


def test_the_record_comes_back_with_the_command_that_is_said(ran: Sandbox, tmp_path: Path) -> None:
    ran.qanat("comment", "2", "-m", "bad")
    before = {path.name: path.read_bytes() for path in ran.record_files()[1].parent.glob("2-*")}
    assert len(before) == 2
    command = command_to_restore(ran.qanat("delete", "2", "--yes").out)
    call(command, tmp_path)
    assert {path.name: path.read_bytes() for path in ran.record_files()[1].parent.glob("2-*")} == before
    shown = ran.qanat("show", "2").out
    assert shown.startswith("Run 2 of experiment hello:")
    assert shown.endswith("\nbad\n")
    # The record is committed by the next command; the comment is staged, as git left it.
    assert ran.status() == f"A  {ran.record_files()[1].with_suffix('.md').relative_to(ran.root)}"
    assert numbers(ran) == [1, 2, 3]


def test_the_command_is_short_where_it_is_typed_in_the_projects_folder(ran: Sandbox) -> None:
    out = ran.qanat("delete", "2", "--yes", env={"PWD": str(ran.root)}).out
    command = command_to_restore(out)
    assert command[:2] == ["git", "checkout"]
    call(command, ran.root)
    assert numbers(ran) == [1, 2, 3]


def test_a_number_is_never_given_again(ran: Sandbox) -> None:
    ran.qanat("delete", "2", "3", "--yes")
    ran.qanat("run", "hello")
    assert numbers(ran) == [1, 4]
    ran.qanat("delete", "1", "4", "--yes")
    ran.git("checkout", "--quiet", "-b", "topic", "HEAD~3")
    ran.qanat("run", "hello")
    assert max(numbers(ran)) == 5
    clone = Sandbox(ran.root.parent / "clone")
    ran.git("checkout", "--quiet", "main")
    ran.git("clone", "--quiet", str(ran.root), str(clone.root))
    assert numbers(clone) == []
    clone.qanat("run", "hello")
    assert numbers(clone) == [5]


def test_without_a_terminal_it_must_be_said_that_it_is_meant(ran: Sandbox) -> None:
    result = ran.qanat("delete", "1", code=2)
    assert "cannot prompt without a terminal: Delete 1 run?\n  hint: use --yes\n" in result.err
    assert numbers(ran) == [1, 2, 3]


@pytest.mark.parametrize(("answer", "code"), [("n", 130), ("y", 0)])
def test_at_a_terminal_it_is_asked(ran: Sandbox, answer: str, code: int) -> None:
    with Terminal(ran.root, "experiment", "run_delete", "hello", "1") as terminal:
        terminal.see("Run 1 of hello will be deleted: .qanat/runs/hello/0/1-")
        terminal.see("Delete 1 run?")
        terminal.press(answer)
        terminal.ends(code)
    assert numbers(ran) == ([1, 2, 3] if answer == "n" else [2, 3])
    assert storage(ran, 1).exists() == (answer == "n")


def test_a_run_that_goes_on_is_refused_and_so_are_the_others_with_it(ran: Sandbox) -> None:
    gates = Gates(ran)
    process = gates.start(run=4)
    result = ran.qanat("delete", "1", "4", "--yes", code=2)
    assert result.err == (
        "qanat: run 4 is still running, so it cannot be deleted without --cancel\n"
        "  hint: wait until it ends, or cancel it: qanat cancel 4\n"
    )
    assert numbers(ran) == [1, 2, 3, 4]
    gates.open()
    assert exit_code(process) == 0


@pytest.mark.parametrize("killed", [False, True])
def test_with_cancel_a_run_that_goes_on_is_ended_first(ran: Sandbox, killed: bool) -> None:
    gates = Gates(ran)
    process = gates.start(run=4)
    if killed:
        process.kill()
        exit_code(process)
    result = ran.qanat("delete", "4", "--yes", "--cancel")
    assert "Deleted run 4; restore its record with: git " in result.out
    assert exit_code(process) == (-9 if killed else 143)
    assert numbers(ran) == [1, 2, 3]
    assert not gates.storage(4).exists()
    call(command_to_restore(result.out), ran.root)
    assert ran.record(4)["state"] == "cancelled"


def test_a_directory_of_ones_own_choice_goes_only_when_it_is_the_runs(ran: Sandbox) -> None:
    own, other = ran.root.parent / "own", ran.root.parent / "other"
    ran.qanat("run", "hello", "--storage_path", str(own))
    ran.qanat("run", "hello", "--storage_path", str(other))
    (other / "info.yaml").write_text((storage(ran, 1) / "info.yaml").read_text())
    out = ran.qanat("delete", "4", "5", "--yes").out
    assert str(other) not in out
    assert not own.exists()
    assert (other / "out.bin").exists()
    assert numbers(ran) == [1, 2, 3]


def test_a_record_from_elsewhere_takes_no_directory_with_it(ran: Sandbox) -> None:
    precious = ran.root.parent / "precious"
    precious.mkdir()
    (precious / "thesis.tex").write_text("x")
    record = ran.record_files()[0]
    record.write_text(record.read_text().replace("storage: results/hello/run_1", f"storage: {precious}"))
    ran.commit()
    ran.qanat("delete", "1", "--yes")
    assert (precious / "thesis.tex").exists()


def test_a_run_whose_results_are_gone_is_deleted_all_the_same(ran: Sandbox) -> None:
    call(["rm", "-r", str(storage(ran, 1))], ran.root)
    assert "results/" not in ran.qanat("delete", "1", "--yes").out
    assert numbers(ran) == [2, 3]


def test_results_with_read_only_files_and_links_go_and_what_links_point_at_stays(ran: Sandbox) -> None:
    target = ran.root.parent / "target"
    target.mkdir()
    (target / "file").write_text("x")
    (storage(ran, 1) / "link").symlink_to(target)
    (storage(ran, 1) / "out.bin").chmod(0o400)
    ran.qanat("delete", "1", "--yes")
    assert not storage(ran, 1).exists()
    assert (target / "file").exists()


@pytest.mark.skipif(os.geteuid() == 0, reason="root may do everything")
def test_results_that_cannot_be_removed_leave_the_record(ran: Sandbox) -> None:
    locked = storage(ran, 1) / "locked"
    locked.mkdir()
    (locked / "file").write_text("x")
    locked.chmod(0o500)
    result = ran.qanat("delete", "1", "--yes", code=1)
    assert "permission denied" in result.err
    assert 1 in numbers(ran)
    locked.chmod(0o700)


def test_where_the_user_commits_the_removal_is_left_to_them(ran: Sandbox) -> None:
    ran.write(".qanat/config.yaml", "schema: config/1\nrecords: {commit: manual}\n")
    ran.commit()
    out = ran.qanat("delete", "1", "--yes").out
    assert [line[:2] for line in ran.status().splitlines()] == [" D"]
    assert ran.qanat("show", "1", code=2).out == ""
    call(command_to_restore(out), ran.root)
    assert ran.status() == ""


def test_a_record_that_was_never_committed_cannot_be_had_back_and_that_is_not_promised(sandbox: Sandbox) -> None:
    sandbox.experiment("hello", "echo hello")
    sandbox.write(".qanat/config.yaml", "schema: config/1\nrecords: {commit: manual}\n")
    sandbox.commit()
    sandbox.qanat("run", "hello")
    assert sandbox.qanat("delete", "1", "--yes").out.endswith("\nDeleted run 1\n")
    # Other runs may have had the same machine.
    assert sandbox.status() == "?? .qanat/environments/"


def test_the_checkout_of_a_snapshot_can_be_run_again_after_its_record_came_back(ran: Sandbox) -> None:
    ran.write("hello.sh", "echo never committed")
    ran.qanat("run", "--snapshot", "hello")
    command = command_to_restore(ran.qanat("delete", "4", "--yes").out)
    subprocess.run(command, cwd=ran.root, check=True, capture_output=True)
    assert ran.qanat("rerun", "4").out == "never committed\n"


@pytest.mark.parametrize("words", [("delete", "1", "--yes"), ("comment", "2", "-m", "")], ids=lambda words: words[0])
def test_a_deletion_that_could_not_be_committed_is_committed_by_the_next_command(
    ran: Sandbox, words: tuple[str, ...]
) -> None:
    ran.qanat("comment", "2", "-m", "noted")
    refusing = '#!/bin/sh\n[ "$1" != prepared ] || ! grep -q refs/heads/main || exit 1\n'
    ran.write(".git/hooks/reference-transaction", refusing, executable=True)
    result = ran.qanat(*words, code=None)
    assert "not committed" in result.err
    assert ran.status().startswith(" D .qanat/runs/hello/0/")
    assert ran.qanat("status").err.startswith("note: a deletion that was cut short is not committed: ")
    (ran.root / ".git/hooks/reference-transaction").unlink()
    assert ran.qanat("status").err == ""
    assert ran.status() == ""
    if words[0] == "delete":
        assert "Deleted-run: 1-" in ran.git("log", "-1", "--format=%B")
    assert ran.git("stash", "list") == ""
