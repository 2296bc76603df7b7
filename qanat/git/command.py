"""Call git itself."""

from __future__ import annotations

import signal
from collections.abc import Mapping
from pathlib import Path

from qanat.errors import GitRefused
from qanat.system import programs


def call(root: Path, *args: str, stdin: bytes = b"", env: Mapping[str, str] | None = None) -> programs.Finished:
    """Run git in the work tree at root, whatever its exit status."""
    while True:
        done = programs.run(["git", *args], cwd=root, stdin=stdin, env=env)
        # Ctrl-C reaches git as well. Where it has not ended this process too, the run is to be recorded all the same.
        if done.status != -signal.SIGINT:
            return done


def output(root: Path, *args: str, stdin: bytes = b"", env: Mapping[str, str] | None = None) -> bytes:
    """Give what git prints. Raises GitRefused with git's own words when it fails."""
    done = call(root, *args, stdin=stdin, env=env)
    if done.status != 0:
        raise refused(f"git {args[0]}", done)
    return done.out


def refused(what: str, done: programs.Finished) -> GitRefused:
    """Turn a failure of git into an error that names git's own remedy where it gives one."""
    words = done.err.decode("utf-8", "replace").strip()
    if "dubious ownership" in words:
        remedy = next((line.strip() for line in words.splitlines() if "safe.directory" in line), "")
        return GitRefused("git refuses this repository: its folder belongs to another user", hint=remedy)
    how = f"signal {-done.status}" if done.status < 0 else f"exit status {done.status}"
    line = words.splitlines()[0] if words else how
    return GitRefused(f"{what} failed: {line.removeprefix('fatal: ').removeprefix('error: ')}")
