"""Writing a report as a folder, over an earlier one or into an empty folder, and never over anything else."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from qanat.domain.sizes import size
from qanat.errors import InputInvalid, write_failed
from qanat.system import below, files
from qanat.usecases.report.figures import Figures

FIGURES = "figures"
BYTES_MAX, DRAWINGS_MAX = 1000**3, 20 * 1000**2
# What figures are called in a report: the run, the group, and a digest of the name.
_IMAGE = re.compile(r"[0-9]+-[0-9a-f]{6}-[0-9]+-[0-9a-f]{12}\.[a-z]+")


@dataclass(frozen=True, slots=True)
class Chosen:
    """The figures of a folder: those that are files of their own, and drawings, which are among the data."""

    pictures: list[str]
    drawings: list[str]


def chosen(content: dict[str, Any], figures: Figures) -> Chosen:
    """Choose the figures that there is room for, and note in the content how many there are besides."""
    found = Chosen(figures.fitting(BYTES_MAX, drawings=False), figures.fitting(DRAWINGS_MAX, drawings=True))
    if missing := figures.count - len(found.pictures) - len(found.drawings):
        limits = f"images have at most {size(BYTES_MAX)}, and SVG {size(DRAWINGS_MAX)}"
        figures_are = "figure is" if missing == 1 else "figures are"
        content["notes"] = [f"{missing:,} {figures_are} not in this folder: {limits}", *content["notes"]]
    return found


def write(target: Path, texts: Mapping[str, bytes], pictures: Iterable[tuple[str, bytes]], index: str) -> int:
    """Write the files of a report, `index` last, without the figures of an earlier one; return their size in bytes.

    Raises InputInvalid for a folder with anything but a report, WriteFailed.
    """
    is_report = all(below.has_file(target, path) for path in texts)
    if not is_report and not files.is_empty_folder(target) and files.exists(target):
        raise InputInvalid(f"{target} has files that are not of a report", hint="name a new folder")
    try:
        files.make_folder(target)
    except OSError as error:
        raise write_failed(target, error) from None
    sizes = {}
    for image, data in pictures:
        below.write(target, f"{FIGURES}/{image}", data)
        sizes[image] = len(data)
    for path, data in sorted(texts.items(), key=lambda item: item[0] == index):
        below.write(target, path, data)
    for name in below.names(target, FIGURES):
        if _IMAGE.fullmatch(name) and name not in sizes:
            below.remove(target, f"{FIGURES}/{name}")
    return sum(sizes.values()) + sum(map(len, texts.values()))
