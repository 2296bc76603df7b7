"""Runs of any commit in checkouts: their content, no leaks from one run to the next, and the cache."""

from __future__ import annotations

import json
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest

from tests.integration.life.endings import exit_code
from tests.support.sandbox import PROGRAM, Sandbox, call, wait_until

# Says where it works and what it sees there; `--do` is what it does there afterwards.
LOOKS = """\
import json, os, pathlib, subprocess, sys
folder = pathlib.Path(sys.argv[sys.argv.index("--storage_path") + 1])
found = sorted(
    os.path.join(where, name)
    for where, folders, files in os.walk(".")
    for name in (*files, *folders)
    if ".git" not in where.split(os.sep) and name != ".git"
)
seen = {"where": os.getcwd(), "found": found, "code": pathlib.Path("code.txt").read_text()}
(folder / "seen.json").write_text(json.dumps(seen))
if "--do" in sys.argv:
    sys.exit(subprocess.run(["sh", "-c", sys.argv[sys.argv.index("--do") + 1]]).returncode)
"""
# A file in sight of git, one out of its sight, an edit and a deletion.
TRACES = "echo x >new.txt; echo x >new.secret; echo edited >code.txt; rm looks.py"


@pytest.fixture
def looks(sandbox: Sandbox) -> Sandbox:
    """Return a project with two commits, whose program looks around."""
    sandbox.write(".gitignore", (sandbox.root / ".gitignore").read_text() + "*.secret\n")
    sandbox.write("code.txt", "zeroth")
    sandbox.commit()
    sandbox.write("code.txt", "first")
    sandbox.python_experiment("looks", LOOKS)
    return sandbox


def seen(sandbox: Sandbox, run: int) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((sandbox.root / f"results/looks/run_{run}/seen.json").read_text())
    return found


def checkouts(sandbox: Sandbox) -> list[str]:
    """List the checkouts that git and the file system know."""
    folder = sandbox.root / ".qanat/cache/checkouts"
    names = sorted(path.name for path in folder.glob("*") if path.is_dir())
    lines = sandbox.git("worktree", "list", "--porcelain").splitlines()
    known = sorted(Path(line.removeprefix("worktree ")).name for line in lines if str(folder) in line)
    assert names == known
    return names


# ---- which commit


def test_any_revision_that_git_understands_can_be_run(looks: Sandbox) -> None:
    first = looks.git("rev-parse", "HEAD")
    looks.git("tag", "v1")
    looks.git("tag", "--annotate", "--message", "x", "annotated")
    looks.git("branch", "old")
    looks.write("code.txt", "second")
    looks.commit()
    looks.git("branch", "later")  # main itself moves with every record
    looks.write("code.txt", "dirty")
    revisions = ["v1", "annotated", "old", first, first[:9], "later~1", "later^", ":/experiment looks"]
    for number, revision in enumerate(revisions, 1):
        looks.qanat("run", "looks", "--commit_sha", revision)
        assert (seen(looks, number)["code"], looks.record(number)["code"]["commit"]) == ("first", first)
    code = looks.record(1)["code"]
    assert (code["workdir"], code["branch"], code["snapshot"]) == ("checkout", "main", False)
    assert (looks.root / "code.txt").read_text() == "dirty"
    assert checkouts(looks) == [first[:12]]


@pytest.mark.parametrize("revision", ["nope", "HEAD~99", "HEAD:code.txt", "--all", "", "0" * 39])
def test_what_is_no_commit_is_refused(looks: Sandbox, revision: str) -> None:
    result = looks.qanat("run", "looks", "--commit_sha", revision, code=2)
    said = f"qanat: {revision!r} is not a commit of this repository\n"
    assert result.err == f"{said}  hint: list commits with: git log --oneline\n"
    assert looks.records() == []


