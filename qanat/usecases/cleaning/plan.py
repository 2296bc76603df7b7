"""What takes how much of the results, which of it the settings let go, and what keeps the rest."""

from __future__ import annotations

import os
from collections.abc import Collection, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from itertools import chain
from pathlib import Path

from qanat.domain.facts import RunFacts
from qanat.domain.keeping import Keep, kept_by, needed_by
from qanat.domain.layout import STATE
from qanat.domain.long_work import tracked
from qanat.domain.run import State
from qanat.errors import InputInvalid, QanatError
from qanat.git import tracked as in_git
from qanat.records.index import Index
from qanat.system import removal
from qanat.usecases.cleaning import needs
from qanat.usecases.cleaning.needs import Places
from qanat.usecases.project import Project
from qanat.usecases.references.known_runs import KnownRuns
from qanat.usecases.results.proof import Proof, Results, all_results
from qanat.usecases.runs.removing_results import Leaving
from qanat.usecases.tracking import record
from qanat.usecases.tracking.refresh import Refreshed


@dataclass(frozen=True, slots=True)
class Stored:
    """The results of a run that are here, their size, and why they stay; empty if they may be removed.

    `links` are the runs to whose results links among them lead. `by_rule` says that only the settings keep them.
    """

    run: RunFacts
    record: str
    folder: Path
    bytes: int
    links: frozenset[str] = frozenset()
    kept: str = ""
    by_rule: bool = False


@dataclass(frozen=True, slots=True)
class CleaningPlan:
    """All results that are here, of the newest runs first, and what may be removed of them."""

    keep: Keep
    stored: tuple[Stored, ...]
    leaving: tuple[Leaving, ...] = field(default=())

    @property
    def bytes(self) -> int:
        """The size of all results."""
        return sum(one.bytes for one in self.stored)

    @property
    def leaving_bytes(self) -> int:
        """The size of those that may be removed."""
        return sum(one.bytes for one in self.leaving)


def plan(
    project: Project, index: Index, refreshed: Refreshed, keep: Keep, named: Collection[str] | None = None
) -> CleaningPlan:
    """Determine what results there are, and which may be removed: by the settings, or those of the runs `named`.

    Writes nothing. Raises InputInvalid if a record, a document or a text cannot be read, so that it is not known what
    it needs.
    """
    if unreadable := index.unreadable():
        raise InputInvalid(unreadable[0], hint="what it needs is not known, so correct or remove that file first")
    if path := in_git.left_out(project.location, STATE):
        hint = "what it needs is not known, so check out everything first: git sparse-checkout disable"
        raise InputInvalid(f"{path} is not checked out", hint=hint)
    known = KnownRuns.of(project, index, refreshed)
    storages = dict(index.storages())
    stored = _stored(project, known, storages)
    ruled = kept_by(keep, (one.run for one in stored), project.clock.now())
    if named is not None:
        ruled = {one.run.id: "was not named" for one in stored if one.run.id not in named}
    places = Places(project, {one.run.id: storages[one.run.id] for one in stored})
    needed = _held(project, refreshed, known, stored, places)
    found = _provable(project, index, stored, {*needed, *ruled})
    needed |= found.why
    needed |= _read_by_others(index, known, stored, places, {*needed, *ruled})
    stored = [_judged(one, needed, ruled) for one in stored]
    leaving = [Leaving(one.run, one.record, found.results[one.run.id], one.bytes) for one in stored if not one.kept]
    return CleaningPlan(keep, tuple(stored), tuple(leaving))


def _judged(one: Stored, needed: Mapping[str, str], ruled: Mapping[str, str]) -> Stored:
    run = one.run.id
    return replace(one, kept=ruled.get(run) or needed.get(run, ""), by_rule=run in ruled)


