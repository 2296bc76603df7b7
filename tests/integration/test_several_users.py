"""Several users in one project: nobody is locked out, and nobody's run is taken for one's own."""

from __future__ import annotations

import os
import shutil
import stat
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.sandbox import wait_until
from tests.support.users import User, team

pytestmark = pytest.mark.slow
DEFINITION = "schema: experiment/1\nname: work\nexecutable: work.sh\nexecutable_command: sh\n"
# $2 is the exit code, $3 a gate to wait for or "-", and $5 the storage directory.
SCRIPT = """\
mkdir "$5/deep"
echo out >"$5/deep/out"
echo begun >"$5/begun"
while [ "$3" != - ] && [ ! -e "$3" ]; do sleep 0.02; done
exit "$2"
"""


@pytest.fixture
def users() -> Iterator[tuple[User, User]]:
    """Return two users of one group, in a folder of that group without a repository."""
    with team() as (ada, bob):
        yield ada, bob


def set_up(user: User, *shared: str) -> None:
    """Create a project with an experiment, whose files everybody may read."""
    umask, user.umask = user.umask, "022"
    user.git("init", "--quiet", *shared)
    user.qanat("init", "--yes")
    user.write(".qanat/experiments/work.yaml", DEFINITION)
    user.write("work.sh", SCRIPT)
    user.git("add", "--all")
    user.git("commit", "--quiet", "--message", "work")
    user.umask = umask


def share_tree(user: User) -> None:
    """Let the group write what git has left in the working tree, as `umask 002` would have."""
    user.run("chmod", "-R", "g+w", ".qanat", ".gitignore", "work.sh")


def states(user: User) -> list[str]:
    """List the states of the runs, the newest first, as a user sees them."""
    return [run["state"] for run in user.qanat("experiment", "status", "work", "--json").json]


def closed(root: Path) -> list[str]:
    """List what qanat or git has written that the group may not use; a user.s index and notes aside."""
    found = []
    for top in (".git", ".qanat", "results"):
        for path in (root / top).rglob("*"):
            if path.name.startswith(("index-", "editor-")) or path.parent.name in ("hooks", "made"):
                continue
            mode = stat.S_IMODE(path.lstat().st_mode)
            wanted = 0o2070 if path.is_dir() else 0o040 if "objects" in path.parts else 0o060
            if path.name not in ("COMMIT_EDITMSG", "ORIG_HEAD") and mode & wanted != wanted:
                found.append(f"{mode:o} {path.relative_to(root)}")
    return found


@pytest.mark.parametrize(("umask", "shared"), [("022", "group"), ("077", "0660")])
def test_two_users_take_turns_and_both_can_always_continue(users: tuple[User, User], umask: str, shared: str) -> None:
    for user in users:
        user.umask = umask
    set_up(users[0], f"--shared={shared}")
    share_tree(users[0])
    for number in range(1, 11):  # both have done everything but delete by then
        user, other = users[number % 2], users[1 - number % 2]
        code = int(number % 5 == 0)
        user.qanat("run", "work", "--code", str(code), "-", code=code)
        # git leaves its last message as the umask says, and cannot write over another user's.
        other.run("rm", "-f", ".git/COMMIT_EDITMSG")
        other.git("commit", "--quiet", "--allow-empty", "--message", f"commit {number}")
        if code:
            refused = other.qanat("retry", str(number), code=2)
            assert "repeat it as a new run: qanat rerun" in refused.err
            user.qanat("retry", str(number), code=1)
        if number % 3 == 0:
            other.qanat("tag", str(number), "add", f"by-{other.name}")
            other.qanat("comment", str(number), "--message", "good")
        if number % 4 == 0:
            user.qanat("delete", str(number), "--yes")
    users[0].write("notes.txt", "new")
    users[0].git("add", "notes.txt")
    users[1].qanat("run", "work", "--commit-message", "notes", "--code", "0", "-")
    assert closed(users[0].root) == []
    for user in users:
        assert user.git("status", "--porcelain") == ""
        assert user.git("fsck", "--strict", "--no-dangling", "--no-progress") == ""
        assert len(states(user)) == 9
        user.qanat("validate")
    assert not (users[0].root / "results/work/run_4").exists()
    users[0].git("gc", "--quiet")
    users[1].qanat("run", "work", "--code", "0", "-")


def begin(user: User, gate: Path, number: int = 1) -> subprocess.Popen[str]:
    """Start a run that waits for a gate, and wait until its program has begun."""
    process = user.start("run", "work", "--code", "0", str(gate))
    wait_until((user.root / f"results/work/run_{number}/begun").exists)
    return process


