"""`qanat export`."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import click

from qanat.cli import session
from qanat.cli.options import Command, option, where_option
from qanat.cli.terminal.output import plural, say, say_json, tell_note
from qanat.domain import condition
from qanat.domain.sizes import size
from qanat.usecases.exports.formats import FORMATS, export
from qanat.usecases.exports.request import Exported, ExportRequest
from qanat.usecases.project import open_project

RUNS, CONTENT, OUTPUT, MLFLOW = "Runs", "Content", "Output", "MLflow"
EXAMPLE = """\b
Example:
  qanat export 4 --format ro-crate --output crate.zip
  qanat export --where 'tag=paper' --format ro-crate --bundle --license CC-BY-4.0 --output crate
  qanat export 4 7 --format prov --output runs.prov.json
  qanat export --experiment train --format mlflow --tracking-uri sqlite:///mlflow.db
  qanat export --where 'state=finished' --format csv --output runs.csv

What each format contains: see docs/export.md."""


@click.command("export", cls=Command, epilog=EXAMPLE)
@click.argument("runs", nargs=-1, metavar="[RUN]...")
@option("--experiment", group=RUNS, metavar="NAME", help="Only runs of this experiment.")
@where_option("Only runs that meet this condition, such as 'tag=paper and state=finished'", group=RUNS)
@option(
    "--files",
    group=CONTENT,
    multiple=True,
    metavar="PATTERN",
    help="Only files of results that match, such as 'plots/*.png' or stdout.txt; may be repeated.",
)
@option("--without-results", group=CONTENT, is_flag=True, help="Describe the files of results, without copying them.")
@option("--bundle", group=CONTENT, is_flag=True, help="Add the code, with its history, as a git bundle.")
@option("--license", group=CONTENT, metavar="ID", default="", help="License, such as CC-BY-4.0, or a URL.")
@option("--format", "form", group=OUTPUT, required=True, type=click.Choice(list(FORMATS)), help="Format to write.")
@option(
    "--output",
    group=OUTPUT,
    type=click.Path(path_type=Path),
    metavar="PATH",
    help="File to write; for ro-crate a folder, or an archive if it ends in .zip.",
)
@option(
    "--tracking-uri",
    group=MLFLOW,
    metavar="URI",
    default="",
    help="Server or database, such as sqlite:///mlflow.db. (default: $MLFLOW_TRACKING_URI)",
)
@option(
    "--mlflow-experiment",
    group=MLFLOW,
    metavar="NAME",
    default="",
    help="Experiment in MLflow; by default, that of the runs.",
)
@option("--force", group=OUTPUT, is_flag=True, help="Replace what is there, or write it to MLflow again.")
@option("--json", "as_json", group=OUTPUT, is_flag=True, help="Print what was exported as JSON.")
def export_(
    runs: tuple[str, ...],
    experiment: str | None,
    where: tuple[str, ...],
    files: tuple[str, ...],
    without_results: bool,
    bundle: bool,
    license: str,
    form: str,
    output: Path | None,
    tracking_uri: str,
    mlflow_experiment: str,
    force: bool,
    as_json: bool,
) -> None:
    """Export RUNs, or all that meet a condition, in a format that other programs read.

    Runs are not changed. Texts that look like secrets are left out; files of results are exported as they are.
    """
    request = ExportRequest(
        form,
        runs,
        experiment,
        condition.parse_all(where),
        output,
        files=files,
        without_results=without_results,
        bundle=bundle,
        license=license,
        tracking_uri=tracking_uri,
        mlflow_experiment=mlflow_experiment,
        force=force,
    )
    with _ended_in_order():
        done = export(open_project(Path.cwd()), session.runners(), request)
    for note in done.notes:
        tell_note(note)
    if as_json:
        say_json(done.as_mapping())
    else:
        say(_summary(done))


def _summary(done: Exported) -> str:
    """Return what was exported, in a line: `crate.zip: 1 run, 2 groups, 7 files, 1.2 MB`."""
    parts = [plural(done.runs, "run"), plural(done.groups, "group")]
    parts += [plural(done.files, "file"), size(done.bytes)] if done.files else []
    counts = ", ".join(f"{count:,} {what}" for what, count in done.counts.items() if count)
    return f"{done.target}: {', '.join(parts)}{f' ({counts})' if counts else ''}"


@contextmanager
def _ended_in_order() -> Iterator[None]:
    """Let signals that end the process raise SystemExit, so that what is half written is removed."""
    before = {number: signal.getsignal(number) for number in (signal.SIGTERM, signal.SIGHUP)}
    default = [number for number, action in before.items() if action is signal.SIG_DFL]  # nohup ignores SIGHUP
    try:
        for number in default:
            signal.signal(number, _end)
        yield
    finally:
        for number in default:
            signal.signal(number, signal.SIG_DFL)


def _end(number: int, _: object) -> None:
    raise SystemExit(128 + number)
