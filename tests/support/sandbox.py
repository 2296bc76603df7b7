"""The sandbox of qanat.testing, made fast: its commands run in forks, and its projects are copies of one project."""

from __future__ import annotations

import io
import os
import shutil
import subprocess
from pathlib import Path
from typing import Any, ClassVar, Self

from qanat.testing import sandbox
from qanat.testing.sandbox import PROGRAM, TIMEOUT_S, Result, wait_until
from tests.support.copied import copy_repository
from tests.support.forks import FORKS

__all__ = ["PROGRAM", "TIMEOUT_S", "Result", "Sandbox", "call", "wait_until"]


def call(
    words: list[str], cwd: Path, *, code: int | None = 0, stdin: str = "", env: dict[str, str] | None = None
) -> Result:
    """Run a command to its end, in a fork if possible, and check its exit code against `code` unless that is None."""
    surroundings = {**os.environ, **(env or {})}
    if not FORKS.can_run(words, surroundings):
        return sandbox.call(words, cwd, code=code, stdin=stdin, env=env)
    done = FORKS.run(words, cwd=cwd, stdin=stdin.encode(), env=surroundings, timeout_s=TIMEOUT_S)
    out, err = (io.TextIOWrapper(io.BytesIO(printed), "utf-8").read() for printed in (done.stdout, done.stderr))
    return sandbox.checked(subprocess.CompletedProcess(words, done.returncode, out, err), code)


class Sandbox(sandbox.Sandbox):
    """A project to experiment with: its root, and shorthands for what a user types."""

    original: ClassVar[Path | None] = None
    """The project that others are copied from, created when first needed; None: create each one separately."""

    @classmethod
    def make(cls, root: Path) -> Self:
        """Create a project in a new folder, as `qanat init` does."""
        if cls.original is None or not FORKS.can_run(PROGRAM, os.environ):
            return super().make(root)
        if not cls.original.exists():
            unfinished = cls.original.with_name("unfinished")
            shutil.rmtree(unfinished, ignore_errors=True)
            super().make(unfinished)
            unfinished.rename(cls.original)
        return cls(copy_repository(cls.original, root))

    def qanat(
        self,
        *words: str,
        code: int | None = 0,
        cwd: Path | None = None,
        stdin: str = "",
        env: dict[str, str] | None = None,
    ) -> Result:
        """Run `qanat arguments…` and check its exit code against `code`, unless that is None."""
        return call([*PROGRAM, *words], cwd or self.root, code=code, stdin=stdin, env=env)

    def start(self, *words: str, real: bool = False, **options: Any) -> subprocess.Popen[str]:
        """Start `qanat words…` in a session of its own, without waiting for it; in a fork, unless it is to be real."""
        command = [*PROGRAM, *words]
        env = options.get("env", os.environ)
        if real or options.keys() - {"env"} or not FORKS.can_run(command, env):
            return super().start(*words, **options)
        return FORKS.popen(command, cwd=self.root, env=env)
