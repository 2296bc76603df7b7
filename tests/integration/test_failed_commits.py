"""Every command that commits, and every step that can fail: what the user has is what it was.

Where the tree says that a record was saved but not committed, the record itself has changed, and nothing else.
"""

from __future__ import annotations

import os
import shlex
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.support import versions
from tests.support.sandbox import Sandbox, call

pytestmark = pytest.mark.slow

ID = ("--name", "x", "--executable", "e.sh", "--executable-command", "sh")
# What a user types, after prepare() of the same name.
COMMANDS = {
    "run --commit-message": ("run", "e", "--commit-message", "mine", "--add", "new.txt"),
    "run --snapshot": ("run", "e", "--snapshot"),
    "tag": ("tag", "1", "add", "good"),
    "comment": ("comment", "1", "-m", "noted"),
    "delete": ("delete", "1", "--yes"),
    "commit": ("commit",),
    "retry": ("retry", "1"),
    "rerun --check": ("rerun", "1", "--check"),
    "experiment new": ("experiment", "new", *ID, "--commit"),
    "experiment update": ("experiment", "update", "e", "--tag", "t", "--commit"),
    "experiment rename": ("experiment", "update", "e", "--name", "f", "--commit"),
    "dataset new": ("dataset", "new", "--name", "x", "--path", "d.csv", "--commit"),
    "dataset update": ("dataset", "update", "d", "--track", "hash", "--commit"),
    "dataset delete": ("dataset", "delete", "d", "--yes", "--commit"),
    "experiment delete": ("experiment", "delete", "e", "--yes", "--commit"),
    "migrate": ("migrate",),
    "init": ("init", "--yes"),
    "keep": ("keep", "1"),
}
# Those that commit the user's files, with the user's hooks.
OF_USER = (
    "run --commit-message",
    *("experiment new", "experiment update", "experiment rename"),
    *("dataset new", "dataset update", "dataset delete"),
)


def prepare(project: Sandbox, name: str) -> None:
    """Bring a project into the state in which a command has something to commit, and the user has other work."""
    project.write("d.csv", "1\n")
    project.write("s", "first\n")
    project.write(".qanat/datasets/d.yaml", "schema: dataset/1\nname: d\npath: d.csv\n")
    project.experiment("e", 'cat "$0" >/dev/null\n')
    if name in ("tag", "comment", "delete", "rerun --check", "experiment delete", "keep"):
        project.qanat("run", "e")
    if name == "retry":
        fixed = project.root / ".git/fixed"
        project.experiment("e", f"[ -e {shlex.quote(str(fixed))} ]\n")
        project.qanat("run", "e", code=1)
        fixed.touch()
    if name == "commit":
        config = project.root / ".qanat/config.yaml"
        config.write_text(config.read_text().replace("commit: each", "commit: manual"))
        project.commit("records wait")
        project.qanat("run", "e")
    if name == "migrate":
        project.experiment("say", "exit 0\n")
        versions.add(project, "plain")
        project.commit("an old record")
    if name == "init":
        project.git("rm", "-r", "--quiet", ".qanat", ".gitattributes")
        project.git("commit", "--quiet", "--message", "no project")
        shutil.rmtree(project.root / ".qanat", ignore_errors=True)
        project.git("config", "--remove-section", "merge.qanat")
    project.write("s", "staged\n")
    project.git("add", "s")
    project.write("s", "and changed again\n")
    if name.startswith("run"):
        project.write("new.txt", "untracked\n")


def state(project: Sandbox) -> dict[str, Any]:
    """Return what belongs to the user: bytes of index, settings and files, HEAD and refs, and no lock or copy."""
    git = project.root / ".git"
    files = (path for path in project.root.rglob("*") if path.is_file())
    own = (".git/", ".qanat/runs/", ".qanat/environments/", ".qanat/cache/", "results/")
    names = {path.relative_to(project.root).as_posix(): path for path in files}
    return {
        "index": (git / "index").read_bytes(),
        "head": (git / "HEAD").read_bytes(),
        "refs": project.git("for-each-ref", "refs/heads", "refs/tags", "refs/stash", "refs/qanat/commits"),
        "config": (git / "config").read_bytes(),
        "files": {name: path.read_bytes() for name, path in names.items() if not name.startswith(own)},
        "left": sorted(path.name for path in git.glob("qanat/commit-*")),
        "locks": sorted(str(path.relative_to(git)) for path in git.rglob("*.lock") if "qanat" not in path.parts),
    }


