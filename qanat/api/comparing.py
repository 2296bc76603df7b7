"""Comparisons of runs as Python objects."""

from __future__ import annotations

import warnings
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, overload

from qanat.api.opened import Opened
from qanat.domain import condition
from qanat.domain.parameters import plain_names
from qanat.domain.statistics import Difference, Statistic
from qanat.usecases import packages
from qanat.usecases.launch.looking import refreshed
from qanat.usecases.runs import compare, comparison_cells, comparison_notes, comparison_values
from qanat.usecases.runs.compare import Compared, CompareRequest
from qanat.usecases.runs.experiments import unreadable

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True, slots=True)
class ComparedRow:
    """Groups that differ only in the seed: the ids of their runs, and the mean and spread of each metric.

    `n` is the number of groups, and `unfinished` of those that did not finish and are left out.
    Parameters are those in which rows may differ; an option without a value is empty.
    `differences` to the row of the baseline, and the `verdicts` on them, are empty without one.
    """

    experiment: str
    runs: tuple[str, ...]
    commit: str
    n: int
    unfinished: int
    seeds: tuple[str | None, ...]
    parameters: Mapping[str, str]
    metrics: Mapping[str, Statistic]
    is_baseline: bool
    differences: Mapping[str, Difference]
    verdicts: Mapping[str, str]


class Comparison(Sequence[ComparedRow]):
    """The rows of a comparison."""

    def __init__(self, compared: Compared) -> None:
        self._compared = compared
        self._rows = list(_rows(compared))

    def __repr__(self) -> str:
        metrics = ", ".join(self._compared.found.metrics)
        return f"<Comparison: {len(self)} row{'' if len(self) == 1 else 's'} of {metrics or 'no metrics'}>"

    def _repr_html_(self) -> str:
        from qanat.api.html import plain_table  # only for notebooks

        columns = comparison_cells.columns_of(self._compared)
        headings = comparison_cells.headings(self._compared, columns)
        return plain_table(headings, comparison_cells.cells(self._compared, columns, " *"))

    def __len__(self) -> int:
        return len(self._rows)

    def __iter__(self) -> Iterator[ComparedRow]:
        return iter(self._rows)

    @overload
    def __getitem__(self, index: int) -> ComparedRow: ...

    @overload
    def __getitem__(self, index: slice) -> list[ComparedRow]: ...

    def __getitem__(self, index: int | slice) -> ComparedRow | list[ComparedRow]:
        return self._rows[index]

    def to_pandas(self) -> pd.DataFrame:
        """Return a data frame with the columns of `qanat compare --csv`.

        Raises PackageMissing if pandas is not installed.
        """
        try:
            import pandas as pd  # only needed here
        except ImportError:
            raise packages.missing("to_pandas() requires", "pandas") from None
        headings, rows = comparison_values.flat_table(self._compared)
        return pd.DataFrame([[None if value == "" else value for value in row] for row in rows], columns=headings)


def _rows(compared: Compared) -> Iterator[ComparedRow]:
    found = compared.found
    plain = plain_names(name for row in found.rows for name in row.parameters)
    for place, row in enumerate(found.rows):
        against = compared.against.get(place)
        differences = against.differences if against else {}
        seeds = found.seeds.get(row.experiment, ())
        yield ComparedRow(
            experiment=row.experiment,
            runs=row.runs,
            commit=row.commit,
            n=row.groups,
            unfinished=len(row.unfinished),
            seeds=row.seeds,
            parameters={plain[name]: value for name, value in row.parameters.items() if name not in seeds},
            metrics=row.metrics,
            is_baseline=compared.is_baseline(place),
            differences=differences,
            verdicts=compared.verdicts(place),
        )


def compare_runs(
    opened: Opened, names: Sequence[str], where: Sequence[str], baseline: str | None, request: CompareRequest
) -> Comparison:
    """Compare runs, with a warning for each note and warning of `qanat compare`."""
    wanted = condition.parse_all(where)
    with refreshed(opened.project, opened.runners) as (index, result):
        chosen = compare.chosen_runs(opened.project, index, result, names, wanted, baseline)
    compared = compare.compare_runs(opened.project, chosen, request)
    problems = unreadable(opened.project, (run.experiment for run in chosen.runs))
    for note in [*problems, *comparison_notes.notes(compared, chosen, names)]:
        warnings.warn(note, stacklevel=3)  # the caller of Project.compare()
    return Comparison(compared)
