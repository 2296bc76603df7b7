"""Comments and tags of runs: beside the record, in git, and in the user's own editor."""

from __future__ import annotations

import json
import os
import shlex
import sys
from pathlib import Path

import pytest

from tests.integration.life.copies import copy_of
from tests.integration.life.endings import exit_code
from tests.support.gates import Gates
from tests.support.sandbox import Sandbox
from tests.support.terminal import Terminal

# An editor that notes how it was called, and appends to the file that it was given last.
EDITOR = """\
import json, pathlib, sys
notes, text, *words = sys.argv[1:]
pathlib.Path(notes).write_text(json.dumps({"words": words, "before": pathlib.Path(words[-1]).read_text()}))
if text == "fail":
    sys.exit(3)
with open(words[-1], "a") as file:
    file.write(text)
"""


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Sandbox:
    """Return a project with a run."""
    sandbox = Sandbox.make(tmp_path_factory.mktemp("built") / "my project")
    sandbox.experiment("hello", "echo hello")
    sandbox.qanat("run", "--tag", "old", "hello")
    return sandbox


@pytest.fixture
def ran(built: Sandbox, tmp_path: Path) -> Sandbox:
    """Return a copy of that project for one test."""
    return copy_of(built, tmp_path / "copy")


def comment_file(sandbox: Sandbox) -> Path:
    return sandbox.record_files()[0].with_suffix(".md")


def make_editor(sandbox: Sandbox, text: str, *words: str) -> str:
    """Return the command of an editor with arguments that appends text."""
    beside = sandbox.root.parent
    program, notes = beside / "an editor.py", beside / "notes.json"
    program.write_text(EDITOR)
    return shlex.join([sys.executable, str(program), str(notes), text, *words])


# ---- comment


def test_a_comment_is_markdown_beside_the_record_and_committed(ran: Sandbox) -> None:
    ran.write("staged.txt", "x")
    ran.git("add", "staged.txt")
    result = ran.qanat("comment", "1", "-m", "# Good\n\nThe one for *figure 2*")
    assert (result.out, result.err) == ("Saved the comment on run 1\n", "")
    file = comment_file(ran)
    assert file.read_text() == "# Good\n\nThe one for *figure 2*\n"
    assert ran.git("log", "-1", "--format=%s", "--", str(file)) == "qanat: comment on run 1 of hello"
    assert ran.git("show", "--name-only", "--format=", "HEAD") == str(file.relative_to(ran.root))
    assert ran.status() == "A  staged.txt"
    ran.qanat("validate")
    assert ran.qanat("show", "1").out.endswith("\n# Good\n\nThe one for *figure 2*\n")


def test_a_comment_is_replaced_kept_and_removed(ran: Sandbox) -> None:
    ran.qanat("comment", "1", "-m", "first")
    head = ran.git("rev-parse", "HEAD")
    assert ran.qanat("experiment", "run_comment", "hello", "1", "-m", "first\n").out == "nothing changed\n"
    assert ran.git("rev-parse", "HEAD") == head
    ran.qanat("comment", "1", "-m", "second")
    assert comment_file(ran).read_text() == "second\n"
    assert ran.qanat("comment", "1", "-m", "").out == "Removed the comment on run 1\n"
    assert not comment_file(ran).exists()
    assert ran.status() == ""
    assert ran.qanat("comment", "1", "-m", " ").out == "nothing changed\n"


@pytest.mark.parametrize("source", ["EDITOR", "VISUAL", "the settings"])
def test_a_comment_is_written_in_the_users_editor_which_may_have_arguments(ran: Sandbox, source: str) -> None:
    editor = make_editor(ran, "more", "-w", "--title=a b")
    if source == "the settings":
        text = (ran.root / ".qanat/config.yaml").read_text()
        lines = [line for line in text.splitlines() if not line.startswith("default_editor")]
        ran.write(".qanat/config.yaml", "\n".join([*lines, f"default_editor: {json.dumps(editor)}", ""]))
        ran.commit()
    ran.qanat("comment", "1", "-m", "before")
    with Terminal(ran.root, "comment", "1", env={source: editor} if source != "the settings" else {}) as terminal:
        if source == "the settings":
            terminal.see("Run it?")
            terminal.press("y")
        terminal.see("Saved the comment on run 1")
        terminal.ends()
    assert comment_file(ran).read_text() == "before\nmore\n"
    notes = (ran.root.parent / "notes.json").read_text()
    assert '"words": ["-w", "--title=a b", "/' in notes
    assert '"before": "before\\n"' in notes
    assert ran.status() == ""


def test_an_editor_that_fails_or_is_not_there_changes_nothing(ran: Sandbox) -> None:
    ran.qanat("comment", "1", "-m", "before")
    failing = make_editor(ran, "fail")
    for editor, code, said in (
        (failing, 2, "failed with exit code 3; nothing was saved"),
        ("no-such-editor -w", 3, "cannot start 'no-such-editor -w'"),
        ("'open quote", 3, 'cannot start "\'open quote"'),
    ):
        with Terminal(ran.root, "comment", "1", env={"EDITOR": editor}) as terminal:
            terminal.see(said)
            terminal.ends(code)
    assert comment_file(ran).read_text() == "before\n"


