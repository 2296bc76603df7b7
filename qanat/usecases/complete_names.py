"""Offering names to a person who types: only from files, without checking them, and nothing where there is no project.

Each offer is a word and a few words about it.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from qanat.errors import ProjectNotFound
from qanat.git import location
from qanat.records import glance
from qanat.records.glance import RunFile
from qanat.records.paths import ProjectPaths

RUNS_OFFERED = 100

Offer = tuple[str, str]


def definitions(start: Path, kind: str) -> list[Offer]:
    """Offer the experiments or datasets of the project that a folder lies in."""
    paths = _paths(start)
    return glance.definitions(paths, kind) if paths else []


def templates(start: Path, runner: str | None) -> list[Offer]:
    """Offer the templates, of one runner if one is named."""
    paths = _paths(start)
    return glance.templates(paths, runner) if paths else []


def actions(start: Path, experiment: str) -> list[Offer]:
    """Offer the actions of an experiment."""
    paths = _paths(start)
    return glance.actions(paths, experiment) if paths else []


def runs(start: Path, beginning: str, experiment: str | None) -> list[Offer]:
    """Offer runs by number, the newest first; by id where a number is two runs', or where one is being typed.

    Of many only the newest are offered, and those that come first and last in the order of the alphabet: a
    shell fills in what all offers begin with, and that must be so for those that are left out too.
    """
    paths = _paths(start)
    if not paths:
        return []
    files = glance.runs(paths.root, experiment, beginning)
    words = _words(files, full="-" in beginning)
    found = sorted(words, key=_number, reverse=True)
    if len(found) > RUNS_OFFERED:
        found = list(dict.fromkeys([*found[:RUNS_OFFERED], min(found), max(found)]))
    return [(word, _about(words[word], named=experiment is not None)) for word in found]


def _words(files: Iterable[RunFile], *, full: bool) -> dict[str, RunFile]:
    """Give the word for each run: its number, or its id when its number is not enough."""
    words: dict[str, RunFile] = {}
    twice: set[str] = set()
    for file in files:
        number = file.name.partition("-")[0]
        if number in words:
            twice.add(number)
        words[file.name.removesuffix(".yaml") if full or number in twice else number] = file
    for number in twice:
        file = words.pop(number)
        words[file.name.removesuffix(".yaml")] = file
    return words


def _number(word: str) -> int:
    return int(word.partition("-")[0])


def _about(run: RunFile, *, named: bool) -> str:
    said = glance.description(run.path)
    return said if named else f"{run.experiment}: {said}" if said else run.experiment


def _paths(start: Path) -> ProjectPaths | None:
    try:
        found = location.find(start.resolve())
    except (OSError, ProjectNotFound):
        return None
    return ProjectPaths(found.root) if found else None
