"""Commits that no branch contains: finding them, and qanat's own refs that keep them.

`refs/qanat/commits/<commit>` keeps one here. What a remote keeps is fetched into `refs/qanat/remotes/<remote>/`, so
that `git fetch --prune` never deletes a ref that has not been pushed yet.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence

from qanat.domain.layout import RECORDED
from qanat.git import command, config
from qanat.git.identity import SNAPSHOTS
from qanat.git.location import Location
from qanat.git.repository import code_tree, open_repository

KEPT = "refs/qanat/commits"
OWN = "refs/qanat/*"
_SEARCHED = 2000
_SHARED = (KEPT, SNAPSHOTS)


def missing(location: Location, commits: Sequence[str]) -> set[str]:
    """Return the commits among these that the repository does not have."""
    answers = command.output(location.root, "cat-file", "--batch-check", stdin=_lines(commits)).splitlines()
    pairs = zip(commits, answers, strict=True)
    return {commit for commit, answer in pairs if answer.split(b" ")[1:2] != [b"commit"]}


def unreachable(location: Location, commits: Sequence[str], held: str | None = None) -> set[str]:
    """Return the commits among these that neither HEAD nor any ref reaches.

    With `held`, only that commit and qanat's own refs count. Commits that the repository does not have are skipped.
    All of them are checked in a single walk.
    """
    refs = ["--all"] if held is None else [held, f"--glob={OWN}"]
    arguments = ("rev-list", "--ignore-missing", "--stdin", "--not", *refs)
    walked = command.output(location.root, *arguments, stdin=_lines(commits)).decode().split()
    return set(commits).intersection(walked)


def with_code(location: Location, trees: Collection[str]) -> dict[str, str]:
    """Map trees without run records to the newest commit in the history of HEAD with that tree, if there is one."""
    code = (".", *(f":(exclude){folder}" for folder in RECORDED))
    words = ("rev-list", f"--max-count={_SEARCHED}", "HEAD", "--", *code)
    opened, found = open_repository(location), dict[str, str]()
    for commit in command.call(location.root, *words).out.decode().split():
        if (tree := code_tree(opened, commit)) in trees:
            found.setdefault(tree, commit)
    return found


def keep(location: Location, commits: Sequence[str]) -> None:
    """Create a ref for each of these commits. Raises GitRefused for one the repository does not have."""
    updates = "".join(f"update {KEPT}/{commit} {commit}\n" for commit in commits)
    command.output(location.root, "update-ref", "--stdin", stdin=updates.encode())


# ---- remotes


def remotes(location: Location) -> list[str]:
    """List the names of the remotes."""
    return command.output(location.root, "remote").decode("utf-8", "replace").splitlines()


def main_address(location: Location) -> str:
    """Return the address of the remote `origin`, or of the only one; empty if there is none."""
    names = remotes(location)
    name = "origin" if "origin" in names or len(names) != 1 else names[0]
    done = command.call(location.root, "remote", "get-url", "--", name)
    return done.out.decode("utf-8", "replace").rstrip("\n") if done.status == 0 else ""


def fetched_from(location: Location) -> list[str]:
    """List the remotes from which `git fetch` also fetches kept commits."""
    known = {name: config.get_all(location, f"remote.{name}.fetch") for name in remotes(location)}
    return [name for name, refspecs in known.items() if set(_fetched(name)) <= set(refspecs)]


def set_up_fetch(location: Location, remote: str) -> bool:
    """Make `git fetch` also fetch what the remote keeps; return whether that had to be set up."""
    known = config.get_all(location, f"remote.{remote}.fetch")
    missing = [refspec for refspec in _fetched(remote) if refspec not in known]
    for refspec in missing:
        config.add(location, f"remote.{remote}.fetch", refspec)
    return bool(missing)


def push(location: Location, remote: str) -> None:
    """Push what is kept here, and nothing else. Raises GitRefused.

    Skips the user's hooks: they are about branches, and a pre-push hook that calls qanat would call itself.
    """
    refspecs = [f"{folder}/*:{folder}/*" for folder in _SHARED]
    command.output(location.root, "push", "--quiet", "--no-verify", remote, *refspecs)


def _fetched(remote: str) -> list[str]:
    return [f"+{folder}/*:{folder.replace('qanat', f'qanat/remotes/{remote}', 1)}/*" for folder in _SHARED]


def _lines(commits: Sequence[str]) -> bytes:
    return "".join(f"{commit}\n" for commit in commits).encode()
