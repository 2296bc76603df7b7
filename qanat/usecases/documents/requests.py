"""What a dependency of a document asks a launch for."""

from __future__ import annotations

import os
from pathlib import Path

from qanat.domain.container import ContainerRequest
from qanat.domain.document import Dependency, Document, as_texts
from qanat.domain.parameter_file import grid_from_file
from qanat.domain.parameters import Grid
from qanat.usecases.launch.code import Uncommitted
from qanat.usecases.launch.options import LaunchOptions
from qanat.usecases.launch.plan import Needed, RunRequest
from qanat.usecases.project import Project

_UNTOUCHED = Uncommitted()


def request_of(
    project: Project,
    document: Document,
    dependency: Dependency,
    needed: Needed | None,
    uncommitted: Uncommitted = _UNTOUCHED,
) -> RunRequest:
    """Return the request for what is needed of a dependency, or for all of it if `needed` is None.

    Raises InputInvalid for parameters that make no sense.
    """
    file, grid = _parameters(project, document, dependency)
    gpu = bool(dependency.options.get("gpu"))
    container = ContainerRequest(dependency.container or "", gpu=gpu) if dependency.container or gpu else None
    return RunRequest(
        dependency.experiment,
        param_file=file,
        grid=grid,
        many=True,
        revision=dependency.revision,
        uncommitted=_UNTOUCHED if dependency.revision else uncommitted,
        needed=needed,
        container=container,
    )


def options_of(dependency: Dependency, *, allow_secrets: bool = False) -> LaunchOptions:
    """Return how what is missing of a dependency is started."""
    more = {key: value for key, value in dependency.options.items() if key != "gpu"}
    return LaunchOptions(dependency.runner, dependency.template, allow_secrets=allow_secrets, **more)


def _parameters(project: Project, document: Document, dependency: Dependency) -> tuple[Path | None, Grid | None]:
    """Return the file that the parameters are in, and what they are if that is the definition of the document."""
    if dependency.parameters is None:
        return None, None
    if isinstance(dependency.parameters, str):
        return _from_here(project.root / dependency.parameters), None
    path = project.paths.definition("document", document.name)
    where = f"{project.paths.relative(path)}: dependency {dependency.name}"
    return _from_here(path), grid_from_file(as_texts(dependency.parameters), where)


def _from_here(path: Path) -> Path:
    return Path(os.path.relpath(path))
