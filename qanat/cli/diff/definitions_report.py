"""The sections of a report on definitions and settings, key by key."""

from __future__ import annotations

from collections.abc import Iterator

from qanat.cli.diff.blocks import Block, Cell, Section, Table
from qanat.cli.terminal.output import plural
from qanat.domain.changes import RENAMED, DefinitionChange, KeyChange, was_named
from qanat.domain.layout import CONFIG
from qanat.domain.meanings import KINDS, Sentence, Verbatim, shown
from qanat.usecases.review.state import StateChanges

SINGULAR = {**{kind: kind for kind in KINDS}, "config": "setting"}
_HEADERS = ("Change", "Key", "Before", "After", "What it means")


def sections(found: StateChanges) -> Iterator[Block]:
    """Yield a section for each kind of definition that changes."""
    for kind, title in KINDS.items():
        changes = [change for change in found.definitions if change.definition.kind == kind]
        if changes:
            rows = [row for change in changes for row in _rows(change, found)]
            headers: tuple[Cell, ...] = (((SINGULAR[kind].capitalize()),), *((text,) for text in _HEADERS))
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
    if change.heirs:
        names = [part for name in change.heirs for part in (", ", Verbatim(name))][1:]
        yield (*begin, (), (), (), ("what extends it changes, too: ", *names))


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
