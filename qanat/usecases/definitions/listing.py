"""Listing definitions: what can be read is listed, and a sentence says what cannot."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

from qanat.domain.names import name_problem
from qanat.domain.visible import escaped
from qanat.errors import InputInvalid, NotFound
from qanat.system import below
from qanat.usecases.project import Project

NAMED = 3
T = TypeVar("T")
U = TypeVar("U")


@dataclass(frozen=True, slots=True)
class Listed:
    """The definitions of a kind, as they are stored, and sentences on what was left out."""

    contents: list[dict[str, Any]]
    notes: list[str] = field(default_factory=list)


def listed(project: Project, kind: str) -> Listed:
    """List the experiments, datasets or documents of a project by their names."""
    contents, broken = each(project.names(kind), lambda name: project.definition(kind, name))
    odd = odd_names(project, project.paths.folder(kind))
    return Listed(contents, [*broken, *in_short(odd)])


def each(names: Iterable[T], read: Callable[[T], U]) -> tuple[list[U], list[str]]:
    """Return what each name stands for, and a sentence for each that cannot be read."""
    contents, broken = [], []
    for name in names:
        try:
            contents.append(read(name))
        except NotFound:
            continue  # deleted meanwhile
        except InputInvalid as error:
            broken.append(error.message)
    return contents, broken


def odd_names(project: Project, folder: Path) -> list[str]:
    """List what is in a folder of definitions but is none: another name, a link, a folder in place of a file, …"""
    place = project.paths.relative(folder)
    entries = [entry for entry in below.entries(project.root, place) if not entry.name.startswith(".")]
    return sorted(
        f"{place}/{entry.name}"
        for entry in entries
        if not (entry.is_file and entry.name.endswith(".yaml") and not name_problem(entry.name.removesuffix(".yaml")))
    )


def in_short(odd: list[str]) -> list[str]:
    """Return one sentence on all of these; none if there are none."""
    if not odd:
        return []
    more = f" and {len(odd) - NAMED:,} more" if len(odd) > NAMED else ""
    names = ", ".join(escaped(path) for path in odd[:NAMED])
    verb = "is not a file that qanat can list" if len(odd) == 1 else "are not files that qanat can list"
    return [f"{names}{more} {verb}"]
