"""The whole curves of a group, in memory, for Python callers and plots."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from contextlib import suppress
from pathlib import Path

from qanat.domain.curves import Curve
from qanat.domain.experiment import MetricSource
from qanat.domain.metric_problems import MetricProblem
from qanat.domain.run import Group
from qanat.domain.shortening import quoted
from qanat.errors import InputInvalid, NotFound
from qanat.records.measured import series_sources
from qanat.system import files
from qanat.usecases.runs.curves import GroupCurves, instead


def curves_of(
    group: Group, folder: Path, sources: Sequence[MetricSource], names: Collection[str] | None = None
) -> tuple[dict[str, Curve], list[MetricProblem]]:
    """Return the curves of a group as they are now, all or those of these names, and what is wrong with their files.

    If two files have the same name, the first counts. Raises InputInvalid if the results are gone.
    """
    if group.state.ended and not files.is_folder(folder):
        raise InputInvalid(f"{folder} does not exist", hint="the record still has what curves came to")
    read = GroupCurves(folder, sources, (lambda name: True) if names is None else names.__contains__)
    return read.whole(ended=group.state.ended), read.problems(group)


def curve_of(
    group: Group, folder: Path, sources: Sequence[MetricSource], name: str
) -> tuple[dict[str, Curve], list[MetricProblem]]:
    """Return a curve of a group by its name, and problems. Raises NotFound, with the nearest names."""
    found, problems = curves_of(group, folder, sources, {name})
    if name not in found:
        known, _ = curves_of(group, folder, sources)
        hint = instead(name, known) if known else "a program writes metrics.jsonl in its storage directory"
        raise NotFound(f"group {group.number} has no curve {quoted(name)}", hint=hint)
    return found, problems


def size_bytes(folder: Path, sources: Sequence[MetricSource]) -> int:
    """Return the size of the files of curves in the directory of a group."""
    size = 0
    for source in series_sources(sources):
        with suppress(OSError):
            size += (folder / source.file).stat().st_size
    return size
