"""Commands on runs that were started before: show, logs, cancel, comment, tag, delete."""

from __future__ import annotations

import os
import shlex
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import click

from qanat.cli.runs import reporting
from qanat.cli.terminal import editor, prompts, tables
from qanat.cli.terminal.output import plural, say, say_json, size, tell
from qanat.domain.run import Run, State
from qanat.errors import QanatError, UsageError
from qanat.runners import registry
from qanat.usecases.definitions import settings
from qanat.usecases.project import Project, open_project
from qanat.usecases.runs import annotate
from qanat.usecases.runs import cancel as cancel_run
from qanat.usecases.runs.logs import LogReader
from qanat.usecases.tracking.find import Found, check_ended, check_group, find_run, read_comment
from qanat.usecases.tracking.refresh import refreshed

POLL_S = 0.2
CANCEL_S = 10.0
REFRESH_S = 1.0


@contextmanager
def finding(project: Project) -> Iterator[Any]:
    """Give a function from a word to the run that it means, with everything up to date."""
    with refreshed(project, registry.RUNNERS) as (index, result):
        reporting.tell_notes(result.notes)
        yield lambda word, **of: find_run(project, index, result, word, **of)


def find_one(project: Project, word: str, *, experiment: str | None = None) -> Found:
    """Find one run with everything up to date."""
    with finding(project) as find:
        found: Found = find(word, experiment=experiment)
        return found


@click.command(epilog="\b\nExample:\n  qanat show 4\n  qanat show 4-7f3a9c --json")
@click.argument("run")
@click.option("--json", "as_json", is_flag=True, help="Print the record as JSON.")
def show(run: str, as_json: bool) -> None:
    """Show RUN: what it was, how its groups ended, what they measured, its comment."""
    project = open_project(Path.cwd())
    found = find_one(project, run)
    if as_json:
        say_json(found.as_mapping())
        return
    say(reporting.run_page(found.run))
    say("\n".join(reporting.group_lines(found.run)))
    if comment := read_comment(project, found.run):
        say()
        tables.markdown(comment)


@click.command(epilog="\b\nExample:\n  qanat logs 4 -f\n  qanat logs 4 --group 3 --stderr")
@click.argument("run")
@click.option("-f", "--follow", is_flag=True, help="Go on until the run ends.")
@click.option("--group", type=click.IntRange(0), metavar="I", help="Only this group.")
@click.option("--stderr", is_flag=True, help="What went to stderr instead of stdout.")
def logs(run: str, follow: bool, group: int | None, stderr: bool) -> None:
    """Print what the programs of RUN printed; with several groups each line begins with its group."""
    project = open_project(Path.cwd())
    found = find_one(project, run)
    groups = range(len(found.run.groups)) if group is None else [check_group(found, group)]
    reader = LogReader(found, groups, stderr=stderr)
    printer = _Printer(prefixed=len(groups) > 1)
    while True:
        ended = not follow or found.run.state.ended
        for number, data in reader.more():
            printer.write(number, data)
        if ended:
            break
        found = _wait(project, found, reader, printer)
    printer.close()


def _wait(project: Project, found: Found, reader: LogReader, printer: _Printer) -> Found:
    """Print what comes for a moment, then look at the run again."""
    until = time.monotonic() + REFRESH_S
    while time.monotonic() < until:
        for number, data in reader.more():
            printer.write(number, data)
        time.sleep(POLL_S)
    return find_one(project, found.run.id)


class _Printer:
    """Writes output to stdout: as it is for one group, line by line with a prefix for several."""

    def __init__(self, *, prefixed: bool) -> None:
        self._prefixed = prefixed
        self._rest: dict[int, bytes] = {}

    def write(self, group: int, data: bytes) -> None:
        out = sys.stdout.buffer
        if not self._prefixed:
            out.write(data)
        else:
            *lines, self._rest[group] = (self._rest.get(group, b"") + data).split(b"\n")
            out.writelines(b"group %d | %s\n" % (group, line) for line in lines)
        out.flush()

    def close(self) -> None:
        for group, rest in self._rest.items():
            if rest:
                sys.stdout.buffer.write(b"group %d | %s\n" % (group, rest))
        sys.stdout.buffer.flush()


@click.command(epilog="\b\nExample:\n  qanat cancel 4\n  qanat cancel 4 5 6\n  qanat cancel 4 --group 3 --group 7")
@click.argument("runs", nargs=-1, required=True, metavar="RUN…")
@click.option("--group", "groups", type=click.IntRange(0), multiple=True, metavar="I", help="Only this group.")
def cancel(runs: tuple[str, ...], groups: tuple[int, ...]) -> int:
    """End runs that are going on, also those started in another terminal: gently, then firmly."""
    project = open_project(Path.cwd())
    if groups:
        return _cancel_groups(project, runs, groups)
    code = 0
    for word in runs:
        try:
            found = find_one(project, word)
            run, notes = cancel_run.cancel_run(project, found, registry.RUNNERS)
            run = _until_ended(project, found) if not run.state.ended else run
        except QanatError as error:
            tell(f"qanat: {error.message}" + (f"\n  hint: {error.hint}" if error.hint else ""))
            code = error.exit_code
            continue
        reporting.tell_notes(notes)
        say(f"Run {run.number} of {run.experiment} {_come_to(run.state)}")
    return code


