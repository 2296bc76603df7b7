"""`qanat plan`."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from qanat.cli import session
from qanat.cli.commands.run import RunCommand, check_name, request_from
from qanat.cli.commands.run import run as run_command
from qanat.cli.options import OTHER, option, shown
from qanat.cli.runs import misplaced
from qanat.cli.runs.launch_options import options_from
from qanat.cli.runs.preview_output import counted, tell_respelled
from qanat.cli.terminal import arguments
from qanat.cli.terminal.arguments import Role
from qanat.cli.terminal.output import plural, say, say_json, say_whole, tell
from qanat.errors import UsageError
from qanat.usecases.launch import planning, previewing
from qanat.usecases.project import Project, open_project

EXAMPLE = """\b
Example:
  qanat plan summary_iris -R "--seed 0 20 1" --out .qanat/plans/seeds.yaml
  qanat run --plan .qanat/plans/seeds.yaml

Options are those of qanat run, except for those that say what to do with uncommitted changes: a plan names a commit.
Below .qanat/, a plan can be committed without changing the code that it names."""
# Of `qanat run`: where results go, what is done with changes, and how a run is watched are up to who runs the plan.
LEFT_OUT: dict[str, Any] = {
    "plan": None,
    "add": (),
    "snapshot": False,
    "commit_message": None,
    "storage_path": None,
    "dry_run": False,
    "show_script": False,
    "json": False,
    "wait": False,
    "after": (),
    "print_number": False,
    "detach": False,
    "cancel_on_interrupt": False,
}


WHY = "it is an option of qanat run"
# Of those, what says how uncommitted changes are recorded.
CHANGES = ("--add", "--snapshot", "--commit-message")


class PlanCommand(RunCommand):
    """Refuses options of `qanat run` that a plan does not take, instead of passing them to the program."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Check the arguments before -- for such options, and split them."""
        others = _others(self)
        known = others | arguments.options_of(self)
        for role, text in () if ctx.resilient_parsing else arguments.roles(args, known, self.names):
            if role is Role.DASHES:
                break
            if role is Role.OPTION and (name := text.partition("=")[0]) in others:
                raise UsageError(f"plan does not take {shown(name)}", hint=_hint(name))
        return super().parse_args(ctx, args)


def _others(plan: click.Command) -> dict[str, bool]:
    """Return the options of `qanat run` that a plan does not take, and whether each takes a value."""
    own = arguments.options_of(plan)
    return {name: value for name, value in arguments.options_of(run_command).items() if name not in own}


def _refuse_resembling(project: Project, experiment: str, ctx: click.Context) -> None:
    """Raise UsageError if an argument of the program is such an option, misspelt or with `=`."""
    for text, name in misplaced.meant_elsewhere(project, experiment, ctx, _others(ctx.command)):
        problem = f"{text} would be passed to the program (plan does not take {shown(name)})"
        raise UsageError(problem, hint=_hint(name))


def _hint(name: str) -> str:
    why = "commit the changes first, since a plan names a commit" if shown(name) in CHANGES else WHY
    return f"{why}; after --, all arguments are passed to the program"


@option("--json", "as_json", group=OTHER, is_flag=True, help="Print the plan as JSON.")
@option(
    "--out", group=OTHER, type=click.Path(path_type=Path), metavar="FILE", help="Write the plan into this new file."
)
@click.pass_context
def _plan(ctx: click.Context, /, out: Path | None, as_json: bool, **options: Any) -> None:
    """Write down what a run of NAME with ARGS would execute, for review; qanat run --plan runs it.

    The plan has every group with its arguments and its key, the commit, the data and the environment, what earlier runs
    say about each group, and a digest of all of it. Nothing is run.
    """
    project = open_project(Path.cwd())
    check_name(project, ctx, options)
    _refuse_resembling(project, options["name"], ctx)
    options = LEFT_OUT | options
    request, chosen = request_from(options, ctx.meta["program"]), options_from(options, options["runner"])
    found = previewing.plan_for_review(project, request, chosen, session.runners())
    if found.key.environment is None and found.key.container is None:
        tell("note: the environment is not known to the plan, so qanat run --plan accepts any")
    tell_respelled(group.args for group in found.groups)
    if out is not None:
        is_new = planning.write(project, found, out)
        standings = [group.standing for group in found.groups]
        has = f"{plural(len(found.groups), 'group')}{counted(standings)}"
        digest = planning.as_mapping(found)["digest"]
        say(f"Wrote {out}: {has}, digest {digest}" if is_new else f"{out} has this plan already: {has}")
    elif as_json:
        say_json(planning.as_mapping(found))
    else:
        say_whole(planning.as_yaml(found))


plan = click.command("plan", cls=PlanCommand, epilog=EXAMPLE)(_plan)
plan.params = [*(p for p in run_command.params if p.name not in LEFT_OUT), *plan.params]
