"""Updating records: what happened to runs that no qanat watches, and what is not committed yet."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Mapping, Sequence
from contextlib import nullcontext
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from qanat.domain import time_limits
from qanat.domain.intents import may_be_of
from qanat.domain.pending_retry import PendingRetry
from qanat.domain.run import Run, State
from qanat.errors import InputInvalid, NotFound, VersionTooNew, WriteFailed
from qanat.git import repository, worktree
from qanat.records import flight, run_codec, storage
from qanat.records.flight import Flight, Watcher
from qanat.records.index import Index
from qanat.system import files, folders, processes
from qanat.usecases.merging import deleted, restore, setup
from qanat.usecases.project import Project
from qanat.usecases.results.proof import Proof
from qanat.usecases.tracking import committing, edits, record, uncommitted
from qanat.usecases.tracking.last_seen import Unanswered
from qanat.usecases.tracking.settle import NOT_STARTED, owner_of, settle, with_journal

if TYPE_CHECKING:
    from qanat.domain.search import IsFresh
    from qanat.runners.protocol import Runners

# The folder of records.hearsay.
HEARSAY = "hearsay"


@dataclass(slots=True)
class Refreshed:
    """Active runs as they are now, by the path of their record; and sentences for the user.

    `unanswered` are the schedulers that did not answer, on each of which `notes` has a sentence. `retried` are the
    records of runs that have just been retried by their policy, and so are active again; `retries` has the groups that
    a later command is to retry, by the record of their run. `is_fresh` says whether a run has executed what would be
    executed now, as long as the index is open; None where that cannot be found out.
    """

    live: dict[str, Run] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)
    unanswered: list[Unanswered] = field(default_factory=list)
    retried: list[str] = field(default_factory=list)
    retries: dict[str, PendingRetry] = field(default_factory=dict)
    is_fresh: IsFresh | None = None

    @property
    def pending(self) -> set[str]:
        """The records of ended runs that a later command is to retry."""
        return self.retries.keys() - self.live.keys()

    def notes_on(self, *ids: str) -> list[str]:
        """Return the sentences for a command on the runs with these ids: its user has not asked about the others."""
        on_all = {one.note() for one in self.unanswered}
        on_these = [one.note(ids) for one in self.unanswered]
        return [*(note for note in self.notes if note not in on_all), *filter(None, on_these)]


@dataclass(slots=True)
class _Seen:
    """What one check of the runs in flight has found out."""

    recorded: list[Run] = field(default_factory=list)  # ended, according to their records
    submitted: list[Run] = field(default_factory=list)  # to be polled
    ended: dict[str, tuple[Run, Run]] = field(default_factory=dict)  # since, each as recorded and as it is now


def recorded_active_runs(project: Project) -> list[Run]:
    """List the runs that are active according to their records; nothing is polled, so some may have ended."""
    with project.index() as index:
        index.sync()
        texts = list(index.records(live=True))
    return [run_codec.from_index(text) for text in texts]


def refresh(project: Project, index: Index, runners: Runners) -> Refreshed:
    """Determine the state of every run in flight, record those that have ended, and commit what is uncommitted.

    Leaves the index up to date.
    """
    setup.set_driver_of_clone(project)
    result = Refreshed(notes=[*deleted.finish(project), *restore.bring_back(project)])
    # Among thousands of records, git looks for as long as the rest takes. What changes meanwhile is in `ended`, or
    # another command's, and a record is not committed twice.
    looking = nullcontext(list) if project.config.records_are_manual else worktree.finding_uncommitted(project.location)
    with looking as changes:
        index.sync()
        flights = {f.watcher.record: f for f in flight.all_flights(project.location.private) if _is_ours(project, f)}
        ended = _record_ended(project, index, flights, runners, result)
        healed = _uncommitted(project, result.live, changes())
    result.notes += committing.commit_records(project, [*ended, *(r for r in healed if r not in ended)])
    _forget(flights, ended)
    if ended or healed:
        index.sync()
    return result


def _record_ended(
    project: Project, index: Index, flights: dict[str, Flight], runners: Runners, result: Refreshed
) -> list[Run]:
    """Determine the state of every run in flight, and return those that have ended, recorded but not committed."""
    paths = flights.keys() | {row.path for row in index.summaries(live=True)}
    seen = _Seen()
    hidden = flight.hidden(project.location.private)
    for path in sorted(paths):
        if Path(path).stem in hidden:
            _add_as_recorded(project, path, result)
        else:
            _check_run(project, path, flights.get(path), runners, result, seen)
    _poll_runners(project, index, seen, flights, runners, result)
    _explain_order(index, result, seen)
    seen.ended |= _corrections(project)
    return [*seen.recorded, *_record(project, _with_manifests(project, seen.ended, runners, result), result)]


def _explain_order(index: Index, result: Refreshed, seen: _Seen) -> None:
    """Add why groups that come after other runs have not started."""
    if any(run.after for run in (*result.live.values(), *(run for _, run in seen.ended.values()))):
        from qanat.usecases.tracking import order_reasons  # few runs come after others

        order_reasons.explain(index, result.live, seen.ended)


def _is_ours(project: Project, seen: Flight) -> bool:
    """Return whether a journal belongs to this working tree; other worktrees take care of their own."""
    return seen.watcher.root == str(project.root)


def _add_as_recorded(project: Project, path: str, result: Refreshed) -> None:
    """Add a run that another user started, and whose journal only that user may read."""
    with contextlib.suppress(InputInvalid, NotFound):
        run = record.load_record(project, path)
        if not run.state.ended:
            result.live[path] = run


def _check_run(
    project: Project,
    path: str,
    seen: Flight | None,
    runners: Runners,
    result: Refreshed,
    found: _Seen,
) -> None:
    """Determine the state of one run."""
    try:
        run = record.load_record(project, path)
    except VersionTooNew:
        return  # its journal stays for the qanat that can read the record
    except (InputInvalid, NotFound):
        # A record that another user keeps from this one is not gone.
        if seen and not _is_watched(seen.watcher) and not files.is_hidden(project.root / path):
            flight.forget(seen)
        return
    in_process = runners.is_in_process(run.runner.name)
    # Without a journal, nobody is submitting the run: its jobs proceed by themselves.
    watched = _is_watched(seen.watcher if seen else _watcher_of(project, run)) if seen or in_process else False
    known = with_journal(run, seen)
    if not run.state.ended and not seen and not may_be_of(run.submission.intent, run.id):
        result.live[path] = run
        what = f"{path}: its intent was made for another run, so its jobs are not looked for"
        result.notes.append(f"{what}; delete it: qanat delete {run.id}")
    elif watched:
        result.live[path] = known
    elif run.state.ended:
        found.recorded += [run] if seen else []
    elif not in_process:
        found.submitted.append(run)
    else:
        settled = settle(project, run, seen, runners.local())
        if settled.state.ended:
            found.ended[path] = run, settled
            return
        result.live[path] = settled
        if owner := owner_of(project, run, seen):
            what = f"run {run.number} of {run.experiment} was started by {owner}, whose qanat is gone"
            result.notes.append(f"{what}; it is recorded when {owner} uses qanat here again")
        else:
            result.notes += _left_undone(settled)


def _left_undone(run: Run) -> list[str]:
    """Return sentences on what nobody does for an active run whose qanat process was killed."""
    killed = f"the qanat process of run {run.number} of {run.experiment} was killed"
    notes = []
    if left := sum(group.reason == NOT_STARTED for group in run.groups):
        which = f"{left:,} of its groups" if left > 1 else "one of its groups"
        notes.append(f"{killed}: {which} will not start; once the others have ended: qanat retry {run.number}")
    if limit := run.runner.options.get(time_limits.KEY):
        cancel = f"qanat cancel {run.number}"
        notes.append(f"{killed}: its time limit of {limit} is no longer enforced; to end it: {cancel}")
    return notes


def _poll_runners(
    project: Project,
    index: Index,
    seen: _Seen,
    flights: dict[str, Flight],
    runners: Runners,
    result: Refreshed,
) -> None:
    """Determine the states of submitted runs.

    Records whose submission was cut short get the jobs that were found, and are committed.
    """
    if not seen.submitted:
        return
    from qanat.usecases.tracking.poll_submitted import poll_submitted  # only for submitted runs

    known = poll_submitted(project, index, seen.submitted, runners)
    result.notes += [*known.notes, *(one.note() for one in known.unanswered)]
    result.unanswered += known.unanswered
    result.live |= {run_codec.path_of(run): run for run in known.runs if not run.state.ended}
    before = {run.id: run for run in seen.submitted}
    found = {run_codec.path_of(run): record.learning(before[run.id], run) for run in known.identified}
    identified, notes = record.change_records(project, found)
    cut_short = [r for r in seen.submitted if run_codec.path_of(r) in flights and all(g.job for g in r.groups)]
    result.notes += [*notes, *committing.commit_records(project, [*identified, *cut_short])]
    _forget(flights, [*identified, *cut_short])
    seen.ended |= {run_codec.path_of(run): (before[run.id], run) for run in known.runs if run.state.ended}


def _with_manifests(
    project: Project, found: Mapping[str, tuple[Run, Run]], runners: Runners, result: Refreshed
) -> dict[str, tuple[Run, Run]]:
    """Note what runs that have ended left."""
    if not found:
        return {}
    from qanat.usecases.tracking import manifests  # only for runs that have ended

    noted = {}
    for path, (before, now) in found.items():
        left, notes = manifests.with_manifests(project, now, runners.generated_files(now.runner.name))
        noted[path] = before, left
        result.notes += notes
    return noted


def _record(project: Project, found: Mapping[str, tuple[Run, Run]], result: Refreshed) -> list[Run]:
    """Change the records of runs that have ended, and return those that still have; they are not committed yet."""
    changes = {path: record.learning(before, now) for path, (before, now) in found.items()}
    runs, notes = record.change_records(project, changes)
    result.notes += notes
    ended = [run for run in runs if run.state.ended]
    result.notes += _note_hearsay(project, ended)
    # A record that cannot be changed does not hide how its run ended.
    recorded = {run_codec.path_of(run) for run in runs}
    result.live |= {path: now for path, (_, now) in found.items() if path not in recorded and _is_there(project, path)}
    for run in ended:
        try:
            if Proof(project).is_its_own(run):
                storage.update_info(run, folders.plain(project.storage_of(run)), project.sharing)
        except (WriteFailed, InputInvalid) as error:
            result.notes.append(error.message)
        cut_short = any(g.state is State.LOST or g.reason == NOT_STARTED for g in run.groups)
        if cut_short and run.submission.pid is not None:
            what = f"run {run.number} of {run.experiment} was interrupted: its qanat process was killed"
            result.notes.append(f"{what}; continue with: qanat retry {run.number}")
    return ended


def _corrections(project: Project) -> dict[str, tuple[Run, Run]]:
    """Return the runs whose ends a completion file tells differently now, each as recorded and as corrected."""
    if not os.path.isdir(project.location.private / HEARSAY):  # noqa: PTH112  # most projects have none
        return {}
    from qanat.usecases.tracking import hearsay

    return hearsay.corrections(project)


def _note_hearsay(project: Project, runs: Sequence[Run]) -> list[str]:
    """Note the runs of which no completion file has told the end; return sentences."""
    unwitnessed = [run for run in runs if any(group.is_hearsay for group in run.groups)]
    if not unwitnessed:
        return []
    from qanat.usecases.tracking import hearsay

    return hearsay.note(project, unwitnessed)


def _is_there(project: Project, path: str) -> bool:
    return files.is_file(project.root / path)


def _forget(flights: Mapping[str, Flight], runs: Sequence[Run]) -> None:
    for run in runs:
        if done := flights.get(run_codec.path_of(run)):
            flight.forget(done)


def _watcher_of(project: Project, run: Run) -> Watcher:
    """Return the process that was to watch a run without a journal, according to its record; 0 if that names none."""
    facts = run.submission
    start = facts.process_start or ""
    return Watcher(run.id, str(project.root), run_codec.path_of(run), run.host, facts.pid or 0, start)


def _is_watched(watcher: Watcher) -> bool:
    """Return whether the watching qanat may be alive; a process on another machine always may."""
    return watcher.host != os.uname().nodename or processes.is_alive(watcher.pid, watcher.process_start)


def _uncommitted(project: Project, live: dict[str, Run], changes: Sequence[worktree.Change]) -> list[Run]:
    """List ended runs whose record HEAD lacks, or has from before they ended; where records wait, note them."""
    if project.config.records_wait:
        uncommitted.note(project, changes)
        return []
    found = []
    for change in changes:
        if change.path in live or "D" in change.letters or change.in_conflict:
            continue
        try:
            run = record.load_record(project, change.path)
        except (InputInvalid, NotFound):
            continue
        if run.state.ended and run_codec.path_of(run) == change.path and _is_newer_than_head(project, change):
            found.append(run)
    return found


def _is_newer_than_head(project: Project, change: worktree.Change) -> bool:
    """Return whether HEAD has no such record, or one of an active run, or an ended one that qanat has changed since."""
    if change.letters == "??" or edits.is_own(project, change.path, files.read(project.root / change.path)):
        return True
    committed = repository.read_at(repository.open_repository(project.location), "HEAD", change.path)
    return committed is None or not committing.has_ended(committed, change.path)
