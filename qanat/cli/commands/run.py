"""`qanat run`, which is `qanat experiment run` as well."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import click

from qanat.cli.runs import launch
from qanat.cli.terminal import prompts, words
from qanat.cli.terminal.output import is_terminal, plural, say, say_json, tell
from qanat.domain.experiment import CHECKOUT, PROJECT
from qanat.domain.run import RunnerChoice
from qanat.runners import registry
from qanat.usecases.launch import checkouts, code
from qanat.usecases.launch import plan as plan_run
from qanat.usecases.launch.plan import Plan, RunRequest
from qanat.usecases.project import Project, open_project

FAILURES_SHOWN = 10
EXAMPLE = """\b
Example:
  qanat run summary_iris --nbins 20
  qanat run summary_iris -g "--nbins 10" -g "--nbins 20" -R "--seed 0 3 1" -j 2
  qanat run summary_iris -f parameters.yaml --dry_run

Words before NAME are qanat's. After NAME, a word that is exactly one of the options above is qanat's too,
with its value; all others go to the program in their order, and after -- every word does."""


class RunCommand(click.Command):
    """Takes the program's words out before click looks at the rest; they come after one name."""

    names = 1

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Split the words and let click parse qanat's own."""
        known = words.options_of(self)
        split = words.split(args, known)
        ctx.meta["program"] = split.program
        # Whoever writes -- knows whose words are whose.
        ctx.meta["stray"] = None if "--" in args else words.looks_meant_for_us(split.program, known)
        return super().parse_args(ctx, [*split.own, *(["--", split.name] if split.name is not None else [])])

    def collect_usage_pieces(self, ctx: click.Context) -> list[str]:
        """Name the program's words too."""
        return [*super().collect_usage_pieces(ctx), words.USAGE]


def _option(*names: str, **details: Any) -> Callable[[Any], Any]:
    """Make an option with both spellings, `--param_file` and `--param-file`."""
    both = [n for name in names for n in dict.fromkeys((name, _dashed(name)))]
    return click.option(*both, names[0].lstrip("-"), **details)


def _dashed(name: str) -> str:
    return "--" + name[2:].replace("_", "-") if name.startswith("--") else name


@click.command(cls=RunCommand, epilog=EXAMPLE, options_metavar="[OPTIONS]", context_settings={"max_content_width": 100})
@click.argument("name")
@_option("--group_param", "-g", multiple=True, metavar="WORDS", help='A group of parameters: "1 --opt v".')
@_option(
    "--range_param",
    "-R",
    multiple=True,
    metavar="RANGE",
    help='A range: "--seed 0 10 1", or values: "--lr 0.1,0.01".',
)
@_option("--param_file", "-f", type=click.Path(path_type=Path), help="Groups and ranges as YAML.")
@_option(
    "--parameters_file",
    type=click.Path(path_type=Path),
    help="A file for the program, kept with the results.",
)
@_option("--runner", default="local", show_default=True, help="Where to run.")
@launch.options_for
@_option("--storage_path", type=click.Path(path_type=Path), help="Directory of the results; a new one by default.")
@_option("--tag", "-t", multiple=True, help="A tag for the run; may be repeated. -t only before NAME.")
@_option("--description", default="", help="What this run is for.")
@_option("--dry_run", is_flag=True, help="Print the groups and the exact command of each; write nothing.")
@_option("--commit_message", metavar="TEXT", help="Commit uncommitted changes first, with this message.")
@_option(
    "--snapshot",
    is_flag=True,
    help="Run uncommitted changes as they are, kept as a snapshot beside the branch.",
)
@_option("--commit_sha", metavar="REV", help="Run the code of this commit (a sha, tag, branch~2, …) in a checkout.")
@_option("--in_place", is_flag=True, help="Run in the project's folder even if the experiment asks for a checkout.")
@_option("--yes", is_flag=True, help="Do not ask: more than 20,000 groups are meant.")
@_option("--json", is_flag=True, help="With --dry_run: print JSON.")
@click.pass_context
def run(ctx: click.Context, /, **options: Any) -> int:
    """Run experiment NAME with the words that follow, and record what was run.

    Each group gets --storage_path DIR and one --dataset_path PATH per dataset after its own words.
    """
    project = open_project(Path.cwd())
    if ctx.meta["stray"]:
        tell(f"note: {ctx.meta['stray']} goes to the program; for qanat's option leave out the =")
    how = launch.how(options, options["runner"])
    if how.submits and not options["dry_run"]:
        registry.RUNNERS.submitting(how.runner).get_ready()
    revision = options["commit_sha"]
    past = None if revision is None else code.at_commit(project, revision)
    request = _request(options, ctx.meta["program"])
    plan = plan_run.plan_run(project, replace(request, commit=past.code.commit) if past else request)
    choice = launch.choice_for(project, how, len(plan.groups))
    workdir = PROJECT if options["in_place"] else plan.experiment.workdir or (CHECKOUT if how.submits else PROJECT)
    if options["dry_run"]:
        commit = past.code.commit if past else code.look(project).commit if workdir == CHECKOUT else None
        if commit and how.submits:
            plan = replace(plan, place=checkouts.planned(project, commit, plan.datasets))
        _show_preview(project, plan, choice, how, as_json=options["json"])
        return 0
    code.check_committer(project)
    captured = past or _capture(project, options["commit_message"], options["snapshot"])
    if workdir == CHECKOUT:
        captured = code.in_checkout(captured)
    if captured.code.workdir == CHECKOUT:
        from qanat.usecases.tracking.refresh import said_to_go_on  # only a checkout may be in use

        plan = plan_run.placed(project, plan, captured.code, said_to_go_on(project))
    return launch.launch(project, plan, captured, choice, how)[0]


