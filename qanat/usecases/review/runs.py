"""What happened to runs between two states: new, progressed, retried, or changed although they had ended."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass, field

from qanat.domain.meanings import Sentence
from qanat.domain.run import Run
from qanat.domain.run_changes import ReplacedMetric, forbidden, is_retried, replaced_metrics
from qanat.usecases.review.files import Record, Sides

NEW, CONTINUED, RETRIED = "new", "continued", "retried"
CHANGED_AFTER_END, DELETED_AFTER_END = "changed_after_end", "deleted_after_end"
LAUNCH_CHANGED = "launch_changed"
TAGS, COMMENT, DELETED, REMOVED = "tags", "comment", "deleted", "results_removed"
# Only the base has it, and the head never had it.
ONLY_BEFORE = "only_in_base"
ANNOUNCED = "announced"


@dataclass(frozen=True, slots=True)
class RunWarning:
    """A run that was changed or deleted after it had ended, or is not the one that was launched.

    `details` say what has changed.
    """

    kind: str
    run: str
    experiment: str
    file: str
    details: tuple[Sentence, ...] = ()


@dataclass(frozen=True, slots=True)
class OtherRunChange:
    """A change of a run that is allowed but worth seeing: of its tags, its comment, its results, or its deletion."""

    kind: str
    run: str
    experiment: str
    text: str


@dataclass(frozen=True, slots=True)
class ReplacedResults:
    """The metrics of a run that had ended which have other values now."""

    run: str
    experiment: str
    metrics: tuple[ReplacedMetric, ...]


@dataclass(slots=True)
class RunChanges:
    """Runs to report with what happened to each, what to warn about, and pairs of names that runs moved between.

    `migrated` counts the records in a newer version of their schema than before, whatever else changed in them.
    """

    reported: list[tuple[Run, str]] = field(default_factory=list)
    warnings: list[RunWarning] = field(default_factory=list)
    others: list[OtherRunChange] = field(default_factory=list)
    replaced: list[ReplacedResults] = field(default_factory=list)
    moved: list[tuple[str, str]] = field(default_factory=list)
    migrated: int = 0


def classify_runs(
    sides: Sides,
    is_renamed: Callable[[str, str], bool],
    announced: Callable[[], Collection[str]] = frozenset,
    was_shared: Callable[[str], bool] = lambda path: True,
) -> RunChanges:
    """Determine what happened to every run whose record differs.

    `is_renamed` says whether one experiment is now called as another name says, so that records may move to it.
    `announced` returns the ids of the runs whose deletion a commit message announces; it is only called if one is gone.
    `was_shared` says whether the newest commit that both sides have has a record.
    """
    found = RunChanges()
    for path, old, new in _pairs(sides):
        if old is None and new is not None:
            found.reported.append((new.run, NEW))
        elif old is not None and new is not None:
            _changed(found, path, old, new, is_renamed)
        elif old is not None:
            is_broken = path in sides.new_records
            if is_broken or was_shared(path):
                _gone(found, path, old.run, announced, broken=is_broken)
            else:
                found.others.append(OtherRunChange(ONLY_BEFORE, old.run.id, old.run.experiment, ""))
    found.others += _comments(sides)
    return found


def _pairs(sides: Sides) -> Iterator[tuple[str, Record | None, Record | None]]:
    """Match the records of both sides by path or, if a run moved to another experiment's name, by id."""
    paths = dict.fromkeys((*sides.old_records, *sides.new_records))
    come = {r.run.id: path for path, r in sides.new_records.items() if r and path not in sides.old_records}
    taken = set()
    for path in paths:
        old, new = sides.old_records.get(path), sides.new_records.get(path)
        moved_to = come.get(old.run.id) if old and path not in sides.new_records else None
        if moved_to is not None and moved_to not in taken:
            taken.add(moved_to)
            yield moved_to, old, sides.new_records[moved_to]
        elif old is not None:
            yield path, old, new
        elif path in sides.old_records and new is not None:
            # The earlier record is broken, so it is unknown whether the run had ended.
            yield path, None, new
    for path, new in sides.new_records.items():
        if path not in sides.old_records and path not in taken:
            yield path, None, new


def _changed(found: RunChanges, path: str, old: Record, new: Record, is_renamed: Callable[[str, str], bool]) -> None:
    run = new.run
    found.migrated += new.version > old.version
    if repr(old.content) == repr(new.content):
        return
    moved = old.run.experiment != run.experiment and is_renamed(old.run.experiment, run.experiment)
    if moved:
        found.moved.append((old.run.experiment, run.experiment))
    ended = old.run.state.ended
    if wrong := forbidden(old.content, new.content, moved=moved):
        kind = CHANGED_AFTER_END if ended else LAUNCH_CHANGED
        found.warnings.append(RunWarning(kind, run.id, run.experiment, path, tuple(wrong)))
    if metrics := replaced_metrics(old.run, run):
        found.replaced.append(ReplacedResults(run.id, run.experiment, tuple(metrics)))
    if not ended:
        found.reported.append((run, CONTINUED))
    elif is_retried(old.run, run):
        found.reported.append((run, RETRIED))
    if come := [tag for tag in run.tags if tag not in old.run.tags]:
        found.others.append(OtherRunChange(TAGS, run.id, run.experiment, ", ".join(come)))
    if run.results_removed and run.results_removed != old.run.results_removed:
        found.others.append(OtherRunChange(REMOVED, run.id, run.experiment, run.results_removed))


def _gone(found: RunChanges, path: str, run: Run, announced: Callable[[], Collection[str]], *, broken: bool) -> None:
    if not broken and run.id in announced():
        found.others.append(OtherRunChange(DELETED, run.id, run.experiment, ANNOUNCED))
        return
    if not run.state.ended:
        if not broken:
            found.others.append(OtherRunChange(DELETED, run.id, run.experiment, "had not ended"))
        return
    details: tuple[Sentence, ...] = (("its record can no longer be read",),) if broken else ()
    kind = CHANGED_AFTER_END if broken else DELETED_AFTER_END
    found.warnings.append(RunWarning(kind, run.id, run.experiment, path, details))


def _comments(sides: Sides) -> Iterator[OtherRunChange]:
    """Yield the comments that were added, removed or changed, except those of runs that are new or deleted."""
    for path, (before, after) in sides.comments.items():
        record = f"{path.removesuffix('.md')}.yaml"
        if (record in sides.new_records) != (record in sides.old_records):
            continue
        what = "changed" if before and after else "written" if after else "removed"
        *_, experiment, _, name = path.split("/")
        yield OtherRunChange(COMMENT, name.removesuffix(".md"), experiment, what)
