"""The curves of a report: of the newest groups, thinned, and read within a limit for all of them together."""

from __future__ import annotations

import math
from contextlib import suppress
from itertools import islice

from qanat.domain.curves import Curve, plain_step
from qanat.domain.run import Run, State
from qanat.errors import InputInvalid
from qanat.system import files
from qanat.usecases.project import Project
from qanat.usecases.runs.whole_curves import curves_of, size_bytes
from qanat.usecases.tracking.find import Found
from qanat.usecases.tracking.settle import metric_sources

GROUPS_MAX = 200
NAMES_MAX = 20
POINTS_EACH_MAX = 250
POINTS_MAX = 200_000
BYTES_MAX = 48 * 2**20

# Of a curve, its steps and its values.
Drawn = list[list[float]]


class Series:
    """Reads the curves of runs, and counts the groups of which there was no room for them."""

    def __init__(self, project: Project, times: int = 1) -> None:
        """Begin, with limits that are `times` as large as usual."""
        self._project = project
        self._left_groups, self._left_points, self._left_bytes = (
            times * GROUPS_MAX,
            times * POINTS_MAX,
            times * BYTES_MAX,
        )
        self.points_max = times * POINTS_EACH_MAX
        self.left_out = 0
        self.is_thinned = False

    def of(self, found: Found, groups: int) -> dict[int, dict[str, Drawn]]:
        """Return the curves of the first groups of a run, by the numbers of the groups and their names."""
        if not files.is_folder(found.folder):
            return {}
        drawn = {number: self._of_group(found, number) for number in range(groups)}
        return {number: curves for number, curves in drawn.items() if curves}

    def _of_group(self, found: Found, number: int) -> dict[str, Drawn]:
        folder, sources = found.group_folder(number), metric_sources(self._project, found.run)
        size = 0 if _waits(found.run, number) else size_bytes(folder, sources)
        if not size:
            return {}
        if size > self._left_bytes or not self._left_groups or self._left_points <= 0:
            self.left_out += 1
            return {}
        self._left_bytes -= size
        self._left_groups -= 1
        with suppress(InputInvalid):
            curves, _ = curves_of(found.run.groups[number], folder, sources)
            drawn = {name: self._drawn(curve) for name, curve in islice(curves.items(), NAMES_MAX)}
            self._left_points -= sum(len(values) for _, values in drawn.values())
            return {name: curve for name, curve in drawn.items() if curve[1]}
        return {}

    def _drawn(self, curve: Curve) -> Drawn:
        """Return the finite points of a curve, evenly spaced if there are too many, with the first and the last."""
        points = [point for point in zip(curve.steps, curve.values, strict=True) if math.isfinite(point[1])]
        if len(points) > self.points_max:
            self.is_thinned = True
            last = len(points) - 1
            points = [points[place * last // (self.points_max - 1)] for place in range(self.points_max)]
        return [[plain_step(step) for step, _ in points], [float(f"{value:.5g}") for _, value in points]]


def _waits(run: Run, number: int) -> bool:
    return run.groups[number].state in (State.QUEUED, State.HELD)
