"""Why a rerun may differ from the run that it repeats: what is known of both, from the code to the machines."""

from __future__ import annotations

import shlex
from collections.abc import Callable, Iterator

from qanat.domain.container import other_container, other_settings
from qanat.domain.data import data_differ, is_same
from qanat.domain.environment import listed
from qanat.domain.layout import STATE
from qanat.domain.run import Run
from qanat.errors import QanatError
from qanat.git import repository
from qanat.git.trees import Trees
from qanat.usecases.environment import recorded
from qanat.usecases.project import Project

NAMED_MAX = 5


def causes(project: Project, first: Run, again: Run) -> list[str]:
    """List what differs between what two runs had, and what of it is not known, each as a sentence with its subject."""
    return [
        *_code(project, first, again),
        *_data(first, again),
        *_machines(project, first, again),
        *_container(first, again),
        *_environments(project, first, again),
    ]


def _code(project: Project, first: Run, again: Run) -> Iterator[str]:
    yield f"code: {_how_code_differs(project, first, again)}"
    if first.command != again.command:
        yield f"command: {shlex.join(again.command)}, was {shlex.join(first.command)}"
    if first.code.changed_while_running:
        yield f"code: files changed while run {first.number} was running"
    if untracked := [name for name in first.code.untracked if not name.startswith(f"{STATE}/")]:
        yield f"code: untracked files lay beside that of run {first.number}: {_listed(untracked)}"


def _how_code_differs(project: Project, first: Run, again: Run) -> str:
    if first.code.tree == again.code.tree:
        return "the same"
    trees = Trees(project.location, repository.open_repository(project.location))
    names = trees.differing_code(first.code.commit, again.code.commit)
    if names is None:
        is_same = first.key.code is not None and first.key.code == again.key.code
        return "the same" if is_same else "another commit"
    is_code = _code_of(project, again)
    own = [name for name in names if is_code(name)]
    # Files outside the paths to which the experiment narrows its code may still be the cause.
    outside = [name for name in names if name not in own and not name.startswith(f"{STATE}/")]
    found = f"{_differ(own)}: {_listed(own)}" if own else "the same"
    return f"{found}; {_differ(outside)} outside its paths: {_listed(outside)}" if outside else found


def _code_of(project: Project, run: Run) -> Callable[[str], bool]:
    """Return what says whether a file is part of the code of a run, as its experiment is defined now."""
    try:
        return project.experiment(run.experiment).has_code
    except QanatError:
        return lambda path: not path.startswith(f"{STATE}/")


def _data(first: Run, again: Run) -> Iterator[str]:
    differences = data_differ(first, again)
    yield from (f"data: {difference}" for difference in differences)
    before = {(state.is_input, state.name): state for state in first.data}
    same = [
        state.name for state in again.data if (old := before.get((state.is_input, state.name))) and is_same(old, state)
    ]
    if same:
        yield f"data: the same: {_listed(same)}"
    known = {*same, *(difference.name for difference in differences)}
    names = dict.fromkeys((*first.datasets, *first.submission.inputs))
    of_both = {state.name for state in first.data} & {state.name for state in again.data}
    unknown = [name for name in names if name not in known]
    if absent := [name for name in unknown if name not in of_both]:
        yield f"data: it is not recorded what was in {_listed(absent)}"
    if unclear := [name for name in unknown if name in of_both]:
        yield f"data: what is recorded does not show whether these differ: {_listed(unclear)}"


def _container(first: Run, again: Run) -> Iterator[str]:
    if first.container is None and again.container is None:
        return
    image = other_container(first.container, again.container)
    found = [*([image] if image else []), *other_settings(first.container, again.container)]
    yield f"container: {'; '.join(found) or 'the same'}"


def _environments(project: Project, first: Run, again: Run) -> Iterator[str]:
    if first.container and again.container:
        return  # the images are all that is known, and that there is
    found = recorded.differences(project, first.environment, again.environment)
    if found is None:
        yield "environment: not recorded for both runs"
    else:
        yield f"environment: {listed(found) or 'the same'}"


def _machines(project: Project, first: Run, again: Run) -> Iterator[str]:
    one, other = (sorted({group.host or run.host for group in run.groups}) for run in (first, again))
    if one != other:
        yield f"machine: {_listed(one)}, now {_listed(other)}"
    if found := recorded.machine_differences(project, first, again):
        yield f"machine: {listed(found)}"


def _differ(names: list[str]) -> str:
    return "1 file differs" if len(names) == 1 else f"{len(names):,} files differ"


def _listed(names: list[str] | tuple[str, ...]) -> str:
    more = f" and {len(names) - NAMED_MAX:,} more" if len(names) > NAMED_MAX else ""
    return ", ".join(names[:NAMED_MAX]) + more
