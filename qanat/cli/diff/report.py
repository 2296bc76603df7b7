"""The report of `qanat diff` as blocks, which text.py and markdown.py render."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from qanat.cli.diff import baselines_report, definitions_report, problems_report, runs_report
from qanat.cli.diff.blocks import Block, Items, Section
from qanat.cli.diff.names import Names
from qanat.cli.terminal.output import plural
from qanat.domain.changes import CHANGED
from qanat.domain.meanings import Sentence, Verbatim
from qanat.domain.web_pages import WebPages
from qanat.usecases.review.other_code import OtherCode
from qanat.usecases.review.runs import ANNOUNCED, COMMENT, DELETED, ONLY_BEFORE, REMOVED, TAGS, OtherRunChange
from qanat.usecases.review.state import StateChanges

FILES_NAMED = 10
_OTHERS = (
    (DELETED, "run", "deleted"),
    (ONLY_BEFORE, "run", "only in the base"),
    (TAGS, "run", "tagged"),
    (COMMENT, "comment", "changed"),
    (REMOVED, "run", "without results now"),
)


@dataclass(frozen=True, slots=True)
class Report:
    """A title, a summary, and everything else in order of importance."""

    title: Sentence
    summary: Sentence
    blocks: tuple[Block, ...]


def report(found: StateChanges, findings: Sequence[str] = (), pages: WebPages | None = None) -> Report:
    """Return the report on a comparison: what is wrong, with what checks have found, what changed, what came out.

    With `pages`, runs and commits have links.
    """
    names = Names(found, pages)
    blocks = [
        *problems_report.blocks(found, findings, names),
        *_stale(found, names),
        *_other_code(found, names),
        *definitions_report.sections(found),
    ]
    blocks += [runs_report.section(runs, found, names) for runs in found.experiments]
    blocks += [*_others(found, names), *_notes(found)]
    return Report(_title(found, names), _summary(found), tuple(blocks))


def _title(found: StateChanges, names: Names) -> Sentence:
    span = found.range
    base = _base(found, names)
    head = _state(span.head_revision, names, span.head) if span.head else ("the working tree",)
    return ("From ", *base, " to ", *head, *names.comparison())


def _base(found: StateChanges, names: Names) -> Sentence:
    """Return how the base is called; a branch that has gone on since is not the base itself."""
    span = found.range
    if span.base is None:
        return ("nothing",)
    if span.is_since_shared:
        return (names.commit(span.base), ", the merge base with ", Verbatim(span.base_revision), ",")
    return _state(span.base_revision, names, span.base)


def _state(revision: str, names: Names, commit: str) -> Sentence:
    short = names.commit(commit)
    return (short,) if commit.startswith(revision) else (Verbatim(revision), " (", short, ")")


def _summary(found: StateChanges) -> Sentence:
    counts: Counter[tuple[str, str]] = Counter()
    for change in found.definitions:
        several = len(change.keys) if change.definition.kind == "config" and change.change == CHANGED else 1
        counts[change.definition.kind, change.change] += several
    said = [f"{plural(n, definitions_report.SINGULAR[kind])} {how}" for (kind, how), n in counts.items()]
    if found.stale:
        said.append(f"{plural(len(found.stale), 'experiment')} changed without new runs")
    hows = Counter(found.how[run.id] for runs in found.experiments for run in runs.runs)
    called = {"new": "new run", "continued": "continued run", "retried": "retried run"}
    said += [_plural_run(hows[how], text) for how, text in called.items() if hows[how]]
    others = Counter(change.kind for change in found.other_changes)
    said += [f"{plural(others[kind], thing)} {how}" for kind, thing, how in _OTHERS if others[kind]]
    if failing := sum(len(runs.regressions) for runs in found.experiments):
        said.append(f"{plural(failing, 'setting')} that finished before and {'fails' if failing == 1 else 'fail'} now")
    if late := sum(len(verdict.behind) for verdict in found.verdicts):
        said.append(f"{plural(late, 'setting')} behind the baseline")
    if unclear := sum(len(verdict.unclear) for verdict in found.verdicts):
        said.append(f"{plural(unclear, 'setting')} unclear beside the baseline")
    if lacking := sum(verdict.is_without_level for verdict in found.verdicts):
        said.append(f"{plural(lacking, 'baseline')} not compared")
    if found.warnings:
        said.append(plural(len(found.warnings), "warning"))
    if found.migrated:
        said.append(f"{plural(found.migrated, 'record')} migrated")
    if found.problems:
        said.append(f"{plural(len(found.problems), 'file')} skipped")
    return (", ".join(said) or "no changes to experiments, datasets, templates, settings or runs",)


def _plural_run(count: int, text: str) -> str:
    return f"{count:,} {text}" if count == 1 else f"{count:,} {text.replace('run', 'runs', 1)}"


def _stale(found: StateChanges, names: Names) -> Iterator[Block]:
    said: list[Sentence] = []
    for one in found.stale:
        newest = ("; its newest results, of ", *names.listed([one.run]), ", are of other ")
        if one.program:
            said.append(("the program of ", Verbatim(one.experiment), " changed", *newest, "code"))
        for dataset in one.datasets:
            said.append(
                ("the dataset ", Verbatim(dataset), " of ", Verbatim(one.experiment), " changed", *newest, "data")
            )
    if said:
        yield Section(("Changed without new runs",), (Items(tuple(said)),))


def _other_code(found: StateChanges, names: Names) -> Iterator[Block]:
    if found.other_code:
        head = ("the head, ", names.commit(found.range.head)) if found.range.head else ("HEAD",)
        title = ("Runs of code that differs from ", *head)
        yield Section(title, (Items(tuple(_code(code, names) for code in found.other_code)),))


def _code(code: OtherCode, names: Names) -> Sentence:
    ran = (*names.listed(code.runs), ": ", "snapshot " if code.snapshot else "commit ", names.commit(code.commit))
    if code.files is None:
        return (*ran, ", which is missing from this clone")
    if not code.files:
        return (*ran, ", with the same files")
    named = [part for file in code.files[:FILES_NAMED] for part in (", ", Verbatim(file))][1:]
    more = len(code.files) - FILES_NAMED
    return (*ran, ", which differs in ", *named, *((f" and {more:,} more",) if more > 0 else ()))


def _others(found: StateChanges, names: Names) -> Iterator[Block]:
    if found.other_changes:
        said = tuple(_other(change, names) for change in found.other_changes)
        yield Section(("Other changes to runs",), (Items(said),), folded=len(said) > 5)


def _other(change: OtherRunChange, names: Names) -> Sentence:
    run = ("run ", names.whole(change.run), " of ", Verbatim(change.experiment))
    if change.kind == TAGS:
        return (*run, " is tagged ", Verbatim(change.text))
    if change.kind == REMOVED:
        return ("the results of ", *run, f" were removed on {change.text[:10]}")
    if change.kind == ONLY_BEFORE:
        return (*run, " is only in the base")
    if change.kind == DELETED and change.text == ANNOUNCED:
        return (*run, " was deleted by qanat delete")
    if change.kind == DELETED:
        return (*run, " was deleted before it had ended")
    return (*run, f": its comment was {change.text}")


def _notes(found: StateChanges) -> Iterator[Block]:
    notes: list[Sentence] = []
    if not found.base_has_state:
        notes.append(("The base is not a qanat project, so everything is new.",))
    if not found.head_has_state:
        notes.append(("The head is not a qanat project, so everything is removed.",))
    if found.range.is_parted:
        command = f"qanat diff {found.range.base_revision}...{found.range.head_revision or 'HEAD'}"
        said = ("Each side has commits that the other lacks; ", Verbatim(command), " compares with their merge base.")
        notes.append(said)
    if found.left_out:
        verb = "was" if found.left_out == 1 else "were"
        notes.append((f"{plural(found.left_out, 'earlier record')} {verb} not compared, since there are too many.",))
    if found.hidden_groups:
        verb = "is" if found.hidden_groups == 1 else "are"
        notes.append((f"{plural(found.hidden_groups, 'new group')} that the condition excludes {verb} not shown.",))
    notes += baselines_report.notes(found)
    if notes:
        yield Items(tuple(notes))
