"""`qanat run`, also available as `qanat experiment run`."""

from __future__ import annotations

import os
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
from click.core import ParameterSource

from qanat.cli import session
from qanat.cli.options import CODE, OTHER, PARAMETERS, RECORDING, WHERE, Command, Option, dashed, option, spellings
from qanat.cli.runs import misplaced
from qanat.cli.runs.changes import ask_about_changes, uncommitted_from
from qanat.cli.runs.launch_options import (
    code_options,
    container_from,
    container_options,
    needed_from,
    needed_options,
    options_for,
    options_from,
    order_option,
)
from qanat.cli.runs.launch_view import shown
from qanat.cli.terminal import arguments
from qanat.cli.terminal.output import say
from qanat.errors import QanatError, UsageError
from qanat.usecases.launch import launch as launching
from qanat.usecases.launch.plan import RunRequest, whole_path
from qanat.usecases.project import Project, open_project

if TYPE_CHECKING:
    from qanat.domain.run_plan import RunPlan

EXAMPLE = """\b
Example:
  qanat run summary_iris --nbins 20
  qanat run summary_iris -g "--nbins 10" -g "--nbins 20" -R "--seed 0 3 1" -j 2
  qanat run summary_iris -f parameters.yaml --dry-run
  qanat run summary_iris -R "--seed 0 20 1" --needed
  qanat run summary_iris --container images/iris.sif
  qanat run evaluate_iris --after 4
  qanat run --plan .qanat/plans/seeds.yaml
  qanat run --detach --time-limit 2h summary_iris --bootstrap 100000

Options before NAME belong to qanat. After NAME, an argument that is exactly one of the options above belongs to
qanat too, with its value; all others are passed to the program in their order. After --, all arguments are.
Without --, an argument that looks meant for qanat, such as a misspelt option, is refused before anything runs."""

OWNERS_NAMED = 3
PLANNED_ONLY = ("group_param", "range_param", "param_file", "parameters_file", "commit_sha")


