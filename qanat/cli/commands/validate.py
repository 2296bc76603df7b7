"""`qanat validate`."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from qanat.cli import session
from qanat.cli.options import option
from qanat.cli.terminal.output import plural, say, say_json, tell_note
from qanat.domain.key_path import dotted
from qanat.domain.redaction import redacted
from qanat.errors import EXIT_FAILED
from qanat.usecases.checks import (
    baseline_names,
    commands,
    everything,
    far_numbers,
    lost_environments,
    missing_metrics,
    odd_metrics,
    untracked_datasets,
    whole,
)
from qanat.usecases.checks import validate as validate_state
from qanat.usecases.checks.validate import Problem
from qanat.usecases.data import absent
from qanat.usecases.launch import templates
from qanat.usecases.merging import keep_commits
from qanat.usecases.project import open_project


@click.command(epilog="\b\nExample:\n  qanat validate\n  qanat validate .qanat/experiments/summary_iris.yaml")
@click.argument("files", nargs=-1, metavar="[FILE]...", type=click.Path(path_type=Path, exists=True))
@option("--json", "as_json", is_flag=True, help="Print JSON.")
@option(
    "--strict",
    is_flag=True,
    help="Also exit with 1 if there are notes, except about commands and data that are missing on this machine.",
)
@option("--full", is_flag=True, help="Also check the records again in which nothing was found before.")
def validate(files: tuple[Path, ...], as_json: bool, strict: bool, full: bool) -> int:
    """Check FILEs, or everything in .qanat/, as the pre-commit hook does.

    Each problem is printed on a line of its own. The exit code is 1 if there are problems. In JSON, notes are in the
    list, too: they have `"note": true`, and no file. Records in which nothing was found are remembered on this machine,
    and checked again only when they or qanat have changed, or with --full.
    """
    project = open_project(Path.cwd())
    paths = [path.absolute() for path in files]
    with project.index() as index:
        if paths:
            problems, count = validate_state.validate(project, index, paths), len(paths)
        else:
            checked = everything.check_all(project, index, full=full)
            paths, count = checked.paths, checked.count
            problems = checked.problems + whole.problems(project)
        records = {project.paths.relative(path) for path in paths} if files else None
        problems += templates.problems(project, session.runners(), paths)
        notes = [*keep_commits.warnings(project, index, records), *odd_metrics.warnings(index, records)]
        notes += far_numbers.warnings(project, index, records)
        notes += missing_metrics.warnings(project, index, records)
        notes += baseline_names.warnings(project, index, records)
        notes += lost_environments.warnings(project, index, records)
        notes += untracked_datasets.warnings(project, records)
    notes += templates.warnings(project, session.runners(), paths)
    of_machine = [*commands.warnings(project, records), *absent.warnings(project, records)]
    if as_json:
        say_json([*map(_as_mapping, problems), *map(_note_as_mapping, [*notes, *of_machine])])
    elif problems:
        say("\n".join(redacted(str(problem)) for problem in problems))
    else:
        unaccepted = f", but {plural(len(notes), 'note')}, which --strict does not accept" if strict and notes else ""
        say(f"checked {plural(count, 'file')}, no problems found{unaccepted}")
    for note in () if as_json else (*notes, *of_machine):
        tell_note(note)
    return EXIT_FAILED if problems or (strict and notes) else 0


def _as_mapping(problem: Problem) -> dict[str, Any]:
    found = {"file": problem.file, "line": problem.line, "key": dotted(problem.key)}
    return {**found, "problem": redacted(problem.problem)}


def _note_as_mapping(note: str) -> dict[str, Any]:
    return {"file": None, "line": None, "key": "", "problem": redacted(note), "note": True}
