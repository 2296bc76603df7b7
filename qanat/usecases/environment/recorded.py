"""What the records of runs say of their environments."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator, Sequence
from typing import Protocol, TypeVar

from qanat.domain import environment, machine
from qanat.domain.environment import Environment
from qanat.domain.machine import Machine
from qanat.errors import InputInvalid
from qanat.git import repository
from qanat.records import environments
from qanat.system import below
from qanat.usecases.project import Project

T = TypeVar("T")


class HasMachines(Protocol):
    """What a run says about its machines."""

    @property
    def machines(self) -> Sequence[str]:
        """The hashes of those that its groups ran on, each once."""


def read(project: Project, name: str | None, commits: Sequence[str] = ()) -> Environment | None:
    """Return the environment with this hash; None if it is not recorded, or its file is missing or was edited.

    Its file may also be in one of these commits.
    """
    return _read(project, "environment", name, environments.decode, commits)


def read_machine(project: Project, name: str | None) -> Machine | None:
    """Return the machine with this hash; None as for an environment."""
    return _read(project, "machine", name, environments.decode_machine)


def _read(
    project: Project, kind: str, name: str | None, decode: Callable[[bytes, str], T], commits: Sequence[str] = ()
) -> T | None:
    if name is None:
        return None
    path = environments.path_of(kind, name)
    for data in _versions(project, path, commits):
        if environments.is_intact(path, data):
            with contextlib.suppress(InputInvalid):
                return decode(data, path)
    return None


def differences(
    project: Project, before: str | None, after: str | None, commits: Sequence[str] = ()
) -> list[str] | None:
    """List how an environment differs from an earlier one, both by their hashes; None if either is unknown.

    Their files may also be in one of these commits.
    """
    if before == after:
        return None if before is None else []
    found = read(project, before, commits), read(project, after, commits)
    return None if found[0] is None or found[1] is None else environment.differences(found[0], found[1])


def machines_of(project: Project, run: HasMachines, most: int) -> list[Machine]:
    """Return the first of the machines that the groups of a run ran on, as far as they are recorded."""
    found = (read_machine(project, name) for name in run.machines[:most])
    return [machine for machine in found if machine]


def machine_differences(project: Project, before: HasMachines, after: HasMachines) -> list[str] | None:
    """List how the machine of a run differs from that of an earlier one; None unless each has one that is known."""
    if list(before.machines) == list(after.machines):
        return [] if before.machines else None
    names = [run.machines[0] if len(run.machines) == 1 else None for run in (before, after)]
    found = [read_machine(project, name) for name in names]
    return None if found[0] is None or found[1] is None else machine.differences(found[0], found[1])


def _versions(project: Project, path: str, commits: Sequence[str]) -> Iterator[bytes]:
    """Yield the file as it is in the working tree, in the private folder, in HEAD and in commits, where it is there."""
    with contextlib.suppress(InputInvalid):
        yield below.read(project.root, path, environments.BYTES_MAX)
    if (copy := environments.copy_of(project.location.private, path)) is not None:
        yield copy
    opened = repository.open_repository(project.location)
    for commit in ("HEAD", *commits):
        if (committed := repository.read_at(opened, commit, path)) is not None:
            yield committed
