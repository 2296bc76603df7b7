"""A real project in a real repository, driven by the real program as a user drives it."""

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
TIMEOUT_S = 180


@dataclass(frozen=True)
class Result:
    """How a command ended and what it printed."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        """What it printed to stdout, parsed as JSON."""
        return json.loads(self.out)


def call(
    arguments: list[str], cwd: Path, *, code: int | None = 0, stdin: str = "", env: dict[str, str] | None = None
) -> Result:
    """Run a command to its end and check its exit code against `code`, unless that is None."""
    done = subprocess.run(
        arguments,
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
    """Return the result of a command, checking its exit code against `code` unless that is None."""
    result = Result(done.returncode, done.stdout, done.stderr)
    assert code is None or result.code == code, f"{done.args} ended with {result.code}\n{result.out}\n{result.err}"
    assert "Traceback" not in result.err, result.err
    return result


def wait_until(condition: Callable[[], Any], timeout_s: float = TIMEOUT_S) -> Any:
    """Wait until a condition is true and return its value; fail if that takes longer than timeout_s."""
    deadline = time.monotonic() + timeout_s
    while True:
        asked = time.monotonic()
        if value := condition():
            return value
        answered = time.monotonic()
        assert answered < deadline, "the condition did not come true"
        # One that takes long, such as a command, is asked less often, and leaves the machine to what is waited for.
        took_s = answered - asked
        time.sleep(max(0.01, took_s, min(4 * took_s, 1.0)))


class Sandbox:
    """A project to experiment with: its root, and shorthands for what a user types."""

    def __init__(self, root: Path) -> None:
        self.root = root

    @classmethod
    def make(cls, root: Path) -> Self:
        """Create a project in a new folder, as a user does."""
        root.mkdir(parents=True)
        sandbox = cls(root)
        sandbox.qanat("init", "--yes")
        return sandbox

    def qanat(
        self,
        *arguments: str,
        code: int | None = 0,
        cwd: Path | None = None,
        stdin: str = "",
        env: dict[str, str] | None = None,
    ) -> Result:
        """Run `qanat arguments…` and check its exit code against `code`, unless that is None."""
        return call([*PROGRAM, *arguments], cwd or self.root, code=code, stdin=stdin, env=env)

    def start(self, *arguments: str, **options: Any) -> subprocess.Popen[str]:
        """Start `qanat arguments…` in a session of its own, without waiting for it."""
        return subprocess.Popen(
            [*PROGRAM, *arguments],
            cwd=self.root,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,
            **options,
        )

    def git(self, *arguments: str, code: int | None = 0) -> str:
        """Run git and return its output without the last newline."""
        return call(["git", *arguments], self.root, code=code).out.rstrip("\n")

    def write(self, path: str, text: str, *, executable: bool = False) -> Path:
        """Write a file of the project and return its path."""
        file = self.root / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)
        if executable:
            file.chmod(0o755)
        return file

    def commit(self, message: str = "work") -> str:
        """Commit everything and return the commit's id."""
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
        """List the record files in the working tree, ordered by run number."""
        found = (self.root / ".qanat/runs").glob("*/*/*.yaml")
        return sorted(found, key=lambda path: int(path.name.partition("-")[0]))

    def records(self) -> list[dict[str, Any]]:
        """Read the records in the working tree with a YAML reader other than qanat's."""
        import yaml

        return [yaml.safe_load(path.read_text()) for path in self.record_files()]

    def record(self, number: int = 1) -> dict[str, Any]:
        """Read the record of one run."""
        (found,) = [r for r in self.records() if r["id"].partition("-")[0] == str(number)]
        return found

    def committed_records(self, revision: str = "HEAD") -> set[str]:
        """Return the paths of the records in a commit."""
        names = self.git("ls-tree", "-r", "--name-only", revision, ".qanat/runs")
        return set(names.splitlines())

    def status(self) -> str:
        """Return the output of `git status --porcelain`."""
        return self.git("status", "--porcelain")