class RunCommand(Command):
    """Takes out the arguments of the program, which follow the name, before click parses the others."""

    names = 1

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Split the arguments, and let click parse those of qanat."""
        known = arguments.options_of(self)
        split = arguments.split(args, known)
        ctx.meta["program"] = split.program
        ctx.meta["words"] = arguments.roles(args, known, self.names)
        _refuse_repeated(self, split.own)
        try:
            rest = super().parse_args(ctx, [*split.own, *(["--", split.name] if split.name is not None else [])])
        except click.NoSuchOption as error:
            if any(word.partition("=")[0] == "--plan" for word in split.own):
                raise UsageError(
                    f"--plan cannot be used with {error.option_name}, which is not an option of qanat",
                    hint="the plan has the arguments of the program",
                ) from None
            raise
        if ctx.params.get("name") is None and ctx.params.get("plan") is None and not ctx.resilient_parsing:
            raise click.MissingParameter(ctx=ctx, param=next(p for p in self.params if p.name == "name"))
        return rest

    def collect_usage_pieces(self, ctx: click.Context) -> list[str]:
        """Add the arguments of the program."""
        return [*super().collect_usage_pieces(ctx), arguments.USAGE]


@click.command(cls=RunCommand, epilog=EXAMPLE)
@click.argument("name", required=False, metavar="NAME")
@option(
    "--plan",
    group=PARAMETERS,
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="Run what this file of qanat plan says; refused if anything has changed since. Without NAME and ARGS.",
)
@option(
    "-g", "--group-param", group=PARAMETERS, multiple=True, metavar="ARGS", help='Add a group, such as "1 --opt v".'
)
@option(
    "-R",
    "--range-param",
    group=PARAMETERS,
    multiple=True,
    metavar="RANGE",
    help="Vary an option over a range (--seed 0 10 1) or over values (--lr 0.1,0.01).",
)
@option(
    "-f",
    "--param-file",
    group=PARAMETERS,
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="Read groups and ranges from a YAML file.",
)
@needed_options(PARAMETERS)
@option(
    "--parameters-file",
    group=PARAMETERS,
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="Keep a copy of this file with the results; {parameters_file} in ARGS is its path.",
)
@option(
    "--runner",
    group=WHERE,
    default="local",
    show_default=True,
    metavar="RUNNER",
    help="Run locally (local), on a cluster (htcondor, slurm), or with another installed runner.",
)
@order_option
@options_for
@container_options
@code_options
@option("--commit-sha", group=CODE, metavar="REV", help="Run the code of this revision (a sha, tag, branch~2, …).")
@option("--in-place", group=CODE, is_flag=True, help="Run in the working tree, even if the experiment uses a checkout.")
@option(
    "--storage-path",
    group=RECORDING,
    type=click.Path(path_type=Path),
    metavar="DIR",
    help="Store the results in this directory, new or empty; in the project only if git ignores it.",
)
@option("-t", "--tag", group=RECORDING, multiple=True, help="Tag the run; may be repeated. Use -t only before NAME.")
@option("--description", group=RECORDING, default="", help="Describe the run.")
@option("--dry-run", group=OTHER, is_flag=True, help="Print what would be run without running anything.")
@option("--show-script", group=OTHER, is_flag=True, help="With --dry-run, print the scripts of jobs, and all groups.")
@option("--json", group=OTHER, is_flag=True, help="With --dry-run, print JSON.")
@option(
    "--print-number",
    group=OTHER,
    is_flag=True,
    help="Print the number of the run on stdout, for scripts, and nothing else.",
)
@option("--yes", group=OTHER, is_flag=True, help="Allow more than 20,000 groups.")
@click.pass_context
def run(ctx: click.Context, /, **options: Any) -> int:
    """Run experiment NAME with ARGS, and record the run.

    A run has one or more groups: executions of the program (array tasks of a scheduler) with different arguments. Each
    receives its arguments, then --storage_path DIR, and --dataset_path PATH for each dataset.
    """
    project = open_project(Path.cwd())
    expected = None
    if options["plan"]:
        expected = planned(project, ctx, options)
    else:
        check_name(project, ctx, options)
    if options["json"] and not options["dry_run"]:
        raise UsageError("--json requires --dry-run", hint="for the record of a run as JSON: qanat show RUN --json")
    if options["show_script"] and not options["dry_run"]:
        raise UsageError("--show-script requires --dry-run", hint="the scripts of a run are in its storage directory")
    if options["print_number"] and options["dry_run"]:
        raise UsageError("--print-number cannot be combined with --dry-run", hint="a dry run has no number")
    request, chosen = request_from(options, ctx.meta["program"]), options_from(options, options["runner"])
    request = replace(request, expected=expected)
    if options["dry_run"]:
        from qanat.cli.runs.preview_output import show_preview
        from qanat.usecases.launch import previewing

        in_full = options["show_script"]
        found = previewing.preview(project, request, chosen, session.runners(), in_full=in_full)
        show_preview(found, as_json=options["json"], in_full=in_full)
        return 0
    code, started = shown(
        project,
        lambda view: launching.launch(
            project, request, chosen, runners=session.runners(), ask=ask_about_changes, view=view
        ),
        quiet=options["print_number"],
    )
    if options["print_number"]:
        say(str(started.number))
    return code


def check_name(project: Project, ctx: click.Context, options: dict[str, Any]) -> None:
    """Raise UsageError for a NAME that is a file, and for arguments that look meant for qanat."""
    if not options["commit_sha"]:
        _refuse_file(project, options["name"])
    misplaced.check_run(project, options["name"], ctx)


def planned(project: Project, ctx: click.Context, options: dict[str, Any]) -> RunPlan:
    """Return the plan in the file of --plan, and take over its options where the command line has no others.

    Raises UsageError for options that say what is run, which the plan does.
    """
    from qanat.usecases.launch import planning

    if options["name"] is not None:
        raise UsageError("--plan cannot be used with NAME and ARGS", hint="the plan names them")
    for name in PLANNED_ONLY:
        if ctx.get_parameter_source(name) is not ParameterSource.DEFAULT:
            raise UsageError(f"--plan cannot be used with --{dashed(name)}", hint="the plan has it")
    found = planning.read(options["plan"])
    for shown_name, value in found.options.items():
        name = shown_name.replace("-", "_")
        if ctx.get_parameter_source(name) is ParameterSource.DEFAULT:
            options[name] = tuple(value) if isinstance(value, list) else value
    for name in ("param_file", "parameters_file"):
        if options[name]:
            options[name] = Path(os.path.relpath(project.root / options[name]))
    options["name"], ctx.meta["program"] = found.experiment, [*found.arguments]
    return found


def _refuse_file(project: Project, name: str) -> None:
    """Raise UsageError with what to type instead if NAME is a file and not an experiment."""
    if not os.path.isfile(name) or name in project.names("experiment") or name in project.claimed_names:  # noqa: PTH113
        return
    import shlex

    file, owners = os.path.abspath(name), []  # noqa: PTH100  # resolve() follows links
    for experiment in project.names("experiment"):
        with suppress(QanatError):
            if file == str(project.root / project.experiment(experiment).program.executable):
                owners.append(experiment)
    runs = " or ".join(f"qanat run {shlex.quote(owner)}" for owner in owners[:OWNERS_NAMED])
    new = f"create one from it: qanat experiment new {shlex.quote(name)}"
    raise UsageError(f"{name} is a file, not an experiment", hint=f"use its experiment: {runs}" if owners else new)


def _refuse_repeated(command: click.Command, own: Sequence[str]) -> None:
    """Raise UsageError for an option that says what is run or recorded, and is used twice without being a list.

    An option that says how to run it, as in a shell's alias, may be replaced by a later one.
    """
    for parameter in command.params:
        if isinstance(parameter, Option) and parameter.group in (PARAMETERS, CODE, RECORDING):
            names = {name for option in parameter.opts for name in spellings(option)}
            if not (parameter.multiple or parameter.is_flag) and sum(word in names for word in own) > 1:
                raise UsageError(f"option {parameter.opts[-1]} is used twice", hint="use it once")


def request_from(options: dict[str, Any], program: list[str]) -> RunRequest:
    """Return what the options and the arguments of the program ask for."""
    storage = options["storage_path"]
    return RunRequest(
        experiment=options["name"],
        args=tuple(program),
        groups=options["group_param"],
        ranges=options["range_param"],
        param_file=options["param_file"],
        parameters_file=options["parameters_file"],
        storage_path=whole_path(storage) if storage else None,
        tags=tuple(dict.fromkeys(options["tag"])),
        description=options["description"],
        many=options["yes"],
        revision=options["commit_sha"],
        uncommitted=uncommitted_from(options),
        in_place=options["in_place"],
        needed=needed_from(options),
        container=container_from(options["container"], options["engine"], gpu=options["gpu"]),
        after=options["after"],
    )
