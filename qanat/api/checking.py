"""Whether a rerun gave the same, as Python objects."""

from __future__ import annotations

from dataclasses import dataclass

from qanat.api.runs import Run
from qanat.domain.reproduction import FileVerdict, ValueVerdict


@dataclass(frozen=True, slots=True, repr=False)
class Check:
    """How a rerun compares with the run that it repeats.

    It is `identical` if nothing differs, not even within the tolerance, and `equal` if nothing does beyond it. `files`
    and `values` (metrics, and how groups ended) have a `verdict` each: identical, equal (within the tolerance),
    different, missing or unreadable. `notes` say what could not be compared, and `causes` what else differs, or is
    unknown, if something does.
    """

    first: Run
    run: Run
    identical: bool
    equal: bool
    files: tuple[FileVerdict, ...]
    values: tuple[ValueVerdict, ...]
    notes: tuple[str, ...]
    causes: tuple[str, ...]

    def __repr__(self) -> str:
        return f"<Check: runs {self.first.id} and {self.run.id} are {'' if self.identical else 'not '}identical>"
