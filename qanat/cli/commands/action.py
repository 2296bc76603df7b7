"""`qanat action`, also available as `qanat experiment action`."""

from __future__ import annotations

import shlex
from pathlib import Path
from typing import Any

import click

from qanat.cli.options import option
from qanat.cli.runs import misplaced
from qanat.cli.runs.looking_up import find_one
from qanat.cli.terminal import arguments
from qanat.cli.terminal.output import tell
from qanat.domain.shortening import quoted
from qanat.domain.splitting import split
from qanat.errors import UsageError
from qanat.usecases.project import Project, open_project
from qanat.usecases.runs import action as run_action
from qanat.usecases.tracking.find import Found

EXAMPLE = """\b
Example:
  qanat action summary_iris plot 1
  qanat action summary_iris plot 2 --group 3 --output group3.png

Arguments after RUN are passed to the action, except for --group; after --, all of them are."""


class ActionCommand(click.Command):
    """Takes out the action's arguments, which follow three names, before click parses the others."""

    names = 3

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Split the arguments, and let click parse those of qanat."""
        known = arguments.options_of(self)
        own, names, program = arguments.split_after(args, known, self.names)
        ctx.meta["words"] = arguments.roles(args, known, self.names)
        ctx.meta["program"] = program
        return super().parse_args(ctx, [*own, "--", *names])

    def collect_usage_pieces(self, ctx: click.Context) -> list[str]:
        """Add the action's arguments."""
        return [*super().collect_usage_pieces(ctx), arguments.USAGE]


@click.command(cls=ActionCommand, epilog=EXAMPLE)
@click.argument("name")
@click.argument("action_name", metavar="ACTION")
@click.argument("run")
@option("--group", type=click.IntRange(0), metavar="GROUP", help="Run it on the directory of this group.")
@click.pass_context
def action(ctx: click.Context, /, **options: Any) -> int:
    """Run ACTION of experiment NAME on the results of RUN.

    The action runs in the root of the project and receives the directory of the results as --storage_path.
    """
    project = open_project(Path.cwd())
    misplaced.check_action(project, options["name"], options["action_name"], ctx)
    found = find_one(project, options["run"], experiment=options["name"])
    return perform(project, found, options["action_name"], options["group"], ctx.meta["program"])


def perform(project: Project, found: Found, name: str, group: int | None, args: list[str]) -> int:
    """Run an action on a run, after showing how its program differs from the commit of the run."""
    experiment = project.experiment(found.run.experiment)
    plan = run_action.plan_action(project, experiment, name, found, group, args)
    if plan.difference:
        tell(f"note: {plan.action.program.executable} differs from the commit of the run:\n{plan.difference.rstrip()}")
    code = run_action.run_action(project, plan)
    if code:
        tell(f"qanat: action {name} failed with exit code {code}: {shlex.join(plan.command)}")
    return code


def arguments_from(text: str) -> list[str]:
    """Split a line of text into arguments. Raises UsageError for an unclosed quote."""
    try:
        return split(text)
    except ValueError as error:
        raise UsageError(f"{quoted(text)}: {str(error).lower()}", hint="close the quote or escape it") from None