def test_without_a_terminal_an_editor_is_not_opened(ran: Sandbox) -> None:
    result = ran.qanat("comment", "1", code=2, env={"EDITOR": make_editor(ran, "x")})
    assert result.err == "qanat: cannot open an editor without a terminal\n  hint: use -m TEXT\n"
    assert not (ran.root.parent / "notes.json").exists()


def test_a_comment_is_rendered_on_a_terminal_and_cannot_steer_it(ran: Sandbox) -> None:
    ran.qanat("comment", "1", "-m", "# Title\n\n- *one*\n- two\n\n[link](http://example.org) \x1b]0;trap\x07 \x9b31m")
    with Terminal(ran.root, "show", "1") as terminal:
        terminal.see("• one")
        terminal.ends()
        assert "Title" in terminal.text
        assert "# Title" not in terminal.text
        assert "]0;trap\x07" not in terminal.raw
        assert "\x9b" not in terminal.raw


def test_a_comment_that_is_not_utf8_is_refused(ran: Sandbox) -> None:
    for words in (["comment", "1", "-m", os.fsdecode(b"a\xff")], ["tag", "1", "add", os.fsdecode(b"a\xff")]):
        result = ran.qanat(*words, code=2)
        assert result.err == "qanat: 'a\\udcff' is not UTF-8\n  hint: records contain UTF-8 only\n"
    assert ran.status() == ""


def test_a_run_that_goes_on_can_have_a_comment(sandbox: Sandbox) -> None:
    gates = Gates(sandbox)
    process = gates.start()
    sandbox.qanat("comment", "1", "-m", "looks good")
    gates.open()
    assert exit_code(process) == 0
    assert comment_file(sandbox).read_text() == "looks good\n"
    assert sandbox.status() == ""


def test_a_comment_that_is_a_link_is_not_followed(ran: Sandbox) -> None:
    secret = ran.root.parent / "secret"
    secret.write_text("hidden")
    comment_file(ran).symlink_to(secret)
    assert "hidden" not in ran.qanat("show", "1").out
    ran.qanat("comment", "1", "-m", "mine")
    assert secret.read_text() == "hidden"
    assert comment_file(ran).read_text() == "mine\n"
    assert not comment_file(ran).is_symlink()


def test_where_the_user_commits_a_comment_is_left_to_them(ran: Sandbox) -> None:
    ran.write(".qanat/config.yaml", "schema: config/1\nrecords: {commit: manual}\n")
    ran.commit()
    ran.qanat("comment", "1", "-m", "mine")
    ran.qanat("tag", "1", "add", "new")
    assert [line[:2] for line in ran.status().splitlines()] == [" M", "??"]


def test_on_a_detached_head_the_comment_is_written_and_it_is_said_that_it_is_not_committed(ran: Sandbox) -> None:
    ran.git("checkout", "--quiet", "--detach")
    result = ran.qanat("comment", "1", "-m", "mine")
    assert "note: done, but not committed: the repository is on a detached HEAD\n" in result.err
    assert comment_file(ran).read_text() == "mine\n"


# ---- tags


def test_tags_are_added_and_removed_and_committed(ran: Sandbox) -> None:
    assert ran.qanat("tag", "1", "add", "paper", "figure 2", "paper").out == "Tags of run 1: old, paper, figure 2\n"
    assert ran.record()["tags"] == ["old", "paper", "figure 2"]
    assert ran.git("log", "-1", "--format=%s") == "qanat: tags of run 1 of hello"
    assert ran.qanat("tag", "1", "remove", "old", "figure 2").out == "Tags of run 1: paper\n"
    assert ran.qanat("tag", "1", "remove", "paper").out == "Tags of run 1: none\n"
    assert ran.status() == ""
    ran.qanat("validate")


def test_tags_that_are_not_there_and_empty_ones_are_refused(ran: Sandbox) -> None:
    result = ran.qanat("tag", "1", "remove", "paper", code=2)
    assert result.err == "qanat: run 1 has no tag 'paper'\n  hint: its tags: old\n"
    assert ran.qanat("tag", "1", "add", "", code=2).err == "qanat: a tag cannot be empty\n"
    assert ran.qanat("tag", "1", "base line", code=2).err == (
        "qanat: 'base line' is neither add nor remove\n  hint: to add it as a tag: qanat tag 1 add 'base line'\n"
    )
    assert ran.record()["tags"] == ["old"]


def test_nothing_else_of_a_record_changes_with_its_tags(ran: Sandbox) -> None:
    before = ran.record_files()[0].read_text()
    ran.qanat("tag", "1", "add", "new: [")
    ran.qanat("tag", "1", "remove", "new: [")
    assert ran.record_files()[0].read_text() == before


def test_a_comment_that_is_too_large_hides_nothing_else_of_its_run(ran: Sandbox) -> None:
    comment_file(ran).write_text("#" * (4 * 2**20 + 1))
    shown = ran.qanat("show", "1").out
    assert shown.endswith(f"\nNote: {comment_file(ran).relative_to(ran.root)}: is larger than 4 MiB\n")
    with Terminal(ran.root, "explore", "hello", "1") as terminal:
        terminal.see("[q] Back")
        terminal.press("d")
        terminal.see("is larger than 4 MiB")
        terminal.see("[q] Back")
        terminal.press("q")
        terminal.ends()
