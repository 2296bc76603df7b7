"""`qanat run`, which is `qanat experiment run` as well."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import click

from qanat.cli.runs.launch_options import options_for, options_from
from qanat.cli.runs.launch_view import shown
from qanat.cli.terminal import prompts, words
from qanat.cli.terminal.output import is_terminal, plural, say, say_json, tell
from qanat.runners import registry
from qanat.usecases.launch import launch as launching
from qanat.usecases.launch.code import Uncommitted
from qanat.usecases.launch.launch import Preview
from qanat.usecases.launch.plan import RunRequest
from qanat.usecases.project import open_project

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
@options_for
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
    request, chosen = _request(options, ctx.meta["program"]), options_from(options, options["runner"])
    if options["dry_run"]:
        _show_preview(launching.preview(project, request, chosen, registry.RUNNERS), as_json=options["json"])
        return 0
    return shown(
        project,
        lambda view: launching.launch(project, request, chosen, runners=registry.RUNNERS, ask=_ask, view=view),
    )[0]


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
        revision=options["commit_sha"],
        uncommitted=Uncommitted(options["commit_message"], options["snapshot"]),
        in_place=options["in_place"],
    )


def _show_preview(preview: Preview, *, as_json: bool) -> None:
    import shlex

    groups = preview.groups
    if as_json:
        say_json([{"group": g.group, "args": g.args, "command": g.command, "storage": g.storage} for g in groups])
        return
    if preview.script:
        say(preview.script.rstrip("\n"))
        say()
    for group in groups:
        say(f"group {group.group}: {shlex.join(group.command)}")
    say(f"{plural(len(groups), 'group')}; nothing was run or written")


def _ask(changes: Sequence[str]) -> Uncommitted:
    """Show what is not committed and ask what to do with it, if there is somebody to ask."""
    if not is_terminal():
        return Uncommitted()
    say("The work tree has changes that are not committed:")
    say("\n".join(f"  {line}" for line in changes))
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
    if answer == "snapshot":
        return Uncommitted(snapshot=True)
    return Uncommitted(prompts.text("Message of the commit:", option="--commit-message TEXT", check=_not_empty))


def _not_empty(answer: str) -> str:
    return "" if answer else "a commit needs a message"