def test_how_a_commit_that_is_not_here_can_be_fetched_is_said(looks: Sandbox) -> None:
    result = looks.qanat("run", "looks", "--commit_sha", "0" * 40, code=2)
    said = f"qanat: {'0' * 40!r} is not a commit of this repository\n"
    assert result.err == f"{said}  hint: fetch it from where the run was launched: git fetch\n"
    looks.git("remote", "add", "hub", "../hub.git")
    command = "git fetch hub 'refs/qanat/*:refs/qanat/remotes/hub/*'"
    assert command in looks.qanat("run", "looks", "--commit_sha", "0" * 40, code=2).err


def test_the_experiment_is_that_of_the_commit(looks: Sandbox) -> None:
    looks.git("tag", "before")
    looks.git("mv", "looks.py", "moved.py")
    looks.python_experiment("looks", LOOKS)
    (looks.root / "looks.py").unlink()
    text = (looks.root / ".qanat/experiments/looks.yaml").read_text()
    looks.write(".qanat/experiments/looks.yaml", text.replace("looks.py", "moved.py"))
    looks.commit()
    looks.qanat("run", "looks", "--commit_sha", "before")
    assert looks.record()["command"][-1] == "looks.py"
    looks.qanat("run", "looks")
    assert looks.record(2)["command"][-1] == "moved.py"
    result = looks.qanat("run", "looks", "--commit_sha", "before~1", code=2)
    assert "executable moved.py is not in commit" in result.err


def test_an_experiment_may_always_ask_for_a_checkout_unless_told_otherwise(sandbox: Sandbox) -> None:
    sandbox.write("code.txt", "first")
    sandbox.python_experiment("looks", LOOKS, workdir="checkout")
    commit = sandbox.git("rev-parse", "HEAD")
    sandbox.qanat("run", "looks")
    sandbox.qanat("run", "--in_place", "looks")
    assert seen(sandbox, 1)["where"] == str(sandbox.root / ".qanat/cache/checkouts" / commit[:12])
    assert seen(sandbox, 2)["where"] == str(sandbox.root)
    assert [sandbox.record(n)["code"]["workdir"] for n in (1, 2)] == ["checkout", "project"]
    assert "(in a checkout)" in sandbox.qanat("show", "1").out


# ---- clean each time


def test_nothing_that_a_run_leaves_in_a_checkout_is_seen_by_the_next(looks: Sandbox) -> None:
    commit = looks.git("rev-parse", "HEAD")
    looks.qanat("run", "looks", "--commit_sha", "HEAD")
    looks.qanat("run", "looks", "--commit_sha", commit, "--do", TRACES)
    looks.qanat("run", "looks", "--commit_sha", commit)
    assert seen(looks, 3) == seen(looks, 1)
    assert seen(looks, 1)["where"] == str(looks.root / ".qanat/cache/checkouts" / commit[:12])
    assert checkouts(looks) == [commit[:12]]
    assert looks.status() == ""


def test_a_checkout_that_nothing_wrote_into_is_used_again(looks: Sandbox) -> None:
    looks.qanat("run", "looks", "--commit_sha", "HEAD")
    folder = Path(seen(looks, 1)["where"])
    inode = folder.stat().st_ino
    looks.qanat("rerun", "1")
    assert Path(seen(looks, 2)["where"]) == folder
    assert folder.stat().st_ino == inode


def test_records_and_nothing_else_in_new_commits_need_no_new_checkout(looks: Sandbox) -> None:
    first = looks.git("rev-parse", "HEAD")
    looks.qanat("run", "looks", "--commit_sha", "HEAD")
    looks.qanat("run", "looks", "--commit_sha", "HEAD")
    commits = [record["code"]["commit"] for record in looks.records()]
    assert commits == [first, first] != looks.git("rev-parse", "HEAD", "HEAD~1").split()
    assert checkouts(looks) == [first[:12]]
    assert seen(looks, 2) == seen(looks, 1)
    looks.write(".qanat/config.yaml", "schema: config/1\ngrace: {file_s: 9}\n")
    looks.commit()
    looks.qanat("run", "looks", "--commit_sha", "HEAD")
    assert len(checkouts(looks)) == 2


