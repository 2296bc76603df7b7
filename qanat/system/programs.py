"""The single gate to external programs: argument lists only, a clean git environment, errors as sentences."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from qanat.errors import RunnerUnavailable

# The environment may say who the author is, but not where the repository is: git sets that for hooks.
_GIT_KEPT = ("GIT_AUTHOR_", "GIT_COMMITTER_", "GIT_CONFIG_", "GIT_SSH", "GIT_ASKPASS", "GIT_EXEC_PATH")


@dataclass(frozen=True, slots=True)
class Finished:
    """How an external program ended: its exit status (negative: a signal's number) and its output."""

    status: int
    out: bytes
    err: bytes

    @property
    def first_error(self) -> str:
        """The first line on stderr."""
        lines = self.err.decode("utf-8", "replace").strip().splitlines()
        return lines[0] if lines else ""


def clean_environment(extra: Mapping[str, str] | None = None) -> dict[str, str]:
    """Return this process's environment without the variables that point git to another repository."""
    kept = {k: v for k, v in os.environ.items() if not k.startswith("GIT_") or k.startswith(_GIT_KEPT)}
    return kept | dict(extra or {})


def run(
    command: Sequence[str],
    *,
    cwd: Path,
    stdin: bytes = b"",
    env: Mapping[str, str] | None = None,
    timeout_s: float | None = None,
) -> Finished:
    """Run command to its end, without a terminal. Raises RunnerUnavailable if it is missing or takes too long."""
    try:
        done = subprocess.run(
            list(command),
            cwd=cwd,
            input=stdin,
            capture_output=True,
            env=clean_environment({"LC_ALL": "C.UTF-8"} | dict(env or {})),
            timeout=timeout_s,
            check=False,
        )
    except FileNotFoundError:
        raise RunnerUnavailable(f"{command[0]} is not on PATH", hint=f"install {command[0]}") from None
    except PermissionError:
        raise RunnerUnavailable(f"{command[0]} is not executable") from None
    except subprocess.TimeoutExpired:
        raise RunnerUnavailable(f"{command[0]} did not answer within {timeout_s:g} s") from None
    return Finished(done.returncode, done.stdout, done.stderr)
