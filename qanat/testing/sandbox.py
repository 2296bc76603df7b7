"""A real project in a real repository, driven by the real program as a person drives it."""

from __future__ import annotations

import json
import os
import shlex
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

PROGRAM = [sys.executable, "-m", "qanat"]
TIMEOUT_S = 60


@dataclass(frozen=True)
class Result:
    """How a command ended and what it printed."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        """What it printed to stdout, read as JSON."""
        return json.loads(self.out)


def call(
    words: list[str], cwd: Path, *, code: int | None = 0, stdin: str = "", env: dict[str, str] | None = None
) -> Result:
    """Run a command to its end; its exit code must be `code`, unless that is None."""
    done = subprocess.run(
        words,
        cwd=cwd,
        input=stdin,
        capture_output=True,
        text=True,
        timeout=TIMEOUT_S,
        check=False,
        env={**os.environ, **(env or {})},
    )
    return checked(done, code)


def checked(done: subprocess.CompletedProcess[str], code: int | None) -> Result:
    """Return the result of a command; its exit code must be `code`, unless that is None."""
    result = Result(done.returncode, done.stdout, done.stderr)
    assert code is None or result.code == code, f"{done.args} ended with {result.code}\n{result.out}\n{result.err}"
    assert "Traceback" not in result.err, result.err
    return result


def wait_until(condition: Callable[[], Any], timeout_s: float = 20.0) -> Any:
    """Wait for a condition and give its value; fail when it does not come true in time."""
    deadline = time.monotonic() + timeout_s
    while not (value := condition()):
        assert time.monotonic() < deadline, "the condition did not come true"
        time.sleep(0.01)
    return value


class Sandbox:
    """A project to play in: its root, and shorthands for what a user types."""

    def __init__(self, root: Path) -> None:
        self.root = root

    @classmethod
    def make(cls, root: Path) -> Self:
        """Make a project in a new folder, as a user does."""
        root.mkdir(parents=True)
        sandbox = cls(root)
        sandbox.qanat("init", "--yes")
        return sandbox

    def qanat(
        self,
        *words: str,
        code: int | None = 0,
        cwd: Path | None = None,
        stdin: str = "",
        env: dict[str, str] | None = None,
    ) -> Result:
        """Run `qanat words…`; its exit code must be `code`, unless that is None."""
        return call([*PROGRAM, *words], cwd or self.root, code=code, stdin=stdin, env=env)

    def start(self, *words: str, **options: Any) -> subprocess.Popen[str]:
        """Start `qanat words…` in a session of its own and do not wait for it."""
        return subprocess.Popen(
            [*PROGRAM, *words],
            cwd=self.root,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,
            **options,
        )

    def git(self, *words: str, code: int | None = 0) -> str:
        """Run git and give what it printed, without the last newline."""
        return call(["git", *words], self.root, code=code).out.rstrip("\n")

    def write(self, path: str, text: str, *, executable: bool = False) -> Path:
        """Write a file of the project."""
        file = self.root / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)
        if executable:
            file.chmod(0o755)
        return file

    def commit(self, message: str = "work") -> str:
        """Commit everything and give the commit's id."""
        self.git("add", "--all")
        self.git("commit", "--quiet", "--allow-empty", "--message", message)
        return self.git("rev-parse", "HEAD")

    def experiment(self, name: str, script: str, **keys: Any) -> None:
        """Define an experiment that runs a shell script, and commit both."""
        self._define(name, f"{name}.sh", script, "sh", keys)

    def python_experiment(self, name: str, program: str, **keys: Any) -> None:
        """Define an experiment that runs a Python program with this interpreter, and commit both."""
        self._define(name, f"{name}.py", program, shlex.quote(sys.executable), keys)

    def _define(self, name: str, program: str, text: str, command: str, keys: dict[str, Any]) -> None:
        import yaml

        self.write(program, text)
        content = {"schema": "experiment/1", "name": name, "executable": program, "executable_command": command, **keys}
        self.write(f".qanat/experiments/{name}.yaml", yaml.safe_dump(content, sort_keys=False))
        self.commit(f"experiment {name}")

    def record_files(self) -> list[Path]:
        """List the record files in the work tree, in the order of their numbers."""
        found = (self.root / ".qanat/runs").glob("*/*/*.yaml")
        return sorted(found, key=lambda path: int(path.name.partition("-")[0]))

    def records(self) -> list[dict[str, Any]]:
        """Read the records in the work tree with another YAML reader than qanat's."""
        import yaml

        return [yaml.safe_load(path.read_text()) for path in self.record_files()]

    def record(self, number: int = 1) -> dict[str, Any]:
        """Read the record of one run."""
        (found,) = [r for r in self.records() if r["id"].partition("-")[0] == str(number)]
        return found

    def committed_records(self, revision: str = "HEAD") -> set[str]:
        """List the paths of the records that a commit has."""
        names = self.git("ls-tree", "-r", "--name-only", revision, ".qanat/runs")
        return set(names.splitlines())

    def status(self) -> str:
        """Give what `git status --porcelain` prints."""
        return self.git("status", "--porcelain")
