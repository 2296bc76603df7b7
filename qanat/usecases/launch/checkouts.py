"""Checkouts of commits for runs that must not see the working tree: shared while untouched, never leaking files."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from qanat.domain.data_paths import is_in_project, located
from qanat.domain.layout import CACHE, CHECKOUTS
from qanat.domain.run import Run
from qanat.errors import GitRefused, NotRemoved, WriteFailed, write_failed
from qanat.git import checkout, lock, repository, tracked
from qanat.records import storage
from qanat.records.made import Made, Notes
from qanat.system import below, folders
from qanat.usecases.launch import inputs as run_inputs
from qanat.usecases.launch.workplace import Workplace
from qanat.usecases.project import Project

_SHORT = 12
_NAME = re.compile(r"[0-9a-f]{12}(-[0-9]{1,3})?")


@dataclass(frozen=True, slots=True)
class CachedCheckout:
    """A checkout in the cache: its folder, its size in bytes, and whether an active run works in it."""

    folder: Path
    bytes: int
    in_use: bool


@contextmanager
def in_checkout(
    project: Project,
    commit: str,
    datasets: Mapping[str, str],
    groups: Sequence[Sequence[str]],
    live: Sequence[Run],
    instead: Mapping[str, Path] | None = None,
    awaited: Sequence[str] = (),
) -> Iterator[Workplace]:
    """Yield an untouched checkout of a commit, which is not removed until the block ends.

    A checkout that was touched and is not in use is replaced.

    Data that the commit tracks are read from the checkout, all others from the project. Anything else that the
    groups' arguments name in the project is linked into the checkout, or replaced by a link to the file in
    `instead`. `live` are the active runs, `awaited` directories in which files may yet
    appear. Raises GitRefused if git cannot check out the commit.
    """
    with ExitStack() as claim:
        with lock.file_held(project.location, project.location.private / "checkouts.lock"):
            folder = _untouched(project, commit, live)
            claim.enter_context(lock.claimed(project.location, _claim(project, folder)))
            linked = run_inputs.link(project, folder, groups, instead or {}, awaited)
        yield Workplace(folder, _datasets(project, folder, commit, datasets), tuple(linked))


def planned(project: Project, commit: str, datasets: Mapping[str, str]) -> Workplace:
    """Return the checkout that in_checkout() yields if it is untouched; creates nothing."""
    folder = next(iter(_same_code(project, commit)), _folder(project) / commit[:_SHORT])
    return Workplace(folder, _datasets(project, folder, commit, datasets))


def _datasets(project: Project, folder: Path, commit: str, datasets: Mapping[str, str]) -> dict[str, str]:
    paths = {}
    for name, path in datasets.items():
        inside = is_in_project(path) and checkout.is_tracked(project.location, commit, path)
        paths[name] = located(folder if inside else project.root, path)
    return paths


def _untouched(project: Project, commit: str, live: Sequence[Run]) -> Path:
    """Return an untouched checkout, creating it if there is none; remove touched ones of the same code."""
    busy = _busy(project, live)
    for folder, of in _same_code(project, commit).items():
        if of and checkout.is_untouched(folder, of):
            return folder
        if folder not in busy and not lock.is_claimed(_claim(project, folder)):
            with suppress(NotRemoved):
                _remove(project, folder)
    base = _folder(project) / commit[:_SHORT]
    names = (base, *(base.with_name(f"{base.name}-{n}") for n in range(2, 1000)))
    folder = next(name for name in names if not os.path.lexists(name))
    _create(project, commit, folder)
    return folder


def _create(project: Project, commit: str, folder: Path) -> None:
    """Check out a commit into a new folder. Raises GitRefused or WriteFailed, and then leaves no folder."""
    try:
        created = folders.create(folder, project.sharing)
    except OSError as error:
        raise write_failed(folder, error) from None
    _notes(project).write(_key(folder), Made(folder, created.folder))
    try:
        checkout.create(project.location, commit, folder)
    except GitRefused:
        with suppress(NotRemoved):
            _remove(project, folder)
        raise


def _remove(project: Project, folder: Path) -> None:
    """Remove a checkout. Raises NotRemoved."""
    from qanat.system import removal  # only for a checkout that goes
    from qanat.usecases.results import remove

    if (found := folders.identify(folder)) and (why := removal.obstacle(folder)):
        raise NotRemoved(f"{folder} was not removed: {why}", hint="move or remove that first")
    if found:
        remove.remove_folder(project, folder, found)
    if not os.path.lexists(folder):
        checkout.forget(project.location, folder)
    _notes(project).forget(_key(folder))


def _same_code(project: Project, commit: str) -> dict[Path, str | None]:
    """List the checkouts of this commit, then those of others with the same code; None: it is on another commit.

    Committing a record creates a new commit, which needs no checkout of its own.
    """
    found = {folder: _commit_of(folder) for folder in _folders(project)}
    own = {folder: of for folder, of in found.items() if folder.name.startswith(commit[:_SHORT])}
    others = {folder: of for folder, of in found.items() if of and folder not in own}
    if not others:
        return own
    opened = repository.open_repository(project.location)
    code = {of: repository.commit_and_code(opened, of) for of in {commit, *others.values()}}
    wanted = code[commit]
    return own | {f: of for f, of in others.items() if wanted and (known := code[of]) and known[1] == wanted[1]}


def _commit_of(folder: Path) -> str | None:
    """Return the commit of which a checkout was created; None if it is no longer on it."""
    commit = checkout.commit_of(folder)
    return commit if commit and folder.name.partition("-")[0] == commit[:_SHORT] else None


def _folders(project: Project) -> list[Path]:
    """List the checkouts that this user's qanat made; others may have come with a clone."""
    try:
        return sorted(entry for entry in _folder(project).iterdir() if _is_ours(project, entry))
    except OSError:
        return []


