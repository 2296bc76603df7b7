"""The repository's own settings."""

from __future__ import annotations

import contextlib
import shutil
from collections.abc import Iterator

from qanat.git import command, lock
from qanat.git.location import Location


def get(location: Location, key: str) -> str:
    """Return the value of a setting as git sees it; empty if it is not set."""
    return command.call(location.root, "config", "--get", key).out.decode("utf-8", "replace").rstrip("\n")


def get_all(location: Location, key: str) -> list[str]:
    """Return every value of a setting that may have several."""
    return command.call(location.root, "config", "--get-all", key).out.decode("utf-8", "replace").splitlines()


def set_one(location: Location, key: str, value: str) -> None:
    """Set a setting of the repository to this one value. Raises GitRefused."""
    command.output(location.root, "config", "--local", "--replace-all", key, value)


def add(location: Location, key: str, value: str) -> None:
    """Add a value to a setting of the repository. Raises GitRefused."""
    command.output(location.root, "config", "--local", "--add", key, value)


@contextlib.contextmanager
def restored_on_failure(location: Location) -> Iterator[None]:
    """Restore the settings of the repository if the block fails, unless another git is changing them."""
    path = location.common_dir / "config"
    before = path.read_bytes()
    try:
        yield
    except BaseException:
        with contextlib.suppress(OSError):
            if path.read_bytes() != before:
                guard = path.with_name("config.lock")
                lock.take_of_git(guard, before)
                shutil.copymode(path, guard)
                guard.replace(path)
        raise
