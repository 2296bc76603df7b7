"""Finding what somebody shares: a git repository by its address or its path, or a folder."""

from __future__ import annotations

import os
from pathlib import Path

from qanat.domain.pack import anonymous, is_ref, is_url, url_problem
from qanat.domain.shortening import quoted
from qanat.errors import UsageError


def find(source: str, ref: str | None) -> tuple[str, bool]:
    """Return the address or the absolute path of a source, and whether it is a git repository.

    A folder that is the root of a repository is one. Raises UsageError for an address, a revision or a folder that
    cannot be.
    """
    if problem := url_problem(source):
        raise UsageError(f"{quoted(anonymous(source))} {problem}", hint="clone it yourself, and use the folder")
    if ref is not None and not is_ref(ref):
        raise UsageError(f"--ref {quoted(ref)} is not a branch, a tag or a commit")
    if is_url(source):
        return source, True
    folder = Path(os.path.abspath(Path(source).expanduser()))  # noqa: PTH100  # resolve() follows links
    if (folder / ".git").exists() or (folder / "objects").is_dir():
        return str(folder), True
    if ref is not None:
        raise UsageError(f"--ref cannot be used with {source}, which is not a git repository", hint="leave it out")
    if not folder.is_dir():
        raise UsageError(f"{source} is not a folder", hint="give the address of a git repository, or a folder")
    return str(folder), False
