"""The commits that a revision or a range leads to, the newest first, as `git log` lists them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from qanat.domain import times
from qanat.domain.shortening import quoted
from qanat.errors import GitRefused
from qanat.git import command
from qanat.git.location import Location

if TYPE_CHECKING:
    import pygit2


@dataclass(frozen=True, slots=True)
class Logged:
    """A commit with its author, the time at which it was made, and the first line of its message."""

    commit: str
    author: str
    time: str
    subject: str


def walk(location: Location, opened: pygit2.Repository, revision: str) -> Iterator[Logged]:
    """Yield the commits that a revision or a range (`A..B`) leads to. Raises GitRefused if it is neither.

    Each is read only when it is asked for, so that the first ones cost the same however long the history is.
    """
    import pygit2

    wanted, hidden = _ends(location, opened, revision)
    # Only a walk that begins at a commit may be given others.
    walker = opened.walk(wanted[0], pygit2.enums.SortMode.NONE)
    for end in wanted[1:]:
        walker.push(end)
    for end in hidden:
        walker.hide(end)
    while (commit := _next(walker)) is not None:
        subject = commit.message.lstrip().partition("\n")[0].rstrip()
        yield Logged(str(commit.id), commit.author.name, times.from_epoch(commit.commit_time), subject)


def _next(walker: Iterator[pygit2.Commit]) -> pygit2.Commit | None:
    import pygit2

    try:
        return next(walker, None)
    except (ValueError, pygit2.GitError) as error:
        raise GitRefused(f"a commit cannot be read: {error}", hint="git fsck lists what is broken") from None


def _ends(location: Location, opened: pygit2.Repository, revision: str) -> tuple[list[pygit2.Oid], list[pygit2.Oid]]:
    """Return the commits from which a walk begins, and those that it leaves out with all that they lead to."""
    import pygit2

    named = command.call(location.root, "rev-parse", "--revs-only", revision) if revision[:1] != "-" else None
    words = named.out.decode().split() if named and named.status == 0 else []
    try:
        ends = {word: opened[word.removeprefix("^")].peel(pygit2.Commit).id for word in words}
    except (KeyError, ValueError, pygit2.GitError):
        ends = {}
    wanted = [end for word, end in ends.items() if not word.startswith("^")]
    if not wanted:
        raise GitRefused(
            f"{quoted(revision)} is not a commit or a range of this repository", hint="for example: main..HEAD"
        )
    return wanted, [end for word, end in ends.items() if word.startswith("^")]
