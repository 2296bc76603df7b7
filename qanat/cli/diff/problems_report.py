"""The first part of a report: what is wrong."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from qanat.cli.diff import baselines_report
from qanat.cli.diff.blocks import Block, Cell, Items, Section, Table
from qanat.cli.diff.circumstances_report import clauses
from qanat.cli.diff.names import Names
from qanat.domain import setting
from qanat.domain.meanings import Sentence, Verbatim, shown
from qanat.domain.setting import Regression
from qanat.usecases.review.files import BASE
from qanat.usecases.review.runs import DELETED_AFTER_END, LAUNCH_CHANGED, RunWarning
from qanat.usecases.review.state import StateChanges

DETAILS_SHOWN = 5
METRICS_SHOWN = 30
REGRESSIONS_SHOWN = 30


def blocks(found: StateChanges, findings: Sequence[str], names: Names) -> Iterator[Block]:
    """Yield what checks have found, what must not happen to ended runs, and what is behind a baseline or fails now."""
    yield from _findings(findings)
    yield from _warnings(found, names)
    yield from baselines_report.blocks(found, names)
    yield from _replaced(found, names)
    yield from _problems(found)
    yield from _regressions(found, names)


def _findings(findings: Sequence[str]) -> Iterator[Block]:
    if findings:
        yield Items(tuple((Verbatim(line),) for line in findings), warning=True)


def _warnings(found: StateChanges, names: Names) -> Iterator[Block]:
    if found.warnings:
        yield Items(tuple(_warning(warned, names) for warned in found.warnings), warning=True)


def _warning(warned: RunWarning, names: Names) -> Sentence:
    run = ("run ", names.whole(warned.run), " of ", Verbatim(warned.experiment))
    if warned.kind == DELETED_AFTER_END:
        return (*run, " was deleted after it had ended")
    details = [part for sentence in warned.details[:DETAILS_SHOWN] for part in ("; ", *sentence)][1:]
    more = len(warned.details) - DETAILS_SHOWN
    what = "differs from how it was launched" if warned.kind == LAUNCH_CHANGED else "was changed after it had ended"
    return (*run, f" {what}: ", *details, *((f"; and {more:,} more",) if more > 0 else ()))


def _replaced(found: StateChanges, names: Names) -> Iterator[Block]:
    """Yield a table of the metrics of runs that had ended which have other values now."""
    metrics = [(names.run(r.run), metric) for r in found.replaced for metric in r.metrics]
    if not metrics:
        return
    rows = [
        ((run,), (str(m.group),), (Verbatim(m.name),), _number(m.before), _number(m.after))
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


def _regressions(found: StateChanges, names: Names) -> Iterator[Block]:
    """Yield a table of the settings that finished before and fail now."""
    every = [(runs.experiment, one) for runs in found.experiments for one in runs.regressions]
    if not every:
        return
    headers: tuple[Cell, ...] = tuple(
        (text,) for text in ("Experiment", "Parameters", "Failed groups", "Cause", "Fails in", "Finished in")
    )
    rows = tuple(_regression(experiment, one, names) for experiment, one in every[:REGRESSIONS_SHOWN])
    blocks: list[Block] = [Table(headers, rows, flexible=(3, 1))]
    if (left := len(every) - REGRESSIONS_SHOWN) > 0:
        blocks.append(Items(((f"and {left:,} more; see --json",),)))
    yield Section(("Finished before, fails now",), tuple(blocks))


def _regression(experiment: str, found: Regression, names: Names) -> tuple[Cell, ...]:
    parameters = setting.as_text(found.parameters)
    return (
        (Verbatim(experiment),),
        (Verbatim(parameters),) if parameters else ("(none)",),
        (f"{found.failed:,} of {found.groups:,}" if found.groups > 1 else "1",),
        (Verbatim(found.cause),) if found.cause else (),
        names.listed(found.runs),
        (*names.listed(found.before[:1]), *clauses(found.other)),
    )
