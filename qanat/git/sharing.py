"""With whom a repository is shared: git's core.sharedRepository, which libgit2 ignores."""

from __future__ import annotations

import contextlib
import os

from qanat.domain.sharing import UNSHARED, Sharing
from qanat.git import command
from qanat.git.location import Location

_KEY = "core.sharedRepository"
_GROUP, _EVERYBODY = Sharing(0o660), Sharing(0o664)
_NAMED = {
    **dict.fromkeys(("", "group", "true", "yes", "on", "1"), _GROUP),
    **dict.fromkeys(("all", "world", "everybody", "2"), _EVERYBODY),
}


def of(location: Location) -> Sharing:
    """Return with whom a repository is shared; git is asked only if its config files may say something about it."""
    if not _may_be_set(location):
        return UNSHARED
    done = command.call(location.root, "config", "--get", _KEY)
    return parse(done.out.decode("utf-8", "replace").strip()) if done.status == 0 else UNSHARED


def parse(value: str) -> Sharing:
    """Return the meaning of core.sharedRepository by the rules of git_config_perm(): a number is the exact mode."""
    if known := _NAMED.get(value.lower()):
        return known
    try:
        mode = int(value, 8)
    except ValueError:
        return UNSHARED
    if mode in (1, 2):
        return _NAMED[str(mode)]
    return Sharing(mode & 0o666, exact=True) if mode & 0o600 == 0o600 else UNSHARED


def _may_be_set(location: Location) -> bool:
    """Return whether a git config file names the key or includes other files, or the environment has settings."""
    if any(name.startswith("GIT_CONFIG") for name in os.environ):
        return True
    home = os.environ.get("HOME", "")
    own = os.environ.get("XDG_CONFIG_HOME") or f"{home}/.config"
    places = (f"{location.common_dir}/config", f"{home}/.gitconfig", f"{own}/git/config", "/etc/gitconfig")
    return any(b"sharedrepository" in text or b"[include" in text for text in map(_text, places))


def _text(path: str) -> bytes:
    with contextlib.suppress(OSError), open(path, "rb") as file:  # noqa: PTH123  # three times as fast as Path
        return file.read().lower()
    return b""
