"""The paths of datasets: in the project, anywhere on this machine, or URLs, which the program gets as they are."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable
from pathlib import Path, PurePosixPath

SCHEMES = ("abfs", "az", "ftp", "gs", "hdfs", "hf", "http", "https", "s3", "sftp")
_URL = re.compile(r"([A-Za-z][A-Za-z0-9+.-]*)://")


def is_url(path: str) -> bool:
    """Return whether a path is a URL, of whatever kind."""
    return _URL.match(path) is not None


def url_problem(path: str) -> str:
    """Return why a path is a URL that no dataset can have; empty for every other path."""
    found = _URL.match(path)
    if found is None or found[1] in SCHEMES:
        return ""
    if found[1].lower() == "file":
        return "is a URL of a file; use its path"
    return f"is a URL of an unknown kind, {found[1]}; known: {', '.join(SCHEMES)}"


def located(root: Path, path: str) -> str:
    """Return where data are: a URL as it is, any other path as an absolute one; `~` is this user's home directory."""
    return path if is_url(path) else str(root / os.path.expanduser(path))  # noqa: PTH111  # Path raises without a home


def is_in_project(path: str) -> bool:
    """Return whether a path starts at the root of the project, and leads to something in it."""
    return not (is_url(path) or path.startswith(("/", "~")) or os.path.normpath(path).split("/")[0] == "..")


def is_of_data(file: str, datasets: Iterable[str]) -> bool:
    """Return whether a file of the project belongs to a dataset with one of these paths; one may not be everything."""
    paths = (os.path.normpath(path) for path in datasets if is_in_project(path))
    return any(path != "." and PurePosixPath(file).is_relative_to(path) for path in paths)
