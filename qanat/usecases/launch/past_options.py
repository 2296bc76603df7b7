"""The options with which an earlier run was submitted, when a scheduler is to get them again."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

from qanat.domain.config import template_sections
from qanat.domain.run import Run
from qanat.domain.shortening import quoted
from qanat.errors import InputInvalid
from qanat.git import repository
from qanat.records.made import Notes
from qanat.usecases.project import Project, valid_content

# A number, a size or a duration, as `--time-limit` and `--set` change them.
_AMOUNT = re.compile(r"[0-9][0-9.:-]*[A-Za-z]{0,3}\Z")


def check(project: Project, run: Run) -> None:
    """Raise InputInvalid if a run has options that its template lacks, at the run's commit and in the working tree.

    Some options of schedulers start programs, or set variables by which they do. Amounts may differ, and a run that was
    launched here is believed.
    """
    options = {key: value for key, value in run.runner.options.items() if not _AMOUNT.match(str(value))}
    if not options or Notes(project.location.private).read(run.id):
        return
    known = list(_defined(project, run))
    foreign = [key for key, value in options.items() if all(key not in one or one[key] != value for one in known)]
    if foreign:
        raise InputInvalid(
            f"the record of run {run.number} has option {quoted(foreign[0])} of {run.runner.name}, unlike its template",
            hint="to submit it with the options of a template: add --submit-template NAME",
        )


def _defined(project: Project, run: Run) -> Iterator[Mapping[str, Any]]:
    """Yield the options of a run's template, in its file and in the settings, where they can be read."""
    runner, name, commit = run.runner.name, run.runner.template or "", run.code.commit
    for content in _contents(project, commit, "template", project.paths.definition("template", name, runner)):
        yield content["options"]
    for content in _contents(project, commit, "config", project.paths.config):
        yield template_sections(content).get(runner, {}).get(name, {})


def _contents(project: Project, commit: str, kind: str, path: Path) -> Iterator[Mapping[str, Any]]:
    """Yield what a file holds in the working tree and in a commit."""
    with suppress(InputInvalid):
        yield project.load_valid(kind, path)
    opened, source = repository.open_repository(project.location), project.paths.relative(path)
    if (data := repository.read_at(opened, commit, source)) is not None:
        with suppress(InputInvalid), project.index() as index:
            yield valid_content(index, data, kind, f"{source} in {commit[:10]}")
