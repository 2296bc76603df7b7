"""`qanat migrate`."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from pathlib import Path

import click

from qanat.cli.options import option
from qanat.cli.terminal.output import plural, say, say_json, tell_note
from qanat.errors import EXIT_FAILED
from qanat.usecases import migrate as migrating
from qanat.usecases.migrate import Left, Migrated
from qanat.usecases.project import open_project


@click.command(epilog="\b\nExample:\n  qanat migrate --dry-run\n  qanat migrate")
@option("--dry-run", is_flag=True, help="Show what would be migrated without writing anything.")
@option("--json", "as_json", is_flag=True, help="Print JSON.")
def migrate(dry_run: bool, as_json: bool) -> int:
    """Update the files in .qanat/ to the newest versions of their schemas, in one commit.

    This is optional: qanat reads older versions, and updates a file whenever it changes it. Older files that
    are invalid or not committed, and files newer than this qanat, are left alone; the exit code is 1 if there are any.
    """
    project = open_project(Path.cwd())
    commit = None
    with project.index() as index:
        if dry_run:
            plan = migrating.plan_migration(project, index)
            files, left = plan.files, plan.left
        else:
            done = migrating.migrate(project, index)
            files, left, commit = done.files, done.left, done.commit
    if as_json:
        say_json(_as_mapping(files, left, commit, dry_run=dry_run))
    else:
        _show(files, left, commit, dry_run=dry_run)
    return EXIT_FAILED if left else 0


def _as_mapping(
    files: Sequence[Migrated], left: Sequence[Left], commit: str | None, *, dry_run: bool
) -> dict[str, object]:
    return {
        "dry_run": dry_run,
        "migrated": [{"file": file.file, "from": file.before, "to": file.after} for file in files],
        "left": [{"file": one.file, "reason": one.reason} for one in left],
        "commit": commit,
    }


def _show(files: Sequence[Migrated], left: Sequence[Left], commit: str | None, *, dry_run: bool) -> None:
    for file in files if dry_run else ():
        say(f"{file.file}: {file.before} to {file.after}")
    for one in left:
        tell_note(f"{one.file} stays as it is: it {one.reason}")
    if not files:
        say("nothing migrated" if left else "nothing to migrate: no file uses an older version of its schema")
        return
    steps = Counter((file.before, file.after) for file in files)
    how = ", ".join(f"{plural(count, 'file')} from {before} to {after}" for (before, after), count in steps.items())
    if dry_run:
        say(f"would migrate {how}")
    else:
        say(f"Migrated {how}: {f'commit {commit[:10]}' if commit else 'not committed, as your settings say'}")
