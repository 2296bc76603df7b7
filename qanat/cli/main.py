"""The `qanat` program: a table of commands, loaded when used, and the one place where errors are shown."""

from __future__ import annotations

import os
import sys
from typing import Any, NoReturn

import click

from qanat import __version__
from qanat.cli.lazy import LazyGroup
from qanat.cli.terminal.output import clean
from qanat.errors import EXIT_BUG, EXIT_USAGE, QanatError, UsageError

EXIT_READER_GONE = 141  # 128 + SIGPIPE, as a shell has it for other programs
COMMANDS = {
    "init": ("qanat.cli.commands.init:init", "Make a project of a folder or a git repository."),
    "run": ("qanat.cli.commands.run:run", "Run an experiment, over as many parameters as asked for."),
    "rerun": ("qanat.cli.commands.rerun:rerun", "Run a run again: same code, parameters and data, as a new run."),
    "retry": ("qanat.cli.commands.rerun:retry", "Run what failed of a run again, inside the same run."),
    "cancel": ("qanat.cli.commands.runs:cancel", "End runs that are going on, from any terminal."),
    "hold": ("qanat.cli.commands.runs:hold", "Keep the jobs of a submitted run from going on."),
    "release": ("qanat.cli.commands.runs:release", "Let held jobs go on."),
    "show": ("qanat.cli.commands.runs:show", "Show a run."),
    "logs": ("qanat.cli.commands.runs:logs", "Print what a run printed, or follow it."),
    "explore": ("qanat.cli.commands.explore:explore", "Search runs and look into one, with menus."),
    "compare": ("qanat.cli.commands.compare:compare", "Compare parameters and metrics of runs."),
    "diff": ("qanat.cli.commands.diff:diff", "Say what a branch changes in experiments and runs."),
    "action": ("qanat.cli.commands.action:action", "Run an action of an experiment on the results of a run."),
    "comment": ("qanat.cli.commands.runs:comment", "Write a comment on a run."),
    "tag": ("qanat.cli.commands.runs:tag", "Add or remove tags of a run."),
    "delete": ("qanat.cli.commands.runs:delete", "Delete runs with their results."),
    "status": ("qanat.cli.commands.status:status", "Show what the project holds and which runs are going on."),
    "experiment": (
        "qanat.cli.commands.experiment_group:experiment",
        "Experiments: list, new, show, update, delete, run, status.",
    ),
    "dataset": ("qanat.cli.commands.dataset:dataset", "Datasets: list, new, show, update, delete."),
    "template": ("qanat.cli.commands.template:template", "Submit templates: list, new, show, update, delete."),
    "cache": ("qanat.cli.commands.cache:cache", "The cache: status, clean."),
    "config": ("qanat.cli.commands.config:config", "Settings of the project: show, edit."),
    "keep": ("qanat.cli.commands.keep:keep", "Keep the commits of runs that no branch has any more."),
    "merge-driver": ("qanat.cli.commands.merge_driver:merge_driver", ""),
    "validate": ("qanat.cli.commands.validate:validate", "Check .qanat/ as the pre-commit hook does."),
    "hooks": ("qanat.cli.commands.hooks:hooks", "Git hooks that check commits: install, uninstall, status."),
    "import": ("qanat.cli.commands.import_v0:import_", "Bring along what the first qanat kept in its database."),
    "completion": ("qanat.cli.commands.completion:completion", "Let your shell complete commands, names and runs."),
}


class _Program(LazyGroup):
    """The top of the program; click itself would make exit code 1 of a reader that has gone."""

    def invoke(self, ctx: click.Context) -> Any:
        try:
            return super().invoke(ctx)
        except BrokenPipeError:
            # Whoever read our output has seen enough; Python must not complain about it at exit.
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
            return EXIT_READER_GONE


@click.group(
    cls=_Program,
    table=COMMANDS,
    context_settings={"help_option_names": ["-h", "--help"]},
    epilog="Begin with: qanat init, qanat experiment new, qanat run NAME. Each command has --help with an example.",
)
@click.version_option(__version__, prog_name="qanat", message="%(prog)s %(version)s")
@click.option("-C", "folder", metavar="DIR", type=click.Path(exists=True, file_okay=False), help="Work in DIR.")
def qanat(folder: str | None) -> None:
    """Run command-line experiments here or on a cluster, and keep a reviewable record of each in git."""
    if folder:
        os.chdir(folder)
    try:
        os.getcwd()  # noqa: PTH109  # pathlib takes 5 ms
    except FileNotFoundError:
        raise UsageError("the current folder is not there any more", hint="go to another: cd") from None


def main() -> NoReturn:
    """Run the program: exit code 0, or that of the error, which is shown as one sentence and a hint."""
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="replace")
    sys.exit(_call(sys.argv[1:]))


def _call(args: list[str]) -> int:
    if "_QANAT_COMPLETE" in os.environ:
        from qanat.cli.commands import completion  # a shell asks, see there

        return completion.answer()
    try:
        status = qanat.main(args, prog_name="qanat", standalone_mode=False)
    except click.exceptions.Abort:
        return _show("stopped", "", 130)
    except click.UsageError as error:
        if error.ctx and error.message == error.ctx.get_help():
            click.echo(error.message, err=True)
            return EXIT_USAGE
        where = f" {error.ctx.command_path.partition(' ')[2]}".rstrip() if error.ctx else ""
        return _show(_sentence(error.format_message()), f"qanat{where} --help", error.exit_code)
    except click.ClickException as error:
        return _show(_sentence(error.format_message()), "", EXIT_USAGE)
    except QanatError as error:
        return _show(error.message, error.hint, error.exit_code)
    except KeyboardInterrupt:
        return _show("stopped", "", 130)
    except Exception as error:  # noqa: BLE001  # no traceback reaches a user
        return _bug(error)
    return status if isinstance(status, int) else 0


def _sentence(message: str) -> str:
    return message[:1].lower() + message[1:].rstrip(".")


def _show(message: str, hint: str, code: int) -> int:
    click.echo(f"qanat: {clean(message, keep_lines=True)}", err=True)
    if hint:
        click.echo(f"  hint: {clean(hint)}", err=True)
    return code


def _bug(error: Exception) -> int:
    """Keep the traceback in a file and say in one line where."""
    import tempfile
    import traceback

    with tempfile.NamedTemporaryFile("w", prefix="qanat-bug-", suffix=".log", delete=False) as log:
        log.write(f"qanat {__version__}, Python {sys.version}\n{sys.argv}\n")
        traceback.print_exception(error, file=log)
    return _show(f"this is a bug in qanat: {error!r}", f"please report it with {log.name}", EXIT_BUG)
