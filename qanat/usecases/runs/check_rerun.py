"""Checking whether a rerun has left what the first run had, as `rerun --check` does."""

from __future__ import annotations

from dataclasses import dataclass

from qanat.domain.checkpoint import left_out
from qanat.domain.reproduction import Comparison
from qanat.domain.run import Run
from qanat.errors import UsageError
from qanat.runners.protocol import Runners
from qanat.usecases.project import Project
from qanat.usecases.runs import reproduction
from qanat.usecases.runs.causes import causes
from qanat.usecases.runs.reproduction import Basis
from qanat.usecases.tracking.find import Found, check_ended


@dataclass(frozen=True, slots=True)
class Verdict:
    """How a rerun compares with the first run, and what may have caused the differences, if there are any."""

    found: Comparison
    causes: tuple[str, ...]


def check_asked(*, some_groups: bool, detach: bool, needed: bool) -> None:
    """Raise UsageError if a rerun cannot be checked."""
    if some_groups:
        raise UsageError("--check compares a whole run", hint="omit --failed and --group")
    if needed:
        raise UsageError("--check compares a whole run", hint="omit --needed")
    if detach:
        raise UsageError("--check waits for the end of the new run", hint="omit --detach")


def basis_of(found: Found, runners: Runners) -> Basis:
    """Determine what the rerun of a run will be compared with.

    Raises UsageError for an active run, and InputInvalid if there is nothing.
    """
    check_ended(found, "its outputs cannot be compared")
    return reproduction.basis_of(found, runners.generated_files(found.run.runner.name))


def verdict(project: Project, basis: Basis, again: Run, rtol: float, runners: Runners) -> Verdict:
    """Compare a rerun with what the first run left; numbers are equal up to the relative difference rtol."""
    first = basis.run
    names = (runners.generated_files(run.runner.name) | left_out(run.checkpoint) for run in (first, again))
    own = frozenset().union(*names)
    found = reproduction.compare(project, basis, again, rtol, own)
    return Verdict(found, () if found.is_identical else tuple(causes(project, first, again)))
