"""`qanat efficiency`."""

from __future__ import annotations

import shlex
from pathlib import Path

import click

from qanat.cli import session
from qanat.cli.options import Command, option, refuse_together, where_option
from qanat.cli.runs import efficiency_report, reporting
from qanat.cli.terminal.output import say, say_json, say_whole, tell
from qanat.domain import condition
from qanat.errors import UsageError
from qanat.usecases.launch.looking import refreshed
from qanat.usecases.project import open_project

RECENT, RECENTLY = "ended>7d ago", "has ended in the last seven days"
EXAMPLE = """\b
Example:
  qanat efficiency
  qanat efficiency 4 5
  qanat efficiency --where 'experiment=train and date>=2026-11'
  qanat efficiency 4 --runner slurm
  qanat efficiency 4 --template >.qanat/templates/slurm/train.yaml

Memory and time are the largest use and a fifth more, rounded up. If groups were ended because they needed more, they
are at least half as much again as was asked for: see docs/efficiency.md."""


@click.command(cls=Command, epilog=EXAMPLE)
@click.argument("runs", nargs=-1, metavar="[RUN]...")
@where_option("Consider the runs that meet this condition, of these runs or of all")
@option("--runner", metavar="NAME", help="Write templates for this runner, such as slurm.  [default: that of the runs]")
@option("--template", "only_template", is_flag=True, help="Print only the template, for a file.")
@option("--json", "as_json", is_flag=True, help="Print JSON.")
def efficiency(
    runs: tuple[str, ...], where: tuple[str, ...], runner: str | None, only_template: bool, as_json: bool
) -> None:
    """Show what runs used of what they asked for, and templates that would have fitted.

    Without RUN and --where, those of the last seven days.
    """
    from qanat.usecases.launch import efficiency as advising

    refuse_together({"--json": ("--template",)})
    wanted = condition.parse_all(where or (() if runs else (RECENT,)))
    project = open_project(Path.cwd())
    runners = session.runners()
    with refreshed(project, runners) as (index, result):
        reporting.tell_notes(result.notes)
        found = advising.advice(project, index, result, runners, runs, wanted, runner)
    if as_json:
        say_json([efficiency_report.as_mapping(each) for each in found])
    elif only_template:
        texts = [efficiency_report.template_text(each) for each in found if each.template]
        if not texts:
            hint = "name the scheduler: --runner slurm" if found else "see what there is: qanat efficiency"
            raise UsageError("there is no template that would have fitted", hint=hint)
        if len(texts) > 1:
            problem = f"{len(texts)} templates would have fitted different runs"
            raise UsageError(problem, hint="name one of the runs: qanat efficiency RUN --template")
        say_whole(texts[0])
    elif found:
        say("\n\n".join(map(efficiency_report.as_text, found)))
        if not runner and all(runners.is_in_process(each.found.runner) for each in found):
            words = shlex.join([*runs, *(word for text in where for word in ("--where", text)), "--runner", "slurm"])
            tell(f"  hint: for a template of a scheduler: qanat efficiency {words}")
    else:
        which = "meets the condition and has started" if where else "of these has started" if runs else RECENTLY
        tell(f"no run {which}")
