"""Noting at the submission of a run that it is to be retried by its policy."""

from __future__ import annotations

import hashlib
import json
import os

from qanat.domain.run import Run
from qanat.records import retries, run_codec
from qanat.records.retries import Noted
from qanat.usecases.data.definitions import definition_of
from qanat.usecases.project import Project

# What says where programs and libraries are: a retry finds them where the launch did, whichever shell it comes from.
VARIABLES = (
    *("PATH", "LD_LIBRARY_PATH", "PYTHONPATH", "PYTHONHOME", "VIRTUAL_ENV", "CONDA_PREFIX", "CONDA_DEFAULT_ENV"),
    *("MODULEPATH", "LOADEDMODULES", "_LMFILES_"),
)

_LAUNCHED = (
    *("id", "experiment", "command", "container", "checkpoint", "datasets", "parameters", "runner", "storage"),
    "after",
)


def note(project: Project, run: Run) -> None:
    """Note that a run which is about to be submitted is retried by its policy, or no longer. Raises WriteFailed."""
    private = project.location.private
    if policy := run.policy:
        variables = {name: os.environ.get(name) for name in VARIABLES}
        file, path = retries.file_of(private, run.id), run_codec.path_of(run)
        noted = Noted(file, str(project.root), path, policy, launched(project, run), variables)
        retries.note(private, run.id, noted, project.sharing)
    else:
        retries.forget(private, run.id)


def launched(project: Project, run: Run) -> str:
    """Return a hash of what a record says that jobs run, and of the programs that look at its datasets.

    It stays the same until the run is retried.
    """
    content = run_codec.to_mapping(run)
    what = {key: content.get(key) for key in _LAUNCHED}
    what |= {"code": [run.code.commit, run.code.tree, run.code.workdir], "args": [group.args for group in run.groups]}
    data = [definition_of(project, name, path) for name, path in run.datasets.items()]
    what["data"] = [[one.track, one.command, one.transfer] for one in data]
    facts = run.submission
    what["submission"] = [facts.inputs, facts.max_running, facts.per_job, facts.at_once, facts.time_limit]
    return hashlib.sha256(json.dumps(what, sort_keys=True, default=str).encode()).hexdigest()
