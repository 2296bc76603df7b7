"""`qanat experiment rerun|run-comment|run-delete NAME RUN`: commands on runs that also name the experiment."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from qanat.cli.commands import comment as comment_command
from qanat.cli.commands import delete as delete_command
from qanat.cli.commands import rerun as rerun_command
from qanat.cli.runs.looking_up import find_one
from qanat.usecases.project import open_project


class ByExperiment(click.Command):
    """Takes NAME before RUN, checks that the run belongs to that experiment, and invokes the plain command."""

    def __init__(self, plain: click.Command, name: str) -> None:
        example = f"\b\nExample:\n  qanat experiment {name} summary_iris 4"
        params = [click.Argument(["name"]), click.Argument(["run"]), *_options(plain)]
        super().__init__(name, callback=self._call, params=params, help=plain.help, epilog=example)
        self._plain = plain

    def _call(self, name: str, run: str, **options: Any) -> Any:
        found = find_one(open_project(Path.cwd()), run, experiment=name)
        argument = next(p for p in self._plain.params if isinstance(p, click.Argument))
        value = (found.run.id,) if argument.nargs == -1 else found.run.id
        return click.get_current_context().invoke(self._plain, **{str(argument.name): value}, **options)


def _options(plain: click.Command) -> list[click.Parameter]:
    return [parameter for parameter in plain.params if isinstance(parameter, click.Option)]


rerun = ByExperiment(rerun_command.rerun, "rerun")
comment = ByExperiment(comment_command.comment, "run-comment")
delete = ByExperiment(delete_command.delete, "run-delete")