def hook(project: Sandbox, name: str, script: str) -> None:
    project.write(f".git/hooks/{name}", f"#!/bin/sh\n{script}\n", executable=True)


OBSTACLES: dict[str, Callable[[Sandbox], object]] = {
    "hook refuses": lambda p: hook(p, "pre-commit", "echo A..Passed; echo B..Failed; exit 1"),
    "hook adds and refuses": lambda p: hook(p, "pre-commit", "echo x >added; git add --all; rm added; exit 1"),
    "message is refused": lambda p: hook(p, "commit-msg", "echo A..Passed; echo B..Failed; exit 1"),
    "signing fails": lambda p: (p.git("config", "commit.gpgsign", "true"), p.git("config", "gpg.program", "false")),
    "branch is locked": lambda p: p.write(".git/refs/heads/main.lock", ""),
    "index is locked": lambda p: p.write(".git/index.lock", ""),
    "refs are protected": lambda p: hook(
        p, "reference-transaction", '[ "$1" != prepared ] || ! grep -q refs/heads/main || exit 1'
    ),
}


Prepared = Callable[[str, Path], Sandbox]


@pytest.fixture(scope="module")
def prepared(tmp_path_factory: pytest.TempPathFactory) -> Prepared:
    """Return a function that creates a project prepared for a command: a copy of one."""
    folder = tmp_path_factory.mktemp("prepared")
    made: dict[str, Sandbox] = {}

    def copy(name: str, root: Path) -> Sandbox:
        if name not in made:
            made[name] = Sandbox.make(folder / name)
            prepare(made[name], name)
        shutil.copytree(made[name].root, root, symlinks=True)
        project = Sandbox(root)
        project.git("update-index", "-q", "--refresh", code=None)
        return project

    return copy


@pytest.mark.parametrize("command", COMMANDS)
@pytest.mark.parametrize("obstacle", OBSTACLES)
def test_nothing_of_the_users_changes(prepared: Prepared, tmp_path: Path, command: str, obstacle: str) -> None:
    sandbox = prepared(command, tmp_path / "my project")
    OBSTACLES[obstacle](sandbox)
    before = state(sandbox)
    done = sandbox.qanat(*COMMANDS[command], code=None)
    if ("hook" in obstacle or "message" in obstacle) and command not in OF_USER:
        assert done.code == 0, done.err  # commits of records run no hooks
        assert sandbox.git("show", ":s", code=None) == "staged"
        return
    if command == "keep" or (command == "run --snapshot" and obstacle == "index is locked"):
        assert done.code == 0, done.err
    after = state(sandbox)
    if command == "keep":
        after["refs"] = before["refs"]
    if command == "experiment delete" and done.code == 0:
        after["files"] |= {k: v for k, v in before["files"].items() if k == ".qanat/experiments/e.yaml"}
    assert after == before, (done.out, done.err)
    if command in OF_USER and "hook refuses" in obstacle:
        assert "  A..Passed\n  B..Failed\n" in done.err
    if command in OF_USER:
        assert done.code != 0
        assert "hint: " in done.err


@pytest.mark.parametrize("obstacle", ["settings are locked", "a hook is in the way", "attributes are in the way"])
def test_hooks_are_installed_wholly_or_not_at_all(sandbox: Sandbox, obstacle: str) -> None:
    sandbox.git("remote", "add", "origin", str(sandbox.root))
    sandbox.git("config", "--remove-section", "merge.qanat")
    sandbox.git("rm", "--quiet", ".gitattributes")
    sandbox.git("commit", "--quiet", "--message", "no attributes")
    hook(sandbox, "pre-commit", "exit 0")
    (sandbox.root / ".git/hooks/pre-merge-commit").symlink_to("pre-commit")
    match obstacle:
        case "settings are locked":
            sandbox.write(".git/config.lock", "")
        case "a hook is in the way":
            (sandbox.root / ".git/hooks/pre-commit.before-qanat").mkdir()
        case _:
            (sandbox.root / ".gitattributes").mkdir()
    folder = sandbox.root / ".git/hooks"

    def installed() -> dict[str, bytes | str]:
        found = {path.name: path for path in folder.iterdir() if path.suffix != ".sample" and not path.is_dir()}
        return {name: str(path.readlink()) if path.is_symlink() else path.read_bytes() for name, path in found.items()}

    before, hooks = state(sandbox), installed()
    done = sandbox.qanat("hooks", "install", "--remote", "origin", code=None)
    assert done.code != 0
    assert "this is a bug" not in done.err
    assert (state(sandbox), installed()) == (before, hooks), done.err


