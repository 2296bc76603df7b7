"""Call git itself."""

from __future__ import annotations

import signal
from collections.abc import Mapping
from pathlib import Path

from qanat.errors import GitRefused
from qanat.system import programs


def call(root: Path, *args: str, stdin: bytes = b"", env: Mapping[str, str] | None = None) -> programs.Finished:
    """Run git in the work tree at root, whatever its exit status."""
    return programs.run(["git", *args], cwd=root, stdin=stdin, env=env)


def write(root: Path, *args: str, stdin: bytes = b"") -> programs.Finished:
    """Run a git that writes the index or moves a branch, whatever its exit status.

    Ctrl-C, which reaches git as well, waits until it has ended: ended in between it might leave a lock behind.
    """
    before = signal.pthread_sigmask(signal.SIG_BLOCK, (signal.SIGINT, signal.SIGTERM, signal.SIGHUP))
    try:
        return call(root, *args, stdin=stdin)
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def output(root: Path, *args: str, stdin: bytes = b"", env: Mapping[str, str] | None = None) -> bytes:
    """Give what git prints. Raises GitRefused with git's own words when it fails."""
    done = call(root, *args, stdin=stdin, env=env)
    # Where Ctrl-C has ended git and not this process, a run is being recorded, and git's answer still wanted.
    while done.status == -signal.SIGINT:
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
