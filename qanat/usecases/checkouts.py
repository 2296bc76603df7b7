"""Checkouts of commits for runs that must not see the work tree: shared while untouched, never leaking files."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from qanat.domain.experiment import CHECKOUT
from qanat.domain.run import Run
from qanat.git import checkout, lock
from qanat.records import storage
from qanat.usecases.project import Project

_SHORT = 12


@dataclass(frozen=True, slots=True)
class Workplace:
    """Where a run works: `folder` is the program's working directory, `datasets` map names to absolute paths."""

    folder: Path
    datasets: dict[str, Path]


@dataclass(frozen=True, slots=True)
class CachedCheckout:
    """A checkout in the cache: its folder, its bytes, and whether a run that is going on works in it."""

    folder: Path
    bytes: int
    in_use: bool


def in_project(project: Project, datasets: dict[str, str]) -> Workplace:
    """Give the project itself as the place to work."""
    return Workplace(project.root, {name: project.root / path for name, path in datasets.items()})


def in_checkout(project: Project, commit: str, datasets: dict[str, str], live: list[Run]) -> Workplace:
    """Give an untouched checkout of a commit; a touched one that nobody works in is made anew.

    Data that the commit has are read from the checkout, all others from the project. `live` are the
    runs going on. Raises GitRefused when git cannot check the commit out.
    """
    with lock.held(project.location, "checkouts.lock"):
        folder = _untouched(project, commit, live)
    paths = {}
    for name, path in datasets.items():
        inside = not Path(path).is_absolute() and checkout.tracked_at(project.location, commit, path)
        paths[name] = (folder if inside else project.root) / path
    return Workplace(folder, paths)


def _untouched(project: Project, commit: str, live: list[Run]) -> Path:
    base = _folder(project) / commit[:_SHORT]
    busy = _busy(project, live)
    for folder in (base, *(base.with_name(f"{base.name}-{n}") for n in range(2, 1000))):
        if not folder.is_dir():
            break
        if checkout.is_untouched(folder):
            return folder
        if folder not in busy:
            checkout.remove(project.location, folder)
            break
    checkout.make(project.location, commit, folder)
    return folder


def cached(project: Project, live: list[Run]) -> list[CachedCheckout]:
    """List the checkouts in the cache."""
    busy = _busy(project, live)
    folders = sorted(f for f in _folder(project).glob("*") if f.is_dir()) if _folder(project).is_dir() else []
    return [CachedCheckout(f, storage.size_of(f), f in busy) for f in folders]


def clean(project: Project, live: list[Run]) -> list[CachedCheckout]:
    """Remove the checkouts that no run works in; list what was removed."""
    with lock.held(project.location, "checkouts.lock"):
        unused = [c for c in cached(project, live) if not c.in_use]
        for item in unused:
            checkout.remove(project.location, item.folder)
    return unused


def _busy(project: Project, live: list[Run]) -> set[Path]:
    return {project.root / str(run.submission.get("checkout")) for run in live if run.code.workdir == CHECKOUT}


def _folder(project: Project) -> Path:
    return project.paths.state / "cache" / "checkouts"
