"""Removing the results of runs whose records stay, and then say so.

Under the repository's lock, the directory of a run is moved away in one step and its record written; then it is
emptied. What is about to be removed is noted first: if qanat is killed in between, the next command that looks at runs
writes the records of those whose directories are gone.
"""

from __future__ import annotations

import os
import secrets
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field, replace

from qanat.domain.facts import RunFacts
from qanat.domain.long_work import tracked
from qanat.domain.run import Run
from qanat.errors import NotRemoved, QanatError
from qanat.git import lock
from qanat.records import removals
from qanat.records.removals import Removing
from qanat.usecases.project import Project
from qanat.usecases.results import remove
from qanat.usecases.results.proof import Results
from qanat.usecases.tracking import committing, record


@dataclass(frozen=True, slots=True)
class Leaving:
    """The results of a run that has ended, its record, and their size."""

    run: RunFacts
    record: str
    results: Results
    bytes: int


@dataclass(slots=True)
class Removed:
    """What was removed; `notes` says what was not, or not completely, and which records stay uncommitted."""

    done: list[Leaving] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)

    @property
    def bytes(self) -> int:
        """How much room that made."""
        return sum(one.bytes for one in self.done)


def remove_results(project: Project, leaving: Sequence[Leaving], removed: Removed) -> None:
    """Remove the results of runs, and add them to `removed` one after the other; KeyboardInterrupt ends it early.

    Their records are committed together, also after an interrupt. Raises WriteFailed.
    """
    folders = {one.record: str(one.results.folder) for one in leaving}
    noted = Removing(secrets.token_hex(8), project.clock.now(), str(project.root), folders)
    private, runs = project.location.private, list[Run]()
    removals.note(private, noted, project.sharing)
    try:
        with lock.claimed(project.location, removals.place(private, noted)):
            for one in tracked(leaving, "results removed"):
                _remove(project, one, noted.removed, removed, runs)
    finally:
        removed.notes += committing.commit_records(project, runs, _message(runs))
        removals.forget(private, noted)


def _remove(project: Project, one: Leaving, when: str, removed: Removed, runs: list[Run]) -> None:
    """Remove the results of a run, or note why they are kept."""
    try:
        with ExitStack() as stack:
            changed, notes = record.change_records(project, {one.record: _leaving(project, one, when, stack)})
            if not changed:
                raise NotRemoved(f"the results of run {one.run.number} were kept: {next(iter(notes), 'it is gone')}")
            runs += changed
            removed.done.append(one)
            removed.notes += notes
    except QanatError as error:
        removed.notes.append(error.message)


def _leaving(project: Project, one: Leaving, when: str, stack: ExitStack) -> Callable[[Run], Run]:
    def change(run: Run) -> Run:
        results = one.results
        if not run.state.ended or run.ended != one.run.ended or results.found is None:
            raise NotRemoved(f"the results of run {run.number} were kept: it has been started again")
        stack.enter_context(remove.taken_away(project, results.folder, results.found))
        if os.path.lexists(results.folder):
            raise NotRemoved(f"the results of run {run.number} were kept: {results.folder} was replaced meanwhile")
        return replace(run, results_removed=when)

    return change


def finish(project: Project) -> list[str]:
    """Write the records of runs whose results were removed by a qanat that was killed; return sentences."""
    private, notes = project.location.private, []
    for noted in list(removals.all_of(private)):
        if noted.root != str(project.root) or lock.is_claimed(removals.place(private, noted)):
            continue
        gone = [path for path, folder in noted.folders.items() if not os.path.lexists(folder)]
        before = {path: run for path, run in _runs(project, gone) if run.state.ended and not run.results_removed}
        changed, said = record.change_records(project, dict.fromkeys(before, _removed_at(noted.removed)))
        notes += [*said, *committing.commit_records(project, changed, _message(changed))]
        removals.forget(private, noted)
    return notes


def _removed_at(when: str) -> Callable[[Run], Run]:
    return lambda run: replace(run, results_removed=when) if run.state.ended else run


def _runs(project: Project, paths: Sequence[str]) -> Iterator[tuple[str, Run]]:
    for path in paths:
        try:
            yield path, record.load_record(project, path)
        except QanatError:
            continue  # deleted meanwhile, or on another branch


def _message(runs: Sequence[Run]) -> str:
    if len(runs) == 1:
        return f"qanat: results of run {runs[0].number} of {runs[0].experiment} removed"
    lines = "\n".join(f"{run.id} of {run.experiment}" for run in runs)
    return f"qanat: results of {len(runs)} runs removed\n\n{lines}"