# ---- a full disk, a read-only repository


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """Yield a folder on a disk of its own."""
    if os.geteuid() != 0 or shutil.which("mount") is None:
        pytest.skip("only root can mount a small disk")
    folder = tmp_path / "disk"
    folder.mkdir()
    done = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=6m", "tmpfs", str(folder)], check=False)
    if done.returncode != 0:
        pytest.skip("a small disk cannot be mounted here")
    try:
        yield folder
    finally:
        subprocess.run(["umount", "--lazy", str(folder)], check=True)


def fill(folder: Path, left_kb: int) -> None:
    """Fill a disk up to some space."""
    with (folder / "filler").open("wb", buffering=0) as file:
        try:
            while True:
                file.write(b"\0" * 4096)
        except OSError:
            os.ftruncate(file.fileno(), max(0, (folder / "filler").stat().st_size // 4096 * 4096 - left_kb * 1024))


@pytest.mark.parametrize("left_kb", [0, 4, 16, 40])
@pytest.mark.parametrize("name", [name for name in COMMANDS if name != "keep"])
def test_on_a_full_disk_nothing_of_the_users_changes(
    prepared: Prepared, small_disk: Path, name: str, left_kb: int
) -> None:
    project = prepared(name, small_disk / "p")
    before = state(project)
    fill(small_disk, left_kb)
    done = project.qanat(*COMMANDS[name], code=None)
    (small_disk / "filler").unlink()
    assert "this is a bug" not in done.err, done.err
    after = state(project)
    if after["refs"] != before["refs"]:  # there was space enough
        assert done.code == 0, (done.out, done.err)
        assert project.git("diff", "--cached", "--name-only") == ("" if name == "run --commit-message" else "s")
        return
    if name == "experiment delete":
        after["files"] |= {k: v for k, v in before["files"].items() if k == ".qanat/experiments/e.yaml"}
    assert after == before, (done.out, done.err)


@pytest.mark.parametrize("name", [name for name in COMMANDS if name != "keep"])
def test_in_a_read_only_repository_nothing_changes(prepared: Prepared, small_disk: Path, name: str) -> None:
    project = prepared(name, small_disk / "p")
    before = state(project)
    subprocess.run(["mount", "--bind", ".git", ".git"], cwd=project.root, check=True)
    try:
        subprocess.run(["mount", "-o", "remount,ro,bind", ".git"], cwd=project.root, check=True)
        done = project.qanat(*COMMANDS[name], code=None)
    finally:
        subprocess.run(["umount", "--lazy", ".git"], cwd=project.root, check=True)
    assert done.code != 0
    assert "this is a bug" not in done.err, done.err
    assert state(project) == before, (done.out, done.err)


@pytest.mark.parametrize("left_kb", [0, 4, 16, 200])
def test_on_a_full_disk_a_plot_leaves_the_earlier_file_as_it_is(small_disk: Path, left_kb: int) -> None:
    project = Sandbox.make(small_disk / "p")
    project.experiment("e", """for last; do :; done; printf '{"x": 1}\\n{"x": 2}\\n' >"$last/metrics.jsonl"\n""")
    project.qanat("run", "e")
    project.write("plot.svg", "earlier")
    before = state(project)
    fill(small_disk, left_kb)
    words = ("compare", "1", "--plot", "step", "x", "--output", "plot.svg")
    done = project.qanat(*words, code=None)
    (small_disk / "filler").unlink()
    after = state(project)
    assert (done.code == 0) == (after["files"].pop("plot.svg") != b"earlier"), done.err
    # Matplotlib may say before that it looks for fonts.
    assert done.code == 0 or "qanat: cannot write plot.svg: " in done.err, done.err
    assert after["files"] == {name: data for name, data in before["files"].items() if name != "plot.svg"}
    assert project.qanat("metrics", "1").out.splitlines()[-1].split() == ["2", "2"]


# ---- killed after each call of git

KILLED = ("run --commit-message", "experiment new", "experiment rename", "dataset new", "commit", "tag", "init")
KILLING = """\
#!/bin/sh
n=$(($(cat "$QANAT_COUNT") + 1)); echo $n >"$QANAT_COUNT"
%(git)s "$@"
s=$?
[ $n != "$QANAT_KILL" ] || kill -9 $PPID
exit $s
"""


@pytest.mark.parametrize("name", KILLED)
def test_after_a_kill_the_next_command_brings_all_or_nothing(prepared: Prepared, tmp_path: Path, name: str) -> None:
    """Between the two, whatever the user has staged is there, and nothing is locked."""
    programs = tmp_path / "bin"
    programs.mkdir()
    (programs / "git").write_text(KILLING % {"git": shutil.which("git")})
    (programs / "git").chmod(0o755)
    step, killed = 0, True
    while killed:
        step += 1
        project = prepared(name, tmp_path / f"step {step}")
        before = state(project)
        (tmp_path / "count").write_text("0\n")
        env = {"QANAT_COUNT": str(tmp_path / "count"), "QANAT_KILL": str(step)}
        env["PATH"] = f"{programs}:{os.environ['PATH']}"
        done = project.qanat(*COMMANDS[name], code=None, env=env)
        killed = done.code == -9
        _check_killed(project, name, before)
    assert done.code == 0, done.err
    assert step > 2, "the program was never killed"


def _check_killed(project: Sandbox, name: str, before: dict[str, Any]) -> None:
    after = state(project)
    assert after["locks"] == []
    for key in ("head", "refs", "index"):
        if name not in ("run --commit-message", "init", "tag", "commit") and after["refs"] == before["refs"]:
            assert after[key] == before[key], key
    project.qanat("status", code=None)
    settled = state(project)
    assert settled["left"] == []
    if settled["refs"] == before["refs"]:
        assert settled["index"] == before["index"]
    elif name == "run --commit-message":
        assert project.git("diff", "--cached", "--name-only") == ""
        assert project.git("status", "--porcelain", "--", "s", "new.txt") == ""
    else:
        assert project.git("diff", "--cached", "--name-only") == "s"
        assert project.git("show", ":s") == "staged"
    assert (project.root / "s").read_text() == "and changed again\n"


# ---- the tools of others


def test_the_stash_of_pre_commit_loses_nothing(sandbox: Sandbox) -> None:
    """pre-commit puts away what is not staged, and brings it back."""
    prepare(sandbox, "run --commit-message")
    sandbox.write("other.txt", "committed\n")
    sandbox.git("add", "other.txt")
    sandbox.git("commit", "--quiet", "--message", "other", "--", "other.txt")
    config = "repos:\n- repo: local\n  hooks:\n  - {id: never, name: never, entry: 'false', language: system}\n"
    sandbox.write(".pre-commit-config.yaml", config)
    sandbox.git("add", ".pre-commit-config.yaml")
    sandbox.git("commit", "--quiet", "--message", "hooks", "--", ".pre-commit-config.yaml")
    install = call([sys.executable, "-m", "pre_commit", "install"], sandbox.root, code=None)
    if install.code != 0:
        pytest.skip("pre-commit is not installed")
    sandbox.write("other.txt", "changed\n")
    before = state(sandbox)
    for words in (COMMANDS["run --commit-message"], COMMANDS["experiment new"]):
        done = sandbox.qanat(*words, code=2)
        assert "never" in done.err
        assert "Failed" in done.err
        assert state(sandbox) == before
    sandbox.write(".pre-commit-config.yaml", config.replace("'false'", "'true'"))
    sandbox.qanat(*COMMANDS["run --commit-message"])
    assert sandbox.status() == ""
