"""Planning and removing: what was shown is removed as far as it may still be."""

from __future__ import annotations

from collections.abc import Sequence

from qanat.domain.keeping import Keep
from qanat.records.index import Index
from qanat.runners.protocol import Runners
from qanat.usecases.cleaning.plan import CleaningPlan, plan
from qanat.usecases.launch.looking import refreshed
from qanat.usecases.project import Project
from qanat.usecases.results import remove
from qanat.usecases.runs.removing_results import Removed, remove_results
from qanat.usecases.tracking.find import find_run
from qanat.usecases.tracking.refresh import Refreshed


def planned(project: Project, runners: Runners, keep: Keep, words: Sequence[str]) -> tuple[CleaningPlan, list[str]]:
    """Bring runs up to date, and determine what may be removed, by a rule or of these runs; return that, and sentences.

    Errors as for plan() and find_run().
    """
    with refreshed(project, runners, retries_due=False) as (index, result):
        return _planned(project, index, result, keep, words), result.notes


def clean(
    project: Project, runners: Runners, keep: Keep, words: Sequence[str], shown: CleaningPlan, removed: Removed
) -> None:
    """Remove what was shown and may still be removed, also what is left of a removal that was killed.

    What was removed is added to `removed`, also if this is interrupted; see remove_results().
    """
    remove.finish_removals(project)
    before = {one.run.id for one in shown.leaving}
    with refreshed(project, runners, retries_due=False) as (index, result):
        now = _planned(project, index, result, keep, words)
        leaving = [one for one in now.leaving if one.run.id in before]
        try:
            remove_results(project, leaving, removed)
        finally:
            storages = dict(index.storages())
            index.remember_sizes({storages[one.run.id]: 0 for one in removed.done if one.run.id in storages})


def _planned(project: Project, index: Index, result: Refreshed, keep: Keep, words: Sequence[str]) -> CleaningPlan:
    named = {find_run(project, index, result, word).run.id for word in words} if words else None
    return plan(project, index, result, keep, named)