def _stored(project: Project, known: KnownRuns, storages: Mapping[str, str]) -> list[Stored]:
    """Return the results that are here, the newest first, with their sizes."""
    proof, here = Proof(project), []
    rows = {row.id: row for row in known.index.summaries()}
    for run in reversed([*known.runs.values()]):
        row = rows.get(run.id)
        if row and os.path.lexists(project.storage_of(row)):
            folder, _ = proof.readable(row)
            here.append((run, folder or project.storage_of(row), folder is not None))
    places = Places(project, {run.id: storages[run.id] for run, _, _ in here if run.id in storages})
    found = []
    for run, folder, is_own in tracked(here, "directories of results measured"):
        # A record may name any directory, whose size is none of its business.
        size, links = measured(folder, places) if is_own else (0, frozenset())
        found.append(Stored(run, known.paths[run.id], folder, size, links - {run.id}))
    return found


def measured(folder: Path, places: Places) -> tuple[int, frozenset[str]]:
    """Return the size of the files below a folder, and the runs to whose results links in it lead."""
    total, links, stack = 0, set(), [str(folder)]
    while stack:
        with suppress(OSError), os.scandir(stack.pop()) as entries:
            for entry in entries:
                if entry.is_dir(follow_symlinks=False):
                    stack.append(entry.path)
                    continue
                total += entry.stat(follow_symlinks=False).st_size
                if entry.is_symlink():
                    links.add(places.of(entry.path))
    return total, frozenset(filter(None, links))


def _held(
    project: Project, refreshed: Refreshed, known: KnownRuns, stored: Sequence[Stored], places: Places
) -> dict[str, str]:
    """Map the runs that are not over, and those that documents, texts, definitions or links need, to the reason."""
    why: dict[str, str] = {}
    for one in stored:
        if one.run.state in State.LIVE:
            why[one.run.id] = f"it is {one.run.state}"
        elif one.record in refreshed.pending:
            why[one.run.id] = "it is to be retried"
    needed = (
        needs.of_documents(project),
        needs.of_texts(project, known),
        needs.of_definitions(project, places),
        needs.of_links(project, places),
    )
    for run, reason in chain.from_iterable(needed):
        why.setdefault(run, reason)
    return why


def _read_by_others(
    index: Index, known: KnownRuns, stored: Sequence[Stored], places: Places, staying: Collection[str]
) -> dict[str, str]:
    """Map the runs whose results other runs have read that stay, or may be repeated, to the reason."""
    read = needs.of_runs(index, places)
    for one in stored:
        if one.links:
            read[one.run.id] = read.get(one.run.id, set()) | one.links
    here = {one.run.id for one in stored}
    gone = {run.id for run in known.runs.values() if run.removed and run.id not in here}
    reading = {run: found for run, found in read.items() if run not in gone}
    stay = needed_by(here - set(staying), reading)
    return {run: f"run {reader.partition('-')[0]} has read them" for run, reader in stay.items()}


@dataclass(frozen=True, slots=True)
class _Provable:
    """The results that qanat may remove, by the ids of their runs, and why it may not remove others."""

    results: dict[str, Results] = field(default_factory=dict)
    why: dict[str, str] = field(default_factory=dict)


def _provable(project: Project, index: Index, stored: Sequence[Stored], staying: Collection[str]) -> _Provable:
    """Determine which results were made by qanat, and contain nothing else, of those that nothing keeps."""
    asked = {one.run.id: one for one in stored if one.run.id not in staying}
    rows = [row for row in index.summaries() if row.id in asked]
    found = _Provable({one.run_id: one for one in all_results(project, index, rows)})
    held = in_git.files_in(project.location, [one.folder for one in found.results.values() if one.are_removable])
    for run, results in found.results.items():
        if not results.are_removable:
            found.why[run] = results.kept or "they are gone"
        elif file := held.get(results.folder):
            found.why[run] = f"git tracks {file}"
        elif obstacle := removal.obstacle(results.folder):
            found.why[run] = obstacle
        else:
            try:
                record.check_unedited(project, asked[run].record)
            except QanatError as error:
                found.why[run] = error.message
    return found