def test_a_touched_checkout_of_the_same_code_goes_when_a_later_commit_is_run(looks: Sandbox) -> None:
    first = looks.git("rev-parse", "HEAD")
    looks.qanat("run", "looks", "--commit_sha", "HEAD", "--do", "echo x >new.txt")
    other = looks.write("other.txt", "x\n")
    looks.commit()
    other.unlink()
    second = looks.commit("back")
    looks.qanat("run", "looks", "--commit_sha", "HEAD")
    assert "./new.txt" not in seen(looks, 2)["found"]
    assert second != first
    assert checkouts(looks) == [second[:12]]


def test_a_run_gets_a_checkout_of_its_own_while_another_works_in_a_touched_one(looks: Sandbox) -> None:
    commit = looks.git("rev-parse", "HEAD")
    wait = "echo x >new.txt; : >begun; while [ ! -e ../../../../../open ]; do sleep 0.02; done; cat new.txt >again"
    process = looks.start("run", "looks", "--commit_sha", commit, "--do", wait)
    first = looks.root / ".qanat/cache/checkouts" / commit[:12]
    wait_until((first / "begun").exists)
    looks.qanat("run", "looks", "--commit_sha", commit)
    looks.qanat("run", "looks", "--commit_sha", commit)
    second = seen(looks, 2)
    assert second["where"] == f"{first}-2"
    assert "./new.txt" not in second["found"]
    assert seen(looks, 3) == second
    assert (first / "new.txt").exists()
    (looks.root.parent / "open").touch()
    assert exit_code(process) == 0


def test_an_input_that_was_linked_for_one_run_is_not_there_for_the_next(looks: Sandbox) -> None:
    looks.write("a.secret", "hidden")
    looks.qanat("run", "looks", "--commit_sha", "HEAD", "--config", "a.secret")
    looks.qanat("run", "looks", "--commit_sha", "HEAD")
    assert "./a.secret" in seen(looks, 1)["found"]
    assert "./a.secret" not in seen(looks, 2)["found"]
    assert (looks.root / "a.secret").read_text() == "hidden"


def test_checkouts_that_somebody_deleted_are_made_anew(looks: Sandbox) -> None:
    looks.qanat("run", "looks", "--commit_sha", "HEAD")
    shutil.rmtree(looks.root / ".qanat/cache")
    looks.qanat("rerun", "1")
    assert seen(looks, 2) == seen(looks, 1)


def test_a_work_tree_of_the_users_that_is_elsewhere_stays_known(looks: Sandbox) -> None:
    elsewhere = looks.root.parent / "elsewhere"
    looks.git("worktree", "add", "--quiet", str(elsewhere), "-b", "topic")
    elsewhere.rename(looks.root.parent / "away")  # as a disk that is not mounted now
    looks.qanat("run", "looks", "--commit_sha", "HEAD", "--do", "echo x >x")
    looks.qanat("rerun", "1")
    looks.qanat("cache", "clean")
    assert str(elsewhere) in looks.git("worktree", "list")


def test_the_users_hooks_are_not_for_checkouts(looks: Sandbox) -> None:
    looks.write(".git/hooks/post-checkout", "#!/bin/sh\necho x >hooked\nexit 1\n", executable=True)
    looks.qanat("run", "looks", "--commit_sha", "HEAD")
    assert "./hooked" not in seen(looks, 1)["found"]


def test_filters_of_the_users_are_applied(looks: Sandbox) -> None:
    looks.write(".gitattributes", "*.up filter=up\n")
    looks.git("config", "filter.up.clean", "tr A-Z a-z")
    looks.git("config", "filter.up.smudge", "tr a-z A-Z")
    looks.write("a.up", "TEXT")
    looks.commit()
    looks.qanat("run", "looks", "--commit_sha", "HEAD")
    assert (Path(seen(looks, 1)["where"]) / "a.up").read_text() == "TEXT"
    looks.qanat("rerun", "1")
    assert seen(looks, 2)["where"] == seen(looks, 1)["where"]


