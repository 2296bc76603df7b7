"""Running git itself."""

from __future__ import annotations

import signal
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import partial
from pathlib import Path

from qanat.errors import EXIT_FAILED, GitRefused
from qanat.git import head_size
from qanat.system import programs


def call(root: Path, *args: str, stdin: bytes = b"", env: Mapping[str, str] | None = None) -> programs.Finished:
    """Run git in the working tree at root and return the result, whatever its exit status.

    Raises GitRefused if git would take without end because the last commit has too many files.
    """
    return programs.run(["git", *args], cwd=root, stdin=stdin, env=env, when_slow=partial(head_size.check, root))


def write(root: Path, *args: str, stdin: bytes = b"") -> programs.Finished:
    """Run a git command that writes the index or moves a branch, whatever its exit status.

    Ctrl-C also reaches git, so signals are held back until git has ended: interrupted halfway, it could leave a lock.
    """
    before = signal.pthread_sigmask(signal.SIG_BLOCK, (signal.SIGINT, signal.SIGTERM, signal.SIGHUP))
    try:
        return programs.run(["git", *args], cwd=root, stdin=stdin)
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def with_hooks(root: Path, *args: str, env: Mapping[str, str], inherited: int | None) -> programs.Finished:
    """Run a git command that runs the user's hooks, which may take long, whatever its exit status.

    On Ctrl-C it is waited for, since it removes its locks. It inherits a descriptor, as do the hooks.
    """
    kept = () if inherited is None else (inherited,)
    return programs.run(["git", *args], cwd=root, env=env, inherited=kept, patient=True)


def output(root: Path, *args: str, stdin: bytes = b"", env: Mapping[str, str] | None = None) -> bytes:
    """Return what git prints. Raises GitRefused with git's own message when git fails."""
    return _printed(root, call(root, *args, stdin=stdin, env=env), *args, stdin=stdin, env=env)


def _printed(
    root: Path, done: programs.Finished, *args: str, stdin: bytes = b"", env: Mapping[str, str] | None = None
) -> bytes:
    # If Ctrl-C ended git but not this process, a run is being recorded and still needs the answer.
    while done.status == -signal.SIGINT:
        done = call(root, *args, stdin=stdin, env=env)
    if done.status != 0:
        raise refused(f"git {_subcommand(args)}", done)
    return done.out


@contextmanager
def printing(root: Path, *args: str, env: Mapping[str, str] | None = None) -> Iterator[Callable[[], bytes]]:
    """Start git, and yield a function that waits for its end and returns what it printed; errors as for output()."""
    when_slow = partial(head_size.check, root)
    with programs.running(["git", *args], cwd=root, env=env, when_slow=when_slow) as ended:
        yield lambda: _printed(root, ended(), *args, env=env)


def met_another(done: programs.Finished) -> bool:
    """Return whether a failed git command met another process, which holds a lock or has moved the branch.

    Anything else, such as a full disk or a missing permission, does not pass by waiting.
    """
    return any(sign in done.err for sign in (b"File exists", b"but expected", b"reference already exists"))


def _subcommand(args: Sequence[str]) -> str:
    """Return the subcommand, which settings (`-c name=value`) may precede."""
    return next(arg for arg in args[::2] if arg != "-c")


def refused(what: str, done: programs.Finished) -> GitRefused:
    """Turn a failed git command into an error, with the remedy that git suggests as its hint."""
    message = done.err.decode("utf-8", "replace").strip()
    if "dubious ownership" in message:
        remedy = next((line.strip() for line in message.splitlines() if "safe.directory" in line), "")
        return GitRefused("git refuses this repository: its folder belongs to another user", hint=remedy)
    how = f"signal {-done.status}" if done.status < 0 else f"exit status {done.status}"
    lines = message.splitlines() or [how]
    line = next((line for line in lines if line.startswith(("fatal: ", "error: "))), lines[0])
    return with_remedy(f"{what} failed: {line.removeprefix('fatal: ').removeprefix('error: ')}")


def with_remedy(message: str) -> GitRefused:
    """Return an error of git or libgit2; if the disk is full, that is not wrong usage, and the hint asks for space."""
    error = GitRefused(message)
    if any(sign in message for sign in ("No space left", "Out of diskspace", "quota exceeded")):
        error.exit_code, error.hint = EXIT_FAILED, "free some space"
    return error
