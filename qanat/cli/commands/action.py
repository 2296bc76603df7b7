"""`qanat action`, which is `qanat experiment action` as well."""

from __future__ import annotations

import shlex
from pathlib import Path
from typing import Any

import click

from qanat.cli.runs.looking_up import find_one
from qanat.cli.terminal import words
from qanat.cli.terminal.output import tell
from qanat.errors import UsageError
from qanat.usecases.project import Project, open_project
from qanat.usecases.runs import action as run_action
from qanat.usecases.tracking.find import Found

EXAMPLE = """\b
Example:
  qanat action summary_iris plot 1
  qanat action summary_iris plot 2 --group-no 3 --output group3.png

Words after RUN go to the action, except --group-no; after -- every word does."""


class ActionCommand(click.Command):
    """Takes the action's own words out before click looks at the rest; they come after three names."""

    names = 3

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Split the words: three of them are ours, then come the action's."""
        own, names, program = words.split_after(args, words.options_of(self), self.names)
        ctx.meta["program"] = program
        return super().parse_args(ctx, [*own, "--", *names])

    def collect_usage_pieces(self, ctx: click.Context) -> list[str]:
        """Name the action's words too."""
        return [*super().collect_usage_pieces(ctx), words.USAGE]


@click.command(cls=ActionCommand, epilog=EXAMPLE)
@click.argument("name")
@click.argument("action_name", metavar="ACTION")
@click.argument("run")
@click.option("--group-no", type=click.IntRange(0), metavar="I", help="Work on this group's directory.")
@click.pass_context
def action(ctx: click.Context, /, **options: Any) -> int:
    """Run ACTION of experiment NAME on the results of RUN; it gets --storage_path and runs in the project."""
    project = open_project(Path.cwd())
    found = find_one(project, options["run"], experiment=options["name"])
    return perform(project, found, options["action_name"], options["group_no"], ctx.meta["program"])


def perform(project: Project, found: Found, name: str, group: int | None, args: list[str]) -> int:
    """Run an action on a run that was found; show first how its program differs from the run's commit."""
    experiment = project.experiment(found.run.experiment)
    plan = run_action.plan_action(project, experiment, name, found, group, args)
    if plan.difference:
        tell(
            f"note: {plan.action.program.executable} is not as it was in the run's commit:\n{plan.difference.rstrip()}"
        )
    code = run_action.run_action(project, plan)
    if code:
        tell(f"qanat: action {name} ended with exit code {code}: {shlex.join(plan.command)}")
    return code


def words_of(text: str) -> list[str]:
    """Split what was typed as arguments of an action. Raises UsageError for an open quote."""
    try:
        return shlex.split(text)
    except ValueError as error:
        raise UsageError(f"{text!r}: {str(error).lower()}", hint="close the quote, or escape it") from None
