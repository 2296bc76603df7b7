"""Whatever a stranger's `.qanat/` contains: nothing is executed, written outside or waited for, and a message says why.

Each tree goes through every command that a reviewer might use on it, within two seconds of CPU time and 200 MB.
"""

from __future__ import annotations

import os
import re
import resource
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import pytest

from tests.integration.life.copies import copy_of
from tests.integration.untrusted.trees import PWNED, TREES
from tests.support.everything import with_everything
from tests.support.forks import FORKS
from tests.support.sandbox import PROGRAM, Sandbox
from tests.support.terminal import Terminal

pytestmark = pytest.mark.slow
CPU_S = 6
MEMORY_KIB = 200 * 1024
WAIT_S = 30
# Of memory only what is a process's own counts; what a limit refuses is an error that nobody expects (70).
LIMITS = {resource.RLIMIT_CPU: CPU_S, resource.RLIMIT_DATA: MEMORY_KIB * 1024}
LIMITED = ["sh", "-c", f'ulimit -t {CPU_S}; ulimit -d {MEMORY_KIB}; exec "$@"', "sh"]
LINE_MAX = 400
LINES_MAX = 60
EXIT_CODES = (0, 1, 2, 3)
COMMANDS = (
    "validate",
    "status",
    "experiment list",
    "experiment status good",
    "template list",
    "dataset status",
    "runs",
    "show 1",
    "logs 1",
    "metrics 1",
    "compare 1",
    "compare 1 --plot step loss",
    "diff HEAD",
    "diff HEAD --format markdown",
    "run good --dry_run",
)
# What reads the settings, and nothing else of what is in the way then.
ABOUT_SETTINGS = ("validate", "status", "config show", "template list", "diff HEAD", "run good --dry_run")
HOOKS = (["validate"], ["--all-but", "validate"])
# Line breaks and tabs apart: C0 and C1 controls, and what turns the direction of text around.
CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u200e\u200f\u202a-\u202e\u2066-\u2069]")


@dataclass(frozen=True)
class Ended:
    """How a command ended, and what it printed."""

    code: int
    out: str
    err: str


@pytest.fixture(scope="module")
def good(tmp_path_factory: pytest.TempPathFactory) -> Sandbox:
    """Return a project with one of everything, and beside it a folder that belongs to somebody else."""
    script = 'echo \'{"acc": 0.5}\' >"$(for w; do [ "$p" = --storage_path ] && echo "$w"; p=$w; done)/metrics.json"\n'
    sandbox = with_everything(tmp_path_factory.mktemp("good") / "project", script)
    (sandbox.root.parent / "mine").mkdir()
    (sandbox.root.parent / "mine/secret").write_text("name: do not tell\n")
    sandbox.qanat("run", "--tag", "a", "--description", "the first", "good", "--lr", "0.1")
    sandbox.qanat("run", "good", "-R", "--n 0 2 1")
    return sandbox


@pytest.fixture
def programs(tmp_path: Path) -> Path:
    """Return a folder of schedulers' programs that record how they are called."""
    folder = tmp_path / "programs"
    folder.mkdir()
    for name in ("squeue", "sacct", "scontrol", "scancel", "sbatch", "condor_q"):
        program = folder / name
        program.write_text(
            f"#!/bin/sh\nprintf '%s\\n' \"$@\" >>{str(folder / 'asked')!r}\necho 'Slurmctld(primary) at h is UP'\n"
        )
        program.chmod(0o755)
    return folder


def run_limited(words: list[str], cwd: Path, env: dict[str, str]) -> Ended:
    """Run a command without a terminal, and kill it if it computes for too long."""
    if FORKS.can_run(words, env):
        done = FORKS.run(words, cwd=cwd, env=env, timeout_s=WAIT_S, new_session=True, limits=LIMITS)
    else:
        limited = partial(subprocess.run, input=b"", capture_output=True, start_new_session=True, check=False)
        done = limited([*LIMITED, *words], cwd=cwd, env=env, timeout=WAIT_S)
    out, err = (printed.decode("utf-8", "surrogateescape") for printed in (done.stdout, done.stderr))
    return Ended(done.returncode, out, err)


