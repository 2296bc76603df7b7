"""`qanat keep-order`, which a job of HTCondor runs; see usecases/launch/held_back.py."""

from __future__ import annotations

from pathlib import Path

import click

from qanat.cli import session
from qanat.usecases.launch.keeping_order import keep_until_done
from qanat.usecases.project import open_project


@click.command("keep-order", epilog="\b\nExample:\n  qanat keep-order .")
@click.argument("root", type=click.Path(path_type=Path, exists=True, file_okay=False))
def keep_order(root: Path) -> None:
    """Release the runs of the project at ROOT that wait for others, each in its time, until none is left."""
    keep_until_done(open_project(root.absolute()), session.runners())
