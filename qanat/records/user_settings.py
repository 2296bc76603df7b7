"""The settings of a user, in their own folder of settings: no project can bring or change them."""

from __future__ import annotations

import os
import stat
from pathlib import Path
from typing import Any

from qanat.domain import time_limits
from qanat.domain.key_path import KeyPath, in_words
from qanat.domain.notification import Notify
from qanat.errors import InputInvalid, reason, user_name
from qanat.records import schemas, yaml_io
from qanat.system import files

KIND = "settings"
BYTES_MAX = 1_048_576


def path() -> Path:
    """Return the file with the settings of this user: $XDG_CONFIG_HOME/qanat/settings.yaml, by default ~/.config/…"""
    configured = os.environ.get("XDG_CONFIG_HOME", "")
    # The specification says that a relative path is to be ignored: it would be in whatever folder one works in.
    folder = Path(configured) if configured.startswith("/") else Path.home() / ".config"
    return folder / "qanat" / "settings.yaml"


def exists() -> bool:
    """Return whether this user has settings."""
    return os.path.lexists(path())


def notify() -> Notify | None:
    """Return how this user wants to be notified; None if they have not said. Raises InputInvalid."""
    content = load().get("notify")
    if not content or not (content.get("command") or content.get("apprise")):
        return None
    after = content.get("after")
    known = {key: tuple(content[key]) for key in ("command", "apprise", "when") if key in content}
    return Notify(**known, after_s=_seconds(after) if after else 0)


def load() -> dict[str, Any]:
    """Return the settings as the mapping in the file; empty without a file.

    Raises InputInvalid, naming the file and the key, also if other users could change what programs it names.
    """
    file = path()
    try:
        data = _read_own(file)
    except FileNotFoundError:
        return {}
    except OSError as error:
        raise InputInvalid(f"{file}: {reason(error)}") from None
    lines: dict[KeyPath, int] = {}
    content = yaml_io.load(data, str(file), lines=lines)
    schemas.check_version(content, KIND, str(file))
    for problem in schemas.problems(content, KIND):
        key = f"{in_words(problem.path)}: " if problem.path else ""
        where = f"{file}:{yaml_io.line_of(lines, problem.path)}"
        raise InputInvalid(f"{where}: {key}{problem.problem}", hint="docs/files.md lists the keys of your settings")
    return dict(schemas.current(content, KIND, str(file)))


def _read_own(file: Path) -> bytes:
    """Return the bytes of a file that nobody but this user and root can write to. Raises OSError, InputInvalid."""
    with files.open_for_reading(file) as opened:
        found = os.fstat(opened.fileno())
        if found.st_uid not in (os.geteuid(), 0):
            raise InputInvalid(
                f"{file}: belongs to {user_name(found.st_uid)}, and it can name programs to start",
                hint="replace it with a file of your own",
            )
        if found.st_mode & (stat.S_IWGRP | stat.S_IWOTH):
            raise InputInvalid(
                f"{file}: other users can write to it, and it can name programs to start", hint=f"chmod go-w {file}"
            )
        data = opened.read(BYTES_MAX + 1)
    if len(data) > BYTES_MAX:
        raise InputInvalid(f"{file}: is larger than {BYTES_MAX // 2**20} MiB")
    return data


def _seconds(text: str) -> int:
    try:
        return time_limits.seconds(text)
    except InputInvalid as error:
        raise InputInvalid(f"{path()}: notify.after: {error.message}", hint=error.hint) from None