@pytest.mark.parametrize(("umask", "shared"), [("022", "--shared=group"), ("077", "--shared=group"), ("077", "")])
def test_the_active_run_of_another_user_is_left_alone(users: tuple[User, User], umask: str, shared: str) -> None:
    ada, bob = users
    ada.umask = umask
    set_up(ada, *[shared] if shared else [])
    gate = ada.home / "gate"
    process = begin(ada, gate)
    journals = list((ada.root / ".git/qanat/inflight").iterdir())
    seen = bob.qanat("status")
    if shared:
        assert "1 active run" in seen.out
        refused = bob.qanat("cancel", "1", code=2)
        assert f"run 1 was started by {ada.name}" in refused.err
        assert f"only {ada.name} can cancel it" in refused.err
        bob.qanat("delete", "1", "--yes", code=2)
    assert list((ada.root / ".git/qanat/inflight").iterdir()) == journals
    gate.touch()
    process.communicate(timeout=60)
    assert process.returncode == 0
    assert states(ada) == ["finished"]


def test_a_run_whose_qanat_was_killed_is_settled_by_its_user_alone_unless_its_end_is_certain(
    users: tuple[User, User],
) -> None:
    ada, bob = users
    set_up(ada, "--shared=group")
    share_tree(ada)
    gate = ada.home / "gate"
    for number in (1, 2):
        process = begin(ada, gate, number)
        kill_qanat(ada, number)
        process.communicate()
    assert states(bob) == ["running", "running"]
    said = bob.qanat("status").err
    assert f"run 1 of work was started by {ada.name}, whose qanat is gone" in said
    job = ada.qanat("show", "2", "--json").json["groups"][0]["job"]
    os.killpg(os.getpgid(int(job)), 9)
    wait_until(lambda: not Path("/proc", job).exists())
    assert states(bob) == ["running", "running"]
    gate.touch()
    wait_until((ada.root / "results/work/run_1/completion.json").exists)
    assert states(bob) == ["running", "finished"]
    assert states(ada) == ["lost", "finished"]
    assert ada.git("status", "--porcelain") == ""


def kill_qanat(user: User, number: int) -> None:
    """Kill the qanat process that watches a run."""
    (journal,) = (user.root / ".git/qanat/inflight").glob(f"{number}-*.jsonl")
    first = journal.read_text().splitlines()[0]
    pid = int(first.partition('"pid": ')[2].partition(",")[0])
    os.kill(pid, 9)


def test_a_project_that_is_not_shared_says_whose_it_is_and_loses_nothing(users: tuple[User, User]) -> None:
    ada, bob = users
    set_up(ada)
    ada.qanat("run", "work", "--code", "0", "-")
    before = sorted(path for path in ada.root.rglob("*") if not path.name.startswith("index-"))
    assert states(bob) == ["finished"]
    for words in (("run", "work", "--code", "0", "-"), ("tag", "1", "add", "x"), ("delete", "1", "--yes")):
        refused = bob.qanat(*words, code=None)
        assert refused.code in (1, 2)
        assert ": permission denied" in refused.err.lower()
        assert f"belongs to {ada.name}" in refused.err
        assert "core.sharedRepository" in refused.err
    assert sorted(path for path in ada.root.rglob("*") if not path.name.startswith("index-")) == before
    assert ada.git("status", "--porcelain") == ""


def test_a_folder_of_records_that_belongs_to_another_user_is_named_and_the_results_stay(
    users: tuple[User, User],
) -> None:
    ada = users[0]
    set_up(ada)
    ada.qanat("run", "work", "--code", "0", "-")
    records = ada.root / ".qanat/runs/work/0"
    shutil.chown(records, "root", "root")
    refused = ada.qanat("run", "work", "--code", "0", "-", code=1)
    assert f"cannot write {records}" in refused.err
    assert f"{records} belongs to root" in refused.err
    assert [path.name for path in (ada.root / "results/work").iterdir()] == ["run_1"]
    shutil.chown(records, ada.name)
    gate = ada.home / "gate"
    process = begin(ada, gate, 2)
    shutil.chown(records, "root", "root")
    gate.touch()
    err = process.communicate(timeout=60)[1]
    assert "Run 2 of work finished" in err
    assert f"how run 2 ended is not recorded yet: cannot write {records}" in err
    shutil.chown(records, ada.name)
    assert states(ada) == ["finished", "finished"]
    assert ada.git("status", "--porcelain") == ""
