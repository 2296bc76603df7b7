"""`qanat merge-driver`, which git calls; see usecases/merging/setup.py."""

from __future__ import annotations

from pathlib import Path

import click

from qanat.cli.options import option
from qanat.usecases.merging.merge_records import merge

_file = click.Path(path_type=Path, exists=True, dir_okay=False)


@click.command(
    "merge-driver",
    epilog='\b\nExample:\n  git config merge.qanat.driver "qanat merge-driver --marker-size %L %O %A %B %P"',
)
@click.argument("base", type=_file)
@click.argument("ours", type=_file)
@click.argument("theirs", type=_file)
@click.argument("path")
@option("--marker-size", type=click.IntRange(1), default=7, metavar="N", help="Length of conflict markers.")
def merge_driver(base: Path, ours: Path, theirs: Path, path: str, marker_size: int) -> int:
    """Merge versions of a file in .qanat/ into OURS, for git; PATH is its path in the project."""
    return merge(path, base, ours, theirs, marker_size=marker_size)
