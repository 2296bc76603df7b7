"""The whole curves of a group, in memory: what Python callers ask for."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from pathlib import Path

from qanat.domain.curves import Curve, collected
from qanat.domain.experiment import MetricSource
from qanat.domain.names import nearest
from qanat.domain.run import Group
from qanat.domain.shortening import quoted
from qanat.errors import InputInvalid, NotFound
from qanat.records.measured import series_sources
from qanat.records.series import SeriesReader
from qanat.system import files


def curves_of(
    group: Group, folder: Path, sources: Sequence[MetricSource], names: Collection[str] | None = None
) -> tuple[dict[str, Curve], list[str]]:
    """Return the curves of a group as they are now, all or those of these names, and sentences on what was left out.

    If two files have the same name, the first counts. Raises InputInvalid if the results are gone.
    """
    if group.state.ended and not files.is_folder(folder):
        raise InputInvalid(f"{folder} does not exist", hint="the record still has what curves came to")
    found: dict[str, Curve] = {}
    problems = []
    for source in series_sources(sources):
        reader = SeriesReader(folder, source.file, source.keys)
        found = {**collected(reader.read_new(ended=group.state.ended), names), **found}
        problems += [f"{reader.path}: {problem}" for problem in reader.problems()]
    return found, problems


def curve_of(
    group: Group, folder: Path, sources: Sequence[MetricSource], name: str
) -> tuple[dict[str, Curve], list[str]]:
    """Return a curve of a group by its name, and sentences. Raises NotFound, with the nearest names."""
    found, problems = curves_of(group, folder, sources, {name})
    if name not in found:
        known, _ = curves_of(group, folder, sources)
        close = " or ".join(map(quoted, nearest(name, known) or list(known)[:3]))
        hint = f"did you mean {close}?" if close else "a program writes metrics.jsonl in its storage directory"
        raise NotFound(f"group {group.number} has no curve {quoted(name)}", hint=hint)
    return found, problems
