"""What another repository says about a folder or file in it; nothing that its settings name is started for that."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

from qanat.errors import GitRefused
from qanat.git import command

# A folder of data may contain what looks like a bare repository, or be one of somebody else's.
_CAREFUL = ("-c", "core.fsmonitor=false", "-c", "safe.bareRepository=explicit", "-c", "core.hooksPath=/dev/null")
# No transport has this name, so git fetches no missing object, for which it would start what the settings name.
_OFFLINE = {"GIT_OPTIONAL_LOCKS": "0", "GIT_NO_LAZY_FETCH": "1", "GIT_ALLOW_PROTOCOL": "none"}
_OWN_SCOPES = ("local", "worktree")


@dataclass(frozen=True, slots=True)
class Version:
    """What a repository has at a path: `id` is `commit:…` for all of it, or a tree or blob; `changed` since then."""

    id: str
    changed: bool


def version_of(path: Path) -> Version:
    """Return the version of a path, which may be a whole repository. Raises GitRefused if it is not in one."""
    folder = path if path.is_dir() else path.parent
    where = command.call(folder, *_CAREFUL, "rev-parse", "--show-prefix", env=_OFFLINE)
    if where.status != 0:
        if b"not a git repository" in where.err:
            raise GitRefused("is not in a repository")
        raise command.refused("git rev-parse", where)
    prefix = where.out.decode("utf-8", "surrogateescape").strip()
    inside = prefix.rstrip("/") if folder == path else f"{prefix}{path.name}"
    found = _in_last_commit(folder, inside)
    pathspec = "." if folder == path else f":(literal){path.name}"
    # What is in a submodule has settings of its own.
    arguments = ("status", "--porcelain", "-z", "--ignore-submodules=dirty", "--", pathspec)
    status = command.output(folder, *_CAREFUL, *arguments, env=_OFFLINE | _without_own_filters(folder))
    return Version(found, bool(status))


def _in_last_commit(folder: Path, inside: str) -> str:
    """Return what the last commit has at a path from the root: `tree:…`, `blob:…`, or for the root `commit:…`.

    Raises GitRefused if it has nothing there, or a submodule: one that is checked out is a repository of its own.
    """
    words = ("ls-tree", "--full-tree", "-z", "HEAD", "--", inside) if inside else ("rev-parse", "--verify", "HEAD")
    found = command.call(folder, *_CAREFUL, *words, env={**_OFFLINE, "GIT_LITERAL_PATHSPECS": "1"})
    if found.status != 0 or not found.out:
        raise GitRefused("is in a repository, but not in its last commit")
    if not inside:
        return f"commit:{found.out.decode().strip()}"
    # MODE TYPE ID, a tab and the path: git-ls-tree(1), section "Output format".
    _, kind, id_ = found.out.partition(b"\t")[0].decode().split()
    if kind == "commit":
        raise GitRefused("is a submodule that is not checked out")
    return f"{kind}:{id_}"


def _without_own_filters(folder: Path) -> dict[str, str]:
    """Return an environment in which the filters of a repository's own settings are what they are without these.

    Extensions of git-lfs are filters, too, which it starts itself.
    """
    arguments = ("config", "--show-scope", "--null", "--get-regexp", r"^(filter|lfs\.extension)\.")
    listed = command.call(folder, *_CAREFUL, *arguments, env=_OFFLINE).out.decode("utf-8", "surrogateescape")
    values: dict[str, str] = {}
    own: set[str] = set()
    fields = listed.split("\0")
    for scope, entry in zip(fields[::2], fields[1::2], strict=False):
        key, _, value = entry.partition("\n")
        if scope in _OWN_SCOPES:
            own.add(key)
        else:
            values[key] = value
    # The environment may have settings already.
    first = int(os.environ.get("GIT_CONFIG_COUNT") or 0)
    changed = {"GIT_CONFIG_COUNT": str(first + len(own))}
    for place, key in enumerate(sorted(own), first):
        without = "false" if key.endswith(".required") else ""
        changed |= {f"GIT_CONFIG_KEY_{place}": key, f"GIT_CONFIG_VALUE_{place}": values.get(key, without)}
    return changed
