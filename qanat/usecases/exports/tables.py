"""Runs as two CSV files: a line for each group, and a line for each value of a curve."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

from qanat.domain.curves import plain_step
from qanat.domain.facts import RunFacts, facts_of, rows_of
from qanat.domain.formats import inert
from qanat.domain.run_columns import all_columns, chosen_columns
from qanat.usecases.exports import targets
from qanat.usecases.exports.request import Exported, ExportRequest
from qanat.usecases.exports.selection import ExportedRun, Selection
from qanat.usecases.runs.plain_rows import as_csv
from qanat.usecases.runs.rows import Table, names_of

HEADINGS = ("run", "experiment", "group", "curve", "step", "value")
# Facts that tables on a terminal do not have unless they are named.
MORE = ("key", "used.cpu_time", "used.memory", "used.gpu_memory", "used.gpu_percent")


def export(selection: Selection, request: ExportRequest, output: Path) -> Exported:
    """Write the groups to a file, and their curves to another one beside it."""
    curves = output.with_name(f"{output.stem}.curves{output.suffix or '.csv'}")
    for path in (output, curves):
        targets.check(selection.project, path, force=request.force)
    done = Exported(request.format, str(output), paths=[output, curves])
    facts: list[RunFacts] = []
    with targets.new_file(output) as table, targets.new_file(curves) as file:
        _write(file, [HEADINGS])
        for one in selection.runs(done):
            facts.append(facts_of(one.run))
            for group in selection.groups(one.run):
                _write(file, _curve_rows(one, group.number))
                one.check(one.results.of(group.number))
        table.write(f"{_table(facts)}\n".encode("utf-8", "backslashreplace"))
        done.bytes = table.tell() + file.tell()
    done.files = len(done.paths)
    return done


def _table(facts: list[RunFacts]) -> str:
    rows, names = rows_of(facts, by_group=True), names_of(facts)
    columns = [*all_columns(names, by_group=True), *chosen_columns(MORE, names)]
    return as_csv(Table(rows, len(rows), True, columns, columns, columns))


def _curve_rows(one: ExportedRun, number: int) -> Iterator[tuple[object, ...]]:
    for row in one.curves(number):
        step = plain_step(row.step)
        for name, value in row.values.items():
            yield one.run.id, one.run.experiment, number, inert(name), step, str(value)


def _write(file: BinaryIO, rows: object) -> None:
    """Write rows block by block, so that few of them are in memory."""
    text = io.TextIOWrapper(file, "utf-8", "backslashreplace", newline="", write_through=False)
    csv.writer(text, lineterminator="\n").writerows(rows)  # type: ignore[arg-type]
    text.detach()
