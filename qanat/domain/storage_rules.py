"""Where the storage directory of a run must not be, by its path alone."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import PurePath

from qanat.domain.layout import STATE

_PRIVATE = (".git", STATE)


@dataclass(frozen=True, slots=True)
class Grounds:
    """The places that storage directories keep away from; all paths are absolute and without `..`."""

    root: PurePath
    results: PurePath
    home: PurePath


def problem_of(folder: PurePath, grounds: Grounds) -> str:
    """Return what is wrong with a storage directory, as the end of a sentence about it; empty if nothing is.

    Inside the result folder, other rules apply: see is_inside_results().
    """
    if grounds.root.is_relative_to(folder):
        return "contains the project" if folder != grounds.root else "is the project"
    if grounds.home.is_relative_to(folder):
        return "contains your home directory" if folder != grounds.home else "is your home directory"
    if private := next((part for part in folder.parts if part.casefold() in _PRIVATE), ""):
        return f"lies in {private}"
    if grounds.results.is_relative_to(folder):
        return "contains the result folder" if folder != grounds.results else "is the result folder"
    return ""


def conflict(folder: PurePath, other: PurePath) -> str:
    """Return how a storage directory conflicts with another, as the beginning of a sentence; empty if it does not."""
    if folder == other:
        return "is"
    if other.is_relative_to(folder):
        return "contains"
    return "lies in" if folder.is_relative_to(other) else ""
