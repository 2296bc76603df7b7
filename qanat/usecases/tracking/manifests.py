"""Noting what the groups of a run left, once it has ended: a list beside the files, its digest in the record."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

from qanat.domain import checkpoint, outputs
from qanat.domain.layout import group_folder
from qanat.domain.long_work import tracked
from qanat.domain.outputs import OutputFile, Outputs
from qanat.domain.run import Run, State
from qanat.domain.shortening import QUOTED_MAX, shortened
from qanat.errors import QanatError, reason
from qanat.records import storage
from qanat.system import folders
from qanat.usecases.project import Project
from qanat.usecases.results.proof import Proof

# For a run. At 1.5 GB/s, what SHA-256 takes on a processor that has instructions for it, this is a third of a second.
HASHED_BYTES_MAX = 512 * 2**20
UNREADABLE_SHOWN = 3


def with_manifests(project: Project, run: Run, left_by_runner: frozenset[str]) -> tuple[Run, list[str]]:
    """Return an ended run with a manifest of each group that left files and has none yet, and sentences on problems.

    The lists are written beside the files, if qanat made the directory for the run. Each group has its share of what is
    hashed, so that a rerun hashes the same files.
    """
    ended = [g for g in run.groups if g.outputs is None and g.has_run and g.state is not State.LOST]
    if not ended or not Proof(project).is_its_own(run):
        return run, []
    folder = folders.plain(project.storage_of(run))
    places = {group.number: group_folder(folder, group.number, len(run.groups)) for group in ended}
    left, problem = _left_in(places, storage.NO_OUTPUTS | left_by_runner | checkpoint.left_out(run.checkpoint))
    noted, problems = _noted(project, places, _hashed(places, left, HASHED_BYTES_MAX // len(run.groups)))
    changed = {number: replace(run.groups[number], outputs=found) for number, found in noted.items()}
    about = f"the outputs of run {run.number} of {run.experiment} are not all in its record"
    return run.with_groups(changed), [f"{about}: {why}" for why in dict.fromkeys((*problem, *problems))]


def is_as_recorded(place: Path, sizes: Mapping[str, int], recorded: Outputs, groups: int) -> bool:
    """Return whether the files of a group, given by their sizes, are those whose digest its record has.

    `groups` is how many groups the run has. Files are read only if their number and size are as recorded.
    """
    if (len(sizes), sum(sizes.values())) != (recorded.files, recorded.bytes):
        return False
    found = _hashed({0: place}, {0: sizes}, HASHED_BYTES_MAX // groups)
    return outputs.summarise(found.get(0, [])) == recorded


def _left_in(places: Mapping[int, Path], left_out: frozenset[str]) -> tuple[dict[int, dict[str, int]], list[str]]:
    """Return the sizes of the files in the directories of groups, and why those of some groups are missing."""
    from qanat.records import manifest  # only when a run ends

    found: dict[int, dict[str, int]] = {}
    problems: list[str] = []
    count = 0
    for number, place in places.items():
        try:
            left = manifest.left_in(place, left_out, manifest.FILES_MAX - count)
        except manifest.TooManyFiles:
            return found, [*problems, f"there are more than {manifest.FILES_MAX:,} files"]
        except FileNotFoundError:
            continue
        except OSError as error:
            problems.append(f"{place.name} cannot be read: {reason(error)}")
            continue
        problems += [_unreadable(place, folder, why) for folder, why in [*left.unreadable.items()][:UNREADABLE_SHOWN]]
        if left.unreadable:
            continue
        made = storage.made_by_actions(place)
        found[number] = {path: size for path, size in left.sizes.items() if path not in made}
        count += len(left.sizes)
    return found, problems


def _unreadable(place: Path, folder: str, why: str) -> str:
    return f"{place.name}/{shortened(folder, QUOTED_MAX)} cannot be read: {why}"


def _hashed(
    places: Mapping[int, Path], left: Mapping[int, Mapping[str, int]], limit_bytes: int
) -> dict[int, list[OutputFile]]:
    """Hash the files of groups, of each as many as fit into the limit."""
    from qanat.records import manifest

    chosen = {number: manifest.chosen(sizes, limit_bytes) for number, sizes in left.items()}
    every = [(number, path, size) for number, sizes in left.items() for path, size in sizes.items()]
    found: dict[int, list[OutputFile]] = {}
    for number, path, size in tracked(every, "output files hashed"):
        sha256 = manifest.hashed(places[number], path, size) if path in chosen[number] else None
        found.setdefault(number, []).append(OutputFile(path, size, sha256))
    return found


def _noted(
    project: Project, places: Mapping[int, Path], found: Mapping[int, list[OutputFile]]
) -> tuple[dict[int, Outputs], list[str]]:
    """Write the lists; return them in short, and why some could not be written."""
    from qanat.records import manifest

    noted, problems = {}, []
    for number, listed in found.items():
        try:
            noted[number] = manifest.write(places[number], listed, project.sharing)
        except QanatError as error:
            problems.append(error.message)
    return noted, problems
