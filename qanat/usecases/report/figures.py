"""The figures of a report: images of the newest groups, which programs wrote, and which may be anything.

They are found where qanat made the directory of a run, through no symbolic link, and within limits for all of them
together. A figure has the beginning of the kind of image that its name says; nothing else is known of it.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from qanat.domain import figures as images
from qanat.domain.layout import group_folder
from qanat.domain.path_patterns import PathPatterns, path_patterns
from qanat.domain.run import Run
from qanat.domain.shortening import shortened
from qanat.domain.sizes import size
from qanat.errors import NotFound
from qanat.records import storage
from qanat.system import folders
from qanat.system.walking import Entries, walk
from qanat.usecases.project import Project
from qanat.usecases.results.proof import Proof
from qanat.usecases.runs.files import by_numbers

GROUPS_MAX = 200
EACH_GROUP_MAX = 20
BYTES_MAX = 10 * 1000**2
# Of folders, in which figures are looked for.
ENTRIES_MAX = 100_000
NAME_MAX = 200
# Of the files that are left out.
NAMED_MAX = 3
DIGITS = 12


@dataclass(frozen=True, slots=True)
class Source:
    """Where a figure is: its path in the directory of a group, what kind of image it is, and its size."""

    folder: Path
    path: str
    suffix: str
    bytes: int

    @property
    def is_drawing(self) -> bool:
        """Whether it is SVG, which is a document, with scripts, where it is not shown as an image."""
        return self.suffix == images.DRAWING


@dataclass(slots=True)
class LeftOut:
    """Which figures are left out, or how many, and why; `elsewhere` are runs whose directory may be anybody's."""

    too_many: int = 0
    too_large: list[str] = field(default_factory=list)
    no_images: list[str] = field(default_factory=list)
    groups: int = 0
    elsewhere: list[str] = field(default_factory=list)

    def notes(self) -> Iterator[str]:
        """Yield a sentence for each reason."""
        if self.too_many:
            yield f"{_counted(self.too_many)} left out: the page has the first {EACH_GROUP_MAX} of a group"
        if self.too_large:
            yield f"{_counted(len(self.too_large))} left out: larger than {size(BYTES_MAX)} ({_few(self.too_large)})"
        if self.no_images:
            counted = _counted(len(self.no_images))
            yield f"{counted} left out: not the kind of image that the name says ({_few(self.no_images)})"
        if self.groups:
            groups = "group is" if self.groups == 1 else "groups are"
            yield f"{self.groups:,} older {groups} here without figures; choose fewer runs"
        if self.elsewhere:
            more = f" and {len(self.elsewhere) - 1:,} more" if len(self.elsewhere) > 1 else ""
            yield f"no figures of {self.elsewhere[0]}{more}: nothing shows that qanat made its directory"


