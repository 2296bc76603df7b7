"""The report of `qanat diff` as blocks, which text.py and markdown.py render."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from qanat.cli.diff import runs_report
from qanat.cli.diff.blocks import Block, Cell, Items, Section, Table
from qanat.cli.terminal.output import plural
from qanat.domain.changes import CHANGED, RENAMED, DefinitionChange, KeyChange, was_named
from qanat.domain.layout import CONFIG
from qanat.domain.meanings import KINDS, Sentence, Verbatim, shown
from qanat.usecases.review.files import BASE
from qanat.usecases.review.runs import (
    ANNOUNCED,
    DELETED,
    DELETED_AFTER_END,
    LAUNCH_CHANGED,
    TAGS,
    OtherRunChange,
    RunWarning,
)
from qanat.usecases.review.state import OtherCode, StateChanges

FILES_NAMED = 10
DETAILS_SHOWN = 5
METRICS_SHOWN = 30
_SINGULAR = {**{kind: kind for kind in KINDS}, "config": "setting"}
_HEADERS = ("Change", "Key", "Before", "After", "What it means")


@dataclass(frozen=True, slots=True)
class Report:
    """A title, a summary, and everything else in order of importance."""

    title: Sentence
    summary: Sentence
    blocks: tuple[Block, ...]


def report(found: StateChanges, findings: Sequence[str] = ()) -> Report:
    """Return the report on a comparison; it begins with what checks have found."""
    numbers = runs_report.Numbers(found)
    blocks = [
        *_findings(findings),
        *_warnings(found),
        *_replaced(found, numbers),
        *_problems(found),
        *_definitions(found),
    ]
    blocks += [runs_report.section(runs, found, numbers) for runs in found.experiments]
    blocks += [*_other_code(found, numbers), *_others(found), *_notes(found)]
    return Report(_title(found), _summary(found), tuple(blocks))


def _title(found: StateChanges) -> Sentence:
    span = found.range
    base = _state(span.base_revision, span.base) if span.base else ("nothing",)
    head = _state(span.head_revision, span.head) if span.head else ("the working tree",)
    return ("From ", *base, " to ", *head)


def _state(revision: str, commit: str | None) -> Sentence:
    short = str(commit)[:10]
    return (Verbatim(short),) if str(commit).startswith(revision) else (Verbatim(revision), " (", Verbatim(short), ")")


def _summary(found: StateChanges) -> Sentence:
    counts: Counter[tuple[str, str]] = Counter()
    for change in found.definitions:
        several = len(change.keys) if change.definition.kind == "config" and change.change == CHANGED else 1
        counts[change.definition.kind, change.change] += several
    said = [f"{plural(n, _SINGULAR[kind])} {how}" for (kind, how), n in counts.items()]
    hows = Counter(found.how.values())
    called = {"new": "new run", "continued": "continued run", "retried": "retried run"}
    said += [_plural_run(hows[how], text) for how, text in called.items() if hows[how]]
    if found.warnings:
        said.append(plural(len(found.warnings), "warning"))
    if found.migrated:
        said.append(f"{plural(found.migrated, 'record')} migrated")
    if found.problems:
        said.append(f"{plural(len(found.problems), 'file')} skipped")
    return (", ".join(said) or "no changes to experiments, datasets, templates, settings or runs",)


def _plural_run(count: int, text: str) -> str:
    return f"{count:,} {text}" if count == 1 else f"{count:,} {text.replace('run', 'runs', 1)}"


def _findings(findings: Sequence[str]) -> Iterator[Block]:
    if findings:
        yield Items(tuple((Verbatim(line),) for line in findings), warning=True)


def _warnings(found: StateChanges) -> Iterator[Block]:
    if found.warnings:
        yield Items(tuple(map(_warning, found.warnings)), warning=True)


def _warning(warned: RunWarning) -> Sentence:
    run = ("run ", Verbatim(warned.run), " of ", Verbatim(warned.experiment))
    if warned.kind == DELETED_AFTER_END:
        return (*run, " was deleted after it had ended")
    details = [part for sentence in warned.details[:DETAILS_SHOWN] for part in ("; ", *sentence)][1:]
    more = len(warned.details) - DETAILS_SHOWN
    what = "differs from how it was launched" if warned.kind == LAUNCH_CHANGED else "was changed after it had ended"
    return (*run, f" {what}: ", *details, *((f"; and {more:,} more",) if more > 0 else ()))


def _replaced(found: StateChanges, numbers: runs_report.Numbers) -> Iterator[Block]:
    """Yield a table of the metrics of runs that had ended which have other values now."""
    metrics = [(numbers.of(r.run), metric) for r in found.replaced for metric in r.metrics]
    if not metrics:
        return
    rows = [
        ((Verbatim(run),), (str(m.group),), (Verbatim(m.name),), _number(m.before), _number(m.after))
        for run, m in metrics[:METRICS_SHOWN]
    ]
    headers: tuple[Cell, ...] = tuple((text,) for text in ("Run", "Group", "Metric", "Before", "After"))
    blocks: list[Block] = [Table(headers, tuple(rows), flexible=(2,))]
    if (left := len(metrics) - METRICS_SHOWN) > 0:
        blocks.append(Items(((f"and {left:,} more; see --json",),)))
    yield Section(("Changed metrics of ended runs",), tuple(blocks))


def _number(value: float | None) -> Cell:
    return () if value is None else (Verbatim(shown(value)),)


def _problems(found: StateChanges) -> Iterator[Block]:
    if found.problems:
        said = [
            ((Verbatim(p.problem),) if p.side != BASE else (Verbatim(p.problem), " (before)")) for p in found.problems
        ]
        yield Section(("Skipped files",), (Items(tuple(said)),))


def _definitions(found: StateChanges) -> Iterator[Block]:
    for kind, title in KINDS.items():
        changes = [change for change in found.definitions if change.definition.kind == kind]
        if changes:
            rows = [row for change in changes for row in _rows(change, found)]
            headers: tuple[Cell, ...] = (((_SINGULAR[kind].capitalize()),), *((text,) for text in _HEADERS))
            if kind == "config":
                headers, rows = headers[2:], [row[2:] for row in rows]
            table = Table(headers, tuple(rows), flexible=(len(headers) - 1, len(headers) - 2, len(headers) - 3))
            yield Section((title.capitalize(),), (table,))


def _rows(change: DefinitionChange, found: StateChanges) -> Iterator[tuple[Cell, ...]]:
    """Return a row for each key; the first one names the definition."""
    definition = change.definition
    name = f"{definition.runner}/{definition.name}" if definition.runner else definition.name
    inside = (" in the settings",) if definition.kind == "template" and definition.file == CONFIG else ()
    begin: tuple[Cell, Cell] = ((Verbatim(name), *inside), _change(change))
    if change.change == RENAMED or not change.keys:
        yield (*begin, (), (), (), _kept_runs(change, found))
        begin = ((), ())
    for key in change.keys:
        yield (*begin, *_key_cells(key))
        begin = ((), ())


def _change(change: DefinitionChange) -> Cell:
    return ("renamed from ", Verbatim(change.renamed_from)) if change.change == RENAMED else (change.change,)


def _kept_runs(change: DefinitionChange, found: StateChanges) -> Sentence:
    if change.definition.kind != "experiment" or change.change != RENAMED:
        return ()
    to, count = found.moved.get(change.renamed_from, ("", 0))
    if to == change.definition.name:
        return (f"keeps {plural(count, 'run')}, which moved with it",)
    if was_named(change.definition, change.renamed_from):
        return ("keeps the runs that it had as ", Verbatim(change.renamed_from))
    return ("its earlier runs stay under ", Verbatim(change.renamed_from))


def _key_cells(key: KeyChange) -> tuple[Cell, Cell, Cell, Cell]:
    old, new = (((Verbatim(shown(v)),) if shown(v) else ()) for v in (key.old, key.new))
    return (Verbatim(key.key),), old, new, key.meaning


def _other_code(found: StateChanges, numbers: runs_report.Numbers) -> Iterator[Block]:
    if found.other_code:
        head = ("the head, ", Verbatim(str(found.range.tip)[:10])) if found.range.head else ("HEAD",)
        title = ("Runs of code that differs from ", *head)
        yield Section(title, (Items(tuple(_code(code, numbers) for code in found.other_code)),))


def _code(code: OtherCode, numbers: runs_report.Numbers) -> Sentence:
    ran = (*numbers.listed(code.runs), ": ", "snapshot " if code.snapshot else "commit ", Verbatim(code.commit[:10]))
    if code.files is None:
        return (*ran, ", which is missing from this clone")
    if not code.files:
        return (*ran, ", with the same files")
    named = [part for file in code.files[:FILES_NAMED] for part in (", ", Verbatim(file))][1:]
    more = len(code.files) - FILES_NAMED
    return (*ran, ", which differs in ", *named, *((f" and {more:,} more",) if more > 0 else ()))


def _others(found: StateChanges) -> Iterator[Block]:
    if found.other_changes:
        said = tuple(_other(change) for change in found.other_changes)
        yield Section(("Other changes to runs",), (Items(said),), folded=len(said) > 5)


def _other(change: OtherRunChange) -> Sentence:
    run = ("run ", Verbatim(change.run), " of ", Verbatim(change.experiment))
    if change.kind == TAGS:
        return (*run, " is tagged ", Verbatim(change.text))
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
    if found.left_out:
        notes.append((f"{plural(found.left_out, 'earlier record')} were not compared, since there are too many.",))
    if notes:
        yield Items(tuple(notes))
