"""Merging two versions of a run's record, or of a definition, that have a common ancestor.

Two clones may both have updated the record of a run. The merge combines what each of them knows: of every
group the later attempt, and of one attempt the state with more evidence. The result does not depend on which
side is called ours.
"""

from __future__ import annotations

import contextlib
from collections.abc import Mapping, Sequence
from dataclasses import fields, replace
from typing import Any

from qanat.domain.attempts import combine
from qanat.domain.run import Code, Group, Run, State, SubmissionFacts

# What has a rule of its own in merge_runs(). All other fields identify a launch, and no command changes them.
_CHANGING = frozenset({"description", "tags", "code", "runner", "submission", "groups", "results_removed"})
_FIXED = tuple(field.name for field in fields(Run) if field.name not in _CHANGING)
_GOING = (State.QUEUED, State.HELD, State.RUNNING)
_ABSENT = object()


class CannotMerge(Exception):
    """Both sides changed the same thing differently, and neither version has more evidence."""


def merge_runs(base: Run | None, ours: Run, theirs: Run) -> Run:
    """Merge two versions of a run; `base` is their common ancestor, None if there is none.

    Raises CannotMerge when they are not the same run with the same groups.
    """
    versions = (base, ours, theirs)
    if [(g.number, g.args) for g in ours.groups] != [(g.number, g.args) for g in theirs.groups]:
        raise CannotMerge
    fixed = {name: _choose(*(_attribute(run, name) for run in versions)) for name in _FIXED}
    before = {g.number: g for g in base.groups} if base else {}
    pairs = zip(ours.groups, theirs.groups, strict=True)
    groups = tuple(merge_groups(before.get(our.number), our, their) for our, their in pairs)
    source, submission = _launch(base, ours, theirs, groups)
    return replace(
        ours,
        **fixed,
        description=_merge_texts(base.description if base else "", ours.description, theirs.description),
        tags=merge_tags(base.tags if base else (), ours.tags, theirs.tags),
        code=_merge_code(*versions),
        runner=source.runner,
        submission=submission,
        groups=groups,
        results_removed=_merge_removals(versions, groups),
    )


def merge_groups(base: Group | None, ours: Group, theirs: Group) -> Group:
    """Merge two versions of a group: the side that changed it, or of two changes the one with more evidence."""
    with contextlib.suppress(CannotMerge):
        group: Group = _choose(base, ours, theirs)
        return group
    less, more = sorted((ours, theirs), key=_evidence)
    more = replace(more, earlier=combine(more.attempt, less.earlier, more.earlier))
    if less.attempt != more.attempt or (less.job and more.job and less.job != more.job):
        return more
    return replace(
        more,
        job=more.job or less.job,
        started=more.started or less.started,
        host=more.host or less.host,
        machine=more.machine or less.machine,
        used=more.used or less.used,
        metrics={**less.metrics, **more.metrics},
        curves={**less.curves, **more.curves},
        curve_files={**less.curve_files, **more.curve_files},
        outputs=more.outputs or less.outputs,
    )


def _evidence(group: Group) -> tuple[Any, ...]:
    """Rank a version of a group: later attempts first, ends over active states, witnessed ends over lost ones."""
    return (
        group.attempt,
        group.state.ended,
        group.state is not State.LOST,
        group.source is None,  # a completion file counts more than what the scheduler says
        group.exit_code is not None or group.signal is not None,
        group.state is not State.FAILED,  # the user who cancelled it knows why it failed
        _GOING.index(group.state) if group.state in _GOING else 0,
        group.ended or "",
        group.started or "",
        len(group.metrics) + len(group.curves),
        group.job or "",
        repr(group),  # arbitrary, but the same for both sides
    )


def _launch(base: Run | None, ours: Run, theirs: Run, groups: Sequence[Group]) -> tuple[Run, SubmissionFacts]:
    """Choose the version whose submission identifies the jobs that are still active; return it and that submission.

    Two versions with the same intent describe one submission, of which each side may know a part.
    """
    sides = (ours, theirs)
    launches = {id(run): repr((run.runner, run.submission)) for run in (*sides, *([base] if base else []))}
    if base and launches[id(base)] in (launches[id(ours)], launches[id(theirs)]):
        changed = theirs if launches[id(ours)] == launches[id(base)] else ours
        return changed, changed.submission
    active = [(g.number, g.attempt, g.job) for g in groups if not g.state.ended]

    def weight(run: Run) -> tuple[Any, ...]:
        own = {(g.number, g.attempt, g.job) for g in run.groups if not g.state.ended}
        attempts = sum(g.attempt for g in run.groups)
        return (
            len(own.intersection(active)),
            attempts,
            _known_facts(run.submission),
            run.ended or "",
            launches[id(run)],
        )

    less, more = sorted(sides, key=weight)
    one = less.submission.intent == more.submission.intent
    return more, _merge_facts(less.submission, more.submission) if one else more.submission


