"""A rebase that starts, stops and is aborted while records are being committed loses none of them."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.clones import Clones, make
from tests.support.invariants import violations
from tests.support.sandbox import Sandbox, wait_until

pytestmark = pytest.mark.slow
ROUNDS = 4

# Records a run as `qanat run` records its end; `blind` sees no git that is running.
RECORD = """
import sys
from dataclasses import replace
from pathlib import Path
from qanat.domain.run import Group, State
from qanat.git import others
from qanat.records import run_codec
from qanat.usecases.project import open_project
from qanat.usecases.tracking import committing, record
from tests.unit.records.example import RUN

def record_run(number, made):
    project = open_project(Path.cwd())
    ended = replace(RUN, number=number, experiment="plain", groups=(Group(0, (), State.FINISHED, exit_code=0),))
    run = replace(ended, code=replace(ended.code, branch="main"))
    record.create_record(project, run)
    committing.commit_records(project, [run])
    with open(made, "a") as file:
        file.write(run_codec.path_of(run) + "\\n")

if sys.argv[1] == "blind":
    others._MOVING = frozenset()
"""
# About 20 a second, until the file `stop` exists.
MANY = f"""{RECORD}
import time
number, stop = 0, Path(sys.argv[3])
while not stop.exists():
    number += 1
    record_run(number, sys.argv[2])
    time.sleep(0.02)
"""


@pytest.fixture
def clones(tmp_path: Path) -> Clones:
    """Return two clones that have changed the same line; Ada has a change in another file that is not committed."""
    clones = make(tmp_path)
    for name in ("shared.txt", "draft.txt"):
        clones.ada.write(name, "one\n")
    clones.ada.commit("draft")
    clones.share()
    clones.ada.write("shared.txt", "Ada's\n")
    clones.ada.commit("Ada's")
    clones.ada.write("draft.txt", "mine\n")
    bobs_change(clones, 0)
    return clones


def bobs_change(clones: Clones, number: int) -> None:
    clones.bob.git("pull", "--quiet", "--rebase", "origin", "main")
    clones.bob.write("shared.txt", f"Bob's {number}\n")
    clones.bob.commit(f"Bob's {number}")
    clones.bob.git("push", "--quiet", "origin", "main")


def ends_well(ada: Sandbox, made: Path) -> None:
    """Check that all records are in HEAD and in the working tree, and that Ada's change is still there."""
    recorded = set(made.read_text().splitlines())
    assert recorded <= ada.committed_records("main")
    assert {str(file.relative_to(ada.root)) for file in ada.record_files()} == ada.committed_records()
    assert ada.status() == " M draft.txt"
    assert (ada.root / "draft.txt").read_text() == "mine\n"


def abort(ada: Sandbox) -> None:
    """Abort the rebase that has stopped, if any, or clean up after one that git gave up before it had begun."""
    state = ada.root / ".git/rebase-merge"
    if (state / "head-name").exists():
        again_and_again(ada, "git", "rebase", "--abort")
    elif state.exists():
        if not ada.git("status", "--porcelain", "draft.txt"):  # git may have applied it before it gave up
            again_and_again(ada, "git", "stash", "apply", "--quiet", (state / "autostash").read_text().strip())
        shutil.rmtree(state)


def again_and_again(ada: Sandbox, *words: str) -> None:
    """Run a command until it succeeds: another process may hold the lock of the index."""
    problems: list[bytes] = []

    def works() -> bool:
        done = subprocess.run(words, cwd=ada.root, capture_output=True, check=False)
        problems.append(done.stderr)
        return not done.returncode

    try:
        wait_until(works)
    except AssertionError as error:
        raise AssertionError(problems[-1]) from error


@pytest.mark.parametrize("sight", ["seeing", "blind"])
def test_a_pull_that_is_aborted_again_and_again_loses_no_record(clones: Clones, sight: str, tmp_path: Path) -> None:
    ada, made, stop = clones.ada, tmp_path / "made", tmp_path / "stop"
    process = subprocess.Popen([sys.executable, "-c", MANY, sight, str(made), str(stop)], cwd=ada.root)
    try:
        for number in range(1, ROUNDS + 1):
            bobs_change(clones, number)
            before = made.read_text().count("\n") if made.exists() else 0
            wait_until(lambda before=before: made.exists() and made.read_text().count("\n") > before + 3)  # type: ignore[misc]
            # It fails because of the conflict, or because a record was committed at the wrong time.
            pull = ["git", "pull", "--quiet", "--rebase", "--autostash", "origin", "main"]
            subprocess.run(pull, cwd=ada.root, capture_output=True, check=False)
            abort(ada)
    finally:
        stop.touch()
        process.wait(timeout=60)
    assert process.returncode == 0
    ada.qanat("status")
    ends_well(ada, made)


def test_a_record_whose_commit_and_file_an_abort_has_dropped_comes_back(clones: Clones) -> None:
    ada = clones.ada
    ada.git("checkout", "--quiet", "draft.txt")
    before = ada.git("rev-parse", "HEAD")
    ada.qanat("run", "plain")
    ada.git("reset", "--quiet", "--hard", before)  # what git rebase --abort does
    assert ada.record_files() == []
    done = ada.qanat("status")
    assert done.err == "note: the record of run 1 had disappeared from main, and was restored\n"
    assert "1 run," in done.out
    assert violations(ada) == []
    ada.qanat("delete", "--yes", "1")
    ada.git("reset", "--quiet", "--hard", before)
    assert ada.qanat("status").err == ""
    assert ada.record_files() == []