# ---- submodules

# Not even files, which the tests' own configuration allows.
NO_NETWORK = {
    "GIT_CONFIG_COUNT": "2",
    "GIT_CONFIG_KEY_0": "protocol.allow",
    "GIT_CONFIG_VALUE_0": "never",
    "GIT_CONFIG_KEY_1": "protocol.file.allow",
    "GIT_CONFIG_VALUE_1": "never",
}


@pytest.fixture
def nested(looks: Sandbox, tmp_path: Path) -> Sandbox:
    """Return a project with nested submodules whose origins no longer exist."""
    origins = []
    for name in ("inner", "outer lib"):
        origin = Sandbox(tmp_path / "origins" / name)
        origin.root.mkdir(parents=True)
        origin.git("init", "--quiet")
        origin.write(f"{name}.txt", name)
        if origins:
            origin.git("submodule", "--quiet", "add", str(origins[0].root), "deep/in")
        origin.commit()
        origins.append(origin)
    looks.git("submodule", "--quiet", "add", str(origins[1].root), "lib")
    looks.git("submodule", "--quiet", "update", "--init", "--recursive")
    looks.commit("submodules")
    (tmp_path / "origins").rename(tmp_path / "away")
    return looks


def test_submodules_are_there_without_any_network(nested: Sandbox) -> None:
    before = nested.git("config", "--list", "--local")
    nested.qanat("run", "looks", "--commit_sha", "HEAD", env=NO_NETWORK)
    assert {"./lib/outer lib.txt", "./lib/deep/in/inner.txt"} <= set(seen(nested, 1)["found"])
    nested.qanat("rerun", "1")
    assert seen(nested, 2) == seen(nested, 1)
    assert nested.git("config", "--list", "--local") == before
    assert nested.status() == ""


# The first shows that the next run gets another checkout; the others are further ways to touch one.
TRACES_IN_SUBMODULES = [
    "echo x >lib/new",
    pytest.param("echo x >lib/deep/in/inner.txt", marks=pytest.mark.slow),
    pytest.param("mkdir lib/empty", marks=pytest.mark.slow),
    pytest.param("git -C lib submodule deinit --force deep/in", marks=pytest.mark.slow),
]


@pytest.mark.parametrize("trace", TRACES_IN_SUBMODULES)
def test_what_a_run_leaves_in_a_submodule_is_not_seen_by_the_next(nested: Sandbox, trace: str) -> None:
    nested.qanat("run", "looks", "--commit_sha", "HEAD")
    nested.qanat("run", "looks", "--commit_sha", "HEAD", "--do", trace)
    nested.qanat("rerun", "1")
    assert seen(nested, 3) == seen(nested, 1)
    assert (nested.root / "lib/deep/in/inner.txt").read_text() == "inner"


def test_a_submodule_that_cannot_be_had_is_said_and_no_half_checkout_is_left(nested: Sandbox, tmp_path: Path) -> None:
    clone = Sandbox(tmp_path / "clone")
    call(["git", "clone", "--quiet", str(nested.root), str(clone.root)], tmp_path)
    result = clone.qanat("run", "looks", "--commit_sha", "HEAD", code=2)
    assert result.err.startswith("qanat: the submodules of ")
    assert result.err.endswith("\n  hint: git submodule update --init --recursive\n")
    assert checkouts(clone) == []
    assert clone.records() == []
    (tmp_path / "away").rename(tmp_path / "origins")
    clone.git("submodule", "--quiet", "update", "--init", "--recursive")
    (tmp_path / "origins").rename(tmp_path / "away")
    clone.qanat("run", "looks", "--commit_sha", "HEAD")
    assert "./lib/deep/in/inner.txt" in seen(clone, 1)["found"]


# ---- the cache