def _cancel_groups(project: Project, runs: tuple[str, ...], groups: tuple[int, ...]) -> int:
    if len(runs) > 1:
        raise UsageError("--group is for one run", hint=f"qanat cancel {runs[0]} --group {groups[0]}")
    found = find_one(project, runs[0])
    chosen = sorted({check_group(found, number) for number in groups})
    cancel_run.cancel_groups(project, found, chosen, registry.RUNNERS)
    run = _until_ended(project, found, chosen)
    for number in chosen:
        say(f"Group {number} of run {run.number} {_come_to(run.groups[number].state)}")
    return 0


def _come_to(state: State) -> str:
    """Say how what was cancelled ended; a scheduler may take its time, until then it is as it was."""
    return state.value if state.ended else f"is being cancelled, and is still {state}"


def _until_ended(project: Project, found: Found, groups: Sequence[int] = ()) -> Run:
    """Give a run whose removal was asked for once it, or these groups, have ended, or as it is after CANCEL_S."""
    until = time.monotonic() + CANCEL_S
    while True:
        run = find_one(project, found.run.id).run
        states = [run.groups[n].state for n in groups] or [run.state]
        if all(state.ended for state in states) or time.monotonic() > until:
            return run
        time.sleep(POLL_S)


@click.command(epilog="\b\nExample:\n  qanat hold 4")
@click.argument("run")
def hold(run: str) -> None:
    """Keep the jobs of a submitted RUN from going on, until qanat release."""
    project = open_project(Path.cwd())
    found = find_one(project, run)
    cancel_run.hold_run(project, found, registry.RUNNERS)
    say(f"Run {found.run.number} of {found.run.experiment} is being held")


@click.command(epilog="\b\nExample:\n  qanat release 4")
@click.argument("run")
def release(run: str) -> None:
    """Let the held jobs of a submitted RUN go on."""
    project = open_project(Path.cwd())
    found = find_one(project, run)
    cancel_run.release_run(project, found, registry.RUNNERS)
    say(f"Run {found.run.number} of {found.run.experiment} is being released")


@click.command(epilog='\b\nExample:\n  qanat comment 4\n  qanat comment 4 -m "The one for figure 2"')
@click.argument("run")
@click.option("-m", "--message", metavar="TEXT", help="The comment, as Markdown; an empty one removes it.")
def comment(run: str, message: str | None) -> None:
    """Write a comment on RUN in your editor, as Markdown; it is kept beside the record, in git."""
    project = open_project(Path.cwd())
    found = find_one(project, run)
    before = read_comment(project, found.run)
    text = message if message is not None else _edited(project, before)
    if text.rstrip() == before.rstrip():
        say("nothing changed")
        return
    note = annotate.set_comment(project, found.run, text)
    reporting.tell_notes([note] if note else [])
    say(f"Comment on run {found.run.number} {'written' if text.strip() else 'removed'}")


def _edited(project: Project, before: str) -> str:
    with tempfile.TemporaryDirectory(prefix="qanat-") as folder:
        draft = Path(folder) / "comment.md"
        draft.write_text(before)
        editor.edit(settings.editor(project), draft, instead="-m TEXT")
        return draft.read_text(errors="replace")


@click.command(epilog="\b\nExample:\n  qanat tag 4 add paper figure-2\n  qanat tag 4 remove draft")
@click.argument("run")
@click.argument("what", type=click.Choice(["add", "remove"]))
@click.argument("tags", nargs=-1, required=True, metavar="TAG…")
def tag(run: str, what: str, tags: tuple[str, ...]) -> None:
    """Add tags to RUN, or remove some."""
    project = open_project(Path.cwd())
    found = find_one(project, run)
    add, remove = (tags, ()) if what == "add" else ((), tags)
    changed, notes = annotate.set_tags(project, found, add, remove)
    reporting.tell_notes(notes)
    say(f"Tags of run {changed.number}: {', '.join(changed.tags) or 'none'}")


@click.command(epilog="\b\nExample:\n  qanat delete 4\n  qanat delete 4 5 --yes")
@click.argument("runs", nargs=-1, required=True, metavar="RUN…")
@click.option("--yes", "-y", is_flag=True, help="Do not ask.")
@click.option("--cancel", "cancel_first", is_flag=True, help="End runs that are still going on first.")
def delete(runs: tuple[str, ...], yes: bool, cancel_first: bool) -> None:
    """Delete runs: record, comment and results. The record stays in git's history; its number is never given again."""
    project = open_project(Path.cwd())
    with finding(project) as find:
        found = list({f.run.id: f for f in map(find, runs)}.values())
    if not cancel_first:
        for one in found:
            check_ended(one, "it cannot be deleted without --cancel")
    for one in found:
        folder = f" and {one.run.storage} ({size(annotate.size_of(one))})" if annotate.size_of(one) else ""
        say(f"Run {one.run.number} of {one.run.experiment} goes: {one.record}{folder}")
    if not yes and not prompts.confirm(f"Delete {plural(len(found), 'run')}?", option="--yes"):
        raise click.Abort
    for one in found:
        if not one.run.state.ended:
            cancel_run.cancel_run(project, one, registry.RUNNERS)
            _until_ended(project, one)
    with finding(project) as find:
        gone, note = annotate.delete_runs(project, [find(one.run.id) for one in found])
    reporting.tell_notes([note] if note else [])
    for one in gone:
        back = f"; get its record back with: {_command_to_restore(project, one)}" if one.commit else ""
        say(f"Run {one.run.number} deleted{back}")


def _command_to_restore(project: Project, gone: annotate.Deleted) -> str:
    """Give the command of git's that brings a deleted record back, wherever it is typed."""
    there = [] if os.environ.get("PWD") == str(project.root) else ["-C", str(project.root)]
    return shlex.join(["git", *there, "checkout", str(gone.commit)[:12], "--", *gone.paths])
