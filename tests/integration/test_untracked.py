"""Files that git neither tracks nor ignores, beside the code of a run."""

from __future__ import annotations

import os
import subprocess

import pytest

from tests.support.sandbox import PROGRAM, Sandbox

CONFIG = ".qanat/config.yaml"


@pytest.fixture
def project(sandbox: Sandbox) -> Sandbox:
    """Return a project with an experiment in a folder of its own."""
    sandbox.write("exp/hello.sh", "echo hello\n")
    sandbox.write("hello.yaml", "name: hello\npath: exp\nexecutable: exp/hello.sh\nexecutable_command: sh\n")
    sandbox.qanat("experiment", "new", "hello.yaml")
    sandbox.commit("an experiment")
    return sandbox


def test_files_that_are_neither_code_nor_input_are_noted_and_stop_no_run(project: Sandbox) -> None:
    for number in range(25):
        project.write(f"notes/{number:02}.ipynb", "{}\n")
    result = project.qanat("run", "hello")
    assert result.out == "hello\n"
    assert "note: untracked, so not part of the recorded code: notes/00.ipynb (3 B), " in result.err
    record = project.record()
    assert record["code"]["untracked"] == [f"notes/{number:02}.ipynb" for number in range(20)]
    assert record["code"]["snapshot"] is False
    assert project.qanat("validate").code == 0


@pytest.mark.parametrize(
    ("path", "args"),
    [
        ("exp/deep/table.csv", []),
        ("other/lib.sh", []),
        ("conf/a.yaml", ["--config", "conf/a.yaml"]),
        ("conf/a.yaml", ["--config=conf/a.yaml"]),
    ],
)
def test_a_file_that_may_be_code_or_input_has_to_be_dealt_with(project: Sandbox, path: str, args: list[str]) -> None:
    project.write(path, "x\n")
    project.write("notes.txt", "x\n")
    refused = project.qanat("run", "hello", *args, code=2)
    assert refused.err.startswith(f"qanat: there are uncommitted changes:\n  ?? {path.partition('/')[0]}")
    assert "notes.txt" not in refused.err
    assert project.record_files() == []
    assert project.qanat("run", "--commit-message", "add it", "--add", path, "hello", *args).out == "hello\n"
    assert project.status() == "?? notes.txt"


def test_an_environment_is_noted_once_and_is_in_no_snapshot(project: Sandbox) -> None:
    project.write(".venv/pyvenv.cfg", "home = /usr/bin\n")
    project.write(".venv/bin/activate.sh", "true\n")
    note = "note: .venv is not ignored by git; add /.venv/ to .gitignore\n"
    for args in ([], ["--snapshot"]):
        result = project.qanat("run", "hello", *args)
        assert result.out == "hello\n"
        assert [line for line in result.err.splitlines(keepends=True) if ".venv" in line] == [note]
        assert "untracked" not in project.record(number=1 + len(args))["code"]
    project.write(".git/info/exclude", "/.venv/\n")
    assert ".venv" not in project.qanat("run", "hello").err


def test_a_file_that_qanat_prints_to_is_neither_code_nor_noted(project: Sandbox) -> None:
    for name in ("log.sh", "exp/log.txt"):
        with (project.root / name).open("wb") as log:
            done = subprocess.run([*PROGRAM, "run", "hello"], cwd=project.root, stdout=log, stderr=log, check=False)
        text = (project.root / name).read_text()
        assert done.returncode == 0, text
        assert "hello\n" in text
        assert name not in text
        (project.root / name).unlink()
    assert [record["code"].get("untracked") for record in project.records()] == [None, None]


def test_the_settings_may_let_every_file_pass_or_none(project: Sandbox) -> None:
    project.write(CONFIG, "schema: config/1\nuntracked: note\n")
    project.commit("note")
    project.write("exp/table.csv", "x\n")
    result = project.qanat("run", "hello")
    assert result.out == "hello\n"
    assert result.err.startswith(
        "note: untracked, so not part of the recorded code: exp/table.csv (2 B)\n"
        "  hint: if the program needs it, add it with --add exp/table.csv, otherwise list it in .gitignore\n"
    )
    assert project.record()["code"]["untracked"] == ["exp/table.csv"]
    (project.root / "exp/table.csv").rename(project.root / "table.csv")
    project.write(CONFIG, "schema: config/1\nuntracked: refuse\n")
    project.qanat("run", "--commit-message", "refuse", "hello", code=2)
    assert "?? table.csv" in project.qanat("run", "hello", code=2).err


def test_a_commit_leaves_files_that_do_not_count_alone_unless_they_are_named(project: Sandbox) -> None:
    project.write("exp/hello.sh", "echo changed\n")
    project.write("notes.txt", "x\n")
    project.write("more.txt", "x\n")
    assert project.qanat("run", "--commit-message", "work", "hello").out == "changed\n"
    assert project.status() == "?? more.txt\n?? notes.txt"
    project.qanat("run", "--commit-message", "notes", "--add", "notes.txt", "hello")
    assert project.status() == "?? more.txt"
    assert project.git("show", "--name-only", "--format=", "HEAD~1") == "notes.txt"


def test_a_name_that_is_not_text_is_recorded_escaped_and_stops_nothing(project: Sandbox) -> None:
    (project.root / os.fsdecode(b"\xff.dat")).write_text("x\n")
    project.write("exp/hello.sh", "echo changed\n")
    assert project.qanat("run", "--commit-message", "work", "hello").out == "changed\n"
    assert project.record()["code"]["untracked"] == ["\\xff.dat"]


def test_what_cannot_be_added_is_refused_with_a_clean_tree_too(project: Sandbox) -> None:
    os.mkfifo(project.root / "pipe")
    for path, problem in (
        ("pipe", "contains nothing to add"),
        (".git/config", "is inside .git"),
        ("gone", "does not exist"),
    ):
        assert f"--add {path}: {problem}" in project.qanat("run", "hello", "--add", path, code=2).err
    assert project.record_files() == []


def test_a_file_name_never_begins_a_line_of_its_own(project: Sandbox) -> None:
    project.write("exp/a\nnote: all is well", "x\n")
    result = project.qanat("run", "hello", "--snapshot")
    assert "note: the snapshot has 1 untracked file: exp/a\\nnote: all is well\n" in result.err