def test_the_cache_is_shown_and_cleaned(looks: Sandbox) -> None:
    assert looks.qanat("cache", "status").out == "no checkouts\n"
    assert looks.qanat("cache", "status", "--json").json == []
    assert looks.qanat("cache", "clean").out == "Removed 0 checkouts (0 B)\n"
    for revision in ("HEAD", "HEAD~1"):
        looks.qanat("run", "looks", "--commit_sha", revision, code=None)
    (name,) = checkouts(looks)
    (found,) = looks.qanat("cache", "status", "--json").json
    assert (found["checkout"], found["in_use"]) == (name, False)
    assert found["bytes"] > len(LOOKS)
    assert name in looks.qanat("cache", "status").out
    assert looks.qanat("cache", "clean").out.startswith("Removed 1 checkout (")
    assert checkouts(looks) == []


@pytest.mark.parametrize("way", ["run", "rerun", "retry"])
def test_a_checkout_in_which_a_run_works_is_never_taken(looks: Sandbox, way: str) -> None:
    wait = "[ -d ../../checkouts ] || exit 3; : >begun; while [ ! -e ../../../../../open ]; do sleep 0.02; done"
    commit = looks.git("rev-parse", "HEAD")
    words = ["run", "looks", "--commit_sha", commit, "--do", wait]
    if way != "run":
        (looks.root.parent / "open").touch()
        code = 1 if way == "retry" else 0
        looks.qanat(*(words if way == "rerun" else ["run", "looks", "--do", wait]), code=code)
        (looks.root.parent / "open").unlink()
        shutil.rmtree(looks.root / ".qanat/cache")
        words = [way, "1"]
    if way == "retry":
        # It failed in the project, and the project has other code by now.
        looks.write("code.txt", "second")
        looks.commit()
    process = looks.start(*words)
    folder = looks.root / ".qanat/cache/checkouts" / commit[:12]
    wait_until((folder / "begun").exists)
    assert looks.qanat("cache", "status", "--json").json[0]["in_use"] is True
    assert "yes" in looks.qanat("cache", "status").out
    assert looks.qanat("cache", "clean").out == "Removed 0 checkouts (0 B)\n"
    assert (folder / "begun").exists()
    (looks.root.parent / "open").touch()
    assert exit_code(process) == 0
    assert looks.qanat("cache", "clean").out.startswith("Removed 1 checkout (")


def test_a_checkout_is_not_taken_from_a_program_whose_qanat_was_killed(looks: Sandbox) -> None:
    wait = ": >begun; while [ ! -e ../../../../../open ]; do sleep 0.02; done; cat code.txt"
    commit = looks.git("rev-parse", "HEAD")
    process = looks.start("run", "looks", "--commit_sha", commit, "--do", wait)
    folder = looks.root / ".qanat/cache/checkouts" / commit[:12]
    wait_until((folder / "begun").exists)
    process.kill()
    exit_code(process)
    assert looks.qanat("cache", "clean").out == "Removed 0 checkouts (0 B)\n"
    (looks.root.parent / "open").touch()
    wait_until(lambda: not looks.qanat("status", "--json").json["in_flight"])
    assert looks.record()["state"] == "finished"
    assert looks.qanat("cache", "clean").out.startswith("Removed 1 checkout (")


@pytest.mark.slow
def test_cleaning_again_and_again_takes_nothing_from_runs_that_are_just_starting(looks: Sandbox) -> None:
    clean = 'while [ ! -e ../stop ]; do "$@" >/dev/null || exit; done'
    cleaner = subprocess.Popen(["sh", "-c", clean, "sh", *PROGRAM, "cache", "clean"], cwd=looks.root)
    try:
        runs = [looks.start("run", "looks", "--commit_sha", "HEAD", "--do", f": {n}") for n in range(6)]
        assert [exit_code(run) for run in runs] == [0] * 6
    finally:
        (looks.root.parent / "stop").touch()
        assert cleaner.wait(timeout=60) == 0
    assert [seen(looks, n)["code"] for n in range(1, 7)] == ["first"] * 6
