"""What another repository says about a folder or file in it; nothing that its settings name is started for that."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from qanat.errors import GitRefused
from qanat.git import command

# A folder of data may contain what looks like a bare repository, or be one of somebody else's.
_CAREFUL = ("-c", "core.fsmonitor=false", "-c", "safe.bareRepository=explicit", "-c", "core.hooksPath=/dev/null")


@dataclass(frozen=True, slots=True)
class Version:
    """What a repository has at a path: `id` is `commit:…` for all of it, or a tree or blob; `changed` since then."""

    id: str
    changed: bool


def version_of(path: Path) -> Version:
    """Return the version of a path, which may be a whole repository. Raises GitRefused if it is not in one."""
    folder = path if path.is_dir() else path.parent
    where = command.call(folder, *_CAREFUL, "rev-parse", "--show-prefix")
    if where.status != 0 and b"not a git repository" in where.err:
        raise GitRefused("is not in a repository")
    prefix = command.output(folder, *_CAREFUL, "rev-parse", "--show-prefix").decode("utf-8", "surrogateescape").strip()
    inside = prefix.rstrip("/") if folder == path else f"{prefix}{path.name}"
    found = command.call(folder, *_CAREFUL, "rev-parse", "--verify", "--quiet", f"HEAD:{inside}" if inside else "HEAD")
    if found.status != 0:
        raise GitRefused("is in a repository, but not in its last commit")
    kind = ("tree" if folder == path else "blob") if inside else "commit"
    pathspec = "." if folder == path else f":(literal){path.name}"
    arguments = (*_CAREFUL, "status", "--porcelain", "-z", "--", pathspec)
    status = command.output(folder, *arguments, env={"GIT_OPTIONAL_LOCKS": "0"})
    return Version(f"{kind}:{found.out.decode().strip()}", bool(status))