def _is_ours(project: Project, folder: Path) -> bool:
    """Return whether qanat made a checkout; an earlier version left no note, but git knows it as a working tree."""
    found = folders.identify(folder)
    if found is None or not found.is_ours:
        return False
    if made := _notes(project).read(_key(folder)):
        return made.path == folder and made.is_this(found)
    return bool(_NAME.fullmatch(folder.name)) and checkout.is_registered(project.location, folder)


def _notes(project: Project) -> Notes:
    return Notes(project.location.private_here, project.sharing)


def _key(folder: Path) -> str:
    return f"checkout-{folder.name}"


def cached(project: Project, live: Sequence[Run]) -> list[CachedCheckout]:
    """List the checkouts in the cache."""
    busy = _busy(project, live)
    folders = _folders(project)
    return [CachedCheckout(f, storage.size_of(f), f in busy or lock.is_claimed(_claim(project, f))) for f in folders]


def clean(project: Project, live: Sequence[Run]) -> list[CachedCheckout]:
    """Remove the checkouts that no run works in; list them. Raises NotRemoved for one that cannot be removed whole."""
    from qanat.usecases.results.remove import finish_removals, forget_what_is_gone

    finish_removals(project)
    forget_what_is_gone(project)
    _remove_old_index(project)
    with lock.file_held(project.location, project.location.private / "checkouts.lock"):
        unused = [c for c in cached(project, live) if not c.in_use]
        for item in unused:
            _remove(project, item.folder)
            _claim(project, item.folder).unlink(missing_ok=True)
    return unused


def _remove_old_index(project: Project) -> None:
    """Remove the index that an earlier version kept in the cache, unless it came with a clone."""
    found = [f"{CACHE}/{name}" for name in below.names(project.root, CACHE) if name.startswith("index.sqlite")]
    if found and not tracked.files_in(project.location, [project.root / CACHE]):
        for path in found:
            with suppress(WriteFailed):
                below.remove(project.root, path)


def _busy(project: Project, live: Sequence[Run]) -> set[Path]:
    """List the checkouts in which runs work; a run that began in the project may have been retried in a checkout."""
    return {project.root / place for run in live if (place := run.submission.checkout)}


def _claim(project: Project, folder: Path) -> Path:
    """Return the lock file held while a run is being started in a checkout, before a record names the run."""
    return project.location.private_here / "checkouts" / f"{folder.name}.lock"


def _folder(project: Project) -> Path:
    return project.root / CHECKOUTS
