"""`qanat document status|compile|view`."""

from __future__ import annotations

import signal
from pathlib import Path
from typing import Any

import click

from qanat.cli import session
from qanat.cli.definitions.defining import json_option
from qanat.cli.documents import status_output
from qanat.cli.documents.compile_view import TerminalCompileView
from qanat.cli.options import OTHER, Command, option
from qanat.cli.runs.changes import ask_about_changes, uncommitted_from
from qanat.cli.runs.launch_options import code_options
from qanat.cli.terminal.output import say, say_json, tell
from qanat.domain.document import Document
from qanat.domain.standing import IGNORABLE
from qanat.errors import EXIT_FAILED, UsageError
from qanat.usecases.definitions import listing
from qanat.usecases.documents import building, compile
from qanat.usecases.documents.compile import How
from qanat.usecases.documents.gathering import Interrupted, Starting
from qanat.usecases.documents.values import doubts
from qanat.usecases.project import Project, open_project

RUNS = "Runs"
WHAT = "What to do"
ignore_option = option(
    "--ignore",
    group=RUNS,
    multiple=True,
    type=click.Choice(IGNORABLE),
    help="Accept runs that differ in this, as run --needed does; may be repeated.",
)


@click.command(
    cls=Command,
    epilog="\b\nExample:\n  qanat document status\n  qanat document status iris_paper --json",
    short_help="Show whether what documents need is fresh, and why not.",
)
@click.argument("name", required=False)
@ignore_option
@json_option
def status(name: str | None, ignore: tuple[str, ...], as_json: bool) -> int:
    """Show for each dependency of document NAME, or of all documents, whether it is fresh.

    fresh: its runs are those of the code, data, parameters and environment as they are now, and their files have been
    copied. stale: something of that has changed. missing: it has not been run. running: its runs are active.
    References in texts that are wrong, or whose runs are stale, are noted, too. Nothing is started. The exit code is 1
    if any of that is not fresh, a reference is noted, or a definition cannot be read.
    """
    project = open_project(Path.cwd())
    documents, broken = [project.document(name)] if name else [], list[str]()
    if not name:
        documents, broken = listing.each(project.names("document"), project.document)
    status_output.tell_broken(broken)
    how = How(Starting(ignored=ignore))
    found = compile.all_looked_at(project, session.runners(), documents, how)
    doubted = doubts(project, session.runners(), documents, ignore)
    rows = [status_output.as_mapping(*pair, wrong) for pair, wrong in zip(found, doubted, strict=True)]
    if as_json:
        say_json(rows[0] if name else rows)
    else:
        status_output.show(found, doubted, project.root)
    return 0 if all(row["fresh"] for row in rows) and not broken else EXIT_FAILED


@click.command(
    cls=Command,
    epilog="\b\nExample:\n  qanat document compile iris_paper\n  qanat document compile iris_paper --dry-run\n"
    "  qanat document compile iris_paper --view -- -halt-on-error",
    short_help="Run what is missing or stale, copy files, and build a document.",
)
@click.argument("name")
@click.argument("arguments", nargs=-1, metavar="[-- ARGS...]")
@option(
    "--only",
    "dependencies",
    group=WHAT,
    multiple=True,
    metavar="DEPENDENCY",
    help="Consider only this dependency; may be repeated.",
)
@option("--no-run", group=WHAT, is_flag=True, help="Run nothing: copy and build with what is there, or refuse.")
@option("--overwrite", group=WHAT, is_flag=True, help="Replace copied files that were edited, and others beside them.")
@option("--view", group=WHAT, is_flag=True, help="Show the document afterwards, as qanat document view does.")
@option("--dry-run", group=OTHER, is_flag=True, help="Show what would be done, and do nothing.")
@option("--json", "as_json", group=OTHER, is_flag=True, help="With --dry-run, print JSON.")
@ignore_option
@option("--allow-secrets", group=RUNS, is_flag=True, help="Accept what looks like a secret in the records of runs.")
@code_options
def compile_(name: str, as_json: bool, **options: Any) -> int:
    """Build document NAME from runs that are as the code, data and parameters are now.

    Only groups that no run has yet are run, each where its dependency says; qanat waits for schedulers. Then actions
    are run, files are copied, with a note on the runs that they are from, and the command of the document is started
    in its folder with ARGS. Its output is kept. What has been done is not done again, so after Ctrl-C or a failure,
    compile again.
    """
    if as_json and not options["dry_run"]:
        raise UsageError("--json requires --dry-run", hint="for the state of a document: qanat document status --json")
    project = open_project(Path.cwd())
    document = project.document(name)
    starting = Starting(uncommitted_from(options), options["ignore"], options["allow_secrets"])
    how = How(starting, options["dependencies"], options["no_run"], options["overwrite"], options["arguments"])
    if options["dry_run"]:
        found = compile.looked_at(project, session.runners(), document, how)
        if as_json:
            say_json(status_output.as_mapping(document, found))
        else:
            status_output.show_plan(document, found, how)
        return 0
    try:
        with TerminalCompileView(project) as view:
            runners = session.runners()
            compile.compile_document(project, document, how, runners=runners, ask=ask_about_changes, view=view)
    except KeyboardInterrupt:
        raise Interrupted(name, signal.SIGINT) from None
    state = "ready, but its texts are not fresh" if view.has_doubts else "up to date"
    tell(f"Document {name} is {state}{_where(document)}")
    return _show(project, document) if options["view"] else 0


@click.command(epilog="\b\nExample:\n  qanat document view iris_paper")
@click.argument("name")
def view(name: str) -> int:
    """Show document NAME: run its view command, or open its output in the usual program.

    The document is shown as it was built last; qanat document status says whether it is fresh.
    """
    project = open_project(Path.cwd())
    return _show(project, project.document(name))


def _show(project: Project, document: Document) -> int:
    if document.view:
        return building.show_built(project, document)
    from qanat.cli.terminal.browser import open_file

    file = building.output_of(project, document)
    if not open_file(file):
        say(f"{file}")
        tell("note: there is no display to open it on")
    return 0


def _where(document: Document) -> str:
    return f": {document.path}/{document.output}" if document.output else ""
