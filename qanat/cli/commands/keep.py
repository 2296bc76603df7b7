"""`qanat keep`."""

from __future__ import annotations

from pathlib import Path

import click

from qanat.cli.runs.looking_up import finding
from qanat.cli.terminal.output import plural, say, tell
from qanat.usecases.merging import keep_commits
from qanat.usecases.project import open_project


@click.command(epilog="\b\nExample:\n  qanat keep\n  qanat keep 4 7\n  qanat keep --not-in main --push")
@click.argument("runs", nargs=-1, metavar="[RUN]...")
@click.option("--not-in", metavar="BRANCH", help="Those that BRANCH does not have, also when others do.")
@click.option("--push", is_flag=True, help="Push what is kept to the remotes set up for it.")
def keep(runs: tuple[str, ...], not_in: str | None, push: bool) -> None:
    """Keep the commits of RUNs, or of every run whose commit no branch leads to any more.

    A squash or rebase merge leaves behind the commits that runs of the branch used, and git removes them some day.
    Each that is kept has a name under refs/qanat/commits/. Before a branch is deleted that was merged so, say --not-in
    with the branch that it went into.
    """
    project = open_project(Path.cwd())
    with finding(project) as find:
        chosen = keep_commits.commits_of(project, [find(word).run for word in runs])
    if not runs:
        with project.index() as index:
            standing = keep_commits.look(project, index, held=not_in)
        chosen = standing.unheld
        if standing.absent:
            tell(f"note: {plural(len(standing.absent), 'commit')} not here; {keep_commits.how_to_fetch(project)}")
    keep_commits.keep(project, chosen)
    for commit, ids in chosen.items():
        say(f"Commit {commit[:10]} of {', '.join(ids)} kept")
    if not chosen:
        say("nothing to keep: every commit of a run is on a branch, or kept already")
    if push:
        say(f"Kept commits pushed to {', '.join(keep_commits.push(project))}")
