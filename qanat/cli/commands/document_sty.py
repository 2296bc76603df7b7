"""`qanat document sty`."""

from __future__ import annotations

import os
from pathlib import Path

import click

from qanat.cli.options import Command, option
from qanat.cli.terminal.output import say
from qanat.domain.shortening import quoted
from qanat.errors import UsageError
from qanat.usecases.project import open_project
from qanat.usecases.references import style


@click.command(cls=Command, epilog="\b\nExample:\n  qanat document sty iris_paper\n  qanat document sty papers/iris")
@click.argument("place", metavar="NAME|FOLDER")
@option("--force", is_flag=True, help="Replace another version of the file.")
def sty(place: str, force: bool) -> None:
    r"""Copy qanat.sty into the folder of a document, or into any folder of the project.

    It defines the commands \qanat, \qanattable, \qanatcompare and \qanatfigure, and needs only LaTeX itself.
    """
    project = open_project(Path.cwd())
    if place in project.names("document"):
        folder = project.document(place).path
    else:
        named = Path(os.path.normpath(Path.cwd() / place))
        if not named.is_dir():
            raise UsageError(
                f"{quoted(place)} is neither a document nor a folder", hint="list documents with: qanat document list"
            )
        if not named.resolve().is_relative_to(project.root):
            raise UsageError(f"{place} is outside the project {project.root}", hint="run qanat in its project")
        folder = project.paths.relative(named.resolve())
    path, is_new = style.copy(project, folder, force=force)
    say(f"Wrote {path}" if is_new else f"{path} is up to date")
