"""What the records of runs say of their environments."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator

from qanat.domain import environment
from qanat.domain.environment import Environment
from qanat.errors import InputInvalid
from qanat.git import repository
from qanat.records import environments
from qanat.system import below
from qanat.usecases.project import Project


def read(project: Project, name: str | None) -> Environment | None:
    """Return the environment with this hash; None if it is not recorded, or its file is missing or was edited."""
    if name is None:
        return None
    path = environments.path_of("environment", name)
    for data in _versions(project, path):
        if environments.is_intact(path, data):
            try:
                return environments.decode(data, path)
            except InputInvalid:
                return None
    return None


def differences(project: Project, before: str | None, after: str | None) -> list[str] | None:
    """List how an environment differs from an earlier one, both by their hashes; None if either is unknown."""
    if before == after:
        return None if before is None else []
    found = read(project, before), read(project, after)
    return None if found[0] is None or found[1] is None else environment.differences(found[0], found[1])


def _versions(project: Project, path: str) -> Iterator[bytes]:
    """Yield the file as it is in the working tree, in the private folder and in HEAD, as far as it is there."""
    with contextlib.suppress(InputInvalid):
        yield below.read(project.root, path, environments.BYTES_MAX)
    if (copy := environments.copy_of(project.location.private, path)) is not None:
        yield copy
    if (committed := repository.read_at(repository.open_repository(project.location), "HEAD", path)) is not None:
        yield committed
