"""What `qanat document status` and dry runs of `compile` print."""

from __future__ import annotations

import shlex
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from qanat.cli.definitions.defining import NOTES_SHOWN
from qanat.cli.terminal.output import brief, plural, say, tell, tell_note
from qanat.domain.document import Document
from qanat.usecases.documents.compile import How
from qanat.usecases.documents.status import BROKEN, FRESH, MISSING, RUNNING, STALE, DependencyStatus
from qanat.usecases.documents.values import Doubts
from qanat.usecases.launch.view import number_in

MARKS = {FRESH: "✓", STALE: "✗", MISSING: "·", RUNNING: "…", BROKEN: "!"}
RUNS_NAMED = 5
DOUBTS_SHOWN = 10
Found = tuple[Document, Sequence[DependencyStatus]]


def tell_broken(notes: Sequence[str]) -> None:
    """Print why definitions cannot be read."""
    for note in notes[:NOTES_SHOWN]:
        tell_note(note)


def tell_doubts(doubts: Doubts) -> None:
    """Print what is wrong with references in texts, and what to do about it."""
    for problem in doubts.problems[:DOUBTS_SHOWN]:
        tell_note(problem)
    if len(doubts.problems) > DOUBTS_SHOWN:
        tell_note(f"… and {len(doubts.problems) - DOUBTS_SHOWN:,} more; see qanat document check")
    if doubts.hint:
        tell(f"  hint: {doubts.hint}")


def as_mapping(document: Document, found: Sequence[DependencyStatus], doubts: Doubts | None = None) -> dict[str, Any]:
    """Return what is known of a document, for JSON."""
    return {
        "name": document.name,
        "path": document.path,
        "output": document.output,
        "fresh": all(one.state == FRESH for one in found) and not (doubts and doubts.problems),
        "dependencies": [one.as_mapping() for one in found],
        **({"problems": list(doubts.problems)} if doubts else {}),
    }


def show(found: Sequence[Found], doubted: Sequence[Doubts], root: Path) -> None:
    """Print the state of each dependency of documents, why it is not fresh, and what is wrong with texts."""
    if not found:
        say("no documents yet; create one with: qanat document new")
    for (document, statuses), doubts in zip(found, doubted, strict=True):
        say("\n".join(map(brief, _lines(document, statuses, doubts))))
        if document.output and not (root / document.path / document.output).is_file():
            say(brief(f"  {document.path}/{document.output} has not been built"))
    for doubts in doubted:
        tell_doubts(doubts)


def _lines(document: Document, found: Sequence[DependencyStatus], doubts: Doubts) -> Iterator[str]:
    stale = [one for one in found if one.state != FRESH]
    if stale:
        yield f"{document.name}: not fresh"
    else:
        state = "fresh" if found else "needs no runs"
        yield f"{document.name}: {state}{'; its texts are not fresh' if doubts.problems else ''}"
    for one in found:
        yield f"  {MARKS[one.state]} {one.dependency.name}: {one.state}{_of_runs(one)}"
        yield from (f"      {reason}" for reason in one.reasons)
    if stale:
        yield f"  bring it up to date with: qanat document compile {document.name}"


def _of_runs(one: DependencyStatus) -> str:
    runs = [number_in(run) for run in one.runs]
    if one.state != FRESH or not runs:
        return ""
    more = f" and {len(runs) - RUNS_NAMED:,} more" if len(runs) > RUNS_NAMED else ""
    return f", from run{'s' if len(runs) > 1 else ''} {', '.join(runs[:RUNS_NAMED])}{more}"


def show_plan(document: Document, found: Sequence[DependencyStatus], how: How) -> None:
    """Print what a compilation would do."""
    for one in found:
        say(brief(f"{one.dependency.name}: {'; '.join(_steps(document, one, how))}"))
        for reason in one.reasons:
            say(brief(f"  {reason}"))
    if document.compile:
        say(brief(f"then, in {document.path}: {shlex.join([*document.compile, *how.arguments])}"))
    say("nothing was run or written")


def _steps(document: Document, one: DependencyStatus, how: How) -> Iterator[str]:
    dependency = one.dependency
    if one.state == FRESH:
        yield "nothing to do"
        return
    if one.state == BROKEN:
        yield "cannot be compiled"
        return
    if how.no_run and (one.to_run or one.state == RUNNING):
        yield f"refused with --no-run, since it is {one.state}"
        return
    if one.state == RUNNING:
        yield "wait for active runs"
    if one.to_run:
        yield f"run {plural(one.to_run, 'group')} ({dependency.runner})"
    if dependency.action:
        yield f"run action {dependency.action} where it is needed"
    yield f"copy files to {document.folder_of(dependency)}"
