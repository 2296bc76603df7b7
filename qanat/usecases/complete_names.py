"""Offering names for completion: only from files, without checking them, and nothing outside a project.

Each offer is a name and a short description.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from qanat.errors import ProjectNotFound
from qanat.git import location
from qanat.git.location import Location
from qanat.records import glance
from qanat.records.glance import RunFile
from qanat.records.paths import ProjectPaths

if TYPE_CHECKING:
    from qanat.domain.search import Names
    from qanat.records.index import Index

RUNS_OFFERED = 100

Offer = tuple[str, str]


def definitions(start: Path, kind: str) -> list[Offer]:
    """Offer the experiments or datasets of the project that contains a folder."""
    paths = _paths(start)
    return glance.definitions(paths, kind) if paths else []


def templates(start: Path, runner: str | None) -> list[Offer]:
    """Offer the templates, of one runner if given."""
    paths = _paths(start)
    return glance.templates(paths, runner) if paths else []


def actions(start: Path, experiment: str) -> list[Offer]:
    """Offer the actions of an experiment."""
    paths = _paths(start)
    return glance.actions(paths, experiment) if paths else []


def dependencies(start: Path, document: str) -> list[Offer]:
    """Offer the dependencies of a document."""
    paths = _paths(start)
    return glance.dependencies(paths, document) if paths else []


def runs(start: Path, beginning: str, experiment: str | None) -> list[Offer]:
    """Offer runs by number, newest first; by id if two runs share the number, or an id is being typed.

    Of many, only the newest are offered, together with the alphabetically first and last: a shell fills in what
    all offers begin with, and that must also be true for those left out.
    """
    paths = _paths(start)
    if not paths:
        return []
    files = glance.runs(paths.root, experiment, beginning, RUNS_OFFERED)
    offers = _offers(files, full="-" in beginning)
    found = sorted(offers, key=_number, reverse=True)
    if len(found) > RUNS_OFFERED:
        found = list(dict.fromkeys([*found[:RUNS_OFFERED], min(found), max(found)]))
    return [(name, _about(paths.root, offers[name], named=experiment is not None)) for name in found]


def names_in_conditions(start: Path) -> list[Offer]:
    """Offer what conditions and columns can name: fields, and the parameters and metrics of the newest runs.

    These are as of the last command, since bringing the index up to date could take long. Names that need quotes are
    not offered.
    """
    from qanat.domain.condition import METRIC, PARAMETER, quoted_if_needed
    from qanat.domain.search import FIELDS

    if not _location(start):
        return []
    names = _newest_names(start)
    plain = dict.fromkeys(name.lstrip("-") for name in names.parameters)
    parameters = ((f"{PARAMETER}{name}" if name in FIELDS else name, "parameter") for name in plain)
    metrics = ((f"{METRIC}{name}", "metric") for name in (*names.metrics, *names.statistics()))
    offers = [*parameters, *metrics, *((name, "") for name in FIELDS)]
    return [(name, about) for name, about in offers if quoted_if_needed(name) == name]


def metrics(start: Path) -> list[Offer]:
    """Offer the metrics of the newest runs, as of the last command."""
    return [(name, "") for name in _newest_names(start).metrics] if _location(start) else []


def _newest_names(start: Path) -> Names:
    from qanat.domain import facts
    from qanat.domain.search import Names

    with _index(start) as known:
        texts = [text for _, text in known.facts(newest=RUNS_OFFERED)] if known else []
    return Names.of(group for run in facts.from_texts(texts) for group in run.groups)


def curves(start: Path, run: str) -> list[Offer]:
    """Offer the curves that the record of a run has, by its number or id, as of the last command."""
    number, _, uid = run.partition("-")
    with _index(start) as known:
        found = known.numbered(int(number)) if known and number.isdecimal() else []
        texts = [known.record(row.path) for row in found if uid in ("", row.uid)] if known else []
    groups = [group for text in texts for group in json.loads(text)["groups"]]
    return [(name, "") for name in dict.fromkeys(name for group in groups for name in group.get("curves", {}))]


@contextmanager
def _index(start: Path) -> Iterator[Index | None]:
    """Open the index as the last command left it; None if there is none."""
    from qanat.records import index, index_file

    found = _location(start)
    file = found.private_here / index_file.name() if found else None
    if found and file and file.exists():
        with index.Index(file, found.root) as known:
            yield known
    else:
        yield None


def _offers(files: Iterable[RunFile], *, full: bool) -> dict[str, RunFile]:
    """Map what to offer for each run to its file: its number, or its id if the number is ambiguous."""
    offers: dict[str, RunFile] = {}
    twice: set[str] = set()
    for file in files:
        number = file.name.partition("-")[0]
        if number in offers:
            twice.add(number)
        offers[file.name.removesuffix(".yaml") if full or number in twice else number] = file
    for number in twice:
        file = offers.pop(number)
        offers[file.name.removesuffix(".yaml")] = file
    return offers


def _number(name: str) -> int:
    return int(name.partition("-")[0])


def _about(root: Path, run: RunFile, *, named: bool) -> str:
    description = glance.description(root, run.path)
    return description if named else f"{run.experiment}: {description}" if description else run.experiment


def _paths(start: Path) -> ProjectPaths | None:
    found = _location(start)
    return ProjectPaths(found.root) if found else None


def _location(start: Path) -> Location | None:
    try:
        return location.find(start.resolve())
    except (OSError, ProjectNotFound):
        return None
