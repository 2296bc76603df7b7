"""Commits that no branch holds: which ones they are, and refs of qanat's own that keep them.

`refs/qanat/commits/<commit>` keeps one here. What a remote keeps is fetched into `refs/qanat/remotes/<remote>/`, so
that `git fetch --prune` never removes one that was not pushed yet.
"""

from __future__ import annotations

from collections.abc import Sequence

from qanat.git import command, config
from qanat.git.identity import SNAPSHOTS
from qanat.git.location import Location

KEPT = "refs/qanat/commits"
OWN = "refs/qanat/*"
_SHARED = (KEPT, SNAPSHOTS)


def is_shallow(location: Location) -> bool:
    """Tell whether the repository has only a part of its history."""
    return (location.common_dir / "shallow").exists()


def absent(location: Location, commits: Sequence[str]) -> set[str]:
    """Give those of these commits that the repository has not."""
    answers = command.output(location.root, "cat-file", "--batch-check", stdin=_lines(commits)).splitlines()
    pairs = zip(commits, answers, strict=True)
    return {commit for commit, answer in pairs if answer.split(b" ")[1:2] != [b"commit"]}


def outside(location: Location, commits: Sequence[str], held: str | None = None) -> set[str]:
    """Give those of these commits that no ref and not HEAD leads to; with `held`, none of qanat's refs and not this.

    One walk answers for all. Commits that the repository has not are passed over.
    """
    refs = ["--all"] if held is None else [held, f"--glob={OWN}"]
    words = ("rev-list", "--ignore-missing", "--stdin", "--not", *refs)
    walked = command.output(location.root, *words, stdin=_lines(commits)).decode().split()
    return set(commits).intersection(walked)


def keep(location: Location, commits: Sequence[str]) -> None:
    """Give each of these commits a ref of qanat's. Raises GitRefused for one that the repository has not."""
    updates = "".join(f"update {KEPT}/{commit} {commit}\n" for commit in commits)
    command.output(location.root, "update-ref", "--stdin", stdin=updates.encode())


# ---- remotes


def remotes(location: Location) -> list[str]:
    """List the names of the remotes."""
    return command.output(location.root, "remote").decode("utf-8", "replace").splitlines()


def fetched_from(location: Location) -> list[str]:
    """List the remotes whose kept commits come along with a fetch."""
    known = {name: config.get_all(location, f"remote.{name}.fetch") for name in remotes(location)}
    return [name for name, refspecs in known.items() if set(_fetched(name)) <= set(refspecs)]


def fetch_from(location: Location, remote: str) -> bool:
    """Let a fetch bring what the remote keeps as well; tell whether it did not yet."""
    known = config.get_all(location, f"remote.{remote}.fetch")
    missing = [refspec for refspec in _fetched(remote) if refspec not in known]
    for refspec in missing:
        config.add(location, f"remote.{remote}.fetch", refspec)
    return bool(missing)


def push(location: Location, remote: str) -> None:
    """Push what is kept here, and nothing else. Raises GitRefused.

    Hooks of the user's are about branches, and one that calls this would be called by it.
    """
    refspecs = [f"{folder}/*:{folder}/*" for folder in _SHARED]
    command.output(location.root, "push", "--quiet", "--no-verify", remote, *refspecs)


def _fetched(remote: str) -> list[str]:
    return [f"+{folder}/*:{folder.replace('qanat', f'qanat/remotes/{remote}', 1)}/*" for folder in _SHARED]


def _lines(commits: Sequence[str]) -> bytes:
    return "".join(f"{commit}\n" for commit in commits).encode()
