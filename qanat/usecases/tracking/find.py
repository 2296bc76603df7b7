"""Finding the run that a user names by a number or an id."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path, PurePath
from typing import TYPE_CHECKING, Any

from qanat.domain.intents import may_be_of
from qanat.domain.layout import group_folder
from qanat.domain.pending_retry import PendingRetry
from qanat.domain.run import Run
from qanat.domain.shortening import quoted
from qanat.errors import InputInvalid, NotFound, UsageError
from qanat.records import run_codec, storage
from qanat.records.index import Index
from qanat.system import files
from qanat.usecases.project import DEFINITION_BYTES_MAX, Project

if TYPE_CHECKING:
    from qanat.usecases.tracking.refresh import Refreshed  # which a launch starts without

_WORD = re.compile(r"([0-9]{1,9})(?:-([0-9a-f]{6}))?\Z")


@dataclass(frozen=True, slots=True)
class Found:
    """A run as it is now, where its record and its files are, and its groups that are to be retried by its policy."""

    run: Run
    record: str
    folder: Path
    retry: PendingRetry | None = None

    def as_mapping(self) -> dict[str, Any]:
        """Return the record's keys and values."""
        return run_codec.to_mapping(self.run)

    def group_folder(self, number: int) -> Path:
        """Return the directory of one of its groups."""
        return group_folder(self.folder, number, len(self.run.groups))


def find_run(
    project: Project, index: Index, refreshed: Refreshed, word: str, *, experiment: str | None = None
) -> Found:
    """Find the run with this number or id, of this experiment if given.

    Raises UsageError for a number that several runs have, with their ids; NotFound if there is none; InputInvalid
    if its record cannot be read.
    """
    match = _WORD.match(word)
    if not match:
        hint = "use a number such as 4, or an id such as 4-7f3a9c"
        if word in project.names("experiment"):
            # Names of experiments need no quotes.
            hint = f"for the runs of this experiment: qanat runs {word}; or: qanat compare --where experiment={word}"
        raise UsageError(f"{quoted(word)} is not a run number or id", hint=hint)
    meant = [r for r in index.numbered(int(match[1])) if match[2] in (None, r.uid)]
    rows = [r for r in meant if experiment is None or r.experiment in project.names_of(experiment)]
    if not rows and not meant and (problem := index.problem_of(int(match[1]), match[2])):
        raise InputInvalid(problem)
    if not rows and not meant and (hidden := index.hidden()):
        raise InputInvalid(f"run {word} was not found, and {hidden[0]}", hint="ask its owner for permission to read it")
    if not rows:
        of = f" of {experiment}" if experiment else ""
        others = " and of ".join(r.experiment for r in meant)
        hint = f"it is a run of {others}" if others else _nearest(project, index, int(match[1]), experiment)
        raise NotFound(f"run {word}{of} does not exist", hint=hint)
    if len(rows) > 1:
        ids = " and ".join(f"{r.id} of {r.experiment}" for r in rows)
        hint = "use the full id" if match[2] is None else "two records have this id: qanat validate"
        raise UsageError(f"run number {word} is ambiguous: {ids}", hint=hint)
    path = rows[0].path
    # From the index, since reading the YAML of many groups takes four times as long.
    run = refreshed.live.get(path) or run_codec.from_index(index.record(path), path)
    return Found(run, path, project.storage_of(run), refreshed.retries.get(path))


def _nearest(project: Project, index: Index, number: int, experiment: str | None) -> str:
    """Return a hint for a run that does not exist: those with the nearest numbers, and how to list all of them."""
    near = index.nearest(number, experiment)
    if not near:
        return "there are no runs yet; start one with: qanat run NAME"
    named = ", ".join(
        f"{r.number if r.number != number else r.id} of {project.names_of(r.experiment)[0]}" for r in near
    )
    listing = f"qanat runs{f' {experiment}' if experiment else ''}"
    return f"the nearest {'is' if len(near) == 1 else 'are'} {named}; list all with: {listing}"


def check_group(found: Found, number: int) -> int:
    """Return number if the run has such a group. Raises UsageError otherwise."""
    if not 0 <= number < len(found.run.groups):
        last = len(found.run.groups) - 1
        hint = f"its groups are 0 to {last}" if last else "it has only group 0"
        raise UsageError(f"run {found.run.number} has no group {number}", hint=hint)
    return number


def is_active(run: Run) -> bool:
    """Return whether a run has not ended, as far as its record can be trusted.

    No job is looked for by an intent that was made for another run, so nothing would ever end such a record.
    """
    return not run.state.ended and may_be_of(run.submission.intent, run.id)


def check_ended(found: Found, what: str) -> None:
    """Raise UsageError if a run is still active."""
    run = found.run
    if is_active(run):
        raise UsageError(
            f"run {run.number} is still {run.state}, so {what}",
            hint=f"wait until it ends, or cancel it: qanat cancel {run.number}",
        )
    check_may_end(found, what)


def check_may_end(found: Found, what: str) -> None:
    """Raise UsageError if a run has not ended and never will, since nobody looks for its jobs; see is_active()."""
    run = found.run
    if not run.state.ended and not is_active(run):
        raise UsageError(
            f"run {run.number} is {run.state} only in a record whose intent was made for another run, so {what}",
            hint=deletion_hint(run),
        )


def deletion_hint(run: Run) -> str:
    """Return what to do about a record that has the intent of another run."""
    return f"its record was copied or edited; delete it: qanat delete {run.id}"


def removal_of(run: Run) -> str:
    """Return how the results of a run that are not here were removed, as the end of a sentence; empty if none knows."""
    return f"were removed on {run.results_removed[:10]}" if run.results_removed else ""


def results_missing(found: Found, folder: Path) -> InputInvalid:
    """Return the error that the results of a run, or of one of its groups, are not where they should be."""
    if found.run.results_removed:
        return InputInvalid(
            f"the results of run {found.run.number} {removal_of(found.run)}",
            hint=f"repeat it with: qanat rerun {found.run.number}",
        )
    again = f", or repeat it with: qanat rerun {found.run.number}" if found.run.state.ended else ""
    return InputInvalid(
        f"the results of run {found.run.number} are missing: {folder}",
        hint=f"results are not in git: copy them from where the run was made{again}",
    )


def check_results(found: Found) -> None:
    """Raise InputInvalid if the results of a run are missing, or where they should be are those of another run."""
    if files.is_folder(found.folder):
        return
    missing = f"the results of run {found.run.number} are missing"
    recorded = found.folder.with_name(PurePath(found.run.storage).name)
    if recorded == found.folder or found.run.results_removed:
        raise results_missing(found, found.folder)
    raise InputInvalid(
        f"{missing}: {recorded} has those of run {storage.run_in(recorded)}",
        hint=f"if you have them elsewhere, copy them to {found.folder}",
    )


def comment_path(run: Run) -> str:
    """Return the path of a run's comment, next to its record, relative to the project's root."""
    return run_codec.path_of(run).removesuffix(".yaml") + ".md"


def read_comment(project: Project, run: Run) -> str:
    """Return a run's comment; empty if it has none. Raises InputInvalid if it cannot be read or is too large."""
    path = project.root / comment_path(run)
    return project.read(path, DEFINITION_BYTES_MAX).decode(errors="replace") if project.has_file(path) else ""
