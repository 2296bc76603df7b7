"""Starting points from somebody else's folder or git repository, also templates of copier.

Nothing of them is run without trust: files are fetched without a checkout, and rendered in a process that is limited.
"""

from __future__ import annotations

import os
import stat
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

from qanat.domain.pack import anonymous
from qanat.domain.shortening import quoted
from qanat.domain.starting_point import BYTES_MAX, FILE_BYTES_MAX, StartingPoint, is_of_qanat, path_problem, problems
from qanat.errors import InputInvalid, PackageMissing, UsageError
from qanat.git.fetched import fetched
from qanat.system import below, rendering
from qanat.system.rendering import Rendering
from qanat.usecases import packages
from qanat.usecases.definitions import shared_source
from qanat.usecases.definitions.starting_points import from_folder, listed

_QUESTIONS = ("copier.yml", "copier.yaml")


@dataclass(frozen=True, slots=True)
class Source:
    """Where a starting point is: an address or a folder, a revision of it, and a folder in it.

    `defaults` answers its questions by their defaults, apart from `answers`; `trust` lets it run programs. `project` is
    the folder of the new project.
    """

    address: str
    ref: str | None
    inside: str
    answers: Mapping[str, str]
    defaults: bool
    trust: bool
    project: Path


def read(source: Source) -> StartingPoint:
    """Return the files of a starting point, rendered if it is a template of copier.

    Raises UsageError for an address, a revision, a folder or answers that cannot be, GitRefused if git cannot fetch it,
    InputInvalid for what is wrong with it, PackageMissing without copier.
    """
    with _copied(source) as (folder, address, commit, left_out):
        at = f"{anonymous(address)}{f' at {commit}' if commit else ''}"
        origin = f"{source.inside} of {at}" if source.inside else at
        if not any((folder / name).is_file() for name in _QUESTIONS):
            if source.answers:
                raise UsageError(f"{source.address} asks nothing", hint="leave out --answer")
            return replace(from_folder(folder, origin), left_out=left_out)
        with tempfile.TemporaryDirectory(prefix="qanat-") as name:
            # Templates like to use the name of the project's folder.
            target = Path(name, source.project.name or "project")
            # copier updates from whole repositories only.
            known = "" if source.inside else address
            wanted = Rendering(
                folder, target, source.answers, source.defaults, source.trust, known, commit if known else ""
            )
            try:
                rendering.render(wanted, bytes_max=BYTES_MAX)
            except PackageMissing:
                raise packages.missing("a template with copier.yml needs", "copier", extra="templates") from None
            return replace(from_folder(target, origin), left_out=left_out)


@contextmanager
def _copied(source: Source) -> Iterator[tuple[Path, str, str, int]]:
    """Yield a private copy of the files, their address, their commit if they have one, and how many are left out."""
    if not source.address:
        raise UsageError("--from is empty", hint="give the address of a git repository, or a folder")
    if source.inside and path_problem(source.inside):
        raise UsageError(f"--template {quoted(source.inside)} is not a folder in {source.address}")
    address, is_repository = shared_source.find(source.address, source.ref)
    with tempfile.TemporaryDirectory(prefix="qanat-") as name:
        copy, commit = Path(name, "template"), ""
        copy.mkdir()
        if is_repository:
            commit, left_out = _fetch(address, source, copy)
        else:
            left_out = _copy(Path(address), source, copy)
        yield copy, address, commit, left_out


def _fetch(address: str, source: Source, copy: Path) -> tuple[str, int]:
    """Write the files of a commit, and return its id and how many of them are left out."""
    with fetched(address, source.ref) as there:
        before = f"{source.inside}/" if source.inside else ""
        found = there.entries().items()
        every = {path.removeprefix(before): entry for path, entry in found if path.startswith(before)}
        entries = {path: entry for path, entry in every.items() if not is_of_qanat(path)}
        _check({path: entry.size for path, entry in entries.items()}, source)
        for path, entry in entries.items():
            if not entry.is_link:
                _write(copy / path, there.read(f"{before}{path}"), is_program=entry.is_program)
        links = [path for path, entry in entries.items() if entry.is_link]
        _add_links(copy, {path: there.read(f"{before}{path}") for path in links})
        return there.commit, len(every) - len(entries)


def _copy(there: Path, source: Source, copy: Path) -> int:
    """Write the files of a folder that is not a repository; return how many are left out."""
    folder = there / source.inside
    if Path(os.path.realpath(source.project)).is_relative_to(os.path.realpath(there)):
        raise UsageError(
            f"{source.project} is in {source.address}, and cannot be made of it", hint="use another folder"
        )
    every = listed(folder)
    entries = {path: found for path, found in every.items() if not is_of_qanat(path)}
    _check({path: found.st_size for path, found in entries.items()}, source)
    links = [path for path, found in entries.items() if stat.S_ISLNK(found.st_mode)]
    for path, found in entries.items():
        if path not in links:
            data = below.read(folder, path, FILE_BYTES_MAX)
            _write(copy / path, data, is_program=bool(found.st_mode & stat.S_IXUSR))
    _add_links(copy, {path: os.fsencode((folder / path).readlink()) for path in links})
    return len(every) - len(entries)


def _check(sizes: Mapping[str, int], source: Source) -> None:
    where = f"{source.inside} in {source.address}" if source.inside else source.address
    if not sizes:
        what = "has no files" if not source.inside else "does not exist"
        raise UsageError(f"{where} {what}", hint="--template names a folder in what --from names")
    if problem := next(problems(sizes), ""):
        raise InputInvalid(f"{where}: {problem}", hint="its author has to correct that")


def _write(place: Path, data: bytes, *, is_program: bool) -> None:
    place.parent.mkdir(parents=True, exist_ok=True)
    place.write_bytes(data)
    if is_program:
        place.chmod(0o755)


def _add_links(copy: Path, links: Mapping[str, bytes]) -> None:
    """Create symbolic links, once there is nothing else to write. Raises InputInvalid for one that leads out."""
    for path, target in links.items():
        (copy / path).parent.mkdir(parents=True, exist_ok=True)
        (copy / path).symlink_to(os.fsdecode(target))
    top = os.path.realpath(copy)
    for path in links:
        if not os.path.realpath(copy / path).startswith(f"{top}/"):
            raise InputInvalid(f"{path} is a symbolic link that leads out of the template", hint="remove it there")
