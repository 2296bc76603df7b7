"""Keeping the commits that runs used: a squash or rebase leaves them behind, and git eventually deletes them."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass

from qanat.domain.run import Run
from qanat.domain.shortening import quoted
from qanat.errors import GitRefused, UsageError
from qanat.git import checkout, kept, revisions
from qanat.records.index import Index
from qanat.usecases.project import Project

NAMED = 5


@dataclass(frozen=True, slots=True)
class Unkept:
    """Commits of runs that no ref leads to, and those missing from the repository, each with the ids of its runs."""

    unreachable: dict[str, list[str]]
    missing: dict[str, list[str]]


def find_unkept(
    project: Project, index: Index, *, records: Collection[str] | None = None, held: str | None = None
) -> Unkept:
    """Find the commits of runs that no ref leads to or, with `held`, that are neither in that revision nor kept.

    `records` are the paths of the records that count (None: all). In a shallow clone nothing is known. Raises
    GitRefused when `held` is not a commit.
    """
    revision = checkout.resolve(project.location, held) if held is not None else None
    index.sync()
    runs: dict[str, list[str]] = {}
    for path, run_id, commit in index.code_commits():
        if records is None or path in records:
            runs.setdefault(commit, []).append(run_id)
    if not runs or revisions.is_shallow(project.location):
        return Unkept({}, {})
    commits = [commit for commit in runs if is_id(commit)]
    absent = kept.missing(project.location, commits)
    unheld = kept.unreachable(project.location, commits, revision)
    return Unkept(_select(runs, unheld), _select(runs, absent))


def warnings(project: Project, index: Index, records: Collection[str] | None = None) -> list[str]:
    """Return warnings about runs whose commits are missing or will be lost."""
    standing = find_unkept(project, index, records=records)
    found = []
    if standing.unreachable:
        found.append(
            f"no branch contains {_describe(standing.unreachable)}, and git eventually deletes such commits;"
            " protect them with: qanat keep"
        )
    if standing.missing:
        found += _on_missing(project, standing.missing, index.code_trees())
    return found


def _on_missing(project: Project, missing: dict[str, list[str]], trees: dict[str, str]) -> list[str]:
    """Return warnings about commits that the repository does not have; a fetch does not help after a rewrite."""
    same = kept.with_code(project.location, {trees[commit] for commit in missing if commit in trees})
    replaced = {commit: ids for commit, ids in missing.items() if trees.get(commit) in same}
    others = {commit: ids for commit, ids in missing.items() if commit not in replaced}
    found = []
    if replaced:
        now = list(dict.fromkeys(same[trees[commit]][:10] for commit in replaced))
        more = f" and {len(now) - NAMED:,} others" if len(now) > NAMED else ""
        where = f"commit{'s' if len(now) > 1 else ''} {', '.join(now[:NAMED])}{more}"
        why = "which a squash or a rewrite of the history has replaced"
        found.append(f"this repository does not have {_describe(replaced)}, {why}; the same code is in {where}")
    if others:
        end = "if the history was rewritten since, only a clone from before has it"
        found.append(f"this repository does not have {_describe(others)}; {how_to_fetch(project)}; {end}")
    return found


def keep(project: Project, commits: Iterable[str]) -> None:
    """Keep these commits under `refs/qanat/commits/`."""
    kept.keep(project.location, list(commits))


def commits_of(project: Project, runs: Sequence[Run]) -> dict[str, list[str]]:
    """Map the commits of these runs to the runs' ids. Raises GitRefused if one is missing."""
    found: dict[str, list[str]] = {}
    for run in runs:
        check_present(project, run)
        found.setdefault(run.code.commit, []).append(run.id)
    return found


def check_present(project: Project, run: Run) -> None:
    """Raise GitRefused, with how to get it, if the repository does not have the commit of a run."""
    if not checkout.has_commit(project.location, run.code.commit):
        now = kept.with_code(project.location, [run.code.tree]).get(run.code.tree)
        hint = f"the same code is in commit {now[:10]}" if now else how_to_fetch(project)
        what = f"commit {run.code.commit[:10]} of run {run.number} is not in this repository"
        raise GitRefused(what, hint=hint)


# ---- remotes


def set_up_remote(project: Project, remote: str) -> bool:
    """Make `git fetch` also fetch the commits that a remote keeps; return whether that was new. Raises UsageError.

    `git push` stays as it is: with a refspec for pushing in the config it would push nothing else; push() does it.
    """
    known = kept.remotes(project.location)
    if remote not in known:
        hint = f"available: {', '.join(known)}" if known else "git remote add NAME URL"
        raise UsageError(f"remote {quoted(remote)} does not exist", hint=hint)
    return kept.set_up_fetch(project.location, remote)


def push(project: Project) -> list[str]:
    """Push everything kept to the remotes set up for it; list them. Raises UsageError if there are none, GitRefused."""
    names = kept.fetched_from(project.location)
    if not names:
        raise UsageError(
            "no remote is configured for kept commits",
            hint="configure one with: qanat hooks install --remote origin",
        )
    for name in names:
        kept.push(project.location, name)
    return names


def how_to_fetch(project: Project) -> str:
    """Return how a missing commit can be fetched from where it is kept."""
    begin = "fetch it from where the run was launched: git fetch"
    if names := kept.fetched_from(project.location):
        return f"{begin} {names[0]}"
    others = kept.remotes(project.location)
    if not others:
        return begin
    name = "origin" if "origin" in others else others[0]
    return f"{begin} {name} '{kept.OWN}:{kept.OWN.replace('*', f'remotes/{name}/*')}'"


def is_id(commit: str) -> bool:
    """Return whether text is the full id of an object."""
    return len(commit) in (40, 64) and set(commit) <= set("0123456789abcdef")


def _select(runs: dict[str, list[str]], commits: Collection[str]) -> dict[str, list[str]]:
    return {commit: ids for commit, ids in runs.items() if commit in commits}


def _describe(found: dict[str, list[str]]) -> str:
    ids = [run_id for ids in found.values() for run_id in ids]
    more = f" and {len(ids) - NAMED:,} more" if len(ids) > NAMED else ""
    what = f"the commit of run{'s' if len(ids) > 1 else ''}" if len(found) == 1 else "the commits of runs"
    return f"{what} {', '.join(ids[:NAMED])}{more}"
