"""`qanat delete`."""

from __future__ import annotations

import shlex
from collections.abc import Sequence
from pathlib import Path

import click

from qanat.cli import session
from qanat.cli.options import option
from qanat.cli.runs import reporting
from qanat.cli.runs.looking_up import finding, until_ended
from qanat.cli.terminal import prompts, restoring
from qanat.cli.terminal.output import plural, say, tell_note
from qanat.domain import deletions
from qanat.domain.sizes import size
from qanat.errors import RunnerUnavailable
from qanat.usecases.project import Project, open_project
from qanat.usecases.runs import cancel as cancel_run
from qanat.usecases.runs import delete as deletion
from qanat.usecases.runs import order
from qanat.usecases.tracking.find import Found, check_ended, is_active


@click.command(epilog="\b\nExample:\n  qanat delete 4\n  qanat delete 4 5 --yes")
@click.argument("runs", nargs=-1, required=True, metavar="RUN...")
@option("-y", "--yes", is_flag=True, help="Do not ask for confirmation.")
@option("--cancel", "cancel_first", is_flag=True, help="Cancel active runs first.")
def delete(runs: tuple[str, ...], yes: bool, cancel_first: bool) -> None:
    """Delete runs: their records, comments and results.

    Records remain in the history of the repository, and numbers are not reused. Results that qanat did not create, such
    as those of another clone, are kept.
    """
    project = open_project(Path.cwd())
    with finding(project, retries_due=False) as find:
        found = list({f.run.id: f for f in map(find, runs)}.values())
    for one in found:
        order.check_deletable(project, one.run, [other.run.id for other in found])
    if not cancel_first:
        for one in found:
            if is_active(one.run):
                check_ended(one, "it cannot be deleted without --cancel")
    plan = deletion.plan_runs(project, found)
    for one, results in zip(found, plan.results, strict=True):
        folder = f" and {one.run.storage} ({size(results.bytes)})" if results.are_removable else ""
        say(f"Run {one.run.number} of {one.run.experiment} will be deleted: {one.record}{folder}")
    _tell_documents(project, found)
    if not yes and not prompts.confirm(f"Delete {plural(len(found), 'run')}?", option="--yes"):
        raise click.Abort
    active = [one for one in found if is_active(one.run)]
    for one in active:
        _cancel(project, one)
    if active:
        until_ended(project, active)
    with finding(project, retries_due=False) as find:
        plan, gone = deletion.delete_runs(project, [find(one.run.id) for one in found])
    reporting.tell_notes([*plan.advice, gone.note] if gone.note else plan.advice)
    for one in found:
        paths = gone.of_run(one.record)
        back = (
            f"; restore its record with: {restoring.restore(project, gone.commit, paths)}"
            if gone.commit and paths
            else ""
        )
        say(f"Deleted run {one.run.number}{back}")


def _tell_documents(project: Project, found: Sequence[Found]) -> None:
    """Note which documents have copies of files of these runs: they are then stale unless another run has the same."""
    if not project.names("document"):
        return
    from qanat.usecases.documents.uses import with_copies_of

    for name, run in with_copies_of(project, {one.run.id for one in found}):
        number = run.partition("-")[0]
        tell_note(f"document {name} has copies of files of run {number}, which nothing will prove any longer")


def _cancel(project: Project, found: Found) -> None:
    """Cancel a run that will be deleted. Raises as cancel_run() does, RunnerUnavailable with what remains possible."""
    try:
        cancel_run.cancel_run(project, found, session.runners())
    except RunnerUnavailable as error:
        remove = f"git rm {shlex.quote(found.record)} && git commit -m {shlex.quote(deletions.KEY + found.run.id)}"
        hint = f"try again later or, if its jobs are gone for good, delete its record: {remove}"
        raise RunnerUnavailable(error.message, hint=hint) from None
