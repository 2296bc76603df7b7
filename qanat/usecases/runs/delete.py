"""Deleting runs and experiments: records, comments, and the results that qanat itself made."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from qanat.domain import deletions
from qanat.domain.layout import RUNS
from qanat.errors import GitRefused, InputInvalid, UsageError, WriteFailed
from qanat.git import lock, others, tracked, worktree
from qanat.git.lock import Held
from qanat.records import ledger, orders, retries, run_codec
from qanat.records.index import Index
from qanat.records.made import Notes
from qanat.usecases.definitions import define
from qanat.usecases.merging import deleted
from qanat.usecases.project import Project
from qanat.usecases.results import proof, remove
from qanat.usecases.results.proof import Results
from qanat.usecases.runs import order
from qanat.usecases.tracking import record
from qanat.usecases.tracking.find import Found, check_ended, is_active


@dataclass(frozen=True, slots=True)
class DeletionPlan:
    """What is deleted: records by the ids of their runs, results, and the file of an experiment, if any."""

    records: Mapping[str, Path]
    results: tuple[Results, ...]
    definition: Path | None = None

    @property
    def bytes(self) -> int:
        """The size of the results that will be removed."""
        return sum(one.bytes for one in self.results)

    @property
    def advice(self) -> list[str]:
        """A sentence for each directory that will be kept."""
        return [one.advice for one in self.results if one.kept]

    @property
    def files(self) -> list[Path]:
        """The records and comments of the runs, as far as they exist."""
        both = (file for path in self.records.values() for file in (path, path.with_suffix(".md")))
        return [file for file in both if file.is_symlink() or file.exists()]


@dataclass(frozen=True, slots=True)
class Deleted:
    """What was deleted.

    `commit` still has these files, by their paths from the root; None if it has none. The removal of those in `left` is
    not committed, for the reason in `note` if there is one.
    """

    commit: str | None
    paths: tuple[str, ...]
    left: tuple[str, ...] = ()
    note: str = ""

    def of_run(self, record_path: str) -> tuple[str, ...]:
        """Return the paths of a run's record and comment."""
        own = (record_path, f"{record_path.removesuffix('.yaml')}.md")
        return tuple(path for path in self.paths if path in own)


def in_short(paths: Sequence[str]) -> tuple[str, ...]:
    """Return the same paths with the files of each experiment's runs as one folder."""
    folders = (PurePosixPath(*p.parts[:3]) if p.is_relative_to(RUNS) else p for p in map(PurePosixPath, paths))
    return tuple(dict.fromkeys(map(str, folders)))


def plan_runs(project: Project, runs: Sequence[Found]) -> DeletionPlan:
    """Determine what is deleted with runs, which may still be active; writes nothing."""
    with project.index() as index:
        index.sync()
        found = proof.all_results(project, index, [one.run for one in runs])
    return DeletionPlan({one.run.id: project.root / one.record for one in runs}, tuple(found))


def plan_experiment(project: Project, index: Index, name: str, *, keep_runs: bool) -> DeletionPlan:
    """Determine what is deleted with an experiment and, unless they are kept, its runs.

    Raises UsageError if a run is active, InputInvalid (VersionTooNew) if a record cannot be read.
    """
    definition = project.paths.definition("experiment", name)
    if keep_runs:
        return DeletionPlan({}, (), definition)
    live = map(run_codec.from_index, index.records(experiment=name, live=True))
    if active := next(filter(is_active, live), None):
        raise UsageError(
            f"run {active.id} of {name} is still active",
            hint=f"wait until it ends, or cancel it: qanat cancel {active.id}",
        )
    _check_readable(project, index, name)
    rows = index.summaries(experiment=name)
    results = proof.all_results(project, index, rows)
    return DeletionPlan({row.id: project.root / row.path for row in rows}, tuple(results), definition)


