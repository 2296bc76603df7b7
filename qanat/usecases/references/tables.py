"""The tables that references stand for: those of `qanat runs` and `qanat compare`."""

from __future__ import annotations

from collections.abc import Mapping

from qanat.domain import formats, times
from qanat.domain.condition import Condition
from qanat.domain.reference import Kind, OfRows, Reference
from qanat.domain.references import LATEX
from qanat.domain.shortening import quoted
from qanat.errors import UsageError
from qanat.usecases.references.known_runs import KnownRuns, NoneMeets
from qanat.usecases.references.values import Value
from qanat.usecases.runs import comparison_page, row_cells, rows
from qanat.usecases.runs.compare import CompareRequest, chosen_runs, compare_runs
from qanat.usecases.runs.rows import TableRequest

ROWS_MAX = 1_000


def table_of(known: KnownRuns, reference: Reference, language: str) -> Value:
    """Return the table that a reference stands for. Raises UsageError."""
    if not isinstance(reference.target, OfRows):
        raise UsageError(f"{quoted(reference.spelled)} is not a table")
    if reference.kind is Kind.COMPARE:
        return _comparison(known, reference.target.condition, reference.options, language)
    return _rows(known, reference.target.condition, reference.options, language)


def _rows(known: KnownRuns, condition: Condition, options: Mapping[str, str], language: str) -> Value:
    experiment = options.get("experiment")
    runs = [run for run in reversed([*known.runs.values()]) if experiment in (None, run.experiment)]
    if experiment is not None and not runs:
        known.project.experiment(experiment)
    request = TableRequest(
        condition,
        by_group="groups" in options,
        sort=_names(options, "sort"),
        most=int(options["top"]) if "top" in options else None,
        columns=_names(options, "columns"),
        with_titles=True,
    )
    found = rows.table_of(known.project, runs, request, known.refreshed.is_fresh)
    if not found.rows:
        raise NoneMeets(f"no {'group' if request.by_group else 'run'} meets the condition of the table")
    if len(found.rows) > ROWS_MAX:
        raise UsageError(f"the table would have {len(found.rows):,} rows", hint="add top=50, or conditions")
    page = row_cells.page(found, times.utc)
    text = formats.latex_table(*page) if language == LATEX else formats.markdown_table(*page)
    return Value(text, tuple(dict.fromkeys(row.run.id for row in found.rows)))


def _comparison(known: KnownRuns, condition: Condition, options: Mapping[str, str], language: str) -> Value:
    chosen = chosen_runs(known.project, known.index, known.refreshed, (), condition, options.get("baseline"))
    request = CompareRequest(
        group_by=options.get("group-by"),
        sort=_names(options, "sort"),
        only=_names(options, "metric"),
        pool="pool" in options,
        columns=_names(options, "columns"),
    )
    found = compare_runs(known.project, chosen, request)
    if len(found.found.rows) > ROWS_MAX:
        raise UsageError(f"the table would have {len(found.found.rows):,} rows", hint="add conditions")
    text = comparison_page.as_latex(found) if language == LATEX else comparison_page.as_markdown(found)
    return Value(text, tuple(dict.fromkeys(run for row in found.found.rows for run in row.runs)))


def _names(options: Mapping[str, str], option: str) -> list[str]:
    return [name.strip() for name in options.get(option, "").split(",") if name.strip()]
