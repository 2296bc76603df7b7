"""Which two states are compared: revisions as git writes them, and the branch that the work here will go into."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from qanat.errors import GitRefused, UsageError
from qanat.git import checkout, worktree
from qanat.git.location import Location

if TYPE_CHECKING:
    import pygit2

_MAIN_BRANCHES = ("main", "master", "trunk")
_DEEPEN = "this clone is shallow: git fetch --unshallow, or fetch-depth: 0 in the workflow"


@dataclass(frozen=True, slots=True)
class Range:
    """Two states: commits by their ids, with the text that named them.

    `base` None is a state without any file, `head` None the working tree; `tip` is the commit whose code
    counts as the head's (None before the first commit). `shared` is the newest commit that both sides have, which
    is the base itself if the head was made from it; None if there is none.
    """

    base: str | None
    base_revision: str
    head: str | None
    head_revision: str
    tip: str | None
    shared: str | None = None
    is_since_shared: bool = False  # whether the base is what both have, and not the commit that was named

    @property
    def is_parted(self) -> bool:
        """Whether each side has commits after the one that both have."""
        return self.shared not in (None, self.base, self.tip)


def parse(location: Location, repository: pygit2.Repository, text: str | None) -> Range:
    """Parse `A`, `A..B`, `A...B` (B since it left A) or nothing (the work here since it left its target branch).

    B defaults to HEAD; `A` alone is compared with the working tree, as git does. Raises GitRefused for
    a revision that is not a commit and for two commits without a common ancestor.
    """
    import pygit2

    tip = worktree.head(location)
    if text is None:
        if tip is None:
            return Range(None, "", None, "", None)
        branch = _target(repository)
        start = str(repository.revparse_single(branch).peel(pygit2.Commit).id)
        return _since_shared(location, repository, (branch, start), ("HEAD", tip), None)
    if "..." in text:
        old, new = (side or "HEAD" for side in text.split("...", 1))
        head = _commit(location, new)
        return _since_shared(location, repository, (old, _commit(location, old)), (new, head), head)
    if ".." in text:
        old, new = (side or "HEAD" for side in text.split("..", 1))
        head = _commit(location, new)
        base = _commit(location, old)
        return Range(base, old, head, new, head, _shared(repository, base, head))
    base = _commit(location, text)
    return Range(base, text, None, "", tip, _shared(repository, base, tip))


def is_shallow(location: Location) -> bool:
    """Return whether the repository has only the latest part of its history."""
    return (location.common_dir / "shallow").is_file()


def _commit(location: Location, revision: str) -> str:
    try:
        return checkout.resolve(location, revision)
    except GitRefused as error:
        raise GitRefused(error.message, hint=_DEEPEN if is_shallow(location) else error.hint) from None


def _shared(repository: pygit2.Repository, old: str, new: str | None) -> str | None:
    """Return the merge base of two commits; None if there is none. Raises GitRefused if a commit is broken."""
    import pygit2

    try:
        found = repository.merge_base(old, new) if new else None
    except (ValueError, pygit2.GitError) as error:
        raise GitRefused(f"a commit cannot be read: {error}", hint="git fsck lists what is broken") from None
    return str(found) if found else None


def _since_shared(
    location: Location, repository: pygit2.Repository, old: tuple[str, str], new: tuple[str, str], head: str | None
) -> Range:
    """Return what a commit has changed since it left another, each given as a revision and its id.

    Raises GitRefused if they have no commits in common.
    """
    base = _shared(repository, old[1], new[1])
    if base is None:
        remedy = _DEEPEN if is_shallow(location) else f"compare them directly: qanat diff {old[0]}..{new[0]}"
        raise GitRefused(f"{old[0]} and {new[0]} have no commits in common", hint=remedy)
    return Range(base, old[0], head, "" if head is None else new[0], new[1], base, is_since_shared=base != old[1])


def _target(repository: pygit2.Repository) -> str:
    """Return the branch that the work here will go into.

    That is the upstream, unless it is just this branch's own copy on a server; then it is the remote's
    default branch, or a branch with a usual name. Raises UsageError if there is none of these.
    """
    own = None if repository.head_is_detached or repository.head_is_unborn else repository.head.shorthand
    remote, upstream = _upstream(repository, own)
    default = _default(repository, remote)
    if upstream and (upstream != f"{remote}/{own}" or default in (None, upstream, own)):
        return upstream
    if default is None:
        raise UsageError("no upstream or main branch to compare with", hint="name a branch or commit: qanat diff A")
    return default


def _upstream(repository: pygit2.Repository, own: str | None) -> tuple[str, str | None]:
    """Return a branch's remote (`origin` if it has none) and its upstream, if that exists."""
    found = repository.branches.local.get(own) if own else None
    try:
        upstream = found.upstream if found else None
        return (upstream.remote_name, upstream.shorthand) if upstream else ("origin", None)
    except (KeyError, ValueError):  # the upstream is a local branch, which has no remote
        return "origin", upstream.shorthand if upstream else None


def _default(repository: pygit2.Repository, remote: str) -> str | None:
    pointer = repository.references.get(f"refs/remotes/{remote}/HEAD")
    target = str(pointer.target) if pointer else ""
    if target.startswith("refs/remotes/") and repository.references.get(target):
        return target.removeprefix("refs/remotes/")
    key = "init.defaultBranch"
    names = (*([repository.config[key]] if key in repository.config else []), *_MAIN_BRANCHES)
    candidates = (*(f"refs/remotes/{remote}/{name}" for name in names), *(f"refs/heads/{name}" for name in names))
    found = next((ref for ref in candidates if repository.references.get(ref)), None)
    return found.removeprefix("refs/remotes/").removeprefix("refs/heads/") if found else None
