"""Where a run works: in the project itself, or in a checkout of its commit."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from qanat.domain import job
from qanat.domain.data_paths import located
from qanat.domain.shipment import STORAGE, Shipment, in_sandbox
from qanat.usecases.project import Project


@dataclass(frozen=True, slots=True)
class Workplace:
    """Where a run works: `folder` is the program's working directory, `datasets` map names to absolute paths or URLs.

    `inputs` are paths relative to the root, named in the arguments, that a checkout has as links into the project.
    `shipment` is what jobs get that do not see this place.
    """

    folder: Path
    datasets: dict[str, str]
    inputs: tuple[str, ...] = ()
    shipment: Shipment | None = None

    def command(
        self, program: Sequence[str], args: Sequence[str], storage: Path, parameters_file: Path | None
    ) -> tuple[str, ...]:
        """Return the command line of a group that works here, or in a folder of its own if what it needs is shipped."""
        if self.shipment is None:
            return job.command(program, args, storage, list(self.datasets.values()), parameters_file)
        kept = Path(in_sandbox(str(parameters_file))) if parameters_file else None
        return job.command(program, args, STORAGE, list(self.shipment.datasets.values()), kept)


def in_project(project: Project, datasets: Mapping[str, str]) -> Workplace:
    """Return the project itself as the place to work."""
    return Workplace(project.root, {name: located(project.root, path) for name, path in datasets.items()})
