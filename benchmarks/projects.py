"""Real projects to measure in, created in a temporary folder."""

from __future__ import annotations

import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from benchmarks.clock import Command, tell

QANAT = Path(sys.executable).with_name("qanat")
QUICK_ROUNDS = 7
SLOW_ROUNDS = 3
FILES_IN_FOLDER = 20
FOLDERS_IN_PART = 100
GIT_CONFIG = """\
[user]
    name = Ada Lovelace
    email = ada@example.org
[init]
    defaultBranch = main
[gc]
    auto = 0
"""
EXPERIMENT = """\
schema: experiment/1
name: {name}
description: Does nothing, so that only what is around it is measured
path: {name}
executable: {name}/program.txt
executable_command: 'true'
"""


@dataclass(frozen=True, slots=True)
class Place:
    """Where to measure and how often; `rounds` None uses the default of each benchmark."""

    folder: Path
    rounds: int | None = None

    @property
    def quick(self) -> int:
        """Rounds of whatever takes less than a second."""
        return self.rounds or QUICK_ROUNDS

    @property
    def slow(self) -> int:
        """Rounds of whatever takes longer."""
        return self.rounds or SLOW_ROUNDS


def forget_index(root: Path) -> None:
    """Remove the index of a project."""
    for file in (root / ".git/qanat").glob("index*"):
        file.unlink()


def own_surroundings(home: Path) -> None:
    """Isolate this process and its children from the user's home, git settings and variables."""
    for name in [n for n in os.environ if n.startswith(("GIT_", "QANAT_"))]:
        del os.environ[name]
    # An installed qanat has its bytecode; a checkout, which may be read-only, gets it here.
    os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
    os.environ["PYTHONPYCACHEPREFIX"] = str(home / "bytecode")
    home.mkdir()
    (home / ".gitconfig").write_text(GIT_CONFIG)
    os.environ["HOME"] = str(home)
    os.environ["XDG_CONFIG_HOME"] = str(home / ".config")


def make(root: Path, experiment: str) -> Path:
    """Create a project with one committed experiment that runs `true`; return its root."""
    tell(f"making {root.name}")
    root.mkdir()
    run_checked([QANAT, "init", "--yes"], root)
    program = root / experiment / "program.txt"
    program.parent.mkdir()
    program.write_text("the first argument of `true`\n")
    definition = root / ".qanat/experiments" / f"{experiment}.yaml"
    definition.parent.mkdir(exist_ok=True)
    definition.write_text(EXPERIMENT.format(name=experiment))
    commit_all(root)
    return root


def commit_all(root: Path) -> None:
    """Commit every file of a project."""
    run_checked(["git", "add", "--all"], root)
    run_checked(["git", "commit", "--quiet", "--message", "everything"], root)


def run_checked(arguments: Command, cwd: Path) -> None:
    """Run a command that is not measured and must not fail."""
    subprocess.run(arguments, cwd=cwd, stdout=subprocess.DEVNULL, check=True)


def add_files(root: Path, count: int) -> None:
    """Add and commit this many small files, twenty per folder, as `data/<part>/<folder>/<file>.txt`."""
    tell(f"writing {count:,} files into {root.name}")
    for folder in range(count // FILES_IN_FOLDER):
        part, inner = divmod(folder, FOLDERS_IN_PART)
        path = root / f"data/{part:03}/{inner:03}"
        path.mkdir(parents=True)
        for number in range(FILES_IN_FOLDER):
            (path / f"{number:02}.txt").write_text(f"file {number} of folder {folder}\n")
    tell(f"committing {count:,} files in {root.name}")
    commit_all(root)


def add_records(root: Path, experiment: str, count: int, first: int = 1) -> None:
    """Add and commit this many records of ended runs, numbered from `first` on."""
    tell(f"writing {count:,} records into {root.name}")
    # In a process of its own, since this process's peak memory would count as that of the processes measured.
    run_checked(
        [sys.executable, "-m", "benchmarks.fill_records", root, experiment, str(count), str(first)],
        Path(__file__).parents[1],
    )
