"""Records that wait for the user's next commit, and are committed after it, whatever kind of commit it is."""

from __future__ import annotations

import shutil
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from qanat.domain.run import Group, State
from qanat.records import run_codec
from qanat.usecases.checks import install_hooks
from qanat.usecases.tracking import committing, record
from tests.support.sandbox import Sandbox, wait_until
from tests.support.world import World, make_template
from tests.unit.records.example import RUN

ONE = replace(RUN, number=1, experiment="train", groups=(Group(0, (), State.FINISHED, exit_code=0),), tags=())
PATH = run_codec.path_of(ONE)
RECORDED = "qanat: run 1 of train finished"
EDITOR = 'touch "{gate}.begun"; while [ ! -e "{gate}" ]; do sleep 0.02; done; echo mine >"$1"\n'


@pytest.fixture(scope="module")
def original(home: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Create a project with the hooks, besides some of the user's, where the record of a run waits for a commit."""
    world = World(make_template(tmp_path_factory.mktemp("batch") / "project"))
    world.set(records={"commit": "batch"})
    world.commit("code", **{"code.py": "1\n", "other.py": "1\n"})
    for name in ("pre-commit", "post-commit"):
        hook = world.write(f".git/hooks/{name}", f"#!/bin/sh\necho {name} >>.git/hooks.log\ntest ! -e .git/refuse\n")
        hook.chmod(0o755)
    install_hooks.install(world.project)
    record.create_record(world.project, ONE)
    assert committing.commit_records(world.project, [ONE]) == []
    return world.root


@pytest.fixture
def batch(original: Path, tmp_path: Path) -> World:
    """Return a copy of that project."""
    world = World(shutil.copytree(original, tmp_path / "my project", symlinks=True))
    world.git("update-index", "--refresh")
    return world


def subjects(world: World, count: int = 2) -> list[str]:
    """List the subjects of the newest commits."""
    return world.git("log", f"-{count}", "--format=%s").splitlines()


def changed(world: World, revision: str) -> list[str]:
    """List the files that a commit changes."""
    return world.git("show", "--name-only", "--format=", revision).splitlines()


@pytest.mark.parametrize(
    ("steps", "others"),
    [
        (["commit --all -m mine"], []),
        (["add code.py", "commit -m mine"], [" M other.py"]),
        (["add other.py", "commit -m mine code.py"], ["M  other.py"]),
        (["commit --all --amend -m mine"], []),
        (["commit --amend -m mine"], [" M code.py", " M other.py"]),
        (["commit --all --no-verify -m mine"], []),
        (["switch --quiet --detach", "switch --quiet main", "commit --all -m mine"], []),
    ],
)
def test_they_are_committed_after_a_commit(batch: World, steps: list[str], others: list[str]) -> None:
    for path in ("code.py", "other.py"):
        batch.write(path, "2\n")
    for step in steps:
        batch.git(*step.split())
    assert subjects(batch) == [RECORDED, "mine"]
    assert changed(batch, "HEAD") == [PATH]
    assert PATH not in changed(batch, "HEAD~1")
    assert batch.committed() == ONE
    assert batch.git("status", "--porcelain").splitlines() == others
    assert (batch.root / ".git/hooks.log").read_text().splitlines()[-1] == "post-commit"
    assert (batch.root / ".git/hooks.log").read_text().count("post-commit") == 1


def test_a_merge_that_the_user_concludes_and_a_revert_are_commits_too(batch: World) -> None:
    batch.git("switch", "--quiet", "--create", "side")
    batch.git("commit", "--quiet", "--allow-empty", "-m", "side")
    assert (subjects(batch, 1), batch.subjects("main")) == (["side"], [RECORDED])
    batch.git("switch", "--quiet", "main")
    assert batch.committed() == ONE
    batch.git("merge", "--quiet", "--no-ff", "--no-commit", "side")
    batch.git("commit", "--quiet", "-m", "merged")
    assert subjects(batch, 1) == ["merged"]
    assert batch.git("status", "--porcelain") == ""


def test_what_commits_the_records_is_said_where_no_hook_does(batch: World) -> None:
    plain = Sandbox(batch.root)
    plain.qanat("hooks", "uninstall")
    end = "  hint: commit it with: qanat commit\n        or after each commit of yours: qanat hooks install"
    assert plain.qanat("status").out.endswith(f"not committed yet\n{end}\n")
    batch.write(".pre-commit-config.yaml", "repos:\n- hooks:\n  - id: qanat-validate\n")
    assert plain.qanat("status").out.endswith(f"{end} --records-only\n")
    refused = plain.qanat("hooks", "install", "--records-only", "--max-size", "1MB", code=2).err
    assert refused.startswith("qanat: --max-size is for the hooks that --records-only leaves out\n")


def test_a_hook_that_cannot_commit_them_says_why_and_the_commit_is_made(batch: World) -> None:
    batch.write(".qanat/config.yaml", "schema: config/1\nrecords: {commit: never}\n")
    command = ["git", "commit", "--quiet", "--allow-empty", "--no-verify", "-m", "mine"]
    said = subprocess.run(command, cwd=batch.root, capture_output=True, text=True, check=True).stderr
    assert said.startswith("qanat: records not committed: .qanat/config.yaml:2: records.commit: 'never' is not one of")
    hook = batch.root / ".git/hooks/post-commit"
    hook.write_text(hook.read_text().replace(sys.executable, "/gone/python"))
    said = subprocess.run(command, cwd=batch.root, capture_output=True, text=True, check=True).stderr
    assert said.startswith(
        "qanat: records not committed, because this no longer exists: /gone/python\n  hint: reinstall"
    )
    assert subjects(batch, 3) == ["mine", "mine", "code"]


def test_a_commit_below_the_records_is_amended_once_it_is_on_top_again(batch: World) -> None:
    batch.write("code.py", "2\n")
    batch.git("commit", "--quiet", "--all", "-m", "mine")
    batch.git("reset", "--quiet", "HEAD~1")
    assert Sandbox(batch.root).qanat("status", "--json").json["uncommitted"] == [ONE.id]
    batch.git("commit", "--quiet", "--amend", "-m", "better")
    assert subjects(batch, 3) == [RECORDED, "better", "code"]
    assert changed(batch, "HEAD~1") == ["code.py"]
    assert batch.git("status", "--porcelain") == ""


def rebase(batch: World) -> None:
    batch.git("rebase", "--quiet", "--force-rebase", "HEAD~1")


def stop_in_a_rebase(batch: World) -> None:
    batch.git("-c", "sequence.editor=sed -i s/^pick/edit/", "rebase", "--quiet", "--interactive", "HEAD~1")
    batch.git("commit", "--quiet", "--amend", "-m", "amended")
    assert batch.committed() is None
    batch.git("rebase", "--continue")


def pick_one(batch: World) -> None:
    batch.git("branch", "side")
    batch.git("reset", "--quiet", "--hard", "HEAD~1")
    batch.git("cherry-pick", "side")


def pick_two(batch: World) -> None:
    batch.git("branch", "side")
    batch.git("reset", "--quiet", "--hard", "HEAD~2")
    batch.git("cherry-pick", "side~1", "side")


def revert_two(batch: World) -> None:
    batch.git("revert", "--no-edit", "HEAD", "HEAD~1")


def merge_other_code(batch: World) -> None:
    batch.git("branch", "side")
    batch.git("reset", "--quiet", "--hard", "HEAD~1")
    batch.git("merge", "--quiet", "--no-ff", "-m", "merged", "side")


def fail_in_the_users_hook(batch: World) -> None:
    batch.write("code.py", "2\n")
    batch.write(".git/refuse")
    done = subprocess.run(["git", "commit", "--all", "-m", "mine"], cwd=batch.root, capture_output=True, check=False)
    assert done.returncode == 1
    batch.git("checkout", "--quiet", "code.py")


@pytest.mark.parametrize(
    "action", [rebase, stop_in_a_rebase, pick_one, pick_two, revert_two, merge_other_code, fail_in_the_users_hook]
)
def test_they_wait_while_git_makes_commits_by_itself(batch: World, action: Callable[[World], None]) -> None:
    action(batch)
    assert batch.subjects() == []
    assert batch.recorded() == ONE
    batch.git("commit", "--quiet", "--allow-empty", "--no-verify", "-m", "mine")
    assert subjects(batch) == [RECORDED, "mine"]
    assert batch.git("status", "--porcelain") == ""


def test_a_run_that_ends_while_a_message_is_written_does_not_disturb_it(batch: World) -> None:
    plain = Sandbox(batch.root)
    gate, editor = batch.root.parent / "gate", batch.root.parent / "editor"
    editor.write_text(EDITOR.format(gate=gate))
    batch.write("code.py", "2\n")
    command = ["git", "-c", f"core.editor=sh '{editor}'", "commit", "--quiet", "--all"]
    process = subprocess.Popen(command, cwd=batch.root, stderr=subprocess.PIPE, text=True)
    wait_until(Path(f"{gate}.begun").exists)
    assert plain.qanat("run", "--snapshot", "train").err.count("note:") == 0
    left = "2 runs were saved, but not committed yet: git commit is running; commit it with: qanat commit"
    assert left in plain.qanat("commit", code=1).err
    gate.touch()
    err = process.communicate(timeout=60)[1]
    assert process.returncode == 0
    assert err == f"qanat: committed the records of 2 runs to main: commit {batch.git('rev-parse', 'HEAD')[:10]}\n"
    assert subjects(batch) == ["qanat: 2 runs recorded", "mine"]
    assert plain.qanat("status").out.count("not committed") == 0


def test_they_are_committed_after_a_commit_that_qanat_makes(batch: World) -> None:
    plain = Sandbox(batch.root)
    batch.write("code.py", "2\n")
    plain.qanat("run", "--commit-message", "mine", "train")
    assert subjects(batch) == [RECORDED, "mine"]
    assert batch.recorded(2).code.commit == batch.git("rev-parse", "HEAD~1")
    assert plain.qanat("status", "--json").json["uncommitted"] == [batch.recorded(2).id]
    said = "The record of 1 run is not committed yet\n  hint: your next commit also commits it, as does: qanat commit\n"
    assert plain.qanat("status").out.endswith(said)
    done = plain.qanat("commit", "--message", "Runs", "--json").json
    assert [(made["branch"], made["runs"]) for made in done["commits"]] == [("main", [batch.recorded(2).id])]
    assert subjects(batch) == ["Runs", RECORDED]
    nothing = "nothing to commit: all records of ended runs in the working tree are committed\n"
    assert plain.qanat("commit").out == nothing


def test_what_a_stash_has_put_away_is_not_taken_for_committed(batch: World) -> None:
    plain = Sandbox(batch.root)
    batch.git("stash", "--quiet", "--include-untracked")
    done = plain.qanat("commit", code=1)
    said = "git stash has put away the record of run 1; bring it back with: git stash pop"
    assert (done.out, done.err) == ("", f"note: {said}\n")
    assert plain.qanat("commit", "--json", code=1).json == {"commits": [], "left": [said]}


@pytest.mark.parametrize("when", ["each", "manual"])
def test_without_the_setting_the_hook_does_what_the_settings_say(batch: World, when: str) -> None:
    batch.set(records={"commit": when})
    assert (batch.committed() == ONE) is (when == "each")
    if when == "manual":
        plain = Sandbox(batch.root)
        said = "record of 1 run is not committed yet\n  hint: commit it with: qanat commit\n"
        assert plain.qanat("status").out.endswith(said)
        assert plain.qanat("commit").out.startswith("Committed the record of run 1 to main: commit ")
        assert batch.committed() == ONE
