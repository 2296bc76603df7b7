"""The machines that the groups of runs ran on: this one, and those that the scripts of submitted jobs describe."""

from __future__ import annotations

from pathlib import Path

from qanat.domain import machine
from qanat.domain.machine import Machine
from qanat.errors import WriteFailed
from qanat.records import environments
from qanat.system import folders
from qanat.system.machine import describe
from qanat.usecases.environment.kept import Kept
from qanat.usecases.project import Project


def here() -> Machine:
    """Return this machine."""
    return machine.parse(describe())


def of_group(project: Project, folder: Path) -> str | None:
    """Return the hash of the machine that a job has described in its directory, and record it; None without that."""
    try:
        with folders.opened_file(folder, machine.FILE) as file:
            text = file.read(machine.TEXT_MAX).decode("utf-8", "replace")
    except OSError:
        return None
    found = machine.parse(text)
    if not found.as_mapping():
        return None
    kept = Kept(environments.encode_machine(found))
    try:
        kept.write(project)
    except WriteFailed:
        return None
    return kept.file.hash