def _request(options: dict[str, Any], program: list[str]) -> RunRequest:
    storage = options["storage_path"]
    return RunRequest(
        experiment=options["name"],
        args=tuple(program),
        groups=options["group_param"],
        ranges=options["range_param"],
        param_file=options["param_file"],
        parameters_file=options["parameters_file"],
        storage_path=Path(os.path.abspath(storage)) if storage else None,  # noqa: PTH100  # resolve() follows links
        tags=tuple(dict.fromkeys(options["tag"])),
        description=options["description"],
        many=options["yes"],
    )


def _show_preview(project: Project, plan: Plan, choice: RunnerChoice, how: launch.How, *, as_json: bool) -> None:
    import shlex

    groups = plan_run.preview(project, plan)
    if as_json:
        say_json([{"group": g.group, "args": g.args, "command": g.command, "storage": g.storage} for g in groups])
        return
    if how.submits:
        batch = plan_run.preview_batch(project, plan, choice, how.max_running)
        say(registry.RUNNERS.submitting(how.runner).render(batch).rstrip("\n"))
        say()
    for group in groups:
        say(f"group {group.group}: {shlex.join(group.command)}")
    say(f"{plural(len(groups), 'group')}; nothing was run or written")


def _capture(project: Project, message: str | None, snapshot: bool) -> code.Captured:
    """Capture the code; a dirty tree is shown and asked about when there is somebody to ask."""
    tree = code.look(project)
    if tree.changes and message is None and not snapshot and is_terminal():
        say("The work tree has changes that are not committed:")
        say("".join(f"  {line}\n" for line in code.listed(tree)).rstrip("\n"))
        answer = prompts.choose(
            "What shall be done with them?",
            [
                ("Commit them, then run", "commit"),
                ("Run them as a snapshot, kept beside the branch", "snapshot"),
                ("Stop", "stop"),
            ],
            option="--commit-message TEXT or --snapshot",
        )
        if answer == "stop":
            raise click.Abort
        snapshot = answer == "snapshot"
        if answer == "commit":
            message = prompts.text("Message of the commit:", option="--commit-message TEXT", check=_not_empty)
    return code.capture(project, tree, commit_message=message, snapshot=snapshot)


def _not_empty(answer: str) -> str:
    return "" if answer else "a commit needs a message"