def complaints(name: str, ended: Ended) -> Iterator[str]:
    """List what a command did that no command may do."""
    if ended.code not in EXIT_CODES:
        yield f"{name}: ended with {ended.code}: {ended.err[-500:]}"
    if "Traceback" in ended.out + ended.err or "this is a bug" in ended.err:
        yield f"{name}: {ended.err[-800:]}"
    for text in (ended.out, ended.err):
        if found := CONTROL.search(text):
            yield f"{name}: {found[0]!r} in {text[max(0, found.start() - 60) : found.end() + 60]!r}"
    lines = ended.err.splitlines()
    if len(lines) > LINES_MAX or any(len(line) > LINE_MAX for line in lines):
        yield f"{name}: says too much: {len(lines)} lines, the longest of {max(map(len, lines))} characters"
    if ended.code and not (ended.err.strip() or ended.out.strip()):
        yield f"{name}: ended with {ended.code} and did not say why"


def outside(beside: Path) -> dict[str, bytes | str]:
    """Return everything beside the project."""
    found: dict[str, bytes | str] = {}
    for folder in (beside / "mine", beside):
        for path in sorted(folder.iterdir()):
            found[str(path)] = path.read_bytes() if path.is_file() and not path.is_symlink() else "a folder"
    if (linked := beside / "mine/linked").is_dir():
        found |= {str(path): "in the linked folder" for path in linked.rglob("*")}
    return found


@pytest.fixture
def surroundings(programs: Path) -> dict[str, str]:
    """Return the environment of the commands."""
    return os.environ | {"PATH": f"{programs}{os.pathsep}{os.environ['PATH']}", "PAGER": "cat"}


def stage(root: Path) -> None:
    """Stage everything that git accepts, as the hooks see it."""
    subprocess.run(["git", "add", "--all"], cwd=root, check=False, capture_output=True)


def staged_files(root: Path) -> list[str]:
    """List the files of the next commit that differ from HEAD, as pre-commit gives them to a hook."""
    words = ["git", "diff", "--cached", "-z", "--name-only", "--diff-filter=d"]
    names = subprocess.run(words, cwd=root, check=True, capture_output=True).stdout
    return [os.fsdecode(name) for name in names.split(b"\0") if name]


@pytest.mark.parametrize("name", TREES)
def test_a_strangers_tree_does_nothing(
    name: str, good: Sandbox, programs: Path, surroundings: dict[str, str], tmp_path: Path
) -> None:
    house = copy_of(good, tmp_path / "here")
    beside = house.root.parent
    TREES[name](house.root, beside)
    stage(house.root)
    before = outside(beside)
    found: list[str] = []
    for words in ABOUT_SETTINGS if name.startswith("settings") else COMMANDS:
        found += complaints(words, run_limited([*PROGRAM, *words.split()], house.root, surroundings))
    files = staged_files(house.root)
    for rules in HOOKS:
        words = [sys.executable, "-P", "-m", "qanat_hooks.hook", *rules, "--", *files]
        found += complaints(" ".join(rules), run_limited(words, house.root, surroundings))
    assert not found, "\n".join(found)
    assert outside(beside) == before
    assert list(tmp_path.rglob(PWNED)) == []
    asked = (programs / "asked").read_text().splitlines() if (programs / "asked").exists() else []
    assert [word for word in asked if word in ("--help", "--all") or PWNED in word] == []


LOOKED_AT = [name for name in TREES if not name.startswith("settings: ")]


@pytest.mark.parametrize("tree", LOOKED_AT)
def test_a_strangers_tree_is_explored_without_harm(tree: str, good: Sandbox, tmp_path: Path) -> None:
    house = copy_of(good, tmp_path / "here")
    TREES[tree](house.root, house.root.parent)
    before = outside(house.root.parent)
    with Terminal(house.root, "explore", "good", "1") as terminal:
        terminal.ends_after("q")
    for mark in ("\x1b]0;PWNED", "\x1b[31mPWNED", "\x9b31m", "\x07", "\u202e"):
        assert mark not in terminal.raw
    assert outside(house.root.parent) == before
    assert list(tmp_path.rglob(PWNED)) == []
