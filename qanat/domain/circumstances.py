"""In what two runs differ besides their code: their data, their container, and the software that they found."""

from __future__ import annotations

from dataclasses import dataclass

from qanat.domain import data
from qanat.domain.container import other_container
from qanat.domain.run import Run


@dataclass(frozen=True, slots=True)
class Circumstances:
    """In what a run differs from an earlier one.

    `environments` are those of the earlier and the later run, by their hashes, and `environment_differences` how they
    differ, as far as that is known.
    """

    data: tuple[data.Difference, ...] = ()
    container: str = ""
    environments: tuple[str | None, str | None] = (None, None)
    environment_differences: tuple[str, ...] = ()

    @property
    def is_other_environment(self) -> bool:
        """Whether the programs of the runs found other software."""
        return len({*self.environments} - {None}) > 1


def differing(before: Run, now: Run) -> Circumstances:
    """Return in what a run certainly differs from an earlier one."""
    return Circumstances(
        tuple(data.data_differ(before, now)),
        other_container(before.container, now.container),
        (before.environment, now.environment),
    )
