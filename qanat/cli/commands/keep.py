"""`qanat keep`."""

from __future__ import annotations

from pathlib import Path

import click

from qanat.cli.options import option
from qanat.cli.runs.looking_up import finding
from qanat.cli.terminal.output import plural, say, tell
from qanat.usecases.merging import keep_commits
from qanat.usecases.project import open_project


@click.command(epilog="\b\nExample:\n  qanat keep\n  qanat keep 4 7\n  qanat keep --not-in main --push")
@click.argument("runs", nargs=-1, metavar="[RUN]...")
@option("--not-in", metavar="BRANCH", help="Keep commits that are not in BRANCH, even if other branches have them.")
@option("--push", is_flag=True, help="Push kept commits to the remotes that are configured for them.")
def keep(runs: tuple[str, ...], not_in: str | None, push: bool) -> None:
    """Protect the commits of RUNs, or of all runs whose commit is not on any branch.

    A squash or rebase merge leaves behind the commits that the runs of a branch used, and git eventually deletes them.
    This command keeps them under refs/qanat/commits/. Before you delete a branch that was merged that way, use --not-in
    with the branch that it was merged into.
    """
    project = open_project(Path.cwd())
    with finding(project) as find:
        chosen = keep_commits.commits_of(project, [find(word).run for word in runs])
    if not runs:
        with project.index() as index:
            standing = keep_commits.find_unkept(project, index, held=not_in)
        chosen = standing.unreachable
        if standing.missing:
            tell(f"note: {plural(len(standing.missing), 'commit')} missing here; {keep_commits.how_to_fetch(project)}")
    keep_commits.keep(project, chosen)
    for commit, ids in chosen.items():
        say(f"Kept commit {commit[:10]} of {', '.join(ids)}")
    if not chosen:
        say("nothing to keep: all commits of runs are on a branch or already kept")
    if push:
        say(f"Pushed kept commits to {', '.join(keep_commits.push(project))}")