def _check_readable(project: Project, index: Index, name: str) -> None:
    folders = tuple(f"{RUNS}/{one}/" for one in project.names_of(name))
    for path in index.too_new():
        if path.startswith(folders):
            record.load_record(project, path)
    above = tuple(f"{path}: " for folder in folders for path in (RUNS, folder.rstrip("/")))
    if unreadable := [*index.unreadable(name), *(one for one in index.unreadable() if one.startswith(above))]:
        raise InputInvalid(unreadable[0], hint="correct or remove that file, or keep all runs: --keep-runs")


def delete_runs(project: Project, runs: Sequence[Found]) -> tuple[DeletionPlan, Deleted]:
    """Delete the records, comments and results of ended runs, in one commit.

    Raises UsageError for an active run, NotRemoved if results hold what qanat must not remove, both before anything
    is deleted.
    """
    for found in runs:
        if is_active(found.run):
            check_ended(found, "it cannot be deleted")
        order.check_deletable(project, found.run, [one.run.id for one in runs])
        record.check_unedited(project, found.record)
    plan = plan_runs(project, runs)
    numbers = ", ".join(str(found.run.number) for found in runs)
    return plan, _carry_out(project, plan, f"qanat: run{'s' if len(runs) > 1 else ''} {numbers} deleted")


def delete_experiment(project: Project, plan: DeletionPlan, *, commit: bool) -> Deleted:
    """Delete an experiment's file with the records, comments and results of its runs.

    The removal of the records is committed, unless the project leaves that to the user, and with `commit` also that of
    the file. Raises NotRemoved as delete_runs() does.
    """
    assert plan.definition is not None  # noqa: S101  # it is an experiment's plan
    name = plan.definition.stem
    subject = f"qanat: experiment {name} deleted" if commit else f"qanat: records of {name} deleted"
    return _carry_out(project, plan, subject, commit=commit)


def _carry_out(project: Project, plan: DeletionPlan, subject: str, *, commit: bool = False) -> Deleted:
    """Delete results first, so that a failure leaves the records that name them."""
    remove.finish_removals(project)
    remove.check_removable(project, plan.results)
    definition = [plan.definition] if plan.definition and plan.definition.exists() else []
    gone = [*plan.files, *definition]
    for one in plan.results:
        remove.remove_results(project, one)
    committed = [] if project.config.records_are_manual else plan.files
    committed += definition if commit else []
    message = f"{subject}\n{deletions.lines(plan.records)}"
    is_there = tracked.at(project.location, worktree.head(project.location), committed)
    running = others.outlasting(project.location) if is_there else None
    with lock.held(project.location) as held:
        before = worktree.head(project.location)
        had = tracked.at(project.location, before, gone)
        if not worktree.operation(project.location.git_dir):  # that may be about to commit more than HEAD has
            committed = [file for file in committed if project.paths.relative(file) in had]
        with deleted.noted(held, project, committed, message) as deletion:
            for file in gone:
                project.remove(file)
            ledger.forget(project.location.private, [project.paths.relative(file) for file in gone], project.sharing)
            note = _commit(held, project, committed, message, running)
            deletion.later = bool(note)
    notes = Notes(project.location.private, project.sharing)
    for run_id in plan.records:
        notes.forget(run_id)
        retries.forget(project.location.private, run_id)
        orders.forget(project.location.private, run_id)
    done = set() if note else set(map(project.paths.relative, committed))
    return Deleted(before if had else None, tuple(had), tuple(path for path in had if path not in done), note)


def _commit(held: Held, project: Project, paths: Sequence[Path], message: str, running: str | None) -> str:
    """Commit the removal of files; return why that is not possible, or not yet."""
    if not paths:
        return ""
    if running:
        return deleted.described_later(running)
    try:
        define.commit_under(held, project, paths, message)
    except (GitRefused, WriteFailed) as error:
        is_said = error.message.startswith("done, but not committed")
        return error.message if is_said else f"the deletion was not committed: {error.message}"
    return ""
