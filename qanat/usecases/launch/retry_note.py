"""Noting at the submission of a run that it is to be retried by its policy."""

from __future__ import annotations

import os

from qanat.domain.run import Run
from qanat.records import retries, run_codec
from qanat.records.retries import Noted
from qanat.usecases.project import Project

# What says where programs and libraries are: a retry finds them where the launch did, whichever shell it comes from.
VARIABLES = (
    *("PATH", "LD_LIBRARY_PATH", "PYTHONPATH", "PYTHONHOME", "VIRTUAL_ENV", "CONDA_PREFIX", "CONDA_DEFAULT_ENV"),
    *("MODULEPATH", "LOADEDMODULES", "_LMFILES_"),
)


def note(project: Project, run: Run) -> None:
    """Note that a run which is about to be submitted is retried by its policy, or no longer. Raises WriteFailed."""
    private = project.location.private
    if policy := run.runner.retry:
        variables = {name: os.environ.get(name) for name in VARIABLES}
        file, path = retries.file_of(private, run.id), run_codec.path_of(run)
        retries.note(private, run.id, Noted(file, str(project.root), path, policy, variables), project.sharing)
    else:
        retries.forget(private, run.id)