class Figures:
    """Finds the figures of runs, reads them, and counts those that are left out."""

    def __init__(self, project: Project, times: int = 1) -> None:
        """Begin, with limits that are `times` as large as usual."""
        self._proof = Proof(project)
        self._left_groups = times * GROUPS_MAX
        self._entries = Entries(ENTRIES_MAX)
        self._left_out = LeftOut()
        self._sources: dict[str, Source] = {}

    @property
    def count(self) -> int:
        """How many figures there are."""
        return len(self._sources)

    @property
    def total_bytes(self) -> int:
        """The size of all figures."""
        return sum(source.bytes for source in self._sources.values())

    def of(self, run: Run, groups: int, patterns: Sequence[str]) -> dict[int, list[dict[str, Any]]]:
        """Return the figures of the first groups of a run, by the numbers of the groups.

        Each has its name, its size, when it was written, and its `image`, by which read() knows it.
        """
        wanted = path_patterns(patterns)
        real = self._storage_of(run) if wanted else None
        if real is None:
            return {}
        folders_of = {number: group_folder(real, number, len(run.groups)) for number in range(groups)}
        whose = {number: f"run {run.number}" + (f".{number}" if len(run.groups) > 1 else "") for number in folders_of}
        found = {n: self._of_group(f"{run.id}-{n}", whose[n], own, wanted) for n, own in folders_of.items()}
        return {number: figures for number, figures in found.items() if figures}

    def read(self, image: str) -> tuple[str, bytes]:
        """Return the media type and the content of a figure as it is now. Raises NotFound if it no longer exists."""
        source = self._sources.get(image)
        if source:
            with suppress(OSError), folders.opened_file(source.folder, source.path) as file:
                data = file.read(BYTES_MAX + 1)
                if len(data) <= BYTES_MAX and images.is_image(source.suffix, data[: images.HEAD_BYTES]):
                    return images.TYPES[source.suffix], data
        raise NotFound(f"there is no figure {image}")

    def fitting(self, limit_bytes: int, *, drawings: bool | None = None) -> list[str]:
        """List images of the newest runs first, each that still fits; if that is said, only drawings, or none."""
        chosen = []
        for image, source in self._sources.items():
            if source.bytes <= limit_bytes and drawings in (None, source.is_drawing):
                chosen.append(image)
                limit_bytes -= source.bytes
        return chosen

    def contents(self, chosen: Iterable[str]) -> Iterator[tuple[str, bytes]]:
        """Yield images with their contents, without those that no longer exist."""
        for image in chosen:
            with suppress(NotFound):
                yield image, self.read(image)[1]

    def notes(self) -> list[str]:
        """List which figures are left out, and why."""
        limit = f"figures were looked for in {ENTRIES_MAX:,} files and folders, and not in the others"
        return [*self._left_out.notes(), *([limit] if self._entries.are_left_out else [])]

    def _storage_of(self, run: Run) -> Path | None:
        """Return the directory of a run, without links; None if it does not exist, or may be anybody's."""
        folder, is_elsewhere = self._proof.readable(run)
        if is_elsewhere:
            self._left_out.elsewhere.append(f"run {run.number}")
        return folder

    def _of_group(self, group: str, who: str, folder: Path, wanted: PathPatterns) -> list[dict[str, Any]]:
        if not self._left_groups:
            self._left_out.groups += 1
            return []
        found = sorted(self._images_in(who, folder, wanted), key=lambda figure: by_numbers(figure[0]))
        self._left_groups -= bool(found)
        self._left_out.too_many += len(found[EACH_GROUP_MAX:])
        return [
            {
                "name": shortened(path, NAME_MAX),
                "bytes": status.st_size,
                "modified": datetime.fromtimestamp(status.st_mtime, UTC).isoformat(timespec="milliseconds"),
                "image": self._noted(group, Source(folder, path, images.suffix_of(path), status.st_size)),
            }
            for path, status in found[:EACH_GROUP_MAX]
        ]

    def _noted(self, group: str, source: Source) -> str:
        """Note where an image is, and return what it is called: a safe name of a file, always the same."""
        digest = hashlib.sha256(os.fsencode(source.path)).hexdigest()
        image = f"{group}-{digest[:DIGITS]}.{source.suffix}"
        self._sources[image] = source
        return image

    def _images_in(self, who: str, folder: Path, wanted: PathPatterns) -> Iterator[tuple[str, os.stat_result]]:
        with suppress(OSError), folders.opened(folder) as descriptor:
            for path, file in walk(descriptor, wanted, self._entries):
                suffix = images.suffix_of(path)
                if not suffix or path.split("/")[0] in storage.GENERATED_FILES:
                    continue
                status = os.fstat(file.fileno())
                if status.st_size > BYTES_MAX:
                    self._left_out.too_large.append(f"{who}: {shortened(path, NAME_MAX)}")
                elif not images.is_image(suffix, file.read(images.HEAD_BYTES)):
                    self._left_out.no_images.append(f"{who}: {shortened(path, NAME_MAX)}")
                else:
                    yield path, status


def _few(files: list[str]) -> str:
    more = f" and {len(files) - NAMED_MAX:,} more" if len(files) > NAMED_MAX else ""
    return ", ".join(sorted(files, key=by_numbers)[:NAMED_MAX]) + more


def _counted(count: int) -> str:
    return f"{count:,} {'figure is' if count == 1 else 'figures are'}"
