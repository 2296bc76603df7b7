"""A commit that the user is writing in an editor is not disturbed by records, which come in afterwards."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.support.invariants import violations
from tests.support.sandbox import Sandbox, wait_until

EDITOR = 'touch "{gate}.begun"; while [ ! -e "{gate}" ]; do sleep 0.02; done; echo mine >"$1"\n'
LEFT = (
    "the record of run 1 was saved, but not committed yet: git commit is running; the next qanat command commits it\n"
)


@pytest.fixture
def plain(sandbox: Sandbox) -> Sandbox:
    """Return a project with an experiment, and something that the user has staged."""
    sandbox.experiment("plain", "exit 0\n")
    sandbox.write("mine.txt", "mine\n")
    sandbox.git("add", "mine.txt")
    return sandbox


@contextmanager
def editing(sandbox: Sandbox, *words: str) -> Iterator[Path]:
    """Let the user write the message of a commit until the block ends, which then succeeds."""
    gate, editor = sandbox.root.parent / "gate", sandbox.root.parent / "editor"
    editor.write_text(EDITOR.format(gate=gate))
    command = ["git", "-c", f"core.editor=sh '{editor}'", "commit", "--quiet", *words]
    process = subprocess.Popen(command, cwd=sandbox.root, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    try:
        wait_until(Path(f"{gate}.begun").exists)
        yield gate
    finally:
        gate.touch()
        out = process.communicate(timeout=60)[0]
    assert process.returncode == 0, out


@pytest.mark.parametrize("words", [(), ("--all",), ("mine.txt",)])
def test_a_commit_in_an_editor_succeeds_and_the_next_command_commits_the_record(
    plain: Sandbox, words: tuple[str, ...]
) -> None:
    with editing(plain, *words):
        done = plain.qanat("run", "--snapshot", "plain")
        assert f"note: {LEFT}" in done.err
        assert plain.committed_records() == set()
        assert plain.record()["state"] == "finished"
    assert plain.git("log", "-1", "--format=%s") == "mine"
    assert plain.qanat("status").err == ""
    assert len(plain.committed_records()) == 1
    assert violations(plain) == []


def test_a_commit_that_ends_meanwhile_is_waited_for(plain: Sandbox) -> None:
    with editing(plain) as gate:
        process = plain.start("run", "--snapshot", "plain")
        wait_until(lambda: [record for record in plain.records() if record["state"] == "finished"])
        gate.touch()
        err = process.communicate(timeout=60)[1]
    assert "not committed" not in err
    assert plain.git("log", "-2", "--format=%s").splitlines() == ["qanat: run 1 of plain finished", "mine"]


def test_a_comment_waits_for_the_next_command_as_well(plain: Sandbox) -> None:
    plain.qanat("run", "--snapshot", "plain")
    with editing(plain):
        said = plain.qanat("comment", "1", "--message", "it is good").err
        assert "not committed yet: git commit is running; the next qanat command commits it" in said
    plain.qanat("status")
    comment = plain.record_files()[0].relative_to(plain.root).with_suffix(".md")
    assert plain.git("show", f"HEAD:{comment}") == "it is good"
    assert violations(plain) == []


def test_a_tag_waits_for_the_next_command_as_well(plain: Sandbox) -> None:
    plain.qanat("run", "--snapshot", "plain")
    with editing(plain):
        assert LEFT in plain.qanat("tag", "1", "add", "good").err
    plain.qanat("status")
    assert "tags: [good]" in plain.git("show", f"HEAD:{plain.record_files()[0].relative_to(plain.root)}")
    assert violations(plain) == []
