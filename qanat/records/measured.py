"""What a group's program left in its storage directory: files of metrics, and files of series."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING

from qanat.domain.experiment import MetricSource
from qanat.domain.measured import CURVES_MAX, CurveSummary, Measured
from qanat.domain.metrics import METRICS_MAX
from qanat.records import storage
from qanat.system import files

if TYPE_CHECKING:
    from qanat.domain.metric_problems import MetricProblem

SERIES = (MetricSource("metrics.jsonl"), MetricSource("metrics.csv"))


def read_measured(
    folder: Path, sources: Sequence[MetricSource], *, finished: bool = False, series_bytes_max: int | None = None
) -> tuple[Measured, list[MetricProblem]]:
    """Return what a group that has ended left, and why the record does not get more.

    A group that has `finished` should have left what the experiment asks for. The last value of a curve is a metric,
    too, unless a file of metrics has one of its name. Files of series that are larger than series_bytes_max are left
    out.
    """
    plain = [source for source in sources if not is_series(source)]
    metrics, problems = storage.read_metrics(folder, plain, finished=finished)
    curves: dict[str, CurveSummary] = {}
    digests: dict[str, str] = {}
    for source in series_sources(sources):
        path = folder / source.file
        there = files.exists(path)
        if _is_larger(path, series_bytes_max) if there else not (finished and source in sources):
            continue
        from qanat.domain.metric_problems import ABSENT, MetricProblem

        what = _add(folder, source, curves, digests, asked=finished) if there else [ABSENT]
        problems += [MetricProblem(path, source.file, one) for one in what]
    last = {name: curve.last.value for name, curve in curves.items() if name not in metrics}
    metrics = dict(islice((metrics | last).items(), METRICS_MAX))
    return Measured(metrics, dict(islice(curves.items(), CURVES_MAX)), digests), problems


def _add(
    folder: Path, source: MetricSource, curves: dict[str, CurveSummary], digests: dict[str, str], *, asked: bool
) -> list[str]:
    """Add the curves of a file, and its digest; return what is wrong with it, as predicates."""
    from qanat.domain import metric_problems
    from qanat.records import series  # most programs leave none

    found = series.sum_up(folder, source.file, source.keys)
    for name, curve in found.curves.items():
        curves.setdefault(name, curve)
    if found.digest:
        digests[source.file] = found.digest
    count = len(found.curves)
    many = f"has {count:,} curves, of which the record has {CURVES_MAX}; choose them with keys in the experiment"
    missing = metric_problems.missing(source.keys if asked else (), found.names)
    return [*filter(None, (missing, many if count > CURVES_MAX else "")), *found.problems]


def series_sources(sources: Sequence[MetricSource]) -> Sequence[MetricSource]:
    """Return the sources that are files of series: those of an experiment or, if it names none, the usual ones."""
    return [source for source in sources if is_series(source)] or SERIES


def is_series(source: MetricSource) -> bool:
    """Return whether a source is a file of series, by its name."""
    return source.file.endswith((".jsonl", ".csv"))


def _is_larger(path: Path, bytes_max: int | None) -> bool:
    try:
        return bytes_max is not None and path.stat().st_size > bytes_max
    except OSError:
        return False
