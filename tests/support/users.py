"""Several real users of this machine, who work in one repository."""

from __future__ import annotations

import contextlib
import os
import pwd
import secrets
import shlex
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from qanat.testing.sandbox import PROGRAM, TIMEOUT_S, Result, checked, wait_until

_CONFIG = """\
[user]
    name = {name}
    email = {name}@example.org
[init]
    defaultBranch = main
[gc]
    auto = 0
[safe]
    directory = *
"""
# What the users must be able to read: Python, its packages, and this project.
_READ = (Path(sys.base_prefix).resolve(), Path(sys.prefix).resolve(), Path(__file__).resolve().parents[2])


def need_root() -> None:
    """Skip a test that needs several users where it cannot create them."""
    if os.geteuid() != 0:
        pytest.skip("only root can work as several users")
    for program in ("useradd", "userdel", "groupadd", "groupdel", "runuser", "unshare"):
        if shutil.which(program) is None:
            pytest.skip(f"{program} is not installed")
    if subprocess.run(["unshare", "--mount", "true"], capture_output=True, check=False).returncode:
        pytest.skip("this container allows no mounts")


@dataclass
class User:
    """A user, and shorthands for what this user types in `root`; `umask` may be changed."""

    name: str
    home: Path
    root: Path
    umask: str = "022"
    env: dict[str, str] = field(default_factory=dict)

    def words(self, *command: str, cwd: Path | None = None) -> list[str]:
        """Return the command line, for root, that runs a command as this user."""
        env = [f"HOME={self.home}", f"USER={self.name}", f"PATH={os.environ['PATH']}", "TZ=UTC", "LC_ALL=C.UTF-8"]
        env += ["PYTHONDONTWRITEBYTECODE=1", *(f"{name}={value}" for name, value in self.env.items())]
        script = f"umask {self.umask}; cd {shlex.quote(str(cwd or self.root))} && exec {shlex.join(command)}"
        run = ["runuser", "-u", self.name, "--", "env", "-i", *env, "/bin/sh", "-c", script]
        mounts = opened()
        return ["unshare", "--mount", "sh", "-c", f"{mounts} && exec {shlex.join(run)}"] if mounts else run

    def run(self, *command: str, code: int | None = 0, cwd: Path | None = None) -> Result:
        """Run a command as this user and check its exit code against `code`, unless that is None."""
        words = self.words(*command, cwd=cwd)
        done = subprocess.run(
            words, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=TIMEOUT_S, check=False
        )
        return checked(done, code)

    def start(self, *arguments: str) -> subprocess.Popen[str]:
        """Start `qanat arguments…` as this user, in a session of its own, without waiting for it."""
        pipe = subprocess.PIPE
        words = self.words(*PROGRAM, *arguments)
        return subprocess.Popen(
            words, stdin=subprocess.DEVNULL, stdout=pipe, stderr=pipe, text=True, start_new_session=True
        )

    def qanat(self, *arguments: str, code: int | None = 0) -> Result:
        """Run `qanat arguments…` as this user."""
        return self.run(*PROGRAM, *arguments, code=code)

    def git(self, *arguments: str, code: int | None = 0) -> str:
        """Run git as this user and return its output without the last newline."""
        return self.run("git", *arguments, code=code).out.rstrip("\n")

    def write(self, path: str, text: str) -> None:
        """Write a file that everybody may read as this user."""
        script = 'umask 022; mkdir -p "$(dirname "$1")" && printf %s "$2" >"$1"'
        self.run("/bin/sh", "-c", script, "sh", path, text)


@contextmanager
def team(count: int = 2) -> Iterator[list[User]]:
    """Create users of one group, with a folder that belongs to the group; remove them all at the end."""
    need_root()
    folder = Path(tempfile.mkdtemp(prefix="qanat-users-"))
    group = f"qanat{secrets.token_hex(4)}"
    names = [f"{group}{letter}" for letter in "abcdef"[:count]]
    folder.chmod(0o755)
    try:
        _call("groupadd", group)
        users = [_user(name, group, folder) for name in names]
        users[0].root.mkdir()
        shutil.chown(users[0].root, names[0], group)
        users[0].root.chmod(0o2775)
        yield users
    finally:
        for name in names:
            _end_processes(name)
            subprocess.run(["userdel", name], capture_output=True, check=False)
        subprocess.run(["groupdel", group], capture_output=True, check=False)
        shutil.rmtree(folder)


def _user(name: str, group: str, folder: Path) -> User:
    home = folder / name
    _call("useradd", "--no-create-home", "--home-dir", str(home), "--user-group", "--groups", group, name)
    home.mkdir()
    (home / ".gitconfig").write_text(_CONFIG.format(name=name))
    shutil.chown(home, name, name)
    return User(name, home, folder / "project")


def _end_processes(name: str) -> None:
    """Kill what a failed test has left running, and wait until it is gone: a user with processes stays."""
    user = pwd.getpwnam(name).pw_uid
    for entry in Path("/proc").iterdir():
        with contextlib.suppress(OSError):
            if entry.name.isdigit() and entry.stat().st_uid == user:
                os.kill(int(entry.name), signal.SIGKILL)
                wait_until(lambda gone=entry: not gone.exists())


def _call(*command: str) -> None:
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        pytest.skip(f"{command[0]} failed: {done.stderr.strip()}")


def opened(paths: Sequence[Path] = _READ) -> str:
    """Return shell commands that let everybody read these paths, in a mount namespace; empty if they can.

    A Python below /root can be read by root alone.
    """
    closed = {path: top for path in paths if (top := _closed_folder(path))}
    if not closed:
        return ""
    kept = {path: f"/mnt/qanat-{number}" for number, path in enumerate(closed)}
    commands = ["mount -t tmpfs -o mode=755 tmpfs /mnt"]
    for path, there in kept.items():
        commands += [f"mkdir -p {there}", f"mount --bind {shlex.quote(str(path))} {there}"]
    commands += [f"mount -t tmpfs -o mode=755 tmpfs {shlex.quote(str(top))}" for top in dict.fromkeys(closed.values())]
    for path, there in kept.items():
        commands += [f"mkdir -p {shlex.quote(str(path))}", f"mount --bind {there} {shlex.quote(str(path))}"]
    return " && ".join(commands)


def _closed_folder(path: Path) -> Path | None:
    """Return the first folder on the way to a path that others cannot enter; None if they can enter them all."""
    return next((f for f in (*reversed(path.parents), path) if not f.stat().st_mode & 0o001), None)
