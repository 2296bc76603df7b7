"""Writing a report as a folder, over an earlier one or into an empty folder, and never over anything else."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path

from qanat.errors import InputInvalid, write_failed
from qanat.system import below, files

FIGURES = "figures"
# What figures are called in a report: the run, the group, and a digest of the name.
_IMAGE = re.compile(r"[0-9]+-[0-9a-f]{6}-[0-9]+-[0-9a-f]{12}\.[a-z]+")


def write(target: Path, content: Mapping[str, bytes], index: str) -> None:
    """Write the files of a report, `index` last, and remove the figures of an earlier one that are gone.

    Raises InputInvalid for a folder with anything but a report, WriteFailed.
    """
    is_report = all(below.has_file(target, path) for path in content if "/" not in path)
    if not is_report and not files.is_empty_folder(target) and files.exists(target):
        raise InputInvalid(f"{target} has files that are not of a report", hint="name a new folder")
    try:
        files.make_folder(target)
    except OSError as error:
        raise write_failed(target, error) from None
    for path, data in sorted(content.items(), key=lambda item: item[0] == index):
        below.write(target, path, data)
    for name in below.names(target, FIGURES):
        if _IMAGE.fullmatch(name) and f"{FIGURES}/{name}" not in content:
            below.remove(target, f"{FIGURES}/{name}")