def _known_facts(facts: SubmissionFacts) -> int:
    """Count what a record knows about a submission."""
    return sum(getattr(facts, f.name) not in (None, (), {}) for f in fields(facts)) + len(facts.details)


def _merge_facts(less: SubmissionFacts, more: SubmissionFacts) -> SubmissionFacts:
    """Return the second facts, completed with what only the first knows about the same submission."""
    missing = [f.name for f in fields(more) if getattr(more, f.name) in (None, (), {})]
    known = {name: getattr(less, name) for name in missing}
    return replace(more, **(known | {"details": {**less.details, **more.details}}))


def _merge_removals(versions: Sequence[Run | None], groups: Sequence[Group]) -> str | None:
    """Return when results were last removed; None if a group has been started again since, or waits for that."""
    known = [_attribute(run, "results_removed") for run in versions]
    try:
        removed = _choose(*known)
    except CannotMerge:
        removed = max(filter(None, known[1:]))
    again = removed and any(not g.state.ended or (g.started or "") > removed for g in groups)
    return None if again else removed


def _merge_code(base: Run | None, ours: Run, theirs: Run) -> Code:
    """Merge the code that ran; if either side saw that files changed meanwhile, so does the result."""
    with contextlib.suppress(CannotMerge):
        return _choose_code(_attribute(base, "code"), ours.code, theirs.code)
    plain = (replace(run.code, changed_while_running=None) if run else _ABSENT for run in (base, ours, theirs))
    changed = bool(ours.code.changed_while_running or theirs.code.changed_while_running)
    return replace(_choose_code(*plain), changed_while_running=changed)


def _choose_code(base: Any, ours: Any, theirs: Any) -> Code:
    code: Code = _choose(base, ours, theirs)
    return code


def merge_tags(base: Sequence[str], ours: Sequence[str], theirs: Sequence[str]) -> tuple[str, ...]:
    """Return the tags of both sides, without those of the ancestor that either side removed."""
    with contextlib.suppress(CannotMerge):
        return tuple(_choose(tuple(base), tuple(ours), tuple(theirs)))
    kept = [tag for tag in base if tag in ours and tag in theirs]
    added = [[tag for tag in side if tag not in base] for side in (ours, theirs)]
    every = {tag for side in added for tag in side}
    whole = [side for side in added if set(side) == every]
    return tuple(dict.fromkeys((*kept, *(min(whole) if whole else sorted(every)))))


def _merge_texts(base: str, ours: str, theirs: str) -> str:
    """Return the text that changed; of two changes, the one that contains the other, or else both."""
    with contextlib.suppress(CannotMerge):
        text: str = _choose(base, ours, theirs)
        return text
    short, long = sorted((ours, theirs), key=lambda text: (len(text), text))
    return long if short in long else " / ".join(sorted((ours, theirs)))


def merge_values(base: Any, ours: Any, theirs: Any) -> Any:
    """Merge two versions of a value key by key, at every depth. Raises CannotMerge where both changed the same key."""
    try:
        return _choose(base, ours, theirs)
    except CannotMerge:
        if not (isinstance(ours, Mapping) and isinstance(theirs, Mapping)):
            raise
    before = base if isinstance(base, Mapping) else {}
    sides = (before, ours, theirs)
    found = {key: merge_values(*(side.get(key, _ABSENT) for side in sides)) for key in dict.fromkeys((*ours, *theirs))}
    return {key: value for key, value in found.items() if value is not _ABSENT}


def _choose(base: Any, ours: Any, theirs: Any) -> Any:
    """Return the version that changed, or either if they agree. Raises CannotMerge if both changed differently."""
    # Compared as they are written to a file: 1, 1.0 and true are equal only in Python.
    before, our, their = map(repr, (base, ours, theirs))
    if their in (our, before):
        return ours
    if our == before:
        return theirs
    raise CannotMerge


def _attribute(run: Run | None, name: str) -> Any:
    return _ABSENT if run is None else getattr(run, name)
